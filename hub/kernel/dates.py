"""Days 日期 as registries write them: a dozen forms, spreadsheet serials, and the marks for none and for open-ended."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Final, Literal

from hub.errors import Malformed
from hub.kernel.characters import folded, is_placeholder
from hub.kernel.clock import LOCAL


class Open(Enum):
    """The day that never comes: 长期, 9999-12-31."""

    OPEN = "open"


OPEN: Final = Open.OPEN

Cell = str | int | float | date | datetime | None
"""What a source may hold where a day is meant."""

_OPEN_WORDS: Final = frozenset(("长期", "永久", "长期有效", "永久有效", "无期限", "无固定期限", "至今", "长久"))
_NO_DAYS: Final = frozenset((date(1900, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1, 1, 1)))
_FIRST_OPEN_YEAR: Final = 9999
_PARTS: Final = re.compile(
    r"(\d{4})[-/.年\\、·_](\d{1,2})(?:[-/.月\\、·_](\d{1,2}))?[日号]?月?(?:\(?(?:星期|周)[一二三四五六日天]\)?)?"
    r"(?:(?:T|上午|下午|(?<=[日号]))\d{1,2}[:时].*)?"
)
_ZONED: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}(?::?\d{2})?)")
"""An instant that names its zone: the midnight that begins a local day is often written as 16:00 the day before."""
_SOLAR: Final = re.compile(r"\(?(?:公历|阳历|新历|西历)[:)]?")
_MONTHS: Final = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_ENGLISH: Final = re.compile(
    rf"(?:[A-Z]{{3,9}},?\s+)?(?:(?P<day>\d{{1,2}})[-/\s]?)?(?P<month>{'|'.join(_MONTHS)})[A-Z]*[-/.,\s]*"
    r"(?:(?<=[\s.])(?P<behind>\d{1,2})[,\s]\s*)?(?:\d{2}:\d{2}:\d{2}\s+[A-Z\d:+]+\s+)?(?P<year>\d{4})(?:\s.*)?"
)
"""As databases and programs write a day in English: Apr  1 2012 12:00AM, Sun Apr 01 00:00:00 CST 2012, 1-APR-2012."""
_REPUBLIC: Final = re.compile(r"民国(?:(元)|(\d{1,3})|([一二三四五六七八九十]{1,3}))(?=[年./-])")
_BEFORE_FIRST_YEAR: Final = 1911
_COMPACT: Final = re.compile(r"((?:1[89]|2[01]|99)\d\d)(\d{2})(\d{2})?(?:T?\d{6}|\.0)?")
_SERIAL: Final = re.compile(r"(\d{4,7})(?:\.\d+)?")
_MONTH_ALONE: Final = re.compile(r"(?:1[89]|20)\d\d(?:[-/.年]\d{1,2}月?|0[1-9]|1[0-2])")
_CLOCK: Final = re.compile(
    r"(\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2})日?[T\s]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2}))?(?:\.\d+)?[分秒]?"
)
_FRACTION: Final = re.compile(r"(\d{4,5})(\.\d+)")
_DAY_SECONDS: Final = 86_400
_BARE_YEAR: Final = re.compile(r"(1[89]|20)\d\d(\.0)?")
_EPOCH: Final = date(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL, _OPEN_SERIAL = 61, 109_939, 2_958_465
"""Serial 60 is a day that never was (1900-02-29); the last is in 2200, but for 9999-12-31; others are no days."""
_BEFORE_TIME: Final = re.compile(r"(?<=[\d日号])\s+(?=\d{1,2}[:：时])")
_STAMP: Final = re.compile(r"^(\d{8})(\d{6})$")
_MILLISECONDS: Final = re.compile(r"-?\d{12,13}")
_CHINESE_DIGITS: Final = str.maketrans("〇零○Ｏ一二三四五六七八九", "0000123456789")
_OF_CHEQUES: Final = str.maketrans("壹贰叁肆伍陆柒捌玖拾", "一二三四五六七八九十")
_CHINESE: Final = re.compile(
    r"([〇零○一二三四五六七八九]{4}|\d{4})年零?([一二三四五六七八九十]{1,2})月零?([一二三四五六七八九十]{1,3})[日号]"
)
_LONGEST: Final = 40


def parse_date(value: Cell) -> date | Literal[Open.OPEN] | None:
    """The day in a cell; None when it says none (empty, 1900-01-01, 0000-00-00), OPEN when it says for ever.

    A month without a day is its first day; a number is a spreadsheet serial, or YYYYMMDD when it reads as one.

    Raises:
        Malformed: the cell holds something that is no day.
    """
    if isinstance(value, datetime):
        shifted = value.tzinfo is not None and 1 < value.year < _FIRST_OPEN_YEAR
        return _settled(value.astimezone(LOCAL).date() if shifted else value.date())
    if isinstance(value, date) or value is None:
        return value and _settled(value)
    text = _plain(str(value))
    if len(text) > _LONGEST:
        raise _unreadable()
    if _ZONED.fullmatch(text):
        return parse_date(_instant(text))
    if text in _OPEN_WORDS:
        return OPEN
    if is_placeholder(text) or not text.strip("0-/.:T年月日"):
        return None
    return _settled(_english(str(value)) or _read(text))


def _plain(text: str) -> str:
    """The cell folded, its year counted from the common era 公元 also where it counts from the republic's 民国."""
    plain = _SOLAR.sub("", folded(_BEFORE_TIME.sub("T", text)), count=1).removeprefix("公元").rstrip(".,;。")
    return _REPUBLIC.sub(lambda found: str(_BEFORE_FIRST_YEAR + _year_of_republic(found)), plain)


