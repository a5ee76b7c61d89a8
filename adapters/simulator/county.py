"""The simulated county 模拟县: any size, made village by village from its seed, so that memory does not grow with it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Final

from adapters.simulator.cast import Cast, make_cast
from adapters.simulator.changes import live_through
from adapters.simulator.homes import make_homes, make_offices
from adapters.simulator.households import make_family
from adapters.simulator.model import Village
from adapters.simulator.numbers import NumberOffice
from adapters.simulator.organisations import make_organisations
from adapters.simulator.people import Maker
from adapters.simulator.place import VILLAGE_SIZE
from hub.errors import Malformed

DEFAULT_SEED: Final = 20251
DEFAULT_ON: Final = date(2026, 11, 1)
SMALLEST: Final = 60
"""Residents that the cast and its families need."""


@dataclass(frozen=True)
class County:
    """A county as it is on the last of ``days``; the same fields always make the same county."""

    residents: int
    organisations: int
    seed: int
    on: date
    cast: Cast
    days: tuple[date, ...] = ()

    @property
    def today(self) -> date:
        """The day of this state."""
        return self.days[-1] if self.days else self.on

    @property
    def village_count(self) -> int:
        """Into how many parts the county is made."""
        return -(-self.residents // VILLAGE_SIZE)

    def village(self, index: int) -> Village:
        """One part of the county with all that happened to it up to today."""
        maker, _ = _settle(self, index)
        for day in self.days:
            maker.rng = Random(f"{self.seed}|{day}|{index}")  # noqa: S311  # an invented county needs no secrets
            live_through(maker, day)
        return maker.village

    def villages(self) -> Iterator[Village]:
        """Every part in turn; only one need be held."""
        return (self.village(index) for index in range(self.village_count))


def make_county(
    residents: int = 3000, organisations: int = 200, *, seed: int = DEFAULT_SEED, on: date = DEFAULT_ON
) -> County:
    """An invented county of about that many residents (the living and the recently dead) and organisations.

    Raises:
        Malformed: too small for the cast.
    """
    if residents < SMALLEST or organisations < 0:
        raise Malformed(
            "simulator.county-too-small",
            f"A simulated county needs at least {SMALLEST} residents.",
            f"模拟县至少需要 {SMALLEST} 名居民。",
            residents=residents,
        )
    draft = County(residents, organisations, seed, on, cast=None)  # type: ignore[arg-type]  # made one line below
    _, cast = _settle(draft, 0)
    return replace(draft, cast=cast)


def _settle(county: County, index: int) -> tuple[Maker, Cast | None]:
    village = Village(index=index, on=county.on, days=county.days)
    rng = Random(f"{county.seed}|{index}")  # noqa: S311  # 〃
    maker = Maker(village, rng, NumberOffice(index))
    cast = make_cast(maker) if index == 0 else None
    maker.apart = cast.subjects() if cast else frozenset()
    size = min(VILLAGE_SIZE, county.residents - index * VILLAGE_SIZE)
    while len(village.people) < size:
        make_family(maker)
    share = len(range(index, county.organisations, county.village_count))
    make_organisations(maker, max(0, share - len(village.organisations)))
    make_homes(maker)
    make_offices(maker)
    return maker, cast
