"""Sends the batches of one export: two under way while the next is made, anew when another adapter was faster."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from adapters.agent.batch import Batch, Header, Issuer, Pending, Share, Taken, build
from adapters.agent.hub_client import Cursor, HubClient
from adapters.agent.model import ExportReport
from hub.errors import Conflict
from hub.kernel.clock import Clock

_TRIES: Final = 50
_LONGEST_WAIT: Final = 0.5
_MOST_UNDER_WAY: Final = 2
_CHAIN: Final = frozenset(("intake.sequence-gap", "intake.sequence-reused", "intake.chain-broken"))


@dataclass(frozen=True, slots=True)
class Department:
    """What every export of one run shares."""

    client: HubClient
    issuer: Issuer
    clock: Clock
    folder: Path | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one batch is to hold: ``prepare`` shares it out of ``pending``, ``cursor`` says where the export then is."""

    pending: Pending
    prepare: Callable[[], Share]
    cursor: Any
    is_full: bool


@dataclass(frozen=True, slots=True)
class Made:
    """A parcel as a signed batch, and how many rows had been told of before it."""

    parcel: Parcel
    batch: Batch
    taken: Taken
    told_read: int


Push = Callable[[Made, Callable[[], None]], Mapping[str, Any]]
"""Pushes a batch, and tells when the last of it has left."""


class Delivery:
    """A batch on its way, on a thread of its own; the answer, or what went wrong, is had by waiting for it.

    It sets out when the one before it has left. Where it is there first all the same, it goes again once the other was
    kept.
    """

    def __init__(self, made: Made, push: Push, before: "Delivery | None" = None) -> None:
        self.made = made
        self._push = push
        self._before = before
        self._answer: Mapping[str, Any] = {}
        self._fault: BaseException | None = None
        self.has_left = threading.Event()
        self._thread = threading.Thread(target=self._deliver, name="delivery", daemon=True)
        self._thread.start()

    def answer(self) -> Mapping[str, Any]:
        """The hub's answer.

        Raises:
            Conflict, Unavailable, …: what the push raised.
        """
        self.join()
        if self._fault is not None:
            raise self._fault
        return self._answer

    def join(self) -> None:
        """Whatever became of it, it is no longer on its way."""
        self._thread.join()

    def _deliver(self) -> None:
        try:
            self._answer = self._pushed()
        except BaseException as fault:  # noqa: BLE001 - raised again where the answer is waited for
            self._fault = fault
        finally:
            self._before = None
            self.has_left.set()
            self.made.batch.body.close()

    def _pushed(self) -> Mapping[str, Any]:
        before = self._before
        if before is None:
            return self._push(self.made, self.has_left.set)
        before.has_left.wait()
        try:
            return self._push(self.made, self.has_left.set)
        except Conflict as fault:
            if not _is_overtaken(fault):
                raise
        before.answer()
        return self._push(self.made, self.has_left.set)


