"""The comparisons, rules and weights of a model as SQL over two rows ``l`` and ``r`` of traits."""

from collections.abc import Callable, Mapping
from typing import Final

from hub.identity.compare import (
    BIRTH_LEVELS,
    COUNTED,
    FAR_BIRTHS,
    HIDDEN,
    MISSING,
    NAMED_PLACE,
    SUB_BODY,
    frequent_name,
)
from hub.identity.modelfile import Comparison, Model, Rule
from hub.identity.rules import SCORE

_LONGEST_COMPARED: Final = 8

MACROS: Final = (
    (
        "CREATE OR REPLACE MACRO fits(p, n) AS contains(p, '?') AND ((length(n) >= 2 AND p = n || '?') OR"
        " (length(p) = length(n) AND replace(p, '?', '') <> '' AND regexp_full_match(n, replace(p, '?', '.'))))"
    ),
    "CREATE OR REPLACE MACRO one_off_in_order(s, g) AS length(g) - length(s) <= 1 AND length(g) BETWEEN 2 AND 8"
    " AND left(s, 1) = left(g, 1) AND ("
    + " OR ".join(
        f"(length(g) > {place} AND left(s, {place}) = left(g, {place})"
        f" AND substr(s, {place} + 2 - (length(g) - length(s))) = substr(g, {place} + 2))"
        for place in range(1, _LONGEST_COMPARED)
    )
    + ")",
    ("CREATE OR REPLACE MACRO cut_off(s, g) AS length(s) >= 2 AND length(g) > 4 AND starts_with(g, s)"),
    (
        "CREATE OR REPLACE MACRO one_off(a, b) AS CASE WHEN length(a) <= length(b)"
        " THEN cut_off(a, b) OR one_off_in_order(a, b) ELSE cut_off(b, a) OR one_off_in_order(b, a) END"
    ),
    (
        "CREATE OR REPLACE MACRO one_edit_in_order(s, g) AS length(g) - length(s) <= 1 AND list_has_any("
        "list_transform(range(0, length(g)), lambda p: left(g, p) = left(s, p)"
        " AND substr(s, p + 2 - (length(g) - length(s))) = substr(g, p + 2)), [true])"
    ),
    (
        "CREATE OR REPLACE MACRO one_edit(a, b) AS CASE WHEN length(a) <= length(b) THEN one_edit_in_order(a, b)"
        " ELSE one_edit_in_order(b, a) END"
    ),
    (
        "CREATE OR REPLACE MACRO was_called(former, name) AS former <> ''"
        " AND list_contains(string_split(former, '|'), name)"
    ),
    (
        "CREATE OR REPLACE MACRO is_house(t) AS regexp_matches(t, '[0-9]') AND (length(t) >= 6"
        f" OR regexp_matches(t, '{NAMED_PLACE}'))"
    ),
    (
        "CREATE OR REPLACE MACRO as_seen(a, b) AS length(a) = length(b) AND NOT list_has_any(list_transform("
        f"range(1, length(a) + 1), lambda p: a[p] <> b[p] AND a[p] <> '{HIDDEN}' AND b[p] <> '{HIDDEN}'), [true])"
    ),
    "CREATE OR REPLACE MACRO is_round(d) AS right(d, 6) = '-01-01'",
    (
        "CREATE OR REPLACE MACRO parts_alike(a, b) AS CAST(left(a, 4) = left(b, 4) AS INT)"
        " + CAST(substr(a, 6, 2) = substr(b, 6, 2) AS INT) + CAST(right(a, 2) = right(b, 2) AS INT)"
    ),
    (
        "CREATE OR REPLACE MACRO birth_level(a, b) AS CASE WHEN a = b AND is_round(a) THEN 'equal_round'"
        " WHEN a = b THEN 'equal' WHEN left(a, 5) || right(a, 2) || '-' || substr(a, 6, 2) = b THEN 'near'"
        " WHEN levenshtein(a, b) <= 1 THEN 'near'"
        " WHEN (is_round(a) OR is_round(b)) AND left(a, 4) = left(b, 4) THEN 'year'"
        " WHEN is_round(a) OR is_round(b) OR parts_alike(a, b) > 1 THEN 'partly' ELSE 'different' END"
    ),
    (
        "CREATE OR REPLACE MACRO birth_rank(a, b) AS CASE WHEN a = '' OR b = '' THEN 99 ELSE list_position("
        f"[{', '.join(repr(name) for name in BIRTH_LEVELS)}], birth_level(a, b)) END"
    ),
)


def _when(*cases: tuple[str, str], otherwise: str) -> str:
    return "CASE " + " ".join(f"WHEN {test} THEN '{level}'" for test, level in cases) + f" ELSE '{otherwise}' END"


