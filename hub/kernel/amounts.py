"""Amounts 金额与面积 as exact integers: money in fen 分, area in square centimetres; never a float."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from hub.errors import Malformed
from hub.kernel.characters import folded, is_placeholder

Cell = str | int | float | Decimal | None

_MONEY_UNITS: Final = {"元": 100, "分": 1, "角": 10, "千元": 100_000, "万元": 1_000_000, "亿元": 10_000_000_000}
_MU: Final = Decimal(10_000) / 15  # one mu 亩 is 10,000/15 square metres
_AREA_UNITS: Final = {
    "平方米": Decimal(10_000),
    "平方厘米": Decimal(1),
    "亩": _MU * 10_000,
    "公顷": Decimal(100_000_000),
    "平方公里": Decimal(10_000_000_000),
}
_SYNONYMS: Final = {
    "": "", "圆": "元", "人民币": "元", "RMB": "元", "CNY": "元", "块": "元", "万": "万元", "亿": "亿元", "千": "千元",
    "M2": "平方米", "㎡": "平方米", "平米": "平方米", "平方": "平方米",
    "CM2": "平方厘米",
    "HM2": "公顷", "KM2": "平方公里", "元整": "元", "万元整": "万元", "元人民币": "元", "万元人民币": "万元",
    "万人民币": "万元", "元/月": "元",
}  # fmt: skip
_AMOUNT: Final = re.compile(
    r"(¥|RMB|CNY|人民币)?([+-]?(?:(?:\d{1,3}(?:,\d{3})+|\d{1,4}(?:,\d{4})+|\d+)(?:\.\d*)?|\.\d+))((?:[^\d.,][^.,]*)?)"
)
"""A comma parts groups of three digits, or of four; where it parts others it may stand for a point."""
_SCIENTIFIC: Final = re.compile(r"-?\d(\.\d+)?E[+-]?\d{1,2}")
_ANOTHER_NUMBER: Final = re.compile(r"[\W至到或]*\d")
"""Behind a count: 3/4, 3-4 and 3至4 are two numbers, and neither is the count."""
_LARGEST: Final = Decimal(10) ** 17
_LONGEST: Final = 60


def parse_money(value: Cell, unit: str = "元") -> int | None:
    """Money in fen; a unit in the cell overrules ``unit``. None when the cell says nothing.

    Raises:
        Malformed: the cell holds no amount, or a unit that is not one of money.
    """
    found = _amount(value, unit)
    if found is None:
        return None
    number, named = found
    if named not in _MONEY_UNITS:
        raise _unreadable()
    return _whole(number * _MONEY_UNITS[named])


def parse_area(value: Cell, unit: str = "平方米") -> int | None:
    """Area in square centimetres; a unit in the cell overrules ``unit``. None when the cell says nothing.

    Raises:
        Malformed: the cell holds no amount, or a unit that is not one of area.
    """
    found = _amount(value, unit)
    if found is None:
        return None
    number, named = found
    if named not in _AREA_UNITS:
        raise _unreadable()
    return _whole(number * _AREA_UNITS[named])


def parse_count(value: Cell) -> int | None:
    """A whole number, such as of persons; 3 人 and 3.0 are 3. None when the cell says nothing.

    Raises:
        Malformed: the cell holds no whole number.
    """
    found = _amount(value, "")
    if found is None:
        return None
    if found[0] != found[0].to_integral_value() or _ANOTHER_NUMBER.match(found[1]):
        raise _unreadable()
    return int(found[0])


def _amount(value: Cell, unit: str) -> tuple[Decimal, str] | None:
    if value is None:
        return None
    text = folded(repr(value) if isinstance(value, float) else str(value))
    if is_placeholder(text) and not text.isdigit():
        return None
    form = _AMOUNT.fullmatch(text) if len(text) <= _LONGEST and not _SCIENTIFIC.fullmatch(text) else None
    if form is None:
        return _scientific(text), _SYNONYMS.get(unit, unit)
    named = _SYNONYMS.get(form[3], form[3])
    if form[1] and not named and unit in _MONEY_UNITS and unit != "元":
        raise _unreadable()  # ¥125,000 under 万元: yuan by its sign, ten thousand of them by its column
    return Decimal(form[2].replace(",", "")), named or _SYNONYMS.get(unit, unit)


def _scientific(text: str) -> Decimal:
    """A float that prints as 1E+17; large areas and prices reach a workbook that way."""
    if _SCIENTIFIC.fullmatch(text) is None:
        raise _unreadable()
    return Decimal(text)


def _whole(number: Decimal) -> int:
    if abs(number) > _LARGEST:
        raise _unreadable()
    return int(number.to_integral_value(ROUND_HALF_UP))


def _unreadable() -> Malformed:
    return Malformed("kernel.amount-unreadable", "The cell holds no amount that can be read.", "金额或面积无法识别。")
