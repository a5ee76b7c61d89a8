"""Many exchanges on few threads: each gets its own receipt; a request that comes many times at once is one release."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text

from hub.api.lane import Lane
from hub.audit.waiting import Waiters
from hub.errors import Broken, HubError, Malformed, Unavailable
from hub.exchange.model import Exchanged
from tests.exchange.world import World

THREADS = 4


def sent(world: World, requests: Sequence[str], *, receipt_seconds: float = 10.0) -> list[Any]:
    """What each request brings, all of them sent at once."""

    async def all_at_once() -> list[Any]:
        lane = Lane(world.hub.exchange, world.hub.log, threads=THREADS, receipt_seconds=receipt_seconds)
        try:
            asked = (lane.exchanged(request.encode()) for request in requests)
            return await asyncio.gather(*asked, return_exceptions=True)
        finally:
            lane.close()

    return asyncio.run(all_at_once())


def kept(world: World) -> int:
    with world.hub.database.reading() as session:
        return int(session.execute(text("SELECT count(*) FROM exchange")).scalar_one())


def test_more_callers_than_threads_all_get_their_own_receipt(world: World) -> None:
    got = sent(world, [world.request() for _ in range(8 * THREADS)])
    assert all(isinstance(each, Exchanged) for each in got), got
    assert (
        len({each.receipt_text for each in got}) == len({each.exchange_id for each in got}) == kept(world) == len(got)
    )
    assert world.read(got[0])["exchange"] == got[0].exchange_id


def test_a_request_that_comes_many_times_at_once_is_released_once(world: World) -> None:
    got = sent(world, [world.request()] * (2 * THREADS))
    assert len({each.answer_jws for each in got}) == kept(world) == 1
    assert sorted(each.is_replay for each in got) == [False] + [True] * (2 * THREADS - 1)


def test_what_a_caller_did_wrong_reaches_that_caller_alone(world: World) -> None:
    right, wrong, again = sent(world, [world.request(), "no.jws.here", world.request()])
    assert isinstance(wrong, Malformed)
    assert isinstance(right, Exchanged)
    assert isinstance(again, Exchanged)


def test_a_fault_that_nobody_foresaw_reaches_the_caller(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_request: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(world.hub.exchange, "answer_all", broken)
    assert [type(each) for each in sent(world, [world.request()] * 2)] == [ZeroDivisionError] * 2


def test_a_fault_of_the_log_reaches_the_caller_and_the_lane_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = world.request()
    sent(world, [request])

    def damaged(_entry_id: str) -> None:
        raise Broken("audit.tree-damaged", "What is stored does not give the root.", "无法推导出已签名的根。")

    with monkeypatch.context() as patched:
        patched.setattr(world.hub.log, "found_receipt", damaged)
        got = sent(world, [request] * (2 * THREADS) + [world.request()])
    assert {type(each) for each in got[:-1]} == {Broken}
    assert isinstance(got[-1], Exchanged)


def test_a_caller_finds_its_receipt_also_when_the_notice_is_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Waiters, "answer_from", lambda *_: None)
    (got,) = sent(world, [world.request()])
    assert "index 0" not in got.receipt_text
    assert world.read(got)["exchange"] == got.exchange_id


def test_an_answer_without_receipt_is_kept_and_given_when_asked_again(world: World) -> None:
    request = world.request()
    world.hub.log.stop()
    (late,) = sent(world, [request], receipt_seconds=0.1)
    assert isinstance(late, Unavailable)
    assert late.code == "audit.no-receipt-yet"
    world.hub.log.start()
    (again,) = sent(world, [request])
    assert (again.is_replay, kept(world)) == (True, 1)


def test_what_the_log_refuses_to_sign_is_told_to_everybody_who_waits(world: World) -> None:
    sent(world, [world.request()])
    world.hub.log.stop()
    (world.hub.log._parts.signed._path).unlink()  # type: ignore[attr-defined]
    world.hub.log.start()
    got = sent(world, [world.request() for _ in range(3)])
    assert {each.code for each in got if isinstance(each, HubError)} == {"audit.last-signed-missing"}
