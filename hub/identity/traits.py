"""Traits: what of a mention is compared and looked up, normalised and in a fixed order of columns."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from hub.identity.compare import HIDDEN, LIST_MARK, Traits
from hub.identity.shown import shown_birth_date, visible_number
from hub.kernel.characters import folded
from hub.kernel.codes import IdentifierKind, birth_date_in, parse_identifier, sex_in
from hub.kernel.identifier_forms import ORGANISATION_HINTS
from hub.kernel.identifiers import MAYBE_ROUNDED, Identifier, date_of_digits, organisation_code_in
from hub.kernel.names import WILDCARD, name_key, organisation_key, pinyin_key

PERSON_COLUMNS: Final = (
    "name", "former", "sound", "birth", "born", "sex", "number", "number_state", "phone", "region", "address", "kin",
    "list",
)  # fmt: skip
ORGANISATION_COLUMNS: Final = (
    "name", "stem", "credit", "credit_state", "organisation", "registration", "representative", "phone", "region",
    "address", "branch", "list",
)  # fmt: skip
COLUMN_MARK: Final = "\x1f"

_LONGEST_NAME: Final = 100
_SHORTEST_NUMBER: Final = 5
_DATE_LENGTH: Final = len("1980-01-01")


@dataclass(frozen=True, slots=True)
class Context:
    """What reading a mention needs beside its fields: today, the regions' names, and the mark of a one-person list."""

    today: date
    region_names: tuple[str, ...] = ()


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def person_traits(
    fields: Mapping[str, Any], context: Context, *, listed: str = "", kin: tuple[str, ...] = ()
) -> Traits:
    """The columns of a natural person; an impossible or future birth date counts as none.

    A sound number that ends in 000 may be what a spreadsheet left of another: it links as a faulty one does, with name
    and birth date, says nothing of the sex, and is no veto. One of which the end is lost tells the birth date all the
    same.
    """
    name = person_name(_text(fields, "name"))
    former = _former(fields, name)
    number = _person_number(fields)
    damaged = "" if number else _text(fields, "number") or _text(fields, "number_written")
    visible = visible_number(damaged)
    birth = _plausible(_text(fields, "birth_date"), context.today)
    stated = birth_date_in(number) if number else shown_birth_date(damaged)
    born = dict.fromkeys((birth, _plausible(stated.isoformat(), context.today) if stated else ""))
    sex = _text(fields, "sex")
    if sex not in ("1", "2"):
        sex = (number and number.valid and sex_in(number)) or ""
    head = _text(fields, "head_number")
    address = (
        _text(fields, "residence_address")
        or _text(fields, "address")
        or _text(fields, "household_address")
        or _text(fields, "family_address")
    )
    return (
        name,
        former,
        pinyin_key(name) if name else "",
        birth,
        LIST_MARK.join(filter(None, born)),
        sex,
        number.key if number else visible,
        ("v" if number.valid else "i") + number.family if number else visible and f"m{IdentifierKind.RESIDENT_ID}",
        phone_key(_text(fields, "phone")),
        region_key(_text(fields, "region_code")),
        address_key(address),
        relatives((head, *kin)),
        listed,
    )


def relatives(numbers: Iterable[str]) -> str:
    """Those of the numbers that name one person: of a placeholder, a faulty or a masked one nobody is the relative."""
    return LIST_MARK.join(dict.fromkeys(filter(None, map(_relative, numbers))))


@lru_cache(maxsize=65536)
def _relative(text: str) -> str:
    found = _person_number({"number": text})
    return found.key if found is not None and found.valid else ""


def person_name(text: str) -> str:
    """The key of a name; nothing where no character of it is certain, or it says no more than whose infant somebody is.

    某 stands where a name was made unrecognisable; a figure behind it is a clerk's, who tells two of one name apart.
    """
    key = _COUNTED.sub("", name_key(text)[:_LONGEST_NAME].replace("某", WILDCARD))
    return key if key.strip(WILDCARD) and not _UNNAMED.fullmatch(key) else ""


