"""Filing 文件比对: a file of identities into a file of their subjects, all or nothing, without a running hub."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import perf_counter

import duckdb

from hub.errors import Malformed, Unavailable
from hub.identity.bulk.opening import Source, kinds_in, open_file
from hub.identity.bulk.reading import read_traits
from hub.identity.bulk.resolving import Resolved, Resolving
from hub.identity.bulk.scratch import scratch_database
from hub.identity.bulk.tables import Connection
from hub.identity.modelfile import Model


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is told beside the models."""

    today: date
    review_probable: bool = False
    region_names: tuple[str, ...] = ()
    memory: str = "4GB"
    """What the database may hold in memory; the rest goes to a private folder that is gone at the end."""


def resolve_file(path: Path, out: Path | None, models: Mapping[str, Model], options: Options) -> dict[str, Resolved]:
    """What became of the records of each kind; ``out`` has record_id, subject, probability and reasons of each.

    Raises:
        Malformed: a file that cannot be read as records, or a result that could not be written.
    """
    if out is not None:
        require_writable(out, path)
    with connected(options) as con:
        return resolve(con, open_file(con, path), models, options, out)


@contextmanager
def connected(options: Options) -> Iterator[Connection]:
    """A database of its own, which leaves nothing behind.

    Raises:
        Malformed: no amount of memory is what ``options`` say.
        Unavailable: memory or disk did not suffice.
    """
    with ExitStack() as stack:
        try:
            con = stack.enter_context(scratch_database(memory_limit=options.memory))
        except duckdb.Error as fault:
            raise Malformed(
                "identity.memory-unknown", "Say how much memory as 4GB or 500MB.", "内存大小请写作 4GB 或 500MB。"
            ) from fault
        try:
            yield con
        except duckdb.OutOfMemoryException as fault:
            raise Unavailable(
                "identity.no-room",
                "The records do not fit into the memory and disk given: give more, or fewer records at once.",
                "内存或磁盘空间不足，请增加内存或减少每次处理的记录数。",
            ) from fault


def resolve(
    con: Connection, source: Source, models: Mapping[str, Model], options: Options, out: Path | None
) -> dict[str, Resolved]:
    """The same for records that are in the database already; table ``resolved`` is left there."""
    con.execute("SET preserve_insertion_order = false")  # rows carry their number
    prepare_result(con)
    found: dict[str, Resolved] = {}
    for kind in kinds_in(source, list(models)):
        started = perf_counter()
        read_traits(source, models[kind], options.today, options.region_names)
        read = perf_counter()
        resolving = Resolving(con, models[kind], review_probable=options.review_probable)
        resolving.run()
        resolving.note_result()
        found[kind] = resolving.figures({"read": read - started, "resolve": perf_counter() - read})
    if out is not None:
        write_resolved(con, out)
    return found


def prepare_result(con: Connection) -> None:
    """An empty table ``resolved`` for the subjects of every kind."""
    con.execute(
        "CREATE OR REPLACE TABLE resolved (n BIGINT, record_id VARCHAR, subject VARCHAR, probability DOUBLE,"
        " reasons VARCHAR)"
    )


def write_resolved(con: Connection, out: Path) -> None:
    """The subjects stand at ``out``, all or nothing."""
    form = "FORMAT parquet" if out.suffix.lower() == ".parquet" else "FORMAT csv, HEADER"
    with finished(out) as unfinished:
        where = str(unfinished).replace("'", "''")
        con.execute(f"COPY (SELECT * EXCLUDE (n) FROM resolved ORDER BY n) TO '{where}' ({form})")


@contextmanager
def finished(out: Path) -> Iterator[Path]:
    """Where to write what stands at ``out`` only when it is whole; nothing is left when it never is.

    Raises:
        Malformed: it cannot be written.
    """
    unfinished = out.with_name(f".{out.stem}.unfinished{out.suffix}")
    try:
        yield unfinished
        unfinished.replace(out)
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, OSError) as fault:
        raise _not_writable(out) from fault
    finally:
        unfinished.unlink(missing_ok=True)


def require_writable(out: Path, source: Path) -> None:
    """Raises Malformed where a result could not be written at the end, or would take the place of what is read."""
    if not os.access(out.parent, os.W_OK) or out.is_dir():
        raise _not_writable(out)
    if out.exists() and out.samefile(source):
        raise Malformed(
            "identity.out-is-source",
            "The result would overwrite the file of records.",
            "结果文件不能覆盖登记信息文件。",
        )


def _not_writable(out: Path) -> Malformed:
    return Malformed(
        "identity.out-not-writable",
        "The place of the result cannot be written to.",
        "结果文件无法写入。",
        path=str(out),
    )
