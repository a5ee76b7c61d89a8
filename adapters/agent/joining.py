"""Two parts of one export joined 关联 by normalised columns; what finds no other half is incomplete, on either side.

The one side waits in a temporary SQLite file, so that memory does not grow with the registry.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Final

import orjson

from adapters.agent.rows import (
    Aside,
    Outcome,
    RowReader,
    columns_of,
    items_of,
    passed_by,
    require_whole,
    short,
    standard,
)
from adapters.mapping.model import Export
from adapters.mapping.model import Mapping as RegistryMapping
from adapters.mapping.recognise import recognise_joined
from adapters.sources.grid import raw_of
from adapters.sources.model import SourceRow, SourceTable
from adapters.standard.folding import fit, folded_code, is_null
from adapters.standard.form import Form
from adapters.standard.steps import Columns
from adapters.standard.unusable import UnusableRow
from hub.errors import Missing
from hub.kernel.characters import is_placeholder
from hub.kernel.codes import normal_real_estate_unit, real_estate_certificate_key

_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "text": folded_code,
    "real-estate-unit": lambda text: normal_real_estate_unit(text) or folded_code(text),
    "real-estate-certificate": lambda text: (
        "" if is_placeholder(text) else folded_code(real_estate_certificate_key(text))
    ),
}
_AT_ONCE: Final = 5000
_TABLE: Final = "CREATE TABLE other (id INTEGER PRIMARY KEY, k TEXT, s TEXT, t INT, n INT, cells BLOB, used INT)"
_BETWEEN: Final = "\x1f"
_SERIAL: Final = re.compile(r"(\d{4,10})号?$")
_BARE: Final = re.compile(r"第?\d{4,10}号?")
_Waiting = tuple[str, str, int, int, bytes]


def joined(tables: Sequence[SourceTable], mapping: RegistryMapping, export: Export) -> Iterator[Outcome]:
    """The rows of both parts; of tables in which the registry has joined them already, each row as it stands.

    Raises:
        Missing: ``adapters.part-missing``: one part stands nowhere.
    """
    whole = [recognise_joined(table.headers, export) for table in tables]
    if len({table.recognised.part for table in tables}) > 1 or None in whole:
        yield from JoinReader(tables, mapping, export).outcomes()
        return
    for table, recognised in zip(tables, whole, strict=True):
        yield from RowReader(table, mapping, recognised).outcomes()


class JoinReader:
    """Reads an export that consists of two parts."""

    def __init__(self, tables: Sequence[SourceTable], mapping: RegistryMapping, export: Export) -> None:
        join = export.join
        if join is None:
            message = "an export without a join"
            raise LookupError(message)
        self._mapping = mapping
        self._export = export
        self._on = join.on
        self._bases = [table for table in tables if table.recognised.part == join.base]
        self._others = [table for table in tables if table.recognised.part == join.other]
        if not self._bases or not self._others:
            missing = join.other if self._bases else join.base
            raise Missing(
                "adapters.part-missing",
                f"The source holds only one half of {export.name}; {missing} is missing.",
                f"数据源中的 {export.name} 只有一半，缺少 {missing}。",
                part=missing,
            )
        self._forms: dict[tuple[int, int], Form] = {}
        self._own_forms: dict[int, Form] = {}
        parts = {column.partition(".")[0] for column in export.key}
        self._names = parts.pop() if len(parts) == 1 else ""

    def outcomes(self) -> Iterator[Outcome]:
        """What becomes of every joined row, and of every row left alone."""
        with closing(sqlite3.connect("")) as rows:  # a database without a name: nothing stays, whatever ends the run
            rows.execute("PRAGMA journal_mode=OFF")
            rows.execute("PRAGMA synchronous=OFF")
            rows.execute(_TABLE)
            yield from self._keep_others(rows)
            rows.execute("CREATE INDEX by_key ON other (k)")
            rows.execute("CREATE INDEX by_serial ON other (s)")
            yield from self._joined(rows)
            yield from self._left_alone(rows)

    def _keep_others(self, rows: sqlite3.Connection) -> Iterator[Outcome]:
        waiting: list[_Waiting] = []
        for table, item in items_of(self._others):
            if not isinstance(item, SourceRow):
                yield passed_by(item, table.name)
                continue
            try:
                key = self._key(table, item)
            except UnusableRow as fault:
                yield self._unusable(table, item, fault)
                continue
            cells = orjson.dumps([fit(cell) for cell in item.cells])
            waiting.append((key, _serial_key(key), self._others.index(table), item.number, cells))
            if len(waiting) >= _AT_ONCE:
                _insert(rows, waiting)
        _insert(rows, waiting)

    def _joined(self, rows: sqlite3.Connection) -> Iterator[Outcome]:
        for table, item in items_of(self._bases):
            if not isinstance(item, SourceRow):
                yield passed_by(item, table.name)
                continue
            try:
                key = self._key(table, item)
            except UnusableRow as fault:
                yield self._unusable(table, item, fault)
                continue
            found = rows.execute("SELECT id, t, cells FROM other WHERE k = ? ORDER BY id", (key,)).fetchall()
            found = found or self._by_serial(rows, key)
            if not found:
                yield self._unusable(table, item, UnusableRow("row.incomplete", self._on[0][0]))
            if len(found) > 1 and key.endswith(_BETWEEN):
                yield self._unusable(table, item, UnusableRow("row.join-ambiguous", self._on[-1][0]))
                continue
            for other_id, place, cells in found:
                rows.execute("UPDATE other SET used = 1 WHERE id = ? AND used = 0", (other_id,))
                yield self._pair(table, item, place, orjson.loads(cells))

    def _by_serial(self, rows: sqlite3.Connection, key: str) -> list[tuple[int, int, bytes]]:
        """Rows of the same unit whose certificate has the same serial, when one side gives nothing but the serial."""
        query = "SELECT id, t, cells, k FROM other WHERE s = ? ORDER BY id"
        near = rows.execute(query, (_serial_key(key),)).fetchall() if _serial_key(key) else []
        near = near if _is_bare(key) else [one for one in near if _is_bare(one[3])]
        return [one[:3] for one in near] if len({one[3] for one in near}) == 1 else []

    def _pair(self, table: SourceTable, item: SourceRow, place: int, cells: list[str]) -> Outcome:
        other = self._others[place]
        for column, _form in self._on:
            mine = fit(item.cells[table.recognised.places[column]])
            at = other.recognised.places[column]
            cells[at] = mine if len(mine) > len(cells[at]) else cells[at]
        both = SourceRow(item.number, [*item.cells, *cells], item.flags)
        headers = [f"{one.recognised.part}.{header}" for one in (table, other) for header in one.headers]
        outcome = standard(self._form(table, other), both, headers, ("", False))
        return outcome.at(table.name) if isinstance(outcome, Aside) else outcome

    def _left_alone(self, rows: sqlite3.Connection) -> Iterator[Outcome]:
        for place, number, cells in rows.execute("SELECT t, n, cells FROM other WHERE used = 0 ORDER BY id"):
            item = SourceRow(number, orjson.loads(cells))
            yield self._unusable(self._others[place], item, UnusableRow("row.incomplete", self._on[0][0]))

    def _key(self, table: SourceTable, item: SourceRow) -> str:
        """The joining columns in one form.

        Raises:
            UnusableRow: the row is not whole, or one of them is empty.
        """
        require_whole(item, table.recognised.places)
        parts = []
        for column, form in self._on:
            text = fit(item.cells[table.recognised.places[column]])
            if is_null(text):
                raise UnusableRow("row.join-empty", column)
            parts.append(_FORMS[form](text))
        return _BETWEEN.join(parts)

    def _unusable(self, table: SourceTable, item: SourceRow, fault: UnusableRow) -> Aside:
        """The row that goes back, with the key of its record when its part alone names that."""
        part = table.recognised.part
        raw = {f"{part}.{name}": cell for name, cell in raw_of(table.headers, item.cells).items()}
        key = self._own_form(table).key_alone(item.cells) if part == self._names else None
        return Aside(item.number, fault.line(), short(raw), key).at(table.name)

    def _own_form(self, table: SourceTable) -> Form:
        """The form of a table by itself, made once however many of its rows go back."""
        if id(table) not in self._own_forms:
            columns = columns_of(table, self._export)
            self._own_forms[id(table)] = Form(self._export, self._mapping.codes, columns)
        return self._own_forms[id(table)]

    def _form(self, table: SourceTable, other: SourceTable) -> Form:
        pair = (self._bases.index(table), self._others.index(other))
        if pair not in self._forms:
            left = columns_of(table, self._export)
            right = columns_of(other, self._export, shift=len(table.headers))
            both = Columns(
                {**left.places, **right.places}, {**right.around, **left.around}, {**left.units, **right.units}
            )
            self._forms[pair] = Form(self._export, self._mapping.codes, both)
        return self._forms[pair]


def _insert(rows: sqlite3.Connection, waiting: list[_Waiting]) -> None:
    rows.executemany("INSERT INTO other (k, s, t, n, cells, used) VALUES (?, ?, ?, ?, ?, 0)", waiting)
    waiting.clear()


def _serial_key(key: str) -> str:
    """The key with nothing of the certificate but its serial."""
    rest, _, certificate = key.rpartition(_BETWEEN)
    serial = _SERIAL.search(certificate)
    return f"{rest}{_BETWEEN}{serial[1].lstrip('0')}" if serial else ""


def _is_bare(key: str) -> bool:
    return _BARE.fullmatch(key.rpartition(_BETWEEN)[2]) is not None
