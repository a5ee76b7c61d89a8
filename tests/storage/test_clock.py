"""The hub's time is the database's, whatever a node takes for the time of day."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from hub.bootstrap import build
from hub.demo.parties import KeyCabinet
from hub.errors import Unavailable
from hub.kernel import clock
from hub.settings import settings_from
from hub.storage.clock import CARRIED_SECONDS, MOST_SECONDS, DatabaseClock
from hub.storage.database import Database


class Steady:
    """A steady clock that runs when told to."""

    seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_node_whose_clock_is_days_away_lives_by_the_time_of_the_database(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(days=2)

    monkeypatch.setattr(clock, "datetime", Ahead)
    cabinet = KeyCabinet(tmp_path / "keys")
    cabinet.fill()
    told = {**cabinet.environment(), "HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(tmp_path / "hub")}
    hub = build(settings_from(told))
    try:
        assert clock.SystemClock().now() - datetime.now(UTC) > timedelta(days=1)
        assert abs(hub.clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    finally:
        hub.close()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def looked(shared: DatabaseClock) -> None:
    """The look under way, if any, has ended."""
    with shared._is_looking:
        pass


def test_the_time_is_carried_on_between_looks(database: Database) -> None:
    steady = Steady()
    shared = DatabaseClock(database, monotonic=steady)
    first = shared.now()
    steady.seconds += CARRIED_SECONDS - 1
    assert shared.now() - first == timedelta(seconds=CARRIED_SECONDS - 1)
    steady.seconds += 3_600
    shared.now()
    looked(shared)
    assert shared.now() - first < timedelta(minutes=30)  # an hour has passed on this machine alone


def test_nobody_waits_for_a_database_that_hangs_and_it_is_asked_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady, hanging, asked = Steady(), threading.Event(), []
    shared = DatabaseClock(database, monotonic=steady)
    first = shared.now()
    looking = database.looking

    def look() -> AbstractContextManager[object]:
        asked.append(steady.seconds)
        hanging.wait(10)
        steady.seconds += MOST_SECONDS + 1
        return looking()

    monkeypatch.setattr(database, "looking", look)
    for _ in range(3):
        steady.seconds += 60
        shared.now()
    assert shared.now() - first == timedelta(seconds=180)
    hanging.set()
    looked(shared)
    assert len(asked) == 1
    assert shared.now() - first > timedelta(seconds=180)  # an answer that came late is no time to go by


def test_a_database_that_goes_away_leaves_the_time_and_one_that_never_was_there_has_none(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = Steady()
    shared = DatabaseClock(database, monotonic=steady)
    first = shared.now()
    away = Database("postgresql://nobody@127.0.0.1:1/nothing", connect_seconds=1)
    monkeypatch.setattr(shared, "_database", away)
    steady.seconds += 60
    shared.now()
    looked(shared)
    assert shared.now() - first == timedelta(seconds=60)
    with pytest.raises(Unavailable):
        DatabaseClock(away).now()
    away.close()
