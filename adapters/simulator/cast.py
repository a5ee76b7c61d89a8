"""The protagonists 主角 of the demonstration: by construction in every county, and always written without dirt."""

from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

from adapters.simulator.homes import add_office, add_right
from adapters.simulator.households import DAUGHTER, HEAD, PARENT, SON, SPOUSE, bury, grant_aid, register, settle
from adapters.simulator.model import FEMALE, MALE, Household, Organisation, Person, Right
from adapters.simulator.organisations import ASSOCIATION, COMPANY, SERVICE_BODY, add_organisation
from adapters.simulator.people import Maker
from adapters.simulator.place import COUNTY

_FOUNDERS = "晚晴 夕阳红 康宁 松鹤 福寿 安颐 乐龄 椿萱 静养".split()  # noqa: SIM905  # reads as the list of names it is
_FOUNDING_PERSONS = "陆文涛 沈月仙 柯友良 汤慧芬 祝长青 裘丽君 毛志高 戴素珍 骆永年 费晓东 章海燕".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays in the demonstration; every person is in the roster, alive unless the name says otherwise."""

    applicant: Person
    """Asks for low-income aid: registered married, her husband's death is in the funeral registry, so widowed."""
    applicants_late_husband: Person
    applicants_household: Household
    applicants_home: Right
    founding_units: tuple[Organisation, ...]
    """Ten units that found an industry association; the first nine are in SOM_ORGAN, all hold their own premises."""
    founding_persons: tuple[Person, ...]
    """The units' legal representatives, in the units' order."""
    association_representative: Person
    """The legal representative to be; represents no association yet."""
    association_office: Right
    """The office with its certificate; it belongs to the first founding unit."""
    husband: Person
    wife: Person
    """A couple whose marriage certificate is lost."""
    testator: Person
    """Dead; his house goes to ``heirs``: his widow first, then his children."""
    heirs: tuple[Person, ...]
    testators_home: Right
    subsidy_applicant: Person
    """Asks for the funeral subsidy of ``cremated``, whose household was on low-income aid."""
    cremated: Person
    closing_association: Organisation
    """Asks for simple cancellation: in force, no land."""
    closing_representative: Person
    ambiguous: tuple[Person, Person]
    """Two people of one name and birth date."""
    dead_in_roster: Person
    """Still in the roster, dead in the funeral registry."""

    def subjects(self) -> frozenset[str]:
        """The ids of everybody and everything in the cast."""
        return frozenset(_ids(tuple(getattr(self, field.name) for field in fields(self))))


def _ids(values: tuple[Any, ...]) -> list[str]:
    found: list[str] = []
    for value in values:
        if isinstance(value, tuple):
            found += _ids(value)
        elif isinstance(value, Person | Organisation):
            found.append(value.id)
    return found


def make_cast(maker: Maker) -> Cast:
    """Add the protagonists to the village; the first village, before anybody else."""
    applicant = _applicant(maker)
    association = _association(maker)
    couple = _couple(maker)
    inheritance = _inheritance(maker)
    subsidy = _subsidy(maker)
    closing = _closing(maker)
    ambiguous = _ambiguous(maker)
    dead = _one(maker, "冯长根", MALE, date(1947, 4, 9))
    settle(maker, [(dead, HEAD)])
    _dies(maker, dead, 45, in_police=False)
    made = Cast(
        **applicant,
        **association,
        **couple,
        **inheritance,
        **subsidy,
        **closing,
        ambiguous=ambiguous,
        dead_in_roster=dead,
    )
    return _as_settled(maker, made)


def _one(maker: Maker, name: str, sex: str, born: date) -> Person:
    made = maker.person(sex, born, ethnicity="01")
    if not made.number.startswith("3301"):
        number, born = maker.numbers.resident(born, sex)
        made = replace(made, number=number, document_kind="111")
    phone = made.phone or maker.numbers.phone()
    made = replace(made, name=name, born=born, former_name="", former_number="", phone=phone)
    maker.village.people[made.id] = made
    return made


def _dies(maker: Maker, person: Person, days_ago: int, *, in_police: bool = True) -> None:
    death = bury(maker, person, maker.village.on - timedelta(days=days_ago))
    maker.village.deaths[person.id] = replace(death, in_funeral=True, in_police=in_police, reversed_on=None)