def _number(field: str) -> str:
    one, other, left, right = f"l.{field}", f"r.{field}", f"l.{field}_state", f"r.{field}_state"
    both_valid = f"left({left}, 1) = 'v' AND left({right}, 1) = 'v'"
    masked = f"substr({left}, 2) = substr({right}, 2) AND (left({left}, 1) = 'm' OR left({right}, 1) = 'm')"
    faulty = f"(left({left}, 1) = 'i' OR left({right}, 1) = 'i')"
    return _when(
        (f"{one} = '' OR {other} = ''", MISSING),
        (f"{masked} AND as_seen({one}, {other}) AND '{HIDDEN}' IN (right({one}, 1), right({other}, 1))", MISSING),
        (f"{masked} AND as_seen({one}, {other})", "visible"),
        (f"{masked} AND {faulty}", "other"),
        (masked, "different"),
        (f"{one} = {other} AND {both_valid}", "equal"),
        (f"{one} = {other}", "equal_invalid"),
        (f"substr({left}, 2) <> substr({right}, 2)", MISSING),
        (f"left({one}, 15) = left({other}, 15) AND '000' IN (substr({one}, 16), substr({other}, 16))", MISSING),
        (both_valid, "different"),
        (f"levenshtein({one}, {other}) <= 2", "near"),
        otherwise="other",
    )


def _number_pair(field: str) -> str:
    return f"replace({_number(field)}, 'equal_invalid', 'near')"


def _person_name(field: str, surnames: str, given: str) -> str:
    one, other = f"l.{field}", f"r.{field}"
    length = f"length({one}) + CASE WHEN regexp_full_match({one}, '{frequent_name(surnames, given)}') THEN 0 ELSE 1 END"
    return _when(
        (f"{one} = '' OR {other} = ''", MISSING),
        (f"{one} = {other} AND contains({one}, '?')", "wildcard"),
        (f"{one} = {other} AND {length} = 3", "equal"),
        (f"{one} = {other} AND {length} < 3", "equal_common"),
        (f"{one} = {other}", "equal_rare"),
        (f"was_called(l.former, {other}) OR was_called(r.former, {one})", "former"),
        (f"fits({one}, {other}) OR fits({other}, {one})", "wildcard"),
        (f"contains({one}, '?') OR contains({other}, '?')", "different"),
        ("l.sound = r.sound", "sound"),
        (
            (
                f"length({one}) = length({other})"
                f" AND list_sort(string_split({one}, '')) = list_sort(string_split({other}, ''))"
            ),
            "permuted",
        ),
        (f"one_off({one}, {other})", "one_off"),
        otherwise="different",
    )


def _organisation_name(field: str) -> str:
    one, other = f"l.{field}", f"r.{field}"
    shorter = "CASE WHEN length(l.stem) <= length(r.stem) THEN l.stem ELSE r.stem END"
    longer = "CASE WHEN length(l.stem) <= length(r.stem) THEN r.stem ELSE l.stem END"
    part = f"length({shorter}) >= 4 AND contains({longer}, {shorter})"
    rest = [f"replace({side}.{field}, {side}.stem, '')" for side in "lr"]
    counted = [f"regexp_extract_all({side}.stem, '{COUNTED}')" for side in "lr"]
    return _when(
        (f"{one} = '' OR {other} = ''", MISSING),
        (f"{one} = {other} AND l.stem <> {one} AND length({one}) >= 8", "equal_full"),
        (f"{one} = {other}", "equal"),
        (f"l.stem = r.stem AND (contains({rest[0]}, {rest[1]}) OR contains({rest[1]}, {rest[0]}))", "stem"),
        ("l.stem = r.stem", "contains"),
        (
            f"{part} AND (regexp_matches({shorter}, '{SUB_BODY}') OR NOT regexp_matches({longer}, '{SUB_BODY}'))",
            "contains",
        ),
        (part, "different"),
        (f"length({shorter}) >= 6 AND one_edit(l.stem, r.stem) AND {counted[0]} = {counted[1]}", "near"),
        otherwise="different",
    )


def _birth(field: str) -> str:
    one, other = (f"CASE WHEN l.number = r.number THEN {side}.{field} ELSE {side}.born END" for side in "lr")
    single = f"birth_level({one}, {other})"
    ways = ", ".join(
        f"birth_rank(split_part(l.born, '|', {left}), split_part(r.born, '|', {right}))"
        for left in (1, 2)
        for right in (1, 2)
    )
    names = ", ".join(f"'{name}'" for name in BIRTH_LEVELS)
    alone = f"CASE WHEN l.{field} = '' THEN r.born ELSE l.born END"
    apart = f"birth_level(split_part({alone}, '|', 1), split_part({alone}, '|', 2))"
    far = ", ".join(f"'{name}'" for name in FAR_BIRTHS)
    return (
        f"CASE WHEN l.number = r.number AND (l.{field} = '' OR r.{field} = '')"
        f" THEN CASE WHEN contains({alone}, '|') AND {apart} IN ({far}) THEN {apart} ELSE '{MISSING}' END"
        f" WHEN ({one}) = '' OR ({other}) = '' THEN '{MISSING}' WHEN l.number <> r.number"
        f" AND (contains(l.born, '|') OR contains(r.born, '|')) THEN ([{names}])[least({ways})] ELSE {single} END"
    )


