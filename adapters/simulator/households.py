"""Makes families and their households 户: couples, children, elders, divorces and deaths, with what they own."""
# ruff: noqa: PLR2004  # shares, ages and lengths are this module's content, and stand where they are used

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Final

from adapters.simulator.lexicon import BANKS, DEATH_CAUSES
from adapters.simulator.model import FEMALE, MALE, Aid, Death, Household, MarriageEvent, Person
from adapters.simulator.people import Maker
from adapters.simulator.place import grid_code, home_address

HEAD, SPOUSE, SON, DAUGHTER, PARENT = "02", "10", "20", "30", "50"
MIGRATED_AT: Final = datetime(2024, 1, 1)  # noqa: DTZ001  # the registry writes local time without a zone
"""When the marriage registry moved to its present system: every older event bears this very second."""
LAST_DEATH_DAYS: Final = 2200
_MARRIAGEABLE_DAYS: Final = 22 * 366
_SHARES_OF_KINDS: Final = tuple(accumulate((0.40, 0.16, 0.20, 0.12, 0.12)))


def make_family(maker: Maker) -> None:
    """Add one family, in one household or, after a divorce, two."""
    kinds = (_couple, _three_generations, _elders, _single, _divorced)
    chance = maker.rng.random()
    next(kind for share, kind in zip(_SHARES_OF_KINDS, kinds, strict=True) if chance < share or share >= 1)(maker)


def settle(maker: Maker, members: Sequence[tuple[Person, str]]) -> Household:
    """Give people who live together a house; the first is the head."""
    village = maker.village
    index = len(village.households)
    household = Household(
        index=index,
        head=members[0][0].id,
        members=tuple((person.id, relation) for person, relation in members),
        address=home_address(village.index, index),
        grid=grid_code(village.index, index),
    )
    village.households.append(household)
    for person, _ in members:
        village.people[person.id] = replace(village.people[person.id], household=index)
    return household


def register(maker: Maker, kind: str, on: date, man: Person, woman: Person) -> MarriageEvent:
    """Register a marriage (IA), divorce (IB) or reissue (IC)."""
    letter = {"IA": "J", "IB": "L", "IC": "BJ"}[kind]
    at = datetime.combine(on, datetime.min.time()) + timedelta(seconds=maker.rng.randint(9 * 3600, 17 * 3600))
    event = MarriageEvent(
        id=f"HY{maker.village.index:04d}{maker.numbers.serial('event')}",
        kind=kind,
        certificate=maker.numbers.marriage_certificate(letter, on),
        on=on,
        man=man.id,
        woman=woman.id,
        changed_at=max(at, MIGRATED_AT),
        registered=kind != "IB" or maker.rng.random() > 0.15,
    )
    maker.village.marriages.append(event)
    return event


def bury(maker: Maker, person: Person, on: date) -> Death:
    """Record a death: in the funeral registry, the police list, or both."""
    chance = maker.rng.random()
    death = Death(
        id=f"BZ{maker.village.index:04d}{maker.numbers.serial('death')}",
        person=person.id,
        on=on,
        cause=maker.rng.choice(DEATH_CAUSES),
        in_funeral=chance < 0.92,
        in_police=chance > 0.07,
        reversed_on=on + timedelta(days=5) if maker.rng.random() < 0.015 and chance > 0.07 else None,
    )
    maker.village.deaths[person.id] = death
    return death


def grant_aid(maker: Maker, household: Household, since: date) -> Household:
    """Put a household on minimum living allowance 低保."""
    rng = maker.rng
    aid = Aid(
        certificate=f"QX{maker.village.index:04d}{maker.numbers.serial('aid')}",
        since=since.replace(day=1),
        category="城市" if rng.random() < 0.3 else "农村",
        top_up_fen=rng.randint(300, 1500) * 100 * len(household.members),
        extra_fen=rng.choice((0, 0, 12000, 24050)),
        account=f"6230{maker.village.index:04d}{maker.numbers.serial('account')}0{rng.randint(0, 999):03d}",
        bank=rng.choice(BANKS),
    )
    made = replace(household, aid=aid)
    maker.village.households[household.index] = made
    return made


def _wedding(maker: Maker, husband: Person, wife: Person) -> date | None:
    earliest = max(husband.born, wife.born) + timedelta(days=_MARRIAGEABLE_DAYS)
    latest = maker.village.on - timedelta(days=30)
    if earliest >= latest:
        return None
    on = earliest + timedelta(days=min(maker.rng.randint(0, 4000), (latest - earliest).days))
    register(maker, "IA", on, husband, wife)
    if maker.rng.random() < 0.04:
        register(maker, "IC", on + timedelta(days=maker.rng.randint(0, (latest - on).days)), husband, wife)
    return on


