import gzip as packing
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from hub.audit.rules import parse_entry
from hub.errors import Conflict, HubError, Malformed, Missing, Refused, Unavailable
from hub.evidence.service import IntakeService
from hub.evidence.store import EvidenceStore, Vault
from hub.kernel.clock import FixedClock
from hub.proof.jws import sign_jws
from hub.proof.keys import generate_signer
from hub.storage.database import Database
from tests.evidence.conftest import ByNumber
from tests.evidence.pushing import Department, cut, encoded, opaque, withdrawn

ZHANG = {"name": "张三", "number": "11010519491231002X", "document_kind": "111", "birth_date": "1949-12-31"}
LI = {"name": "李四", "number": "440524188001010014", "document_kind": "111", "phone": "13800000000"}

OF_BATCHES = """convert_from(content, 'UTF8') LIKE '%"kind":"batch"%'"""


def pushed(intake: IntakeService, department: Department, lines: list[Any], **changed: Any) -> Any:
    batch = department.batch(lines, **changed)
    answer = intake.accept(department.shape.registry, cut(batch))
    department.went_through(batch)
    return answer


def rows(database: Database, query: str) -> list[Any]:
    with database.reading() as session:
        return list(session.execute(text(query)).all())


def held(database: Database, vault: Vault, subject: str, **wanted: Any) -> list[Any]:
    with database.reading() as session:
        return EvidenceStore(session, vault).of_subjects([subject], **wanted)


def test_evidence_is_kept_sealed_and_opens_for_its_subject(
    intake: IntakeService, civil: Department, database: Database, vault: Vault, identity: ByNumber
) -> None:
    token = civil.evidence("zhang", ZHANG)
    answer = pushed(intake, civil, [{"evidence": token, "row": 1}])
    assert (answer.accepted, answer.subjects_new, answer.duplicate) == (1, 1, False)
    subject = identity.subjects[ZHANG["number"]]
    (kept,) = held(database, vault, subject)
    assert (kept.type, kept.role, kept.issuer, kept.status) == ("resident", "self", civil.id, "valid")
    with database.reading() as session:
        opened = EvidenceStore(session, vault).open(kept)
    assert opened.claims["name"] == "张三"
    assert opened.token.split("~")[0] == token.split("~")[0]
    dump = " ".join(str(row) for row in rows(database, "SELECT * FROM evidence"))
    assert "张三" not in dump
    assert ZHANG["number"] not in dump


def test_sealed_evidence_moved_to_another_row_does_not_open(
    intake: IntakeService, civil: Department, database: Database, vault: Vault, identity: ByNumber
) -> None:
    pushed(intake, civil, [civil.line("zhang", ZHANG), civil.line("li", LI)])
    with database.writing() as session:
        session.execute(
            text("UPDATE evidence e SET sealed = o.sealed FROM evidence o WHERE o.evidence_id <> e.evidence_id")
        )
    (moved,) = held(database, vault, identity.subjects[LI["number"]])
    with database.reading() as session, pytest.raises(HubError, match=r"proof\.sealed-content-damaged"):
        EvidenceStore(session, vault).open(moved)


def test_the_same_batch_again_gets_the_same_answer(
    intake: IntakeService, civil: Department, database: Database
) -> None:
    batch = civil.batch([civil.line("zhang", ZHANG)])
    first = intake.accept("civil_affairs", [batch])
    again = intake.accept("civil_affairs", [batch])
    assert again.duplicate
    assert (again.accepted, again.manifest_digest) == (first.accepted, first.manifest_digest)
    assert rows(database, "SELECT count(*) FROM evidence")[0][0] == 1
    assert rows(database, f"SELECT count(*) FROM log_queue WHERE {OF_BATCHES}")[0][0] == 1


def test_an_old_batch_again_still_gets_its_answer(intake: IntakeService, civil: Department) -> None:
    batch = civil.batch([civil.line("zhang", ZHANG)])
    intake.accept("civil_affairs", [batch])
    civil.went_through(batch)
    pushed(intake, civil, [civil.line("li", LI)])
    again = intake.accept("civil_affairs", [batch])
    assert (again.sequence, again.duplicate) == (1, True)


