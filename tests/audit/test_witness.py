"""Witnesses cosign growth and nothing else; the hub counts institutions."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from hub.audit.model import Entry
from hub.audit.readers import DatabaseReader, DirectoryReader, export_tiles
from hub.audit.verify import verify_log
from hub.audit.witness import Answer, Witness, WitnessStore
from hub.audit.witness_app import witness_app
from hub.audit.witnessing import Collector, Reply
from hub.errors import Broken, Unavailable
from hub.kernel.clock import FixedClock
from hub.proof.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from hub.proof.encoding import base64_text
from hub.proof.keys import generate_signer
from hub.proof.merkle import EMPTY_ROOT, complete_root, consistency_proof, leaf_hash, range_root
from hub.proof.note import (
    Ed25519Cosigner,
    MlDsaCosigner,
    Note,
    NoteSigner,
    parse_note,
    parse_signature_lines,
    verify_note,
)
from hub.proof.policy import LogPolicy, parse_policy
from hub.proof.tlogproof import verify_tlog_proof
from tests.support.log import ORIGIN, House, entry

LOG = NoteSigner(ORIGIN, generate_signer())
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LEAVES = [leaf_hash(str(number).encode()) for number in range(40)]
OTHERS = [leaf_hash(f"other {number}".encode()) for number in range(40)]


def subtree_of(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    return lambda start, end: complete_root(b"".join(leaves[start:end]))


def signed(size: int, leaves: list[bytes] = LEAVES, signer: NoteSigner = LOG, origin: str = ORIGIN) -> Note:
    return sign_checkpoint(Checkpoint(origin, size, range_root(subtree_of(leaves), 0, size)), signer)


def body(old: int, note: Note, leaves: list[bytes] = LEAVES, proof: list[bytes] | None = None) -> bytes:
    size = parse_checkpoint(str(note))[1].size
    hashes = consistency_proof(subtree_of(leaves), old, size) if proof is None else proof
    return "\n".join([f"old {old}", *map(base64_text, hashes), "", str(note)]).encode()


@pytest.fixture
def ed25519() -> Ed25519Cosigner:
    return Ed25519Cosigner("audit.example/w", generate_signer())


@pytest.fixture
def witness(tmp_path: Path, ed25519: Ed25519Cosigner) -> Witness:
    cosigners = [ed25519, MlDsaCosigner("audit.example/w", b"s" * 32)]
    return Witness([LOG.verifier], cosigners, WitnessStore(tmp_path / "witness"), FixedClock(NOW))


def stored(tmp_path: Path) -> Note:
    name = hashlib.sha256(ORIGIN.encode()).hexdigest()
    return parse_note((tmp_path / "witness" / f"{name}.checkpoint").read_bytes())


def test_growth_is_cosigned_with_both_kinds_of_key(witness: Witness, ed25519: Ed25519Cosigner, tmp_path: Path) -> None:
    for old, size in ((0, 5), (5, 8), (8, 33), (33, 33)):
        note = signed(size)
        answer = witness.add_checkpoint(body(old, note))
        assert answer.status == 200
        cosigned = note.with_signatures(parse_signature_lines(answer.body))
        verifiers = [ed25519.verifier, MlDsaCosigner("audit.example/w", b"s" * 32).verifier]
        assert len(verify_note(cosigned, verifiers)) == 2
        assert str(stored(tmp_path)) == str(cosigned)


def test_a_witness_tells_how_far_it_has_followed(witness: Witness) -> None:
    witness.add_checkpoint(body(0, signed(5)))
    answer = witness.add_checkpoint(body(0, signed(8)))
    assert (answer.status, answer.body, answer.content_type) == (409, "5\n", "text/x.tlog.size")
    assert witness.add_checkpoint(body(7, signed(8))).status == 409


def test_a_second_history_is_refused_and_kept_as_evidence(witness: Witness, tmp_path: Path) -> None:
    witness.add_checkpoint(body(0, signed(5)))
    forks = [
        body(5, signed(8, OTHERS), OTHERS),
        body(5, signed(5, OTHERS), OTHERS),
        body(5, signed(8), proof=[]),
        body(5, signed(8), proof=[EMPTY_ROOT]),
    ]
    for fork in forks:
        assert witness.add_checkpoint(fork).status == 422
    assert len(list((tmp_path / "witness" / "evidence").iterdir())) == 4
    assert parse_checkpoint(str(stored(tmp_path)))[1].size == 5


def test_a_smaller_tree_is_refused(witness: Witness) -> None:
    witness.add_checkpoint(body(0, signed(8)))
    assert witness.add_checkpoint(body(5, signed(5))).status == 409
    assert witness.add_checkpoint(body(8, signed(5), proof=[])).status == 400


def test_strangers_and_bad_signatures_are_refused(witness: Witness) -> None:
    other = NoteSigner("other.example/log", generate_signer())
    assert witness.add_checkpoint(body(0, signed(5, signer=other, origin="other.example/log"))).status == 404
    impostor = NoteSigner(ORIGIN, generate_signer())
    assert witness.add_checkpoint(body(0, signed(5, signer=impostor))).status == 403
    claimed = signed(5)
    forged = Note(signed(6).text, claimed.signatures)
    assert witness.add_checkpoint(body(0, forged)).status == 403


def test_an_empty_tree_has_the_empty_root(witness: Witness) -> None:
    assert witness.add_checkpoint(body(0, signed(0))).status == 200
    assert witness.add_checkpoint(body(0, signed(3))).status == 200


def test_an_empty_tree_with_another_root_and_a_proof_from_nothing_are_refused(witness: Witness) -> None:
    text = f"{ORIGIN}\n0\n{base64_text(b'x' * 32)}\n"
    wrong = Note(text, (LOG.sign(text),))
    assert witness.add_checkpoint(f"old 0\n\n{wrong}".encode()).status == 422
    assert witness.add_checkpoint(body(0, signed(3), proof=[EMPTY_ROOT])).status == 422


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _body: b"",
        lambda body: body.replace(b"old 0", b"old 00"),
        lambda body: body.replace(b"old 0", b"old -1"),
        lambda body: body.replace(b"old 0", b"new 0"),
        lambda body: body.replace(b"old 0\n", b"old 0\nAAAA\n"),
        lambda body: body.replace(b"old 0\n", b"old 0\n" + b"A" * 43 + b"=\n" * 1 + (b"A" * 43 + b"=\n") * 63),
        lambda body: body.replace(b"\n\n", b"\n"),
        lambda body: b"\xff" + body,
        lambda body: body + b"x" * 300_000,
        lambda body: body.replace(ORIGIN.encode(), b""),
    ],
)
def test_a_request_of_another_form_is_refused(witness: Witness, spoil: Callable[[bytes], bytes]) -> None:
    assert witness.add_checkpoint(spoil(body(0, signed(5)))).status == 400


async def posted(witness: Witness, request: bytes) -> httpx.Response:
    transport = httpx.ASGITransport(app=witness_app(witness))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://witness.example") as client:
        return await client.post("/add-checkpoint", content=request)


def test_what_could_not_be_kept_is_not_cosigned(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_arguments: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hub.audit.witness.replace_file", full_disk)
    refused = asyncio.run(posted(witness, body(0, signed(5))))
    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
    assert {"status": 503, "code": "audit.witness-store"}.items() <= refused.json().items()
    assert refused.json()["detail_zh"]
    assert Reply(503, refused.headers["content-type"], refused.text).said() == "audit.witness-store"
    monkeypatch.undo()
    assert witness.add_checkpoint(body(0, signed(8))).status == 200


def test_the_witness_answers_over_http(witness: Witness) -> None:
    async def talk() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=witness_app(witness))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://witness.example/w") as client:
            name = hashlib.sha256(ORIGIN.encode()).hexdigest()
            return [
                await client.get(f"/{name}/checkpoint"),
                await client.post("/add-checkpoint", content=body(0, signed(5))),
                await client.get(f"/{name}/checkpoint"),
                await client.get("/add-checkpoint"),
                await client.post("/add-checkpoint", content=b"x" * 400_000),
                await client.get("/elsewhere"),
                await client.get("/healthz"),
            ]

    answers = asyncio.run(talk())
    assert [answer.status_code for answer in answers] == [404, 200, 200, 405, 400, 404, 200]
    assert parse_checkpoint(answers[2].content)[1].size == 5


class County:
    """A log and three witnesses: two of the audit office, one of the court."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.away: set[str] = set()
        names = ("audit-1", "audit-2", "court")
        self.cosigners = {name: Ed25519Cosigner(f"{name}.example", generate_signer()) for name in names}
        self.witnesses = {
            name: Witness([house.signer.verifier], [each], WitnessStore(folder / name), house.clock)
            for name, each in self.cosigners.items()
        }

    def post(self, url: str, content: bytes | None) -> Reply:
        name, path = url.split("/")[2:4]
        if name in self.away:
            return Reply(0, "", "ConnectError")
        witness = self.witnesses[name]
        answer: Answer = witness.checkpoint(path) if content is None else witness.add_checkpoint(content)
        return Reply(answer.status, answer.content_type, answer.body)

    @property
    def policy(self) -> LogPolicy:
        lines = [f"log {self.house.signer.verifier.vkey}"]
        lines += [f"witness {name} {each.verifier.vkey} http://{name}/" for name, each in self.cosigners.items()]
        return parse_policy(
            "\n".join([*lines, "group audit any audit-1 audit-2", "group both all audit court", "quorum both"])
        )

    def collector(self) -> Collector:
        return Collector(self.policy, self.house.clock, post=self.post, pause_seconds=0.01)


