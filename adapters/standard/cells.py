"""What a cell holds as text: numbers in full, days in ISO form, several values packed as a hand would pack them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from adapters.standard.folding import SHEET_ERRORS

_LARGE: Final = 1e15
_KEPT_DIGITS: Final = 15


def _number_text(value: float) -> str:
    """The number in full; in scientific notation where it has more digits than a spreadsheet keeps.

    A program that writes an identity number as a number leaves such digits, of which the last are made up.
    """
    if value.is_integer() and abs(value) < _LARGE:
        return str(int(value))
    exact = Decimal(repr(value))
    digits = exact.normalize().as_tuple().digits
    return f"{exact:E}" if abs(value) >= _LARGE and len(digits) > _KEPT_DIGITS else format(exact, "f")


def nested_text(value: Any) -> str:
    """Several values as a cell packs them: those of a list by 、, those of an object by blanks, objects by lines."""
    if isinstance(value, dict):
        return " ".join(text for one in value.values() if (text := nested_text(one)))
    if isinstance(value, list):
        between = "\n" if any(isinstance(one, dict) for one in value) else "、"
        return between.join(text for one in value if (text := nested_text(one)))
    return cell_text(value)


def cell_text(value: Any) -> str:  # noqa: PLR0911 - one line for each type of cell
    """A cell's value as text: numbers in full, days in ISO form, errors as nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return "" if value in SHEET_ERRORS else value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number_text(value)
    if isinstance(value, datetime):
        bare = (value.hour, value.minute, value.second) == (0, 0, 0)
        return value.strftime("%Y-%m-%d") if bare else value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
