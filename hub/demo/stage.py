"""The demo's stage: database, keys, hub and HTTP interface, up for as long as the story and its listeners last."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from shlex import quote
from typing import Final

from hub.api.app import application
from hub.api.limits import Limits
from hub.api.rooms import Hub
from hub.api.server import served
from hub.demo.parties import OPERATOR, KeyCabinet, register_everyone
from hub.demo.place import Place
from hub.demo.witnesses import witnesses_of
from hub.sharing.reading import shipped_grants
from hub.storage.database import Database
from hub.storage.embedded import address_of, data_directory, embedded_server, fresh_database
from hub.storage.migrate import migrate

DATABASE: Final = "demo"


MakeHub = Callable[[Mapping[str, str]], Hub]
"""Builds a hub from HUB_* variables."""


@dataclass(frozen=True)
class Stage:
    """What is up: the address that others call, the hub behind it, everyone's keys."""

    place: Place
    url: str
    hub: Hub
    cabinet: KeyCabinet
    database_url: str
    witnesses: tuple[str, ...] = ()


@contextmanager
def stage(place: Place, at: socket.socket, make_hub: MakeHub) -> Iterator[Stage]:
    """Everything is up inside the block and down after it, also when it is interrupted."""
    cabinet = KeyCabinet(place.keys)
    cabinet.fill()
    with (
        embedded_server(data_directory(place.root / "postgres"), durable=True) as server,
        witnesses_of(cabinet, place.witnesses) as witnesses,
    ):
        database_url = address_of(fresh_database(server, DATABASE))
        _bring_up_to_date(database_url)
        environment = _environment(place, cabinet, at, database_url)
        environment["HUB_WITNESS_POLICY"] = str(witnesses.policy_file)
        _keep_environment(place, environment)
        hub = make_hub(environment)
        with served(lambda: application(lambda: hub, Limits()), at) as url:
            _open_for_business(hub, cabinet)
            yield Stage(place, url, hub, cabinet, database_url, witnesses.vkeys)


def _bring_up_to_date(database_url: str) -> None:
    database = Database(database_url)
    try:
        migrate(database)
    finally:
        database.close()


def _environment(place: Place, cabinet: KeyCabinet, at: socket.socket, database_url: str) -> dict[str, str]:
    host, port = at.getsockname()[:2]
    return {
        **cabinet.environment(),
        "HUB_DATABASE_URL": database_url,
        "HUB_DATA_DIR": str(place.root / "hub"),
        "HUB_HOST": host,
        "HUB_PORT": str(port),
    }


def _keep_environment(place: Place, environment: Mapping[str, str]) -> None:
    """`. hub.env` lets the command line work on the demo's hub."""
    lines = [f"export {name}={quote(value)}\n" for name, value in environment.items()]
    (place.root / "hub.env").write_text("".join(lines), encoding="utf-8")
    (place.root / "hub.env").chmod(0o600)


def _open_for_business(hub: Hub, cabinet: KeyCabinet) -> None:
    register_everyone(hub, cabinet)
    edition = hub.catalogue.publish_shipped(by=OPERATOR)
    hub.sharing.take_over(shipped_grants(edition.catalogue), by=OPERATOR)