def _applicant(maker: Maker) -> dict[str, Any]:
    her = _one(maker, "周桂兰", FEMALE, date(1958, 3, 12))
    him = _one(maker, "沈德林", MALE, date(1955, 11, 2))
    granddaughter = _one(maker, "沈雨欣", FEMALE, date(2011, 6, 21))
    register(maker, "IA", date(1981, 5, 1), him, her)
    household = settle(maker, [(her, HEAD), (him, SPOUSE), (granddaughter, "42")])
    _dies(maker, him, 240)
    home = add_right(maker, (her.id,), household.address, on=date(2016, 9, 14), area_cm2=682000)
    return {
        "applicant": her,
        "applicants_late_husband": him,
        "applicants_household": household,
        "applicants_home": home,
    }


def _association(maker: Maker) -> dict[str, Any]:
    years = range(1962, 1962 + len(_FOUNDING_PERSONS))
    people = [
        _one(maker, name, FEMALE if place % 2 else MALE, date(year, 1 + place, 10 + place))
        for place, (name, year) in enumerate(zip(_FOUNDING_PERSONS, years, strict=True))
    ]
    for person in people:
        settle(maker, [(person, HEAD)])
    units = [
        _in_force(maker, add_organisation(maker, SERVICE_BODY, f"{COUNTY}{word}养老服务中心", person))
        for word, person in zip(_FOUNDERS, people[1:], strict=False)
    ]
    units.append(add_organisation(maker, COMPANY, f"{COUNTY}银铃养老产业有限公司", people[10]))
    offices = [add_office(maker, unit) for unit in units]
    return {
        "founding_units": tuple(units),
        "founding_persons": tuple(people[1:]),
        "association_representative": people[0],
        "association_office": offices[0],
    }


def _couple(maker: Maker) -> dict[str, Any]:
    husband, wife = _one(maker, "赵明远", MALE, date(1986, 8, 17)), _one(maker, "林雪梅", FEMALE, date(1988, 1, 30))
    register(maker, "IA", date(2012, 10, 12), husband, wife)
    settle(maker, [(husband, HEAD), (wife, SPOUSE)])
    return {"husband": husband, "wife": wife}


def _inheritance(maker: Maker) -> dict[str, Any]:
    testator, widow = _one(maker, "郑国梁", MALE, date(1944, 2, 5)), _one(maker, "何玉珍", FEMALE, date(1947, 9, 23))
    son, daughter = _one(maker, "郑建华", MALE, date(1970, 12, 8)), _one(maker, "郑丽华", FEMALE, date(1974, 7, 15))
    register(maker, "IA", date(1968, 5, 4), testator, widow)
    household = settle(maker, [(testator, HEAD), (widow, SPOUSE), (son, SON), (daughter, DAUGHTER)])
    home = add_right(maker, (testator.id,), household.address, on=date(2009, 4, 20), area_cm2=1124000)
    _dies(maker, testator, 130)
    return {"testator": testator, "heirs": (widow, son, daughter), "testators_home": home}


def _subsidy(maker: Maker) -> dict[str, Any]:
    son, father = _one(maker, "韩志强", MALE, date(1979, 4, 26)), _one(maker, "韩福生", MALE, date(1951, 10, 19))
    household = settle(maker, [(son, HEAD), (father, PARENT)])
    grant_aid(maker, household, maker.village.on - timedelta(days=900))
    _dies(maker, father, 20)
    return {"subsidy_applicant": son, "cremated": father}


def _closing(maker: Maker) -> dict[str, Any]:
    representative = _one(maker, "丁秋实", MALE, date(1966, 9, 9))
    settle(maker, [(representative, HEAD)])
    association = add_organisation(maker, ASSOCIATION, f"{COUNTY}晨光书画研究会", representative)
    return {"closing_association": _in_force(maker, association), "closing_representative": representative}


def _ambiguous(maker: Maker) -> tuple[Person, Person]:
    first, second = (_one(maker, "王建国", MALE, date(1962, 10, 1)) for _ in range(2))
    settle(maker, [(first, HEAD)])
    settle(maker, [(second, HEAD)])
    return first, second


def _in_force(maker: Maker, organisation: Organisation) -> Organisation:
    made = replace(organisation, status="正常", ended_on=None, founded=date(2014, 6, 18))
    maker.village.organisations[made.id] = made
    return made


def _as_settled(maker: Maker, cast: Cast) -> Cast:
    """The cast with what became of each person since: the household they live in."""
    people = maker.village.people

    def now(value: object) -> Any:
        if isinstance(value, Person):
            return people[value.id]
        if isinstance(value, tuple):
            return tuple(now(one) for one in value)
        return value

    return replace(cast, **{field.name: now(getattr(cast, field.name)) for field in fields(cast)})
