from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import HubError, Malformed, Refused
from hub.proof.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint, verify_checkpoint
from hub.proof.keys import generate_signer
from hub.proof.merkle import EMPTY_ROOT, leaf_hash, node_hash
from hub.proof.note import (
    COSIGNATURE,
    MAX_NOTE_BYTES,
    Cosigner,
    Ed25519Cosigner,
    MlDsaCosigner,
    Note,
    NoteSignature,
    NoteSigner,
    NoteVerifier,
    parse_note,
    verify_note,
)
from hub.proof.policy import LogPolicy, parse_policy, policy_text
from hub.proof.tlogproof import TlogProof, parse_tlog_proof, verify_tlog_proof

ORIGIN = "hub.example/log"
LOG = NoteSigner(ORIGIN, generate_signer())
AUDIT = Ed25519Cosigner("audit.example/w1", generate_signer())
COURT = MlDsaCosigner("court.example/w1", b"s" * 32)
ENTRIES = [b"entry 0", b"entry 1"]
ROOT = node_hash(leaf_hash(ENTRIES[0]), leaf_hash(ENTRIES[1]))
CHECKPOINT = Checkpoint(ORIGIN, 2, ROOT)
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""


def policy(quorum: str = "quorum both") -> LogPolicy:
    lines = [
        "# the county's log",
        f"log {LOG.verifier.vkey}",
        f"witness audit {AUDIT.verifier.vkey} https://audit.example/",
        f"\twitness  court {COURT.verifier.vkey}  ",
        "group both all audit court",
        quorum,
    ]
    return parse_policy("\n".join(lines) + "\n")


def test_the_example_of_the_specification_verifies() -> None:
    verifier = NoteVerifier.from_vkey(EXAMPLE_KEY)
    assert verifier.vkey == EXAMPLE_KEY
    note = parse_note(EXAMPLE)
    assert [each for each, _ in verify_note(note, [verifier])] == [verifier]
    assert str(note) == EXAMPLE


def test_a_changed_text_under_a_known_key_is_refused_and_an_unknown_key_ignored() -> None:
    verifier = NoteVerifier.from_vkey(EXAMPLE_KEY)
    with pytest.raises(Malformed):
        verify_note(parse_note(EXAMPLE.replace("example message", "other message")), [verifier])
    assert verify_note(parse_note(EXAMPLE), [LOG.verifier]) == ()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("\n\n", "\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("— ", "- "),
        lambda text: text.replace("=", ""),
        lambda text: text.replace("message", "mess\tage"),
        lambda text: text + "\n",
        lambda text: text + "— two words AAAAAAAA\n",
        lambda text: text + "— a+b AAAAAAAA\n",
        lambda text: text + "— a AAAA\n",
        lambda text: text + "— a AAAAAAAA\n" * 64,
        lambda _text: "",
        lambda text: text.encode() + b"\xff",
        lambda text: text + "\ud800",
        lambda text: "x" * MAX_NOTE_BYTES + text,
    ],
)
def test_a_note_of_another_form_is_refused(spoil: object) -> None:
    with pytest.raises(Malformed):
        parse_note(spoil(EXAMPLE))  # type: ignore[operator]


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "a",
        "a+b",
        EXAMPLE_KEY.replace("530d903a", "530d903b"),
        EXAMPLE_KEY.replace("+Ae", "+Ce"),
        "a b+530d903a+AekyeQ==",
        EXAMPLE_KEY + "=",
        EXAMPLE_KEY.replace("530d903a", "530D903A"),
    ],
)
def test_a_verifier_key_of_another_form_is_refused(vkey: str) -> None:
    with pytest.raises(Malformed):
        NoteVerifier.from_vkey(vkey)


@pytest.mark.parametrize("cosigner", [AUDIT, COURT])
def test_a_cosignature_binds_text_and_time(cosigner: Cosigner) -> None:
    signature = cosigner.cosign(CHECKPOINT.text(), 1_700_000_000)
    verifier = NoteVerifier.from_vkey(cosigner.verifier.vkey)
    assert signature.timestamp == 1_700_000_000
    verifier.verify(CHECKPOINT.text(), signature)
    other = Checkpoint(ORIGIN, 3, ROOT).text()
    later = type(signature)(signature.name, signature.key_id, b"\0" * 7 + b"\1" + signature.signature[8:])
    for text, claimed in ((other, signature), (CHECKPOINT.text(), later)):
        with pytest.raises(Malformed):
            verifier.verify(text, claimed)


def test_a_plain_signature_is_no_cosignature() -> None:
    signer = generate_signer()
    plain = NoteSigner("one.example", signer).sign(CHECKPOINT.text())
    as_cosigner = NoteVerifier.of("one.example", signer.public, COSIGNATURE)
    assert not as_cosigner.is_signer_of(plain)
    with pytest.raises(Malformed):
        as_cosigner.verify(CHECKPOINT.text(), plain)


