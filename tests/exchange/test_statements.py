from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from hub.exchange.statements import (
    RULES,
    Around,
    Known,
    alive,
    household,
    land_registered,
    low_income_status,
    marital_status,
    standing_deaths,
)

AT = datetime(2026, 11, 1, tzinfo=UTC)
_numbers = count(1)


def known(type_: str, role: str = "self", **claims: Any) -> Known:
    number = next(_numbers)
    return Known(f"ev_{number}", type_, role, "dept:x", "x", "y", AT, bytes(32), claims)


def died(on: str, **claims: Any) -> Known:
    return known("funeral", "deceased", died_on=on, is_nameless=False, **claims)


def cancelled(on: str, *, is_reversed: bool = False) -> Known:
    return known("household-cancellation", "deceased", died_on=on, is_reversed=is_reversed)


def event(kind: str, on: str, role: str = "man", **claims: Any) -> Known:
    return known("marriage-event", role, event=kind, event_on=on, **claims)


def test_whoever_has_no_death_recorded_is_alive_as_far_as_is_registered() -> None:
    assert alive([known("resident", name="张三")], Around()).claims == {"alive": True}


def test_a_recorded_death_is_told_with_its_first_day() -> None:
    stated = alive([died("2026-03-02"), cancelled("2026-03-01")], Around())
    assert stated.claims == {"alive": False, "died_on": "2026-03-01"}
    assert len(stated.rests_on) == 2


@pytest.mark.parametrize(("day", "is_alive"), [("2026-03-31", True), ("2026-04-01", False)])
def test_a_reversal_reaches_thirty_days(day: str, is_alive: bool) -> None:  # noqa: FBT001
    stated = alive([died(day), cancelled("2026-03-01", is_reversed=True)], Around())
    assert stated.claims["alive"] is is_alive


def test_a_reversal_alone_is_no_death() -> None:
    assert standing_deaths([cancelled("2026-03-01", is_reversed=True)]) == []


def test_without_any_event_no_marriage_is_registered_which_is_not_single() -> None:
    assert marital_status([known("resident", marital_declared="20")], Around()).claims == {
        "marital_status": "none_registered",
        "marital_code": "90",
    }


@pytest.mark.parametrize(
    ("events", "status", "since"),
    [
        ([("marriage", "2001-01-01")], "married", "2001-01-01"),
        ([("marriage", "2001-01-01"), ("divorce", "2005-01-01")], "divorced", "2005-01-01"),
        ([("divorce", "2005-01-01"), ("marriage", "2001-01-01")], "divorced", "2005-01-01"),
        ([("marriage", "2001-01-01"), ("divorce", "2005-01-01"), ("marriage", "2006-01-01")], "married", "2006-01-01"),
        ([("marriage", "2001-01-01"), ("reissue", "2010-01-01")], "married", "2001-01-01"),
        ([("divorce", "2005-01-01"), ("reissue", "2010-01-01")], "divorced", "2005-01-01"),
        ([("reissue", "2010-01-01")], "none_registered", None),
    ],
)
def test_the_status_is_the_replay_of_the_events(events: list[tuple[str, str]], status: str, since: str | None) -> None:
    claims = marital_status([event(*each) for each in events], Around()).claims
    assert (claims["marital_status"], claims.get("since")) == (status, since)


def test_married_with_the_spouse_recorded_dead_is_widowed() -> None:
    marriage = event("marriage", "2001-01-01")
    stated = marital_status([marriage], Around(spouse_deaths={marriage.evidence_id: [died("2020-05-05")]}))
    assert stated.claims == {"marital_status": "widowed", "marital_code": "30", "since": "2020-05-05"}
    assert {each.type for each in stated.rests_on} == {"marriage-event", "funeral"}


def test_a_spouse_whose_death_was_taken_back_leaves_the_marriage() -> None:
    marriage = event("marriage", "2001-01-01")
    deaths = [died("2020-05-05"), cancelled("2020-05-01", is_reversed=True)]
    stated = marital_status([marriage], Around(spouse_deaths={marriage.evidence_id: deaths}))
    assert stated.claims["marital_status"] == "married"


def test_married_after_the_spouses_death_is_a_finding_and_no_state() -> None:
    marriage = event("marriage", "2021-01-01")
    stated = marital_status([marriage], Around(spouse_deaths={marriage.evidence_id: [died("2020-05-05")]}))
    assert stated.claims["findings"] == ["married-after-death"]


def test_low_income_status_is_that_of_the_newest_month() -> None:
    old = known("low-income-household", "head", month="2026-09", category="rural")
    new = known("low-income-household", "member.2", month="2026-10", category="urban", starts_month="2024-01")
    stated = low_income_status([old, new], Around())
    assert stated.claims == {
        "receives": True,
        "month": "2026-10",
        "as": "member",
        "category": "urban",
        "starts_month": "2024-01",
    }
    assert stated.rests_on == (new,)


def test_whoever_is_on_no_list_receives_nothing() -> None:
    assert low_income_status([], Around()).claims == {"receives": False}


def right(kind: str, status: str = "current") -> Known:
    return known("real-estate-right", "holder", unit=f"u{kind}", right_kind=kind, registered_status=status)


def test_a_mortgagee_and_a_former_owner_own_nothing() -> None:
    stated = land_registered([right("23"), right("4", "history")], Around())
    assert stated.claims == {"registered": False, "count": 0}


def test_owned_land_is_listed_unit_by_unit() -> None:
    stated = land_registered([right("9"), right("4"), right("23")], Around())
    assert (stated.claims["count"], [each["unit"] for each in stated.claims["rights"]]) == (2, ["u4", "u9"])


def test_a_household_is_everybody_registered_under_one_head() -> None:
    own = known("resident", name="张三", relation_to_head="10")
    head = known("resident", name="李四", relation_to_head="02")
    stated = household([own], Around(household=[own, head]))
    assert (stated.claims["persons"], stated.claims["relation_to_head"]) == (2, "10")
    assert len(stated.rests_on) == 2


def test_every_rule_has_a_name_of_its_own() -> None:
    assert set(RULES) == {"alive", "marital-status", "low-income-status", "land-registered", "household"}
