"""Findings 数据质量问题: where what a registry says of somebody is contradicted, as its owner may know it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from hub.identity.golden import Authority, Saying, golden_record, stating_of
from hub.kernel.clock import local_date
from hub.kernel.codes import parse_identifier
from hub.kernel.names import name_key

OUTRANKED: Final = "contradicted-by-authority"
DISPUTED: Final = "others-disagree"
LISTED_DEAD: Final = "listed-after-death"
_NUMBERS: Final = frozenset({"number", "credit_code", "organisation_code", "registration_number"})
_NAMES: Final = frozenset({"name"})


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One field of one record that others contradict.

    ``value`` is the record's own. Of the others it says only how many there are and whether one of them counts more:
    not who they are, nor what they say.
    """

    code: str
    field: str
    value: Any
    against: int


def contradictions_of(own: Saying, others: Sequence[Saying], authority: Authority) -> Iterator[Contradiction]:
    """What of one record is contradicted by the others about the same subject."""
    best = {each.field: each for each in golden_record([own, *others], authority)}
    for field in authority.findings:
        if not stating_of(field, [own], authority):
            continue
        value = own.fields[field]
        against = [each for each in stating_of(field, others, authority) if not _same(field, value, each.fields[field])]
        if against and field in best:
            outranked = not _same(field, best[field].value, value)
            yield Contradiction(OUTRANKED if outranked else DISPUTED, field, value, len(against))
    died = best.get("died_on")
    if died is not None and _is_listed_after(own, died.value, authority):
        dead = stating_of("died_on", [own, *others], authority)
        yield Contradiction(LISTED_DEAD, "died_on", None, len(dead))


def _is_listed_after(own: Saying, died_on: Any, authority: Authority) -> bool:
    is_list = f"{own.registry}/{own.export}" in authority.lists_of_living
    return is_list and local_date(own.as_of).isoformat() > str(died_on)


def _same(field: str, one: Any, other: Any) -> bool:
    if not isinstance(one, str) or not isinstance(other, str):
        return bool(one == other)
    if field in _NAMES:
        return name_key(one) == name_key(other)
    if field in _NUMBERS:
        read = [parse_identifier(text) for text in (one, other)]
        return one == other or (None not in read and len({each.key for each in read if each}) == 1)
    return one == other


@dataclass(frozen=True, slots=True)
class Finding:
    """A contradiction with what lets its owner find the record; ``place`` is where the next page begins."""

    place: str
    export: str
    record: str
    role: str
    key: str
    row: int
    as_of: datetime
    found: Contradiction
