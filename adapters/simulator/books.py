"""The kinds of book that a registry's rows are written into: SQL tables 库表, .csv files and .xlsx workbooks."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from openpyxl import Workbook
from sqlalchemy import Connection, Table, delete, insert

_AT_ONCE = 1000


class Book(Protocol):
    """Takes rows in order."""

    def add(self, row: Mapping[str, Any]) -> None:
        """Write one row."""

    def close(self) -> None:
        """Finish the book; without this it is not complete."""


class SqlBook:
    """One table, emptied first and written in batches inside the connection's transaction."""

    def __init__(self, connection: Connection, table: Table) -> None:
        self._connection, self._table = connection, table
        self._waiting: list[Mapping[str, Any]] = []
        connection.execute(delete(table))

    def add(self, row: Mapping[str, Any]) -> None:
        """Write one row, by and by."""
        self._waiting.append(row)
        if len(self._waiting) >= _AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Write what is left."""
        self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._connection.execute(insert(self._table), self._waiting)
            self._waiting = []


class CsvBook:
    """A .csv in some encoding; a value with commas, quotation marks or line breaks is quoted."""

    def __init__(self, path: Path, columns: Sequence[str], encoding: str) -> None:
        self._file = path.open("w", encoding=encoding, newline="")
        self._writer = csv.writer(self._file)
        self._columns = columns
        self._writer.writerow(columns)

    def add(self, row: Mapping[str, Any]) -> None:
        """Write one row."""
        self._writer.writerow([row[column] for column in self._columns])

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class WorkbookBook:
    """An .xlsx with one header row, written row by row so that size does not matter."""

    def __init__(self, path: Path, columns: Sequence[str], sheet: str) -> None:
        self._path, self._columns = path, columns
        self._workbook = Workbook(write_only=True)
        self._sheet = self._workbook.create_sheet(sheet)
        self._sheet.append(columns)

    def add(self, row: Mapping[str, Any]) -> None:
        """Write one row."""
        self._sheet.append([row[column] for column in self._columns])

    def close(self) -> None:
        """Save the workbook."""
        self._workbook.save(self._path)
        self._workbook.close()
