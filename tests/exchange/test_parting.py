"""A split parts the views: what was asked meanwhile is with whom it is about, provably, and with nobody else."""

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hub.errors import Missing
from hub.exchange.steps import Verification
from hub.exchange.store.auditing import AuditingStore
from hub.exchange.verify_view import verify_view
from hub.exchange.views import sealed_view
from hub.identity.model import IdentityQuery
from hub.kernel.clock import FixedClock
from tests.exchange.test_recalling import STRANGER, mixed, split
from tests.exchange.world import AID, LAND, RESIDENT, ZHANG, World

__all__ = ["mixed"]
AUTHORITY = "auth:data-bureau"
View = dict[str, Any]
ABOUT_HER = {"kind": "resident", "number": STRANGER["number"], "name": STRANGER["name"]}


def view(world: World, person: dict[str, Any]) -> View:
    query = IdentityQuery("resident", person["number"], person["name"])
    return world.hub.views.open(query, by="portal:county-services")


def lines(made: View) -> list[dict[str, Any]]:
    return [line for chain in made["chains"] for line in chain["lines"]]


def exchanges(made: View) -> list[str]:
    """The exchanges that the view tells of, whether its own or carried over."""
    told = [line["told"] for line in lines(made) if line["state"] == "told"]
    shown = [each["exchange"] if each["kind"] == "carried-over" else each for each in told if "exchange" in each]
    return [each["exchange"] for each in shown]


def verified(world: World, *views: View) -> Verification:
    return verify_view([json.dumps(each, ensure_ascii=False).encode() for each in views], world.policy())


def asked(world: World, *wanted: tuple[str, list[str]], **changed: Any) -> str:
    return str(world.ask(*wanted, **changed)["exchange"])


def test_what_was_asked_about_somebody_while_they_were_another_is_in_their_view_and_verifies(mixed: World) -> None:
    mixed.open_case("2026-0001", STRANGER)
    hers = asked(mixed, (RESIDENT, ["name"]), (LAND, ["unit"]), subject=ABOUT_HER)
    split(mixed)
    made = view(mixed, STRANGER)
    (line,) = lines(made)
    assert exchanges(made) == [hers]
    assert (line["n"], line["told"]["exchange"]["consumer"], line["told"]["exchange"]["case"]) == (1, AID, "2026-0001")
    checked = verified(mixed, made)
    assert checked.is_valid, checked.failed


def test_both_see_an_exchange_that_showed_evidence_of_both(mixed: World) -> None:
    mixed.open_case("2026-0001")
    both = asked(mixed, (RESIDENT, ["name"]), (LAND, ["unit"]))
    split(mixed)
    assert [exchanges(view(mixed, person)) for person in (ZHANG, STRANGER)] == [[both], [both]]


def test_an_exchange_about_one_of_them_alone_is_withheld_from_the_other_and_the_chain_verifies(mixed: World) -> None:
    mixed.open_case("2026-0001")
    mixed.open_case("2026-0002", STRANGER)
    his = asked(mixed, (RESIDENT, ["name"]))
    hers = asked(mixed, (LAND, ["unit"]), subject=ABOUT_HER, case="2026-0002")
    refused = asked(mixed, (RESIDENT, ["phone"]), subject=ABOUT_HER, case="2026-0002")
    split(mixed)
    his_view, her_view = view(mixed, ZHANG), view(mixed, STRANGER)
    assert exchanges(his_view) == [his]
    assert [line["state"] for line in lines(his_view)][1:3] == ["withheld", "withheld"]
    assert set(lines(his_view)[1]) == {"n", "state", "leaf"}
    assert exchanges(her_view) == [hers, refused]
    assert [verified(mixed, made).is_valid for made in (his_view, her_view)] == [True, True]


def test_what_was_asked_afterwards_goes_on_in_each_ones_own_chain(mixed: World, clock: FixedClock) -> None:
    mixed.open_case("2026-0001", STRANGER)
    before = asked(mixed, (LAND, ["unit"]), subject=ABOUT_HER)
    split(mixed)
    clock.advance(seconds=60)
    after = asked(mixed, (LAND, ["unit"]), subject=ABOUT_HER)
    made = view(mixed, STRANGER)
    assert exchanges(made) == [before, after]
    assert [line["n"] for line in lines(made)] == [1, 2]
    assert verified(mixed, made).is_valid