@pytest.fixture
def county(house: House, tmp_path: Path) -> County:
    return County(house, tmp_path / "witnesses")


def collected(county: County, collector: Collector | None = None) -> str | None:
    log = county.house.log()
    note = log.checkpoint()
    subtree = log._tiles.subtree(parse_checkpoint(note)[1].size)
    return (collector or county.collector()).cosigned(note, subtree)


def test_a_quorum_counts_institutions_not_keys(county: County) -> None:
    county.house.grow(3)
    county.away = {"court"}
    assert collected(county) is None
    county.away = {"audit-2"}
    note = collected(county)
    assert note is not None
    county.policy.verify(parse_note(note))


def test_a_witness_that_was_away_is_brought_up_to_date(county: County) -> None:
    county.house.grow(3)
    assert collected(county) is not None
    county.away = {"court"}
    for _ in range(3):
        county.house.grow(100)
        assert collected(county) is None
    county.away = set()
    assert collected(county, county.collector()) is not None


@pytest.mark.parametrize("hours", [-26, -1, 1])
def test_a_witness_whose_clock_is_hours_away_counts_for_nothing_until_it_is_set(county: County, hours: int) -> None:
    county.house.grow(3)
    court = county.witnesses["court"]
    adrift = FixedClock(county.house.clock.now() + timedelta(hours=hours))
    kept = WitnessStore(court._store._directory)
    county.witnesses["court"] = Witness([county.house.signer.verifier], [county.cosigners["court"]], kept, adrift)
    collector = county.collector()
    assert collected(county, collector) is None
    assert collector.complaints == {"http://court/": "audit.witness-clock"}
    county.witnesses["court"] = court
    assert collected(county, collector) is not None
    assert collector.complaints == {}


