"""One served hub for all tests of the HTTP interface that change nothing another one reads."""

import secrets
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import URL, create_engine, text

from tests.support.running import Running, running


@pytest.fixture(scope="session")
def served_hub(server: URL, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A hub with the demo's parties and nothing in it."""
    name = f"api_{secrets.token_hex(6)}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    url = server.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    with running(url, tmp_path_factory.mktemp("hub")) as up:
        yield up
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture
def http(served_hub: Running) -> Iterator[httpx.Client]:
    """Plain calls to it."""
    with httpx.Client(base_url=served_hub.url, timeout=30) as client:
        yield client
