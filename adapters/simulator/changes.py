"""What happens in a village between two states of the registries: weddings, deaths, transfers, corrections."""
# ruff: noqa: PLR2004  # shares, ages and lengths are this module's content, and stand where they are used

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from adapters.simulator.homes import HOUSE, add_right
from adapters.simulator.households import DAUGHTER, SON, bury, register
from adapters.simulator.model import FEMALE, MALE, RESIDENT_ID, Change, Household, Person
from adapters.simulator.people import Maker
from adapters.simulator.place import home_address

_MOVED = 5000
"""House numbers from here are given to households that moved."""


def live_through(maker: Maker, day: date) -> None:
    """Let about a month's changes happen; in the first village at least one of each kind."""
    for kind, a_month_in_a_thousand, happen in _KINDS:
        wanted = len(maker.village.people) * a_month_in_a_thousand / 1000
        count = int(wanted) + (maker.rng.random() < wanted % 1)
        for _ in range(max(count, maker.village.index == 0)):
            subjects = happen(maker, day)
            if subjects:
                maker.village.changes.append(Change(kind, day, subjects))


def _living(maker: Maker, youngest: int, oldest: int, day: date) -> list[Person]:
    village = maker.village
    return [
        one
        for one in village.people.values()
        if youngest <= one.age_on(day) <= oldest and village.is_alive(one.id) and one.id not in maker.apart
    ]


def _shuffled(maker: Maker, people: list[Person]) -> Iterator[Person]:
    """In random order; lazily, since usually the first will do."""
    people = list(people)
    while people:
        place = maker.rng.randrange(len(people))
        people[place], people[-1] = people[-1], people[place]
        yield people.pop()


def _marriage(maker: Maker, day: date) -> tuple[str, ...]:
    grown_up = _living(maker, 22, 50, day)
    found: dict[str, Person] = {}
    married = maker.village.spouses()
    for one in _shuffled(maker, grown_up):
        if one.sex not in found and one.id not in married:
            found[one.sex] = one
        if len(found) == 2:
            break
    else:
        return ()
    register(maker, "IA", day, found[MALE], found[FEMALE])
    return found[MALE].id, found[FEMALE].id


def _divorce(maker: Maker, day: date) -> tuple[str, ...]:
    village = maker.village
    spouses = village.spouses()
    for one in _shuffled(maker, _living(maker, 25, 60, day)):
        spouse = spouses.get(one.id)
        if spouse and village.is_alive(spouse) and spouse not in maker.apart:
            man, woman = (one.id, spouse) if one.sex == MALE else (spouse, one.id)
            event = register(maker, "IB", day, village.people[man], village.people[woman])
            village.marriages[-1] = replace(event, registered=True)
            return man, woman
    return ()


def _death(maker: Maker, day: date) -> tuple[str, ...]:
    person = maker.rng.choice(_living(maker, 60, 110, day) or _living(maker, 20, 60, day))
    death = bury(maker, person, day - timedelta(days=maker.rng.randint(1, 10)))
    maker.village.deaths[person.id] = replace(death, known_on=day, in_funeral=True, reversed_on=None)
    return (person.id,)


def _death_reversed(maker: Maker, day: date) -> tuple[str, ...]:
    village = maker.village
    wrong = [one for one in village.deaths.values() if one.in_police and not one.reversed_on and one.known_on != day]
    wrong = [one for one in wrong if one.person not in maker.apart]
    if not wrong:
        return ()
    death = maker.rng.choice(wrong)
    village.deaths[death.person] = replace(death, reversed_on=day)
    return (death.person,)


def _death_corrected(maker: Maker, day: date) -> tuple[str, ...]:
    village = maker.village
    known = [one for one in village.deaths.values() if one.in_funeral and not one.reversed_on and one.known_on != day]
    known = [one for one in known if one.person not in maker.apart]
    if not known:
        return ()
    death = maker.rng.choice(known)
    village.deaths[death.person] = replace(death, on=death.on + timedelta(days=1), corrected_on=day)
    return (death.person,)


