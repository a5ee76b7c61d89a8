"""Two batches of one registry under way: the second arrives and is verified while the first is placed."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from hub.errors import Conflict, Unavailable
from hub.evidence.service import IntakeService, Verifiers
from hub.identity.model import Mention, Placement
from hub.storage.database import Database
from tests.evidence.conftest import ByNumber
from tests.evidence.pushing import Department
from tests.evidence.test_intake import LI, ZHANG

REGISTRY = "civil_affairs"
PATIENCE = 20


class Paused(ByNumber):
    """Identity that places nobody before it may."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.may = threading.Event(), threading.Event()

    def place(self, session: Session, mentions: Sequence[Mention]) -> list[Placement]:
        self.is_asked.set()
        assert self.may.wait(PATIENCE)
        return super().place(session, mentions)


def in_pieces(batch: bytes, arrived: threading.Event) -> Iterator[bytes]:
    """The batch; ``arrived`` is set when its last piece was asked for and more is wanted."""
    yield batch
    arrived.set()


def chained(civil: Department, *batches: list[Any]) -> list[bytes]:
    """Batches that follow each other, none of them pushed yet."""
    made = []
    for lines in batches:
        made.append(civil.batch(lines))
        civil.went_through(made[-1])
    return made


@pytest.mark.parametrize("processes", [0, 1])
def test_the_next_batch_arrives_while_the_one_before_is_placed(
    intake: IntakeService, civil: Department, processes: int
) -> None:
    identity, verifiers, arrived = Paused(), Verifiers(processes), threading.Event()
    whole = replace(intake, identity=identity, verifiers=verifiers)
    first, second = chained(civil, [civil.line("zhang", ZHANG)], [civil.line("li", LI)])
    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(whole.accept, REGISTRY, [first])
        assert identity.is_asked.wait(PATIENCE)
        two = threads.submit(whole.accept, REGISTRY, in_pieces(second, arrived))
        assert arrived.wait(PATIENCE)
        assert whole.cursor(REGISTRY).sequence == 0
        identity.may.set()
        assert (one.result(PATIENCE).accepted, two.result(PATIENCE).accepted) == (1, 1)
    verifiers.close()
    assert whole.cursor(REGISTRY).sequence == 2


def test_a_batch_before_its_turn_keeps_nothing_and_is_kept_when_it_comes_again(
    intake: IntakeService, civil: Department
) -> None:
    first, second, third = chained(civil, [civil.line("zhang", ZHANG)], [civil.line("li", LI)], [])
    arrived = threading.Event()
    with pytest.raises(Conflict, match=r"intake\.sequence-gap") as refusal:
        intake.accept(REGISTRY, in_pieces(second, arrived))
    assert arrived.is_set()
    assert refusal.value.facts["expected"] == 1
    assert [intake.accept(REGISTRY, [each]).sequence for each in (first, second, third)] == [1, 2, 3]


def test_nothing_is_read_of_a_batch_that_is_further_ahead(intake: IntakeService, civil: Department) -> None:
    _, _, third = chained(civil, [], [], [civil.line("li", LI)])
    head, _, body = third.partition(b"\n")

    def pieces() -> Iterator[bytes]:
        yield head + b"\n"
        raise AssertionError(body)

    with pytest.raises(Conflict, match=r"intake\.sequence-gap"):
        intake.accept(REGISTRY, pieces())


def test_a_sender_that_dawdles_does_not_hold_up_its_own_registry(intake: IntakeService, civil: Department) -> None:
    slow, quick = civil.batch([civil.line("zhang", ZHANG)]), civil.batch([civil.line("li", LI)])
    answers = []

    def dawdling() -> Iterator[bytes]:
        yield slow[:-30]
        answers.append(intake.accept(REGISTRY, [quick]))
        yield slow[-30:]

    with pytest.raises(Conflict, match=r"intake\.sequence-reused"):
        intake.accept(REGISTRY, dawdling())
    assert answers[0].accepted == 1


def test_one_batch_sent_twice_at_once_is_kept_once(intake: IntakeService, civil: Department) -> None:
    batch = civil.batch([civil.line("zhang", ZHANG)])
    answers = []

    def dawdling() -> Iterator[bytes]:
        yield batch[:-30]
        answers.append(intake.accept(REGISTRY, [batch]))
        yield batch[-30:]

    again = intake.accept(REGISTRY, dawdling())
    assert (answers[0].duplicate, again.duplicate) == (False, True)
    assert again == replace(answers[0], duplicate=True)


def test_a_batch_waits_so_long_for_the_one_before_it_and_no_longer(
    intake: IntakeService, civil: Department, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.evidence.store.batches.LOCK_SECONDS", 1)
    first, second = chained(civil, [civil.line("zhang", ZHANG)], [civil.line("li", LI)])
    intake.accept(REGISTRY, [first])
    with database.engine.begin() as other:
        other.execute(text("SELECT 1 FROM registry_state FOR UPDATE"))
        with pytest.raises(Unavailable, match=r"intake\.registry-busy") as refusal:
            intake.accept(REGISTRY, [second])
    assert refusal.value.facts["registry"] == REGISTRY
    assert intake.accept(REGISTRY, [second]).accepted == 1
