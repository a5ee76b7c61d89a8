"""A hub as the doors open onto it: built from settings, served over HTTP, with keys made for the test."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from hub.api.app import application
from hub.api.limits import Limits
from hub.api.rooms import Hub
from hub.api.server import listening_socket, served
from hub.bootstrap import build
from hub.client.channel import Channel, Identity
from hub.demo.parties import HUB_ID, KeyCabinet, register_everyone
from hub.kernel.clock import Clock, SystemClock
from hub.settings import settings_from


@dataclass(frozen=True)
class Running:
    """A served hub; every party of the demo is registered with a key of its own."""

    url: str
    hub: Hub
    cabinet: KeyCabinet
    clock: Clock = field(default_factory=SystemClock)

    def identity_of(self, party: str) -> Identity:
        """Who calls as ``party``."""
        return Identity(party, self.cabinet.signer_of(party), HUB_ID, self.clock)

    def channel(self, party: str) -> Channel:
        """A channel for ``party`` that gives up at once."""
        return Channel(self.url, self.identity_of(party), patience_seconds=0)


@contextmanager
def running(
    database_url: str, place: Path, *, limits: Limits | None = None, clock: Clock | None = None
) -> Iterator[Running]:
    """A hub over the database, served on a free port until the block ends; it and its callers live by ``clock``."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    cabinet = KeyCabinet(place / "keys")
    cabinet.fill()
    environment = {
        **cabinet.environment(),
        "HUB_DATABASE_URL": database_url,
        "HUB_DATA_DIR": str(place / "hub"),
        "HUB_POOL_SIZE": "8",
    }
    clock = clock or SystemClock()
    hub = build(settings_from(environment), clock)
    register_everyone(hub, cabinet)
    at = listening_socket("127.0.0.1", 0)
    with served(lambda: application(lambda: hub, limits or Limits()), at) as url:
        yield Running(url, hub, cabinet, clock)
