"""Migrations lead to exactly the tables that the program has, once, whoever starts first."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, create_engine, text

import hub.bootstrap
import hub.storage.migrate
from hub.errors import Broken, Malformed
from hub.storage.database import Database
from hub.storage.embedded import address_of, fresh_database
from hub.storage.metadata import Row
from hub.storage.migrate import migrate, newest_revision


@pytest.fixture
def empty(server: URL) -> Iterator[Database]:
    """A database with nothing in it."""
    database = Database(address_of(fresh_database(server, f"m_{secrets.token_hex(6)}")))
    yield database
    database.close()


def test_a_migrated_database_has_exactly_the_tables_of_the_program(empty: Database) -> None:
    """When this fails: `hub migrate --write "what changed"` writes the missing step."""
    assert hub.bootstrap.tables
    assert migrate(empty) == newest_revision()
    with empty.writing() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_server_default": True})
        differences = [each for each in compare_metadata(context, Row.metadata) if "alembic_version" not in str(each)]
    assert differences == []


def test_a_migrated_database_stores_sealed_evidence_without_trying_to_compress_it(empty: Database) -> None:
    migrate(empty)
    with empty.writing() as session:
        storage = session.execute(
            text("SELECT attstorage FROM pg_attribute WHERE attrelid = 'evidence'::regclass AND attname = 'sealed'")
        ).scalar()
    assert storage in ("e", b"e")


def test_nodes_that_start_together_migrate_once(empty: Database) -> None:
    with ThreadPoolExecutor(4) as nodes:
        revisions = set(nodes.map(lambda _node: migrate(empty), range(4)))
    assert revisions == {newest_revision()}


def test_a_database_of_a_newer_program_is_left_alone(empty: Database) -> None:
    migrate(empty)
    with empty.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Broken) as refusal:
        migrate(empty)
    assert refusal.value.facts["revision"] == "9999"


def test_a_database_in_another_encoding_is_refused_before_anything_is_made(server: URL) -> None:
    name = f"m_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"))
    engine.dispose()
    database = Database(address_of(server.set(database=name)))
    with pytest.raises(Malformed) as refusal:
        migrate(database)
    database.close()
    assert refusal.value.code == "storage.not-utf8"
    assert refusal.value.facts["encoding"] == "SQL_ASCII"


def test_a_postgresql_older_than_any_that_was_tried_is_refused(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.storage.migrate, "OLDEST", 99)
    with pytest.raises(Malformed) as refusal:
        migrate(empty)
    assert refusal.value.code == "storage.old-postgresql"
