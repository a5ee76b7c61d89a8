"""The hub's time is the database's, whatever a node takes for the time of day."""

from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from hub.bootstrap import build
from hub.demo.parties import KeyCabinet
from hub.errors import Unavailable
from hub.kernel import clock
from hub.settings import settings_from
from hub.storage.clock import CARRIED_SECONDS, DatabaseClock
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


def test_the_time_is_carried_on_between_looks_and_while_the_database_is_away(database_url: str) -> None:
    database, steady = Database(database_url), Steady()
    shared = DatabaseClock(database, monotonic=steady)
    first = shared.now()
    steady.seconds += CARRIED_SECONDS - 1
    assert shared.now() - first == timedelta(seconds=CARRIED_SECONDS - 1)
    steady.seconds += 3_600
    assert shared.now() - first < timedelta(minutes=30)  # looked again: an hour has passed on this machine alone
    database.close()


def test_a_database_that_is_away_is_waited_for_once_in_ten_seconds_by_one_caller(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, steady = Database(database_url), Steady()
    shared = DatabaseClock(database, monotonic=steady)
    first = shared.now()
    away, looks = Database("postgresql://nobody@127.0.0.1:1/nothing", connect_seconds=1), []

    def look() -> object:
        looks.append(steady.seconds)
        return away.looking()

    monkeypatch.setattr(shared._database, "looking", look)
    steady.seconds += 60
    assert shared.now() - first == timedelta(seconds=60)
    steady.seconds += 5
    assert shared.now() - first == timedelta(seconds=65)
    assert len(looks) == 1
    database.close()
    with pytest.raises(Unavailable):
        DatabaseClock(away).now()
    away.close()