def _transfer(maker: Maker, day: date) -> tuple[str, ...]:
    village = maker.village
    sellable = [place for place, one in enumerate(village.rights) if one.current and one.kind == HOUSE]
    sellable = [place for place in sellable if not maker.apart.intersection(village.rights[place].holders)]
    if not sellable:
        return ()
    place = maker.rng.choice(sellable)
    sold = village.rights[place]
    buyer = maker.rng.choice(_living(maker, 25, 70, day))
    village.rights[place] = replace(sold, current=False)
    bought = add_right(maker, (buyer.id,), sold.location, on=day, area_cm2=sold.area_cm2)
    village.rights[-1] = replace(bought, unit=sold.unit, reason="买卖")
    return (*sold.holders, buyer.id)


def _number_corrected(maker: Maker, day: date) -> tuple[str, ...]:
    people = [one for one in _living(maker, 18, 90, day) if one.document_kind == RESIDENT_ID and not one.former_number]
    person = maker.rng.choice(people)
    number, _ = maker.numbers.resident(person.born, person.sex)
    maker.village.people[person.id] = replace(person, number=number, former_number=person.number)
    return (person.id,)


def _moved(maker: Maker, day: date) -> tuple[str, ...]:  # noqa: ARG001  # every change has this shape
    household = maker.rng.choice(_households(maker))
    address = home_address(maker.village.index, _MOVED + int(maker.numbers.serial("moved")) % 10000)
    maker.village.households[household.index] = replace(household, address=address)
    return tuple(person for person, _ in household.members)


def _left_low_income(maker: Maker, day: date) -> tuple[str, ...]:
    month = day.replace(day=1)
    aided = [one for one in _households(maker) if one.aid and not one.aid.until and one.aid.since < month]
    if not aided:
        return ()
    household = maker.rng.choice(aided)
    aid = household.aid and replace(household.aid, until=month)
    maker.village.households[household.index] = replace(household, aid=aid)
    return tuple(person for person, _ in household.members)


def _birth(maker: Maker, day: date) -> tuple[str, ...]:
    families = [one for one in _households(maker) if any(relation == "10" for _, relation in one.members)]
    if not families:
        return ()
    household = maker.rng.choice(families)
    head = maker.village.people[household.head]
    sex = maker.rng.choice((MALE, FEMALE))
    child = maker.person(sex, day - timedelta(days=9), surname=head.name[0], ethnicity=head.ethnicity)
    maker.village.people[child.id] = replace(child, household=household.index)
    members = (*household.members, (child.id, SON if sex == MALE else DAUGHTER))
    maker.village.households[household.index] = replace(household, members=members)
    return (child.id,)


def _organisation_cancelled(maker: Maker, day: date) -> tuple[str, ...]:
    organisations = maker.village.organisations
    active = [one for one in organisations.values() if one.is_social and not one.ended_on and one.id not in maker.apart]
    if not active:
        return ()
    ended = maker.rng.choice(active)
    organisations[ended.id] = replace(ended, status="注销", ended_on=day)
    return (ended.id,)


def _households(maker: Maker) -> list[Household]:
    return [one for one in maker.village.households if one.head not in maker.apart]


_KINDS: tuple[tuple[str, float, Callable[[Maker, date], tuple[str, ...]]], ...] = (
    ("marriage", 0.5, _marriage),
    ("divorce", 0.25, _divorce),
    ("death", 0.6, _death),
    ("death-reversed", 0.02, _death_reversed),
    ("death-corrected", 0.05, _death_corrected),
    ("land-transfer", 0.4, _transfer),
    ("number-corrected", 0.05, _number_corrected),
    ("moved", 0.4, _moved),
    ("left-low-income", 0.05, _left_low_income),
    ("birth", 0.6, _birth),
    ("organisation-cancelled", 0.05, _organisation_cancelled),
)