_COUNTED: Final = re.compile("(?<=[\u3400-\u9fff]{2})[0-9]{1,2}$")
_UNNAMED: Final = re.compile(r".{1,4}之[长次双大小]?[子女婴][甲乙0-9]?|[男女弃死]?婴儿?|新生[儿婴]儿?")


def _former(fields: Mapping[str, Any], name: str) -> str:
    names = fields.get("former_names")
    if not isinstance(names, list):
        return ""
    keys = dict.fromkeys(person_name(each) for each in names if isinstance(each, str))
    return LIST_MARK.join(key for key in keys if key and key != name)


def _person_number(fields: Mapping[str, Any]) -> Identifier | None:
    written = _text(fields, "number")
    if not written:
        return None
    found = parse_identifier(written, _text(fields, "document_kind") or None)
    if found is None or len(found.value) < _SHORTEST_NUMBER:
        return None
    if MAYBE_ROUNDED in found.flags:
        return Identifier(found.kind, found.value, valid=False)
    if found.kind in _ORGANISATION_NUMBERS and fields.get("document_kind") in (None, "111", ""):
        return Identifier(IdentifierKind.RESIDENT_ID, found.value, valid=False)
    return found


_ORGANISATION_NUMBERS: Final = frozenset(
    {IdentifierKind.CREDIT_CODE, IdentifierKind.ORGANISATION_CODE, IdentifierKind.REGISTRATION_NUMBER}
)


def _plausible(day: str, today: date) -> str:
    exists = len(day) == _DATE_LENGTH and date_of_digits(day[:4] + day[5:7] + day[8:]) is not None
    return day if exists and day <= today.isoformat() else ""


REGION: Final = "[0-9]{4,6}"


def region_key(text: str) -> str:
    """County, or prefecture, of a region's code; nothing of a name, which differs from every code."""
    return text[:6] if re.fullmatch(REGION, text[:6]) else ""


@lru_cache(maxsize=16384)
def phone_key(text: str) -> str:
    """The digits that ring, of several numbers the first, without +86, a mobile's 0, spaces and dashes; or nothing."""
    if text.isascii() and text.isdigit():
        return _ringing(text)
    return next(filter(None, map(_ringing, _OTHER_NUMBER.split(folded(text)))), "")


def _ringing(text: str) -> str:
    if _INCOMPLETE.search(text):
        return ""
    digits = re.sub(r"\D", "", text.removesuffix(".0"))
    digits = digits.removeprefix("0086") if digits.startswith("0086") else digits
    digits = digits[2:] if len(digits) == 13 and digits.startswith("86") else digits  # noqa: PLR2004
    digits = digits[1:] if _FAR_MOBILE.fullmatch(digits) else digits
    if not 7 <= len(digits) <= 12 or len(set(digits)) <= 2:  # noqa: PLR2004  # fillers such as 00000000000
        return ""
    return digits


_OTHER_NUMBER: Final = re.compile("[/,;、|]")
_INCOMPLETE: Final = re.compile(r"[*#?]|XX|[0-9]E\+?[0-9]")
_FAR_MOBILE: Final = re.compile("01[3-9][0-9]{9}")


_DIVISIONS: Final = re.compile(
    r"^(?:.{2,8}?(?:省|自治区))?(?:.{2,8}?(?:市|自治州|地区|盟))?(?:.{1,8}?(?:自治县|区|县|旗|市))?"
)
_HOUSE_PARTS: Final = re.compile(r"(?:号楼|单元|[幢栋座室号层楼\-#])+")


@lru_cache(maxsize=16384)
def address_key(text: str) -> str:
    """Road and house however written: without province, city and district in front, 号楼 and 单元 as dashes."""
    plain = folded(text)
    local = _DIVISIONS.sub("", plain, count=1) if len(plain) > 6 else plain  # noqa: PLR2004  # too short to be cut
    return _HOUSE_PARTS.sub("-", local or plain).strip("-")


