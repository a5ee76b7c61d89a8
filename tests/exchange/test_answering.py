"""Exchanges that came together share statements and a commit, and nothing else."""

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from hub.errors import Conflict, HubError, Malformed, Unavailable
from hub.exchange.model import Answered, Request
from hub.exchange.service import answering
from hub.exchange.service.deciding import Deciding, shown_at
from hub.exchange.views import paths_in
from hub.proof.keys import generate_signer
from hub.proof.sdjwt import issue_sd_jwt, parse_trusted_sd_jwt
from tests.exchange.world import LI, RESIDENT, World

UNKNOWN = {"kind": "resident", "number": "810000199001010019", "name": "无此人"}
ABOUT_LI = {"subject": {"kind": "resident", "number": LI["number"], "name": LI["name"]}, "case": "2026-0002"}
LOGGED = """SELECT count(*) FROM exchange JOIN
 (SELECT entry_id FROM log_queue UNION ALL SELECT entry_id FROM log_entry) entry USING (entry_id)"""


@pytest.fixture
def two_people(world: World) -> World:
    """A world in which there is a case about either of two residents."""
    world.push("civil_affairs", "residents", LI)
    world.open_case("2026-0002", LI)
    return world


def answered(world: World, requests: Sequence[str]) -> list[Answered | Exception]:
    return world.hub.exchange.answer_all(requests)


def count(world: World, query: str) -> int:
    with world.hub.database.reading() as session:
        return int(session.execute(text(query)).scalar_one())


def failing(deed: Callable[..., Any], when: Callable[..., bool], fault: Exception) -> Callable[..., Any]:
    def told(*args: Any, **more: Any) -> Any:
        if when(*args):
            raise fault
        return deed(*args, **more)

    return told


def test_a_crowd_is_read_for_in_one_statement_and_kept_in_one(
    two_people: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(two_people, [two_people.request(), two_people.request(**ABOUT_LI)])  # known from now on
    requests = [two_people.request(), two_people.request(**ABOUT_LI), two_people.request(subject=UNKNOWN)]
    two_people.hub.log.stop()
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def told(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
        sent.append(str(query))
        return execute(self, query, *rest, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", told)
    got = answered(two_people, requests)
    assert all(isinstance(each, Answered) for each in got), got
    assert [sum(part in each for each in sent) for part in ("AS asked (place", "INTO exchange")] == [1, 1]


def test_many_exchanges_about_one_subject_at_once_make_one_chain_without_a_gap(world: World) -> None:
    got = answered(world, [world.request() for _ in range(5)])
    assert all(isinstance(each, Answered) for each in got), got
    numbers = "SELECT count(*) FROM subject_access WHERE exchange_id IS NOT NULL AND n BETWEEN 1 AND 5"
    assert (count(world, numbers), count(world, "SELECT max(count) FROM log_subject_chain")) == (5, 5)


def test_what_is_wrong_with_one_is_told_to_that_one_alone(two_people: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_li(deciding: Deciding, *_: object) -> bool:
        return deciding._request.case == ABOUT_LI["case"]

    monkeypatch.setattr(Deciding, "decide", failing(Deciding.decide, is_li, ZeroDivisionError()))
    right, wrong, forged, again = answered(
        two_people,
        [
            two_people.request(),
            two_people.request(**ABOUT_LI),
            two_people.request(signer=generate_signer("Ed25519")),
            two_people.request(),
        ],
    )
    assert isinstance(wrong, ZeroDivisionError)
    assert isinstance(forged, Malformed)
    assert isinstance(right, Answered)
    assert isinstance(again, Answered)
    assert count(two_people, "SELECT count(*) FROM exchange") == count(two_people, LOGGED) == 2


def test_a_statement_that_fails_for_all_is_tried_for_each(two_people: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def are_many(_cursor: object, new: Sequence[object], *_: object) -> bool:
        return len(new) > 1

    monkeypatch.setattr(answering, "keep", failing(answering.keep, are_many, ZeroDivisionError()))
    got = answered(two_people, [two_people.request(), two_people.request(**ABOUT_LI)])
    assert all(isinstance(each, Answered) for each in got), got
    assert count(two_people, "SELECT count(*) FROM exchange") == len(got)


def test_while_the_database_is_away_everybody_is_told_so_and_nothing_is_tried_twice(
    two_people: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def is_away(*_: object) -> bool:
        tried.append(None)
        return True

    away = Unavailable("storage.database-away", "The database does not answer.", "数据库无应答。")
    monkeypatch.setattr(answering, "keep", failing(answering.keep, is_away, away))
    got = answered(two_people, [two_people.request(), two_people.request(**ABOUT_LI)])
    assert ([each.code for each in got if isinstance(each, HubError)], len(tried)) == ([away.code] * 2, 1)


def test_one_request_twice_in_a_crowd_is_one_release_also_when_it_is_about_nobody(world: World) -> None:
    for request in (world.request(), world.request(subject=UNKNOWN)):
        first, other, second = answered(world, [request, world.request(), request])
        assert isinstance(first, Answered)
        assert isinstance(second, Answered)
        assert isinstance(other, Answered)
        assert first.kept.answer_jws == second.kept.answer_jws
        assert sorted((first.is_replay, second.is_replay)) == [False, True]


def test_two_requests_under_one_number_in_a_crowd_are_one_answer_and_one_refusal(world: World) -> None:
    got = answered(world, [world.request(jti="number-of-both", officer=name) for name in ("甲", "乙")])
    assert sorted(type(each).__name__ for each in got) == ["Answered", Conflict.__name__]


def test_an_entry_that_comes_in_between_is_followed(two_people: World, monkeypatch: pytest.MonkeyPatch) -> None:
    signed, world = answering.Answering._signed, two_people
    meanwhile = [world.request(), world.request(**ABOUT_LI)]

    def overtaken(self: Any, request: Request, *rest: Any) -> Any:
        made = signed(self, request, *rest)
        if meanwhile:
            assert isinstance(answered(world, [meanwhile.pop()])[0], Answered)
        return made

    monkeypatch.setattr(answering.Answering, "_signed", overtaken)
    got = answered(world, [world.request(**ABOUT_LI), world.request()])
    assert all(isinstance(each, Answered) for each in got), got
    places = "SELECT count(*) FROM subject_access a JOIN log_subject_chain USING (subject_id) WHERE n <= count"
    assert count(world, places) == count(world, "SELECT count(*) FROM exchange WHERE pairwise IS NOT NULL")


def test_what_a_presentation_shows_is_known_without_reading_it_also_below_the_top() -> None:
    record = {"name": "甲", "man": {"name": "乙", "number": "1"}, "members": [{"name": "丙"}, {"name": "丁"}]}
    evidence = parse_trusted_sd_jwt(issue_sd_jwt({"vct": RESIDENT}, record, signer=generate_signer("Ed25519")))
    for path in evidence.paths:
        for chosen in ([path], [*{("name",), path}]):
            presentation = evidence.present(chosen)
            assert sorted(map(str, shown_at(chosen, presentation))) == sorted({*map(str, paths_in(presentation))})
