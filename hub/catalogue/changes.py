"""What a new edition of the catalogue 目录 would change, said before it takes effect."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.catalogue.codec import document_of
from hub.catalogue.model import Catalogue


class Turn(StrEnum):
    """What happens to the thing at a path."""

    added = "added"
    removed = "removed"
    changed = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: where, which way, from what, to what."""

    path: str
    turn: Turn
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        """``matters/low-income-aid/promised_days changed: 15 → 10``."""
        match self.turn:
            case Turn.added:
                return f"{self.path} added"
            case Turn.removed:
                return f"{self.path} removed"
            case Turn.changed:
                return f"{self.path} changed: {self.before} → {self.after}"


def changes_between(before: Catalogue, after: Catalogue) -> list[Change]:
    """Every difference, in catalogue order; things are matched by id, so reordering changes nothing but the form."""
    return list(_changes(document_of(before), document_of(after), ""))


def _changes(before: Any, after: Any, path: str) -> Iterator[Change]:
    before, after = _keyed(before), _keyed(after)
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        if before != after:
            yield Change(path, Turn.changed, before, after)
        return
    for key in dict.fromkeys([*before, *after]):
        inside = f"{path}/{key}".strip("/")
        if key not in after:
            yield Change(inside, Turn.removed, before=before[key])
        elif key not in before:
            yield Change(inside, Turn.added, after=after[key])
        else:
            yield from _changes(before[key], after[key], inside)


def _keyed(value: Any) -> Any:
    """A list of things with ids as a mapping by id; anything else as it is."""
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        names = [each.get("id", each.get("name")) for each in value]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return dict(zip(names, value, strict=True))
    return {} if value == [] else value