def test_a_checkpoint_verifies_under_its_origin_only() -> None:
    note = sign_checkpoint(CHECKPOINT, LOG)
    assert verify_checkpoint(str(note), [LOG.verifier]) == CHECKPOINT
    foreign = sign_checkpoint(Checkpoint("other.example/log", 2, ROOT), LOG)
    for text, keys in ((str(foreign), [LOG.verifier]), (str(note), [AUDIT.verifier]), (str(note), [])):
        with pytest.raises(Malformed):
            verify_checkpoint(text, keys)


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n2\n",
        f"{ORIGIN}\n02\n{'A' * 43}=\n",
        f"{ORIGIN}\n-1\n{'A' * 43}=\n",
        f"{ORIGIN}\n2\nAAAA\n",
        f"{ORIGIN}\n0\n{'A' * 43}=\n",
        f"\n2\n{'A' * 43}=\n",
        f"{ORIGIN}\n2\n{'A' * 43}=\n\n",
        f"{ORIGIN}\n{'9' * 20}\n{'A' * 43}=\n",
    ],
)
def test_a_checkpoint_of_another_form_is_refused(text: str) -> None:
    signed = f"{text}\n{LOG.sign(text).line()}"
    with pytest.raises(Malformed):
        parse_checkpoint(signed)


def test_an_empty_tree_has_the_empty_root() -> None:
    note = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), LOG)
    assert verify_checkpoint(str(note), [LOG.verifier]).size == 0


def receipt(*cosigners: Cosigner, extra: bytes | None = None) -> str:
    note = sign_checkpoint(CHECKPOINT, LOG)
    note = note.with_signatures(each.cosign(note.text, 1_700_000_000) for each in cosigners)
    return str(TlogProof(1, (leaf_hash(ENTRIES[0]),), note, extra))


def test_a_receipt_verifies_for_its_entry_with_the_quorum() -> None:
    proof = verify_tlog_proof(receipt(AUDIT, COURT, extra=b"x"), entry=ENTRIES[1], policy=policy())
    assert (proof.index, proof.extra, proof.checkpoint) == (1, b"x", CHECKPOINT)
    assert str(parse_tlog_proof(receipt())) == receipt()


def test_a_receipt_without_the_quorum_is_refused() -> None:
    for cosigners in ((), (AUDIT,), (AUDIT, AUDIT)):
        with pytest.raises(HubError):
            verify_tlog_proof(receipt(*cosigners), entry=ENTRIES[1], policy=policy())
    with pytest.raises(Refused):
        verify_tlog_proof(receipt(COURT), entry=ENTRIES[1], policy=policy())
    verify_tlog_proof(receipt(), entry=ENTRIES[1], policy=policy("quorum none"))


def test_a_receipt_for_another_entry_or_of_another_log_is_refused() -> None:
    with pytest.raises(Malformed):
        verify_tlog_proof(receipt(), entry=ENTRIES[0], policy=policy("quorum none"))
    other = NoteSigner(ORIGIN, generate_signer())
    with pytest.raises(Malformed):
        verify_tlog_proof(receipt(), entry=ENTRIES[1], policy=LogPolicy((other.verifier,)))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_one_changed_character_of_a_receipt_is_refused(data: st.DataObject) -> None:
    text = receipt(AUDIT)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from([c for c in "AZaz09+/= \n—x" if c != text[at]]))
    with pytest.raises(HubError):
        verify_tlog_proof(text[:at] + other + text[at + 1 :], entry=ENTRIES[1], policy=policy("quorum audit"))


@settings(max_examples=200)
@given(st.binary(max_size=80) | st.text(max_size=80))
def test_any_bytes_are_malformed_and_nothing_else(content: bytes | str) -> None:
    for parse in (parse_tlog_proof, parse_note, parse_checkpoint):
        with pytest.raises(Malformed):
            parse(content)


def test_a_policy_counts_groups_not_keys() -> None:
    read = policy()
    assert parse_policy(policy_text(read)) == read
    assert read.witnesses["audit"].url == "https://audit.example/"
    assert read.has_quorum(frozenset({"audit", "court"}))
    assert not read.has_quorum(frozenset({"audit"}))
    one = policy("group one 1 both\nquorum one")
    assert not one.has_quorum(frozenset({"court"}))


@pytest.mark.parametrize("inner", ["one", "pq", "one pq"])
def test_two_keys_of_one_institution_never_count_as_two(inner: str) -> None:
    pq = MlDsaCosigner(AUDIT.verifier.name, b"p" * 32).verifier.vkey
    head = f"witness one {AUDIT.verifier.vkey}\nwitness pq {pq}\nwitness court {COURT.verifier.vkey}\n"
    with pytest.raises(Malformed, match="one institution"):
        parse_policy(f"{head}group g 2 one pq court\nquorum g")
    with pytest.raises(Malformed, match="one institution"):
        parse_policy(f"{head}group a any one court\ngroup b any pq\ngroup g all a b\nquorum g")
    read = parse_policy(f"{head}group audit any one pq\ngroup g 2 audit court\nquorum g")
    assert not read.has_quorum(frozenset(inner.split()))
    assert read.has_quorum(frozenset([*inner.split(), "court"]))


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "quorum none\nquorum none",
        "quorum unknown",
        "group g any\nquorum none",
        "group g 2 audit\nquorum none",
        "group g 0 audit\nquorum none",
        "group g any nobody\nquorum none",
        "group g any none\nquorum none",
        "group g any audit audit\nquorum none",
        "group g any audit\ngroup h any audit\nquorum none",
        "group audit any audit\nquorum none",
        "witness none COURT\nquorum none",
        "witness again AUDIT\nquorum none",
        "witness log LOG\nquorum none",
        "log AUDIT\nquorum none",
        "log LOG\nlog LOG\nquorum none",
        "something else\nquorum none",
        "quorum none\r",
    ],
)
def test_a_policy_of_another_form_is_refused(lines: str) -> None:
    text = f"witness audit {AUDIT.verifier.vkey}\n{lines}\n"
    for name, each in (("AUDIT", AUDIT), ("LOG", LOG), ("COURT", COURT)):
        text = text.replace(name, each.verifier.vkey)
    with pytest.raises(Malformed):
        parse_policy(text)


