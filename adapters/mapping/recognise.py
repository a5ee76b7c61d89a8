"""Which export a table or file belongs to: told by its columns, never by its name or their order."""

from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapters.mapping.model import Export, Mapping, Part
from adapters.standard.folding import fit, folded_header, header_unit

_NEAR: Final = 3
"""From so many known columns on, a table is taken for an export that lacks something."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """An export's part, where its columns stand in the header, which units the header names, what is left over."""

    export: str
    part: str
    places: AnyMapping[str, int]
    units: AnyMapping[str, str]
    unknown: tuple[str, ...]

    @property
    def score(self) -> int:
        """How many columns are known."""
        return len(self.places)


def recognise(headers: Sequence[str], mapping: Mapping, *, name: str = "") -> Recognised | None:
    """The part of ``mapping`` that the header fits best; None when it fits none.

    Args:
        headers: the column names as written.
        mapping: the registry's mapping.
        name: the table's own name; among parts that fit, one that lists this name is preferred.
    """
    best: tuple[int, Recognised] | None = None
    for export in mapping.exports.values():
        for part in export.parts.values():
            found = recognise_part(headers, export, part)
            if found is None or not all(any(one in found.places for one in mark) for mark in part.recognised_by):
                continue
            rank = found.score + (1000 if name.casefold() in {one.casefold() for one in part.tables} else 0)
            if best is None or rank > best[0]:
                best = (rank, found)
    return best[1] if best else None


def recognise_joined(headers: Sequence[str], export: Export) -> Recognised | None:
    """Both parts of ``export`` in one header, as a view joins them: every column under its part's name.

    The columns that join the parts stand there once and are both parts'. None when the header lacks a part.
    """
    if export.join is None:
        return None
    found = [recognise_part(headers, export, part) for part in export.parts.values()]
    for one in found:
        if not all(any(name in one.places for name in mark) for mark in export.parts[one.part].recognised_by):
            return None
    unknown = set.intersection(*(set(one.unknown) for one in found))
    return Recognised(
        export=export.name,
        part="",
        places={f"{one.part}.{column}": place for one in found for column, place in one.places.items()},
        units={f"{one.part}.{column}": unit for one in found for column, unit in one.units.items()},
        unknown=tuple(name for name in found[0].unknown if name in unknown),
    )


def shortcoming(headers: Sequence[str], mapping: Mapping) -> str:
    """Which export the header comes nearest and which of its columns it lacks; empty when it comes near none."""
    nearest: tuple[int, str] = (_NEAR - 1, "")
    for export in mapping.exports.values():
        for part in export.parts.values():
            found = recognise_part(headers, export, part)
            lacking = [" or ".join(mark) for mark in part.recognised_by if not any(one in found.places for one in mark)]
            if found.score > nearest[0] and lacking:
                nearest = (found.score, f"nearest to {export.name}, without {', '.join(lacking)}")
    return nearest[1]


def recognise_part(headers: Sequence[str], export: Export, part: Part) -> Recognised:
    """Where the columns of ``part`` stand in the header, however few they are."""
    by_name: dict[str, int] = {}
    for place, header in enumerate(headers):
        for spelling in (fit(header).casefold(), folded_header(header)):
            if spelling:
                by_name.setdefault(spelling, place)
    places: dict[str, int] = {}
    for column, aliases in part.columns.items():
        for alias in (column, *aliases):
            at = by_name.get(fit(alias).casefold(), by_name.get(folded_header(alias)))
            if at is not None and at not in places.values():
                places[column] = at
                break
    known = set(places.values())
    return Recognised(
        export=export.name,
        part=part.name,
        places=places,
        units={column: unit for column, place in places.items() if (unit := header_unit(headers[place]))},
        unknown=tuple(header for place, header in enumerate(headers) if place not in known and header),
    )