def test_a_witness_with_a_new_key_is_named_until_the_policy_names_that_key(county: County) -> None:
    county.house.grow(3)
    court = county.witnesses["court"]
    new, kept = Ed25519Cosigner("court", generate_signer()), WitnessStore(court._store._directory)
    county.witnesses["court"] = Witness([county.house.signer.verifier], [new], kept, county.house.clock)
    collector = county.collector()
    assert collected(county, collector) is None
    assert collector.told() == {"court": "audit.witness-other-key"}
    county.witnesses["court"] = court
    assert collected(county, collector) is not None
    assert collector.told() == {}


def test_a_lying_witness_counts_for_nothing(county: County) -> None:
    county.house.grow(3)
    honest = county.post
    for lie in (
        Reply(200, "", "nonsense"),
        Reply(200, "", ""),
        Reply(409, "text/x.tlog.size", "x"),
        Reply(409, "text/x.tlog.size", "999\n"),
        Reply(500, "", "fault"),
    ):
        county.post = lambda url, content, lie=lie: lie if "court" in url else honest(url, content)  # type: ignore[method-assign]
        collector = county.collector()
        assert collected(county, collector) is None
        assert list(collector.complaints) == ["http://court/"]


def wait_until(check: Callable[[], bool]) -> None:
    import time

    for _ in range(1_000):
        if check():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen within ten seconds")


def test_a_witnessed_receipt_satisfies_the_policy_and_an_unwitnessed_log_releases_nothing(county: County) -> None:
    county.away = {"court"}
    log = county.house.log(collector=county.collector(), max_unwitnessed_seconds=600.0)
    log.start()
    try:
        made: Entry = entry()
        county.house.append(made)
        log.receipt_for(made.entry_id, 10)
        log.require_witnessed()
        county.house.clock.advance(601)
        with pytest.raises(Unavailable) as refusal:
            log.require_witnessed()
        assert refusal.value.code == "audit.unwitnessed"
        assert [problem.code for problem in log.problems()] == ["audit.unwitnessed"]
        county.house.clock.advance(-2 * 601)  # a clock that was ahead when the checkpoint was signed, and is set right
        with pytest.raises(Unavailable):
            log.require_witnessed()
        county.house.clock.advance(2 * 601)
        county.away = set()
        wait_until(lambda: not list(log.problems()))
        receipt = log.prove(made.entry_id, is_witnessed=True)
        verify_tlog_proof(receipt.proof_text, entry=made.content(), policy=county.policy)
        assert log.checkpoint(is_witnessed=True) == log.checkpoint()
    finally:
        log.stop()
    reader = DatabaseReader(county.house.database, ORIGIN)
    witnessed = parse_checkpoint(log.checkpoint(is_witnessed=True))[1]
    assert verify_log(reader, county.policy, earlier=[witnessed]).is_sound


