"""The invented county 青溪县: its codes, towns, addresses and offices.

The region code is one that GB/T 2260 has never given to a county, so that no number made here can belong to anybody.
"""

from random import Random
from typing import Final

from adapters.simulator.lexicon import STREETS, TOWNS, VILLAGE_WORDS

COUNTY: Final = "青溪县"
COUNTY_CODE: Final = "330199"
PREFECTURE: Final = "浙江省东江市"
PROVINCE_SHORT: Final = "浙"
ABOLISHED_CODES: Final = ("330125", "330181", "330183")
"""余杭, 萧山 and 富阳 as counties: abolished 撤销, still valid inside numbers and still written in old columns."""

VILLAGE_SIZE: Final = 2000
"""Residents that are made, and held in memory, at a time."""
VILLAGES_PER_CODE: Final = 150
"""Villages whose resident numbers fit under one region code without a number being given twice."""


def region_code(village: int) -> str:
    """The code under which a village's residents are first registered 首次登记."""
    return f"{int(COUNTY_CODE) - village // VILLAGES_PER_CODE:06d}"


def town_code(village: int) -> str:
    """Nine digits: county and township 乡镇."""
    return f"{COUNTY_CODE}{100 + village % len(TOWNS):03d}"


def village_name(village: int) -> str:
    """Town and village as an address writes them."""
    word = VILLAGE_WORDS[village // len(TOWNS) % len(VILLAGE_WORDS)]
    return f"{TOWNS[village % len(TOWNS)]}{word}村"


def home_address(village: int, household: int) -> str:
    """The address of the village's ``household``-th house; no two households share one."""
    group, house = divmod(household, 40)
    return f"{PREFECTURE}{COUNTY}{village_name(village)}{group + 1}组{house + 1}号"


def office_address(rng: Random, village: int, serial: int) -> str:
    """The address of an office in the county town 县城."""
    return f"{COUNTY}{rng.choice(STREETS)}{village * 100 + serial + 1}号"


def grid_code(village: int, household: int) -> str:
    """The cell 网格 of grid management 网格化管理 in which a household lives."""
    return f"{town_code(village)}{village % 1000:03d}{household // 40 % 1000:03d}"
