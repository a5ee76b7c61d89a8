"""A workbook opened for its values: of its looks only what tells a day from a number, of its notes only the day.

Programs of departments write fills, colours, notes and times that openpyxl refuses and every spreadsheet program shows.
None of it says anything of a record.
"""

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from itertools import repeat
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element, tostring

from openpyxl.reader.excel import ExcelReader
from openpyxl.workbook import Workbook
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.xml.constants import ARC_STYLE, SHEET_MAIN_NS
from openpyxl.xml.functions import fromstring

_MOST_ROWS: Final = 1 << 20
"""As many as a sheet has in the format itself."""
_MAIN: Final = f"{{{SHEET_MAIN_NS}}}"


@contextmanager
def opened(path: Path, *, data_only: bool) -> Iterator[Workbook]:
    """The workbook, its sheets read as they are asked for.

    Raises:
        Exception: whatever openpyxl's parsers happen to raise.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reader = _ValueReader(path, read_only=True, data_only=data_only, keep_links=False)
        try:
            reader.read()
            yield reader.wb
        finally:
            reader.archive.close()


def rows_of(sheet: Any, *, most_columns: int) -> Iterator[tuple[Any, ...]]:
    """Every row of the sheet in its place, those that the file leaves out empty.

    openpyxl's own loop fills any gap, however far a number leaps, and loses a row whose number does not rise.

    Raises:
        ValueError: a number that does not rise, or that no sheet has.
    """
    book, last = sheet.parent, 0
    with sheet._get_source() as source:  # noqa: SLF001 - the parser is openpyxl's, the loop alone is ours
        parser = WorkSheetParser(
            source,
            sheet._shared_strings,  # noqa: SLF001
            data_only=book.data_only,
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001
        )
        for number, cells in parser.parse():
            if not last < number <= _MOST_ROWS:
                message = "a row's number does not rise, or is beyond the last row of a sheet"
                raise ValueError(message)
            yield from repeat((), number - last - 1)
            yield sheet._get_row(cells, max_col=most_columns, values_only=True)  # noqa: SLF001
            last = number


def saved_on(book: Workbook) -> date | None:
    """The day on which the workbook says that it was saved."""
    saved = book.properties.modified or book.properties.created
    return saved.date() if isinstance(saved, datetime) else None


class _ValueReader(ExcelReader):
    def __init__(self, path: Path, **settings: Any) -> None:
        super().__init__(path, **settings)
        self.archive.close()
        self.archive = _ValueArchive(path)

    def read_properties(self) -> None:
        with suppress(Exception):  # a time written as no time is none
            super().read_properties()

    def read_custom(self) -> None:
        """Notes about the workbook say nothing of its rows."""

    def read_theme(self) -> None:
        """Nor do its colours."""


class _ValueArchive(zipfile.ZipFile):
    def read(self, name: str | zipfile.ZipInfo, pwd: bytes | None = None) -> bytes:
        content = super().read(name, pwd)
        return _number_formats(content) if name == ARC_STYLE else content


def _number_formats(styles: bytes) -> bytes:
    """The style sheet with the formats of numbers alone, and which of them each style has."""
    whole = fromstring(styles)
    kept = Element(f"{_MAIN}styleSheet")
    for part, each, names in (("numFmts", "numFmt", ("numFmtId", "formatCode")), ("cellXfs", "xf", ("numFmtId",))):
        found = whole.find(f"{_MAIN}{part}")
        if found is None:
            continue
        rows = Element(f"{_MAIN}{part}")
        for one in found.iterfind(f"{_MAIN}{each}"):
            rows.append(Element(one.tag, {name: one.get(name, "0") for name in names}))
        kept.append(rows)
    return bytes(tostring(kept))
