"""An identity index of any size, filled by COPY with the rows that placing would keep, block by block.

Of invented residents of independent seeds. What a folder holds already is kept, so that a fill may go in pieces; what a
run takes out of the index to place it again, or places, is put back and taken away afterwards.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import psycopg

from hub.identity.model import Mention
from hub.identity.service.parts import Kind, kinds_of
from hub.identity.store import IndexStore, NewMention, NewSubject, Vault
from hub.identity.store.vault import mention_id_of
from hub.identity.traits import COLUMN_MARK, Context
from hub.kernel.clock import local_date
from hub.kernel.ids import derived_id
from hub.proof.sealing import Blinder, KeyRing
from hub.storage.database import Database
from hub.storage.embedded import address_of, data_directory, embedded_server, ensure_database
from hub.storage.migrate import migrate
from tests.bench.identity.people import generate

BLOCK: Final = 50_000
KEY: Final = bytes(range(32))
"""Of a bench whose residents are invented; the folder would be of no use under another."""
EXPORTS: Final = (
    ("civil_affairs", "residents", "self"), ("land", "rights", "holder"), ("marriage", "events", "man"),
    ("low_income", "households", "head"),
)  # fmt: skip
TABLES: Final = ("identity_key", "identity_mention", "identity_subject")
PLACED: Final = "new-"
"""How the records begin that a run places."""


@contextmanager
def database(root: Path) -> Iterator[Database]:
    """The database of the index whose files are in ``root``; its server stops with the last user."""
    with embedded_server(data_directory(root / "postgres"), durable=True) as server:
        made = Database(address_of(ensure_database(server, "latency")))
        migrate(made)
        yield made
        made.close()


def people(seed: int, records: int, folder: Path) -> list[tuple[Mention, str]]:
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


def filled(database: Database, residents: int, *, most: int | None) -> int:
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
    with psycopg.connect(address(database)) as connection:
        row = connection.execute("SELECT count(*) FROM identity_mention WHERE record LIKE 'bench-%'").fetchone()
    return int(row[0]) if row else 0


def address(database: Database) -> str:
    """The URL as the driver takes it."""
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def _drop_indexes(database: Database) -> None:
    """Filling goes without keys and indexes; how to make them again is written down beside the tables."""
    with psycopg.connect(address(database)) as connection:
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
    with psycopg.connect(address(database), autocommit=True) as connection:
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
        written = people(block, BLOCK, Path(folder))
        subjects = {person: subject_of(person) for _, person in written}
        index = IndexStore(session)
        index.keep([NewSubject(each, "resident", now) for each in subjects.values()], [])
        for start in range(0, len(written), 5_000):
            some = written[start : start + 5_000]
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


# --- what a run takes out and puts in -------------------------------------------------------------------------------


def subject_of(person: str) -> str:
    """The subject under which the index holds a person."""
    return derived_id("sub", Blinder(KEY).digest("bench", person))


@contextmanager
def held_out(database: Database, mentions: Sequence[Mention]) -> Iterator[None]:
    """Those mentions are not in the index until the block ends; then they are again, and nothing that was placed is.

    A run that was killed in between is put right by the next.
    """
    _put_back(database)
    ids = [mention_id_of(each.record, each.role) for each in mentions]
    with psycopg.connect(address(database)) as connection:
        for table in ("mention", "key"):
            connection.execute(
                f"CREATE TABLE bench_held_{table} AS SELECT * FROM identity_{table} WHERE mention_id = ANY(%s)", [ids]
            )
            connection.execute(f"DELETE FROM identity_{table} WHERE mention_id = ANY(%s)", [ids])
    try:
        yield
    finally:
        _put_back(database)


def _put_back(database: Database) -> None:
    mine = "SELECT mention_id FROM identity_mention WHERE record LIKE %s"
    with psycopg.connect(address(database)) as connection:
        named = (("key", "mention_id"), ("link", "mention_id"), ("review", "low_id"), ("review", "high_id"))
        for table, column in named:
            connection.execute(f"DELETE FROM identity_{table} WHERE {column} IN ({mine})", [f"{PLACED}%"])
        connection.execute("DELETE FROM identity_mention WHERE record LIKE %s", [f"{PLACED}%"])
        connection.execute("DELETE FROM log_queue")
        for table in ("mention", "key"):
            found = connection.execute("SELECT to_regclass(%s)", [f"bench_held_{table}"]).fetchone()
            if found and found[0]:
                back = f"INSERT INTO identity_{table} SELECT * FROM bench_held_{table} ON CONFLICT DO NOTHING"
                connection.execute(back)
                connection.execute(f"DROP TABLE bench_held_{table}")
    with psycopg.connect(address(database), autocommit=True) as connection:
        connection.execute(f"VACUUM ANALYZE {', '.join(TABLES)}, log_queue")
