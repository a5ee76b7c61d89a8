"""One served hub for all tests of the HTTP interface that change nothing another one reads."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.databases import Databases
from tests.support.running import Running, running


@pytest.fixture(scope="session")
def served_hub(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A hub with the demo's parties and nothing in it."""
    with databases.lent() as url, running(url, tmp_path_factory.mktemp("hub")) as up:
        yield up


@pytest.fixture
def http(served_hub: Running) -> Iterator[httpx.Client]:
    """Plain calls to it."""
    with httpx.Client(base_url=served_hub.url, timeout=30) as client:
        yield client
