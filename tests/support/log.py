"""A log on a database, sequenced by hand or by its own threads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.audit.lastsigned import SignedFile
from hub.audit.model import Entry
from hub.audit.parts import LogParts
from hub.audit.rules import chain_link
from hub.audit.sequencer import Sequencer, Turn
from hub.audit.service import Log
from hub.audit.store import AuditStore
from hub.kernel.clock import FixedClock
from hub.proof.keys import generate_signer
from hub.proof.note import NoteSigner
from hub.proof.policy import LogPolicy
from hub.storage.database import Database

ORIGIN = "hub.example/log"


def entry(number: int = 0) -> Entry:
    """An entry that says nothing."""
    return Entry("exchange", {"outcome": "released", "number": number})


@dataclass
class House:
    """One database, one store of signed checkpoints, any number of nodes."""

    database: Database
    folder: Path
    signer: NoteSigner = field(default_factory=lambda: NoteSigner(ORIGIN, generate_signer()))
    clock: FixedClock = field(default_factory=lambda: FixedClock(datetime(2026, 3, 1, tzinfo=UTC)))

    @property
    def signed(self) -> SignedFile:
        return SignedFile(self.folder / "last-signed")

    @property
    def policy(self) -> LogPolicy:
        return LogPolicy((self.signer.verifier,))

    def sequencer(self, step: Callable[[str], None] = lambda _name: None, max_batch: int = 1_000) -> Sequencer:
        return Sequencer(
            self.database, self.signer, signed=self.signed, clock=self.clock, step=step, max_batch=max_batch
        )

    def append(self, *entries: Entry) -> list[str]:
        with self.database.writing() as session:
            store = AuditStore(session)
            return [store.append(each) for each in entries]

    def grow(self, count: int) -> list[Entry]:
        """``count`` entries in the log, signed and published."""
        entries = [entry(number) for number in range(count)]
        self.append(*entries)
        self.sequence()
        return entries

    def sequence(self) -> list[Turn]:
        sequencer = self.sequencer()
        turns = []
        while (turn := sequencer.turn()) is not None:
            turns.append(turn)
        return turns

    def log(self, **parts: object) -> Log:
        return Log(self.database, LogParts(self.signer, self.signed, self.clock, **parts))  # type: ignore[arg-type]


def out_of_chain(lines: Sequence[tuple[bytes, dict[str, Any], bytes]]) -> list[int]:
    """The counters missing or out of place among a subject's lines, given as (leaf, entry, salt), oldest first."""
    wrong, previous = [], b""
    for expected, (leaf, told, salt) in enumerate(lines, start=1):
        if (told["n"], told["prev"]) != (expected, chain_link(salt, previous)):
            wrong.append(expected)
        previous = leaf
    return wrong
