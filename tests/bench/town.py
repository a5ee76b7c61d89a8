"""A served hub with an invented county, for benches: `hub serve` as processes of its own, registries as files."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.agent.model import PushReport
from adapters.agent.push import push
from adapters.mapping.load import REGISTRIES, default_mapping
from adapters.simulator.county import make_county
from adapters.simulator.faults import Faults
from adapters.simulator.marriage import Access, app, running
from adapters.simulator.registries import Published, publish
from hub.bootstrap import build
from hub.demo.parties import HUB_ID, KeyCabinet, register_everyone
from hub.settings import settings_from
from hub.sharing.reading import shipped_grants
from hub.storage.database import Database
from hub.storage.migrate import migrate
from tests.bench.stage import database, free_port, serving

OPERATOR = "auth:data-bureau"


@dataclass(frozen=True)
class Town:
    """What a bench needs: where the hub is, everyone's keys, where the registries are."""

    root: Path
    environment: dict[str, str]
    cabinet: KeyCabinet
    url: str = ""
    pid: int = 0

    @property
    def database_url(self) -> str:
        return self.environment["HUB_DATABASE_URL"]


@contextmanager
def opened(root: Path) -> Iterator[Town]:
    """A database with catalogue, grants and parties, and nothing served yet."""
    cabinet = KeyCabinet(root / "keys")
    cabinet.fill()
    with database(root, "bench") as url:
        environment = {**cabinet.environment(), "HUB_DATABASE_URL": url, "HUB_DATA_DIR": str(root / "hub")}
        _open(url, environment, cabinet)
        yield Town(root, environment, cabinet)


def _open(url: str, environment: dict[str, str], cabinet: KeyCabinet) -> None:
    shaped = Database(url)
    migrate(shaped)
    shaped.close()
    hub = build(settings_from(environment))
    register_everyone(hub, cabinet)
    edition = hub.catalogue.publish_shipped(by=OPERATOR)
    hub.sharing.take_over(shipped_grants(edition.catalogue), by=OPERATOR)
    hub.database.close()


@contextmanager
def served(town: Town, *, workers: int) -> Iterator[Town]:
    """The town's hub answers at ``url`` until the block ends."""
    port = free_port()
    environment = {**town.environment, "HUB_PORT": str(port), "HUB_WORKERS": str(workers), "HUB_LOG_LEVEL": "warning"}
    url = f"http://127.0.0.1:{port}"
    program = [str(Path(sys.executable).with_name("hub")), "serve"]
    with serving(program, url, environment, ready="/readyz") as pid:
        yield Town(town.root, environment, town.cabinet, url, pid)


def settled(root: Path, residents: int) -> Published:
    """An invented county of ``residents``, written into its registries."""
    return publish(make_county(residents, max(20, residents // 15)), root / "registries")


def pushed(town: Town, county: Published) -> list[PushReport]:
    """Every registry pushed, as its department would."""
    with running(app(county.marriage_events, Faults.none())) as marriage:
        sources = {
            "civil_affairs": county.civil_url,
            "land": county.land_url,
            "marriage": Access().url(marriage),
            "funeral": county.funeral_folder,
            "low_income": county.low_income_workbooks[-1].parent,
        }
        return [pushed_one(town, registry, sources[registry]) for registry in REGISTRIES]


def pushed_one(town: Town, registry: str, source: str | Path) -> PushReport:
    """One registry pushed."""
    signer = town.cabinet.signer_of(default_mapping(registry).department)
    return push(registry, source, hub_url=town.url, signer=signer, record_key=bytes(32))


__all__ = ["HUB_ID", "Town", "opened", "pushed", "pushed_one", "served", "settled"]
