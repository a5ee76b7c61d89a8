"""One county, prepared once, cloned for each test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import URL, make_url

from hub.bootstrap import build
from hub.kernel.clock import FixedClock
from hub.proof.keys import FileSigner
from hub.settings import Settings
from tests.evidence.pushing import Department
from tests.exchange.world import World, county, family, settings_in
from tests.support.databases import Databases

NOW = datetime(2026, 11, 2, 3, tzinfo=UTC)


@dataclass(frozen=True)
class Prepared:
    """Databases with a county in them, and the keys of everybody there."""

    clones: Databases
    settings: Settings
    signers: dict[str, FileSigner]
    chains: dict[str, Department]


@pytest.fixture(scope="session")
def prepared(
    server: URL, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Prepared]]:
    """Makes, once each, the county that holds nothing about anybody (``bare``) or a family's evidence (``family``)."""
    made: dict[str, Prepared] = {}
    with ExitStack() as open_until_the_end:

        def make(kind: str) -> Prepared:
            if kind not in made:
                url = open_until_the_end.enter_context(databases.lent())
                settings = settings_in(tmp_path_factory.mktemp(kind), url)
                with county(settings, FixedClock(NOW)) as world:
                    if kind == "family":
                        family(world)
                        world.open_case("2026-0001")
                    clones = Databases(server, str(make_url(url).database))
                    open_until_the_end.callback(clones.close)
                    made[kind] = Prepared(clones, settings, world.signers, world.chains)
            return made[kind]

        yield make


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def running(
    prepared: Callable[[str], Prepared], clock: FixedClock, tmp_path: Path
) -> Callable[..., AbstractContextManager[World]]:
    """Runs a clone of a prepared county, with settings changed."""

    @contextmanager
    def run(kind: str, **changed: Any) -> Iterator[World]:
        ready = prepared(kind)
        data = shutil.copytree(ready.settings.data_dir, tmp_path / "data")
        with ready.clones.lent() as url:
            hub = build(replace(ready.settings, database_url=url, data_dir=data, **changed), clock)
            hub.start()
            try:
                yield World(hub, clock, dict(ready.signers), dict(ready.chains))
            finally:
                hub.close()

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
