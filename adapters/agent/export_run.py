"""One export in one run: its rows read, compared with what is live at the hub, and pushed in batches."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from adapters.agent.batch import Pending, Share, Waiting
from adapters.agent.joining import joined
from adapters.agent.model import ExportReport, Progress, Tell
from adapters.agent.places import Places
from adapters.agent.references import LINES_PER_BATCH, References
from adapters.agent.rows import Aside, Outcome, Prepared, RowReader
from adapters.agent.sender import Department, Sender
from adapters.mapping.model import Export
from adapters.mapping.model import Mapping as RegistryMapping
from adapters.schemas import evidence_type_identifier
from adapters.sources.model import Skipped, SourceTable
from adapters.standard.people import add_flag
from hub.errors import Refused, Unavailable

_TELL_EVERY: Final = 500
_MOST_NAMED: Final = 200
_MANY_MISSING: Final = 20
"""So few records may go at once from any registry."""
_WORTH_ASKING: Final = 1000
"""From so many records on it pays to ask the hub what is live before signing them."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run goes about it."""

    tell: Tell | None = None
    since: str | None = None
    allow_empty: bool = False
    allow_shrink: bool = False
    new_names: bool = False
    heartbeat: bool = True
    is_whole: bool = True
    """False when a part of the source could not be read: what is not there may stand in it."""


