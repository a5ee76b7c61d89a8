"""What is signed as a statement does not prove false by a decision that was already waiting for a steward."""

from typing import Any

import pytest

from hub.identity.model import Decision
from tests.exchange.test_exchange import shown
from tests.exchange.test_recalling import FLAT
from tests.exchange.world import ALIVE, LAND_STATED, LI, MARITAL, ZHANG, World

OTHER = {"name": "王建国", "number": "330199196605140016", "document_kind": "111", "number_valid": True}
UNDER_REVIEW = "exchange.statement-under-review"


@pytest.fixture
def zhang(bare: World) -> World:
    """Zhang, who owns nothing so far, and a window that may ask what land is registered."""
    bare.push("civil_affairs", "residents", ZHANG | {"birth_date": "1949-12-31"})
    bare.grant(LAND_STATED, "*")
    bare.open_case("2026-0001")
    return bare


def _stated(world: World) -> int | str:
    """How many rights are stated, or why none."""
    (item,) = world.ask((LAND_STATED, ["*"]))["evidence"]
    return shown(world, item)["count"] if item["outcome"] == "released" else item["reason"]


def _decide(world: World, decision: Decision) -> None:
    with world.hub.database.writing() as session:
        (review,) = world.hub.identity.reviews(session)
        world.hub.identity.decide(session, review.review_id, decision, steward="王科员")


@pytest.mark.parametrize(
    ("decision", "count"), [(Decision.LINK, 1), (Decision.DIFFERENT, 0), (Decision.UNSURE, UNDER_REVIEW)]
)
def test_nothing_is_stated_that_a_waiting_decision_would_change(
    zhang: World, decision: Decision, count: int | str
) -> None:
    zhang.push("land", "rights", FLAT)  # somebody of another name under the number of Zhang
    assert _stated(zhang) == UNDER_REVIEW
    _decide(zhang, decision)
    assert _stated(zhang) == count


@pytest.mark.parametrize("changed", [{"registered_status": "history"}, {"right_kind": "23"}])
def test_a_statement_that_no_decision_would_change_is_made(zhang: World, changed: dict[str, Any]) -> None:
    zhang.push("land", "rights", FLAT | changed)
    assert _stated(zhang) == 0


def test_no_marriage_is_stated_while_a_death_may_be_the_spouses(zhang: World) -> None:
    wife = {**LI, "birth_date": "1880-01-01"}
    zhang.push("civil_affairs", "residents", wife)
    wedding = {
        "event": "marriage",
        "event_on": "2001-01-01",
        "man": ZHANG | {"birth_date": "1949-12-31"},
        "woman": wife,
    }
    zhang.push("marriage", "events", wedding)
    zhang.push("funeral", "funerals", {**wife, "name": "赵国强", "died_on": "2026-03-01", "is_nameless": False})
    zhang.push("funeral", "cancellations", {**OTHER, "died_on": "2026-03-01", "is_reversed": False})
    zhang.grant(MARITAL, "*")
    (item,) = zhang.ask((MARITAL, ["*"]))["evidence"]
    assert item["reason"] == UNDER_REVIEW
    _decide(zhang, Decision.DIFFERENT)
    (item,) = zhang.ask((MARITAL, ["*"]))["evidence"]
    assert shown(zhang, item)["marital_status"] == "married"


@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_death_is_stated_of_whoever_left_the_roster_and_no_life(bare: World, *, is_reversed: bool) -> None:
    told = {**ZHANG, "died_on": "2026-03-01", "is_reversed": is_reversed}
    bare.push("civil_affairs", "residents", LI)
    bare.push("funeral", "cancellations", told)
    bare.grant(ALIVE, "*")
    bare.open_case("2026-0001")
    (item,) = bare.ask((ALIVE, ["*"]))["evidence"]
    if is_reversed:
        assert item["reason"] == "exchange.cannot-state"
    else:
        assert (shown(bare, item)["alive"], shown(bare, item)["died_on"]) == (False, "2026-03-01")
