"""Spark as executor, for when one machine is outgrown: records read, paired and scored by many workers.

Every worker reads its part of the file by the statements that one machine reads the whole by, and runs the scorer of
intake on the same model file, so that neither columns nor levels nor weights can differ. What links and reviews
connect, a small part of the records, comes back to the driver, which makes subjects of it as for any bulk run.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np

from hub.errors import Unavailable
from hub.identity.bulk.crowds import above, below, crowd_pairs
from hub.identity.bulk.filing import Options, connected, prepare_result, require_writable, write_resolved
from hub.identity.bulk.frequent import SHARED, silenced
from hub.identity.bulk.opening import Source, kinds_in, open_file, open_part
from hub.identity.bulk.pairing import key_caps
from hub.identity.bulk.reading import read_part, regions_told, require_content
from hub.identity.bulk.resolving import Resolved, Resolving
from hub.identity.bulk.scratch import scratch_database
from hub.identity.bulk.tables import Connection
from hub.identity.compare import Traits
from hub.identity.modelfile import PLAIN, Model
from hub.identity.rules import Matcher
from hub.identity.traits import family_of, key_maker

Row = tuple[int, Traits]
Scored = tuple[int, int, str, float, str]
Cluster = Callable[[], AbstractContextManager[Any]]
"""What opens a Spark context and closes it."""

_ROWS_OF_A_PART: Final = 200_000
_CHUNK: Final = 10_000

# Workers on this machine are processes of this very interpreter; their short lives are not spent on optimising.
_ON_THIS_MACHINE: Final = {
    "spark.executorEnv.PYTHONPATH": str(Path(__file__).parents[3]),
    "spark.pyspark.python": sys.executable,
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


@dataclass(frozen=True, slots=True)
class Work:
    """What every worker is given."""

    path: Path
    model: Model
    options: Options


def cluster_at(master: str | None, settings: Mapping[str, str] | None = None) -> Cluster:
    """Opens the cluster that ``master`` names, or the one that Spark's own configuration does.

    Raises:
        Unavailable: when it is opened and there is no pyspark or no Java here, or the cluster does not answer.
    """

    @contextmanager
    def opened() -> Iterator[Any]:
        context = _context(master, settings or {})
        try:
            yield context
        finally:
            context.stop()

    return opened


def _context(master: str | None, settings: Mapping[str, str]) -> Any:
    is_here = master is not None and master.startswith("local")
    chosen = {"spark.ui.enabled": "false"} | (_ON_THIS_MACHINE if is_here else {}) | dict(settings)
    try:
        from pyspark import SparkConf, SparkContext

        configured = SparkConf().setAppName("hub identity resolve").setAll(list(chosen.items()))
        context = SparkContext(conf=configured.setMaster(master) if master else configured)
        context.pythonExec = configured.get("spark.pyspark.python", context.pythonExec)  # heeded by spark-submit alone
    except Exception as fault:
        raise Unavailable(
            "identity.no-spark",
            "Spark cannot be started: it needs the extra spark (pyspark) and Java 17 or later.",
            "无法启动 Spark：需要安装 spark 组件（pyspark）及 Java 17 以上。",
        ) from fault
    return context


def resolve_on_spark(
    path: Path, out: Path, models: Mapping[str, Model], options: Options, cluster: Cluster
) -> dict[str, Resolved]:
    """What became of the records of each kind; ``out`` (.parquet or .csv, on the driver) as any executor writes it.

    Raises:
        Malformed: records that cannot be read, or a result that could not be written; said before a cluster is opened.
        Unavailable: no cluster.
    """
    require_writable(out, path)
    with connected(options) as con:
        source = open_file(con, path)
        kinds = kinds_in(source, list(models))
        for kind in kinds:
            require_content(source, models[kind])
        prepare_result(con)
        with cluster() as spark:
            found = {kind: _resolved(con, spark, source, Work(path, models[kind], options)) for kind in kinds}
        write_resolved(con, out)
    return found


def _resolved(con: Connection, spark: Any, source: Source, work: Work) -> Resolved:
    total = con.execute("SELECT count(*) FROM raw").fetchall()[0][0]
    told = regions_told(source, work.model, work.options.region_names)
    work = replace(work, options=replace(work.options, region_names=told))
    read = rows_on(spark, work, total)
    found = scored_on(read, work).collect()
    touched = spark.broadcast({number for a, b, *_ in found for number in (a, b)})
    traits = read.filter(lambda row: row[0] in touched.value).collect()
    _lay_out(con, source, work.model, traits, found)
    resolving = Resolving(con, work.model, review_probable=work.options.review_probable)
    resolving.conclude()
    resolving.note_result()
    return resolving.figures({})


def rows_on(spark: Any, work: Work, total: int) -> Any:
    """The traits of every record of the model's kind, on the workers, without what too many share."""
    from pyspark import StorageLevel

    parts = _parts(spark, work, total)
    read = spark.parallelize(parts, max(1, len(parts))).flatMap(_reader(work)).persist(StorageLevel.MEMORY_AND_DISK)
    frequent = set() if work.model.kind == PLAIN else _frequent(read, work.model)
    if not frequent:
        return read
    columns, told = work.model.columns, spark.broadcast(frequent)
    return read.map(lambda row: (row[0], silenced(columns, row[1], told.value)))


