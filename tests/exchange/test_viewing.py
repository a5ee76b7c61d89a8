"""The subject's view: complete, provable offline, kept back by a logged order only and never beyond the limit."""

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hub.audit.rules import parse_entry
from hub.errors import Conflict, Malformed, Missing, Refused
from hub.exchange.verify_view import verify_view
from hub.exchange.views import sealed_view
from hub.identity.model import IdentityQuery
from hub.kernel.clock import FixedClock
from tests.exchange.world import AID, RESIDENT, ZHANG, World
from tests.support.bending import bent

WHO = IdentityQuery("resident", ZHANG["number"], ZHANG["name"])
PORTAL = "portal:county-services"
AUTHORITY = "auth:data-bureau"
View = dict[str, Any]


def view(world: World, **asked: Any) -> View:
    return world.hub.views.open(WHO, by=PORTAL, **asked)


def lines(made: View) -> list[dict[str, Any]]:
    return [line for chain in made["chains"] for line in chain["lines"]]


def states(made: View) -> list[str]:
    return [line["state"] for line in lines(made)]


def verified(world: World, *views: View) -> Any:
    return verify_view([json.dumps(each, ensure_ascii=False).encode() for each in views], world.policy())


def resealed(world: World, made: View, change: Callable[[View], object]) -> View:
    """What a hub that hides something would sign."""
    changed = copy.deepcopy(made)
    change(changed)
    del changed["seal"]
    return sealed_view(changed, world.hub.signer)


def entries(world: World, event: str) -> list[dict[str, Any]]:
    with world.hub.database.reading() as session:
        rows = session.execute(text("SELECT content FROM log_entry UNION ALL SELECT content FROM log_queue")).scalars()
        told = [parse_entry(bytes(row)) for row in rows]
    return [each for each in told if each.get("event") == event]


@pytest.fixture
def asked(world: World) -> World:
    """Three requests about Zhang: one released, one without a case, one released."""
    world.ask((RESIDENT, ["name", "phone"]))
    world.ask(case="2026-9999")
    world.ask((RESIDENT, ["name"]))
    return world


def test_the_subject_sees_who_asked_for_what_in_order_and_without_gaps(asked: World) -> None:
    made = view(asked)
    first, second, _third = (line["told"] for line in lines(made))
    assert [line["n"] for line in lines(made)] == [1, 2, 3]
    assert (first["consumer"], first["matter"], first["case"]) == (AID, "low-income-aid", "2026-0001")
    assert first["basis"] == "《社会救助暂行办法》第十一条"
    assert first["items"][0]["claims"] == ["name"]
    assert (second["outcome"], second["reason"]) == ("refused", "exchange.case-unknown")
    checked = verified(asked, made)
    assert checked.is_valid, checked.steps


def test_a_look_at_the_view_is_itself_a_line_of_the_next_view(asked: World) -> None:
    view(asked)
    last = lines(made := view(asked))[-1]
    assert (last["n"], last["told"]["kind"], last["told"]["by"]) == (4, "view-opened", PORTAL)
    assert verified(asked, made).is_valid


def test_nobody_known_gets_a_sealed_view_without_lines_and_leaves_none(asked: World) -> None:
    made = asked.hub.views.open(IdentityQuery("resident", "110105194912310011", "王五"), by=PORTAL)
    assert made["chains"] == []
    assert verified(asked, made).is_valid
    assert entries(asked, "view-opened") == []


def without(place: int) -> Callable[[View], object]:
    return lambda made: made["chains"][0]["lines"].pop(place)


def renumbered(made: View) -> None:
    chain = made["chains"][0]
    del chain["lines"][1]
    chain["lines"][1]["n"], chain["count"] = 2, 2


def cut_short(made: View) -> None:
    made["chains"][0]["lines"].pop()


def begun_later(made: View) -> None:
    made["chains"][0]["lines"].pop(0)
    made["chains"][0]["first"] = 2


def told_otherwise(member: str, said: Any) -> Callable[[View], object]:
    return lambda made: made["chains"][0]["lines"][0]["told"].update({member: said})


def item_otherwise(member: str, said: Any) -> Callable[[View], object]:
    return lambda made: made["chains"][0]["lines"][0]["told"]["items"][0].update({member: said})