def test_the_same_number_with_other_content_is_refused(intake: IntakeService, civil: Department) -> None:
    intake.accept("civil_affairs", [civil.batch([civil.line("zhang", ZHANG)])])
    with pytest.raises(Conflict, match=r"intake\.sequence-reused"):
        intake.accept("civil_affairs", [civil.batch([civil.line("li", LI)])])


def test_a_gap_is_refused_and_names_the_missing_number(intake: IntakeService, civil: Department) -> None:
    with pytest.raises(Conflict, match=r"intake\.sequence-gap") as refusal:
        intake.accept("civil_affairs", [civil.batch([], sequence=3)])
    assert refusal.value.facts["expected"] == 1


def test_a_batch_that_does_not_follow_the_last_is_refused(intake: IntakeService, civil: Department) -> None:
    pushed(intake, civil, [])
    civil.previous = opaque("another manifest")
    with pytest.raises(Conflict, match=r"intake\.chain-broken"):
        intake.accept("civil_affairs", [civil.batch([])])


def test_a_batch_for_another_departments_registry_is_refused(
    intake: IntakeService, civil: Department, department: Callable[[str, str], Department]
) -> None:
    other = department("funeral", "funerals")
    foreign = other.batch([], registry="civil_affairs", export="residents")
    with pytest.raises(Refused, match=r"intake\.not-your-registry"):
        intake.accept("civil_affairs", [foreign])
    with pytest.raises(Refused, match=r"intake\.not-your-registry"):
        intake.accept("civil_affairs", [other.batch([])])


def test_a_batch_for_another_hub_is_refused(intake: IntakeService, civil: Department) -> None:
    with pytest.raises(Refused, match=r"intake\.foreign-audience"):
        intake.accept("civil_affairs", [civil.batch([], aud="hub:elsewhere")])


def test_a_batch_from_the_future_is_refused(intake: IntakeService, civil: Department, clock: FixedClock) -> None:
    with pytest.raises(Refused, match=r"intake\.from-the-future"):
        intake.accept("civil_affairs", [civil.batch([], iat=int(clock.now().timestamp()) + 3600)])


def test_an_export_without_a_published_type_is_missing(intake: IntakeService, civil: Department) -> None:
    with pytest.raises(Missing, match=r"intake\.unknown-export"):
        intake.accept("civil_affairs", [civil.batch([], export="pets")])


@pytest.mark.parametrize(
    "changed",
    [
        {"sequence": 0},
        {"sequence": "1"},
        {"iat": 253_402_300_800},
        {"digest": "short"},
        {"lines": -1},
        {"lines": True},
        {"mode": "half"},
        {"previous": 7},
        {"export": ""},
        {"registry": 5},
    ],
)
def test_a_manifest_with_a_claim_of_another_form_is_malformed(
    intake: IntakeService, civil: Department, changed: Any
) -> None:
    with pytest.raises(Malformed, match=r"intake\.manifest-claim"):
        intake.accept("civil_affairs", [civil.batch([], **changed)])


def test_a_manifest_of_another_type_key_or_maker_is_malformed(intake: IntakeService, civil: Department) -> None:
    manifest = civil.manifest(b"", 0)
    header, payload, _ = manifest.split(".")
    claims = {"iss": civil.id, "aud": "hub:demo-county"}
    stranger = generate_signer("Ed25519")
    for forged in (
        sign_jws(claims, typ="JWT", signer=civil.signer),
        sign_jws(claims, typ="batch-manifest+jwt", signer=stranger),
        sign_jws(claims | {"iss": "dept:nobody"}, typ="batch-manifest+jwt", signer=civil.signer),
        f"{header}.{payload}.",
        "eyJhbGciOiJub25lIiwidHlwIjoiYmF0Y2gtbWFuaWZlc3Qrand0In0." + payload + ".",
        manifest + "=",
    ):
        with pytest.raises(Malformed, match=r"proof\."):
            intake.accept("civil_affairs", [forged.encode() + b"\n"])


def test_lines_beyond_those_that_the_manifest_counts_are_not_read_to_their_end(
    intake: IntakeService, civil: Department
) -> None:
    def without_end() -> Iterator[bytes]:
        yield civil.batch([civil.line("zhang", ZHANG)])
        for _ in range(2_000):
            read.append(1)
            yield b"\n" * 4_096

    read: list[int] = []
    with pytest.raises(Malformed, match=r"intake\.digest-differs"):
        intake.accept("civil_affairs", without_end())
    assert len(read) < 1_000


