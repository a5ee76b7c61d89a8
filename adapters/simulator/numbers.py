"""Numbers of every kind, invented in sequence, each with the check character of its standard."""
# ruff: noqa: PLR2004  # shares, ages and lengths are this module's content, and stand where they are used

from collections import Counter
from datetime import date, timedelta
from random import Random

from adapters.simulator.place import (
    ABOLISHED_CODES,
    COUNTY,
    COUNTY_CODE,
    PROVINCE_SHORT,
    VILLAGES_PER_CODE,
    region_code,
)
from hub.kernel.checkdigits import (
    credit_code_check,
    organisation_code_check,
    registration_number_check,
    resident_id_check,
)

FIRST_UNIFIED_CERTIFICATE = 2015
"""From this year real-estate certificates 不动产权证 are uniform; the older house and land certificates stay valid."""
_FIRST_STANDARD_MARRIAGE_CERTIFICATE = 2004
_SLOTS = 3
_MALE = "1"
_REGISTRATIONS_A_YEAR = 6000


def resident_number(region: str, born: date, serial: int) -> str:
    """A resident ID 公民身份号码 with its check character."""
    first17 = f"{region}{born:%Y%m%d}{serial:03d}"
    return first17 + resident_id_check(first17)


class NumberOffice:
    """Gives one village's numbers, so that villages can be made in any order and never give the same number twice."""

    def __init__(self, village: int) -> None:
        self._village = village
        self._given: Counter[object] = Counter()

    def _next(self, kind: object) -> int:
        self._given[kind] += 1
        return self._given[kind] - 1

    def resident(self, born: date, sex: str, region: str = "") -> tuple[str, date]:
        """A new resident ID and the birth date in it: a later day when the date's serials are used up."""
        region = region or region_code(self._village)
        while self._given[region, born, sex] >= _SLOTS:
            born += timedelta(days=1)
        slot = self._next((region, born, sex))
        serial = 2 * _SLOTS * (self._village % VILLAGES_PER_CODE) + 2 * slot + (1 if sex == _MALE else 2)
        return resident_number(region, born, serial), born

    def region_of_first_registration(self, rng: Random) -> str:
        """Nearly always the county's own code; for a few one that was abolished 撤销 since."""
        if rng.random() < 0.02 and self._village < VILLAGES_PER_CODE:
            return rng.choice(ABOLISHED_CODES)
        return region_code(self._village)

    def foreign_document(self, rng: Random, born: date, sex: str) -> tuple[str, str]:
        """A document kind (canonical code) and number of someone without a resident ID."""
        kind = rng.choice(("551", "552", "414", "516"))
        serial = self._village * 1000 + self._next("foreign")
        if kind in ("551", "552"):
            region = "830000" if kind == "552" else rng.choice(("810000", "820000"))
            return kind, self.resident(born, sex, region)[0]
        if kind == "516":
            return kind, f"H{serial:08d}"
        return kind, f"E{serial:08d}"

    def phone(self) -> str:
        """A mobile number in a range that no operator uses."""
        return f"120{self._village % 1000:03d}{self._next('phone') % 100000:05d}"

    def organisation_code(self, prefix: str = "MJ") -> str:
        """Nine characters 组织机构代码, without the dash."""
        first8 = f"{prefix}{(self._village * 2000 + self._next('organisation')) % 1000000:06d}"
        return first8 + organisation_code_check(first8)

    def credit_code(self, kind: str, organisation_code: str) -> str:
        """Eighteen characters 统一社会信用代码 around an organisation code."""
        first17 = f"{kind}{COUNTY_CODE}{organisation_code}"
        return first17 + credit_code_check(first17)

    def registration_number(self) -> str:
        """Fifteen digits 工商注册号."""
        first14 = f"{COUNTY_CODE}{self._village * 2000 + self._next('registration'):08d}"
        return first14 + registration_number_check(first14)

    def real_estate_unit(self, feature: str = "F") -> str:
        """Twenty-eight characters 不动产单元代码: cadastral area, parcel, building unit."""
        serial = self._next("parcel")
        parcel, building = divmod(serial, 20)
        area = f"{1 + self._village // 1000:03d}{self._village % 1000:03d}"
        return f"{COUNTY_CODE}{area}GB{parcel + 1:05d}{feature}{building + 1:08d}"

    def real_estate_certificate(self, year: int, *, land: bool = False) -> str:
        """A certificate number in the form of its year."""
        serial = self._village * 4000 + self._next(("certificate", year)) + 1
        if year >= FIRST_UNIFIED_CERTIFICATE:
            return f"{PROVINCE_SHORT}({year}){COUNTY}不动产权第{serial:07d}号"
        if land:
            return f"青国用({year})第{serial:06d}号"
        return f"房权证青字第{year % 100:02d}{serial:06d}号"

    def marriage_certificate(self, letter: str, on: date) -> str:
        """J or BJ marriage, L or BL divorce; a free form before the numbering was uniform."""
        serial = self._village % VILLAGES_PER_CODE * _REGISTRATIONS_A_YEAR + self._next(("marriage", on.year)) + 1
        if on.year < _FIRST_STANDARD_MARRIAGE_CERTIFICATE:
            return f"{PROVINCE_SHORT}青{'离' if letter.endswith('L') else '结'}字第{on.year}{serial:06d}号"
        return f"{letter}{COUNTY_CODE}-{on.year}-{serial:06d}"

    def serial(self, kind: str) -> str:
        """A number of a registry's own 内部编号, seven digits."""
        return f"{self._village * 10000 + self._next(kind) + 1:07d}"
