"""One record against an index of a million: how long it takes to find whose it is, at intake.

``python -m tests.bench.latency [--residents 1000000] [--folder FOLDER [--blocks N]]``. The index is filled by COPY with
the rows that placing would keep, of invented residents of independent seeds, block by block; what ``--folder`` holds
already is kept, so that a fill may go in pieces. Then records that the index has not seen are placed one by one, each
in a transaction of its own; beside them, in the same run, four look-ups by key and a bare durable commit.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb
import psycopg

from hub.audit.store import append
from hub.identity.model import Mention
from hub.identity.service import IdentityService
from hub.identity.service.parts import Kind, kinds_of
from hub.identity.store import IndexStore, NewMention, NewSubject, Vault
from hub.identity.store.vault import mention_id_of
from hub.identity.traits import COLUMN_MARK, Context
from hub.kernel.clock import SystemClock, local_date
from hub.kernel.ids import derived_id
from hub.proof.sealing import Blinder, KeyRing
from hub.storage.database import Database
from hub.storage.embedded import address_of, data_directory, embedded_server, ensure_database
from hub.storage.migrate import migrate
from tests.bench.identity.people import generate
from tests.bench.report import Figure, tell

BLOCK: Final = 50_000
PROBES: Final = 2_000
KEY: Final = bytes(range(32))
"""Of a bench whose residents are invented; the folder would be of no use under another."""
EXPORTS: Final = (
    ("civil_affairs", "residents", "self"), ("land", "rights", "holder"), ("marriage", "events", "man"),
    ("low_income", "households", "head"),
)  # fmt: skip
TABLES: Final = ("identity_key", "identity_mention", "identity_subject")
MOST_MS: Final = 2.0


def main() -> int:
    """Measures and tells; 1 when the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=1_000_000, help="records in the index")
    parser.add_argument("--folder", type=Path, help="keeps the filled index for another run")
    parser.add_argument("--blocks", type=int, help="fill so many blocks and measure nothing")
    chosen = parser.parse_args()
    root = chosen.folder or Path(tempfile.mkdtemp(prefix="hub-bench-"))
    try:
        with _database(root) as database:
            filled = _filled(database, chosen.residents, most=chosen.blocks)
            if chosen.blocks:
                print(f"{filled:,} records in the index")  # noqa: T201 - the program's answer
                return 0
            figures = [Figure("records in the index", filled, "records"), *_measured(database, filled)]
    finally:
        if not chosen.folder:
            shutil.rmtree(root, ignore_errors=True)
    return 0 if tell("latency: one record against the index", figures) else 1


@contextmanager
def _database(root: Path) -> Iterator[Database]:
    with embedded_server(data_directory(root / "postgres"), durable=True) as server:
        made = Database(address_of(ensure_database(server, "latency")))
        migrate(made)
        yield made
        made.close()


def _service(database: Database) -> IdentityService:
    return IdentityService(
        database=database,
        blinder=Blinder(KEY),
        keyring=KeyRing("bench", {"bench": KEY}),
        clock=SystemClock(),
        append=append,
    )


# --- filling ---------------------------------------------------------------------------------------------------------


def _people(seed: int, records: int, folder: Path) -> list[tuple[Mention, str]]:
    """Mentions of invented residents, each with whose it truly is."""
    path = generate(folder / f"{seed}.parquet", records=records, seed=seed)
    with duckdb.connect() as con:
        rows = con.execute(
            "SELECT name, id_number, birth_date, sex, region_code, phone, address, person FROM read_parquet(?)",
            [str(path)],
        ).fetchall()
    path.unlink()
    return [(_mention(seed, place, row), str(row[7])) for place, row in enumerate(rows)]


def _mention(seed: int, place: int, row: Sequence[Any]) -> Mention:
    registry, export, role = EXPORTS[place % len(EXPORTS)]
    names = ("name", "number", "birth_date", "sex", "region_code", "phone", "address")
    fields = {name: value for name, value in zip(names, row, strict=False) if value}
    return Mention(f"bench-{seed}-{place}", registry, export, role, "resident", fields, place)


def _filled(database: Database, residents: int, *, most: int | None) -> int:
    """How many records the index holds, at least ``residents`` unless it may add so many blocks only."""
    missing = range(_count(database) // BLOCK, -(-residents // BLOCK))[:most]
    if missing:
        _drop_indexes(database)
        for block in missing:
            _fill(database, block)
    if most is None:
        _make_indexes(database)
    return _count(database)


def _count(database: Database) -> int:
    with psycopg.connect(_address(database)) as connection:
        row = connection.execute("SELECT count(*) FROM identity_mention WHERE record LIKE 'bench-%'").fetchone()
    return int(row[0]) if row else 0


def _address(database: Database) -> str:
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def _drop_indexes(database: Database) -> None:
    """Filling goes without keys and indexes; how to make them again is written down beside the tables."""
    with psycopg.connect(_address(database)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bench_index (place serial, statement text)")
        keys = connection.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype IN ('p', 'u') AND conrelid::regclass::text = ANY(%s)",
            [list(TABLES)],
        ).fetchall()
        made = [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in keys]
        for table, name, _ in keys:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        query = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)"
        others = connection.execute(query, [list(TABLES)]).fetchall()
        for name, _ in others:
            connection.execute(f"DROP INDEX {name}")
        for statement in [*made, *(definition for _, definition in others)]:
            connection.execute("INSERT INTO bench_index (statement) VALUES (%s)", [statement])