def test_lines_that_the_manifest_does_not_name_leave_nothing_behind(
    intake: IntakeService, civil: Department, database: Database
) -> None:
    batch = civil.batch([civil.line("zhang", ZHANG)])
    for damaged in (
        batch + encoded([civil.line("li", LI)]),
        batch[: batch.index(b"\n") + 1],
        batch.replace(b":1}", b":2}"),
    ):
        with pytest.raises(Malformed, match=r"intake\.digest-differs"):
            intake.accept("civil_affairs", cut(damaged))
    for table in ("evidence", "evidence_link", "quarantine", "batch"):
        assert rows(database, f"SELECT count(*) FROM {table}")[0][0] == 0
    assert intake.cursor("civil_affairs").sequence == 0
    assert intake.accept("civil_affairs", [batch]).accepted == 1


def test_a_compressed_batch_is_taken_in(intake: IntakeService, civil: Department) -> None:
    batch = civil.batch([civil.line("zhang", ZHANG)])
    assert intake.accept("civil_affairs", cut(packing.compress(batch), 100), gzip=True).accepted == 1


def test_a_truncated_gzip_batch_leaves_nothing_behind(
    intake: IntakeService, civil: Department, database: Database
) -> None:
    packed = packing.compress(civil.batch([civil.line("zhang", ZHANG), civil.line("li", LI)]))
    with pytest.raises(Malformed, match=r"intake\.gzip-truncated"):
        intake.accept("civil_affairs", cut(packed[:-9], 100), gzip=True)
    assert rows(database, "SELECT count(*) FROM evidence")[0][0] == 0
    assert intake.accept("civil_affairs", cut(packed, 100), gzip=True).accepted == 2


def test_a_bomb_behind_a_manifest_is_refused(intake: IntakeService, civil: Department) -> None:
    manifest = civil.manifest(b"", 1).encode() + b"\n"
    packed = packing.compress(manifest + bytes(40 * 1024 * 1024))
    with pytest.raises(Refused, match=r"intake\.decompression-bomb"):
        intake.accept("civil_affairs", cut(packed), gzip=True)


def test_the_cursor_tells_where_the_chain_and_each_export_stand(
    intake: IntakeService, civil: Department, department: Callable[[str, str], Department]
) -> None:
    assert intake.cursor("civil_affairs").manifest_digest is None
    pushed(intake, civil, [], cursor={"after": 7})
    found = intake.cursor("civil_affairs")
    assert (found.sequence, found.manifest_digest, found.cursors) == (1, civil.previous, {"residents": {"after": 7}})


