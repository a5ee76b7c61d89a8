"""How alike two values are, in the few levels that mean something for names and numbers of the field.

Every comparison is made so that a database can compute the same from the same columns: equality, cutting, splitting,
and plain edit distance on ASCII text.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import Levenshtein

from hub.kernel.names import WILDCARD

MISSING: Final = "missing"
LIST_MARK: Final = "|"

Traits = tuple[str, ...]
LevelOf = Callable[[Traits, Traits], str]
Places = Mapping[str, int]

_USUAL: Final = 3
_LONGEST_COMPARED: Final = 8
_PREFECTURE = 4
_SHORTEST_PART: Final = 4
_SHORTEST_ADDRESS: Final = 6
NAMED_PLACE: Final = "[\u3400-\u9fff]{3}"
"""A village or road by its name: 后陈村28 is a house, 28 and 三组28 may be anybody's."""
_NAMED_PLACE: Final = re.compile(NAMED_PLACE)
_SHORTEST_CUT: Final = 2
_LONGEST_UNCUT: Final = 4
_NEAR_EDITS: Final = 2


@dataclass(frozen=True, slots=True)
class ComparisonKind:
    """The levels of a comparison, from the closest down, and what makes it for the columns of a model.

    ``settings``: words of the model file that the maker is given beside field and places.
    """

    levels: tuple[str, ...]
    made_for: Callable[..., LevelOf]
    settings: tuple[str, ...] = ()


def _simple(field: str, places: Places, level_of: Callable[[str, str], str]) -> LevelOf:
    place = places[field]

    def compared(left: Traits, right: Traits) -> str:
        one, other = left[place], right[place]
        return level_of(one, other) if one and other else MISSING

    return compared


def _exact(field: str, places: Places) -> LevelOf:
    return _simple(field, places, lambda one, other: "equal" if one == other else "different")


def _list(field: str, places: Places) -> LevelOf:
    place = places[field]
    return lambda left, right: "same" if left[place] and left[place] == right[place] else "other"


def _region(field: str, places: Places) -> LevelOf:
    def level_of(one: str, other: str) -> str:
        if one == other:
            return "equal"
        return "near" if one[:_PREFECTURE] == other[:_PREFECTURE] else "different"

    return _simple(field, places, level_of)


def _address(field: str, places: Places) -> LevelOf:
    def level_of(one: str, other: str) -> str:
        if one == other:
            return "equal" if is_house(one) else "vague"
        shorter, longer = sorted((one, other), key=len)
        return "near" if is_house(shorter) and longer.endswith(shorter) else "different"

    return _simple(field, places, level_of)


def is_house(address: str) -> bool:
    """True of an address that leads to one door: a number, and a name or enough else before or behind it."""
    is_named = len(address) >= _SHORTEST_ADDRESS or _NAMED_PLACE.search(address) is not None
    return is_named and any(map(str.isdigit, address))


def _shared(field: str, places: Places) -> LevelOf:
    def level_of(one: str, other: str) -> str:
        return "different" if set(one.split(LIST_MARK)).isdisjoint(other.split(LIST_MARK)) else "equal"

    return _simple(field, places, level_of)


def is_near(one: str, other: str) -> bool:
    """True when at most two edits lie between two numbers."""
    return Levenshtein.distance(one, other, score_cutoff=_NEAR_EDITS) <= _NEAR_EDITS


HIDDEN: Final = "*"
"""Stands in a masked number for one digit that cannot be seen."""
VISIBLE_DIGITS: Final = 4
"""So many at the end have to be seen: only they tell people of one county and birthday apart."""


def is_alike_where_seen(one: str, other: str) -> bool:
    """True when two numbers of one length, of which one or both are masked, agree in every digit that both show."""
    return len(one) == len(other) and all(
        left == right or HIDDEN in (left, right) for left, right in zip(one, other, strict=True)
    )


UNROUNDED: Final = 15
"""So many digits a spreadsheet keeps,"""
ROUNDED: Final = "000"
"""and this it writes for the rest of a resident ID."""


def _is_as_rounded(one: str, other: str) -> bool:
    """True when one may be what a spreadsheet, which keeps fifteen digits, made of the other."""
    return one[:UNROUNDED] == other[:UNROUNDED] and ROUNDED in (one[UNROUNDED:], other[UNROUNDED:])


def _as_seen(one: str, other: str, *, is_faulty: bool) -> str:
    if not is_alike_where_seen(one, other):
        return "other" if is_faulty else "different"
    return MISSING if HIDDEN in (one[-1], other[-1]) else "visible"


