"""The golden record 主数据: each field from the most authoritative, then freshest source, and from which."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

from hub.errors import Malformed
from hub.identity.model import GoldenValue


@dataclass(frozen=True, slots=True)
class Saying:
    """What one source says of a subject, and when."""

    registry: str
    export: str
    as_of: datetime
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Authority:
    """For each field the exports in order of authority; an export that is not named comes after all that are."""

    version: str
    order: Mapping[str, tuple[str, ...]]
    otherwise: tuple[str, ...]
    skipped: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> "Authority":
        """The authorities that a file describes.

        Raises:
            Malformed: the file has another form.
        """
        try:
            raw = json.loads(text)
            order = {field: tuple(exports) for field, exports in raw["fields"].items()}
            return cls(str(raw["version"]), order, tuple(raw["otherwise"]), frozenset(raw["skipped"]))
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise Malformed(
                "identity.authority-nonsense",
                "The file of authorities for the golden record has another form.",
                "主数据权威来源文件格式不符。",
            ) from fault

    def rank(self, field: str, export: str) -> int:
        """The place of an export for a field; the lower the more it counts."""
        order = self.order.get(field, self.otherwise)
        return order.index(export) if export in order else len(order)


@lru_cache(maxsize=1)
def standard_authority() -> Authority:
    """The authorities that come with the hub."""
    return Authority.parse(files("hub.identity").joinpath("models", "golden.json").read_text(encoding="utf-8"))


def golden_record(sayings: Sequence[Saying], authority: Authority) -> tuple[GoldenValue, ...]:
    """One value for each field that anybody states, in order of field; what contradicts it stands beside it."""
    fields = sorted({field for saying in sayings for field in saying.fields} - authority.skipped)
    found = (_golden(field, sayings, authority) for field in fields)
    return tuple(value for value in found if value is not None)


def _golden(field: str, sayings: Iterable[Saying], authority: Authority) -> GoldenValue | None:
    stating = [saying for saying in sayings if saying.fields.get(field) not in (None, "", [], {})]
    if not stating:
        return None
    ranked = sorted(
        stating,
        key=lambda each: (authority.rank(field, f"{each.registry}/{each.export}"), -each.as_of.timestamp()),
    )
    best = ranked[0]
    value = best.fields[field]
    others = {
        (saying.registry, json.dumps(saying.fields[field], sort_keys=True)): saying.fields[field]
        for saying in ranked[1:]
        if saying.fields[field] != value
    }
    contradictions = tuple((registry, other) for (registry, _), other in others.items())
    return GoldenValue(field, value, best.registry, best.export, best.as_of, contradictions)
