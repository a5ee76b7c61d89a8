"""The log 审计日志 as the rest of the hub sees it: receipts, checkpoints, tiles, proofs."""

import threading
import time
from collections.abc import Iterable, Sequence
from typing import Final

from sqlmodel import Session

from hub.audit import refusals
from hub.audit.adoption import adopt
from hub.audit.appending import Appender, Brought
from hub.audit.attesting import Attesting
from hub.audit.model import Entry, PlacedEntry, Published, Receipt
from hub.audit.newest import NewestTree
from hub.audit.parts import LogParts
from hub.audit.reopening import Reopened, reopen
from hub.audit.sequencer import MAX_BATCH, Sequencer
from hub.audit.store import HEAD_CHANNEL, QUEUE_CHANNEL, Bell, Election, LogStore, ring
from hub.audit.tilestore import DatabaseTiles
from hub.audit.waiting import Slot, Waiters, Waiting, no_receipt_yet
from hub.errors import Broken, HubError, Malformed, Missing, Unavailable
from hub.proof.checkpoint import Checkpoint
from hub.proof.merkle import inclusion_proof
from hub.proof.tiles import parse_tile_path, tile_width
from hub.storage.database import Database

POLL_SECONDS: Final = 0.25
ELECTION_SECONDS: Final = 0.5
LIVENESS_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 0.5
FOLLOW_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.2
GATHER_SECONDS: Final = 0.005
"""After a turn or a ring, so that a crowd shares the next one; who comes after a while of silence does not wait."""


