"""The simulated county 模拟县 of any size, made village by village from its seed so that memory does not grow."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
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
    days: tuple[date, ...] = ()

    @cached_property
    def cast(self) -> Cast:
        """The protagonists of the demonstration; they live in the first village."""
        return make_cast(_empty_village(self, 0))

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
        maker = _settle(self, index)
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
    return County(residents, organisations, seed, on)


def _empty_village(county: County, index: int) -> Maker:
    village = Village(index=index, on=county.on, days=county.days)
    return Maker(village, Random(f"{county.seed}|{index}"), NumberOffice(index))  # noqa: S311  # 〃


def _settle(county: County, index: int) -> Maker:
    maker = _empty_village(county, index)
    if index == 0:
        maker.apart = make_cast(maker).subjects()
    village = maker.village
    size = min(VILLAGE_SIZE, county.residents - index * VILLAGE_SIZE)
    while len(village.people) < size:
        make_family(maker)
    share = len(range(index, county.organisations, county.village_count))
    make_organisations(maker, max(0, share - len(village.organisations)))
    make_homes(maker)
    make_offices(maker)
    return maker
