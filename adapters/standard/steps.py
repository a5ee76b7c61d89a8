"""Steps from the cells of a row to claims: each claim of a mapping compiled once for one table's columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from adapters.mapping.model import Claim
from adapters.standard import scalars
from adapters.standard.folding import fit, folded_code, has_unfit, is_null
from adapters.standard.holders import unpack_holders
from adapters.standard.packed import acquaint_head, side_by_side, unpack_members
from adapters.standard.people import (
    add_flag,
    code_for,
    put_any_name,
    put_identifier,
    put_name,
    put_organisation_numbers,
)
from adapters.standard.unusable import UnusableRow
from hub.kernel.codes import Identifier

Cells = Sequence[str]
Step = Callable[[Cells, dict[str, Any], "Seen"], None]
Cell = Callable[[Cells], str]
Codes = Mapping[str, Mapping[str, str]]

_UNITS: Final = {"㎡": "平方米"}
_PLAIN: Final[dict[str, Callable[[str], scalars.Outcome]]] = {
    "instant": scalars.read_instant,
    "month": scalars.read_month,
    "integer": scalars.read_count,
    "region": scalars.read_region,
    "real-estate-unit": scalars.read_unit,
    "real-estate-certificate": scalars.read_certificate,
    "marriage-certificate": scalars.read_marriage_certificate,
    "organisation-name": scalars.read_organisation_name,
    "account": scalars.read_account,
}
_NAMES: Final = {"person-name": put_name, "any-name": put_any_name}
_SAVED: Final = "@modified"
_MOST_SPELLINGS: Final = 10_000
_LONGEST_CELL: Final = 8000
_REFUSALS: Final[dict[str | None, str]] = {
    None: "row.required-empty",
    "open": "row.open-date",
    "unknown-code": "row.code-unknown",
}


@dataclass(slots=True)
class Seen:
    """Identifiers met in a row, for comparing them with what stands beside them."""

    identifiers: list[tuple[dict[str, Any], Identifier]]


@dataclass(frozen=True)
class Columns:
    """Where the columns of one table stand, what surrounds it, and the units that its header names."""

    places: Mapping[str, int]
    around: Mapping[str, str]
    units: Mapping[str, str]


class Compiler:
    """Makes steps for one table: knows where its columns stand and what the code tables say."""

    def __init__(self, columns: Columns, codes: Codes) -> None:
        self._columns = columns
        self._codes = codes

    def step_for(self, claim: Claim) -> Step | None:
        """The step of ``claim``; None when this table has nothing for it and can do without."""
        cell = self._cell(claim.columns, is_month=claim.reader == "month")
        if cell is None:
            return self._absent(claim)
        make = _BUILDERS.get(claim.reader)
        return make(self, claim, cell) if make is not None else self._one_value(claim, cell)

    def reader_of(self, column: str) -> Cell | None:
        """What reads ``column``; None when the table lacks it."""
        return self._cell((column,))

    def table(self, name: str | None) -> Mapping[str, str]:
        """The code table ``name``."""
        return self._codes.get(name or "", {})

    def hint(self, claim: Claim) -> Callable[[Cells], str | None]:
        """What the row says the claim's number is, as a canonical kind of document."""
        place = self._columns.places.get(claim.kind_column or "")
        if place is None:
            return lambda _cells: None
        codes = self.table(claim.kinds)
        return lambda cells: code_for(codes, folded_code(cells[place]))

    def _cell(self, columns: Sequence[str], *, is_month: bool = False) -> Cell | None:
        """What reads the first filled of ``columns``; None when the table has none of them."""
        places = [self._columns.places[one] for one in columns if one in self._columns.places]
        told = {one: text for one in columns if (text := self._columns.around.get(one, ""))}
        saved = told.pop(_SAVED, "") if is_month else ""
        around = scalars.month_told(list(told.values()), saved) if is_month else next(iter(told.values()), "")
        if len(places) == 1 and not around:
            only = places[0]
            return lambda cells: _filled(cells[only])
        if not places and not around:
            return None
        return lambda cells: next((text for place in places if (text := _filled(cells[place]))), around)

    def _absent(self, claim: Claim) -> Step | None:
        """A claim whose columns this table lacks: its fallback, or a refusal when it is required."""
        if claim.fallback is not None:
            return self._one_value(claim, lambda _cells: "")
        if not claim.is_required:
            return None

        def step(_cells: Cells, _claims: dict[str, Any], _seen: Seen) -> None:
            raise UnusableRow("row.required-empty", claim.columns[0])

        return step

    def _one_value(self, claim: Claim, cell: Cell) -> Step:
        read, name, parents = self._scalar(claim), claim.path[-1], claim.path[:-1]
        required, column, fallback = claim.is_required, claim.columns[0], claim.fallback

        def step(cells: Cells, claims: dict[str, Any], _seen: Seen) -> None:
            text = cell(cells) or fallback
            if not text:
                if required:
                    raise UnusableRow("row.required-empty", column)
                return
            value, flag = read(text)
            if value is None and required:
                raise UnusableRow(_REFUSALS.get(flag, "row.unreadable"), column)
            target = _object(claims, parents)
            if value is not None:
                target[name] = value
            if flag is not None and flag != scalars.OPEN_ENDED:
                add_flag(target, f"{name.replace('_', '-')}-{flag}")

        return step

    def _scalar(self, claim: Claim) -> Callable[[str], scalars.Outcome]:
        if claim.reader == "date":
            order = claim.order
            return lambda text: scalars.read_date(text, order)
        if claim.reader in ("money", "area"):
            unit = (
                self._columns.units.get(claim.columns[0]) or claim.unit or ("元" if claim.reader == "money" else "㎡")
            )
            read = scalars.read_money if claim.reader == "money" else scalars.read_area
            return lambda text: read(text, _UNITS.get(unit, unit))
        if claim.reader in ("code", "flag"):
            return _coded(self._codes[claim.codes or ""], is_flag=claim.reader == "flag")
        return _PLAIN.get(claim.reader, _text)


