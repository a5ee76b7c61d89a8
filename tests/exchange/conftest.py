"""One county, prepared once, cloned for each test."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from hub.bootstrap import build
from hub.kernel.clock import FixedClock
from hub.proof.keys import FileSigner
from hub.settings import Settings
from hub.storage.embedded import ensure_database
from tests.evidence.pushing import Department
from tests.exchange.world import World, county, family, settings_in

NOW = datetime(2026, 11, 2, 3, tzinfo=UTC)


@dataclass(frozen=True)
class Prepared:
    """A database with a county in it, and the keys of everybody there."""

    database: str
    settings: Settings
    signers: dict[str, FileSigner]
    chains: dict[str, Department]


def _url(server: URL, name: str) -> str:
    return server.set(database=name, drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def prepared(server: URL, template: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Prepared]:
    """Makes, once each, the county that holds nothing about anybody (``bare``) or a family's evidence (``family``)."""
    made: dict[str, Prepared] = {}
    admin = create_engine(server, isolation_level="AUTOCOMMIT")

    def make(kind: str) -> Prepared:
        if kind not in made:
            name = f"county_{kind}"
            with admin.connect() as connection:
                connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
            settings = settings_in(tmp_path_factory.mktemp(name), _url(ensure_database(server, name), name))
            with county(settings, FixedClock(NOW)) as world:
                if kind == "family":
                    family(world)
                    world.open_case("2026-0001")
                made[kind] = Prepared(name, settings, world.signers, world.chains)
            admin.dispose()
        return made[kind]

    return make


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def running(
    server: URL, prepared: Callable[[str], Prepared], clock: FixedClock, tmp_path: Path
) -> Callable[..., AbstractContextManager[World]]:
    """Runs a clone of a prepared county, with settings changed."""
    admin = create_engine(server, isolation_level="AUTOCOMMIT")

    @contextmanager
    def run(kind: str, **changed: Any) -> Iterator[World]:
        ready = prepared(kind)
        name = f"t_{secrets.token_hex(6)}"
        with admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{ready.database}"'))
        data = shutil.copytree(ready.settings.data_dir, tmp_path / "data")
        hub = build(replace(ready.settings, database_url=_url(server, name), data_dir=data, **changed), clock)
        hub.start()
        try:
            yield World(hub, clock, dict(ready.signers), dict(ready.chains))
        finally:
            hub.close()
            with admin.connect() as connection:
                connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
            admin.dispose()

    return run


@pytest.fixture
def bare(running: Callable[..., AbstractContextManager[World]]) -> Iterator[World]:
    """A running hub that holds nothing about anybody."""
    with running("bare") as world:
        yield world


@pytest.fixture
def world(running: Callable[..., AbstractContextManager[World]]) -> Iterator[World]:
    """A running hub that holds a family's evidence, and a case of theirs."""
    with running("family") as world:
        yield world
