"""Which kind of number one folded text can be: the form decides, and what the source calls it breaks ties."""

import re
from collections.abc import Callable
from typing import Final

from hub.kernel.checkdigits import (
    CREDIT_ALPHABET,
    credit_code_check,
    foreign_permanent_check,
    organisation_code_check,
    registration_number_check,
    resident_id_check,
)
from hub.kernel.identifiers import (
    BY_FORM,
    CENTURY,
    CHECK_DIGIT,
    FIFTEEN_DIGITS,
    IMPOSSIBLE_BIRTH,
    LENGTH,
    REPAIRED,
    UNKNOWN_REGION,
    UNUSUAL_PREFIX,
    Identifier,
    IdentifierKind,
    date_of_digits,
    to_18_digits,
)

_PROVINCES_AS_LISTED: Final = (
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83"
)
PROVINCE_CODES: Final = tuple(_PROVINCES_AS_LISTED.split())
_PROVINCES: Final = frozenset(PROVINCE_CODES)
_CHECKS: Final = frozenset("0123456789X")
_PERMIT_REGIONS: Final = frozenset(("810000", "820000", "830000"))
_CREDIT_KINDS: Final = frozenset(("11", "12", "51", "52", "53", "54", "55", "91", "92", "93", "N1", "N2", "N3"))
PERSON_HINTS: Final = frozenset(("111", "414", "511", "516", "551", "552", "553"))
ORGANISATION_HINTS: Final = frozenset(("001", "099"))

_CREDIT_FORM: Final = re.compile(rf"[{CREDIT_ALPHABET}]{{2}}\d{{6}}[{CREDIT_ALPHABET}]{{10}}")
_OLD_FOREIGN: Final = re.compile(r"[A-Z]{3}\d{12}")
_TRAVEL: Final = re.compile(r"[HM](\d{8}|\d{10})")
_TAIWAN: Final = re.compile(r"\d{8}|\d{10}")
_CHINESE_PASSPORT: Final = re.compile(r"1[45]\d{7}|[EGDSPK][A-HJ-NP-Z]?\d{7,8}")
_ANY_PASSPORT: Final = re.compile(r"[A-Z0-9]{5,15}")
_ORGANISATION: Final = re.compile(r"([0-9A-Z]{8})-?([0-9X])")
_SHORTENED: Final = re.compile(r"\d{15,18}[\dX]")
_O_AND_I: Final = str.maketrans("OI", "01")
_LETTER_FOR_DIGIT: Final = str.maketrans("OIZS", "0125")
_CENTENARIANS: Final = frozenset(("996", "997", "998", "999"))

_Reader = Callable[[str, str | None], Identifier | None]


def classified(text: str, hint: str | None) -> Identifier:
    """The best reading of ``text``: a sound one before one that fails its check, the hinted kind among equals."""
    readers = (*_READERS.get(len(text), ()), _passport)
    readings = [found for reader in readers if (found := reader(text, hint)) is not None]
    for group in ([found for found in readings if found.valid], readings):
        if group:
            return next((found for found in group if is_hinted(found, hint)), group[0])
    if hint == "111":
        return _unsound(IdentifierKind.RESIDENT_ID, text, LENGTH)
    if hint == "001" and text.isalnum():
        return _unsound(IdentifierKind.CREDIT_CODE, text, LENGTH)
    return Identifier(IdentifierKind.OTHER, text, valid=False)


def is_hinted(found: Identifier, hint: str | None) -> bool:
    """True when the kind found is what the source says; organisation papers 001 and 099 are often swapped."""
    return found.document_kind == hint or (hint in ORGANISATION_HINTS and found.document_kind in ORGANISATION_HINTS)


def resident(text: str) -> Identifier | None:
    """Eighteen characters as resident ID, residence permit or new foreign permanent residence card."""
    if not text[:17].isdigit() or (text[17] != "X" and not text[17].isdigit()):
        return None
    kind, province = IdentifierKind.RESIDENT_ID, text[:2]
    if text[0] == "9":
        kind, province = IdentifierKind.FOREIGN_PERMANENT, text[1:3]
    elif text[:6] in _PERMIT_REGIONS:
        kind = IdentifierKind.RESIDENCE_PERMIT
    if (
        resident_id_check(text[:17]) == text[17]
        and province in _PROVINCES
        and date_of_digits(text[6:14])
        and text[14:17] != "000"
    ):
        return Identifier(kind, text, valid=True)
    flags = (
        *((IMPOSSIBLE_BIRTH,) if date_of_digits(text[6:14]) is None else ()),
        *((CHECK_DIGIT,) if resident_id_check(text[:17]) != text[17] or text[14:17] == "000" else ()),
        *((UNKNOWN_REGION,) if province not in _PROVINCES else ()),
    )
    return Identifier(kind, text, valid=False, flags=flags)


def credit(text: str, hint: str | None = None) -> Identifier | None:
    """Eighteen characters as credit code; O and I are never in one, so they stand for 0 and 1."""
    is_foreign = text.isdigit() and text[:2] not in _CREDIT_KINDS
    if hint not in ORGANISATION_HINTS and (is_foreign or _reads_as_resident(text)):
        return None
    for table, flags in ((None, ()), (_O_AND_I, (REPAIRED,)), (_LETTER_FOR_DIGIT, (REPAIRED,))):
        repaired = text if table is None else text.translate(table)
        if is_credit_code(repaired):
            unusual = () if repaired[:2] in _CREDIT_KINDS else (UNUSUAL_PREFIX,)
            return Identifier(IdentifierKind.CREDIT_CODE, repaired, valid=True, flags=flags + unusual)
    looks_like_one = text.isalnum() and not text[:17].isdigit()
    return _unsound(IdentifierKind.CREDIT_CODE, text, CHECK_DIGIT) if looks_like_one or hint == "001" else None