def _make_indexes(database: Database) -> None:
    with psycopg.connect(_address(database), autocommit=True) as connection:
        found = connection.execute("SELECT to_regclass('bench_index')").fetchone()
        if found is None or found[0] is None:
            return
        connection.execute("SET maintenance_work_mem = '512MB'")
        for place, statement in connection.execute("SELECT place, statement FROM bench_index ORDER BY 1").fetchall():
            connection.execute(statement)
            connection.execute("DELETE FROM bench_index WHERE place = %s", [place])
        connection.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")


def _fill(database: Database, block: int) -> None:
    """One block more: the rows that placing would keep, each mention with the subject whose it truly is."""
    vault, now = Vault(KeyRing("bench", {"bench": KEY}), Blinder(KEY)), datetime.now(UTC)
    kind, context = kinds_of(None, review_probable=False)["resident"], Context(local_date(now))
    with tempfile.TemporaryDirectory() as folder, database.writing() as session:
        people = _people(block, BLOCK, Path(folder))
        subjects = {person: derived_id("sub", vault.blinder.digest("bench", person)) for _, person in people}
        index = IndexStore(session)
        index.keep([NewSubject(each, "resident", now) for each in subjects.values()], [])
        for start in range(0, len(people), 5_000):
            some = people[start : start + 5_000]
            index.keep([], [_kept(mention, subjects[person], (kind, context, vault, now)) for mention, person in some])


def _kept(mention: Mention, subject: str, how: tuple[Kind, Context, Vault, datetime]) -> NewMention:
    kind, context, vault, now = how
    traits, name = kind.traits(mention, context), kind.model.name
    text, mention_id = COLUMN_MARK.join(traits), mention_id_of(mention.record, mention.role)
    said = {"fields": dict(mention.fields), "key": "", "as_of": now.isoformat()}
    return NewMention(
        subject, mention_id, mention.registry, mention.export, mention.record, mention.role, mention.kind, mention.row,
        vault.key(name, text), vault.seal_traits(mention_id, text), vault.seal_said(mention_id, said),
        b"".join(vault.key(name, key) for key in kind.look_ups(traits)), now,
    )  # fmt: skip


# --- measuring -------------------------------------------------------------------------------------------------------


def _measured(database: Database, filled: int) -> list[Figure]:
    """Records of people whom the index has, written down once more, and of as many whom it has not."""
    service, known = _service(database), filled // BLOCK - 1
    with tempfile.TemporaryDirectory() as folder:
        again = _people(known, BLOCK, Path(folder))[: PROBES // 2]
        new = _people(10_000 + int(time.time()) % 1_000_000, PROBES // 2, Path(folder))
    probes = [_anew(mention) for pair in zip(again, new, strict=True) for mention, _ in pair]
    placed, whole = _placed(database, service, probes)
    looked, committed = _looked_up(database, probes)
    ratio = _at(placed, 99) / _at(looked, 99)
    return [
        Figure("placing one record, p50", _at(placed, 50), "ms"),
        Figure("placing one record, p99", _at(placed, 99), "ms", MOST_MS, is_limit=True),
        Figure("placing and its durable commit, p99", _at(whole, 99), "ms"),
        Figure("floor: four look-ups by key, p50", _at(looked, 50), "ms"),
        Figure("floor: four look-ups by key, p99", _at(looked, 99), "ms", note="reference 0.34 ms"),
        Figure("floor: a durable commit of one row, p99", _at(committed, 99), "ms"),
        Figure("placing over four look-ups, p99", ratio, "times", MOST_MS / 0.34, is_limit=True),
    ]


def _anew(mention: Mention) -> Mention:
    """The same said by a record that the index has not seen."""
    return Mention(f"new-{time.time_ns()}", "funeral", "funerals", "deceased", "resident", mention.fields, 1)


def _placed(database: Database, service: IdentityService, probes: Sequence[Mention]) -> tuple[list[float], list[float]]:
    """Milliseconds of placing alone, and with its commit."""
    placed, whole = [], []
    for place, mention in enumerate(probes):
        began = time.perf_counter()
        with database.writing() as session:
            session.connection()
            ready = time.perf_counter()
            service.place(session, [mention])
            done = time.perf_counter()
        if place >= len(probes) // 10:
            placed.append(1e3 * (done - ready))
            whole.append(1e3 * (time.perf_counter() - began))
    return placed, whole


def _looked_up(database: Database, probes: Sequence[Mention]) -> tuple[list[float], list[float]]:
    """Milliseconds of four look-ups, each by one key with the mentions behind it, and of a commit."""
    vault, context = Vault(KeyRing("bench", {"bench": KEY}), Blinder(KEY)), Context(local_date(datetime.now(UTC)))
    kind = kinds_of(None, review_probable=False)["resident"]
    keyed = [
        [vault.key(kind.model.name, key) for key in kind.look_ups(kind.traits(each, context))][:4] for each in probes
    ]
    query = (
        "SELECT m.subject_id FROM identity_key k JOIN identity_mention m USING (mention_id) WHERE k.key = %s LIMIT 9"
    )
    with psycopg.connect(_address(database), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bench_commit (n int)")
        looks = [_milliseconds(partial(_look_up, connection, query, keys)) for keys in keyed if len(keys) == 4]
        mark = "INSERT INTO bench_commit VALUES (1)"
        commits = [_milliseconds(partial(connection.execute, mark)) for _ in range(300)]
        connection.execute("DROP TABLE bench_commit")
    return looks[len(looks) // 10 :], commits


def _look_up(connection: psycopg.Connection[Any], query: str, keys: Sequence[bytes]) -> None:
    for key in keys:
        connection.execute(query, [key]).fetchall()


def _milliseconds(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return 1e3 * (time.perf_counter() - began)


def _at(times: Sequence[float], percent: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    sys.exit(main())
