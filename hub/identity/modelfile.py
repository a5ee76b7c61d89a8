"""The model file: keys, comparison levels, guarded rules and weights in one versioned place that people can read.

Whoever edits it by hand into nonsense is told where; nothing is guessed.
"""

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Literal

from hub.errors import Malformed
from hub.identity.compare import COMPARISONS, MISSING
from hub.identity.traits import READERS, key_part_names

Then = Literal["link", "review", "apart"]

PLAIN: Final = "plain"
"""Records whose columns are compared as they stand: the model file alone says which there are."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
STANDARD: Final = {"resident": "residents", "legal_person": "organisations"}


@dataclass(frozen=True, slots=True)
class Level:
    """How often a level occurs between two records of one subject (``m``) and of two (``u``)."""

    m: float
    u: float

    @property
    def bits(self) -> float:
        """What seeing this level is worth."""
        return math.log2(self.m / self.u)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field, how it is compared, and what each level is worth; of one ``group`` only the strongest counts."""

    field: str
    comparison: str
    levels: Mapping[str, Level]
    group: str = ""
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """When every field named stands on one of its levels, and (if there is any) one alternative holds: ``then``."""

    rule: str
    when: Mapping[str, tuple[str, ...]]
    alternatives: tuple[Mapping[str, tuple[str, ...]], ...]
    then: Then
    blocking: bool


@dataclass(frozen=True, slots=True)
class Model:
    """A whole model file, checked."""

    name: str
    version: str
    kind: str
    columns: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    key_cap: int
    one_list_exports: frozenset[str]
    prior_bits: float
    link_bits: float
    review_bits: float
    fracture_bits: float
    comparisons: tuple[Comparison, ...]
    rules: tuple[Rule, ...]


def parse_model(text: str | bytes) -> Model:
    """The model that a file describes.

    Raises:
        Malformed: naming the place in the file that cannot be meant.
    """
    try:
        raw = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as fault:
        raise _wrong(f"file line {fault.lineno}, column {fault.colno}", "is not JSON") from fault
    except (ValueError, RecursionError) as fault:
        raise _wrong("file", "is not JSON") from fault
    document = _Place(raw, "model")
    document.require_only(_MEMBERS)
    columns = _columns(document)
    comparisons = tuple(_comparison(place, columns) for place in document.places("fields"))
    thresholds = document.at("thresholds")
    found = Model(
        name=document.word("model"),
        version=_version(document),
        kind=document.word("kind"),
        columns=columns,
        keys=tuple(_key(place, columns) for place in document.places("keys")),
        key_cap=document.whole("key_cap"),
        one_list_exports=_exports(document),
        prior_bits=document.number("prior_bits", most=0),
        link_bits=thresholds.number("link", least=0),
        review_bits=thresholds.number("review"),
        fracture_bits=thresholds.number("fracture"),
        comparisons=comparisons,
        rules=tuple(_rule(place, comparisons) for place in document.places("rules")),
    )
    _require_sense(found)
    return found


