"""Working days 工作日: statutory periods count from the day after receipt, by a calendar that can be loaded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from hub.errors import Malformed, Missing

_DAY: Final = timedelta(days=1)
_WEEKEND: Final = 5
_KINDS: Final = {"workday": True, "holiday": False}


@dataclass(frozen=True, slots=True)
class WorkdayCalendar:
    """Weekdays, except as ``exceptions`` says (True: a working day), for the years it covers and no others."""

    exceptions: Mapping[date, bool]
    years: frozenset[int]

    @classmethod
    def standard(cls) -> "WorkdayCalendar":
        """The State Council's calendar as the library ``chinesecalendar`` has it."""
        from chinese_calendar.constants import holidays, workdays

        exceptions = dict.fromkeys(holidays, False) | dict.fromkeys(workdays, True)
        return cls(exceptions, frozenset(day.year for day in holidays))

    @classmethod
    def parse(cls, text: str) -> "WorkdayCalendar":
        """A calendar from lines such as ``2027-02-06 workday`` and ``2027-10-01 holiday``; ``#`` starts a remark.

        The years that occur are covered.

        Raises:
            Malformed: naming the line that is not of this form.
        """
        exceptions: dict[date, bool] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            plain = line.partition("#")[0].split()
            if plain:
                day, is_workday = _exception(plain, number)
                exceptions[day] = is_workday
        return cls(exceptions, frozenset(day.year for day in exceptions))

    def with_more(self, more: "WorkdayCalendar") -> "WorkdayCalendar":
        """This calendar, with every year that ``more`` covers taken from it."""
        kept = {day: workday for day, workday in self.exceptions.items() if day.year not in more.years}
        return WorkdayCalendar(kept | dict(more.exceptions), self.years | more.years)

    def is_workday(self, day: date) -> bool:
        """True when offices are open on ``day``.

        Raises:
            Missing: the calendar does not cover its year.
        """
        if day.year not in self.years:
            raise Missing(
                "kernel.calendar-ends",
                "The calendar of working days does not cover this year; load the State Council's notice for it.",
                "工作日历未覆盖该年度，请加载国务院办公厅放假安排。",
                year=day.year,
            )
        return self.exceptions.get(day, day.weekday() < _WEEKEND)

    def add(self, day: date, workdays: int) -> date:
        """The last day of a period of ``workdays`` that begins on the day after ``day`` (0: ``day`` itself).

        Raises:
            Malformed: a negative number of days.
            Missing: the calendar ends within the period.
        """
        if workdays < 0:
            raise Malformed("kernel.negative-period", "A period has no negative length.", "期限不能为负数。")
        while workdays:
            day += _DAY
            workdays -= self.is_workday(day)
        return day

    def between(self, start: date, end: date) -> int:
        """How many working days lie after ``start`` up to and with ``end``; negative when ``end`` is the earlier.

        Raises:
            Missing: the calendar does not cover one of the years.
        """
        if end < start:
            return -self.between(end, start)
        return sum(map(self.is_workday, _days(start, end)))


def _days(start: date, end: date) -> Iterable[date]:
    return (start + _DAY * number for number in range(1, (end - start).days + 1))


def _exception(words: list[str], line: int) -> tuple[date, bool]:
    try:
        day, kind = words
        return date.fromisoformat(day), _KINDS[kind]
    except (ValueError, KeyError) as fault:
        raise Malformed(
            "kernel.calendar-line",
            f"Line {line} of the calendar is not a date with 'workday' or 'holiday'.",
            f"工作日历第 {line} 行格式不符：应为日期加 workday 或 holiday。",
            line=line,
        ) from fault
