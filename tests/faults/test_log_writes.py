"""Every write of the log fails once: not kept, or kept with the answer lost; then the caller tries again.

| the write                         | failed and not kept   | failed but kept            |
|-----------------------------------|-----------------------|----------------------------|
| the fact and its queued entry     | before its commit     | after its commit           |
| a crowd's entries                 | before their commit   | after their commit         |
| the turn: entries, tiles, head    | before its commit     | after its commit           |
| the store of signed checkpoints   | before it is flushed  | after it is flushed        |
| the published checkpoint          | before its commit     | after its commit           |

Retry: the same entries again (the caller saw no answer), or other ones; by the same node, or by another.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from psycopg import Cursor
from sqlmodel import Session

from hub.audit.lastsigned import SLOT_BYTES, SignedFile
from hub.audit.model import Entry
from hub.audit.readers import DatabaseReader
from hub.audit.sequencer import Sequencer
from hub.audit.store import queue_all
from hub.audit.verify import verify_log
from hub.errors import Unavailable
from hub.proof.checkpoint import Checkpoint, parse_checkpoint
from hub.storage.database import Database
from tests.support.log import ORIGIN, House, entry

RETRIES = ("same entries", "other entries")
NODES = ("same node", "other node")


class FaultyDatabase(Database):
    """Fails at one transaction, before or after its commit: the n-th written, or the n-th of a single statement."""

    def __init__(self, url: str, *, failing: tuple[str, int], is_kept: bool) -> None:
        super().__init__(url)
        self._made = {"writing": itertools.count(1), "looking": itertools.count(1)}
        self._failing = failing
        self._is_kept = is_kept

    def _is_failing(self, kind: str) -> bool:
        return (kind, next(self._made[kind])) == self._failing

    @contextmanager
    def writing(self) -> Iterator[Session]:
        is_failing = self._is_failing("writing")
        with super().writing() as session:
            yield session
            if is_failing and not self._is_kept:
                raise Unavailable("test.fault", "The commit was refused.")
        if is_failing:
            raise Unavailable("test.fault", "The answer to the commit was lost.")

    @contextmanager
    def looking(self) -> Iterator[Cursor[Any]]:
        is_failing = self._is_failing("looking")
        if is_failing and not self._is_kept:
            raise Unavailable("test.fault", "The statement did not arrive.")
        with super().looking() as cursor:
            yield cursor
        if is_failing:
            raise Unavailable("test.fault", "The answer to the statement was lost.")


class FaultyFile(SignedFile):
    """Fails at its first write: what lies in the slot is torn, or all there."""

    def __init__(self, path: Path, *, is_kept: bool) -> None:
        super().__init__(path)
        self._path = path
        self._is_kept = is_kept
        self._has_failed = False

    def _write(self, slot: int, checkpoint: Checkpoint) -> None:
        super()._write(slot, checkpoint)
        if self._has_failed:
            return
        self._has_failed = True
        if not self._is_kept:
            content = bytearray(self._path.read_bytes())
            content[slot * SLOT_BYTES + 70 : slot * SLOT_BYTES + 600] = b"\0" * 530
            self._path.write_bytes(content)
        raise OSError(5, "Input/output error")


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    already: int
    write: str
    is_kept: bool
    retry: str
    node: str

    def __str__(self) -> str:
        kept = "failed but kept" if self.is_kept else "failed and not kept"
        return f"{self.already} before, {self.write} {kept}, {self.retry}, {self.node}"


FAILING = {
    "queue": ("writing", 1),
    "crowd": ("looking", 1),
    "turn": ("writing", 2),
    "signed": ("", 0),
    "published": ("looking", 1),
}
CASES = [Case(*each) for each in itertools.product((0, 3, 255), FAILING, (False, True), RETRIES, NODES)]


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


def attempt(house: House, case: Case, database: Database, sequencer: Sequencer, entries: list[Entry]) -> None:
    if case.write == "crowd":
        queue_all(database, entries)
    else:
        House(database, house.folder, house.signer, house.clock).append(*entries)
    sequencer.turn()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_is_lost_doubled_or_forked(house: House, database_url: str, case: Case) -> None:
    before = house.grow(case.already) if case.already else []
    faulty = FaultyDatabase(database_url, failing=FAILING[case.write], is_kept=case.is_kept)
    signed = FaultyFile(house.folder / "last-signed", is_kept=case.is_kept) if case.write == "signed" else house.signed
    sequencer = Sequencer(faulty, house.signer, signed=signed, clock=house.clock)
    first = [entry(1), entry(2)]

    with pytest.raises((Unavailable, OSError)):
        attempt(house, case, faulty, sequencer, first)

    again = first if case.retry == "same entries" else [entry(3)]
    house.append(*again)
    later = sequencer if case.node == "same node" else house.sequencer()
    while later.turn() is not None:
        continue
    house.sequence()

    expected = {each.entry_id for each in before + again}
    if case.write not in {"queue", "crowd"} or case.is_kept:
        expected |= {each.entry_id for each in first}
    verified = verify_log(DatabaseReader(house.database, ORIGIN), house.policy)
    assert verified.is_sound, verified.lines()
    assert verified.size == len(expected)
    log = house.log()
    assert sorted(log.prove(entry_id).index for entry_id in expected) == list(range(len(expected)))
    assert house.signed.last() == parse_checkpoint(log.checkpoint())[1]
    faulty.close()


STEPS = ("placed", "head moved", "committed", "kept as signed", "published")


class CrashedError(BaseException):
    """The node is gone at this step: nothing after it is done, nothing before it undone."""


@pytest.mark.parametrize("retry", RETRIES)
@pytest.mark.parametrize("step", STEPS)
def test_a_node_that_dies_between_two_steps_leaves_one_log(house: House, step: str, retry: str) -> None:
    before = house.grow(3)

    def crash(name: str) -> None:
        if name == step:
            raise CrashedError

    first = [entry(1), entry(2)]
    house.append(*first)
    with pytest.raises(CrashedError):
        house.sequencer(crash).turn()

    again = first if retry == "same entries" else [entry(3)]
    house.append(*again)
    house.sequence()

    expected = {each.entry_id for each in [*before, *first, *again]}
    verified = verify_log(DatabaseReader(house.database, ORIGIN), house.policy)
    assert verified.is_sound, verified.lines()
    assert sorted(house.log().prove(entry_id).index for entry_id in expected) == list(range(verified.size))
    assert house.signed.last() == parse_checkpoint(house.log().checkpoint())[1]
