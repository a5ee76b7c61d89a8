"""Readers of single cells: dates, months, amounts, codes, numbers, each exactly or with a flag that says why not."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from hub.errors import Malformed
from hub.kernel.amounts import parse_area, parse_count, parse_money
from hub.kernel.characters import is_placeholder
from hub.kernel.clock import LOCAL
from hub.kernel.codes import marriage_certificate, normal_real_estate_certificate, normal_real_estate_unit
from hub.kernel.dates import OPEN, names_no_day, parse_date, parse_instant, parse_month
from hub.kernel.names import normal_organisation_name
from hub.kernel.regions import standard_regions

UNREADABLE: Final = "unreadable"
OPEN_ENDED: Final = "open"
DAY_ASSUMED: Final = "day-assumed"
"""The cell names a month only; its first day stands for it."""
Outcome = tuple[Any, str | None]
"""The value (None when there is none) and the flag that says what was wrong with the cell."""

_DAY_FIRST: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(.*)")
_WITH_DAY: Final = re.compile(
    r"(?<!\d)((?:19|20)\d{2})[年./\-_]?(0[1-9]|1[0-2]|[1-9](?!\d))[月./\-_]?(?:0[1-9]|[12]\d|3[01]|[1-9])(?!\d|\s*月)[日号]?"
)
_TITLE_MONTH: Final = re.compile(
    r"(?<!\d)((?:19|20)\d{2})\s*[年./\-_]?度?\s*(0[1-9]|1[0-2]|[1-9](?!\d))(?!\s*[-~至到—]\s*\d{1,2}\s*月)(?:\s*月|(?!\d))"
)
_MONTH_ALONE: Final = re.compile(r"(?<!\d[-~至到—])(?<!\d)(0?[1-9]|1[0-2])\s*月")
_YEAR_ALONE: Final = re.compile(r"(?<!\d)(20\d{2})(?!\d)")
_CHINESE_MONTH: Final = re.compile(r"([〇零○一二三四五六七八九]{4}|(?:19|20)\d\d)年度?([一二三四五六七八九十]{1,2})月")
_DIGITS: Final = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_REGION: Final = re.compile(r"\d{6}(\d{3}(\d{3})?)?")
_RUN: Final = re.compile(r"\d+")
_NO_LETTER: Final = re.compile(r"[\d\W_]+")
_MIDNIGHT: Final = (0, 0, 0)


@lru_cache(maxsize=65536)
def read_date(text: str, order: str = "ymd") -> Outcome:
    """A day as ``YYYY-MM-DD``; None with the flag ``open`` for one that never comes."""
    if order != "ymd" and (form := _DAY_FIRST.fullmatch(text)):
        day, month = (form[1], form[2]) if order == "dmy" else (form[2], form[1])
        text = f"{form[3]}-{month}-{day}"
    try:
        found = parse_date(text)
    except Malformed:
        return None, UNREADABLE
    if found is OPEN:
        return None, OPEN_ENDED
    if not isinstance(found, date):
        return None, None
    return found.isoformat(), DAY_ASSUMED if names_no_day(text) else None


@lru_cache(maxsize=4096)
def read_instant(text: str) -> Outcome:
    """A local time as ``YYYY-MM-DD HH:MM:SS``, a bare day as such."""
    try:
        found = parse_instant(text)
    except Malformed:
        return None, UNREADABLE
    if found is None:
        return None, None
    local = found.astimezone(LOCAL)
    is_bare = (local.hour, local.minute, local.second) == _MIDNIGHT and ":" not in text
    return local.strftime("%Y-%m-%d" if is_bare else "%Y-%m-%d %H:%M:%S"), None


@lru_cache(maxsize=4096)
def read_month(text: str) -> Outcome:
    """A month as ``YYYY-MM``, also out of a title such as 2026年10月城乡低保发放表."""
    found, _is_alone = _month_in(text)
    if found:
        return found, None
    try:
        return parse_month(text), None
    except Malformed:
        return None, UNREADABLE


def _month_in(text: str) -> tuple[str, bool]:
    """The month in ``text``, empty when it names none, and whether it stands there without a day."""
    plain = unicodedata.normalize("NFKC", text)
    if found := _TITLE_MONTH.search(_WITH_DAY.sub(" ", plain)):
        return f"{found[1]}-{int(found[2]):02}", True
    if found := _CHINESE_MONTH.search(plain):
        tens, ten, ones = found[2].rpartition("十")
        month = (int(tens.translate(_DIGITS) or 1) * 10 if ten else 0) + int(ones.translate(_DIGITS) or 0)
        return f"{found[1].translate(_DIGITS)}-{month:02}", True
    found = _WITH_DAY.search(plain)
    return (f"{found[1]}-{int(found[2]):02}", False) if found else ("", False)


def month_told(texts: Sequence[str], saved: str) -> str:
    """The month of which title, sheet, file and folder speak; of the day of saving when they speak of none.

    A month beside its year comes first; then one alone (a sheet 10月 in 2026年低保.xlsx) of the year that another text
    names, else of its last occurrence before the saving; then that of a day, which may be the day of printing.
    """
    told = [_month_in(text) for text in texts]
    sure = next((month for month, is_alone in told if is_alone), "")
    return sure or _put_together(texts, saved) or next((month for month, _ in told if month), saved)


def _put_together(texts: Sequence[str], saved: str) -> str:
    plain = [_WITH_DAY.sub(" ", unicodedata.normalize("NFKC", text)) for text in texts]
    month = next((int(found[1]) for text in plain if (found := _MONTH_ALONE.search(text))), 0)
    year = next((int(found[1]) for text in plain if (found := _YEAR_ALONE.search(text))), 0)
    if month and not year and saved:
        year = int(saved[:4]) - (month > int(saved[5:7]))
    return f"{year}-{month:02}" if month and year else ""


def read_money(text: str, unit: str) -> Outcome:
    """Money in fen; no registry holds a price, a capital or an aid below nothing."""
    return _at_least_nothing(*_exact(parse_money, text, unit))


def read_area(text: str, unit: str) -> Outcome:
    """Area in square centimetres."""
    return _at_least_nothing(*_exact(parse_area, text, unit))


def _at_least_nothing(value: int | None, flag: str | None) -> Outcome:
    return (None, UNREADABLE) if value is not None and value < 0 else (value, flag)


def read_count(text: str) -> Outcome:
    """A whole number of things."""
    try:
        return _at_least_nothing(parse_count(text), None)
    except Malformed:
        return None, UNREADABLE


def _exact(parse: Callable[[str, str], int | None], text: str, unit: str) -> Outcome:
    try:
        return parse(text, unit), None
    except Malformed:
        return None, UNREADABLE


def read_region(text: str) -> Outcome:
    """A region code of 6, 9 or 12 digits, also out of the name of a county, or beside a name that is not another's."""
    plain = unicodedata.normalize("NFKC", text).replace(" ", "").removesuffix(".0")
    runs, named = _RUN.findall(plain), standard_regions().code_named(_NO_LETTER.sub("", plain))
    code = runs[0] if len(runs) == 1 and _REGION.fullmatch(runs[0]) else None
    found = code if code and named in (None, code[:6]) else None if runs else named
    return (found, None) if found else (None, UNREADABLE)


def read_unit(text: str) -> Outcome:
    """A real-estate unit in normal form, or as written with a flag."""
    found = normal_real_estate_unit(text)
    return (found, None) if found else (text, "form")


def read_certificate(text: str) -> Outcome:
    """A real-estate certificate in normal form; none where the cell says 无."""
    return None if is_placeholder(text) else normal_real_estate_certificate(text) or None, None


def read_marriage_certificate(text: str) -> Outcome:
    """A marriage or divorce certificate in normal form; none where the cell says 无."""
    found = None if is_placeholder(text) else marriage_certificate(text)
    return (found.value if found else None), None


def read_organisation_name(text: str) -> Outcome:
    """An organisation's name as it is kept."""
    return normal_organisation_name(text) or None, None


def read_account(text: str) -> Outcome:
    """A bank account: its digits without blanks; what a spreadsheet rounded is flagged."""
    plain = unicodedata.normalize("NFKC", text).replace(" ", "").strip("'`").removesuffix(".0")
    return plain[:64] or None, "rounded" if re.fullmatch(r"\d(\.\d+)?E\+?\d+", plain, re.IGNORECASE) else None
