"""Makes real-estate rights 不动产权利: homes, contracted land, offices, earlier owners and mortgagees."""
# ruff: noqa: PLR2004  # shares, ages and lengths are this module's content, and stand where they are used

from dataclasses import replace
from datetime import date, timedelta

from adapters.simulator.model import Household, Organisation, Right
from adapters.simulator.people import Maker

SPOUSE = "10"
HOUSE, HOMESTEAD, CONTRACTED, MORTGAGE = "4", "6", "9", "23"


def add_right(  # noqa: PLR0913  # a right has these many facts
    maker: Maker, holders: tuple[str, ...], location: str, *, on: date, kind: str = HOUSE, area_cm2: int = 0
) -> Right:
    """Register a right in a new unit."""
    numbers, rng = maker.numbers, maker.rng
    area = area_cm2 or rng.randint(6000, 18000) * 100
    right = Right(
        unit=numbers.real_estate_unit("W" if kind == CONTRACTED else "F"),
        certificate=numbers.real_estate_certificate(on.year, land=kind in (HOMESTEAD, CONTRACTED)),
        business=f"{on:%Y%m%d}{maker.village.index:04d}{numbers.serial('business')}",
        kind=kind,
        holders=holders,
        location=location,
        area_cm2=area,
        price_fen=area * rng.randint(60, 160) if kind == HOUSE else 0,
        registered_on=on,
        reason="合同约定" if kind == HOUSE else "依法取得",
        shares=len(holders) > 1 and rng.random() < 0.2,
    )
    maker.village.rights.append(right)
    return right


def make_homes(maker: Maker) -> None:
    """Give most households their home, some also contracted land, an earlier owner or a mortgage."""
    owners = [one for one in maker.village.people if one not in maker.apart]
    for household in maker.village.households:
        if household.head in maker.apart:
            continue
        if maker.rng.random() < 0.8:
            _home(maker, household, owners)
        if maker.rng.random() < 0.12:
            on = _day(maker, 3000, 9000)
            add_right(maker, (household.head,), f"{household.address}承包地", on=on, kind=CONTRACTED)


def make_offices(maker: Maker) -> None:
    """Give some organisations the premises at their address."""
    for organisation in maker.village.organisations.values():
        if organisation.id in maker.apart or organisation.branch_of or organisation.status != "正常":
            continue
        if maker.rng.random() < 0.5:
            add_office(maker, organisation)


def add_office(maker: Maker, organisation: Organisation) -> Right:
    """An organisation's own office with its certificate."""
    on = max(_day(maker, 100, 4000), organisation.founded)
    return add_right(
        maker, (organisation.id,), organisation.address, on=on, area_cm2=maker.rng.randint(8000, 60000) * 100
    )


def _home(maker: Maker, household: Household, owners: list[str]) -> None:
    rng = maker.rng
    spouses = tuple(person for person, relation in household.members if relation == SPOUSE)
    holders = (household.head, *spouses) if rng.random() < 0.55 else (household.head,)
    kind = HOMESTEAD if rng.random() < 0.3 else HOUSE
    right = add_right(maker, holders, household.address, on=_day(maker, 60, 8000), kind=kind)
    if rng.random() < 0.06:
        _earlier_owner(maker, right, rng.choice(owners))
    if maker.village.organisations and rng.random() < 0.06:
        _mortgage(maker, right)


def _earlier_owner(maker: Maker, right: Right, owner: str) -> None:
    on = right.registered_on - timedelta(days=maker.rng.randint(500, 4000))
    earlier = Right(
        unit=right.unit,
        certificate=maker.numbers.real_estate_certificate(on.year),
        business=f"{on:%Y%m%d}{maker.village.index:04d}{maker.numbers.serial('business')}",
        kind=right.kind,
        holders=(owner,),
        location=right.location,
        area_cm2=right.area_cm2,
        price_fen=right.price_fen // 2,
        registered_on=on,
        reason="合同约定",
        current=False,
    )
    maker.village.rights.append(earlier)


def _mortgage(maker: Maker, right: Right) -> None:
    companies = [one.id for one in maker.village.organisations.values() if one.kind == "91"]
    if companies:
        on = min(right.registered_on + timedelta(days=60), maker.village.on)
        made = add_right(maker, (companies[0],), right.location, on=on, kind=MORTGAGE, area_cm2=right.area_cm2)
        maker.village.rights[-1] = _on_unit(made, right.unit)


def _on_unit(right: Right, unit: str) -> Right:
    return replace(right, unit=unit, reason="抵押")


def _day(maker: Maker, fewest: int, most: int) -> date:
    return maker.village.on - timedelta(days=maker.rng.randint(fewest, most))
