"""Workbooks (.xlsx): each sheet a table; merged titles, formulas, dates as text, rounded numbers as they are."""

import re
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from openpyxl.utils.escape import unescape

from adapters.mapping.model import Mapping as RegistryMapping
from adapters.mapping.recognise import Recognised
from adapters.sources.book import opened, rows_of, saved_on
from adapters.sources.grid import Header, RawRow, body, find_header, gathered
from adapters.sources.model import FORMULA, Item
from adapters.sources.places import around_file, day_places, file_digest, key_places, member_places
from adapters.standard.cells import cell_text
from hub.errors import Malformed

_MOST_BYTES: Final = 4 << 30
_SMALL: Final = 32 << 20
_MOST_SWELLING: Final = 100
_MOST_COLUMNS: Final = 500
_BLOCK: Final = 1 << 20
_FORMULA: Final = re.compile(rb"<(?:\w{1,16}:)?f[ />]")
_LONGEST_TAG: Final = 20
_JANUARY_OR_OCTOBER: Final = re.compile(r"(?:19|20)\d\d\.1")
_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError)


def sheets_of(path: Path, mapping: RegistryMapping, *, root: Path) -> list["SheetTable"]:
    """Every sheet of the workbook.

    Raises:
        Malformed: ``adapters.workbook``: the file is no workbook, or would unpack to an unreasonable size.
    """
    _check_size(path)
    try:
        with opened(path, data_only=True) as book:
            names = [sheet.title for sheet in book.worksheets]
    except Exception as fault:  # openpyxl raises what its parsers happen to raise
        raise _not_a_workbook(path) from fault
    if not names:  # a kind of its own, Strict Open XML, has sheets that openpyxl does not see
        raise _not_a_workbook(path)
    return [SheetTable(path, name, mapping, root=root) for name in names]


def _check_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
            swollen = any(
                member.file_size > max(_SMALL, member.compress_size * _MOST_SWELLING) for member in archive.infolist()
            )
    except (*_DAMAGE, ValueError) as fault:
        raise _not_a_workbook(path) from fault
    if size > _MOST_BYTES or swollen:
        raise Malformed(
            "adapters.workbook",
            f"{path.name} unpacks to far more than its rows need; save it anew, or split it.",
            f"{path.name} 解压后过大；请重新保存或拆分。",
        )


def _not_a_workbook(path: Path) -> Malformed:
    return Malformed(
        "adapters.workbook",
        f"{path.name} is not a readable .xlsx workbook; save it as .xlsx (not Strict Open XML) or .csv.",
        f"{path.name} 不是可读取的 .xlsx 工作簿；请另存为普通 .xlsx（非 Strict Open XML）或 .csv。",
    )


def _damaged(name: str, row: int) -> Malformed:
    return Malformed(
        "adapters.workbook-damaged",
        f"{name} cannot be read beyond row {row}; open it, save it anew as .xlsx, and run again. Rows not read are not"
        " taken for gone.",
        f"{name} 第 {row} 行之后无法读取；请打开后重新另存为 .xlsx 再运行。未读取的行不会视为已消失。",
        row=row,
    )