def organisation_traits(
    fields: Mapping[str, Any], context: Context, *, listed: str = "", kin: tuple[str, ...] = ()
) -> Traits:
    """The columns of an organisation; codes count when valid, a faulty credit code only for being near another."""
    del kin
    name = _text(fields, "name")
    credit = _credit_code(fields)
    branch = fields.get("is_branch")
    legal = fields.get("legal_representative")
    representative = legal.get("name") if isinstance(legal, Mapping) else legal
    return (
        organisation_key(name)[:_LONGEST_NAME],
        organisation_key(name, context.region_names)[:_LONGEST_NAME],
        credit.value if credit else "",
        ("v" if credit.valid else "i") if credit else "",
        _organisation_code(fields, credit),
        _registration_number(fields),
        name_key(representative)[:_LONGEST_NAME] if isinstance(representative, str) else "",
        phone_key(_text(fields, "phone")),
        region_key(_text(fields, "region_code")),
        address_key(_text(fields, "address")),
        "" if branch is None else str(int(bool(branch))),
        listed,
    )


_NUMBER_FIELDS: Final = ("credit_code", "organisation_code", "registration_number", "number")


def _numbers(fields: Mapping[str, Any]) -> Iterator[Identifier]:
    told = fields.get("document_kind") or "001"
    paper = told if told in ORGANISATION_HINTS else "099"  # whatever paper a source calls it, the number is theirs
    for field, hint in zip(_NUMBER_FIELDS, ("001", "099", "099", paper), strict=True):
        found = parse_identifier(_text(fields, field), hint) if _text(fields, field) else None
        if found is not None:
            yield found


def _credit_code(fields: Mapping[str, Any]) -> Identifier | None:
    codes = [found for found in _numbers(fields) if found.kind is IdentifierKind.CREDIT_CODE]
    return next((code for code in codes if code.valid), codes[0] if codes else None)


def _organisation_code(fields: Mapping[str, Any], credit: Identifier | None) -> str:
    if credit is not None and credit.valid:
        return organisation_code_in(credit) or ""
    codes = (one for one in _numbers(fields) if one.kind is IdentifierKind.ORGANISATION_CODE and one.valid)
    return next((one.value for one in codes), "")


def _registration_number(fields: Mapping[str, Any]) -> str:
    codes = (one for one in _numbers(fields) if one.kind is IdentifierKind.REGISTRATION_NUMBER and one.valid)
    return next((one.value for one in codes), "")


@dataclass(frozen=True, slots=True)
class Reader:
    """How mentions of one kind become traits."""

    columns: tuple[str, ...]
    read: Callable[..., Traits]


READERS: Final[Mapping[str, Reader]] = {
    "resident": Reader(PERSON_COLUMNS, person_traits),
    "legal_person": Reader(ORGANISATION_COLUMNS, organisation_traits),
}


SORTED_SOUND: Final = "sorted_sound"
SEVERAL: Final = ("kin", "born")
"""Columns that hold several values."""


def key_part_names(columns: tuple[str, ...]) -> frozenset[str]:
    """What keys can be made of: any column, and the syllables of the name in alphabetical order."""
    return frozenset((*columns, SORTED_SOUND))


KeyMaker = Callable[[Traits], list[str]]

CIRCUMSTANCES: Final = ("phone", "address")
"""What people share who live or work together: telling beside a name or a birth date only."""


def key_maker(columns: tuple[str, ...], keys: tuple[tuple[str, ...], ...]) -> KeyMaker:
    """A function from traits to the texts by which a model pairs records, each with its family in front.

    A key of which a part is missing is not made. A part that holds several values (former names beside the name,
    relatives' numbers, the birth date that the number states) makes one key for each.
    """
    return _maker(columns, {str(number): parts for number, parts in enumerate(keys)})


