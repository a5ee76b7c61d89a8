"""Which cases the demo plays: the matters and people that show what once-only 免提交 means."""

from typing import Final

from adapters.simulator.cast import Cast
from adapters.simulator.county import County
from hub.client.approval import Person
from hub.demo.people import resident, unit
from hub.demo.plays import Play

MEMBER_UNITS: Final = 40
"""How many units the association proposes as members; the regulations ask for thirty."""


def plays_of(county: County) -> tuple[Play, ...]:
    """Low-income aid, an industry association of ten founders, an inheritance."""
    cast = county.cast
    return (_low_income_aid(county), _association(county), _inheritance(cast))


def _household(county: County) -> list[Person]:
    """Those who live with the applicant: neither herself nor her late husband."""
    people, cast = county.village(0).people, county.cast
    apart = {cast.applicant.id, cast.applicants_late_husband.id}
    return [resident(people[member]) for member, _ in cast.applicants_household.members if member not in apart]


def _low_income_aid(county: County) -> Play:
    cast = county.cast
    return Play(
        name="low-income aid 低保",
        window="svc:low-income-aid",
        matter="low-income-aid",
        number="DB-2026-0001",
        basis="社会救助暂行办法",
        people={
            "applicant": [resident(cast.applicant)],
            "deceased_spouse": [resident(cast.applicants_late_husband)],
            "household_member": _household(county),
        },
        answers={},
    )


def _members(county: County) -> list[Person]:
    """The founding units, and other social organisations in force, as far as the county has them."""
    others = (
        one
        for one in county.village(0).organisations.values()
        if one.is_social and one.ended_on is None and not one.branch_of
    )
    proposed = dict.fromkeys((*county.cast.founding_units[:9], *others))
    return [unit(each) for each in list(proposed)[:MEMBER_UNITS]]


def _association(county: County) -> Play:
    cast = county.cast
    founders = [resident(person) for person in cast.founding_persons]
    representative = resident(cast.association_representative)
    return Play(
        name="industry-association registration 行业协会成立登记",
        window="svc:association-registration",
        matter="association-registration",
        number="ST-2026-0001",
        basis="社会团体登记管理条例",
        people={
            "applicant": [representative],
            "founding_unit": [unit(organisation) for organisation in cast.founding_units[:9]],
            "founding_person": founders,
            "person_in_charge": founders[:3],
            "legal_representative": [representative],
            "office_owner": [unit(cast.founding_units[0])],
            "member_unit": _members(county),
        },
        answers={},
        sub_item="direct",
    )


def _inheritance(cast: Cast) -> Play:
    """The daughter lives in a household of her own, so no registry tells that she is her father's child."""
    widow, son, daughter = (resident(heir) for heir in cast.heirs)
    return Play(
        name="real-estate transfer by inheritance 不动产继承转移登记",
        window="svc:real-estate-window",
        matter="real-estate-inheritance",
        number="BDC-2026-0001",
        basis="不动产登记暂行条例",
        people={"applicant": [daughter], "deceased": [resident(cast.testator)], "heir": [widow, son]},
        answers={"condition:renounced": "no"},
        sub_item="by-law",
    )


def second_matter_of(cast: Cast) -> Play:
    """The same daughter at another window: what she brought for the inheritance need not be brought again."""
    return Play(
        name="funeral subsidy, same applicant 殡葬惠民补贴（同一申请人）",
        window="svc:funeral-subsidy",
        matter="funeral-subsidy",
        number="BZ-2026-0001",
        basis="惠民殡葬政策指导意见",
        people={"applicant": [resident(cast.heirs[2])], "deceased": [resident(cast.testator)]},
        answers={"condition:not_one_household": "yes"},
    )