class SheetTable:
    """One sheet of a workbook."""

    def __init__(self, path: Path, sheet: str, mapping: RegistryMapping, *, root: Path) -> None:
        self._path = path
        self._sheet = sheet
        self._mapping = mapping
        self._root = root

    @property
    def name(self) -> str:
        """The file's place below the folder that was given, and the sheet."""
        file = self._path.relative_to(self._root).as_posix() if self._path != self._root else self._path.name
        return f"{file}#{self._sheet}"

    @cached_property
    def header(self) -> Header | None:
        """The header; None when no export is recognised."""
        return find_header(self._first_rows, self._mapping)

    @cached_property
    def _first_rows(self) -> list[Sequence[str]]:
        first: list[Sequence[str]] = []
        for cells, _flags in self._rows():
            first.append(cells if isinstance(cells, list) else [])
            if len(first) >= self._mapping.files.header_rows:
                break
        return first

    @property
    def first_cells(self) -> tuple[str, ...]:
        """The first filled row, for saying what was not recognised."""
        return next((tuple(cell for cell in row if cell) for row in self._first_rows if any(row)), ())

    @property
    def recognised(self) -> Recognised:
        """What its columns make it."""
        return self._known.recognised

    @property
    def headers(self) -> tuple[str, ...]:
        """Its column names."""
        return self._known.headers

    @property
    def _known(self) -> Header:
        if self.header is None:
            message = "rows of a sheet that was not recognised"
            raise LookupError(message)
        return self.header

    @property
    def around(self) -> Mapping[str, str]:
        """Title, sheet and file name, and the day on which the workbook was saved."""
        return {
            **around_file(self._path),
            "@title": self._known.title,
            "@sheet": self._sheet,
            "@modified": self._saved_on,
        }

    @cached_property
    def _saved_on(self) -> str:
        with opened(self._path, data_only=True) as book:
            saved = saved_on(book)
        return saved.isoformat() if saved else ""

    @cached_property
    def digest(self) -> str:
        """What names the sheet's content."""
        return f"{file_digest(self._path)}#{self._place}"

    @cached_property
    def _place(self) -> int:
        return [table._sheet for table in sheets_of(self._path, self._mapping, root=self._root)].index(self._sheet)  # noqa: SLF001

    @property
    def reads_on(self) -> bool:
        """A sheet is read whole."""
        return False

    def rows(self, since: str | None = None) -> Iterator[Item]:  # noqa: ARG002 - a sheet is read whole
        """Every row below the header."""
        header = self._known
        keys = key_places(self._mapping, header.recognised)
        items = body(self._rows(day_places(self._mapping, header.recognised)), header, keys, is_exact=False)
        yield from gathered(items, member_places(self._mapping, header.recognised))

    def _rows(self, days: Collection[int] = ()) -> Iterator[RawRow]:
        formulas = _has_formulas(self._path)
        values = (_with_both_months(row, days) for row in self._values(data_only=True))
        if not formulas:
            for row in values:
                yield _texts(row), ()
            return
        for row, written in zip(values, self._values(data_only=False), strict=False):
            yield _settled(row, written)

    def _values(self, *, data_only: bool) -> Iterator[tuple[Any, ...]]:
        number = 0
        try:
            with opened(self._path, data_only=data_only) as book:
                for number, row in enumerate(rows_of(book[self._sheet], most_columns=_MOST_COLUMNS), 1):  # noqa: B007
                    yield row
        except Exception as fault:  # a damaged or malicious sheet: whatever zip, XML and openpyxl raise
            raise _damaged(self.name, number) from fault


def _has_formulas(path: Path) -> bool:
    """True when any sheet of the file holds a formula; only then it must be read twice."""
    with suppress(*_DAMAGE), zipfile.ZipFile(path) as archive:  # where it is damaged, reading its rows tells
        for member in archive.namelist():
            if member.startswith("xl/worksheets/") and member.endswith(".xml") and _contains(archive, member):
                return True
    return False


def _contains(archive: zipfile.ZipFile, member: str) -> bool:
    with archive.open(member) as sheet:
        tail = b""
        while block := sheet.read(_BLOCK):
            text = tail + block
            if _FORMULA.search(text):
                return True
            tail = text[-_LONGEST_TAG:]
    return False


def _with_both_months(row: tuple[Any, ...], days: Collection[int]) -> tuple[Any, ...]:
    """The row; where it holds the number 2020.1 for a day or month, that it is January's or, typed 2020.10, October's.

    Such a cell is then no day that can be read, and its owner sees why. As text 2020.1 is January.
    """
    unsure = [place for place in days if place < len(row) and _is_january_or_october(row[place])]
    cells = list(row)
    for place in unsure:
        cells[place] = f"1月或10月，{int(row[place])}"
    return tuple(cells) if unsure else row


def _is_january_or_october(value: Any) -> bool:
    return isinstance(value, float) and _JANUARY_OR_OCTOBER.fullmatch(str(value)) is not None


def _texts(row: Iterable[Any]) -> list[str]:
    texts = [cell_text(unescape(value) if isinstance(value, str) else value) for value in row]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _settled(row: tuple[Any, ...], written: tuple[Any, ...]) -> RawRow:
    """The stored results of formulas; a literal in a formula is its value; one without a result is flagged."""
    cells: list[Any] = []
    flags: tuple[str, ...] = ()
    for place, value in enumerate(row):
        formula = written[place] if place < len(written) else None
        if value is None and isinstance(formula, str) and formula.startswith("="):
            literal = _literal(formula)
            flags = flags if literal is not None else (FORMULA,)
            cells.append(literal)
        else:
            cells.append(value)
    return _texts(cells), flags


def _literal(formula: str) -> str | None:
    """The text in ``="330…"`` or the number in ``=12``; other formulas are not worked out here."""
    inner = formula[1:].strip()
    if len(inner) > 1 and inner.startswith('"') and inner.endswith('"') and '"' not in inner[1:-1]:
        return inner[1:-1]
    return inner if inner.replace(".", "", 1).isdigit() else None
