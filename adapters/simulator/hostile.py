"""Hostile files and tables 恶意来源: exports that no mapping can make right, and what must come of each.

A reader or adapter that meets one of them ends with a clear error or keeps rows back; it never passes on a wrong value.
"""

import sqlite3
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook, load_workbook

from adapters.simulator.civil_affairs import ROSTER, ROSTER_COLUMNS
from adapters.simulator.funeral import FUNERAL_COLUMNS
from adapters.simulator.numbers import resident_number


class Expected(StrEnum):
    """What an adapter does with a hostile source."""

    REFUSED = "refused"
    """A clear error with a stable code; no row goes further."""
    KEPT_BACK = "kept-back"
    """At most ``usable`` rows go on, each with its true values; who refuses the whole is stricter, not wrong."""
    READ = "read"
    """It only looks hostile: every row is read rightly."""


@dataclass(frozen=True, slots=True)
class HostileSource:
    """One source of a registry's export: ``write`` makes it in a directory and returns the file."""

    name: str
    registry: str
    export: str
    expected: Expected
    usable: int
    """Rows that may go further."""
    why: str
    write: Callable[[Path], Path]


def people(count: int = 4) -> list[dict[str, str]]:
    """Flawless funeral rows of invented people, to be spoilt."""
    rows = []
    for place in range(count):
        born = date(1940, 1, 1 + place)
        row = dict.fromkeys(FUNERAL_COLUMNS, "")
        row |= {
            "DEAD_ID": f"HOSTILE{place:03d}",
            "IF_NAMELESS": "0",
            "NAME": f"测试{'甲乙丙丁戊己'[place % 6]}",
            "SEX": "1",
        }
        row |= {"CARD_TYPE": "111", "ID_CARD": resident_number("330199", born, 991), "BIRTHDAY": f"{born:%Y-%m-%d}"}
        rows.append(row | {"DEATH_DATE": "2026-03-04", "AGE": "86", "FOLK": "汉族", "NOTE": "无"})
    return rows


def _lines(rows: Sequence[dict[str, str]], columns: Sequence[str] = FUNERAL_COLUMNS) -> list[str]:
    return [",".join(columns), *(",".join(row[column] for column in columns) for row in rows)]


def _csv(name: str, content: Callable[[], bytes]) -> Callable[[Path], Path]:
    def write(directory: Path) -> Path:
        path = directory / f"火化登记-{name}.csv"
        path.write_bytes(content())
        return path

    return write


def _xlsx(name: str, rows: Callable[[], Sequence[Sequence[Any]]]) -> Callable[[Path], Path]:
    def write(directory: Path) -> Path:
        path = directory / f"火化登记-{name}.xlsx"
        workbook = Workbook()
        for row in rows():
            workbook.worksheets[0].append(list(row))
        workbook.save(path)
        return path

    return write


def _table(rows: Sequence[dict[str, Any]]) -> list[list[Any]]:
    return [list(FUNERAL_COLUMNS), *([row[column] for column in FUNERAL_COLUMNS] for row in rows)]


def _encoding_changes() -> bytes:
    lines = _lines(people())
    return "\r\n".join(lines[:3]).encode("gb18030") + b"\r\n" + "\r\n".join(lines[3:]).encode()


def _nul_bytes() -> bytes:
    lines = _lines(people())
    lines[2] = lines[2].replace("测试", "测\0试")
    return "\r\n".join(lines).encode("gb18030")


def _ragged() -> bytes:
    lines = _lines(people())
    lines[2] += ",一格,又一格"
    lines[3] = lines[3].rsplit(",", 12)[0]
    return "\r\n".join(lines).encode("gb18030")


def _open_quote() -> bytes:
    lines = _lines(people())
    lines[2] = lines[2].replace("测试", '"测试', 1)
    return "\r\n".join(lines).encode("gb18030")


def _without(column: str) -> bytes:
    return "\r\n".join(_lines(people(), [one for one in FUNERAL_COLUMNS if one != column])).encode("gb18030")