class Sender:
    """The chain of one registry as this run extends it, and what is live of one export.

    At most two batches are under way, so that the hub verifies one while it places the other. The next is made on the
    word that they will be kept; when they were not, because another adapter was faster, all are made anew in their
    order, each with its own cursor: what a cursor says is read is kept.
    """

    def __init__(self, department: Department, export: str, vct: str, report: ExportReport) -> None:
        self._department = department
        self._export = export
        self._vct = vct
        self._report = report
        self._cursor: Cursor | None = None
        self._live: dict[str, str] | None = None
        self._told_read = 0
        self._under_way: deque[Delivery] = deque()

    def place(self) -> Any:
        """The cursor that the hub keeps of this export."""
        return self._after().cursors.get(self._export)

    @property
    def live(self) -> dict[str, str]:
        """Record → content of what is live once everything under way is kept; the hub is asked when first needed."""
        if self._live is None:
            self._live = self._department.client.records(self._department.issuer.registry, self._export)
            for delivery in self._under_way:
                self._reckon_with(delivery.made.taken)
        return self._live

    @property
    def knows_live(self) -> bool:
        """True when what is live was asked for."""
        return self._live is not None

    def send(self, pending: Pending, prepare: Callable[[], Share], *, cursor: Any, is_full: bool) -> None:
        """What ``prepare`` shares out of ``pending`` is on its way to the hub; ``settle`` waits until it is there.

        Raises:
            Conflict, Unavailable, …: what became of the batch before, as ``settle`` tells it.
        """
        parcel = Parcel(pending, prepare, cursor, is_full)
        made = self._made(parcel)
        try:
            overtaken = self._overtaken(_MOST_UNDER_WAY - 1)
        except BaseException:
            made.batch.body.close()
            raise
        if overtaken:
            self._unmake(made)
            self._send_anew(overtaken)
            made = self._made(parcel)
        before = self._under_way[-1] if self._under_way else None
        self._under_way.append(Delivery(made, self._push, before))

    def settle(self) -> None:
        """Everything sent is at the hub, however often others were faster.

        Raises:
            Conflict: others were faster fifty times, or the hub objects to something else.
            Unavailable: the hub stayed away.
        """
        self._send_anew(self._overtaken(0))

    def _overtaken(self, left: int) -> list[Made]:
        """What another adapter overtook, in order, once no more than ``left`` are under way; mostly nothing."""
        while len(self._under_way) > left:
            delivery = self._under_way.popleft()
            try:
                self._keep(delivery.made, delivery.answer())
            except Conflict as fault:
                if not _is_overtaken(fault):
                    raise
                overtaken = [delivery, *self._under_way]
                self._under_way.clear()
                for each in overtaken:
                    each.join()
                return [each.made for each in overtaken]
        return []

    def _send_anew(self, overtaken: Sequence[Made]) -> None:
        """What overtaken batches held is at the hub, and nothing else of what waits."""
        for made in reversed(overtaken):
            self._unmake(made)
        for made in overtaken:
            self._send_again(_again(made))

    def _send_again(self, again: Parcel) -> None:
        def send() -> None:
            anew = self._made(again)
            try:
                self._keep(anew, Delivery(anew, self._push).answer())
            except Conflict:
                self._unmake(anew)
                raise

        retrying = Retrying(
            retry=retry_if_exception(_is_overtaken),
            wait=wait_random(0, _LONGEST_WAIT),
            stop=stop_after_attempt(_TRIES),
            reraise=True,
        )
        retrying(send)

    def _made(self, parcel: Parcel) -> Made:
        after = self._after()
        share = parcel.prepare()
        present = self._present(share) if parcel.is_full else None
        told, self._told_read = self._told_read, self._report.read
        mode = "full" if parcel.is_full else "delta"
        header = Header(self._export, self._vct, mode, present, parcel.cursor, self._told_read - told)
        issuer, now = self._department.issuer, self._department.clock.now()
        batch = build(issuer, parcel.pending, share, header, after=after, now=now)
        self._cursor = Cursor(after.sequence + 1, batch.digest, {**after.cursors, self._export: parcel.cursor})
        taken = parcel.pending.take(share)
        self._reckon_with(taken)
        return Made(parcel, batch, taken, told)

    def _unmake(self, made: Made) -> None:
        """The batch was never made: what it held waits again, and the hub is asked anew how far the chain has come."""
        made.batch.body.close()
        made.parcel.pending.restore(made.taken)
        self._told_read = made.told_read
        self._cursor = self._live = None

    def _push(self, made: Made, sent: Callable[[], None]) -> Mapping[str, Any]:
        registry = self._department.issuer.registry
        return self._department.client.push(registry, made.batch.manifest, made.batch.body, sent)

    def _keep(self, made: Made, answer: Mapping[str, Any]) -> None:
        self._count(answer)
        self._remember(made.taken, answer)
        made.parcel.pending.forget(made.taken)

    def _after(self) -> Cursor:
        if self._cursor is None:
            self._cursor = self._department.client.cursor(self._department.issuer.registry)
        return self._cursor

    def _present(self, share: Share) -> int:
        new = sum(1 for record in share.records if record not in self.live)
        return len(self.live) + new - len(share.withdrawals)

    def _count(self, answer: Mapping[str, Any]) -> None:
        report = self._report
        report.batches += 1
        for name in ("accepted", "unchanged", "withdrawn", "quarantined", "subjects_new", "links", "reviews"):
            setattr(report, name, getattr(report, name) + int(answer.get(name, 0)))

    def _reckon_with(self, taken: Taken) -> None:
        """What is on its way counts as live: a record met again is compared with what was sent last."""
        if self._live is not None:
            self._live.update({record: place[-1] for record, place in taken.places.items()})
            for record, _reason in taken.share.withdrawals:
                self._live.pop(record, None)

    def _remember(self, taken: Taken, answer: Mapping[str, Any]) -> None:
        """What is live is asked for anew when the hub put some of what was sent aside."""
        kept = int(answer.get("accepted", 0)) + int(answer.get("unchanged", 0))
        if kept != len(taken.places):
            self._live = None


def _again(made: Made) -> Parcel:
    """The same parcel, whatever else waits by now."""
    parcel, before = made.parcel, frozenset(made.taken.share.records)

    def prepare() -> Share:
        share = parcel.prepare()
        return Share([record for record in share.records if record in before], share.withdrawals, share.asides)

    return Parcel(parcel.pending, prepare, parcel.cursor, parcel.is_full)


def _is_overtaken(fault: BaseException) -> bool:
    return isinstance(fault, Conflict) and fault.code in _CHAIN