def _number(field: str, places: Places) -> LevelOf:
    """The number in the levels that matter: two valid numbers that differ are two persons or a changed number.

    A masked one agrees in all that can be seen, or differs from a number that is not faulty. What a spreadsheet
    rounded, or may have, is near to all who are born on one day in one county, twins above all: that says nothing,
    unless the digits that it keeps are others.
    """
    number, state = places[field], places[f"{field}_state"]

    def compared(left: Traits, right: Traits) -> str:
        one, other = left[number], right[number]
        if not one or not other:
            return MISSING
        left_state, right_state = left[state], right[state]
        if left_state[1:] == right_state[1:] and "m" in (left_state[0], right_state[0]):
            return _as_seen(one, other, is_faulty="i" in (left_state[0], right_state[0]))
        if one == other:
            return "equal" if left_state[0] == right_state[0] == "v" else "equal_invalid"
        if left_state[1:] != right_state[1:] or _is_as_rounded(one, other):
            return MISSING
        if left_state[0] == right_state[0] == "v":
            return "different"
        return "near" if is_near(one, other) else "other"

    return compared


def _code_pair(field: str, places: Places) -> LevelOf:
    """A credit code: equal only when valid on both sides."""
    compare = _number(field, places)
    return lambda left, right: "near" if (level := compare(left, right)) == "equal_invalid" else level


def _birth(field: str, places: Places) -> LevelOf:
    """Birth dates; the one that a number states counts beside the stated one, unless both hold that number.

    Then it speaks against one whose own birth date is another, where the other states none.
    """
    stated, born, number = places[field], places["born"], places["number"]

    def compared(left: Traits, right: Traits) -> str:
        if left[number] == right[number] and not (left[stated] and right[stated]):
            return _birth_against_number((left if left[stated] else right)[born])
        column = stated if left[number] == right[number] else born
        one, other = left[column], right[column]
        if not (one and other):
            return MISSING
        if LIST_MARK in one or LIST_MARK in other:
            ways = (_birth_level(each, its) for each in one.split(LIST_MARK) for its in other.split(LIST_MARK))
            return min(ways, key=BIRTH_LEVELS.index)
        return _birth_level(one, other)

    return compared


def _birth_against_number(born: str) -> str:
    """How far the birth date that a record states lies from the one in its number, where they are two by far."""
    one, mark, other = born.partition(LIST_MARK)
    level = _birth_level(one, other) if mark else MISSING
    return level if level in FAR_BIRTHS else MISSING


BIRTH_LEVELS: Final = ("equal", "equal_round", "near", "year", "partly", "different")
FAR_BIRTHS: Final = ("partly", "different")
_ROUND: Final = "-01-01"
"""The day that clerks write when they know the year alone."""


def _birth_level(one: str, other: str) -> str:
    is_round = one.endswith(_ROUND) or other.endswith(_ROUND)
    if one == other:
        return "equal_round" if is_round else "equal"
    swapped = one[:5] + one[8:] + "-" + one[5:7] == other
    if swapped or Levenshtein.distance(one, other, score_cutoff=1) <= 1:
        return "near"
    if is_round:
        return "year" if one[:4] == other[:4] else "partly"
    alike = (one[:4] == other[:4]) + (one[5:7] == other[5:7]) + (one[8:] == other[8:])
    return "partly" if alike > 1 else "different"


def _person_name(field: str, places: Places, surnames: str, given: str) -> LevelOf:
    name, former, sound = places[field], places["former"], places["sound"]
    frequent = re.compile(frequent_name(surnames, given))

    @lru_cache(maxsize=65536)
    def equal_name(text: str) -> str:
        if WILDCARD in text:
            return "wildcard"
        length = len(text) + (frequent.fullmatch(text) is None)
        return "equal" if length == _USUAL else "equal_common" if length < _USUAL else "equal_rare"

    def compared(left: Traits, right: Traits) -> str:
        one, other = left[name], right[name]
        if not one or not other:
            return MISSING
        if one == other:
            return equal_name(one)
        if (left[former] or right[former]) and _was_called(one, other, left[former], right[former]):
            return "former"
        if WILDCARD in one or WILDCARD in other:
            return "wildcard" if fits(one, other) or fits(other, one) else "different"
        if left[sound] == right[sound]:
            return "sound"
        return _other_name(one, other)

    return compared


def frequent_name(surnames: str, given: str) -> str:
    """The pattern of a name of frequent characters alone; any other name counts as one character longer."""
    return f"[{surnames}][{given}]*"


def _was_called(one: str, other: str, former_one: str, former_other: str) -> bool:
    """True when one is called today what the other was called; an earlier name of both may be a remark."""
    return other in former_one.split(LIST_MARK) or one in former_other.split(LIST_MARK)


def _other_name(one: str, other: str) -> str:
    if len(one) == len(other) and sorted(one) == sorted(other):
        return "permuted"
    return "one_off" if is_one_off(one, other) else "different"


