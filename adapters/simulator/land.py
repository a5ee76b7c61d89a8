"""Land 不动产: holders ``QLR`` and rights ``FDCQ``, two SQL tables to be joined by unit and certificate."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Column, Connection, MetaData, String, Table

from adapters.simulator.books import SqlBook
from adapters.simulator.homes import CONTRACTED
from adapters.simulator.model import Organisation, Person, Right, Village
from adapters.simulator.pen import Clerk, Pen
from adapters.simulator.place import COUNTY, COUNTY_CODE
from adapters.simulator.truth import TruthBook

REGISTRY: Final = "land"
HOLDER_COLUMNS: Final = ["QLRMC", "ZJZL", "ZJH", "QLRLX", "GYFS", "QLBL", "BDCQZH", "BDCDYH", "DH", "DZ"]
RIGHT_COLUMNS: Final = [
    "BDCDYH",
    "YWH",
    "QLLX",
    "DJLX",
    "DJYY",
    "FDZL",
    "JZMJ",
    "GHYT",
    "TDSYQSSJ",
    "TDSYJSSJ",
    "FDCJYJG",
    "BDCQZH",
    "DJJG",
    "DBR",
    "DJSJ",
    "QXDM",
    "QSZT",
    "FJ",
]

METADATA: Final = MetaData()
HOLDER_TABLE: Final = Table(
    "QLR", METADATA, *(Column(name, String(500)) for name in HOLDER_COLUMNS), mysql_charset="utf8mb4"
)
RIGHT_TABLE: Final = Table(
    "FDCQ", METADATA, *(Column(name, String(500)) for name in RIGHT_COLUMNS), mysql_charset="utf8mb4"
)

_DOCUMENTS: Final = {"111": "1", "414": "3", "516": "2", "551": "2", "552": "2"}
_TERM_YEARS: Final = 70
_JOINTS: Final = ("、", "/", ";", ",")
Holder = Person | Organisation
Written = tuple[dict[str, Any], list[tuple[str, str | None]]]


class Land:
    """Writes both tables."""

    def __init__(self, connection: Connection, clerk: Clerk, truth: TruthBook) -> None:
        METADATA.create_all(connection)
        self._clerk = clerk
        self._holders, self._rights = SqlBook(connection, HOLDER_TABLE), SqlBook(connection, RIGHT_TABLE)
        self.rights = truth.page(REGISTRY, "rights", "QLR")
        self._unheld = truth.page(REGISTRY, "rights", "FDCQ")

    def write(self, village: Village) -> None:
        """Write a village's rights and their holders."""
        for right in village.rights:
            self._right(village, right)

    def close(self) -> None:
        """Finish the tables."""
        self._holders.close()
        self._rights.close()

    def _right(self, village: Village, right: Right) -> None:
        holders = [_holder(village, one) for one in right.holders]

        def write(pen: Pen) -> tuple[dict[str, Any] | None, list[Written]]:
            row = _right_row(pen, right)
            if pen.strikes("record_right_without_holder"):
                return row, []
            rows = list(_holder_rows(pen, right, holders))
            return (None if pen.strikes("record_holder_without_right") else row), rows

        (row, rows), dirt = self._clerk.write(f"right|{right.business}", right.holders, write)
        if row:
            self._rights.add(row)
            self._unheld.row((row["BDCDYH"], row["BDCQZH"], "", ""), [] if rows else [("holder", None)], dirt)
        for holder, roles in rows:
            self._holders.add(holder)
            key = [holder[column] for column in ("BDCDYH", "BDCQZH", "QLRMC", "ZJH")]
            self.rights.row(key, roles, dirt)


def _holder(village: Village, subject: str) -> Holder:
    return village.people.get(subject) or village.organisations[subject]


def _holder_rows(pen: Pen, right: Right, holders: list[Holder]) -> Iterator[Written]:
    cells = [_holder_cells(pen, holder) for holder in holders]
    sharing = "0" if len(holders) == 1 else "2" if right.shares else "1"
    portions = ["50%" if right.shares else ""] * len(holders)
    same = {"GYFS": sharing, "BDCQZH": pen.certificate(right.certificate), "BDCDYH": pen.unit(right.unit)}
    if len(holders) > 1 and pen.strikes("meaning_co_owners_packed"):
        joint = pen.rng.choice(_JOINTS)
        packed = {column: joint.join(cell[column] for cell in cells) for column in ("QLRMC", "ZJH")}
        roles = [(f"holder.{place}", holder.id) for place, holder in enumerate(holders, 1)]
        yield {**cells[0], **packed, "QLBL": joint.join(filter(None, portions)), **same}, list(roles)
        return
    for holder, cell, portion in zip(holders, cells, portions, strict=True):
        yield {**cell, "QLBL": portion, **same}, [("holder", holder.id)]


def _holder_cells(pen: Pen, holder: Holder) -> dict[str, str]:
    if isinstance(holder, Person):
        return {
            "QLRMC": pen.name(holder),
            "ZJZL": _DOCUMENTS[holder.document_kind],
            "ZJH": pen.number(holder, earlier=True),
            "QLRLX": "1",
            "DH": holder.phone,
            "DZ": "",
        }
    code = holder.organisation_code
    code_only = pen.strikes("organisation_code_only")
    return {
        "QLRMC": pen.organisation_name(holder),
        "ZJZL": "6" if code_only else pen.rng.choice(("7", "7", "6", "99")),
        "ZJH": f"{code[:8]}-{code[8]}" if code_only else pen.credit_code(holder),
        "QLRLX": "99" if holder.is_social else "2",
        "DH": holder.phone,
        "DZ": holder.address,
    }


def _right_row(pen: Pen, right: Right) -> dict[str, Any]:
    ends = right.registered_on.replace(year=right.registered_on.year + _TERM_YEARS, day=1)
    return {
        "BDCDYH": pen.unit(right.unit),
        "YWH": right.business,
        "QLLX": right.kind,
        "DJLX": "200" if right.reason == "买卖" else "100",
        "DJYY": right.reason,
        "FDZL": right.location,
        "JZMJ": pen.area(right.area_cm2, field=right.kind == CONTRACTED),
        "GHYT": "住宅" if right.price_fen else "",
        "TDSYQSSJ": pen.date(right.registered_on, "%Y/%m/%d"),
        "TDSYJSSJ": pen.date(ends, "%Y/%m/%d") if right.price_fen else pen.open_date(),
        "FDCJYJG": pen.wan(right.price_fen) if right.price_fen else "",
        "BDCQZH": pen.certificate(right.certificate),
        "DJJG": f"{COUNTY}自然资源局",
        "DBR": "登簿员一",
        "DJSJ": pen.date(right.registered_on, "%Y-%m-%d"),
        "QXDM": COUNTY_CODE,
        "QSZT": "1" if right.current else "2",
        "FJ": pen.note(),
    }
