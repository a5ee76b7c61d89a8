"""Questions that a checklist asks: which situation, which of several records; and what counts as an answer."""

from typing import Any

import pytest

from hub.cases.model import ItemState
from hub.errors import Conflict, Malformed
from tests.cases.conftest import UNDER_REVIEW, County
from tests.cases.test_checklist import AID, ASSOCIATION, known_resident

WINDOW, INHERITANCE = "svc:real-estate-window", "real-estate-inheritance"
CHOICE = "choose:marital-status:applicant:1"


def item(checklist: Any, material: str) -> Any:
    return next(each for each in checklist.items if each.material_id == material)


def test_where_a_matter_has_several_situations_none_is_taken_for_the_applicant(county: County) -> None:
    checklist = county.open(WINDOW, INHERITANCE, "H-1").checklist
    deed = item(checklist, "deed")
    assert deed.state is ItemState.question
    assert [option.id for option in deed.questions[0].options] == ["by-law", "by-will"]
    assert item(checklist, "kinship").questions == deed.questions


def test_the_situation_is_answered_like_any_question_and_may_be_corrected(county: County) -> None:
    county.open(WINDOW, INHERITANCE, "H-1")
    by_will = county.cases.answer(WINDOW, "H-1", [("sub-item", "by-will")])
    assert item(by_will, "kinship").state is ItemState.not_needed
    assert item(by_will, "deed").state is not ItemState.not_needed
    by_law = county.cases.answer(WINDOW, "H-1", [("sub-item", "by-law")])
    assert item(by_law, "deed").state is ItemState.not_needed
    assert county.cases.case(WINDOW, "H-1").answers == {}
    with pytest.raises(Malformed, match="by-law, by-will"):
        county.cases.answer(WINDOW, "H-1", [("sub-item", "by-force")])
    county.open(AID, "low-income-aid", "L-1")
    with pytest.raises(Malformed, match="use: none"):
        county.cases.answer(AID, "L-1", [("sub-item", "by-law")])


def test_an_opening_sent_again_is_the_same_after_its_situation_was_answered(county: County) -> None:
    county.open(WINDOW, INHERITANCE, "H-1")
    county.cases.answer(WINDOW, "H-1", [("sub-item", "by-will")])
    assert not county.open(WINDOW, INHERITANCE, "H-1").is_new
    with pytest.raises(Conflict):
        county.open(WINDOW, INHERITANCE, "H-1", sub_item="by-law")


def married_twice(county: County) -> dict[str, str]:
    """Two marriages of A that stand, each by the day on which it was registered."""
    known_resident(county)
    return {
        day: county.hold(
            "marriage-event", {"woman": "A", "man": man}, event="marriage", event_on=day, certificate=f"J330199-{man}"
        )
        for day, man in (("1985-05-01", "H1"), ("2001-06-01", "H2"))
    }


@pytest.mark.parametrize("said", ["2001-06-01", " 2001-06-01 ", "J330199-H2"])
def test_which_marriage_is_meant_is_said_by_what_the_applicant_knows_of_it(county: County, said: str) -> None:
    marriages = married_twice(county)
    asked = item(county.open(AID, "low-income-aid", "L-1").checklist, "marital-status")
    assert asked.state is ItemState.question
    assert "2001-06-01" not in "".join(option.en + option.zh for option in asked.questions[0].options)
    answered = county.cases.answer(AID, "L-1", [(CHOICE, said)])
    assert item(answered, "marital-status").state is ItemState.statement
    assert county.cases.case(AID, "L-1").answers == {CHOICE: marriages["2001-06-01"]}


@pytest.mark.parametrize("said", ["1999-09-09", "", "yes", "J330199"])
def test_what_fits_no_record_or_several_chooses_none(county: County, said: str) -> None:
    married_twice(county)
    county.hold("marriage-event", {"woman": "A", "man": "H3"}, event="marriage", event_on="1985-05-01")
    county.open(AID, "low-income-aid", "L-1")
    for each in (said, "1985-05-01"):
        with pytest.raises(Malformed, match="no such answer"):
            county.cases.answer(AID, "L-1", [(CHOICE, each), ("condition:renting", "yes")])
    guesses = [entry.claims for entry in county.entries if entry.claims["action"] == "answer-refused"]
    assert [each["question"] for each in guesses] == [CHOICE] * 2, "who tries out dates is seen in the log"
    assert "1985" not in str(guesses)
    assert not county.cases.case(AID, "L-1").answers
    with pytest.raises(Malformed, match="no such question"):
        county.cases.answer(AID, "L-1", [("choose:nothing", "1985-05-01")])


def test_a_reason_in_words_ends_in_one_full_stop(county: County) -> None:
    county.index.odd["A"] = UNDER_REVIEW
    reviewed = county.open(AID, "low-income-aid", "L-1").checklist
    member_units = county.open(ASSOCIATION, "association-registration", "A-1").checklist
    for each in (*reviewed.items, *member_units.items):
        assert ".." not in each.reason.en
        assert "。）" not in each.reason.zh
