"""A small county whose five registries were pushed through the real doors, once for all flows."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

import pytest
from rich.console import Console
from rich.progress import Progress

from adapters.agent.model import PushReport
from adapters.simulator.cast import Cast
from adapters.simulator.county import County, make_county
from hub.client.approval import ApprovalClient
from hub.demo.parties import OPERATOR, trust_policy
from hub.demo.place import Place
from hub.demo.plays import window
from hub.demo.pushing import push_all, registries_of
from hub.demo.stage import Stage
from hub.exchange.trust import parse_trust_policy
from hub.sharing.reading import shipped_grants
from tests.support.databases import Databases
from tests.support.running import running


@dataclass(frozen=True)
class Town:
    """The pushed county: what is up, who lives there, and what each adapter reported."""

    stage: Stage
    county: County
    reports: dict[str, PushReport]
    push_now: Callable[[], dict[str, PushReport]]
    policy: dict[str, object]
    at: Callable[[str], AbstractContextManager[ApprovalClient]]

    @property
    def cast(self) -> Cast:
        """Those whose circumstances are known."""
        return self.county.cast


@pytest.fixture(scope="session")
def town(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Sixty residents and ten organisations, pushed by the five adapters over HTTP."""
    with databases.lent() as url, running(url, tmp_path_factory.mktemp("town")) as up:
        yield from _pushed(Stage(Place(tmp_path_factory.mktemp("place")), up.url, up.hub, up.cabinet, url))


def _pushed(stage: Stage) -> Iterator[Town]:
    edition = stage.hub.catalogue.publish_shipped(by=OPERATOR)
    stage.hub.sharing.take_over(shipped_grants(edition.catalogue), by=OPERATOR)
    county = make_county(60, 10)
    bars = Progress(console=Console(quiet=True), disable=True)
    policy = dict(trust_policy(stage.hub, stage.cabinet))
    with registries_of(county, stage, lambda _done, _all: None) as addresses:
        push_now = partial(push_all, stage, addresses, bars)
        at = partial(window, stage, policy=parse_trust_policy(policy))
        yield Town(stage, county, push_now(), push_now, policy, at)