_MEMBERS: Final = frozenset(
    ("$schema", "model", "version", "kind", "about", "columns", "keys", "key_cap", "one_list_exports", "prior_bits",
     "thresholds", "fields", "rules", "trained")
)  # fmt: skip
_FIELD_MEMBERS: Final = frozenset(("field", "comparison", "group", "levels"))
_RULE_MEMBERS: Final = frozenset(("rule", "when", "any", "then", "blocking"))
_LONGEST_VERSION: Final = 60
_RULE: Final = re.compile(r"[a-z][a-z0-9-]*")
_EXPORT: Final = re.compile(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object, none of which stands there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        doubled = next(name for place, (name, _) in enumerate(pairs) if name in dict(pairs[:place]))
        raise _wrong(doubled, "stands there twice")
    return found


def _version(document: "_Place") -> str:
    """What the model is called; it stands on every line of the link log."""
    found = document.word("version")
    if len(found) > _LONGEST_VERSION or not found.isprintable():
        raise _wrong("model.version", f"must be one line of at most {_LONGEST_VERSION} characters")
    return found


def _exports(document: "_Place") -> frozenset[str]:
    exports = document.words("one_list_exports")
    if not all(_EXPORT.fullmatch(each) for each in exports):
        raise _wrong("model.one_list_exports", "must be registries with an export, such as civil_affairs/residents")
    return frozenset(exports)


def _columns(document: "_Place") -> tuple[str, ...]:
    kind, columns = document.word("kind"), document.words("columns")
    if kind not in (*READERS, PLAIN):
        raise _wrong("model.kind", "is not one that records can be read as")
    if kind == PLAIN and not all(_NAME.fullmatch(column) for column in columns):
        raise _wrong("model.columns", "must be small letters, digits and underscores")
    if kind != PLAIN and READERS[kind].columns != columns:
        raise _wrong("model.columns", "are not those that records of this kind give")
    if not document.places("fields"):
        raise _wrong("model.fields", "must not be empty")
    return columns


def _require_sense(model: Model) -> None:
    if not model.fracture_bits <= model.review_bits <= model.link_bits:
        raise _wrong("thresholds", "must rise from fracture over review to link")
    for names, what in (
        ([each.field for each in model.comparisons], "fields"),
        ([each.rule for each in model.rules], "rules"),
    ):
        if len(set(names)) != len(names) or not names:
            raise _wrong(what, "must be there, each name once")
    if not model.keys:
        raise _wrong("keys", "must be there: without any no two records would be compared")
    for each in model.comparisons:
        _require_order(each)
    if model.kind != PLAIN:
        _require_guards(model)


def _require_order(comparison: Comparison) -> None:
    """The closest level speaks more for one subject than the farthest, and what differs does not at all."""
    levels, (closest, *_, farthest) = comparison.levels, COMPARISONS[comparison.comparison].levels
    if comparison.comparison == "list":
        return
    if levels[closest].bits <= levels[farthest].bits:
        raise _wrong(f"fields.{comparison.field}", f"says that {farthest} speaks for one subject more than {closest}")
    if _DIFFERENT in levels and levels[_DIFFERENT].bits > 0:
        raise _wrong(f"fields.{comparison.field}", "says that what differs speaks for one subject")


_DIFFERENT: Final = "different"


def _require_guards(model: Model) -> None:
    """No field links by itself, and nothing links two valid numbers that differ, whoever edits the file."""
    for each in model.comparisons:
        most = model.prior_bits + max(level.bits for name, level in each.levels.items() if name != MISSING)
        if each.comparison not in _NUMBERS and most >= model.link_bits:
            raise _wrong(f"fields.{each.field}", "alone would link by its weight, with this prior and threshold")
    telling = {each.field for each in model.comparisons if each.comparison not in _BESIDE}
    for rule in model.rules:
        if rule.then == "link":
            _require_agreement(rule, telling)
    for each in model.comparisons:
        if each.comparison == "number":
            _require_veto(model, each.field)


def _require_agreement(rule: Rule, telling: Collection[str]) -> None:
    if not any(_agrees(rule.when.get(field, ())) for field in ("name", "birth")):
        raise _wrong(f"rules.{rule.rule}", "links without a name or a birth date that agrees")
    if rule.when.get("name") != _UNIQUE_NAME and _agreeing(rule, telling) < _LEAST:
        raise _wrong(f"rules.{rule.rule}", "links where one field alone agrees")


def _require_veto(model: Model, number: str) -> None:
    for rule in model.rules:
        if "different" not in rule.when.get(number, ("different",)):
            continue
        if rule.then == "link":
            raise _wrong(f"rules.{rule.rule}", "links two valid numbers that differ")
        if set(rule.when) == {number} and not rule.alternatives:
            return
    raise _wrong("rules", "have none that keeps two valid numbers apart whatever else agrees")


_NUMBERS: Final = ("number", "number_pair")
"""What one says alone is for the rules: an equal number links nobody by itself."""
_BESIDE: Final = ("code", "region", "list")
"""What so many share that it tells nobody apart."""
_LEAST: Final = 2
_UNIQUE_NAME: Final = ("equal_full",)
"""An organisation's full name, region included, is unique with its registrar."""


def _agrees(levels: tuple[str, ...]) -> bool:
    return bool(levels) and not {_DIFFERENT, "other", MISSING}.intersection(levels)


def _agreeing(rule: Rule, telling: Collection[str]) -> int:
    """How many telling fields agree wherever the rule applies."""
    ways = [{**rule.when, **each} for each in rule.alternatives] or [dict(rule.when)]
    return min(sum(_agrees(levels) for field, levels in way.items() if field in telling) for way in ways)


def _comparison(place: "_Place", columns: tuple[str, ...]) -> Comparison:
    field, kind = place.word("field"), place.word("comparison")
    place.require_only(_FIELD_MEMBERS | set(COMPARISONS[kind].settings if kind in COMPARISONS else ()))
    if field not in columns:
        raise _wrong(f"{place.path}.field", "is not among the columns")
    if kind not in COMPARISONS:
        raise _wrong(f"{place.path}.comparison", "is not a comparison")
    levels = {name: _level(place.at("levels").at(name)) for name in place.at("levels").names()}
    lacking = [name for name in COMPARISONS[kind].levels if name not in levels]
    if lacking:
        raise _wrong(f"{place.path}.levels.{lacking[0]}", "is missing; newer versions of the hub compare on it")
    if set(levels) | {MISSING} != set(COMPARISONS[kind].levels) | {MISSING} or (
        MISSING not in levels and kind != "list"
    ):
        raise _wrong(f"{place.path}.levels", "are not exactly the levels of this comparison")
    settings = tuple(_characters(place, name) for name in COMPARISONS[kind].settings)
    return Comparison(field, kind, levels, place.word("group", default=""), settings)


def _characters(place: "_Place", name: str) -> str:
    """A word of Chinese characters; it goes into patterns, so nothing else may stand in it."""
    found = place.word(name)
    if not all("\u3400" <= character <= "\u9fff" for character in found):
        raise _wrong(f"{place.path}.{name}", "must be Chinese characters, one after the other")
    return found


def _level(place: "_Place") -> Level:
    level = Level(place.number("m", least=1e-12, most=1), place.number("u", least=1e-12, most=1))
    if set(place.names()) != {"m", "u"}:
        raise _wrong(place.path, "must be m and u")
    return level


def _key(place: "_Place", columns: tuple[str, ...]) -> tuple[str, ...]:
    parts = tuple(place.texts())
    if not parts or any(part not in key_part_names(columns) for part in parts):
        raise _wrong(place.path, "names a part that keys are not made of")
    return parts


def _rule(place: "_Place", comparisons: tuple[Comparison, ...]) -> Rule:
    place.require_only(_RULE_MEMBERS)
    then, name = place.word("then"), place.word("rule")
    if not _RULE.fullmatch(name) or name in ("score", "steward"):
        raise _wrong(f"{place.path}.rule", "must be a name of its own in small letters, digits and hyphens")
    if then not in ("link", "review", "apart"):
        raise _wrong(f"{place.path}.then", "must be link, review or apart")
    any_of = tuple(_condition(each, comparisons) for each in place.places("any")) if place.has("any") else ()
    blocking = place.raw.get("blocking", False)
    if not isinstance(blocking, bool):
        raise _wrong(f"{place.path}.blocking", "must be true or false")
    when = _condition(place.at("when"), comparisons)
    if then == "link" and not when:
        raise _wrong(f"{place.path}.when", "would link everything")
    return Rule(name, when, any_of, "link" if then == "link" else _unlinked(then), blocking)


def _unlinked(then: str) -> Literal["review", "apart"]:
    return "review" if then == "review" else "apart"


def _condition(place: "_Place", comparisons: tuple[Comparison, ...]) -> Mapping[str, tuple[str, ...]]:
    known = {each.field: each.levels for each in comparisons}
    condition = {}
    for field in place.names():
        levels = place.words(field)
        if field not in known or not levels or any(level not in known[field] for level in levels):
            raise _wrong(f"{place.path}.{field}", "names a field or level that the model does not have")
        condition[field] = levels
    return condition


class _Place:
    """A value in the file with the way to it, for saying where something is wrong."""

    def __init__(self, raw: Any, path: str) -> None:
        self.raw = raw
        self.path = path

    def names(self) -> list[str]:
        if not isinstance(self.raw, dict):
            raise _wrong(self.path, "must be an object")
        return list(self.raw)

    def has(self, name: str) -> bool:
        return name in self.names()

    def require_only(self, known: Collection[str]) -> None:
        """Raises Malformed for a member that nothing reads: a slip of the pen that would be passed over."""
        unknown = sorted(set(self.names()).difference(known))
        if unknown:
            raise _wrong(f"{self.path}.{unknown[0]}", "is not a member that a model has")

    def at(self, name: str) -> "_Place":
        if not self.has(name):
            raise _wrong(f"{self.path}.{name}", "is missing")
        return _Place(self.raw[name], f"{self.path}.{name}")

    def places(self, name: str) -> list["_Place"]:
        place = self.at(name)
        if not isinstance(place.raw, list):
            raise _wrong(place.path, "must be a list")
        return [_Place(each, f"{place.path}.{number}") for number, each in enumerate(place.raw)]

    def texts(self) -> list[str]:
        if not isinstance(self.raw, list) or not all(isinstance(each, str) for each in self.raw):
            raise _wrong(self.path, "must be a list of names")
        return self.raw

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(self.at(name).texts())

    def word(self, name: str, default: str | None = None) -> str:
        if default is not None and not self.has(name):
            return default
        found = self.at(name).raw
        if not isinstance(found, str) or not found:
            raise _wrong(f"{self.path}.{name}", "must be a word")
        return found

    def number(self, name: str, *, least: float = -1000, most: float = 10_000) -> float:
        found = self.at(name).raw
        if isinstance(found, bool) or not isinstance(found, int | float) or not least <= found <= most:
            raise _wrong(f"{self.path}.{name}", f"must be a number from {least:g} to {most:g}")
        return float(found)

    def whole(self, name: str) -> int:
        found = self.number(name, least=1)
        if found != int(found):
            raise _wrong(f"{self.path}.{name}", "must be a whole number")
        return int(found)


def _wrong(place: str, what: str) -> Malformed:
    return Malformed(
        "identity.model-nonsense",
        f"The identity model cannot be used: {place} {what}. Correct the file, or go back to the last version.",
        f"比对模型文件有误：{place}。请更正或恢复上一版本。",
        place=place,
    )


@lru_cache(maxsize=8)
def standard_model(kind: str) -> Model:
    """The model that comes with the hub for residents or legal persons."""
    name = STANDARD[kind]
    return parse_model(files("hub.identity").joinpath("models", f"{name}.json").read_text(encoding="utf-8"))
