"""Text as cells hold it, made fit to keep: no NUL, no lone surrogates, no edges of blank; never another word."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_UNFIT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_EDGES: Final = "\t\n\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u2060\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200E))
)
_GUARDED: Final = re.compile(r'="([^"]*)"')
SHEET_ERRORS: Final = frozenset(("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"))
"""What a spreadsheet shows for a formula that failed, also in what was exported from it."""
_NULLS: Final = SHEET_ERRORS | {"\\N", "NULL", "null", "Null", "(null)", "<null>", "None", "nan", "NaN", "NA"}
_DECORATION: Final = re.compile(r"[\s\u3000\ufeff*:：]+")
_UNIT: Final = re.compile(r"[(（\[【](?:单位[:：])?([^()（）\[\]【】]{1,12})[)）\]】]$")
UNITS: Final = {
    "元": "元",
    "人民币元": "元",
    "万元": "万元",
    "万": "万元",
    "千元": "千元",
    "分": "分",
    "㎡": "㎡",
    "m2": "㎡",
    "m²": "㎡",
    "平方米": "㎡",
    "平米": "㎡",
    "亩": "亩",
    "公顷": "公顷",
    "元/月": "元",
    "月/元": "元",
    "元/人": "元",
}


def fit(text: str) -> str:
    """``text`` without what no database and no JSON can hold, without blanks at its ends, and out of its formula.

    Exports write ``="11010519491231002X"`` so that a spreadsheet takes the cell for text.
    """
    plain = without_unfit(text).strip(_EDGES)
    guarded = _GUARDED.fullmatch(plain) if plain.startswith("=") else None
    return guarded[1].strip(_EDGES) if guarded else plain


def without_unfit(text: str) -> str:
    """``text`` as written but for what no database and no JSON can hold."""
    if text.isprintable():  # true of no control character, half pair or non-character
        return text
    return _UNFIT.sub("", _SURROGATE.sub("\ufffd", text)) if _UNFIT.search(text) else text


def has_unfit(text: str) -> bool:
    """True when ``fit`` takes more from the text than blanks."""
    return not text.isprintable() and _UNFIT.search(text) is not None


def is_broken(cells: Iterable[str]) -> bool:
    """True when a part of a cell is no character: half a pair, or bytes in no encoding."""
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return True
    return False


def is_null(text: str) -> bool:
    """True for an empty cell and for the marks by which databases write NULL and spreadsheets their errors."""
    return not text or text in _NULLS


@lru_cache(maxsize=16384)
def folded_code(text: str) -> str:
    """What a code and its spellings share: half-width, lower case, no blanks."""
    plain = unicodedata.normalize("NFKC", text).replace(" ", "").replace("\u3000", "").strip()
    return plain.removeprefix("'").casefold()


def folded_header(text: str) -> str:
    """A column's name without blanks, line breaks, asterisks and the unit in brackets."""
    plain = unicodedata.normalize("NFKC", _DECORATION.sub("", fit(text)))
    bare = _UNIT.sub("", plain)
    return (bare or plain).casefold()


def header_unit(text: str) -> str | None:
    """The unit that a column's name carries in brackets: 家庭补差(万元) → 万元."""
    found = _UNIT.search(_DECORATION.sub("", fit(text)))
    return UNITS.get(found[1]) if found else None
