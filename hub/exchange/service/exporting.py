"""Exports for auditors 审计员: CSV or Parquet, written row by row to a file without a name, with the file's digest."""

import csv
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final

from hub.errors import Malformed
from hub.exchange.searching import COLUMNS, FoundExchange

PORTION_BYTES: Final = 256 * 1024
MEMORY: Final = "256MB"
LISTS: Final = frozenset({"types", "providers"})
MARK: Final = " "
"""Stands between the members of a list; none of them, all codes, holds one."""
BREAKS: Final = ("\t", "\r", "\n")
"""What begins with one of these ends its cell for some table programs; a formula may follow."""
FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""Table programs of the region take the wide ones for the others."""


@dataclass(frozen=True)
class Export:
    """A file to hand out: what it is, how much it holds, and the log entry that names its digest."""

    kind: str
    media_type: str
    rows: int
    digest: bytes
    size: int
    file: IO[bytes] = field(repr=False)
    entry_id: str = ""

    def logged(self, entry_id: str) -> "Export":
        """The same file, in the log."""
        return replace(self, entry_id=entry_id)

    def portions(self) -> Iterator[bytes]:
        """The content, some of it at a time; the file is gone afterwards."""
        with self.file as file:
            while portion := file.read(PORTION_BYTES):
                yield portion


def write_export(found: Iterable[FoundExchange], kind: str) -> Export:
    """The file of that kind; it is on disk while it is written, never in memory as a whole.

    Raises:
        Malformed: neither ``csv`` nor ``parquet``.
    """
    if kind not in WRITERS:
        raise Malformed(
            "exchange.export-format",
            "An export is csv or parquet.",
            "导出格式为 csv 或 parquet。",
            formats=list(WRITERS),
        )
    media_type, write = WRITERS[kind]
    file = tempfile.TemporaryFile()  # noqa: SIM115 - handed out open; whoever has read it closes it
    try:
        rows = write(found, file)
        digest, size = _measured(file)
    except BaseException:
        file.close()
        raise
    return Export(kind, media_type, rows, digest, size, file)


def _measured(file: IO[bytes]) -> tuple[bytes, int]:
    size = file.seek(0, 2)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").digest()  # type: ignore[arg-type]
    file.seek(0)
    return digest, size


def _write_csv(found: Iterable[FoundExchange], file: IO[bytes]) -> int:
    return _rows_into(file, found, _harmless)


def _write_parquet(found: Iterable[FoundExchange], file: IO[bytes]) -> int:
    """DuckDB reads plain rows from one file and writes Parquet to another, within a stated amount of memory."""
    import duckdb  # heavy: nothing else of the exchange needs it

    with tempfile.TemporaryDirectory(prefix="hub-export-") as place:
        plain, packed = Path(place) / "rows.csv", Path(place) / "rows.parquet"
        with plain.open("wb") as rows:
            count = _rows_into(rows, found, str)
        with duckdb.connect(config={"memory_limit": MEMORY, "threads": 1, "temp_directory": place}) as engine:
            engine.execute(f"COPY ({_PACK.format(plain=plain)}) TO '{packed}' (FORMAT parquet, COMPRESSION zstd)")
        with packed.open("rb") as content:
            while portion := content.read(PORTION_BYTES):
                file.write(portion)
    return count


_PACKED: Final[Mapping[str, str]] = {
    "at": 'CAST("at" AS TIMESTAMPTZ) AS "at"',
    "reason": "nullif(reason, '') AS reason",
    "pairwise": "nullif(pairwise, '') AS pairwise",
    "erased_by": "nullif(erased_by, '') AS erased_by",
    **{name: f"string_split(nullif({name}, ''), '{MARK}') AS {name}" for name in LISTS},
}
_PACK: Final = (
    "SELECT "
    + ", ".join(_PACKED.get(name, f'"{name}"') for name in COLUMNS)
    + " FROM read_csv('{plain}', header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"',"
    + " columns = {{"
    + ", ".join(f"'{name}': 'VARCHAR'" for name in COLUMNS)
    + "}})"
)
WRITERS: Final[Mapping[str, tuple[str, Callable[[Iterable[FoundExchange], IO[bytes]], int]]]] = {
    "csv": ("text/csv; charset=utf-8", _write_csv),
    "parquet": ("application/vnd.apache.parquet", _write_parquet),
}


def _rows_into(file: IO[bytes], found: Iterable[FoundExchange], cell: Callable[[str], str]) -> int:
    rows = csv.writer(_Utf8(file))
    rows.writerow(COLUMNS)
    count = 0
    for count, each in enumerate(found, 1):  # noqa: B007 - the last number is the count
        rows.writerow([cell(text) for text in _texts(each.line())])
    return count


def _texts(line: Mapping[str, Any]) -> Iterator[str]:
    for name in COLUMNS:
        value = line[name]
        yield MARK.join(value) if name in LISTS else "" if value is None else str(value)


def _harmless(text: str) -> str:
    """A case number is another's text: a table program must not take it for a formula."""
    return f"'{text}" if text.startswith(BREAKS) or text.lstrip().startswith(FORMULA) else text


class _Utf8:
    """What csv writes text to."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Every character is in the file afterwards."""
        return self._file.write(text.encode())
