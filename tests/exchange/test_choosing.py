"""Two marriages stand in the registry: which one is meant is asked in the case, and the answer counts."""

from typing import Any

import pytest

from hub.proof.sdjwt import verify_sd_jwt
from tests.exchange.world import AID, LI, MARITAL, ZHANG, World

MARRIAGE = "urn:hub:evidence:marriage-event:1"
QUESTION = "choose:marital-status:applicant:1"


@pytest.fixture
def twice(world: World) -> World:
    """Zhang, whose marriage of 1975 was never divorced when another was registered in 1990."""
    world.push(
        "marriage",
        "events",
        {
            "event": "marriage", "event_on": "1990-06-01", "certificate": "J110105-1990-000002",
            "man": {"name": "赵六", "number": "330106199003078213", "document_kind": "111", "number_valid": True},
            "woman": ZHANG,
        },
    )  # fmt: skip
    world.grant(MARITAL, "*")
    world.grant(MARRIAGE, "event_on", "self.name")
    world.clock.advance(seconds=2)  # type: ignore[attr-defined]
    return world


def choose(world: World, event_on: str) -> None:
    """The case says that the marriage of that day is meant."""
    (question,) = [each for each in world.hub.cases.checklist(AID, "2026-0001").questions if each.id == QUESTION]
    with world.hub.database.reading() as session:
        store = world.hub.cases._around.evidence(session)
        held = store.of_subjects(list(world.hub.cases.case(AID, "2026-0001").subject_ids), ["marriage-event"])
        days = {each.evidence_id: store.open(each).claims["event_on"] for each in held}
    (meant,) = [option.id for option in question.options if days[option.id] == event_on]
    world.hub.cases.answer(AID, "2026-0001", [(QUESTION, meant)])


def days_in(world: World, answer: dict[str, Any]) -> list[str]:
    shown = [verify_sd_jwt(item["presentation"], key_for=world.hub.parties.key_for) for item in answer["evidence"]]
    return [each.claims["event_on"] for each in shown]


def test_between_two_marriages_nobody_guesses(twice: World) -> None:
    answer = twice.ask((MARITAL, ["*"]))
    assert (answer["outcome"], answer["evidence"][0]["reason"]) == ("refused", "exchange.choice-needed")


@pytest.mark.parametrize("event_on", ["1975-05-01", "1990-06-01"])
def test_the_marriage_that_was_chosen_is_stated_and_shown(twice: World, event_on: str) -> None:
    choose(twice, event_on)
    (item,) = twice.ask((MARITAL, ["*"]))["evidence"]
    stated = verify_sd_jwt(item["presentation"], key_for=twice.hub.parties.key_for)
    assert (stated.claims["marital_status"], stated.claims["since"]) == ("married", event_on)
    assert len(stated.claims["sources"]) == 1
    assert days_in(twice, twice.ask((MARRIAGE, ["event_on"]))) == [event_on]


def test_what_was_chosen_in_one_case_says_nothing_in_another(twice: World) -> None:
    choose(twice, "1975-05-01")
    twice.open_case("2026-0002")
    (item,) = twice.ask((MARITAL, ["*"]), case="2026-0002")["evidence"]
    assert item["reason"] == "exchange.choice-needed"


def test_where_one_marriage_stands_nothing_need_be_chosen(twice: World) -> None:
    twice.open_case("2026-0003", LI)
    (item,) = twice.ask((MARITAL, ["*"]), case="2026-0003", subject={
        "kind": "resident", "number": LI["number"], "name": LI["name"],
    })["evidence"]  # fmt: skip
    assert item["outcome"] == "released"