def _english(text: str) -> date | None:
    """The day of a text that names its month in English; None for any other."""
    found = _ENGLISH.fullmatch(text.strip().upper())
    if found is None:
        return None
    day, month, behind, year = found.group("day", "month", "behind", "year")
    if (day is None) == (behind is None):
        raise _unreadable()
    return _day(int(year), _MONTHS.index(month) + 1, int(day or behind))


def _year_of_republic(found: re.Match[str]) -> int:
    first, digits, numeral = found.groups()
    return 1 if first else int(digits) if digits else _numeral(numeral)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as fault:
        raise _unreadable() from fault


def _settled(day: date) -> date | Literal[Open.OPEN] | None:
    if day.year >= _FIRST_OPEN_YEAR:
        return OPEN
    return None if day in _NO_DAYS else day


def _read(text: str) -> date:
    form = _PARTS.fullmatch(text) or _COMPACT.fullmatch(text)
    if form is not None and _is_year(int(form[1])):
        return _day(int(form[1]), int(form[2]), int(form[3] or 1))
    if chinese := _CHINESE.fullmatch(text.translate(_OF_CHEQUES)):
        return _day(int(chinese[1].translate(_CHINESE_DIGITS)), _numeral(chinese[2]), _numeral(chinese[3]))
    serial = _SERIAL.fullmatch(text)
    if serial and not _BARE_YEAR.fullmatch(text) and _is_serial(int(serial[1])):
        return _EPOCH + timedelta(days=int(serial[1]))
    if _MILLISECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text) / 1000, LOCAL).date()
    raise _unreadable()


def _is_year(number: int) -> bool:
    """A year that a day may have; the number before .0 in other cells is a serial."""
    return _EARLIEST_YEAR <= number <= _LATEST_YEAR or number == _FIRST_OPEN_YEAR


def _is_serial(number: int) -> bool:
    return _FIRST_SERIAL <= number <= _LAST_SERIAL or number == _OPEN_SERIAL


def names_no_day(text: str) -> bool:
    """True for a cell that names a year and a month only, so that its day is an assumption."""
    return _MONTH_ALONE.fullmatch(_plain(text)) is not None


_EARLIEST_YEAR: Final = 1800
_LATEST_YEAR: Final = 2200


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as fault:
        raise _unreadable() from fault


def _numeral(text: str) -> int:
    """一 to 三十一 as a number."""
    tens, ten, ones = text.rpartition("十")
    tens_value = int(tens.translate(_CHINESE_DIGITS)) if tens else 1
    return (tens_value * 10 if ten else 0) + (int(ones.translate(_CHINESE_DIGITS)) if ones else 0)


def parse_month(value: Cell) -> str | None:
    """The month in a cell as ``YYYY-MM``; None when it says none.

    Raises:
        Malformed: the cell holds something that is no month.
    """
    day = parse_date(value)
    return f"{day.year:04}-{day.month:02}" if isinstance(day, date) else None


def parse_instant(value: Cell) -> datetime | None:
    """The instant in a cell, aware, in UTC; a time without a zone is meant in Asia/Shanghai, a bare day its midnight.

    Raises:
        Malformed: the cell holds something that is no instant.
    """
    if isinstance(value, str):
        plain = _STAMP.sub(r"\1T\2", value.strip().replace("/", "-"))
        try:
            value = datetime.fromisoformat(plain)
        except ValueError:
            return _spoken(str(value))
    if isinstance(value, datetime):
        settled = _settled(value.date())
        return (
            (value if value.tzinfo else value.replace(tzinfo=LOCAL)).astimezone(UTC)
            if isinstance(settled, date)
            else None
        )
    if isinstance(value, int) and _MILLISECONDS.fullmatch(str(value)):
        return datetime.fromtimestamp(value / 1000, UTC)
    return _midnight(parse_date(value))


def _spoken(text: str) -> datetime | None:
    """The instant as people and spreadsheets write it: 2026/10/12 8:30, 2026年10月12日8时30分, 46307.354."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if clock := _CLOCK.fullmatch(plain):
        hours, minutes, seconds = (int(part or 0) for part in clock.group(2, 3, 4))
        return _at(parse_date(clock[1]), (hours * 60 + minutes) * 60 + seconds)
    if serial := _FRACTION.fullmatch(plain):
        return _at(parse_date(serial[1]), round(float(serial[2]) * _DAY_SECONDS))
    return _midnight(parse_date(text))


def _at(day: date | Literal[Open.OPEN] | None, seconds: int) -> datetime | None:
    if seconds >= _DAY_SECONDS:
        raise _unreadable()
    midnight = _midnight(day)
    return midnight and midnight + timedelta(seconds=seconds)


def _midnight(day: date | Literal[Open.OPEN] | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL).astimezone(UTC) if isinstance(day, date) else None


def _unreadable() -> Malformed:
    return Malformed("kernel.date-unreadable", "The cell holds no day that can be read.", "日期无法识别。")
