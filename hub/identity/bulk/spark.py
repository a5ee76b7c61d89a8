"""Spark as executor, for when one machine is outgrown: records read, paired and scored by many workers.

Workers run the scorer of intake itself on the same model file, so that levels and weights cannot differ. What links and
reviews connect, a small part of the records, comes back to the driver, which makes subjects of it as for any bulk run.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np

from hub.errors import Malformed, Unavailable
from hub.identity.bulk.frequent import SHARED
from hub.identity.bulk.opening import SPELT_KINDS
from hub.identity.bulk.reading import ORGANISATION_INPUT, row_of_organisation, row_of_person
from hub.identity.bulk.resolving import Options, Resolved, Resolving, key_caps, require_writable, write_resolved
from hub.identity.compare import Traits
from hub.identity.modelfile import PLAIN, Model
from hub.identity.rules import Matcher
from hub.identity.traits import Context, key_maker

Row = tuple[int, str, Traits]
Scored = tuple[int, int, str, float, str]


@dataclass(frozen=True, slots=True)
class Work:
    """What every worker is given."""

    model: Model
    context: Context
    review_probable: bool


def resolve_on_spark(
    path: Path, out: Path, models: Mapping[str, Model], options: Options, master: str | None
) -> dict[str, Resolved]:
    """What became of the records of each kind; ``out`` (.parquet or .csv, on the driver) as any executor writes it.

    Raises:
        Malformed: records that cannot be read, or a result that could not be written.
        Unavailable: no pyspark or no Java here.
    """
    require_writable(out, path)
    session = _session(master)
    con = duckdb.connect()
    try:
        con.execute(
            "CREATE TABLE resolved (n BIGINT, record_id VARCHAR, subject VARCHAR, probability DOUBLE, reasons VARCHAR)"
        )
        rows = _rows(session, path)
        _require_ids(rows)
        found = {}
        for kind, model in models.items():
            work = Work(model, Context(options.today, options.region_names), options.review_probable)
            if figures := _resolved(con, session, rows, work):
                found[kind] = figures
        write_resolved(con, out)
    finally:
        con.close()
        session.stop()
    return found


def _session(master: str | None) -> Any:
    try:
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.appName("hub identity resolve").config("spark.ui.enabled", "false")
        if master:
            builder = builder.master(master).config("spark.executorEnv.PYTHONPATH", str(Path(__file__).parents[3]))
        session = builder.getOrCreate()
        if master:  # workers on this machine are processes of this very interpreter
            session.sparkContext.pythonExec = sys.executable
    except Exception as fault:
        raise Unavailable(
            "identity.no-spark",
            "Spark cannot be started: it needs the extra spark (pyspark) and Java 17 or later.",
            "无法启动 Spark：需要安装 spark 组件（pyspark）及 Java 17 以上。",
        ) from fault
    return session


def _rows(session: Any, path: Path) -> Any:
    """The file's rows with their number, as texts by column in small letters."""
    if path.suffix.lower() == ".parquet":
        frame = session.read.parquet(str(path))
    else:
        frame = session.read.csv(str(path), header=True, quote='"', escape='"', multiLine=True, encoding="UTF-8")
    names = [name.lower() for name in frame.columns]
    numbered = frame.rdd.zipWithIndex()
    return numbered.map(lambda pair: (pair[1], dict(zip(names, map(_text, pair[0]), strict=True)))).cache()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) <= 2**53 else str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value).strip()


def _require_ids(rows: Any) -> None:
    ids = rows.map(lambda row: row[1].get("record_id", ""))
    empty = ids.filter(lambda each: not each).count()
    doubled = ids.count() - ids.distinct().count()
    if empty or doubled:
        raise Malformed(
            "identity.file-ids-doubled",
            "Every record needs a record_id of its own; some are empty or stand twice.",
            "每条登记信息须有唯一的 record_id；部分为空或重复。",
            empty=empty,
            doubled=doubled,
        )


def _read(work: Work) -> Callable[[tuple[int, Mapping[str, str]]], Row | None]:
    """A function from a row of the file to its traits; None for a row of another kind."""
    model, context = work.model, work.context
    spellings = SPELT_KINDS.get(model.kind)

    def read(row: tuple[int, Mapping[str, str]]) -> Row | None:
        number, said = row
        if spellings is not None and said.get("kind", "").lower() not in spellings:
            return None
        source = said.get("source", "")
        listed = source if source in model.one_list_exports else ""
        if model.kind == PLAIN:
            traits = tuple(said.get(column, "").upper() for column in model.columns)
        elif model.kind == "resident":
            traits = row_of_person(said, context, listed)
        else:
            traits = row_of_organisation({name: said.get(name, "") for name in ORGANISATION_INPUT}, context, listed)
        return number, said["record_id"], traits

    return read