def test_what_is_younger_than_the_last_cosignature_is_told_and_is_no_fault(county: County, tmp_path: Path) -> None:
    house, reader = county.house, DatabaseReader(county.house.database, ORIGIN)
    house.grow(5)
    export_tiles(reader, tmp_path / "bare")
    bare = [verify_log(each, county.policy) for each in (reader, DirectoryReader(tmp_path / "bare"))]
    assert [(each.is_sound, [found.step for found in each.findings]) for each in bare] == [(False, [1])] * 2
    log = house.log(collector=county.collector())
    log.start()
    wait_until(lambda: not list(log.problems()) and reader.witnessed_checkpoint() is not None)
    log.stop()
    house.grow(3)
    export_tiles(reader, tmp_path / "tiles")
    for each in (reader, DirectoryReader(tmp_path / "tiles")):
        verified = verify_log(each, county.policy)
        assert verified.is_sound, verified.lines()
        assert (verified.size, verified.cosigned) == (8, 5)
        assert any("cosigned the first 5 entries; 3 younger" in line for line in verified.lines())
    assert verify_log(reader, house.policy).cosigned == 8


def test_a_cosigned_checkpoint_of_another_history_is_found(county: County, tmp_path: Path) -> None:
    house, reader = county.house, DatabaseReader(county.house.database, ORIGIN)
    house.grow(5)
    log = house.log(collector=county.collector())
    log.start()
    wait_until(lambda: reader.witnessed_checkpoint() is not None)
    log.stop()
    cosigned = reader.witnessed_checkpoint()
    assert cosigned is not None
    with house.database.engine.begin() as connection:
        for table in ("log_entry", "log_tile", "log_head", "log_published"):
            connection.exec_driver_sql(f"TRUNCATE {table}")
    (house.folder / "last-signed").unlink()
    house.grow(6)
    export_tiles(reader, tmp_path)
    (tmp_path / "witnessed-checkpoint").write_bytes(cosigned)
    found = verify_log(DirectoryReader(tmp_path), county.policy).findings
    assert [each.step for each in found] == [7]


def restored_from_before_its_log(county: County) -> None:
    """Five entries are cosigned, and machine and database know nothing of them any more."""
    house = county.house
    house.grow(5)
    assert collected(county) is not None
    (house.folder / "last-signed").unlink()
    with house.database.engine.begin() as connection:
        for table in ("log_entry", "log_tile", "log_head", "log_published"):
            connection.exec_driver_sql(f"TRUNCATE {table}")


def test_a_second_history_begun_while_the_witnesses_were_away_ends_when_one_comes_back(county: County) -> None:
    house = county.house
    restored_from_before_its_log(county)
    county.away = set(county.witnesses)
    log = house.log(collector=county.collector(), max_unwitnessed_seconds=600.0)
    log.start()
    try:
        house.append(*(lost := [entry() for _ in range(3)]))
        log.receipt_for(lost[2].entry_id, 10)
        county.away = {"court"}
        wait_until(lambda: [problem.code for problem in log.problems()] == ["audit.behind-witness"])
        assert not log.is_sequencing
        house.append(late := entry())
        with pytest.raises(Broken) as refusal:
            log.receipt_for(late.entry_id, 10)
        assert refusal.value.code == "audit.behind-witness"
    finally:
        log.stop()


def test_an_operator_reads_by_name_what_witnesses_answer(county: County) -> None:
    county.house.grow(3)
    county.away = {"audit-2"}
    court = county.witnesses["court"]
    county.witnesses["court"] = Witness([], [county.cosigners["court"]], court._store, county.house.clock)
    collector = county.collector()
    assert collected(county, collector) is None
    assert collector.told() == {"audit-2": "0 ConnectError", "court": "404 This log is not followed here."}
    county.away, county.witnesses["court"] = set(), court
    assert collected(county, collector) is not None
    assert collector.told() == {}


def test_a_witness_that_begins_anew_is_named_for_as_long_as_this_node_runs(county: County, tmp_path: Path) -> None:
    county.house.grow(3)
    collector = county.collector()
    assert collected(county, collector) is not None
    fresh = WitnessStore(tmp_path / "a new disk")
    county.witnesses["court"] = Witness(
        [county.house.signer.verifier], [county.cosigners["court"]], fresh, county.house.clock
    )
    for _ in range(2):
        county.house.grow(2)
        assert collected(county, collector) is not None
        assert list(collector.told()) == ["court"]
        assert "after 3 entries" in collector.told()["court"]


def test_a_whole_machine_restored_from_a_backup_is_noticed_by_the_witnesses(county: County) -> None:
    house = county.house
    restored_from_before_its_log(county)
    log = house.log(collector=county.collector())
    log.start()
    try:
        made = entry()
        house.append(made)
        with pytest.raises(Broken) as refusal:
            log.receipt_for(made.entry_id, 10)
        assert refusal.value.code == "audit.behind-witness"
    finally:
        log.stop()
    assert house.signed.last() is None
