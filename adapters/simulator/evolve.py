"""A later state of the county: what the registries hold after another day's changes."""

from dataclasses import replace
from datetime import date

from adapters.simulator.county import County
from hub.errors import Malformed


def evolve(county: County, day: date) -> County:
    """The county as the registries show it on a later day; the same day always brings the same changes.

    Weddings, divorces, deaths, a reversed and a corrected death, a transfer of land, corrected numbers, moved
    households, one that left low-income aid, births, a cancelled organisation; and rows that their owners corrected.

    Raises:
        Malformed: the day is not after the present state.
    """
    if day <= county.today:
        raise Malformed(
            "simulator.day-not-later",
            "A county can only be evolved to a day after its present state.",
            "模拟县只能演进到当前状态之后的日期。",
            today=county.today.isoformat(),
        )
    return replace(county, days=(*county.days, day))