def _resolved(con: duckdb.DuckDBPyConnection, session: Any, rows: Any, work: Work) -> Resolved | None:
    model = work.model
    read = rows.map(_read(work)).filter(lambda row: row is not None)
    if model.kind != PLAIN:
        read = read.map(_silencer(model, session.sparkContext.broadcast(_frequent(read, model))))
    read = read.cache()
    records = read.map(lambda row: (row[0], row[1])).collect()
    if not records:
        return None
    scored = _scored(read, work).collect()
    touched = {number for a, b, *_ in scored for number in (a, b)}
    kept = session.sparkContext.broadcast(touched)
    traits = read.filter(lambda row: row[0] in kept.value).collect()
    _lay_out(con, model, records, {number: found for number, _, found in traits}, scored)
    resolving = Resolving(con, model, review_probable=work.review_probable)
    resolving.conclude()
    con.execute("INSERT INTO resolved SELECT n, record_id, 's' || root, round(probability, 6), method FROM assigned")
    return resolving.figures({})


def _lay_out(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    records: Sequence[tuple[int, str]],
    traits: Mapping[int, Traits],
    scored: Sequence[Scored],
) -> None:
    """Tables ``traits`` (empty but for records in a pair) and ``scored`` on the driver."""
    nothing = ("",) * len(model.columns)
    rows = [(number, record, *traits.get(number, nothing)) for number, record in records]
    _table(con, "traits", ("n", "record_id", *model.columns), rows)
    _table(con, "scored", ("a", "b", "method", "weight", "outcome"), scored)


_TYPES: Final = {"n": "BIGINT", "a": "BIGINT", "b": "BIGINT", "weight": "DOUBLE"}
_DTYPES: Final = {"n": np.int64, "a": np.int64, "b": np.int64, "weight": np.float64}


def _table(con: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], rows: Sequence[Any]) -> None:
    types = ", ".join(f'"{column}" {_TYPES.get(column, "VARCHAR")}' for column in columns)
    con.execute(f"CREATE OR REPLACE TABLE {name} ({types})")
    if rows:
        arrays = {
            column: np.array([row[at] for row in rows], dtype=_DTYPES.get(column, object))
            for at, column in enumerate(columns)
        }
        con.register("incoming", arrays)
        con.execute(f"INSERT INTO {name} SELECT * FROM incoming")
        con.unregister("incoming")


def _frequent(read: Any, model: Model) -> set[tuple[str, str]]:
    """Numbers, phones and addresses that more names than the model's cap share."""
    places = {column: model.columns.index(column) for column in SHARED if column in model.columns}
    name, cap = model.columns.index("name"), model.key_cap

    def shared(row: Row) -> Iterator[tuple[tuple[str, str], str]]:
        return (((column, row[2][place]), row[2][name]) for column, place in places.items() if row[2][place])

    names = read.flatMap(shared).distinct().map(lambda pair: (pair[0], 1)).reduceByKey(lambda one, other: one + other)
    return set(names.filter(lambda pair: pair[1] > cap).keys().collect())


def _silencer(model: Model, frequent: Any) -> Callable[[Row], Row]:
    columns = model.columns

    def silenced(row: Row) -> Row:
        number, record, traits = row
        said = dict(zip(columns, traits, strict=True))
        for column, value in said.items():
            if (column, value) in frequent.value:
                said[column] = ""
                said |= {f"{column}_state": ""} if f"{column}_state" in said else {}
                said |= {"born": said["birth"]} if column == "number" and "born" in said else {}
        return number, record, tuple(said.values())

    return silenced


def _scored(read: Any, work: Work) -> Any:
    """Every pair under a key that is not too frequent, with its verdict."""
    model, review_probable = work.model, work.review_probable
    caps = key_caps(model)

    def keyed(row: Row) -> list[tuple[str, int]]:
        return [(key, row[0]) for key in key_maker(model.columns, model.keys)(row[2])]

    def paired(group: tuple[str, Any]) -> Iterator[tuple[int, int]]:
        numbers = sorted(group[1])
        family = int(group[0].partition("\x1f")[0])
        if 1 < len(numbers) <= caps[family]:
            yield from ((a, b) for place, a in enumerate(numbers) for b in numbers[place + 1 :] if a < b)

    def judged(part: Iterator[Any]) -> Iterator[Scored]:
        matcher = Matcher(model, review_probable=review_probable)
        for b, ((a, left), right) in part:
            found = matcher.verdict(left, right)
            yield a, b, found.method, found.weight, found.outcome

    pairs = read.flatMap(keyed).groupByKey().flatMap(paired).distinct()
    traits = read.map(lambda row: (row[0], row[2]))
    beside = pairs.join(traits).map(lambda row: (row[1][0], (row[0], row[1][1])))
    return beside.join(traits).mapPartitions(judged)
