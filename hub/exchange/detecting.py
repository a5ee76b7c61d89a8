"""Finds unusual patterns 异常查询 among requests as they stream by, with a window of memory for each officer."""

from collections import Counter, deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from hub.exchange.flags import Flag, Look, Rule
from hub.kernel.clock import LOCAL

T = TypeVar("T")
NAMED: Final = 20
"""How many of its exchanges a flag names."""
SWEEP: Final = 5_000
"""After so many looks, windows that are over are let go of."""


def flagged(rules: Sequence[Rule], looks: Iterable[Look]) -> Iterator[Flag]:
    """The hits of every windowed rule among ``looks``, which come consumer by consumer, officer by officer, in time.

    Memory holds what one officer did within the longest window.
    """
    windowed = [rule for rule in rules if rule.measure != "rarity"]
    detectors: list[_Detector] = []
    asker: tuple[str, str] | None = None
    for look in looks:
        if (look.consumer, look.officer) != asker:
            yield from _ended(detectors)
            asker = look.consumer, look.officer
            detectors = [_Detector(rule) for rule in windowed]
        for detector in detectors:
            yield from detector.see(look)
    yield from _ended(detectors)


def _ended(detectors: Sequence["_Detector"]) -> Iterator[Flag]:
    for detector in detectors:
        yield from detector.end()


class _Detector:
    """One rule on one officer: a sliding window for each person or address, or one for the officer alone."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._windows: dict[Hashable, _Window] = {}
        self._seen = 0

    def see(self, look: Look) -> Iterator[Flag]:
        if not _concerns(self._rule, look):
            return
        for key in _keys(self._rule, look):
            yield from self._windows.setdefault(key, _Window(self._rule)).see(look)
        self._seen += 1
        if self._seen % SWEEP == 0:
            yield from self._sweep(look.at)

    def _sweep(self, now: datetime) -> Iterator[Flag]:
        for key in [key for key, window in self._windows.items() if window.is_over(now)]:
            yield from self._windows.pop(key).end()

    def end(self) -> Iterator[Flag]:
        for window in self._windows.values():
            yield from window.end()


@dataclass(slots=True)
class _Hit:
    """What is too much, while it is."""

    first: Look
    last: Look
    count: int = 0
    cases: int = 0
    exchanges: list[str] = field(default_factory=list)

    def take(self, look: Look, count: int, cases: int) -> None:
        self.first, self.last = min(self.first, look, key=_at), max(self.last, look, key=_at)
        self.count, self.cases = max(self.count, count), max(self.cases, cases)
        if len(self.exchanges) < NAMED:
            self.exchanges.append(look.exchange)


class _Window:
    """Looks that count together."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._looks: deque[Look] = deque()
        self._cases: Counter[str] = Counter()
        self._people: Counter[str | None] = Counter()
        self._hit: _Hit | None = None

    def see(self, look: Look) -> Iterator[Flag]:
        while self._looks and look.at - self._looks[0].at > self._rule.within:
            self._let_go(self._looks.popleft())
        self._looks.append(look)
        self._cases[look.case] += 1
        self._people[look.subject] += 1
        count, cases = self._count(), len(self._cases)
        if count < self._rule.numbers["at_least"] or cases < self._rule.numbers.get("least_cases", 0):
            yield from self.end()
            return
        if self._hit is None:
            self._hit = _Hit(self._looks[0], look)
            for each in list(self._looks)[:-1]:
                self._hit.take(each, count, cases)
        self._hit.take(look, count, cases)

    def _let_go(self, look: Look) -> None:
        _uncount(self._cases, look.case)
        _uncount(self._people, look.subject)

    def _count(self) -> int:
        match self._rule.measure:
            case "cases":
                return len(self._cases)
            case "people":
                return len(self._people)
        return len(self._looks)

    def is_over(self, now: datetime) -> bool:
        """True when nothing in it can count together with what comes."""
        return now - self._looks[-1].at > self._rule.within

    def end(self) -> Iterator[Flag]:
        hit, self._hit = self._hit, None
        if hit is not None:
            yield _flag(self._rule, hit, count=hit.count, cases=hit.cases)


def _uncount(counter: Counter[T], key: T) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


def _flag(rule: Rule, hit: _Hit, kind: str | None = None, **facts: int) -> Flag:
    en, zh = rule.explained(**facts)
    return Flag(
        rule=rule.id,
        en=en,
        zh=zh,
        consumer=hit.first.consumer,
        officer=hit.first.officer if "officer" in rule.per else None,
        pairwise=hit.first.pairwise if "person" in rule.per else None,
        type=kind,
        since=hit.first.at,
        until=hit.last.at,
        count=facts["count"],
        exchanges=tuple(hit.exchanges),
    )


def _concerns(rule: Rule, look: Look) -> bool:
    if rule.reasons and look.reason not in rule.reasons:
        return False
    if "person" in rule.per and look.subject is None:
        return False
    begins, ends = rule.numbers.get("from_hour"), rule.numbers.get("to_hour")
    if begins is None or ends is None:
        return True
    hour = look.at.astimezone(LOCAL).hour
    return (begins <= hour or hour < ends) if begins > ends else begins <= hour < ends


def _keys(rule: Rule, look: Look) -> Iterable[Hashable]:
    if "address" in rule.per:
        return look.addresses
    return [look.subject if "person" in rule.per else None]


class Rarity:
    """One rule about types that a consumer hardly ever asked for in the time before ``since``."""

    def __init__(self, rule: Rule, before: Mapping[tuple[str, str], int], *, since: datetime) -> None:
        self._rule = rule
        self._since = since
        self._before = before
        self._totals: Counter[str] = Counter()
        for (consumer, _), count in before.items():
            self._totals[consumer] += count
        self._found: dict[tuple[str, str], _Hit] = {}

    def watch(self, looks: Iterable[Look]) -> Iterator[Look]:
        """``looks`` as they come, each taken note of."""
        for look in looks:
            for kind in look.types if look.at >= self._since else ():
                if self._is_rare(look.consumer, kind):
                    hit = self._found.setdefault((look.consumer, kind), _Hit(look, look))
                    hit.take(look, hit.count + 1, 0)
            yield look

    def _is_rare(self, consumer: str, kind: str) -> bool:
        total, numbers = self._totals[consumer], self._rule.numbers
        seen = self._before.get((consumer, kind), 0)
        return total >= numbers["least_baseline"] and seen * 1000 <= total * numbers["most_permille"]

    def flags(self) -> Iterator[Flag]:
        """What was found, once every look has passed."""
        for (consumer, kind), hit in sorted(self._found.items(), key=lambda found: found[0]):
            if hit.count >= self._rule.numbers["at_least"]:
                seen, total = self._before.get((consumer, kind), 0), self._totals[consumer]
                yield _flag(self._rule, hit, kind, count=hit.count, seen=seen, baseline=total)


def _at(look: Look) -> datetime:
    return look.at
