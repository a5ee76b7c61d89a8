"""The golden record 主数据: each field from the most authoritative, then freshest source, and from which."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
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
class TakenBack:
    """A record in which ``by`` is true takes back what others say up to so many days after the day that it names."""

    by: str
    days: int


@dataclass(frozen=True, slots=True)
class Authority:
    """For each field the exports in order of authority; an export that is not named comes after all that are."""

    version: str
    order: Mapping[str, tuple[str, ...]]
    otherwise: tuple[str, ...]
    skipped: frozenset[str]
    taken_back: Mapping[str, TakenBack] = field(default_factory=dict)
    """Fields that hold a day which a later record may take back."""
    findings: tuple[str, ...] = ()
    """Fields on which sources should not differ."""
    lists_of_living: frozenset[str] = frozenset()
    """Exports that name nobody who has died."""

    @classmethod
    def parse(cls, text: str) -> "Authority":
        """The authorities that a file describes.

        Raises:
            Malformed: the file has another form.
        """
        try:
            raw = json.loads(text)
            order = {field: tuple(exports) for field, exports in raw["fields"].items()}
            taken_back = {name: TakenBack(str(to["by"]), int(to["days"])) for name, to in raw["taken_back"].items()}
            return cls(
                str(raw["version"]),
                order,
                tuple(raw["otherwise"]),
                frozenset(raw["skipped"]),
                taken_back,
                tuple(raw["findings"]),
                frozenset(raw["lists_of_living"]),
            )
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
    stating = stating_of(field, sayings, authority)
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
    rank = authority.rank(field, f"{best.registry}/{best.export}")
    return GoldenValue(field, value, best.registry, best.export, best.as_of, contradictions, rank)


def stating_of(field: str, sayings: Iterable[Saying], authority: Authority) -> list[Saying]:
    """The sayings that state the field, without what a later record has taken back."""
    stating = [saying for saying in sayings if saying.fields.get(field) not in (None, "", [], {})]
    rule = authority.taken_back.get(field)
    if rule is None:
        return stating
    reversals = [saying for saying in stating if saying.fields.get(rule.by) is True]
    days = [day for each in reversals if (day := _day(each.fields[field])) is not None]
    reach = max(days) + timedelta(days=rule.days) if days else date.min
    return [
        saying
        for saying in stating
        if saying not in reversals and ((day := _day(saying.fields[field])) is None or day > reach)
    ]


def _day(text: Any) -> date | None:
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return day if day.year < date.max.year else None