class ExportRun:
    """Pushes one export of one source."""

    def __init__(
        self,
        department: Department,
        references: References,
        mapping: RegistryMapping,
        export: Export,
        manner: Manner,
    ) -> None:
        self._department = department
        self._references = references
        self._mapping = mapping
        self._export = export
        self._manner = manner
        self.report = ExportReport(export.name)
        self._sender = Sender(department, export.name, evidence_type_identifier(export.evidence), self.report)
        self._places = Places(self._sender.place(), mapping.digest, references.names(export.name, export.key))
        self._keys: dict[str, int] = {}
        self._seen: set[str] = set()
        self._unusable: set[str] = set()
        self._started = time.monotonic()

    def push(self, tables: Sequence[SourceTable]) -> ExportReport:
        """Everything that the tables hold is at the hub afterwards.

        Raises:
            Refused: ``adapters.other-names``: the hub holds the records under other names;
                ``adapters.empty-snapshot``: a full export without a record would withdraw everything.
            Unavailable: source or hub stayed away.
        """
        self.report.tables = [table.name for table in tables]
        self.report.unknown_columns = sorted({name for table in tables for name in table.recognised.unknown})[:100]
        self._require_names()
        if self._export.mode == "delta":
            self._push_delta(tables)
        elif self._export.snapshot:
            self._push_snapshots(tables, self._export.snapshot)
        else:
            self._push_full(tables)
        self._tell("push", done=True)
        self.report.seconds = time.monotonic() - self._started
        return self.report

    def _require_names(self) -> None:
        """Under other names every record would be held twice, and what ended would stay in force under the old one."""
        if not self._places.is_renamed or (self._manner.new_names and self._manner.since is None):
            return
        raise Refused(
            "adapters.other-names",
            f"The hub holds the records of {self._export.name} under names made with another record key, or of other"
            " key columns. Give the record key of the earlier runs with --record-key, or the mapping with its key"
            " columns. If they are lost, run once with --new-names and without --since: everything is read anew, and"
            " what the hub holds under the old names is withdrawn.",
            f"枢纽所存 {self._export.name} 的记录名由另一记录密钥或另一组键列生成。请用 --record-key 指定原记录密钥，"
            "或恢复映射文件中的键列；如已丢失，请以 --new-names 运行一次，勿带 --since：全部重读，旧名记录将被撤回。",
            export=self._export.name,
        )

    # --- everything in force ---------------------------------------------------------------------------------------

    def _push_full(self, tables: Sequence[SourceTable]) -> None:
        with Pending(self._department.folder) as pending:
            for outcome in self._outcomes(tables):
                self._take(outcome, pending)
                if pending.waiting_records >= LINES_PER_BATCH:
                    self._send_changes(pending)
            if self._manner.is_whole:
                self._finish_full(pending, {})
            else:
                self._send_rest(pending)

    def _send_rest(self, pending: Pending) -> None:
        """What is new or changed is at the hub; nothing is withdrawn, and what could not be used waits."""
        self._sender.settle()
        self.report.unchanged += pending.drop_known(self._sender.live)
        if pending.waiting_records:
            self._send_changes(pending)
            self._sender.settle()

    def _push_snapshots(self, tables: Sequence[SourceTable], name: str) -> None:
        """One snapshot after the other, the oldest first; those before the one in force are history already told."""
        with ExitStack() as open_:
            snapshots: dict[str, Pending] = {}
            asides = open_.enter_context(Pending(self._department.folder))
            keys: dict[str, list[tuple[str, ...]]] = {}
            for outcome in self._outcomes(tables):
                period = str(outcome.claims[name]) if isinstance(outcome, Prepared) else ""
                if period and period < self._places.snapshot:
                    self._skip(Skipped(0, "period-before-the-one-in-force"))
                    continue
                if period and period not in snapshots:
                    snapshots[period] = open_.enter_context(Pending(self._department.folder))
                self._take(outcome, snapshots[period] if period else asides)
                if isinstance(outcome, Prepared):
                    keys.setdefault(period, []).append(outcome.key)
            if not snapshots:
                snapshots[self._places.snapshot] = open_.enter_context(Pending(self._department.folder))
            periods = sorted(snapshots)
            snapshots[periods[-1]].asides = asides.asides
            for period in periods:
                self._seen = self._unusable | set(snapshots[period].contents())
                self._push_snapshot(period, snapshots[period], keys.get(period, []))

    def _push_snapshot(self, period: str, pending: Pending, keys: Sequence[tuple[str, ...]]) -> None:
        before = self._places.snapshot
        renewed = {self._references.record(self._export.name, self._renamed(key, period, before)) for key in keys}
        self._places.snapshot = period
        self._finish_full(pending, dict.fromkeys(renewed, "superseded") if before != period else {})

    def _renamed(self, key: tuple[str, ...], period: str, before: str) -> tuple[str, ...]:
        """The key that the same record had in the period before."""
        place = self._export.key.index(f"claim:{self._export.snapshot}")
        return (*key[:place], before if key[place] == period else key[place], *key[place + 1 :])

    def _finish_full(self, pending: Pending, reasons: dict[str, str]) -> None:
        """The last batches of a full export; the very last says what is gone and what could not be used."""

        def settle() -> int:
            self._sender.settle()
            self.report.unchanged += pending.drop_known(self._sender.live)
            missing = [record for record in self._sender.live if record not in self._seen]
            self._require_something([record for record in missing if record not in reasons])
            pending.withdrawals = [(record, reasons.get(record, "gone")) for record in missing]
            return pending.waiting_records + len(missing)

        def last_share() -> Share:
            settle()
            return pending.share(LINES_PER_BATCH, with_asides=True)

        while settle() > LINES_PER_BATCH:
            self._send_changes(pending)
        self._places.keep_names()
        if self._manner.heartbeat or pending.waiting_records or pending.withdrawals or pending.asides:
            self._sender.send(pending, last_share, cursor=self._places.to_json(), is_full=True)
            self._sender.settle()

    def _require_something(self, missing: Sequence[str]) -> None:
        if missing and not self._seen and not self._manner.allow_empty:
            raise Refused(
                "adapters.empty-snapshot",
                f"The source holds no usable record of {self._export.name} and the hub holds {len(missing)}; if the"
                " registry really is empty, allow it for one run with --allow-empty.",
                f"数据源中没有 {self._export.name} 的可用记录，而枢纽现有 {len(missing)} 条；如登记库确为空，"
                "请以 --allow-empty 允许本次运行。",
                live=len(missing),
            )
        self._require_size(len(missing))

    def _require_size(self, missing: int) -> None:
        """Half a registry does not end in a day: such an export was cut short, lacks a key column, or is another."""
        live = len(self._sender.live)
        left = len(self._seen) if self._places.is_renamed else live - missing
        if missing < _MANY_MISSING or left * 2 >= live or not self._seen or self._manner.allow_shrink:
            return
        raise Refused(
            "adapters.shrunken-snapshot",
            f"Of the {live} records of {self._export.name} that the hub holds, the source holds {left}; {missing} would"
            f" be withdrawn. Look whether the export is whole and has its key columns ({', '.join(self._export.key)})"
            " under names that the mapping knows; if it does, allow it for one run with --allow-shrink.",
            f"枢纽现有 {live} 条记录，数据源中仅有其中 {left} 条，将撤回 {missing} 条。请核对导出是否完整、键列"
            f"（{'、'.join(self._export.key)}）是否存在且列名为映射所识；如确属实，请以 --allow-shrink 允许本次运行。",
            live=live,
            left=left,
            missing=missing,
        )

    # --- what changed ----------------------------------------------------------------------------------------------

    def _push_delta(self, tables: Sequence[SourceTable]) -> None:
        with Pending(self._department.folder) as pending:
            for table in tables:
                if self._places.is_read(table.digest):
                    self._skip(Skipped(0, "file-read-before"))
                    continue
                self._keys.clear()
                try:
                    self._read_table(table, pending)
                except Unavailable as fault:
                    self._keep_what_came(pending, fault)
                    raise
            if self._places.is_renamed and self._manner.is_whole:
                self._finish_full(pending, {})
                return
            if self._manner.heartbeat or pending.waiting_records or pending.asides:
                self._send_changes(pending)
            self._sender.settle()

    def _keep_what_came(self, pending: Pending, fault: Unavailable) -> None:
        """What a source gave before it failed is at the hub; where to go on stays, so that it is asked again."""
        if not fault.code.startswith("adapters.source"):
            return
        if pending.waiting_records or pending.asides:
            self._send_changes(pending)
        self._sender.settle()

    def _read_table(self, table: SourceTable, pending: Pending) -> None:
        now = self._department.clock.now()
        since = (self._manner.since or self._places.since(table.name, now)) if table.reads_on else None
        newest = ""
        for outcome in self._of_table(table, since):
            self._take(outcome, pending)
            if isinstance(outcome, Prepared) and outcome.updated > newest:
                newest = outcome.updated
            if pending.waiting_records >= LINES_PER_BATCH:
                if newest:
                    self._places.keep_second(table.name, newest, now)
                self._send_changes(pending)
        if table.digest:
            self._places.keep_file(table.digest)
        elif newest:
            self._places.keep_second(table.name, newest, now)

    def _send_changes(self, pending: Pending) -> None:
        """One batch of changes, without what the hub has already; of a snapshot without a change none."""
        is_delta = self._export.mode == "delta"

        def share() -> Share:
            if self._sender.knows_live or pending.waiting_records >= _WORTH_ASKING or not is_delta:
                self.report.unchanged += pending.drop_known(self._sender.live)
            return pending.share(LINES_PER_BATCH, with_asides=is_delta)

        if is_delta or share():
            self._sender.send(pending, share, cursor=self._places.to_json(), is_full=False)
        else:
            self._sender.settle()  # nothing is under way then that may have to wait again
            pending.forget(pending.take(Share((), (), ())))
        self._tell("push", done=True)

    # --- rows ------------------------------------------------------------------------------------------------------

    def _outcomes(self, tables: Sequence[SourceTable]) -> Iterator[Outcome]:
        if self._export.join:
            yield from joined(tables, self._mapping, self._export)
            return
        for table in tables:
            yield from self._of_table(table, None)

    def _of_table(self, table: SourceTable, since: str | None) -> Iterator[Outcome]:
        yield from RowReader(table, self._mapping).outcomes(since)

    def _take(self, outcome: Outcome, pending: Pending) -> None:
        if isinstance(outcome, Skipped):
            self._skip(outcome)
            return
        self.report.read += 1
        if isinstance(outcome, Aside):
            self._put_aside(outcome, pending)
        else:
            self._prepare(outcome, pending)
        if self.report.read % _TELL_EVERY == 0:
            self._tell("read")

    def _skip(self, skipped: Skipped) -> None:
        self.report.skipped[skipped.kind] += 1

    def _put_aside(self, aside: Aside, pending: Pending) -> None:
        self.report.unusable += 1
        self.report.reasons[aside.reason["code"]] += 1
        if len(self.report.unusable_rows) < _MOST_NAMED:
            self.report.unusable_rows.append({"table": aside.table, "row": aside.row, **aside.reason})
        record = self._references.record(self._export.name, aside.key) if aside.key else None
        if record:
            self._seen.add(record)
            self._unusable.add(record)
        pending.put_aside(aside, record)

    def _prepare(self, prepared: Prepared, pending: Pending) -> None:
        record = self._references.record(self._export.name, prepared.key)
        occurrence = 0 if prepared.corrects else self._keys.get(record, 0)
        self._keys[record] = occurrence + 1
        if occurrence:
            record = self._references.record(self._export.name, prepared.key, occurrence)
            self.report.duplicates += 1
            self.report.duplicate_rows = [*self.report.duplicate_rows, prepared.row][:_MOST_NAMED]
            add_flag(prepared.claims, "duplicate-key")
        self.report.findings.update(prepared.claims.get("quality", ()))
        self._seen.add(record)
        waiting = Waiting(record, self._references.content(prepared.claims), prepared.row, prepared.claims)
        if pending.add(waiting):
            self.report.corrected += 1
        else:
            self.report.prepared += 1

    def _tell(self, stage: str, *, done: bool = False) -> None:
        if self._manner.tell is None:
            return
        seconds = max(time.monotonic() - self._started, 1e-6)
        rows = self.report.read
        known = "push" if stage == "push" or done else "read"
        self._manner.tell(
            Progress(self._mapping.registry, self._export.name, known, rows, rows / seconds)  # type: ignore[arg-type]
        )