def _parts(spark: Any, work: Work, total: int) -> list[range]:
    """Which rows each task reads; of a CSV, which has to be read from its beginning, no more parts than needed."""
    parts = spark.defaultParallelism
    if work.path.suffix.lower() == ".parquet":
        parts = max(parts, -(-total // _ROWS_OF_A_PART))
    size = max(1, -(-total // parts))
    return [range(first, min(first + size, total)) for first in range(0, total, size)]


def _reader(work: Work) -> Callable[[range], Iterator[Row]]:
    def read(rows: range) -> Iterator[Row]:
        columns = ", ".join(f'"{column}"' for column in work.model.columns)
        with scratch_database(threads="1") as con:
            part = open_part(con, work.path, rows)
            read_part(part, work.model, work.options.today, work.options.region_names)
            found = con.execute(f"SELECT n, {columns} FROM traits")
            while chunk := found.fetchmany(_CHUNK):
                yield from ((number, tuple(traits)) for number, *traits in chunk)

    return read


def _frequent(read: Any, model: Model) -> set[tuple[str, str]]:
    """Numbers, phones and addresses that more names than the model's cap share."""
    places = {column: model.columns.index(column) for column in SHARED if column in model.columns}
    name, most = model.columns.index("name"), model.key_cap + 1

    def shared(row: Row) -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
        names = frozenset((row[1][name],))
        return (((column, row[1][place]), names) for column, place in places.items() if row[1][place])

    names = read.flatMap(shared).reduceByKey(
        lambda one, other: one if len(one) >= most else one | other, read.getNumPartitions()
    )
    return set(names.filter(lambda pair: len(pair[1]) >= most).keys().collect())


def scored_on(read: Any, work: Work) -> Any:
    """Every pair under a key that is not too frequent, with its verdict."""
    model, review_probable = work.model, work.options.review_probable
    caps = key_caps(model)
    most = max(caps) + 1

    def keyed(rows: Iterator[Row]) -> Iterator[tuple[str, list[int]]]:
        keys = key_maker(model.columns, model.keys)
        return ((key, [number]) for number, traits in rows for key in set(keys(traits)))

    def is_crowd(group: tuple[str, list[int]]) -> bool:
        return len(group[1]) > caps[int(family_of(group[0]))]

    def paired(group: tuple[str, list[int]]) -> Iterator[tuple[int, int]]:
        return combinations(sorted(group[1]), 2)

    def judged(part: Iterator[Any]) -> Iterator[Scored]:
        matcher = Matcher(model, review_probable=review_probable)
        for b, ((a, left), right) in part:
            found = matcher.verdict(left, right)
            yield a, b, found.method, found.weight, found.outcome

    parts = read.getNumPartitions()
    single = read.mapPartitions(keyed)
    groups = single.reduceByKey(lambda one, other: one if len(one) >= most else one + other, parts)
    crowds = groups.filter(is_crowd).keys().collect()
    pairs = groups.filter(lambda group: not is_crowd(group)).flatMap(paired)
    pairs = pairs.union(_in_crowds(read, single, model, crowds)).distinct(parts)
    beside = pairs.join(read, parts).map(lambda row: (row[1][0], (row[0], row[1][1])))
    return beside.join(read, parts).mapPartitions(judged)


def _in_crowds(read: Any, single: Any, model: Model, crowds: Sequence[str]) -> Any:
    """Pairs of the records under these keys; what they say comes to the driver, which pairs them as any bulk run."""
    if not crowds:
        return read.context.emptyRDD()
    told = read.context.broadcast({key: place for place, key in enumerate(crowds)})
    members = single.filter(lambda row: row[0] in told.value).map(lambda row: (told.value[row[0]], row[1][0])).collect()
    inside = read.context.broadcast({number for _, number in members})
    traits = read.filter(lambda row: row[0] in inside.value).collect()
    bits = max(inside.value).bit_length() + 1
    caps = np.array([key_caps(model)[int(family_of(key))] for key in crowds])
    places, numbers = np.array(sorted(members), dtype=np.uint64).T
    found: list[tuple[int, int]] = []
    with scratch_database() as con:
        _table(con, "traits", ("n", *model.columns), [(number, *values) for number, values in traits])
        for cap in sorted(set(caps.tolist())):
            own = (caps == cap)[places]
            crowd = (places[own] << np.uint64(bits)) | numbers[own]
            pairs = crowd_pairs(con, model.columns, crowd, cap=cap, bits=bits)
            found += zip(above(pairs, bits).tolist(), below(pairs, bits).tolist(), strict=True)
    return read.context.parallelize(found)


def _lay_out(con: Connection, source: Source, model: Model, traits: Sequence[Row], scored: Sequence[Scored]) -> None:
    """Tables ``traits`` (empty but for records in a pair) and ``scored`` on the driver."""
    _table(con, "touched", ("n", *model.columns), [(number, *values) for number, values in traits])
    columns = ", ".join(f'coalesce("{column}", \'\') AS "{column}"' for column in model.columns)
    wanted = source.of_kind(model.kind) if model.kind != PLAIN else "true"
    con.execute(
        f"CREATE OR REPLACE TABLE traits AS SELECT n, r.record_id, {columns} FROM (SELECT n,"
        f" {source.column('record_id')} AS record_id FROM raw WHERE {wanted}) r LEFT JOIN touched USING (n)"
    )
    _table(con, "scored", ("a", "b", "method", "weight", "outcome"), scored)


_TYPES: Final = {"n": "BIGINT", "a": "BIGINT", "b": "BIGINT", "weight": "DOUBLE"}
_DTYPES: Final = {"n": np.int64, "a": np.int64, "b": np.int64, "weight": np.float64}


def _table(con: Connection, name: str, columns: Sequence[str], rows: Sequence[Any]) -> None:
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
