"""Fixtures every test may use: a real PostgreSQL, a fresh database for each test."""

import importlib
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from hub.storage.database import Database
from hub.storage.embedded import embedded_server, ensure_database
from hub.storage.metadata import Row

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def server() -> Iterator[URL]:
    """A PostgreSQL of this test run alone, outside pytest's folders, whose rights another run of root's takes back."""
    with (
        tempfile.TemporaryDirectory(prefix="hub-test-", ignore_cleanup_errors=True) as place,
        embedded_server(Path(place) / "server", durable=False) as url,
    ):
        yield url


@pytest.fixture(scope="session")
def template(server: URL) -> str:
    """A database with every table, cloned for each test."""
    for module in sorted(ROOT.glob("hub/*/tables.py")):
        importlib.import_module(f"hub.{module.parent.name}.tables")
    engine = create_engine(ensure_database(server, "template_hub"))
    Row.metadata.create_all(engine)
    engine.dispose()
    return "template_hub"


@pytest.fixture
def database_url(server: URL, template: str) -> Iterator[str]:
    """The URL of a fresh database, dropped afterwards."""
    name = f"t_{secrets.token_hex(6)}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    yield server.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with every table."""
    made = Database(database_url)
    yield made
    made.close()
