"""Fixtures every test may use: a real PostgreSQL, a fresh database for each test."""

import importlib
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from shutil import disk_usage

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import URL

from hub.storage.database import Database
from hub.storage.embedded import embedded_server, ensure_database
from hub.storage.metadata import Row
from tests.support.databases import Databases

ROOT = Path(__file__).parents[1]
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of random name is made in it
ROOM_BYTES = 6 << 30
VECTORS = ROOT / "tests" / "vectors"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nothing-skipped", action="store_true", help="a test that cannot run here has failed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything was installed that tests need, one that is skipped all the same shows what is lacking.

    Published vectors are no part of the project, and may be missing anywhere.
    """
    report = yield
    if report.skipped and item.config.getoption("--nothing-skipped") and VECTORS not in item.path.parents:
        report.outcome, report.longrepr = "failed", f"skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def server() -> Iterator[URL]:
    """A PostgreSQL of this test run alone, outside pytest's folders, whose rights another run of root's takes back."""
    where = MEMORY if MEMORY.is_dir() and disk_usage(MEMORY).free > ROOM_BYTES else None
    with (
        tempfile.TemporaryDirectory(prefix="hub-test-", dir=where, ignore_cleanup_errors=True) as place,
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


@pytest.fixture(scope="session")
def databases(server: URL, template: str) -> Iterator[Databases]:
    """Where tests get databases from."""
    made = Databases(server, template)
    yield made
    made.close()


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The URL of a database with every table and no row."""
    with databases.lent() as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with every table."""
    made = Database(database_url)
    yield made
    made.close()