def _pair(maker: Maker, youngest: int, oldest: int) -> tuple[Person, Person]:
    husband = maker.person(MALE, maker.born(youngest, oldest))
    years = timedelta(days=maker.rng.randint(-1000, 2200))
    wife = maker.person(FEMALE, min(husband.born + years, maker.born(21, 22)))
    _wedding(maker, husband, wife)
    return husband, wife


def _children(maker: Maker, father: Person, mother: Person, most: int) -> list[tuple[Person, str]]:
    rng = maker.rng
    born = mother.born + timedelta(days=rng.randint(23 * 366, 31 * 366))
    children: list[tuple[Person, str]] = []
    for _ in range(min(most, rng.choice((0, 1, 1, 2, 2, 3)))):
        if born >= maker.village.on - timedelta(days=20):
            break
        for _ in range(2 if rng.random() < 0.03 else 1):
            sex = rng.choice((MALE, FEMALE))
            child = maker.person(sex, born, surname=father.name[0], ethnicity=father.ethnicity)
            children.append((child, SON if sex == MALE else DAUGHTER))
        born += timedelta(days=rng.randint(500, 2500))
    return children


def _mortal(maker: Maker, people: Sequence[Person]) -> None:
    rng = maker.rng
    for person in people:
        age = person.age_on(maker.village.on)
        chance = 0.32 if age >= 75 else 0.10 if age >= 60 else 0.006 if age >= 20 else 0.0005
        if rng.random() < chance and age > LAST_DEATH_DAYS // 365 + 22:
            on = maker.village.on - timedelta(days=rng.randint(20, LAST_DEATH_DAYS))
            if on > _last_event_on(maker, person):
                bury(maker, person, on)


def _last_event_on(maker: Maker, person: Person) -> date:
    events = maker.village.marriages[-8:]
    return max((event.on for event in events if person.id in (event.man, event.woman)), default=person.born)


def _house_of(maker: Maker, members: Sequence[tuple[Person, str]]) -> Household:
    household = settle(maker, members)
    _mortal(maker, [person for person, _ in members])
    bereaved = any(person.id in maker.village.deaths for person, _ in members)
    if maker.rng.random() < (0.12 if bereaved else 0.04):
        days = timedelta(days=maker.rng.randint(60, 2500))
        household = grant_aid(maker, household, maker.village.on - days)
    return household


def _couple(maker: Maker) -> None:
    husband, wife = _pair(maker, 25, 60)
    _house_of(maker, [(husband, HEAD), (wife, SPOUSE), *_children(maker, husband, wife, 3)])


def _three_generations(maker: Maker) -> None:
    husband, wife = _pair(maker, 27, 45)
    members = [(husband, HEAD), (wife, SPOUSE), *_children(maker, husband, wife, 3)]
    father = maker.person(MALE, husband.born - timedelta(days=maker.rng.randint(8500, 11500)), surname=husband.name[0])
    mother = maker.person(FEMALE, father.born + timedelta(days=maker.rng.randint(-500, 1500)))
    _wedding(maker, father, mother)
    _house_of(maker, [*members, (father, PARENT), (mother, PARENT)])


def _elders(maker: Maker) -> None:
    husband, wife = _pair(maker, 58, 92)
    _house_of(maker, [(husband, HEAD), (wife, SPOUSE)])


def _single(maker: Maker) -> None:
    _house_of(maker, [(maker.adult(19, 80), HEAD)])


def _divorced(maker: Maker) -> None:
    husband, wife = _pair(maker, 30, 65)
    wedding = maker.village.marriages[-1].on if maker.village.marriages else None
    children = _children(maker, husband, wife, 1)
    days = (maker.village.on - wedding).days if wedding and wedding < maker.village.on else 0
    parted = None
    if days > 400:
        parted = maker.village.on - timedelta(days=maker.rng.randint(30, days - 300))
        register(maker, "IB", parted, husband, wife)
    _house_of(maker, [(wife, HEAD), *children])
    if parted and maker.rng.random() < 0.5:
        _remarried(maker, husband, parted)
    else:
        _house_of(maker, [(husband, HEAD)])


def _remarried(maker: Maker, husband: Person, parted: date) -> None:
    second = maker.person(FEMALE, husband.born + timedelta(days=maker.rng.randint(-500, 3000)))
    days = (maker.village.on - parted).days
    if days > 60 and second.age_on(maker.village.on) > 25:
        register(maker, "IA", maker.village.on - timedelta(days=maker.rng.randint(1, days - 1)), husband, second)
    _house_of(maker, [(husband, HEAD), (second, SPOUSE)])
