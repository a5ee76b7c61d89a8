"""Files as a source: one file, or every file below a folder, each recognised by its columns."""

import filecmp
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters.mapping.model import Mapping
from adapters.sources.delimited import DelimitedTable
from adapters.sources.model import Contents, Ignored, unrecognised
from adapters.sources.workbook import SheetTable, sheets_of
from hub.errors import Malformed, Missing, Refused

_TEXT: Final = frozenset((".csv", ".txt", ".tsv", ".dat", ""))
_NEVER: Final = frozenset(
    (
        *(".pdf", ".doc", ".docx", ".jpg", ".jpeg", ".png", ".md", ".py", ".yaml", ".yml", ".json", ".jsonl"),
        *(".pem", ".log", ".zip", ".gz", ".rar", ".7z", ".html", ".htm", ".sql", ".ini", ".db", ".lnk", ".tmp"),
    )
)
_WORKBOOKS: Final = frozenset((".xlsx", ".xlsm"))
_DAY: Final = re.compile(r"(20\d\d)[-_年.]?(0[1-9]|1[0-2]|[1-9](?!\d))(?:[-_月.]?(0[1-9]|[12]\d|3[01]|[1-9](?!\d)))?")
_ERAS: Final = ("历年", "历史", "上年", "去年", "本年", "今年")
_OLD_SUFFIXES: Final = frozenset((".xls", ".et", ".xlt"))
_TABLES: Final = frozenset((".csv", ".tsv", ".dat", *_WORKBOOKS, *_OLD_SUFFIXES))
"""Files that are meant as tables, so that one that cannot be read may not be passed over."""
_PACKED: Final = {
    **dict.fromkeys((".zip", ".gz", ".rar", ".7z"), "packed; unpack it first"),
    ".sql": "statements, not a table; load it into a database and give its address",
}
_NO_TEXT: Final = (b"<", b"{", b"%")
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_ZIP: Final = b"PK\x03\x04"
_MARK: Final = b"\xef\xbb\xbf"
_START: Final = 4096


def read_folder(where: Path, mapping: Mapping) -> Contents:
    """What stands in the file or below the folder ``where``.

    Of a registry whose files are all parts of one snapshot, a file that cannot be read is a hole beside the others.

    Raises:
        Missing: there is nothing at ``where``.
        Malformed, Refused: a file that is meant as a table cannot be read as one, and the others mean nothing without.
    """
    if not where.exists():
        raise Missing(
            "adapters.source-missing",
            f"There is no file or folder {where}; check the path.",
            f"文件或文件夹 {where} 不存在；请检查路径。",
        )
    if not (where.is_file() or where.is_dir()):
        raise Malformed(
            "adapters.source-kind",
            f"{where} is neither a file nor a folder; write the export into a file and name that.",
            f"{where} 既不是文件也不是文件夹；请将导出写入文件。",
        )
    contents = Contents()
    for path in _files(where, contents):
        try:
            _read_file(path, where, mapping, contents)
        except (Malformed, Refused) as fault:
            if not _stands_alone(mapping):
                raise
            contents.holes.append(fault)
    if contents.holes and not contents.tables:
        raise contents.holes[0]
    return contents


def _files(where: Path, contents: Contents) -> Iterator[Path]:
    if where.is_file():
        yield where
        return
    met: dict[int, list[Path]] = {}
    for path in sorted(where.rglob("*"), key=chronology):
        hidden = any(part.startswith((".", "~$")) for part in path.relative_to(where).parts)
        if hidden:
            continue
        if path.is_dir():
            _pass_folder(path, contents)
        elif same := _copied(path, met):
            contents.ignored.append(Ignored(path.name, f"byte for byte the same as {same.name}"))
        elif path.is_file() or not path.exists():
            yield path
        else:
            contents.ignored.append(Ignored(path.name, "a pipe, socket or device, not a file"))


def _copied(path: Path, met: dict[int, list[Path]]) -> Path | None:
    """The file met before of which this one is a copy; a file that cannot be read is left to whoever reads it."""
    if not path.is_file() or path.suffix.lower() not in _TABLES or not os.access(path, os.R_OK):
        return None
    alike = met.setdefault(path.stat().st_size, [])
    same = next((one for one in alike if filecmp.cmp(one, path, shallow=False)), None)
    alike.append(path)
    return same


def _pass_folder(path: Path, contents: Contents) -> None:
    """What stands in a folder is walked through already, but for one behind a link or closed to this account."""
    if path.is_symlink():
        contents.ignored.append(Ignored(path.name, "a link to a folder; give the folder itself"))
    elif not os.access(path, os.R_OK | os.X_OK):
        raise _unreadable(path, "Permission denied")


