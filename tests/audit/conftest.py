"""A log on a fresh database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.audit.service import Log
from hub.storage.database import Database
from tests.support.log import House


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    """An empty log."""
    return House(database, tmp_path)


@pytest.fixture
def log(house: House) -> Iterator[Log]:
    """A log whose own threads sequence it."""
    made = house.log()
    made.start()
    yield made
    made.stop()