def _twice_the_same_column() -> bytes:
    lines = _lines(people())
    lines[0] = lines[0].replace("FAMILY_ADD", "NAME")
    return "\r\n".join(lines).encode("gb18030")


def _invalid_after_byte_order_mark() -> bytes:
    return b"\xef\xbb\xbf" + "\r\n".join(_lines(people())).encode().replace("乙".encode(), b"\xed\xa0\x80")


def _endless_cell() -> bytes:
    rows = people()
    rows[1]["NAME"] = "甲" * 2_000_000
    return "\r\n".join(_lines(rows)).encode("gb18030")


def _formulas() -> list[list[Any]]:
    table = _table(people())
    table[2][FUNERAL_COLUMNS.index("DEATH_DATE")] = "=TODAY()"
    table[3][FUNERAL_COLUMNS.index("DEAD_ID")] = '="HOSTILE"&"002"'
    return table


def _two_header_rows() -> list[list[Any]]:
    table = _table(people())
    groups = ["登记信息" if column in ("DEAD_ID", "IF_NAMELESS") else None for column in FUNERAL_COLUMNS]
    return [["青溪县殡仪馆火化登记表"], groups, *table, ["合计", None, 4]]


def _dates_in_every_form() -> list[list[Any]]:
    table = _table(people())
    forms = ("20260304", "2026年3月4日", "2026/03/04", 46085)
    for row, form in zip(table[1:], forms, strict=True):
        row[FUNERAL_COLUMNS.index("DEATH_DATE")] = form
    return table


def _damaged_numbers() -> list[list[Any]]:
    table = _table(people())
    for row in table[1:]:
        row[FUNERAL_COLUMNS.index("ID_CARD")] = float(row[FUNERAL_COLUMNS.index("ID_CARD")][:15] + "000")
    return table


_PAGE: Final = "<html><head><title>统一登录</title></head><body>会话已过期，请重新登录</body></html>"


def _cut_workbook(directory: Path) -> Path:
    path = _xlsx("截断", lambda: _table(people()))(directory)
    path.write_bytes(path.read_bytes()[:-400])
    return path


def _page_as_workbook(directory: Path) -> Path:
    path = directory / "火化登记-网页.xlsx"
    path.write_text(_PAGE, encoding="utf-8")
    return path


def _old_workbook(directory: Path) -> Path:
    path = directory / "火化登记-旧格式.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
    return path


def _swollen_workbook(directory: Path) -> Path:
    path = _xlsx("膨胀", lambda: _table(people()))(directory)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(
        b"</sheetData>", b"<row><c/></row>" * 20_000_000 + b"</sheetData>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def _hidden_sheet_first(directory: Path) -> Path:
    path = _xlsx("隐藏表", lambda: _table(people()))(directory)
    workbook = load_workbook(path)
    hidden = workbook.create_sheet("字典", 0)
    hidden.append(["代码", "名称"])
    hidden.sheet_state = "hidden"
    workbook.active = 1
    workbook.save(path)
    return path


def _database(name: str, *statements: str) -> Callable[[Path], Path]:
    def write(directory: Path) -> Path:
        path = directory / f"{name}.sqlite"
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)
        return path

    return write


def _roster_table(number: str) -> str:
    columns = (f'"{one}" {number if one == "证件号码" else "TEXT"}' for one in ROSTER_COLUMNS)
    return f'CREATE TABLE "{ROSTER}" ({", ".join(columns)})'


def _file(name: str, expected: Expected, usable: int, why: str, write: Callable[[Path], Path]) -> HostileSource:
    return HostileSource(name, "funeral", "funerals", expected, usable, why, write)


def _roster(name: str, expected: Expected, usable: int, why: str, write: Callable[[Path], Path]) -> HostileSource:
    return HostileSource(name, "civil_affairs", "residents", expected, usable, why, write)