def test_the_live_records_of_an_export_are_listed_with_their_content(
    intake: IntakeService, civil: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.evidence.store.held.PAGE", 2)
    pushed(intake, civil, [civil.line(f"r{number}", ZHANG) for number in range(5)])
    pushed(intake, civil, [withdrawn("r3")])
    listed = dict(intake.records("civil_affairs", "residents"))
    assert set(listed) == {opaque(f"r{number}") for number in (0, 1, 2, 4)}
    assert len(set(listed.values())) == 1


def test_unchanged_content_is_not_kept_twice(intake: IntakeService, civil: Department, database: Database) -> None:
    pushed(intake, civil, [civil.line("zhang", ZHANG)])
    answer = pushed(intake, civil, [civil.line("zhang", ZHANG)])
    assert (answer.accepted, answer.unchanged) == (0, 1)
    assert rows(database, "SELECT count(*) FROM evidence")[0][0] == 1


def test_changed_content_supersedes_what_was_held(
    intake: IntakeService, civil: Department, database: Database, vault: Vault, identity: ByNumber
) -> None:
    pushed(intake, civil, [civil.line("zhang", ZHANG)])
    answer = pushed(intake, civil, [civil.line("zhang", ZHANG | {"phone": "13900000000"})])
    assert answer.accepted == 1
    subject = identity.subjects[ZHANG["number"]]
    old, new = sorted(held(database, vault, subject, every_status=True), key=lambda each: each.status, reverse=False)
    assert {old.status, new.status} == {"superseded", "valid"}
    assert identity.forgotten == [opaque("zhang")]


def test_evidence_signed_anew_after_a_key_change_replaces_the_old(
    intake: IntakeService, civil: Department, department: Callable[[str, str], Department]
) -> None:
    pushed(intake, civil, [civil.line("zhang", ZHANG)])
    civil.signer = generate_signer("ES256")
    intake.directory.register(intake.directory.require_party(civil.id), civil.signer.public.to_jwk())
    answer = pushed(intake, civil, [civil.line("zhang", ZHANG)])
    assert (answer.accepted, answer.unchanged) == (1, 0)


def test_a_record_corrected_within_one_batch_ends_as_the_later_line_says(
    intake: IntakeService, civil: Department, database: Database
) -> None:
    answer = pushed(
        intake, civil, [civil.line("zhang", ZHANG), civil.line("zhang", ZHANG | {"phone": "1"}), withdrawn("zhang")]
    )
    assert (answer.accepted, answer.withdrawn) == (2, 1)
    assert Counter(row[0] for row in rows(database, "SELECT status FROM evidence")) == {"superseded": 1, "withdrawn": 1}


def test_a_withdrawn_record_stands_no_more_and_identity_forgets_it(
    intake: IntakeService, civil: Department, database: Database, vault: Vault, identity: ByNumber
) -> None:
    pushed(intake, civil, [civil.line("zhang", ZHANG)])
    answer = pushed(intake, civil, [withdrawn("zhang")])
    assert answer.withdrawn == 1
    assert identity.forgotten == [opaque("zhang")]
    assert held(database, vault, identity.subjects[ZHANG["number"]]) == []
    assert pushed(intake, civil, [withdrawn("zhang")]).withdrawn == 0


def test_a_withdrawn_record_may_come_back(intake: IntakeService, civil: Department) -> None:
    pushed(intake, civil, [civil.line("zhang", ZHANG)])
    pushed(intake, civil, [withdrawn("zhang")])
    assert pushed(intake, civil, [civil.line("zhang", ZHANG)]).accepted == 1


def test_a_full_batch_says_how_many_records_stand(intake: IntakeService, civil: Department) -> None:
    answer = pushed(intake, civil, [civil.line("zhang", ZHANG), civil.line("li", LI)], mode="full", present=2)
    assert answer.live == 2


def test_the_log_entry_holds_digests_and_counts_only(
    intake: IntakeService, civil: Department, database: Database
) -> None:
    pushed(intake, civil, [civil.line("zhang", ZHANG), b"{"])
    ((content,),) = rows(database, f"SELECT content FROM log_queue WHERE {OF_BATCHES}")
    entry = parse_entry(bytes(content))
    assert (entry["kind"], entry["manifest_digest"]) == ("batch", civil.previous)
    assert (entry["accepted"], entry["quarantined"]) == (1, 1)
    assert ZHANG["number"] not in str(entry)


def test_a_sender_that_breaks_off_leaves_nothing_behind(
    intake: IntakeService, civil: Department, database: Database
) -> None:
    batch = civil.batch([civil.line("zhang", ZHANG)])

    def broken() -> Any:
        yield batch[:-20]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        intake.accept("civil_affairs", broken())
    assert rows(database, "SELECT count(*) FROM evidence")[0][0] == 0
    assert intake.accept("civil_affairs", [batch]).accepted == 1


def cut_off(database: Database) -> None:
    """Every connection but this one is gone."""
    with database.engine.connect() as other:
        other.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database()"
            )
        )


def test_a_database_that_goes_away_keeps_nothing_and_the_next_push_goes_on(
    intake: IntakeService, civil: Department, database: Database, identity: ByNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = civil.batch([civil.line(f"r{number}", ZHANG) for number in range(3)])
    with monkeypatch.context() as patches:
        patches.setattr(identity, "place", lambda *_: cut_off(database) or [])
        with pytest.raises(Unavailable, match=r"storage\.database-away"):
            intake.accept("civil_affairs", [batch])
    assert intake.accept("civil_affairs", [batch]).accepted == 3
    assert rows(database, "SELECT count(*) FROM evidence")[0][0] == 3


def test_a_database_that_goes_away_while_a_batch_arrives_costs_nothing(
    intake: IntakeService, civil: Department, database: Database
) -> None:
    batch = civil.batch([civil.line("zhang", ZHANG)])

    def meanwhile() -> Iterator[bytes]:
        yield batch[:-20]
        cut_off(database)
        yield batch[-20:]

    assert intake.accept("civil_affairs", meanwhile()).accepted == 1
