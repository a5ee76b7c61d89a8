"""Verifying in processes of its own gives what verifying here gives, whatever the lines hold and whoever dies."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from hub.errors import Malformed
from hub.evidence.frames import frame_of, lines_in
from hub.evidence.lines import Expectation, IssuerKey
from hub.evidence.model import Line, Unusable, Usable, Withdrawal
from hub.evidence.service import IntakeService, Verifiers, batch
from hub.evidence.service.spool import Spool
from hub.evidence.service.verifiers import LINES_AT_ONCE, frames_here
from hub.evidence.stream import RawLine
from hub.identity.service import IdentityService
from hub.kernel.clock import FixedClock
from hub.proof.keys import generate_signer
from hub.storage.database import Database
from tests.evidence.conftest import NOW
from tests.evidence.pushing import Department, cut, opaque, withdrawn
from tests.evidence.test_intake import LI, ZHANG, pushed
from tests.evidence.test_quarantine import UNREADABLE
from tests.identity.conftest import number_of


@pytest.fixture(scope="module")
def verifiers() -> Iterator[Verifiers]:
    made = Verifiers(2)
    yield made
    made.close()


def expected_of(intake: IntakeService, civil: Department) -> Expectation:
    since = int(NOW.timestamp()) - 60
    keys = {kid: IssuerKey(key.public, since) for kid, key in intake.directory.counting_keys(civil.id).items()}
    return Expectation(civil.shape, civil.id, keys, intake.validator_for("resident"), NOW)


def every_kind(civil: Department) -> list[Any]:
    """Lines of every kind: good, bad, spelled otherwise, of other keys, too long."""
    stranger = replace(civil, signer=generate_signer("Ed25519"))
    good = civil.evidence("zhang", ZHANG | {"former_names": ["张小三"], "quality": ["number-check-digit"]})
    future = int((NOW + timedelta(days=400)).timestamp())
    return [
        {"evidence": good, "row": 1},
        b'{ "row" : 2,  "evidence" : "' + civil.evidence("li", LI, exp=future).encode() + b'"}',
        {"evidence": good[:-9] + "AAAAAAAA~", "row": 3},
        stranger.line("li", LI),
        civil.line("li", LI, iss="dept:land"),
        civil.line("li", LI, export="organisations"),
        civil.line("li", LI | {"name": 7}),
        withdrawn("gone"),
        UNREADABLE,
        {"unusable": {"code": 1, "en": None}, "raw": [0.5, {"a": None}]},
        b"{",
        b"\xff",
        b"",
        civil.line("wang", LI, iat=1),
    ]


def raw(lines: list[Any]) -> list[RawLine]:
    contents = [line if isinstance(line, bytes) else orjson.dumps(line) for line in lines]
    return [*(RawLine(number, content) for number, content in enumerate(contents, 2)), RawLine(99, None)]


def read(frames: Iterator[bytes]) -> list[Line]:
    return [line for frame in frames for line in lines_in(frame)]


def test_what_lines_hold_does_not_depend_on_who_reads_them(
    intake: IntakeService, civil: Department, verifiers: Verifiers
) -> None:
    expected, lines = expected_of(intake, civil), raw(every_kind(civil))
    here = read(frames_here(lines, expected))
    assert read(verifiers.frames(lines, expected)) == here
    assert [type(line) for line in here].count(Usable) == 2
    assert {line.code for line in here if isinstance(line, Unusable)} >= {
        "proof.disclosure", "proof.unknown-key", "intake.schema", "adapter.name-missing", "intake.unnamed-reason",
        "proof.json", "intake.line-too-long", "intake.evidence-of-another-kind",
        "intake.evidence-before-its-key",
    }  # fmt: skip
    assert lines_in(frame_of(here)) == here
    assert Withdrawal(9, opaque("gone"), "gone") in here


def test_many_lines_come_back_in_their_order(intake: IntakeService, civil: Department, verifiers: Verifiers) -> None:
    lines = [RawLine(number, b'{"withdrawn":"%s"}' % opaque(str(number)).encode()) for number in range(2_111)]
    found = read(verifiers.frames(lines, expected_of(intake, civil)))
    assert [line.line for line in found] == list(range(2_111))


def test_evidence_under_an_older_key_of_the_department_is_verified_too(
    intake: IntakeService, civil: Department, verifiers: Verifiers
) -> None:
    newer = replace(civil, signer=generate_signer("ES256"))
    intake.directory.register(intake.directory.require_party(civil.id), newer.signer.public.to_jwk())
    found = read(verifiers.frames(raw([civil.line("a", ZHANG), newer.line("b", LI)]), expected_of(intake, civil)))
    kids = [line.kid for line in found if isinstance(line, Usable)]
    assert kids == [civil.signer.public.kid, newer.signer.public.kid]


def test_a_verifier_that_dies_is_replaced_and_no_line_is_lost(intake: IntakeService, civil: Department) -> None:
    verifiers, expected, others = Verifiers(1), expected_of(intake, civil), children()
    one = RawLine(2, orjson.dumps(civil.line("zhang", ZHANG)))

    def lines() -> Iterator[RawLine]:
        for number in range(6 * LINES_AT_ONCE):
            if number == 3 * LINES_AT_ONCE:
                for child in children() - others:
                    os.kill(child, signal.SIGKILL)
            yield replace(one, number=number)

    try:
        found = read(verifiers.frames(lines(), expected))
        assert [type(line) for line in found] == [Usable] * 6 * LINES_AT_ONCE
        assert len(children() - others) == 1
    finally:
        verifiers.close()
    assert children() == others


def children() -> set[int]:
    """Verifiers of this process."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(place.read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"hub.evidence.verifier" in place.with_name("cmdline").read_bytes():
                found.add(int(place.parent.name))
        except OSError:
            continue
    return found