def carried(member: str, said: Any) -> Callable[[View], object]:
    return lambda made: lines(made)[0]["told"].update({member: said})


def otherwise(member: str, said: Any) -> Callable[[View], object]:
    return lambda made: lines(made)[0]["told"]["exchange"].update({member: said})


LIES: list[tuple[str, Callable[[View], object]]] = [
    ("another consumer", otherwise("consumer", "svc:other")),
    ("another case", otherwise("case", "2026-0009")),
    ("another entry", carried("entry", "e30")),
    ("no entry", carried("entry", None)),
    ("no exchange", carried("exchange", None)),
    ("another salt", carried("salt", "AAAA")),
    ("another receipt", carried("receipt", "")),
    ("an event that was not logged", carried("kind", "view-opened")),
]


@pytest.mark.parametrize("lie", [pytest.param(lie, id=name) for name, lie in LIES])
def test_a_carried_line_that_says_otherwise_is_found_out_under_the_hubs_own_seal(
    mixed: World, lie: Callable[[View], object]
) -> None:
    mixed.open_case("2026-0001", STRANGER)
    asked(mixed, (LAND, ["unit"]), subject=ABOUT_HER)
    split(mixed)
    changed = copy.deepcopy(view(mixed, STRANGER))
    lie(changed)
    del changed["seal"]
    assert not verified(mixed, sealed_view(changed, mixed.hub.signer)).is_valid


def test_lawful_secrecy_of_the_case_covers_the_carried_line_too(mixed: World) -> None:
    mixed.open_case("2026-0001", STRANGER)
    asked(mixed, (LAND, ["unit"]), subject=ABOUT_HER)
    until = mixed.hub.clock.now() + timedelta(days=3)
    mixed.hub.deferrals.order(AID, "2026-0001", until=until, basis="《监察法》第三十九条", by=AUTHORITY)
    split(mixed)
    made = view(mixed, STRANGER)
    assert [line["state"] for line in lines(made)] == ["withheld"]
    assert verified(mixed, made).is_valid


def test_erasing_one_leaves_what_is_about_both_and_takes_what_is_about_that_one_alone(
    mixed: World, clock: FixedClock
) -> None:
    mixed.open_case("2026-0001")
    mixed.open_case("2026-0002", STRANGER)
    both = asked(mixed, (RESIDENT, ["name"]), (LAND, ["unit"]))
    hers = asked(mixed, (LAND, ["unit"]), subject=ABOUT_HER, case="2026-0002")
    split(mixed)
    clock.advance(days=400)
    whom = IdentityQuery("resident", STRANGER["number"], STRANGER["name"])
    erased = mixed.hub.erasures.erase(whom, before=clock.now(), basis="《个人信息保护法》第四十七条", by=AUTHORITY)
    assert erased.exchanges == 1
    with pytest.raises(Missing, match=r"exchange\.erased"):
        mixed.hub.exchange.bundle(hers)
    assert mixed.hub.exchange.bundle(both)
    made = view(mixed, STRANGER)
    assert [line["state"] for line in lines(made)] == ["told", "erased", "told"]
    assert verified(mixed, made).is_valid
    assert exchanges(view(mixed, ZHANG)) == [both]


def test_auditors_count_an_exchange_once_whoever_sees_it(mixed: World) -> None:
    mixed.open_case("2026-0001")
    asked(mixed, (RESIDENT, ["name"]), (LAND, ["unit"]))
    split(mixed)
    with mixed.hub.database.reading() as session:
        held = session.execute(text("SELECT count(*) FROM subject_access")).scalar_one()
    assert held == 2
    now = mixed.hub.clock.now()
    with mixed.hub.database.reading() as session:
        looks = list(AuditingStore(session).looks(now - timedelta(days=1), now + timedelta(days=1), None))
    assert len(looks) == 1