def fits(pattern: str, name: str) -> bool:
    """True when ``name`` is ``pattern`` with some character in the place of each missing one, and one is certain.

    What stands behind a whole name may be a clerk's mark: 张伟强*.
    """
    if len(name) >= _SHORTEST_CUT and pattern == name + WILDCARD:
        return True
    if WILDCARD not in pattern or len(pattern) != len(name) or not pattern.strip(WILDCARD):
        return False
    return re.fullmatch(pattern.replace(WILDCARD, "."), name) is not None


def is_one_off(one: str, other: str) -> bool:
    """True when the first character is the same and one other is replaced, lost or added, or a long name cut off."""
    shorter, longer = (one, other) if len(one) <= len(other) else (other, one)
    if len(shorter) >= _SHORTEST_CUT and len(longer) > _LONGEST_UNCUT and longer.startswith(shorter):
        return True
    if (
        len(longer) - len(shorter) > 1
        or len(longer) > _LONGEST_COMPARED
        or one[:1] != other[:1]
        or len(longer) < _USUAL - 1
    ):
        return False
    gap = len(longer) - len(shorter)
    return any(
        shorter[:place] == longer[:place] and shorter[place + 1 - gap :] == longer[place + 1 :]
        for place in range(1, len(longer))
    )


def _organisation_name(field: str, places: Places) -> LevelOf:
    name, stem = places[field], places["stem"]

    def compared(left: Traits, right: Traits) -> str:
        one, other = left[name], right[name]
        if not one or not other:
            return MISSING
        if one == other:
            return "equal_full" if left[stem] != one and len(one) >= _LONGEST_COMPARED else "equal"
        if left[stem] == right[stem]:
            return "stem" if is_one_region(one, other, left[stem]) else "contains"
        return _organisation_level(left[stem], right[stem])

    return compared


SUB_BODY: Final = (
    "(分会|支会|支部|总支|党委|工会|团委|委员会|分公司|分院|分校|分部|分店|分所|办事处|营业部|门市部|服务部|项目部)$"
)
"""How the name of a part of an organisation ends; it often writes the code of the whole."""
COUNTED: Final = "[0-9一二三四五六七八九十百零〇两]"
"""What tells 第一幼儿园 from 第二幼儿园: never a slip of the pen."""
_SUB_BODY: Final = re.compile(SUB_BODY)
_COUNTED: Final = re.compile(COUNTED)


def is_one_region(one: str, other: str, stem: str) -> bool:
    """True unless both names state a region, of which neither is within the other's words (杭州市 and 宁波市)."""
    left, right = one.replace(stem, ""), other.replace(stem, "")
    return left in right or right in left


def _organisation_level(one: str, other: str) -> str:
    shorter, longer = (one, other) if len(one) <= len(other) else (other, one)
    if len(shorter) >= _SHORTEST_PART and shorter in longer:
        is_part = _SUB_BODY.search(longer) is not None and _SUB_BODY.search(shorter) is None
        return "different" if is_part else "contains"
    is_slip = len(shorter) >= _SHORTEST_ADDRESS and _is_one_edit(shorter, longer)
    return "near" if is_slip and _COUNTED.findall(one) == _COUNTED.findall(other) else "different"


@lru_cache(maxsize=4096)
def _is_one_edit(one: str, other: str) -> bool:
    return Levenshtein.distance(one, other, score_cutoff=1) <= 1


def _edits(field: str, places: Places) -> LevelOf:
    """A word of another alphabet: equal, within one edit, within two, else."""

    def level_of(one: str, other: str) -> str:
        if one == other:
            return "equal"
        edits = Levenshtein.distance(one, other, score_cutoff=_NEAR_EDITS)
        return ("equal", "one_edit", "two_edits", "different")[min(edits, 3)]

    return _simple(field, places, level_of)


COMPARISONS: Final[Mapping[str, ComparisonKind]] = {
    "number": ComparisonKind(("equal", "equal_invalid", "near", "visible", "different", "other"), _number),
    "number_pair": ComparisonKind(("equal", "near", "different", "other"), _code_pair),
    "person_name": ComparisonKind(
        ("equal_rare", "equal", "equal_common", "former", "wildcard", "sound", "permuted", "one_off", "different"),
        _person_name,
        ("frequent_surnames", "frequent_given"),
    ),
    "organisation_name": ComparisonKind(
        ("equal_full", "equal", "stem", "contains", "near", "different"), _organisation_name
    ),
    "birth": ComparisonKind(BIRTH_LEVELS, _birth),
    "code": ComparisonKind(("equal", "different"), _exact),
    "exact": ComparisonKind(("equal", "different"), _exact),
    "region": ComparisonKind(("equal", "near", "different"), _region),
    "address": ComparisonKind(("equal", "near", "vague", "different"), _address),
    "shared": ComparisonKind(("equal", "different"), _shared),
    "edits": ComparisonKind(("equal", "one_edit", "two_edits", "different"), _edits),
    "list": ComparisonKind(("same", "other"), _list),
}