def swapped(made: View) -> None:
    one, other = made["chains"][0]["lines"][:2]
    one["entry"], other["entry"] = other["entry"], one["entry"]


def doubled(made: View) -> None:
    chain = made["chains"][0]
    chain["lines"][1] = {**chain["lines"][0], "n": 2}


LIES: list[tuple[str, Callable[[View], object], int]] = [
    ("the first line is not there", without(0), 4),
    ("a line between is not there", without(1), 4),
    ("the last line is not there, and the count says so", cut_short, 4),
    ("a line is not there and the rest is renumbered", renumbered, 5),
    ("the chain begins later", begun_later, 3),
    ("two entries are swapped", swapped, 5),
    ("a line stands twice", doubled, 5),
    ("another consumer", told_otherwise("consumer", "svc:other"), 6),
    ("another case", told_otherwise("case", "2026-0002"), 6),
    ("another basis", told_otherwise("basis", "other"), 6),
    ("another outcome", told_otherwise("outcome", "refused"), 6),
    ("fewer claims", told_otherwise("items", []), 6),
    ("about somebody else", told_otherwise("subject", "pw_other"), 6),
    ("one claim less", item_otherwise("claims", []), 6),
    ("another provider", item_otherwise("provider", "dept:other"), 6),
    ("another reason", item_otherwise("reason", None), 6),
]


@pytest.mark.parametrize(("lie", "step"), [pytest.param(lie, step, id=name) for name, lie, step in LIES])
def test_a_view_that_hides_or_bends_a_line_is_found_out_even_under_the_hubs_own_seal(
    asked: World, lie: Callable[[View], object], step: int
) -> None:
    checked = verified(asked, resealed(asked, view(asked), lie))
    assert checked.failed is not None
    assert checked.failed.number == step, checked.failed


def test_a_view_that_somebody_else_shortened_breaks_the_seal(asked: World) -> None:
    made = view(asked)
    made["chains"][0]["lines"].pop()
    made["chains"][0]["count"] = 2
    checked = verified(asked, made)
    assert checked.failed is not None
    assert checked.failed.number == 2


@pytest.mark.parametrize("document", [b"", b"{}", b"[]", b'{"version":1}', b"\xff", b'{"version":1,"version":1}'])
def test_what_is_no_view_fails_at_the_first_step(asked: World, document: bytes) -> None:
    checked = verify_view([document], asked.policy())
    assert checked.failed is not None
    assert checked.failed.number == 1


def test_no_value_of_a_wrong_kind_passes_under_the_hubs_own_seal_or_raises(asked: World) -> None:
    made = view(asked)
    assert not verified(asked, {**made, "seal": 7}).is_valid
    body = {name: value for name, value in made.items() if name != "seal"}
    body["chains"] = [{**made["chains"][0], "lines": lines(made)[:1], "count": 1}]
    for worse in bent(body):
        if isinstance(worse, dict) and body.keys() >= worse.keys() >= {"hub", "at"} and worse != body:
            checked = verified(asked, sealed_view(worse, asked.hub.signer))
            assert not checked.is_valid or worse.get("chains") == [] or is_free(body, worse), worse


def is_free(body: View, worse: View) -> bool:
    """True when only what no entry bounds differs: the view's instant and limit, a line's instant, a chain's name."""
    one, other = copy.deepcopy(body), copy.deepcopy(worse)
    for each in (one, other):
        each["at"] = each["deferral_days"] = each["chains"][0]["chain"] = 0
        for line in lines(each):
            line["told"]["at"] = 0
    return one == other


def test_a_long_view_comes_in_pages_that_verify_together_and_not_with_one_missing(asked: World) -> None:
    object.__setattr__(asked.hub.views, "page", 2)
    first = view(asked)
    name = first["chains"][0]["chain"]
    second = view(asked, after={name: 2})
    third = view(asked, after={name: 4})
    assert [line["n"] for line in lines(second)] == [3, 4]
    assert verified(asked, third, first, second).is_valid
    checked = verified(asked, first, third)
    assert checked.failed is not None
    assert checked.failed.number == 3