def _exact(field: str) -> str:
    return _when(
        (f"l.{field} = '' OR r.{field} = ''", MISSING), (f"l.{field} = r.{field}", "equal"), otherwise="different"
    )


def _region(field: str) -> str:
    return _when(
        (f"l.{field} = '' OR r.{field} = ''", MISSING),
        (f"l.{field} = r.{field}", "equal"),
        (f"left(l.{field}, 4) = left(r.{field}, 4)", "near"),
        otherwise="different",
    )


def _address(field: str) -> str:
    one, other = f"l.{field}", f"r.{field}"

    def inside(shorter: str, longer: str) -> str:
        return f"(length({shorter}) <= length({longer}) AND is_house({shorter}) AND ends_with({longer}, {shorter}))"

    return _when(
        (f"{one} = '' OR {other} = ''", MISSING),
        (f"{one} = {other} AND is_house({one})", "equal"),
        (f"{one} = {other}", "vague"),
        (f"{inside(one, other)} OR {inside(other, one)}", "near"),
        otherwise="different",
    )


def _shared(field: str) -> str:
    return _when(
        (f"l.{field} = '' OR r.{field} = ''", MISSING),
        (f"list_has_any(string_split(l.{field}, '|'), string_split(r.{field}, '|'))", "equal"),
        otherwise="different",
    )


def _edits(field: str) -> str:
    distance = f"levenshtein(l.{field}, r.{field})"
    return _when(
        (f"l.{field} = '' OR r.{field} = ''", MISSING),
        (f"l.{field} = r.{field}", "equal"),
        (f"{distance} = 1", "one_edit"),
        (f"{distance} = 2", "two_edits"),
        otherwise="different",
    )


def _list(field: str) -> str:
    return _when((f"l.{field} <> '' AND l.{field} = r.{field}", "same"), otherwise="other")


_LEVELS: Final[Mapping[str, Callable[..., str]]] = {
    "number": _number,
    "number_pair": _number_pair,
    "person_name": _person_name,
    "organisation_name": _organisation_name,
    "birth": _birth,
    "code": _exact,
    "exact": _exact,
    "region": _region,
    "address": _address,
    "shared": _shared,
    "edits": _edits,
    "list": _list,
}


def levels(model: Model) -> str:
    """The level of each field, as columns named for the fields."""
    return ", ".join(f'{level(each)} AS "{each.field}"' for each in model.comparisons)


def level(comparison: Comparison) -> str:
    """The level on which one field stands."""
    return _LEVELS[comparison.comparison](comparison.field, *comparison.settings)


def verdict(model: Model) -> str:
    """Columns ``method``, ``outcome`` and ``weight`` over rows of levels."""
    method = " ".join(f"WHEN {_condition(rule)} THEN '{rule.rule}'" for rule in model.rules)
    return f"CASE {method} ELSE '{SCORE}' END AS method, {_weight(model)} AS weight"


def outcome(model: Model, *, review_probable: bool = False) -> str:
    """What ``method`` and ``weight`` come to."""
    rules = " ".join(f"WHEN method = '{rule.rule}' THEN '{rule.then}'" for rule in model.rules)
    linked = "review" if review_probable else "link"
    return (
        f"CASE {rules} WHEN weight >= {model.link_bits} THEN '{linked}'"
        f" WHEN weight >= {model.review_bits} THEN 'review'"
        f" WHEN weight < {model.fracture_bits} AND least({', '.join(_weights(model))}) < 0 THEN 'apart' ELSE 'open' END"
    )


def _condition(rule: Rule) -> str:
    every = _all_of(rule.when)
    if not rule.alternatives:
        return every
    return f"{every} AND ({' OR '.join(f'({_all_of(each)})' for each in rule.alternatives)})"


def _all_of(condition: Mapping[str, tuple[str, ...]]) -> str:
    if not condition:
        return "true"
    return " AND ".join(f'"{field}" IN ({_quoted(wanted)})' for field, wanted in condition.items())


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _weight(model: Model) -> str:
    """The prior and every field's weight."""
    return f"round(({model.prior_bits} + {' + '.join(_weights(model))})::DOUBLE, 3)"


def _weights(model: Model) -> list[str]:
    """Every field's weight; of a group the strongest of those that are not missing."""
    single = [_bits(each) for each in model.comparisons if not each.group]
    groups: dict[str, list[str]] = {}
    for each in model.comparisons:
        if each.group:
            groups.setdefault(each.group, []).append(_bits(each, missing="NULL"))
    return single + [f"coalesce(greatest({', '.join(members)}), 0)" for members in groups.values()]


def _bits(comparison: Comparison, missing: str = "0") -> str:
    cases = " ".join(
        f"WHEN '{name}' THEN {round(level.bits, 3)}" for name, level in comparison.levels.items() if name != MISSING
    )
    return f'CASE "{comparison.field}" {cases} ELSE {missing} END'