class Log:
    """One log on one node. Nodes share the database; one of them sequences, all of them answer."""

    def __init__(self, database: Database, parts: LogParts) -> None:
        self._database = database
        self._parts = parts
        self.origin = parts.signer.verifier.name
        self._sequencer = Sequencer(database, parts.signer, signed=parts.signed, clock=parts.clock)
        self._election = Election(database, self.origin)
        self._tiles = DatabaseTiles(database, self.origin)
        self._newest = NewestTree(database, self.origin, self._tiles)
        self._attesting = Attesting(database, self._tiles, parts)
        self.waiters = Waiters()
        self._wake = threading.Event()
        self._appender = Appender(database, self.waiters, wake=self._wake.set)
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._next_election = 0.0
        self._next_follow = 0.0
        self.fault: HubError | None = None
        self._estranged: HubError | None = None

    # --- life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The node takes part in the election and answers those who wait."""
        self._stopped.clear()
        names = {"log-sequencer": self._work, "log-bell": self._listen, "log-appender": self._appender.run}
        if self._parts.collector is not None:
            names["log-witnesses"] = self._collect
        self._threads = [threading.Thread(target=target, name=name, daemon=True) for name, target in names.items()]
        self._appender.open()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """The node sequences no more; another one may."""
        self._appender.close()
        self._stopped.set()
        self._wake.set()
        for thread in self._threads:
            thread.join()
        self._threads = []
        if self._parts.collector is not None:
            self._parts.collector.close()
        self._election.leave()

    @property
    def is_sequencing(self) -> bool:
        """True while this node is the elected one."""
        return self._election.is_won

    def _work(self) -> None:
        while not self._stopped.is_set():
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()
            try:
                self._serve()
            except HubError as fault:
                self._fail(fault)
            except Exception as fault:  # noqa: BLE001 - the thread outlives whatever a library raises
                self._fail(refusals.met(fault))
            else:
                self.fault = None
                continue
            self._stopped.wait(RETRY_SECONDS)

    def _serve(self) -> None:
        while self._is_elected() and not self._stopped.is_set():
            turn = self._sequencer.turn()
            if turn is None:
                break
            self._newest.take(turn)
            self.waiters.answer_from(self._newest.receipts_of)
            if len(turn.entry_ids) == MAX_BATCH:
                continue
            self._stopped.wait(GATHER_SECONDS)
            if not self._wake.is_set():
                break
            self._wake.clear()
        self._follow()
        if self.waiters and not self.is_sequencing:
            self._newest.known()
        self.waiters.answer_from(self._newest.receipts_of)
        if self.waiters and not self.is_sequencing:
            ring(self._database, QUEUE_CHANNEL)
            self._stopped.wait(GATHER_SECONDS)

    def _follow(self) -> None:
        now = time.monotonic()
        if not self.is_sequencing and now >= self._next_follow:
            self._next_follow = now + FOLLOW_SECONDS
            self._estranged = self._sequencer.estranged()

    def _is_elected(self) -> bool:
        now = time.monotonic()
        if now < self._next_election:
            return self._election.is_won
        was_won, won = self._election.is_won, self._election.stand()
        if won and (self._attesting.denial or not was_won):
            self._check_witnesses()
        self._next_election = now + (LIVENESS_SECONDS if won else ELECTION_SECONDS)
        return won

    def _check_witnesses(self) -> None:
        """A whole machine restored from a backup shows here: the witnesses remember more than database and file do."""
        self._attesting.ask()
        if self._attesting.denial is not None:
            self._election.leave()
            raise self._attesting.denial

    def adopt(self, brought: Sequence[Checkpoint] = (), *, is_alone: bool = False) -> Checkpoint:
        """This node, which has signed nothing yet, signs on from what was published (``hub.audit.adoption``)."""
        return adopt(
            self._database,
            self._parts.signer.verifier,
            self._parts.signed,
            collector=self._parts.collector,
            brought=brought,
            is_alone=is_alone,
        )

    def reopen(self, session: Session) -> Reopened:
        """What another log left in the database is this one's once that commits (``hub.audit.reopening``)."""
        return reopen(self._database, session, self.origin, self._parts.signed)

    def _fail(self, fault: HubError) -> None:
        """Another node may be able to go on. Who waits hears only of what does not pass by itself."""
        self.fault = fault
        if fault.code == "audit.signed-elsewhere":
            return
        self._election.leave()
        if not isinstance(fault, Unavailable):
            for entry_id in self.waiters.awaited():
                self.waiters.answer(entry_id, None, fault)

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                bell = Bell(self._database, QUEUE_CHANNEL, HEAD_CHANNEL)
            except HubError:
                self._stopped.wait(RETRY_SECONDS)
                continue
            try:
                while not self._stopped.is_set():
                    for channel in bell.heard(POLL_SECONDS):
                        self._hear(channel)
            except Unavailable:
                self._stopped.wait(RETRY_SECONDS)
            finally:
                bell.close()

    def _hear(self, channel: str) -> None:
        if channel == HEAD_CHANNEL:
            self._newest.distrust()
        if self.is_sequencing is (channel == QUEUE_CHANNEL):
            self._wake.set()

    # --- receipts ------------------------------------------------------------------------------------------------

    def receipt_for(self, entry_id: str, within_seconds: float) -> Receipt:
        """The receipt of an entry whose transaction has committed, once the log holds it.

        Raises:
            Unavailable: not within the time; the entry stays queued and the receipt can be fetched later.
            Broken: the log refuses to sign; an operator must look.
        """
        slot = self.waiters.join(entry_id)
        self._wake.set()
        return self._awaited(entry_id, slot, within_seconds)

    def append(self, entry: Entry, within_seconds: float) -> Receipt:
        """The receipt of an entry that tells of no fact kept elsewhere; it shares its commit with those of others.

        Raises:
            Unavailable: the database is away, or no receipt came within the time; the same entry again is safe.
            Conflict: an entry of this id says something else already.
            Broken: claims that are not codes; or the log refuses to sign.
        """
        slot = Slot()
        self.bring(entry, slot)
        return self._awaited(entry.entry_id, slot, within_seconds)

    def bring(self, entry: Entry, slot: Waiting) -> None:
        """As ``append``, without a thread that waits: ``slot`` is answered with the receipt or a fault.

        A notice may be lost, and an entry that the log has held for long gives none: look, too (``found_receipt``).

        Raises:
            Broken: claims that are not codes.
        """
        entry.content()  # what is wrong with it is no one else's trouble
        self._appender.bring(Brought(entry, slot))

    def _awaited(self, entry_id: str, slot: Slot, within_seconds: float) -> Receipt:
        end, pause = time.monotonic() + within_seconds, LOOK_SECONDS
        while not slot.wait(max(0.0, min(pause, end - time.monotonic()))):
            found = self.found_receipt(entry_id)
            if found is not None or time.monotonic() >= end:
                self.waiters.leave(entry_id, slot)
                return found or no_receipt_yet()
            pause = min(2 * pause, 1.0)
        if slot.receipt is None:
            raise slot.fault or Broken("audit.no-receipt", "The log gave no receipt.", "日志未给出回执。")
        return slot.receipt

    def await_receipt(self, entry_id: str, slot: Waiting) -> None:
        """``slot`` is answered when the log holds the entry; a notice may be lost, so look, too (``found_receipt``)."""
        self.waiters.stand(entry_id, slot)
        self._wake.set()

    def found_receipt(self, entry_id: str) -> Receipt | None:
        """What the log holds already, however long ago it was sequenced, and whichever notice was lost."""
        try:
            return self.prove(entry_id)
        except (Missing, Unavailable):
            return None

    def prove(self, entry: str | int, *, is_witnessed: bool = False) -> Receipt:
        """The receipt of the entry with that id or index, under the newest checkpoint (or the newest with a quorum).

        Raises:
            Missing: the log holds no such entry (under such a checkpoint).
        """
        known = self._newest.known()
        if known is None:
            raise refusals.no_checkpoint()
        proofs = known.witnessed if is_witnessed else known.newest
        index = entry if isinstance(entry, int) else self._index_of(entry)
        if proofs is None or not 0 <= index < proofs.size:
            raise refusals.no_entry()
        return proofs.receipt(index)

    def _index_of(self, entry_id: str) -> int:
        index = self._newest.index_of(entry_id)
        if index is None:
            with self._database.reading() as session:
                index = LogStore(session, self.origin).indexes([entry_id]).get(entry_id, -1)
        return index

    def placed(self, entry_ids: Sequence[str], size: int) -> list[PlacedEntry]:
        """Those of the entries that the tree of ``size`` holds, in its order, each with its path to the root."""
        with self._database.reading() as session:
            store = LogStore(session, self.origin)
            indexes = sorted(index for index in store.indexes(entry_ids).values() if index < size)
            found = [entry for index in indexes for entry in store.entries(index, index + 1)]
        tree = self._tiles.subtree(size)
        return [
            PlacedEntry(each.entry_id, each.at, each.content, tuple(inclusion_proof(tree, each.at, size)))
            for each in found
        ]

    def entry_at(self, index: int) -> bytes:
        """The bytes of the entry at ``index``.

        Raises:
            Missing: the log holds no such entry.
        """
        with self._database.reading() as session:
            found = LogStore(session, self.origin).entries(index, index + 1)
        if not found:
            raise refusals.no_entry()
        return found[0].content

    # --- serving -------------------------------------------------------------------------------------------------

    def _published(self) -> Published:
        with self._database.reading() as session:
            published = LogStore(session, self.origin).published()
        if published is None:
            raise refusals.no_checkpoint()
        return published

    def checkpoint(self, *, is_witnessed: bool = False) -> str:
        """The newest checkpoint as a signed note (or the newest that the quorum of witnesses cosigned).

        Raises:
            Missing: there is none yet.
        """
        published = self._published()
        if not is_witnessed:
            return published.note
        if published.witnessed_note is None:
            raise refusals.no_quorum()
        return published.witnessed_note

    def tile(self, path: str) -> bytes:
        """The tile or entry bundle at ``tile/…`` (C2SP tlog-tiles).

        Raises:
            Missing: the path names none that the newest checkpoint covers.
        """
        try:
            tile = parse_tile_path(path)
        except Malformed:
            raise refusals.no_tile() from None
        if tile.width > tile_width(tile.level or 0, tile.index, self._published().size):
            raise refusals.no_tile()
        return (
            self._tiles.bundle(tile) if tile.level is None else self._tiles.hashes(tile.level, tile.index, tile.width)
        )

    # --- witnesses -----------------------------------------------------------------------------------------------

    def require_witnessed(self) -> None:
        """Returns when the log is witnessed recently enough for evidence to be released.

        Raises:
            Unavailable: ``audit.unwitnessed``.
        """
        self._attesting.require_witnessed()

    def witnesses(self) -> dict[str, str]:
        """What there is to say of witnesses, by name, as far as this node asks them."""
        return self._attesting.told()

    def _collect(self) -> None:
        collector = self._parts.collector
        while collector is not None and not self._stopped.is_set():
            try:
                if self.is_sequencing:
                    self._attesting.collect()
            except Exception as fault:  # noqa: BLE001 - the thread outlives whatever a library raises
                self._attesting.fault = fault if isinstance(fault, HubError) else refusals.met(fault)
            else:
                self._attesting.fault = None
            self._stopped.wait(collector.pause_seconds)

    def problems(self) -> Iterable[HubError]:
        """What keeps this node from releasing evidence, for readiness; each once, however often it was met."""
        met = filter(None, (None if self.is_sequencing else self._estranged, self.fault))
        yield from {fault.code: fault for fault in met}.values()
        try:
            self.require_witnessed()
        except Unavailable as fault:
            yield fault
