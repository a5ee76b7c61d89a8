"""Whom a case may be about: of the right kind, each once in a role, also when the same is sent twice."""

import pytest

from hub.cases.model import PersonAsked
from hub.cases.service import Opening, PersonIn
from hub.errors import Malformed
from tests.cases.conftest import County, person
from tests.cases.test_checklist import AID, ASSOCIATION, known_resident

CANCELLATION = ("svc:entity-cancellation", "simple-cancellation")


@pytest.mark.parametrize(
    ("consumer", "matter", "kind"), [(AID, "low-income-aid", "legal_person"), (*CANCELLATION, "resident")]
)
def test_no_company_applies_for_what_residents_apply_for_nor_the_reverse(
    county: County, consumer: str, matter: str, kind: str
) -> None:
    applicant = PersonIn("applicant", PersonAsked(kind=kind, number="A", name="某"))
    with pytest.raises(Malformed) as refused:
        county.cases.open(consumer, Opening("C-1", matter, (applicant,)))
    assert refused.value.code == "cases.wrong-kind-of-subject"


def test_one_unit_named_nine_times_is_not_nine_founders(county: County) -> None:
    known_resident(county)
    for number in ("A", "NOBODY"):  # known, and known to no registry
        with pytest.raises(Malformed) as refused:
            county.open(ASSOCIATION, "association-registration", "A-1", *[("founding_unit", number)] * 9)
        assert refused.value.code == "cases.same-person-twice"


def test_somebody_may_have_two_roles(county: County) -> None:
    known_resident(county)
    county.open(AID, "low-income-aid", "L-1", ("household_member", "A"))
    assert len(county.cases.case(AID, "L-1").participants) == 2


def test_people_added_once_more_are_there_once(county: County) -> None:
    known_resident(county)
    known_resident(county, "B")
    county.open(AID, "low-income-aid", "L-1")
    for _ in "twice":
        county.cases.add_people(AID, "L-1", [person("deceased_spouse", "B"), person("household_member", "NOBODY")])
    county.cases.add_people(AID, "L-1", [person("household_member", "B")])
    people = county.cases.case(AID, "L-1").participants
    assert [(each.role, each.position) for each in people] == [
        ("applicant", 1),
        ("deceased_spouse", 1),
        ("household_member", 1),
        ("household_member", 2),
    ]
    with pytest.raises(Malformed, match="At most 1"):
        county.cases.add_people(AID, "L-1", [person("deceased_spouse", "C")])
