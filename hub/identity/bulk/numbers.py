"""Resident IDs 公民身份号码 of a whole file: those in normal form by SQL, the few others by the code of intake."""

from datetime import date
from typing import Final

from hub.identity.bulk.opening import Connection
from hub.identity.bulk.tables import text_table
from hub.identity.traits import PERSON_COLUMNS, Context, person_traits
from hub.kernel.identifier_forms import PROVINCE_CODES
from hub.kernel.identifiers import date_of_digits

_RESIDENT_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCES: Final = frozenset(code for code in PROVINCE_CODES if code < "80")


def _region_part(text: str) -> tuple[str, str] | None:
    return (_weight(text, 0), "") if _are_digits(text) and text[:2] in _PROVINCES else None


def _day_part(text: str) -> tuple[str, str] | None:
    day = date_of_digits(text) if _are_digits(text) else None
    return (_weight(text, 6), day.isoformat()) if day is not None else None


def _order_part(text: str) -> tuple[str, str] | None:
    return (_weight(text, 14), "") if _are_digits(text) and text != "000" else None


def _are_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _weight(digits: str, place: int) -> str:
    """What the digits that stand there add to the sum of GB 11643."""
    return str(sum(int(each) * weight for each, weight in zip(digits, _RESIDENT_WEIGHTS[place:], strict=False)))


_PARTS_OF_NUMBERS: Final = (
    ("number_regions", "substr(s.number, 1, 6)", _region_part),
    ("number_days", "substr(s.number, 7, 8)", _day_part),
    ("number_orders", "substr(s.number, 15, 3)", _order_part),
)
PLAIN_NUMBER: Final = (
    "strlen(s.number) = 18 AND number_regions.part IS NOT NULL AND number_days.part IS NOT NULL"
    " AND number_orders.part IS NOT NULL AND (s.number[18] BETWEEN '0' AND '9' OR s.number[18] = 'X')"
    " AND NOT ends_with(s.number, '000')"
)
NUMBER_PARTS: Final = " ".join(f"LEFT JOIN {table} ON {table}.part = {part}" for table, part, _ in _PARTS_OF_NUMBERS)
CHECKED: Final = "number_regions.weight + number_days.weight + number_orders.weight"


def read_number_parts(con: Connection) -> None:
    """Tables of the parts of resident IDs of 18 characters: what is no region, day or order is not in them.

    There are few of each part, so each is read once.
    """
    for table, part, read in _PARTS_OF_NUMBERS:
        found = con.execute(f"SELECT DISTINCT {part} FROM said s WHERE strlen(s.number) = 18").fetchall()
        rows = [(text, *made) for (text,) in found if (made := read(text))]
        text_table(con, table, ("part", "weight", "day"), rows)
        con.execute(f"ALTER TABLE {table} ALTER weight TYPE INTEGER")


def number_row(text: str) -> tuple[str, ...]:
    """The number in ``text``, its state and the birth date it states, as at intake."""
    traits = person_traits({"number": text}, Context(date(2099, 12, 31)))
    return tuple(traits[PERSON_COLUMNS.index(name)] for name in ("number", "number_state", "born"))
