"""Files of identities opened: Parquet or CSV in standard form, whatever types and encoding a registry wrote them in."""

import codecs
import csv
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from hub.errors import Malformed
from hub.identity.bulk.scratch import scratch_folder
from hub.identity.bulk.tables import Connection, sorted_numbers

_TEXT: Final = frozenset(("VARCHAR",))
_PLAIN: Final = (
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "UHUGEINT", "DATE", "TIMESTAMP", "DECIMAL", "NULL", "ENUM", "UUID", "TIME",
)  # fmt: skip
_EXACT: Final = {"DOUBLE": 2**53, "FLOAT": 2**24}
"""Up to where a fraction holds every whole number."""
_PIECE: Final = 1 << 20

STANDARD_COLUMNS: Final = frozenset(
    ("record_id", "source", "kind", "name", "former_names", "id_number", "number", "birth_date", "sex", "region_code",
     "phone", "address", "kin", "head_number", "credit_code", "organisation_code", "registration_number",
     "legal_representative", "truth")
)  # fmt: skip

SPELT_KINDS: Final = {
    "resident": ("", "resident", "person", "natural_person", "individual", "自然人", "居民", "个人"),
    "legal_person": ("legal_person", "organisation", "organization", "org", "legal", "法人", "非法人组织", "组织"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """A table of records and the columns that it has, in small letters, each with its type."""

    con: Connection
    columns: dict[str, str]

    def column(self, *names: str) -> str:
        """The first of these columns that there is, as text; empty text where there is none."""
        for name in names:
            if name in self.columns:
                return f"coalesce(trim({self._text(name)}), '')"
        return "''"

    def cell(self, *names: str) -> str:
        """The same as it stands, for those who read it whatever stands around it."""
        return next((f"coalesce({self._text(name)}, '')" for name in names if name in self.columns), "''")

    def _text(self, name: str) -> str:
        """A column of whatever type as text; a number that was read as a fraction without its ``.0``."""
        if self.columns[name] in _TEXT:
            return f'"{name}"'
        if self.columns[name] not in _EXACT:
            return f'CAST("{name}" AS VARCHAR)'
        return (
            f'CASE WHEN abs("{name}") <= {_EXACT[self.columns[name]]} THEN CASE WHEN "{name}" = floor("{name}")'
            f' THEN CAST(CAST("{name}" AS BIGINT) AS VARCHAR) ELSE CAST("{name}" AS VARCHAR) END END'
        )

    def of_kind(self, kind: str) -> str:
        """The condition that a record tells of a subject of that kind; of a resident where it says nothing."""
        if "kind" not in self.columns:
            return str(kind == "resident").lower()
        others = f"lower({self.column('kind')}) IN ({', '.join(map(repr, SPELT_KINDS.get(kind, (kind,))))})"
        return f"CASE WHEN {self._text('kind')} = '{kind}' THEN true ELSE {others} END"


def open_file(con: Connection, path: Path) -> Source:
    """The records of a Parquet or CSV file as table ``raw`` with a row number ``n``.

    Raises:
        Malformed: another kind of file, one that cannot be read, one without an id of its own for every record, or one
            whose long numbers lost their last digits.
    """
    return _opened(con, path, "true", _require_ids)


def open_part(con: Connection, path: Path, rows: range) -> Source:
    """The same for those rows of a file that has been opened as a whole before: one worker's part of it."""
    return _opened(con, path, f"n BETWEEN {rows.start} AND {rows.stop - 1}", lambda _: None)


def _opened(con: Connection, path: Path, wanted: str, check: Callable[[Source], None]) -> Source:
    kind = path.suffix.lower()
    if kind not in (".parquet", ".csv"):
        raise Malformed("identity.file-kind", "Give a .parquet or .csv file.", "请提供 .parquet 或 .csv 文件。")
    try:
        counted = _read_parquet(con, path) if kind == ".parquet" else _read_csv(con, path)
        con.execute(f"CREATE OR REPLACE VIEW raw AS SELECT * FROM ({counted}) WHERE {wanted}")
        source = Source(con, {row[0].lower(): row[1] for row in con.execute("DESCRIBE raw").fetchall()})
        check(source)
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, OSError, UnicodeError, csv.Error) as fault:
        line = _LINE.search(str(fault))
        raise (_unreadable(line=int(line[1])) if line else _unreadable()) from fault
    return source


_LINE: Final = re.compile(r"Line: (\d+)")


def _unreadable(**facts: int | list[int]) -> Malformed:
    """What is wrong is told by place: the content of a line may be somebody's."""
    return Malformed(
        "identity.file-unreadable",
        "The file of records cannot be read; CSV has commas, double quotes, a header, and is in UTF-8 or GB18030."
        " Correct the line or column that the facts name.",
        "无法读取登记信息文件；CSV 须以逗号分隔、带表头，编码为 UTF-8 或 GB18030。请更正附带信息中指出的行或列。",
        **facts,
    )


def _read_parquet(con: Connection, path: Path) -> str:
    """A query for the rows with their number."""
    where = str(path).replace("'", "''")
    given = f"read_parquet('{where}', file_row_number = true)"
    return f"SELECT file_row_number AS n, {_columns(con, given)} FROM {given}"


def _read_csv(con: Connection, path: Path) -> str:
    """The same; the rows stand in table ``given`` then."""
    with _utf8(path) as readable:
        names = ", ".join(f"'{name.replace(_QUOTE, _QUOTE * 2)}': 'VARCHAR'" for name in _header(readable))
        con.execute(
            f"CREATE OR REPLACE TABLE given AS SELECT * FROM read_csv(?, columns = {{{names}}}, header = true,"
            " delim = ',', quote = '\"', escape = '\"', auto_detect = false)",
            [str(readable)],
        )
    return f"SELECT rowid AS n, {_columns(con, 'given')} FROM given"


_QUOTE: Final = "'"


def _header(path: Path) -> list[str]:
    """The names in the first line, which nobody guesses: a file without them is told so, not read some lines below."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = [name.strip() for name in next(csv.reader(file), [])]
    plain = [name.lower() for name in names]
    if "record_id" not in plain:
        raise _without_ids(plain)
    doubled = [place for place, name in enumerate(plain, 1) if name and name in plain[: place - 1]]
    if doubled:
        raise _unreadable(line=1, doubled_columns=doubled)
    return [name or f"column{place}" for place, name in enumerate(names, 1)]


def _columns(con: Connection, given: str) -> str:
    """All columns of the file but those whose names are ours."""
    names = {row[0].lower() for row in con.execute(f"DESCRIBE SELECT * FROM {given}").fetchall()}
    ours = sorted(names.intersection(("n", "file_row_number")))
    return f"* EXCLUDE ({', '.join(ours)})" if ours else "*"


@contextmanager
def _utf8(path: Path) -> Iterator[Path]:
    """The file itself, or where it is not in UTF-8 a copy of it read as GB18030."""
    if _is_utf8(path):
        yield path
        return
    with scratch_folder() as folder:
        copy = folder / "records.csv"
        with path.open(encoding="gb18030", newline="") as source, copy.open("w", encoding="utf-8", newline="") as out:
            while piece := source.read(_PIECE):
                out.write(piece)
        yield copy


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while piece := file.read(_PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _require_ids(source: Source) -> None:
    if "record_id" not in source.columns:
        raise _without_ids(source.columns)
    nested = sorted(name for name, kind in source.columns.items() if not _is_plain(kind))
    if nested:
        raise Malformed(
            "identity.file-nested",
            "Some columns hold neither text, numbers nor dates; write them as text.",
            "部分列不是文本、数字或日期，请改为文本。",
            columns=nested,
        )
    _require_exact(source)
    ids = source.column("record_id")
    empty = source.con.execute(f"SELECT count(*) FROM raw WHERE {ids} = ''").fetchall()[0][0]
    digests = sorted_numbers(source.con, f"SELECT hash({ids}) FROM raw")
    doubled = int((digests[1:] == digests[:-1]).sum())
    if empty or doubled:
        at_fault = f"SELECT n, {ids} = '' OR row_number() OVER (PARTITION BY {ids} ORDER BY n) > 1 AS wrong FROM raw"
        raise Malformed(
            "identity.file-ids-doubled",
            "Every record needs a record_id of its own; some are empty or stand twice: see records, counted from 1"
            " without the header.",
            "每条登记信息须有唯一的 record_id；部分为空或重复，见 records（不计表头，从 1 起）。",
            empty=empty,
            doubled=doubled,
            records=_first_records(source, f"SELECT n FROM ({at_fault}) WHERE wrong"),
        )


def _require_exact(source: Source) -> None:
    """A number of eighteen digits that a program held as a fraction has other last digits than its owner's."""
    fractions = {name: _EXACT[kind] for name, kind in source.columns.items() if kind in _EXACT}
    rounded = {
        name: f'(isfinite("{name}") AND abs("{name}") > {most})'
        for name, most in sorted(fractions.items())
        if name in STANDARD_COLUMNS
    }
    wrong = [name for name, where in rounded.items() if _first_records(source, f"SELECT n FROM raw WHERE {where}")]
    if wrong:
        at_fault = " OR ".join(rounded[name] for name in wrong)
        raise Malformed(
            "identity.file-rounded",
            "Some columns hold long numbers as fractions, and their last digits are lost; write them as text from the"
            " source again: see columns, and records, counted from 1 without the header.",
            "部分列以小数存放长号码，末尾数字已丢失；请从数据源重新以文本写出，"
            "见 columns 与 records（不计表头，从 1 起）。",
            columns=wrong,
            records=_first_records(source, f"SELECT n FROM raw WHERE {at_fault}"),
        )


def _first_records(source: Source, wrong: str) -> list[int]:
    """The places in the file of the first records that a query for ``n`` finds, counted from 1."""
    return [n + 1 for (n,) in source.con.execute(f"{wrong} ORDER BY n LIMIT {_MOST_TOLD}").fetchall()]


_MOST_TOLD: Final = 10


def _without_ids(columns: Collection[str]) -> Malformed:
    """Only columns of the standard form are repeated: what stands where names should may be somebody's record."""
    return Malformed(
        "identity.file-without-ids",
        "The file of records has no column record_id; the first line of a CSV names the columns, parted by commas.",
        "文件缺少 record_id 列；CSV 首行须为以逗号分隔的列名。",
        columns=sorted(STANDARD_COLUMNS.intersection(columns)),
        others=len(set(columns) - STANDARD_COLUMNS),
    )


def _is_plain(kind: str) -> bool:
    base = kind.partition("(")[0].split(" ", 1)[0].strip('"')
    return not kind.endswith("]") and (base in _TEXT or base.startswith((*_EXACT, *_PLAIN)))


def kinds_in(source: Source, known: Sequence[str]) -> list[str]:
    """Which of the kinds that models are there for the records tell of, in order.

    Raises:
        Malformed: some record is of no kind that is known.
    """
    others = [kind for kind in sorted(known) if kind not in SPELT_KINDS]
    if others or "kind" not in source.columns:
        return others or [kind for kind in known if kind == "resident"]
    counted = ", ".join(f"count(*) FILTER (WHERE {source.of_kind(kind)})" for kind in SPELT_KINDS)
    total, *counts = source.con.execute(f"SELECT count(*), {counted} FROM raw").fetchall()[0]
    if sum(counts) < total:
        known_kind = " OR ".join(source.of_kind(kind) for kind in SPELT_KINDS)
        raise Malformed(
            "identity.no-such-kind",
            "The column kind says resident or legal_person; some records say something else: see records, counted from"
            " 1 without the header.",
            "kind 列应为 resident 或 legal_person，部分记录不符，见 records（不计表头，从 1 起）。",
            count=total - sum(counts),
            records=_first_records(source, f"SELECT n FROM raw WHERE NOT ({known_kind})"),
        )
    return sorted(
        kind for kind, count in zip(SPELT_KINDS, counts, strict=True) if (count or not total) and kind in known
    )
