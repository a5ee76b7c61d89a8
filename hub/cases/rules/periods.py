"""Statutory time limits 办理时限 in working days, counted from the day after opening, with days that do not count."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Protocol

from hub.cases.model import Due, Suspension
from hub.errors import Missing


class Calendar(Protocol):
    """The working-day calendar 工作日历; ``hub.kernel.workdays`` has it."""

    def is_workday(self, day: date) -> bool:
        """True when offices are open; raises Missing beyond its years."""
        ...

    def add(self, day: date, workdays: int) -> date:
        """The last day of a period that begins on the day after ``day``; raises Missing beyond its years."""
        ...


def due_for(opened_on: date, days: int, suspensions: Sequence[Suspension], calendar: Calendar, today: date) -> Due:
    """By when a case opened on ``opened_on`` is decided after ``days`` working days.

    A suspended working day, the first and the last of it included, does not count; an open suspension reaches to
    ``today``. Where the calendar knows no such year the due date is None and says so: the case goes on.
    """
    try:
        due = calendar.add(opened_on, days)
        while True:
            extended = calendar.add(opened_on, days + _lost(opened_on, due, suspensions, (calendar, today)))
            if extended == due:
                return Due(due)
            due = extended
    except Missing:
        return Due(None, "no-calendar")


def _lost(opened_on: date, due: date, suspensions: Sequence[Suspension], place: tuple[Calendar, date]) -> int:
    """Working days after opening, up to ``due``, that lie in any suspension; overlapping ones count once."""
    calendar, today = place
    days: set[date] = set()
    for each in suspensions:
        day, last = max(each.since, opened_on + timedelta(days=1)), min(each.until or today, due)
        while day <= last:
            if calendar.is_workday(day):
                days.add(day)
            day += timedelta(days=1)
    return len(days)


def workdays_after(day: date, days: int, calendar: Calendar) -> date | None:
    """``days`` working days after ``day``; None where the calendar knows no such year."""
    try:
        return calendar.add(day, days)
    except Missing:
        return None
