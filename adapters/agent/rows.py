"""Rows of a source in standard form: each becomes a record, an unusable row with its reason, or a skipped one."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from adapters.mapping.model import Export
from adapters.mapping.model import Mapping as RegistryMapping
from adapters.mapping.recognise import Recognised
from adapters.sources.encodings import UNDECODABLE
from adapters.sources.grid import raw_of
from adapters.sources.model import FORMULA, BadRow, Item, Skipped, SourceRow, SourceTable
from adapters.standard.folding import UNITS, fit, is_broken
from adapters.standard.form import Form
from adapters.standard.people import add_flag
from adapters.standard.steps import Columns
from adapters.standard.unusable import UnusableRow

_TITLE_UNIT: Final = re.compile(r"单位[:：]\s*(人民币元|万元|千元|元)")
_LONGEST_CELL: Final = 1000
_LONGEST_KEY: Final = 2000
_MOST_CELLS: Final = 100
PLACE: Final = "@table"
"""Beside the cells of a row that goes back: where it stands."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record in standard form: its key as written, its claims, the second in which its row changed."""

    row: int
    key: tuple[str, ...]
    claims: dict[str, Any]
    updated: str = ""
    corrects: bool = False


@dataclass(frozen=True, slots=True)
class Aside:
    """A row that cannot be used, with its reason and what it held; its key when that could be read."""

    row: int
    reason: dict[str, str]
    raw: Mapping[str, str]
    key: tuple[str, ...] | None = None
    table: str = ""

    def at(self, table: str) -> "Aside":
        """The same with the table, sheet or file in which its owner finds the row."""
        return replace(self, table=table[:_LONGEST_CELL], raw={PLACE: table[:_LONGEST_CELL], **self.raw})


Outcome = Prepared | Aside | Skipped


def columns_of(table: SourceTable, export: Export, *, recognised: Recognised | None = None, shift: int = 0) -> Columns:
    """Where the table's columns stand, those of a named part under its name."""
    known = recognised or table.recognised
    prefix = f"{known.part}." if known.part else ""
    places = {f"{prefix}{column}": place + shift for column, place in known.places.items()}
    units = {f"{prefix}{column}": unit for column, unit in known.units.items()}
    general = _TITLE_UNIT.search(table.around.get("@title", ""))
    if general:
        money = [claim.columns[0] for claim in export.claims if claim.reader == "money"]
        units = {**dict.fromkeys(money, UNITS[general[1]]), **units}
    return Columns(places, table.around, units)


class RowReader:
    """Reads the rows of one table that is an export by itself."""

    def __init__(self, table: SourceTable, mapping: RegistryMapping, recognised: Recognised | None = None) -> None:
        self.table = table
        known = recognised or table.recognised
        self._export = mapping.exports[known.export]
        self._form = Form(self._export, mapping.codes, columns_of(table, self._export, recognised=known))
        self._updated = known.places.get(self._export.updated or "")

    def outcomes(self, since: str | None = None) -> Iterator[Outcome]:
        """What becomes of every row."""
        for item in self.table.rows(since):
            if isinstance(item, SourceRow):
                yield self._outcome(item)
            else:
                yield passed_by(item, self.table.name)

    def _outcome(self, item: SourceRow) -> Outcome:
        updated = fit(item.cells[self._updated]) if self._updated is not None else ""
        corrects = self._export.repeat == "corrects" or (self.table.digest is None and self._updated is not None)
        outcome = standard(self._form, item, self.table.headers, (updated, corrects))
        return outcome.at(self.table.name) if isinstance(outcome, Aside) else outcome


def passed_by(item: BadRow | Skipped, table: str) -> Outcome:
    """A row without cells, as it is."""
    if isinstance(item, Skipped):
        return item
    return Aside(item.number, UnusableRow(item.code).line(), short(item.raw)).at(table)


def standard(form: Form, item: SourceRow, headers: Sequence[str], how: tuple[str, bool]) -> Outcome:
    """The row in standard form, or why not.

    Args:
        form: the compiled mapping of the table.
        item: the row.
        headers: the column names, for showing the row to its owner.
        how: the second in which the row changed, and whether a key met again corrects.
    """
    try:
        require_whole(item, form.places)
        claims = form.claims_of(item.cells)
        key = form.key_of(item.cells, claims)
        if not any(key):
            raise UnusableRow("row.key-empty", form.export.key[0])  # noqa: TRY301 - refused like every other finding
        for flag in item.flags:
            add_flag(claims, flag)
        claims["source"] = {"key": "|".join(key)[:_LONGEST_KEY] or "-", "row": item.number, "export": form.export.name}
        form.require_form(claims)
    except UnusableRow as unusable:
        is_formula = unusable.code == "row.required-empty" and FORMULA in item.flags
        fault = UnusableRow("row.formula", unusable.column) if is_formula else unusable
        return Aside(item.number, fault.line(), short(raw_of(headers, item.cells)), form.key_alone(item.cells))
    return Prepared(item.number, key, claims, *how)


def require_whole(item: SourceRow, places: Mapping[str, int]) -> None:
    """Returns when the row was cut into its cells and what stands at ``places`` is text.

    Raises:
        UnusableRow: it was not, or a cell holds what is no character.
    """
    if item.fault:
        raise UnusableRow(item.fault)
    if is_broken(item.cells):
        broken = next((column for column, place in places.items() if is_broken((item.cells[place],))), None)
        if broken is not None:
            raise UnusableRow("row.encoding" if UNDECODABLE in item.flags else "row.broken-text", broken)


def short(raw: Mapping[str, str]) -> dict[str, str]:
    """The row as written, fit to be sent, its filled cells only."""
    cells = ((fit(name)[:200], fit(str(cell))[:_LONGEST_CELL]) for name, cell in raw.items())
    return dict([(name, cell) for name, cell in cells if cell][:_MOST_CELLS])


def items_of(tables: Iterable[SourceTable]) -> Iterator[tuple[SourceTable, Item]]:
    """The rows of several tables, one table after the other."""
    for table in tables:
        for item in table.rows():
            yield table, item
