"""A workbook opened for its values: of its looks only what tells a day from a number, of its notes only the day.

Programs of departments write fills, colours, notes and times that openpyxl refuses and every spreadsheet program shows.
None of it says anything of a record.
"""

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element, tostring

from openpyxl.reader.excel import ExcelReader
from openpyxl.workbook import Workbook
from openpyxl.xml.constants import ARC_STYLE, SHEET_MAIN_NS
from openpyxl.xml.functions import fromstring

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
