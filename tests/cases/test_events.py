"""One event, several matters 一件事: one application, one submission, each consumer its own part."""

import pytest

from hub.cases.service.events import EventOpening, Events
from hub.cases.store import CaseFilter
from hub.errors import Malformed, Missing, Refused
from tests.cases.conftest import County, person

AID, FUNERAL, HALL = "svc:low-income-aid", "svc:funeral-subsidy", "svc:service-hall"
PEOPLE = (person("applicant", "A"), person("deceased", "D"))


@pytest.fixture
def events(county: County) -> Events:
    for number in ("A", "D"):
        county.subject(number)
    return Events(county.around, county.cases)


def test_one_application_opens_every_part_and_again_is_the_same(county: County, events: Events) -> None:
    first = events.open(HALL, EventOpening("hardship", "E-1", PEOPLE))
    assert [(each.case.consumer, each.case.number) for each in first] == [
        (AID, "E-1/low-income-aid"),
        (FUNERAL, "E-1/funeral-subsidy"),
    ]
    again = events.open(HALL, EventOpening("hardship", "E-1", PEOPLE))
    assert [each.case.case_id for each in again] == [each.case.case_id for each in first]
    assert county.cases.checklist(FUNERAL, "E-1/funeral-subsidy").matter == "funeral-subsidy"


def test_a_kind_taken_by_several_parts_is_handed_in_once(county: County, events: Events) -> None:
    events.open(HALL, EventOpening("hardship", "E-1", PEOPLE))
    kinds = {each.kind: each.matters for each in events.together(HALL, "E-1").to_hand_in if each.kind}
    assert set(kinds["household-book"]) == {"low-income-aid", "funeral-subsidy"}
    county.bring(AID, "E-1/low-income-aid", "household-identity", "household-book")
    after = {each.kind: each.matters for each in events.together(HALL, "E-1").to_hand_in if each.kind}
    assert after["household-book"] == ("funeral-subsidy",), "the deceased's own book is still asked for"


def test_each_consumer_sees_its_own_part_only(county: County, events: Events) -> None:
    events.open(HALL, EventOpening("hardship", "E-1", PEOPLE))
    own = county.cases.find_cases(FUNERAL, CaseFilter(event_number=f"{HALL}|E-1"))
    assert [case.matter for case in own] == ["funeral-subsidy"]
    with pytest.raises(Missing):
        events.together(FUNERAL, "E-1")


def test_a_service_that_has_nothing_to_do_with_an_event_does_not_take_it_in(events: Events) -> None:
    with pytest.raises(Refused) as refused:
        events.open("svc:marriage-registration", EventOpening("hardship", "E-1", PEOPLE))
    assert refused.value.code == "cases.not-your-event"


def test_an_event_with_a_fault_opens_nothing(county: County, events: Events) -> None:
    with pytest.raises(Missing):
        events.open(HALL, EventOpening("nothing-such", "E-1", PEOPLE))
    with pytest.raises(Malformed):
        events.open(HALL, EventOpening("hardship", "E-1", (*PEOPLE, person("emperor", "A"))))
    with pytest.raises(Malformed):
        events.open(
            HALL, EventOpening("hardship", "E-1", PEOPLE, answers={"low-income-aid": (("condition:x", "yes"),)})
        )
    for said in ({"sub_items": {"passport": "first"}}, {"answers": {"passport": (("condition:x", "yes"),)}}):
        with pytest.raises(Malformed, match="passport") as refused:
            events.open(HALL, EventOpening("hardship", "E-1", PEOPLE, **said))
        assert refused.value.code == "cases.not-in-event"
    with pytest.raises(Missing):
        county.cases.checklist(AID, "E-1/low-income-aid")
