from datetime import date

import pytest

from hub.errors import Malformed, Missing
from hub.kernel.workdays import WorkdayCalendar


def test_a_saturday_that_makes_up_for_a_holiday_is_a_working_day() -> None:
    calendar = WorkdayCalendar.standard()
    assert calendar.is_workday(date(2026, 2, 14))
    assert not calendar.is_workday(date(2026, 2, 17))
    assert not calendar.is_workday(date(2026, 11, 21))
    assert calendar.is_workday(date(2026, 11, 23))


def test_a_period_counts_from_the_day_after_receipt() -> None:
    calendar = WorkdayCalendar.standard()
    assert calendar.add(date(2026, 11, 20), 1) == date(2026, 11, 23)
    assert calendar.add(date(2026, 11, 20), 10) == date(2026, 12, 4)
    assert calendar.add(date(2026, 11, 21), 0) == date(2026, 11, 21)
    assert calendar.between(date(2026, 11, 20), date(2026, 12, 4)) == 10
    assert calendar.between(date(2026, 12, 4), date(2026, 11, 20)) == -10


def test_beyond_its_years_the_calendar_says_which_year_is_missing() -> None:
    calendar = WorkdayCalendar.standard()
    with pytest.raises(Missing) as caught:
        calendar.add(date(2026, 12, 25), 20)
    assert caught.value.code == "kernel.calendar-ends"
    assert caught.value.facts == {"year": 2027}


def test_the_next_year_can_be_loaded() -> None:
    more = WorkdayCalendar.parse("# 2027\n2027-01-01 holiday\n2027-01-02 workday  # Saturday\n")
    calendar = WorkdayCalendar.standard().with_more(more)
    assert calendar.add(date(2026, 12, 31), 1) == date(2027, 1, 2)
    assert calendar.is_workday(date(2026, 2, 14))


@pytest.mark.parametrize("line", ["2027-01-01", "2027-02-30 holiday", "2027-01-01 feast"])
def test_a_wrong_line_of_a_calendar_is_named(line: str) -> None:
    with pytest.raises(Malformed) as caught:
        WorkdayCalendar.parse("2027-05-01 holiday\n" + line)
    assert caught.value.facts == {"line": 2}


def test_a_negative_period_is_malformed() -> None:
    with pytest.raises(Malformed):
        WorkdayCalendar.standard().add(date(2026, 1, 5), -1)
