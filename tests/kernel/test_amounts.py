import pytest

from hub.errors import Malformed
from hub.kernel.amounts import Cell, parse_area, parse_count, parse_money


@pytest.mark.parametrize(
    ("cell", "unit", "fen"),
    [
        ("1,234.50元", "元", 123450),
        ("1，234.50", "元", 123450),
        ("￥１２３４．５", "元", 123450),
        ("人民币1234.5元", "元", 123450),
        (1234.5, "元", 123450),
        (0.1, "元", 10),
        ("30", "万元", 30_000_000),
        ("30元", "万元", 3000),
        ("￥125,000.00元", "万元", 12_500_000),
        ("12,5000", "元", 12_500_000),
        ("30万元", "元", 30_000_000),
        ("3万", "元", 3_000_000),
        ("-5", "元", -500),
        (0, "元", 0),
        ("0000", "元", 0),
        ("1.005", "元", 101),
    ],
)
def test_money_is_whole_fen_whatever_the_unit(cell: Cell, unit: str, fen: int) -> None:
    assert parse_money(cell, unit) == fen


@pytest.mark.parametrize(
    ("cell", "unit", "cm2"),
    [
        ("120.55㎡", "平方米", 1_205_500),
        ("120.55", "平方米", 1_205_500),
        ("2", "亩", 13_333_333),
        ("15亩", "平方米", 100_000_000),
        ("3平米", "亩", 30_000),
        ("1公顷", "平方米", 100_000_000),
        (88.123456, "㎡", 881_235),
    ],
)
def test_area_is_whole_square_centimetres(cell: Cell, unit: str, cm2: int) -> None:
    assert parse_area(cell, unit) == cm2


@pytest.mark.parametrize("cell", [None, "", "无", "/", "\\N", "--", float("nan")])
def test_a_cell_that_says_nothing_is_none(cell: Cell) -> None:
    assert parse_money(cell) is None
    assert parse_area(cell) is None
    assert parse_count(cell) is None


@pytest.mark.parametrize("cell", ["五万", "12元3角", "1.2.3", "5平方米", "abc", "1e99", "9" * 70, "inf", float("inf")])
def test_what_is_no_amount_is_malformed(cell: Cell) -> None:
    with pytest.raises(Malformed):
        parse_money(cell)


@pytest.mark.parametrize("cell", ["89,5", "1,2345,6", "1,23", "1 234,50", ",5"])
def test_a_comma_that_parts_no_groups_of_digits_is_never_taken_for_one_that_does(cell: Cell) -> None:
    with pytest.raises(Malformed):
        parse_area(cell)


@pytest.mark.parametrize("cell", ["￥125,000.00", "¥12.5", "人民币12"])
def test_a_sign_for_yuan_under_a_larger_unit_says_two_things_and_is_not_read(cell: Cell) -> None:
    with pytest.raises(Malformed):
        parse_money(cell, "万元")


def test_other_currencies_are_not_read() -> None:
    with pytest.raises(Malformed):
        parse_money("$125")


def test_counts_are_whole() -> None:
    assert parse_count("3人") == parse_count("3.0") == parse_count(3) == 3
    for cell in ("2.5", "3/4", "3-4", "3至4人", "3（4）"):
        with pytest.raises(Malformed):
            parse_count(cell)
