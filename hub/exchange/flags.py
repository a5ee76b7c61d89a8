"""Unusual patterns 异常查询: found by stated rules, which are data, each hit explained with the rule's own numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from hub.errors import Malformed
from hub.proof.encoding import strict_json

STANDARD: Final = Path(__file__).with_name("flags.json")
VERSION: Final = 1
MEASURES: Final = frozenset({"requests", "cases", "people", "rarity"})
PER: Final = frozenset({"officer", "person", "address", "consumer", "type"})
NUMBERS: Final = frozenset(
    {"at_least", "within_minutes", "from_hour", "to_hour", "least_cases", "most_permille", "least_baseline"}
    | {"baseline_days"}
)
TEXTS: Final = frozenset({"id", "measure", "per", "reasons", "en", "zh"})


@dataclass(frozen=True, slots=True)
class Look:
    """One request, as far as a rule looks at it: who asked about whom, for which case, when."""

    exchange: str
    at: datetime
    consumer: str
    officer: str
    subject: str | None = field(repr=False)
    pairwise: str | None
    case: str
    types: tuple[str, ...]
    reason: str | None
    addresses: frozenset[bytes] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as its file states it: what is counted, for whom, in which time, and how much is unusual."""

    id: str
    measure: str
    per: tuple[str, ...]
    numbers: Mapping[str, int]
    en: str
    zh: str
    reasons: frozenset[str] = frozenset()

    @property
    def within(self) -> timedelta:
        """The time in which looks count together."""
        return timedelta(minutes=self.numbers.get("within_minutes", 0))

    def explained(self, **facts: int) -> tuple[str, str]:
        """The rule's sentence in English and Chinese, with its numbers and the numbers found."""
        told = {**self.numbers, "within_days": self.within.days, **facts}
        return self.en.format_map(told), self.zh.format_map(told)


@dataclass(frozen=True, slots=True)
class Flag:
    """One hit: the rule, who asked, about whom under the consumer's own id, when, and in which exchanges."""

    rule: str
    en: str
    zh: str
    consumer: str
    officer: str | None
    pairwise: str | None
    type: str | None
    since: datetime
    until: datetime
    count: int
    exchanges: tuple[str, ...]

    def line(self) -> dict[str, Any]:
        """The flag as the interface and the command line show it."""
        told = {name: getattr(self, name) for name in self.__slots__}
        spelled = {name: told[name].isoformat(timespec="seconds") for name in ("since", "until")}
        return told | spelled | {"exchanges": list(self.exchanges)}


def parse_rules(content: bytes) -> tuple[Rule, ...]:
    """The rules in a file's ``content``.

    Raises:
        Malformed: another form; the fact ``rule`` names which.
    """
    told = strict_json(content)
    if not isinstance(told, dict) or told.get("version") != VERSION or not isinstance(told.get("rules"), list):
        raise _bad_rule("version")
    rules = tuple(_rule(each) for each in told["rules"])
    if len({rule.id for rule in rules}) != len(rules):
        raise _bad_rule("id")
    return rules


def standard_rules() -> tuple[Rule, ...]:
    """The rules that come with the hub."""
    return parse_rules(STANDARD.read_bytes())


def _rule(told: Any) -> Rule:
    name = str(told.get("id"))[:40] if isinstance(told, dict) else "?"
    if not isinstance(told, dict) or not told.keys() <= NUMBERS | TEXTS:
        raise _bad_rule(name)
    per, reasons = told.get("per"), told.get("reasons", [])
    numbers = {key: told[key] for key in NUMBERS & told.keys()}
    texts = [told.get(key) for key in ("id", "en", "zh")]
    is_sound = (
        all(isinstance(each, str) and each for each in texts)
        and told.get("measure") in MEASURES
        and isinstance(per, list)
        and bool(per)
        and set(map(str, per)) <= PER
        and isinstance(reasons, list)
        and all(type(number) is int and number >= 0 for number in numbers.values())
        and numbers.get("at_least", 0) > 0
    )
    if not is_sound:
        raise _bad_rule(name)
    rule = Rule(
        told["id"],
        told["measure"],
        tuple(map(str, per or ())),
        numbers,
        told["en"],
        told["zh"],
        frozenset(map(str, reasons)),
    )
    _check_sentences(rule)
    return rule


def _check_sentences(rule: Rule) -> None:
    needs = {"rarity": {"most_permille", "least_baseline", "baseline_days"}}.get(rule.measure, {"within_minutes"})
    try:
        rule.explained(count=0, cases=0, seen=0, baseline=0)
    except (KeyError, IndexError, ValueError, AttributeError):
        raise _bad_rule(rule.id) from None
    if not needs <= rule.numbers.keys():
        raise _bad_rule(rule.id)


def _bad_rule(name: str) -> Malformed:
    return Malformed(
        "exchange.flag-rules",
        "The rules for flags are not of the form prescribed; the rule or member is named here.",
        "异常提示规则文件格式不符；规则或成员名称见此。",
        rule=name,
    )


def rules_document(rules: Sequence[Rule]) -> dict[str, Any]:
    """The rules in force, as their file states them."""
    return {"version": VERSION, "rules": [_stated(rule) for rule in rules]}


def _stated(rule: Rule) -> dict[str, Any]:
    told = {"id": rule.id, "measure": rule.measure, "per": list(rule.per), **rule.numbers}
    reasons = {"reasons": sorted(rule.reasons)} if rule.reasons else {}
    return told | reasons | {"en": rule.en, "zh": rule.zh}
