"""The one clock, injected wherever time matters, so that a test can hold it still."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")
"""Statutory days and registry exports count in this zone."""


class Clock(Protocol):
    """Whatever can say the present instant."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that moves only when told to."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The instant it was last set to."""
        return self._at

    def advance(self, seconds: float = 0, *, days: float = 0) -> datetime:
        """The new present, later by what is given."""
        self._at += timedelta(days=days, seconds=seconds)
        return self._at


def local_date(instant: datetime) -> date:
    """The calendar day of ``instant`` in Asia/Shanghai."""
    return instant.astimezone(LOCAL).date()


def end_of(day: date) -> datetime:
    """The last instant of ``day`` in Asia/Shanghai, in UTC."""
    return datetime.combine(day, time.max, LOCAL).astimezone(UTC)