def test_a_machine_that_can_start_no_process_verifies_all_the_same(
    intake: IntakeService, civil: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    verifiers = Verifiers(2)
    found = read(verifiers.frames(raw([civil.line("a", ZHANG)]), expected_of(intake, civil)))
    verifiers.close()
    assert isinstance(found[0], Usable)


def test_a_batch_gets_the_same_answer_whoever_verifies_it(
    intake: IntakeService, civil: Department, verifiers: Verifiers
) -> None:
    with_processes = replace(intake, verifiers=verifiers)
    lines = [*every_kind(civil), *(civil.line(f"r{number}", ZHANG) for number in range(500))]
    answer = pushed(with_processes, civil, lines)
    assert (answer.accepted, answer.quarantined) == (502, 11)
    items = with_processes.quarantine_of("civil_affairs")
    assert sum(answer.reasons.values()) == len(items) == 11
    assert pushed(intake, civil, [civil.line("a", LI)]).accepted == 1


def test_what_waits_is_unreadable_on_the_disk(intake: IntakeService, civil: Department, tmp_path: Path) -> None:
    frame = frame_of(read(frames_here(raw([civil.line("zhang", ZHANG)] * 50), expected_of(intake, civil))))
    assert "张三".encode() in frame
    with Spool(tmp_path, in_memory=1_000) as spool:
        for _ in range(20):
            spool.add(frame)
        written = os.pread(spool._file.fileno(), 10**6, 0)
        assert len(written) > 10**5
        assert "张三".encode() not in written
        assert len(list(spool.lines())) == 20 * 51
    assert list(tmp_path.iterdir()) == []


def with_identity(intake: IntakeService, database: Database, clock: FixedClock) -> IntakeService:
    vault = intake.vault
    identity = IdentityService(database=database, blinder=vault.blinder, keyring=vault.keyring, clock=clock)
    return replace(intake, identity=identity)


def test_a_sender_that_dawdles_holds_nobody_else_up(
    intake: IntakeService,
    department: Callable[[str, str], Department],
    database: Database,
    clock: FixedClock,
) -> None:
    whole = with_identity(intake, database, clock)
    civil, home = department("civil_affairs", "residents"), department("funeral", "funerals")
    slow = civil.batch([civil.line(f"r{number}", ZHANG) for number in range(1_200)])
    answers = []

    def dawdling() -> Iterator[bytes]:
        yield slow[:-30]
        died = {"name": "张三", "number": ZHANG["number"], "document_kind": "111", "died_on": "2026-03-01"}
        answers.append(pushed(whole, home, [home.line("d", died | {"is_nameless": False})]))
        yield slow[-30:]

    assert whole.accept("civil_affairs", dawdling()).accepted == 1_200
    assert answers[0].accepted == 1


def test_two_registries_that_name_the_same_new_people_at_once_make_one_subject_of_each(
    intake: IntakeService,
    department: Callable[[str, str], Department],
    database: Database,
    clock: FixedClock,
) -> None:
    whole = with_identity(intake, database, clock)
    civil, home = department("civil_affairs", "residents"), department("funeral", "funerals")
    people = [
        {"name": f"{surname}建国", "number": number_of(f"19{60 + place}-05-06", 11), "document_kind": "111"}
        for place, surname in enumerate("王李张刘陈杨黄赵吴周")
    ]
    died = {"died_on": "2026-03-01", "is_nameless": False}
    deaths = [person | died for person in people]
    batches = {
        "civil_affairs": civil.batch([civil.line(f"r{n}", each) for n, each in enumerate(people)]),
        "funeral": home.batch([home.line(f"d{n}", each) for n, each in enumerate(deaths)]),
    }
    together = threading.Barrier(2)

    def pieces(registry: str) -> Iterator[bytes]:
        yield from cut(batches[registry])
        together.wait(10)

    answers: dict[str, Any] = {}
    threads = [
        threading.Thread(target=lambda each=each: answers.update({each: whole.accept(each, pieces(each))}))
        for each in batches
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(answer.subjects_new for answer in answers.values()) == len(people)
    assert sum(answer.links for answer in answers.values()) == len(people)
    with database.reading() as session:
        links = session.execute(text("SELECT count(*), count(DISTINCT subject_id) FROM evidence_link")).one()
    assert tuple(links) == (2 * len(people), len(people))


class Told:
    """Identity that says when it was first asked."""

    def __init__(self, identity: Any) -> None:
        self._identity = identity
        self.is_asked = threading.Event()

    def place(self, session: Any, mentions: Any) -> Any:
        self.is_asked.set()
        return self._identity.place(session, mentions)

    def forget(self, session: Any, records: Any, *, replaced: bool = False) -> None:
        self._identity.forget(session, records, replaced=replaced)


def test_the_first_records_are_placed_while_the_last_lines_are_verified(
    intake: IntakeService, civil: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "CHUNK", 2)
    monkeypatch.setattr("hub.evidence.service.verifiers.LINES_AT_ONCE", 2)
    identity, verifiers = Told(intake.identity), Verifiers(1)
    verified, waited = verifiers._verified, []

    def last_of_all(lines: list[RawLine], *how: Any) -> bytes:
        if lines[-1].number == 9:
            waited.append(identity.is_asked.wait(20))
        return verified(lines, *how)

    monkeypatch.setattr(verifiers, "_verified", last_of_all)
    whole = replace(intake, identity=identity, verifiers=verifiers)
    try:
        assert pushed(whole, civil, [civil.line(f"r{number}", ZHANG) for number in range(8)]).accepted == 8
    finally:
        verifiers.close()
    assert waited == [True]


def test_nothing_is_placed_of_a_batch_whose_digest_is_another(intake: IntakeService, civil: Department) -> None:
    identity, verifiers = Told(intake.identity), Verifiers(1)
    whole = replace(intake, identity=identity, verifiers=verifiers)
    changed = civil.batch([civil.line(f"r{number}", ZHANG) for number in range(8)]) + b"\n"
    try:
        with pytest.raises(Malformed, match=r"digest-differs"):
            whole.accept("civil_affairs", cut(changed))
    finally:
        verifiers.close()
    assert not identity.is_asked.is_set()
