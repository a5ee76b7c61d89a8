from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from hub.errors import Malformed
from hub.kernel.dates import OPEN, Cell, names_no_day, parse_date, parse_instant, parse_month

NAIVE = datetime(2012, 4, 1, 23, 59)  # noqa: DTZ001  # as a workbook reader gives it


@pytest.mark.parametrize(
    "cell",
    [
        "20120401", "2012-4-1", "2012/04/01", "2012.4", "2012.4.1", "2012年4月1日", "2012年04月01日", "2012年4月",
        "2012-04-01 00:00:00", "2012-4-1 0:00:00", "2012-04-01 00:00:00.0", "2012-04-01T08:30:00+08:00",
        "2012\\4\\1", "2012、4、1", "2012·4·1", "2012_04_01", "2012-04-01。", "2012-04-01(周日)",
        "公历2012年4月1日", "2012年4月1日（阳历）", "贰零壹贰年零肆月零壹日",
        "Apr  1 2012 12:00AM", "Sun Apr 01 00:00:00 CST 2012", "1-APR-2012", "April 1, 2012",
        "２０１２－０４－０１", "20120401120000", "2012年4月1日 12：30",
        "2012 年 4 月 1 日", "二〇一二年四月一日", "20120401.0", "41000", 41000, 41000.0, 20120401, "201204",
        "公元2012年4月1日", "2012年四月一日", "2012-04-01 上午 12:00:00", "2012/4/1 下午 3:20:00",
        "2012-04-01 12:00:00 AM",
        "2012年4月1日 星期日", "2012/4/1 星期日 0:00:00", "2012年4月1日8时30分", "民国101年4月1日", "民国101.4.1",
        date(2012, 4, 1), NAIVE, datetime(2012, 3, 31, 16, tzinfo=UTC),
    ],
)  # fmt: skip
def test_one_day_in_all_its_forms(cell: Cell) -> None:
    assert parse_date(cell) == date(2012, 4, 1)


@pytest.mark.parametrize(
    "cell", [None, "", " ", "无", "\\N", "1900-01-01", "1900-1-1 00:00:00", "0000-00-00", "00000000", "/"]
)
def test_a_cell_that_says_none_is_none(cell: Cell) -> None:
    assert parse_date(cell) is None
    assert parse_instant(cell) is None


@pytest.mark.parametrize(
    "cell", ["9999-12-31", "长期", "永久", "99991231", "长期有效", datetime(9999, 12, 31, tzinfo=UTC)]
)
def test_for_ever_is_open(cell: Cell) -> None:
    assert parse_date(cell) is OPEN


@pytest.mark.parametrize(
    "cell",
    [
        "830112",
        "Apr 2012",
        "1-APR-12",
        "Apr 1 12",
        "Feb 30 2012",
        "公历2012年4月1日（农历三月十一）",
        "951201",
        "400000",
        "2012-13-01",
        "2012-02-30",
        "20120230",
        "abc",
        "2012",
        "12-1-1",
        "1/2/2012",
        "昨天",
        "\x00",
        "9" * 5000,
        "²",
    ],
)
def test_what_is_no_day_is_malformed_and_nothing_else(cell: Cell) -> None:
    with pytest.raises(Malformed) as caught:
        parse_date(cell)
    assert caught.value.code == "kernel.date-unreadable"


@pytest.mark.parametrize(
    "cell",
    [
        "2012-03-31T16:00:00Z",
        "2012-03-31T16:00:00.000Z",
        "2012-03-31 16:00:00+00:00",
        "2012-03-31 16:00:00+00",
        "2012-04-01T00:00:00+0800",
        "2012-04-01T00:00:00Z",
    ],
)
def test_an_instant_that_names_its_zone_is_the_local_day_of_that_instant(cell: str) -> None:
    assert parse_date(cell) == date(2012, 4, 1)


def test_an_instant_in_a_summer_in_which_clocks_went_forward_is_the_local_day_then() -> None:
    assert parse_date("1988-06-30T15:00:00Z") == date(1988, 7, 1)


def test_instants_that_stand_for_none_and_for_ever_do_so_in_any_zone() -> None:
    assert parse_date("0001-01-01T00:00:00Z") is None
    assert parse_date("1899-12-31T16:00:00Z") is None
    assert parse_date("9999-12-31T16:00:00Z") is OPEN


def test_years_of_the_republic_count_from_1912() -> None:
    assert parse_date("民国38年12月31日") == parse_date("民国三十八年十二月三十一日") == date(1949, 12, 31)
    assert parse_date("民国元年1月1日") == date(1912, 1, 1)
    assert names_no_day("民国38年12月")


@pytest.mark.parametrize(
    "cell", ["农历1949年十一月十二", "阴历1949-11-12", "1949-11-12(农历)", "1949年冬月十二", "己丑年十一月十二日"]
)
def test_a_day_of_the_lunar_calendar_is_never_read_as_one_of_the_solar(cell: str) -> None:
    with pytest.raises(Malformed):
        parse_date(cell)


def test_chinese_numerals_reach_thirty_one() -> None:
    assert parse_date("一九四九年十二月三十一日") == date(1949, 12, 31)
    assert parse_date("二〇二〇年十月二十日") == date(2020, 10, 20)


def test_a_month_is_told_without_its_day() -> None:
    assert parse_month("2026年10月") == parse_month("202610") == parse_month("2026.10.31") == "2026-10"
    assert parse_month("") is None


def test_a_time_without_a_zone_is_meant_in_shanghai() -> None:
    assert parse_instant("2012-10-12 08:00:00") == datetime(2012, 10, 12, tzinfo=UTC)
    assert parse_instant("20121012080000") == datetime(2012, 10, 12, tzinfo=UTC)
    assert parse_instant("2012/10/12") == datetime(2012, 10, 11, 16, tzinfo=UTC)
    assert parse_instant(datetime(2012, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == datetime(
        2011, 12, 31, 23, tzinfo=UTC
    )
    assert parse_instant(1325376000000) == datetime(2012, 1, 1, tzinfo=UTC)
    assert parse_instant("9999-12-31 00:00:00") is None


@pytest.mark.parametrize(
    "cell", ["2026/10/12 8:30", "2026年10月12日8时30分", "2026-10-12 08:30:00", "46307.3541666667", "20261012083000"]
)
def test_one_instant_in_all_its_forms(cell: str) -> None:
    assert parse_instant(cell) == datetime(2026, 10, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "said"), [("2012.1", True), ("201201", True), ("2012年1月", True), ("2012.1.1", False)]
)
def test_a_month_without_a_day_is_told_from_a_day(cell: str, said: bool) -> None:  # noqa: FBT001 - a table's column
    assert names_no_day(cell) is said


def test_a_serial_of_the_twenties_with_its_decimals_is_a_day_and_no_year() -> None:
    assert parse_date("9624.0") == parse_date("9624") == date(1926, 5, 7)
    assert parse_date("9999-12-31") is OPEN
