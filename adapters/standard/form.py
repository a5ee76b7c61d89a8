"""A row of an export in standard form 标准格式: the mapping compiled once for a table, then applied row by row."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from adapters.mapping.model import Export
from adapters.schemas import validator
from adapters.standard.folding import without_unfit
from adapters.standard.packed import holds_head
from adapters.standard.people import add_flag
from adapters.standard.scalars import DAY_ASSUMED
from adapters.standard.steps import Cells, Codes, Columns, Compiler, Seen
from adapters.standard.unusable import UnusableRow
from hub.kernel.codes import Identifier, birth_date_in, contradictions


class Form:
    """Turns rows of one table into claims of one evidence type."""

    def __init__(self, export: Export, codes: Codes, columns: Columns) -> None:
        self.export = export
        self.places = columns.places
        self._compiler = Compiler(columns, codes)
        self._steps = [step for claim in export.claims if (step := self._compiler.step_for(claim)) is not None]
        self._key = [self._key_part(column) for column in export.key]
        self._validator = validator(f"evidence/{export.evidence}")

    def key_of(self, cells: Cells, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """The key columns as written."""
        return tuple(part(cells, claims) for part in self._key)

    def claims_of(self, cells: Cells) -> dict[str, Any]:
        """The row in standard form, without its place in the source.

        Raises:
            UnusableRow: something is missing or unreadable without which the record means nothing.
        """
        claims: dict[str, Any] = {}
        seen = Seen([])
        for step in self._steps:
            step(cells, claims, seen)
        _compare(claims, seen)
        return claims

    def require_form(self, claims: dict[str, Any]) -> None:
        """Returns when the claims fit the evidence type's schema.

        Raises:
            UnusableRow: they do not; the column names the claim.
        """
        if not self._validator.is_valid(claims):
            error = next(iter(self._validator.iter_errors(claims)))
            raise UnusableRow("row.form", ".".join(map(str, error.instance_path)))

    def key_alone(self, cells: Cells) -> tuple[str, ...] | None:
        """The key of a row whose claims could not be read, when the key needs none of them."""
        claims: dict[str, Any] = {}
        for claim in self.export.claims:
            if f"claim:{claim.name}" in self.export.key and (step := self._compiler.step_for(claim)):
                try:
                    step(cells, claims, Seen([]))
                except UnusableRow:
                    return None
        key = self.key_of(cells, claims)
        return key if any(key) else None

    def _key_part(self, column: str) -> Callable[[Cells, Mapping[str, Any]], str]:
        if column.startswith("claim:"):
            name = column[6:]
            return lambda _cells, claims: str(claims.get(name, ""))
        place = self.places.get(column)
        if place is None:
            return lambda _cells, _claims: ""
        return lambda cells, _claims: without_unfit(cells[place])


def _compare(claims: dict[str, Any], seen: Seen) -> None:
    """Findings between cells: a number against birth date and sex, a death before the birth, a nameless deceased."""
    for target, found in seen.identifiers:
        _settle_assumed_day(target, found)
        born = target.get("birth_date")
        for flag in contradictions(found, sex=target.get("sex"), birth_date=date.fromisoformat(born) if born else None):
            add_flag(target, flag)
    died = claims.get("died_on")
    if died and claims.get("birth_date", "") > died:
        add_flag(claims, "death-before-birth")
    if "is_nameless" in claims:
        _settle_nameless(claims)
    if "persons" in claims and claims.get("members") and claims["persons"] != _household_size(claims):
        add_flag(claims, "persons-differ-from-members")


def _settle_assumed_day(target: dict[str, Any], found: Identifier) -> None:
    """A birth date of which the cell names the month only takes its day from a sound number of the same month."""
    stated = birth_date_in(found) if found.valid else None
    is_assumed = f"birth-date-{DAY_ASSUMED}" in target.get("quality", ())
    if stated and is_assumed and target["birth_date"][:7] == f"{stated:%Y-%m}":
        target["birth_date"] = stated.isoformat()


def _household_size(claims: dict[str, Any]) -> int:
    """The members with the head, whom the cell may or may not hold."""
    members = claims["members"]
    return len(members) + (not holds_head(members, claims.get("head", {})))


def _settle_nameless(claims: dict[str, Any]) -> None:
    if claims["is_nameless"]:
        claims.pop("name", None)
    elif "name" not in claims and "number" not in claims:
        raise UnusableRow("row.name-missing", "NAME")