_R, _K, _OK = Expected.REFUSED, Expected.KEPT_BACK, Expected.READ
FILES: Final = (
    _file("no-header", _R, 0, "no row names the columns", _xlsx("无表头", lambda: _table(people())[1:])),
    _file("two-header-rows", _OK, 4, "title, groups, header and total", _xlsx("两行表头", _two_header_rows)),
    _file("formulas", _K, 2, "formulas without a stored value where one must be", _xlsx("公式", _formulas)),
    _file("dates-in-every-form", _OK, 4, "dates as text, and a serial", _xlsx("日期文本", _dates_in_every_form)),
    _file(
        "damaged-numbers",
        _OK,
        4,
        "resident numbers as floats: not read as numbers",
        _xlsx("证件号浮点", _damaged_numbers),
    ),
    _file("hidden-sheet-first", _OK, 4, "the first sheet is a hidden code list", _hidden_sheet_first),
    _file("cut-workbook", _R, 0, "the end of the archive is missing", _cut_workbook),
    _file("page-as-workbook", _R, 0, "a log-in page saved as .xlsx", _page_as_workbook),
    _file("old-workbook", _R, 0, "a workbook of the old kind under the new name", _old_workbook),
    _file("swollen-workbook", _R, 0, "300 MB of empty rows in a small archive", _swollen_workbook),
    _file("encoding-changes", _K, 4, "GB18030, then UTF-8 half-way", _csv("编码混用", _encoding_changes)),
    _file("nul-bytes", _K, 4, "a NUL within a name", _csv("空字节", _nul_bytes)),
    _file("ragged", _K, 2, "one row too long, one too short", _csv("列数不齐", _ragged)),
    _file("open-quote", _K, 3, "a quotation mark that swallows the rest", _csv("引号未闭合", _open_quote)),
    _file("no-key-column", _R, 0, "the key column is missing", _csv("缺主键列", lambda: _without("DEAD_ID"))),
    _file("same-column-twice", _R, 0, "two columns of one name", _csv("重复列名", _twice_the_same_column)),
    _file(
        "invalid-utf-8",
        _K,
        3,
        "a surrogate after a byte order mark",
        _csv("非法编码", _invalid_after_byte_order_mark),
    ),
    _file("endless-cell", _K, 3, "a name of two million characters", _csv("超长单元格", _endless_cell)),
    _file("page-as-csv", _R, 0, "a log-in page saved as .csv", _csv("网页", _PAGE.encode)),
    _file("empty", _R, 0, "not a byte", _csv("空文件", bytes)),
    _file("header-only", _OK, 0, "nobody died", _csv("仅表头", lambda: _lines([])[0].encode("gb18030"))),
)
TABLES: Final = (
    _roster("no-such-table", _R, 0, "an empty database", _database("空库")),
    _roster(
        "other-columns",
        _R,
        0,
        "a table of the right name with none of the columns",
        _database(
            "异列",
            f'CREATE TABLE "{ROSTER}" (a TEXT, b TEXT)',
            f'INSERT INTO "{ROSTER}" VALUES (1, 2)',
        ),
    ),
    _roster(
        "numbers-as-floats",
        _OK,
        1,
        "resident numbers in a floating column: read without a number",
        _database(
            "浮点",
            _roster_table("REAL"),
            f"INSERT INTO \"{ROSTER}\" (姓名, 出生日期, 证件号码) VALUES ('测试甲', '1940-01-01', 330199194001019913)",
        ),
    ),
    _roster(
        "bytes-and-nothing",
        _K,
        0,
        "a name of raw bytes, and a row of nothing",
        _database(
            "字节",
            _roster_table("TEXT"),
            f"INSERT INTO \"{ROSTER}\" (姓名, 出生日期, 证件号码) VALUES (x'ff00fe', '1940-01-01', '无')",
            f'INSERT INTO "{ROSTER}" (姓名, 出生日期, 证件号码) VALUES (NULL, NULL, NULL)',
        ),
    ),
)
