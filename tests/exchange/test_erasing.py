"""A lawful erasure takes the meaning out of what was kept: the log still verifies, and the subject's view says so."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hub.audit.readers import DatabaseReader
from hub.audit.rules import parse_entry
from hub.audit.verify import verify_log
from hub.errors import Malformed, Missing
from hub.exchange.searching import search_for
from hub.exchange.verify_view import verify_view
from hub.identity.model import IdentityQuery
from hub.kernel.clock import FixedClock
from hub.proof.note import NoteVerifier
from hub.proof.policy import LogPolicy
from tests.exchange.world import AID, LI, RESIDENT, ZHANG, World

WHO = IdentityQuery("resident", ZHANG["number"], ZHANG["name"])
AUTHORITY, PORTAL, BASIS = "auth:data-bureau", "portal:county-services", "《个人信息保护法》第四十七条"


def lines(world: World) -> list[dict[str, Any]]:
    made = world.hub.views.open(WHO, by=PORTAL)
    checked = verify_view([json.dumps(made, ensure_ascii=False).encode()], world.policy())
    assert checked.is_valid, checked.steps
    return [line for chain in made["chains"] for line in chain["lines"]]


def column(world: World, query: str) -> list[Any]:
    with world.hub.database.reading() as session:
        return list(session.execute(text(query)).scalars())


@pytest.fixture
def exchanges(world: World, clock: FixedClock) -> tuple[str, str]:
    """An exchange of long ago and one of today, about Zhang."""
    old = world.hub.exchange.exchange(world.request((RESIDENT, ["name"]))).exchange_id
    clock.advance(3600)
    return old, world.hub.exchange.exchange(world.request((RESIDENT, ["name"]))).exchange_id


def erase(world: World, *, before: timedelta = timedelta(minutes=30), whom: Any = WHO, basis: str = BASIS) -> Any:
    return world.hub.erasures.erase(whom, before=world.hub.clock.now() - before, basis=basis, by=AUTHORITY)


def test_what_was_erased_is_gone_and_what_is_younger_stays(world: World, exchanges: tuple[str, str]) -> None:
    old, young = exchanges
    assert erase(world).exchanges == 1
    with pytest.raises(Missing, match=r"exchange\.erased"):
        world.hub.exchange.bundle(old)
    assert world.hub.exchange.bundle(young)["version"] == 2
    (row,) = column(world, f"SELECT row_to_json(x)::text FROM exchange x WHERE exchange_id = '{old}'")
    kept = json.loads(row)
    assert (kept["sealed"], kept["officer"], kept["pairwise"], kept["case_ref"]) == ("\\x", "\\x", None, "")


def test_the_view_says_erased_by_whose_order_and_still_verifies(world: World, exchanges: tuple[str, str]) -> None:
    del exchanges
    erase(world)
    first, second, order = lines(world)
    assert (first["state"], second["state"]) == ("erased", "told")
    assert (order["told"]["kind"], order["told"]["by"], order["told"]["basis"]) == ("erased", AUTHORITY, BASIS)


def test_the_log_still_verifies_and_names_the_order_without_its_text(world: World, exchanges: tuple[str, str]) -> None:
    del exchanges
    erase(world)
    lines(world)
    policy = LogPolicy((NoteVerifier.from_vkey(world.hub.log_vkey),))
    checked = verify_log(DatabaseReader(world.hub.database, world.hub.log_origin), policy)
    assert checked.is_sound, checked.lines()
    entries = [parse_entry(bytes(row)) for row in column(world, "SELECT content FROM log_entry")]
    (order,) = [each for each in entries if each.get("event") == "erased"]
    assert (order["kind"], order["by"]) == ("access", AUTHORITY)
    assert "个人信息" not in json.dumps(order, ensure_ascii=False)


def test_an_auditor_finds_the_exchange_and_that_it_was_erased(world: World, exchanges: tuple[str, str]) -> None:
    old, _young = exchanges
    erase(world)
    search = search_for((None, None), world.hub.clock.now() + timedelta(seconds=1))
    found = {each.exchange: each for each in world.hub.search.page(search).found}
    assert found[old].erased_by
    assert (found[old].officer, found[old].pairwise, found[old].outcome) == ("", None, "released")


def test_the_same_request_sent_again_is_not_answered_anew(world: World, clock: FixedClock) -> None:
    request = world.request((RESIDENT, ["name"]))
    world.hub.exchange.exchange(request)
    clock.advance(10)
    erase(world, before=timedelta(0))
    with pytest.raises(Missing, match=r"exchange\.erased"):
        world.hub.exchange.exchange(request)
    assert len(column(world, "SELECT 1 FROM exchange")) == 1


def test_evidence_that_ended_is_erased_and_what_stands_is_not(world: World, clock: FixedClock) -> None:
    living = "SELECT count(*) FROM evidence WHERE sealed <> ''"
    (record,) = column(world, "SELECT record FROM evidence WHERE export = 'residents' ORDER BY line LIMIT 1")
    clock.advance(60)
    world.push("civil_affairs", "residents", lines=_withdrawal(record))
    world.push("civil_affairs", "residents", {**ZHANG, "phone": "13900000000"})
    clock.advance(3600)
    (before,) = column(world, living)
    made = erase(world)
    assert (made.evidence, made.mentions) == (1, 1)
    assert column(world, living) == [before - 1]
    assert world.ask((RESIDENT, ["name"]))["outcome"] == "released"


def _withdrawal(record: str) -> list[dict[str, str]]:
    return [{"withdrawn": record, "reason": "gone"}]


def test_what_is_about_somebody_else_stays(world: World, exchanges: tuple[str, str], clock: FixedClock) -> None:
    del exchanges
    world.open_case("2026-0002", LI)
    asked = {"kind": "resident", "number": LI["number"], "name": LI["name"]}
    other = world.hub.exchange.exchange(world.request((RESIDENT, ["name"]), subject=asked, case="2026-0002"))
    clock.advance(1)
    assert erase(world, before=timedelta(0)).exchanges == 2
    assert world.hub.exchange.bundle(other.exchange_id)["version"] == 2


def test_a_person_of_whom_no_record_is_left_is_named_by_an_exchange(world: World, exchanges: tuple[str, str]) -> None:
    with world.hub.database.writing() as session:
        session.execute(text("DELETE FROM identity_key"))
    with pytest.raises(Missing, match=r"exchange\.erasure-nobody"):
        erase(world)
    assert erase(world, whom=exchanges[0]).exchanges == 1
    with pytest.raises(Missing, match=r"exchange\.erasure-nobody"):
        erase(world, whom="xch_00000000000000000000000000")


def test_an_order_without_basis_or_for_days_to_come_erases_nothing(world: World, exchanges: tuple[str, str]) -> None:
    del exchanges
    for wrong in ({"basis": " "}, {"basis": "x" * 301}, {"before": timedelta(days=-1)}):
        with pytest.raises(Malformed, match=r"exchange\.erasure-order"):
            erase(world, **wrong)  # type: ignore[arg-type]
    assert column(world, "SELECT count(*) FROM exchange WHERE sealed = ''") == [0]
    assert [line["state"] for line in lines(world)] == ["told", "told"]


def test_erasing_twice_erases_once_and_says_so_twice(world: World, exchanges: tuple[str, str]) -> None:
    del exchanges
    assert (erase(world).exchanges, erase(world).exchanges) == (1, 0)
    assert [line["state"] for line in lines(world)] == ["erased", "told", "told", "told"]


def test_what_secrecy_keeps_back_is_neither_erased_nor_told_by_an_erasure(
    world: World, exchanges: tuple[str, str], clock: FixedClock
) -> None:
    """The entry of an erased line stands in the view, and says which consumer asked for which matter."""
    old, _young = exchanges
    until = world.hub.clock.now() + timedelta(days=10)
    world.hub.deferrals.order(AID, "2026-0001", until=until, basis="《监察法》第三十九条", by=AUTHORITY)
    assert erase(world).exchanges == 0
    assert [line["state"] for line in lines(world)] == ["withheld", "withheld", "told"]
    clock.advance(days=11)
    assert world.hub.exchange.bundle(old)["version"] == 2
    assert erase(world).exchanges == 2
    assert [line["state"] for line in lines(world)][:2] == ["erased", "erased"]
