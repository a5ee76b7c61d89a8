"""Resident IDs 公民身份号码 of a whole file: those of digits alone by SQL, the few others by the code of intake."""

from datetime import date
from typing import Final

from hub.identity.bulk.tables import Connection
from hub.identity.traits import PERSON_COLUMNS, Context, person_traits
from hub.kernel.identifier_forms import PROVINCE_CODES

_RESIDENT_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_DIGITS: Final = "[0-7][0-9]{16}[0-9X]|[0-7][0-9]{14}|[0-9]{12,14}|[0-9]{16,17}"

IN_DIGITS: Final = (
    f"regexp_full_match(number, '{_DIGITS}') AND left(number, 11) <> substr(number, 2, 11)"
    " AND NOT starts_with(number, '123456789012345') AND NOT (strlen(number) = 18 AND ends_with(number, '000'))"
)
"""True of numbers whose length, region, day and check digit say all there is to say; a permit or a filler is none."""
NUMBER_COLUMNS: Final = (
    f"{IN_DIGITS} AS in_digits, substr(number, 1, 6) AS region_part,"
    " CASE WHEN strlen(number) = 15 THEN '19' || substr(number, 7, 6) ELSE substr(number, 7, 8) END AS day_part,"
    " CASE WHEN strlen(number) = 15 THEN substr(number, 13, 3) ELSE substr(number, 15, 3) END AS order_part"
)
NUMBER_PARTS: Final = (
    "LEFT JOIN number_regions ON number_regions.part = region_part LEFT JOIN number_days ON number_days.part = day_part"
    " LEFT JOIN number_orders ON number_orders.part = order_part"
)
_CHECK: Final = (
    "'10X98765432'[CAST((number_regions.weight + number_days.weight + number_orders.weight) % 11 + 1 AS INTEGER)]"
)
_HAS_PARTS: Final = "number_regions.part IS NOT NULL AND number_days.part IS NOT NULL"
_UPGRADED: Final = f"(strlen(s.number) = 15 AND {_HAS_PARTS})"
_PROVINCES: Final = " ".join(PROVINCE_CODES)

NUMBER: Final = (
    f"CASE WHEN NOT in_digits THEN coalesce(i.number, '') WHEN {_UPGRADED}"
    f" THEN region_part || day_part || order_part || {_CHECK} ELSE s.number END"
)
STATE: Final = (
    f"CASE WHEN NOT in_digits THEN coalesce(i.state, '') WHEN {_UPGRADED} THEN 'vresident_id'"
    f" WHEN strlen(s.number) = 18 AND {_HAS_PARTS} AND order_part <> '000' AND {_CHECK} = s.number[18]"
    " THEN 'vresident_id' WHEN strlen(s.number) IN (15, 18)"
    f" OR (strlen(s.number) > 15 AND contains('{_PROVINCES}', left(s.number, 2))) THEN 'iresident_id' ELSE 'iother' END"
)
STATED_DAY: Final = (
    f"CASE WHEN NOT in_digits THEN coalesce(i.born, '') WHEN strlen(s.number) = 18 OR {_UPGRADED}"
    " THEN coalesce(number_days.day, '') ELSE '' END"
)


def read_number_parts(con: Connection) -> None:
    """Tables of the regions, days and orders that stand in numbers of digits; what is none is not in them.

    There are few of each part, so what it adds to the check is read once.
    """
    provinces = ", ".join(f"'{code}'" for code in PROVINCE_CODES if code < "80")
    _part_table(
        con, "number_regions", 0, "SELECT DISTINCT substr(number, 1, 6) AS part FROM said WHERE strlen(number) >= 15"
    )
    con.execute(f"DELETE FROM number_regions WHERE left(part, 2) NOT IN ({provinces})")
    _part_table(con, "number_orders", 14, "SELECT lpad(CAST(range AS VARCHAR), 3, '0') AS part FROM range(1000)")
    days = "SELECT CAST(range AS DATE) AS day FROM range(DATE '1850-01-01', DATE '2100-01-01', INTERVAL 1 DAY)"
    _part_table(
        con, "number_days", 6, f"SELECT strftime(day, '%Y%m%d') AS part, CAST(day AS VARCHAR) AS day FROM ({days})"
    )


def _part_table(con: Connection, table: str, place: int, parts: str) -> None:
    """``table`` of ``parts`` with what they add to the sum of GB 11643 where they stand from ``place`` on."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT *, CAST(list_sum(list_transform(range(1, strlen(part) + 1),"
        f" lambda x: CAST(part[x] AS INTEGER) * {list(_RESIDENT_WEIGHTS)}[x + {place}])) AS INTEGER) AS weight"
        f" FROM ({parts}) WHERE regexp_full_match(part, '[0-9]+')"
    )


def number_row(text: str) -> tuple[str, ...]:
    """The number in ``text``, its state and the birth date it states, as at intake."""
    traits = person_traits({"number": text}, Context(date(2099, 12, 31)))
    return tuple(traits[PERSON_COLUMNS.index(name)] for name in ("number", "number_state", "born"))
