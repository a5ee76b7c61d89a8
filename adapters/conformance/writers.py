"""Writes rows as every kind of source that a county may have: text files in three encodings, workbooks, databases."""

import csv
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from openpyxl import Workbook

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]


def _delimited(encoding: str, delimiter: str = ",") -> Callable[[Path, Sequence[Table]], Path]:
    def write(place: Path, tables: Sequence[Table]) -> Path:
        for name, headers, rows in tables:
            with (place / f"{name}.csv").open("w", encoding=encoding, newline="") as file:
                csv.writer(file, delimiter=delimiter).writerows([headers, *rows])
        return place

    return write


def _workbook(place: Path, tables: Sequence[Table]) -> Path:
    for name, headers, rows in tables:
        book = Workbook()
        sheet = book.active or book.create_sheet()
        sheet.title = name[:30]
        for row in [headers, *rows]:
            sheet.append(list(row))
        book.save(place / f"{name}.xlsx")
    return place


def _one_workbook(place: Path, tables: Sequence[Table]) -> Path:
    """Every table a sheet of one workbook, under a merged title."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, headers, rows in tables:
        sheet = book.create_sheet(name[:30])
        sheet.append([f"{name} 导出"])
        sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(headers))
        for row in [headers, *rows]:
            sheet.append(list(row))
    path = place / "export.xlsx"
    book.save(path)
    return path


def _sqlite(place: Path, tables: Sequence[Table]) -> str:
    path = place / "registry.sqlite"
    with closing(sqlite3.connect(path)) as database:
        for name, headers, rows in tables:
            columns = ", ".join(f'"{header}" TEXT' for header in headers)
            marks = ", ".join("?" * len(headers))
            database.execute(f'CREATE TABLE "{name}" ({columns})')
            database.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)
        database.commit()
    return f"sqlite:///{path}"


WRITERS: Final[Mapping[str, Callable[[Path, Sequence[Table]], Path | str]]] = {
    "csv-utf8": _delimited("utf-8"),
    "csv-bom": _delimited("utf-8-sig"),
    "csv-gb18030": _delimited("gb18030"),
    "csv-semicolon": _delimited("utf-8", ";"),
    "tsv-utf16": _delimited("utf-16", "\t"),
    "workbook": _workbook,
    "one-workbook": _one_workbook,
    "sqlite": _sqlite,
}
