"""One event, several matters 一件事: one application, one submission, each consumer its own part."""

import dataclasses
from collections.abc import Callable

import pytest

from hub.cases.service.events import EventOpening, Events
from hub.cases.service.opening import Opened, Opening
from hub.cases.store import CaseFilter
from hub.catalogue.model import Catalogue
from hub.errors import Conflict, Malformed, Missing, Refused
from tests.cases.conftest import County, person

AID, FUNERAL, HALL = "svc:low-income-aid", "svc:funeral-subsidy", "svc:service-hall"
Change = Callable[[Catalogue], Catalogue]
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


def without(catalogue: Catalogue, matter: str) -> Catalogue:
    """Neither the matter nor its part in events."""
    events = tuple(
        dataclasses.replace(event, matters=tuple(each for each in event.matters if each != matter))
        for event in catalogue.events
    )
    return dataclasses.replace(
        catalogue, events=events, matters=tuple(each for each in catalogue.matters if each.id != matter)
    )


def moved(catalogue: Catalogue, matter: str) -> Catalogue:
    """The matter is decided by another service."""
    matters = tuple(
        dataclasses.replace(each, consumers=("svc:new-window",)) if each.id == matter else each
        for each in catalogue.matters
    )
    return dataclasses.replace(catalogue, matters=matters)


CHANGES: dict[str, Change] = {
    "one matter is dropped": lambda now: without(now, "funeral-subsidy"),
    "the event is dropped": lambda now: dataclasses.replace(now, events=()),
    "both are": lambda now: dataclasses.replace(without(now, "funeral-subsidy"), events=()),
    "another service decides": lambda now: moved(now, "funeral-subsidy"),
}


def publish(county: County, change: Change) -> None:
    today = county.around.today
    now = county.catalogue.require_edition_on(today).catalogue
    made = county.catalogue.propose(change(now), effective_on=today, by="hub:test")
    county.catalogue.publish(made.edition_id, by="hub:test")


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_event_keeps_the_matters_that_it_was_opened_with(county: County, events: Events, change: Change) -> None:
    first = events.open(HALL, EventOpening("hardship", "E-1", PEOPLE))
    before = events.together(HALL, "E-1")
    publish(county, change)
    again = events.open(HALL, EventOpening("hardship", "E-1", PEOPLE))
    assert [(each.case.case_id, each.is_new) for each in again] == [(each.case.case_id, False) for each in first]
    assert events.together(HALL, "E-1") == before


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_part_that_a_failure_left_unopened_is_opened_as_the_event_was_taken_in(
    county: County, events: Events, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    def failing(consumer: str, opening: Opening) -> Opened:
        if consumer == FUNERAL:
            raise ConnectionError
        return opens(consumer, opening)

    opens = county.cases.open
    with monkeypatch.context() as patched:
        patched.setattr(county.cases, "open", failing)
        with pytest.raises(ConnectionError):
            events.open(HALL, EventOpening("hardship", "E-1", PEOPLE))
    publish(county, change)
    low_income, funeral = events.open(HALL, EventOpening("hardship", "E-1", PEOPLE))
    assert (low_income.is_new, funeral.is_new) == (False, True)
    assert (funeral.case.consumer, funeral.case.matter) == (FUNERAL, "funeral-subsidy")
    assert len(events.together(HALL, "E-1").parts) == 2


def test_an_event_that_begins_after_the_change_goes_by_the_new_catalogue(county: County, events: Events) -> None:
    publish(county, CHANGES["one matter is dropped"])
    (only,) = events.open(HALL, EventOpening("hardship", "E-2", PEOPLE[:1]))
    assert only.case.matter == "low-income-aid"


def test_the_number_of_an_event_is_not_used_for_another(county: County, events: Events) -> None:
    events.open(HALL, EventOpening("hardship", "E-1", PEOPLE))
    with pytest.raises(Conflict) as refused:
        events.open(HALL, EventOpening("nothing-such", "E-1", PEOPLE))
    assert refused.value.code == "cases.number-in-use"
    assert len(events.together(HALL, "E-1").parts) == 2


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