def look_up_maker(columns: tuple[str, ...], keys: tuple[tuple[str, ...], ...]) -> KeyMaker:
    """The same for the texts that an index is looked up by: fewer, and whatever shares a key shares one of these.

    Keys that hold a circumstance are looked up by the circumstance alone, so that the index also tells how many share
    it.
    """
    families: dict[str, tuple[str, ...]] = {}
    for number, parts in enumerate(keys):
        circumstance = next((part for part in parts if part in CIRCUMSTANCES), "")
        families[circumstance or str(number)] = (circumstance,) if circumstance else parts
    return _maker(columns, families)


def family_of(text: str) -> str:
    """The family of a text that a maker made: a circumstance's name, or a key's place in the model."""
    return text.partition(COLUMN_MARK)[0]


def _maker(columns: tuple[str, ...], named: Mapping[str, tuple[str, ...]]) -> KeyMaker:
    families = [(f"{name}{COLUMN_MARK}", [_part(columns, part) for part in parts]) for name, parts in named.items()]

    def made(traits: Traits) -> list[str]:
        texts: list[str] = []
        for prefix, parts in families:
            found = [prefix]
            for part in parts:
                values = part(traits)
                if not values:
                    break
                found = [f"{text}{value}{COLUMN_MARK}" for text in found for value in values]
            else:
                texts += found
        return texts

    return made


def _part(columns: tuple[str, ...], name: str) -> Callable[[Traits], tuple[str, ...]]:
    places = {column: place for place, column in enumerate(columns)}
    if name in (SORTED_SOUND, "name") and "former" in places:
        own, former = places["name"], places["former"]

        def names(traits: Traits) -> tuple[str, ...]:
            several = (traits[own], *traits[former].split(LIST_MARK)) if traits[former] else (traits[own],)
            return (
                tuple(map(sorted_sound, several))
                if name == SORTED_SOUND and traits[own]
                else several * bool(traits[own])
            )

        return names
    place = places[name]
    if name in SEVERAL:
        return lambda traits: tuple(traits[place].split(LIST_MARK)) if traits[place] else ()
    if name == "number":
        return lambda traits: (traits[place],) if traits[place] and HIDDEN not in traits[place] else ()
    return lambda traits: (traits[place],) if traits[place] else ()


@lru_cache(maxsize=65536)
def sorted_sound(name: str) -> str:
    """The syllables of a name in alphabetical order: the same for homophones and for turned characters."""
    return " ".join(sorted(pinyin_key(name).split()))


ValidNumber = Callable[[Traits], str]


def valid_number_reader(columns: tuple[str, ...]) -> ValidNumber:
    """A function from traits to the valid number that they state, with its kind in front; nothing where there is none.

    Of an organisation it is the organisation code, which a credit code contains.
    """
    places = {column: place for place, column in enumerate(columns)}
    if "number_state" in places:
        number, state = places["number"], places["number_state"]
        return lambda traits: f"{traits[state][1:]}:{traits[number]}" if traits[state][:1] == "v" else ""
    code = places["organisation"]
    return lambda traits: f"organisation:{traits[code]}" if traits[code] else ""


NUMBERS: Final = ("number", "credit", "organisation", "registration")


def without(columns: tuple[str, ...], traits: Traits, emptied: Iterable[str]) -> Traits:
    """The traits as if the record did not state those columns; a number takes its state and its birth date along."""
    said = dict(zip(columns, traits, strict=True))
    for column in emptied:
        said[column] = ""
        if f"{column}_state" in said:
            said[f"{column}_state"] = ""
        if column == "number" and "born" in said:
            said["born"] = said["birth"]
    return tuple(said.values())


def are_compatible(one: Iterable[str], other: Iterable[str]) -> bool:
    """True when no kind of number is held by both without a number in common."""
    return all(not left or not right or left & right for left, right in _by_kind(one, other))


def _by_kind(one: Iterable[str], other: Iterable[str]) -> Iterator[tuple[set[str], set[str]]]:
    left, right = set(one), set(other)
    for kind in {number.partition(":")[0] for number in left | right}:
        yield (
            {number for number in left if number.startswith(f"{kind}:")},
            {number for number in right if number.startswith(f"{kind}:")},
        )