def _reads_as_resident(text: str) -> bool:
    """True for a resident ID but for its check digit; one wrong digit in 31 makes a sound credit code of it."""
    return (
        text[:17].isdigit()
        and text[17] in _CHECKS
        and text[:2] in _PROVINCES
        and date_of_digits(text[6:14]) is not None
    )


def is_credit_code(text: str) -> bool:
    """True when form and check character of a credit code hold."""
    return _CREDIT_FORM.fullmatch(text) is not None and credit_code_check(text[:17]) == text[17]


def _resident_or_repaired(text: str, hint: str | None) -> Identifier | None:
    found = resident(text)
    if found is not None:
        listed_as = credit(text, hint) if IMPOSSIBLE_BIRTH in found.flags and hint not in PERSON_HINTS else None
        return None if listed_as is not None and listed_as.valid else found
    repaired = resident(text.translate(_LETTER_FOR_DIGIT))
    return _with(repaired, REPAIRED) if repaired is not None and repaired.valid else None


def fifteen(text: str, _hint: str | None = None) -> Identifier | None:
    """Fifteen digits as resident ID of the first generation, brought to 18."""
    digits = text.translate(_LETTER_FOR_DIGIT)
    if not digits.isdigit() or date_of_digits("19" + digits[6:12]) is None or digits[:2] not in _PROVINCES:
        return None
    flags = (
        FIFTEEN_DIGITS,
        *((REPAIRED,) if digits != text else ()),
        *((CENTURY,) if digits[12:] in _CENTENARIANS else ()),
    )
    return Identifier(IdentifierKind.RESIDENT_ID, to_18_digits(digits), valid=True, flags=flags)


def _unsound_fifteen(text: str, hint: str | None) -> Identifier | None:
    if hint not in (None, "111") or not text.isdigit():
        return None
    return Identifier(IdentifierKind.RESIDENT_ID, text, valid=False, flags=(FIFTEEN_DIGITS, IMPOSSIBLE_BIRTH))


def _registration(text: str, hint: str | None) -> Identifier | None:
    if text.isdigit() and registration_number_check(text[:14]) == text[14]:
        return Identifier(IdentifierKind.REGISTRATION_NUMBER, text, valid=True)
    if text.isdigit() and hint in ORGANISATION_HINTS:
        return _unsound(IdentifierKind.REGISTRATION_NUMBER, text, CHECK_DIGIT)
    return None


def _old_foreign(text: str, _hint: str | None) -> Identifier | None:
    if not _OLD_FOREIGN.fullmatch(text):
        return None
    if foreign_permanent_check(text[:14]) == text[14] and date_of_digits("19" + text[7:13]):
        return Identifier(IdentifierKind.FOREIGN_PERMANENT, text, valid=True)
    return _unsound(IdentifierKind.FOREIGN_PERMANENT, text, CHECK_DIGIT)


def _organisation(text: str, hint: str | None) -> Identifier | None:
    form = _ORGANISATION.fullmatch(text)
    if form is None:
        return None
    if organisation_code_check(form[1]) == form[2]:
        return Identifier(IdentifierKind.ORGANISATION_CODE, form[1] + form[2], valid=True)
    named = hint in ORGANISATION_HINTS or "-" in text
    return _unsound(IdentifierKind.ORGANISATION_CODE, form[1] + form[2], CHECK_DIGIT) if named else None


def _travel(text: str, _hint: str | None) -> Identifier | None:
    return Identifier(IdentifierKind.TRAVEL_PERMIT, text, valid=True) if _TRAVEL.fullmatch(text) else None


def _taiwan(text: str, hint: str | None) -> Identifier | None:
    if not _TAIWAN.fullmatch(text) or hint not in (None, "511", "516"):
        return None  # the land registry has one kind, 516 here, for the permits of Hong Kong, Macao and Taiwan
    return Identifier(IdentifierKind.TAIWAN_PERMIT, text, valid=True, flags=() if hint else (BY_FORM,))


def _passport(text: str, hint: str | None) -> Identifier | None:
    if hint == "414" and _ANY_PASSPORT.fullmatch(text):
        return Identifier(IdentifierKind.PASSPORT, text, valid=True)
    if _CHINESE_PASSPORT.fullmatch(text):
        return Identifier(IdentifierKind.PASSPORT, text, valid=True, flags=(BY_FORM,))
    return None


def _lettered_passport(text: str, hint: str | None) -> Identifier | None:
    """A passport's letter and digits: one in eleven of them passes for an organisation code, and is none."""
    return None if text.isdigit() else _passport(text, hint)


def _shortened(text: str, hint: str | None) -> Identifier | None:
    """Sixteen, seventeen or nineteen digits: a resident ID with a character lost or doubled."""
    if hint in (None, "111") and _SHORTENED.fullmatch(text) and text[:2] in _PROVINCES:
        return _unsound(IdentifierKind.RESIDENT_ID, text, LENGTH)
    return None


_READERS: Final[dict[int, tuple[_Reader, ...]]] = {
    8: (_taiwan,),
    9: (_travel, _lettered_passport, _organisation),
    10: (_organisation, _taiwan),
    11: (_travel,),
    15: (fifteen, _registration, _old_foreign, _unsound_fifteen),
    16: (_shortened,),
    17: (_shortened,),
    18: (_resident_or_repaired, credit),
    19: (_shortened,),
}


def _unsound(kind: IdentifierKind, text: str, flag: str) -> Identifier:
    return Identifier(kind, text, valid=False, flags=(flag,))


def _with(found: Identifier, flag: str) -> Identifier:
    return Identifier(found.kind, found.value, found.valid, (*found.flags, flag))