def order(world: World, *, days: float, case: str = "2026-0001") -> Any:
    until = world.hub.clock.now() + timedelta(days=days)
    return world.hub.deferrals.order(AID, case, until=until, basis="《监察法》第三十九条", by=AUTHORITY)


def test_lawful_secrecy_keeps_a_line_back_and_ends_by_itself(asked: World, clock: FixedClock) -> None:
    order(asked, days=10)
    made = view(asked)
    assert states(made) == ["withheld", "told", "withheld"], "the case of the second line is another one"
    assert set(lines(made)[0]) == {"n", "state", "leaf"}
    checked = verified(asked, made)
    assert checked.is_valid, checked.steps
    clock.advance(days=9.9)
    assert states(view(asked))[0] == "withheld"
    clock.advance(days=0.2)
    assert states(later := view(asked))[0] == "told"
    assert verified(asked, later).is_valid


def test_an_order_tells_how_many_exchanges_it_found(asked: World) -> None:
    assert [order(asked, days=10, case=case).exchanges for case in ("2026-0001", " 2026-0001")] == [2, 0]


def test_an_order_covers_what_is_asked_after_it(asked: World) -> None:
    order(asked, days=10)
    asked.ask((RESIDENT, ["name"]))
    assert states(view(asked))[3] == "withheld"


def test_an_order_is_extended_and_both_are_in_the_log(asked: World, clock: FixedClock) -> None:
    order(asked, days=10)
    clock.advance(days=5)
    order(asked, days=60)
    clock.advance(days=30)
    assert states(view(asked))[0] == "withheld"
    (ordered,), (extended,) = entries(asked, "deferral-ordered"), entries(asked, "deferral-extended")
    assert extended["until"] > ordered["until"]
    assert (ordered["consumer"], ordered["by"], ordered["limit_days"]) == (AID, AUTHORITY, 180)
    assert "2026-0001" not in json.dumps([ordered, extended])
    assert "监察" not in json.dumps([ordered, extended], ensure_ascii=False)


def test_no_chain_of_extensions_outlasts_the_limit(asked: World, clock: FixedClock) -> None:
    for _ in range(4):
        order(asked, days=100)
        clock.advance(days=50)
    assert states(view(asked))[0] == "told", "200 days after it was asked"
    asked.ask((RESIDENT, ["name"]))
    assert states(view(asked))[-1] == "withheld", "the last order still covers what is asked now"


def test_an_order_beyond_the_limit_or_into_the_past_is_refused(asked: World) -> None:
    with pytest.raises(Refused, match=r"exchange\.deferral-too-long"):
        order(asked, days=181)
    with pytest.raises(Malformed, match=r"exchange\.deferral-until"):
        order(asked, days=-1)
    with pytest.raises(Malformed, match=r"exchange\.deferral-texts"):
        asked.hub.deferrals.order(
            AID, "2026-0001", until=asked.hub.clock.now() + timedelta(days=1), basis=" ", by=AUTHORITY
        )
    with pytest.raises(Missing, match=r"parties\.unknown"):
        asked.hub.deferrals.order(
            "svc:nobody", "1", until=asked.hub.clock.now() + timedelta(days=1), basis="x", by=AUTHORITY
        )
    assert entries(asked, "deferral-ordered") == []


def test_secrecy_is_ended_before_its_time_once(asked: World) -> None:
    made = order(asked, days=10)
    order(asked, days=20)
    asked.hub.deferrals.end(made.deferral_id, by=AUTHORITY)
    assert states(view(asked))[0] == "told"
    with pytest.raises(Conflict, match=r"exchange\.deferral-over"):
        asked.hub.deferrals.end(made.deferral_id, by=AUTHORITY)
    with pytest.raises(Missing, match=r"exchange\.no-such-deferral"):
        asked.hub.deferrals.end("def_0", by=AUTHORITY)
    assert len(entries(asked, "deferral-ended")) == 1


def test_a_leaf_made_up_for_a_withheld_line_does_not_fit_the_line_after_it(asked: World) -> None:
    order(asked, days=10)
    forged = resealed(asked, view(asked), lambda made: lines(made)[0].update({"leaf": "A" * 43}))
    checked = verified(asked, forged)
    assert checked.failed is not None
    assert checked.failed.number == 5
