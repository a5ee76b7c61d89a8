"""A whole invented county through all five adapters: every row accounted for, a second run silent, changes followed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from adapters.agent.model import PushReport
from adapters.mapping.load import REGISTRIES
from adapters.simulator import marriage
from adapters.simulator.county import make_county
from adapters.simulator.evolve import evolve
from adapters.simulator.faults import Faults
from adapters.simulator.registries import Published, publish
from tests.support.adapter_runs import hub_for, run
from tests.support.fake_hub import FakeHub


@contextmanager
def source(published: Published, registry: str) -> Iterator[str]:
    access = marriage.Access()
    if registry == "marriage":
        faults = Faults(hang=0, retry_after_seconds=0)
        with marriage.running(marriage.app(published.marriage_events, faults)) as url:
            yield f"{url}{access.path}?appkey={access.appkey}&rid={access.rid}&sid={access.sid}"
        return
    yield {
        "civil_affairs": published.civil_url,
        "land": published.land_url,
        "funeral": str(published.funeral_folder),
        "low_income": str(published.low_income_workbooks[0].parent),
    }[registry]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> tuple[Published, Published]:
    today = make_county(240, 24)
    tomorrow = evolve(today, today.on + timedelta(days=40))
    folder = tmp_path_factory.mktemp("county")
    return publish(today, folder / "today"), publish(tomorrow, folder / "tomorrow")


def push(hub: FakeHub, published: Published, registry: str) -> PushReport:
    with source(published, registry) as where:
        report = run(hub, registry, where)
    assert all(export.is_complete for export in report.exports)
    return report


@pytest.mark.parametrize("registry", REGISTRIES)
def test_a_county_goes_in_once_and_its_changes_follow(registry: str, county: tuple[Published, Published]) -> None:
    today, tomorrow = county
    hub = hub_for(registry)
    first = push(hub, today, registry)
    assert first.accepted > 0
    assert first.unusable < first.read * 0.2
    assert not first.missing
    before = hub.contents(registry)
    again = push(hub, today, registry)
    assert (again.accepted, again.withdrawn) == (0, 0)
    assert hub.contents(registry) == before
    push(hub, tomorrow, registry)
    straight = hub_for(registry)
    push(straight, tomorrow, registry)
    if registry in ("civil_affairs", "land", "low_income"):
        assert hub.contents(registry) == straight.contents(registry)
    else:
        assert straight.contents(registry).items() <= hub.contents(registry).items()
