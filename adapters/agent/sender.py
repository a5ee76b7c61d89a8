"""Sends the batches of one export: after the last one the hub kept, anew when another adapter was faster."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from adapters.agent.batch import Header, Issuer, Pending, Share, build
from adapters.agent.hub_client import Cursor, HubClient
from adapters.agent.model import ExportReport
from hub.errors import Conflict
from hub.kernel.clock import Clock

_TRIES: Final = 50
_LONGEST_WAIT: Final = 0.5
_CHAIN: Final = frozenset(("intake.sequence-gap", "intake.sequence-reused", "intake.chain-broken"))


@dataclass(frozen=True, slots=True)
class Department:
    """What every export of one run shares."""

    client: HubClient
    issuer: Issuer
    clock: Clock
    folder: Path


class Sender:
    """The chain of one registry as this run extends it, and what is live of one export."""

    def __init__(self, department: Department, export: str, vct: str, report: ExportReport) -> None:
        self._department = department
        self._export = export
        self._vct = vct
        self._report = report
        self._cursor: Cursor | None = None
        self._live: dict[str, str] | None = None
        self._told_read = 0

    def place(self) -> Any:
        """The cursor that the hub keeps of this export."""
        return self._after().cursors.get(self._export)

    @property
    def live(self) -> dict[str, str]:
        """Record → content of what is live at the hub; asked for when first needed."""
        if self._live is None:
            self._live = self._department.client.records(self._department.issuer.registry, self._export)
        return self._live

    @property
    def knows_live(self) -> bool:
        """True when what is live was asked for."""
        return self._live is not None

    def send(self, pending: Pending, prepare: Callable[[], Share], *, cursor: Any, is_full: bool) -> None:
        """What ``prepare`` shares out of ``pending`` is at the hub afterwards, however often others were faster.

        Raises:
            Conflict: others were faster fifty times, or the hub objects to something else.
        """
        retrying = Retrying(
            retry=retry_if_exception(_is_overtaken),
            wait=wait_random(0, _LONGEST_WAIT),
            stop=stop_after_attempt(_TRIES),
            reraise=True,
        )
        retrying(self._send, pending, prepare, cursor, is_full)

    def _send(self, pending: Pending, prepare: Callable[[], Share], cursor: Any, is_full: bool) -> None:  # noqa: FBT001 - retried as it is
        after = self._after()
        share = prepare()
        present = self._present(share) if is_full else None
        read = self._report.read - self._told_read
        header = Header(self._export, self._vct, "full" if is_full else "delta", present, cursor, read)
        batch = build(self._department.issuer, pending, share, header, after=after, now=self._department.clock.now())
        try:
            answer = self._department.client.push(self._department.issuer.registry, batch.manifest, batch.body)
        except Conflict:
            self._cursor = None
            if self._live is not None:
                self._live = None
            raise
        finally:
            batch.body.unlink(missing_ok=True)
        self._cursor = Cursor(after.sequence + 1, batch.digest, {**after.cursors, self._export: cursor})
        self._told_read = self._report.read
        self._count(answer)
        self._remember(pending, share, answer)

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

    def _remember(self, pending: Pending, share: Share, answer: Mapping[str, Any]) -> None:
        """What was sent is live; asked for anew when the hub put some of it aside."""
        taken = int(answer.get("accepted", 0)) + int(answer.get("unchanged", 0))
        if taken != len(share.records):
            self._live = None
        elif self._live is not None:
            contents = pending.contents()
            self._live.update({record: contents[record] for record in share.records})
            for record, _reason in share.withdrawals:
                self._live.pop(record, None)
        pending.forget(share)


def _is_overtaken(fault: BaseException) -> bool:
    return isinstance(fault, Conflict) and fault.code in _CHAIN