@lru_cache(maxsize=4096)
def _filled(text: str) -> str:
    """The cell without its edges; empty for a database's null."""
    if not text or (text.isascii() and text.isalnum() and not is_null(text)):
        return text
    text = fit(text)
    plain = text if text.endswith("'") else text.removeprefix("'")  # by which a spreadsheet is told that it is text
    return "" if is_null(plain) else plain


def _text(text: str) -> scalars.Outcome:
    return text, "control-characters-removed" if has_unfit(text) else None


def _coded(codes: Mapping[str, str], *, is_flag: bool) -> Callable[[str], scalars.Outcome]:
    known: dict[str, scalars.Outcome] = {}

    def read(text: str) -> scalars.Outcome:
        outcome = known.get(text)
        if outcome is None:
            code = code_for(codes, folded_code(text))
            value: Any = code if not is_flag or code is None else code == "1"
            outcome = known[text] = (value, None if code is not None else "unknown-code")
            if len(known) > _MOST_SPELLINGS:
                known.clear()
        return outcome

    return read


def _object(claims: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    for name in path:
        claims = claims.setdefault(name, {})
    return claims


def _name_step(compiler: Compiler, claim: Claim, cell: Cell) -> Step:  # noqa: ARG001 - one signature
    put, parents, required, column = _NAMES[claim.reader], claim.path[:-1], claim.is_required, claim.columns[0]

    def step(cells: Cells, claims: dict[str, Any], _seen: Seen) -> None:
        text = cell(cells)
        named: dict[str, Any] = {}
        if text and put(named, text):
            target = _object(claims, parents)
            flags = named.pop("quality", ())
            target |= named
            for flag in flags:
                add_flag(target, flag)
        elif required:
            raise UnusableRow("row.required-empty", column)

    return step


def _identifier_step(compiler: Compiler, claim: Claim, cell: Cell) -> Step:
    hint, parents, name = compiler.hint(claim), claim.path[:-1], claim.path[-1]

    def step(cells: Cells, claims: dict[str, Any], seen: Seen) -> None:
        text = cell(cells)
        if not text:
            return
        target = _object(claims, parents)
        if name == "number":
            found = put_identifier(target, text, hint(cells))
            if found is not None:
                seen.identifiers.append((target, found))
            return
        aside: dict[str, Any] = {}
        put_identifier(aside, text, hint(cells))
        if "number" in aside:
            target[name] = aside["number"]
        if aside.get("quality"):
            add_flag(target, f"{name.replace('_', '-')}-unsound")

    return step


def _organisation_step(compiler: Compiler, claim: Claim, cell: Cell) -> Step:  # noqa: ARG001 - one signature
    reads = [read for column in claim.columns if (read := compiler.reader_of(column)) is not None]

    def step(cells: Cells, claims: dict[str, Any], _seen: Seen) -> None:
        put_organisation_numbers(claims, [read(cells) for read in reads])

    return step


def _address_step(compiler: Compiler, claim: Claim, cell: Cell) -> Step:  # noqa: ARG001 - one signature
    reads = [read for column in claim.columns if (read := compiler.reader_of(column)) is not None]
    parents, name = claim.path[:-1], claim.path[-1]

    def step(cells: Cells, claims: dict[str, Any], _seen: Seen) -> None:
        parts = [text for read in reads if (text := read(cells))]
        if parts:
            _object(claims, parents)[name] = "".join(parts)

    return step


def _holders_step(compiler: Compiler, claim: Claim, cell: Cell) -> Step:
    reads = {name: read for name, column in claim.packed.items() if (read := compiler.reader_of(column)) is not None}
    hint, kinds = compiler.hint(claim), compiler.table(claim.codes)

    def step(cells: Cells, claims: dict[str, Any], _seen: Seen) -> None:
        row = {name: read(cells) for name, read in reads.items()}
        holders = unpack_holders({**row, "name": cell(cells)}, hint(cells))
        if not holders:
            raise UnusableRow("row.required-empty", claim.columns[0])
        kind = code_for(kinds, folded_code(row["holder_kind"])) if row.get("holder_kind") else None
        for holder in holders:
            if kind:
                holder["holder_kind"] = kind
            elif row.get("holder_kind"):
                add_flag(holder, "holder-kind-unknown-code")
            if len(holders) == 1:
                holder |= {name: row[name] for name in ("phone", "address") if row.get(name)}
        claims["holders"] = holders

    return step


def _members_step(compiler: Compiler, claim: Claim, cell: Cell) -> Step:
    relations = compiler.table(claim.codes)
    beside = [read for column in claim.packed.values() if (read := compiler.reader_of(column)) is not None]

    def step(cells: Cells, claims: dict[str, Any], _seen: Seen) -> None:
        text = side_by_side([cell(cells), *[read(cells) for read in beside]]) if beside else cell(cells)
        if not text:
            return
        members, is_clear = unpack_members(text, relations)
        acquaint_head(members, claims.get("head", {}))
        if members:
            claims["members"] = members
        if not is_clear:
            claims["members_written"] = text[:8000]
            add_flag(claims, "members-unclear")

    return step


_BUILDERS: Final[dict[str, Callable[[Compiler, Claim, Cell], Step]]] = {
    "person-name": _name_step,
    "any-name": _name_step,
    "identifier": _identifier_step,
    "organisation-numbers": _organisation_step,
    "address": _address_step,
    "holders": _holders_step,
    "members": _members_step,
}