def chronology(path: Path) -> tuple[str, int, int, str]:
    """The order in which files tell of one record: undated ones first, then by the day in their name, then by age.

    Of deltas the later file corrects the earlier, so files named 历年, 上年, 本年 come in that order.
    """
    found = _DAY.search(path.stem)
    day = f"{found[1]}{int(found[2]):02}{int(found[3] or 0):02}" if found else ""
    era = next((place for place, word in enumerate(_ERAS) if word in path.stem), len(_ERAS))
    return day, era, int(path.stat().st_mtime) if path.exists() else 0, path.as_posix()


def _read_file(path: Path, root: Path, mapping: Mapping, contents: Contents) -> None:
    start = _start_of(path)
    suffix = path.suffix.lower()
    if not start and suffix in _TABLES and _is_snapshot(mapping):
        raise _empty(path)
    if not start or suffix in _NEVER:
        contents.ignored.append(Ignored(path.name, _PACKED.get(suffix, "not a table") if start else "empty"))
    elif start.startswith(_OLD_WORKBOOK) and suffix in _TABLES:
        raise _old_workbook(path)
    elif start.startswith(_ZIP) or suffix in _WORKBOOKS:
        sheets = sheets_of(path, mapping, root=root)
        for sheet in sheets:
            _keep(sheet, mapping, contents)
        if _is_snapshot(mapping) and not any(any(sheet.first_cells) for sheet in sheets):
            raise _empty(path)
    elif suffix in _TEXT or start[:1] not in _NO_TEXT:
        _keep(DelimitedTable(path, mapping, root=root), mapping, contents)
    elif suffix in _OLD_SUFFIXES:
        raise _old_workbook(path)
    else:
        contents.ignored.append(Ignored(path.name, "not a table"))


def _start_of(path: Path) -> bytes:
    """How the file begins; nothing when it holds nothing but a mark of its encoding and blanks."""
    try:
        with path.open("rb") as file:
            start = file.read(_START)
    except OSError as fault:
        raise _unreadable(path, str(fault.strerror)) from None
    return start if len(start) == _START or start.removeprefix(_MARK).strip() else b""


def _unreadable(path: Path, why: str) -> Refused:
    return Refused(
        "adapters.file-unreadable",
        f"{path.name} cannot be opened ({why}); let this account read it, or take it away. Until then no"
        " record is taken for gone.",
        f"无法打开 {path.name}；请授予读取权限或将其移除。在此之前不会将任何记录视为消失。",
    )


def _is_snapshot(mapping: Mapping) -> bool:
    return any(export.mode == "full" for export in mapping.exports.values())


def _stands_alone(mapping: Mapping) -> bool:
    """True when each file's rows are read the same whatever the other files hold.

    Not so of changes, which correct one another in order, of months, of which the newest counts, and of halves.
    """
    exports = mapping.exports.values()
    return all(export.mode == "full" and not export.snapshot and not export.join for export in exports)


def _empty(path: Path) -> Malformed:
    return Malformed(
        "adapters.file-empty",
        f"{path.name} holds nothing; export it again or take it away. Until then no record is taken for gone.",
        f"{path.name} 为空文件；请重新导出或移除。在此之前不会将任何记录视为消失。",
    )


def _old_workbook(path: Path) -> Malformed:
    return Malformed(
        "adapters.old-workbook",
        f"{path.name} is a workbook of the old kind, or one closed by a password, whatever its name says; save it as"
        " .xlsx without a password. Until then no record is taken for gone.",
        f"{path.name} 为旧格式或加密的工作簿；请另存为不加密的 .xlsx。在此之前不会将任何记录视为消失。",
    )


def _keep(table: DelimitedTable | SheetTable, mapping: Mapping, contents: Contents) -> None:
    """The table is read when it is an export; a file that should be one and cannot be read ends the run.

    Were it passed over, a full export would take its records for gone.
    """
    if table.header is not None:
        _require_single_columns(table)
        contents.tables.append(table)
    elif isinstance(table, DelimitedTable) or any(table.first_cells):
        contents.ignored.append(unrecognised(table.name, table.first_cells, mapping))


def _require_single_columns(table: DelimitedTable | SheetTable) -> None:
    names = [table.headers[place].casefold() for place in table.recognised.places.values()]
    every = [header.casefold() for header in table.headers]
    doubled = sorted({name for name in names if every.count(name) > 1})
    if doubled:
        raise Malformed(
            "adapters.column-twice",
            f"{table.name} has two columns called {doubled[0]}; name them apart.",
            f"{table.name} 有两列名为 {doubled[0]}；请区分。",
            columns=doubled,
        )