def test_a_known_key_may_sign_twice_but_never_wrongly() -> None:
    note = sign_checkpoint(CHECKPOINT, LOG)
    later, sooner = (AUDIT.cosign(note.text, at) for at in (1_700_000_900, 1_700_000_000))
    doubled = Note(note.text, (*note.signatures, *note.signatures, later, sooner))
    assert [each for each, _ in verify_note(doubled, [LOG.verifier])] == [LOG.verifier] * 2
    assert policy().cosigners(doubled) == {"audit": 1_700_000_000}
    spoilt = Note(
        note.text,
        (*doubled.signatures, replace(later, signature=later.signature[:-1] + bytes([later.signature[-1] ^ 1]))),
    )
    with pytest.raises(Malformed):
        policy().cosigners(spoilt)
    assert verify_note(spoilt, [LOG.verifier])


def test_a_cosignature_without_a_time_is_no_witness() -> None:
    note = sign_checkpoint(CHECKPOINT, LOG)
    assert policy().cosigners(note.with_signatures([COURT.cosign(note.text, 0)])) == {}


@pytest.mark.parametrize("name", ["example.com/\u4e2d\u6587", "a\x7fb", "a\U0001f512"])
def test_a_signature_of_any_name_that_is_allowed_is_ignored_when_unknown(name: str) -> None:
    note = sign_checkpoint(CHECKPOINT, LOG)
    stranger = NoteSignature(name, b"abcd", b"x" * 5_000)
    read = parse_note(str(note.with_signatures([stranger])))
    assert read.signatures[-1] == stranger
    assert len(verify_note(read, [LOG.verifier])) == 1


@pytest.mark.parametrize("name", ["a b", "a+b", "a\u00a0b", "a\u3000b", "a\u2028b", ""])
def test_a_name_with_a_space_or_a_plus_spoils_the_note(name: str) -> None:
    note = sign_checkpoint(CHECKPOINT, LOG)
    with pytest.raises(Malformed):
        parse_note(str(note) + f"\u2014 {name} QUJDREVGRw==\n")


def test_at_least_sixteen_signatures_of_the_largest_kind_are_read() -> None:
    note = sign_checkpoint(CHECKPOINT, LOG)
    many = note.with_signatures(NoteSignature(f"w{number}.example", b"abcd", b"x" * 5_000) for number in range(16))
    assert len(parse_note(str(many)).signatures) == 17


def test_extension_lines_are_kept_and_signed_by_ed25519_but_not_by_ml_dsa() -> None:
    extended = Checkpoint(ORIGIN, 2, ROOT, ("note to self",))
    note = parse_note(str(sign_checkpoint(extended, LOG)))
    assert verify_checkpoint(str(note), [LOG.verifier]) == extended
    plain = CHECKPOINT.text()
    for cosigner, is_bound in ((AUDIT, True), (COURT, False)):
        signature = cosigner.cosign(extended.text(), 1_700_000_000)
        if is_bound:
            with pytest.raises(Malformed):
                cosigner.verifier.verify(plain, signature)
        else:
            cosigner.verifier.verify(plain, signature)


@pytest.mark.parametrize("at", [2**63, 2**64 - 1])
def test_a_time_beyond_the_format_is_refused(at: int) -> None:
    for cosigner in (AUDIT, COURT):
        made = cosigner.cosign(CHECKPOINT.text(), 1_700_000_000)
        late = replace(made, signature=at.to_bytes(8, "big") + made.signature[8:])
        with pytest.raises(Malformed):
            cosigner.verifier.verify(CHECKPOINT.text(), late)


def test_a_log_may_sign_with_ml_dsa_alone() -> None:
    log = MlDsaCosigner(ORIGIN, b"l" * 32)
    note = Note(CHECKPOINT.text(), (log.cosign(CHECKPOINT.text(), 1_700_000_000),))
    read = parse_policy(f"log {log.verifier.vkey}\nquorum none\n")
    assert read.verify(parse_note(str(note))) == CHECKPOINT


def test_the_key_of_the_checksum_database_is_read() -> None:
    vkey = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    assert NoteVerifier.from_vkey(vkey).vkey == vkey
