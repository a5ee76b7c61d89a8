"""The client tells an approval system what happened in the hub's own families, and retries only what may come back."""

from collections.abc import Iterator

import httpx
import pytest

from hub.client.channel import Channel, Identity, fault_in
from hub.errors import Broken, Conflict, Missing, Refused, Unavailable
from hub.proof.keys import generate_signer

PROBLEM = {"content-type": "application/problem+json"}
TOKEN = {"access_token": "t", "token_type": "Bearer", "expires_in": 600, "scope": "cases"}


def _problem(status: int, code: str, **facts: object) -> httpx.Response:
    members = {"type": "x", "title": "x", "status": status, "detail": "en", "detail_zh": "zh", "code": code, **facts}
    return httpx.Response(status, json=members, headers=PROBLEM)


@pytest.fixture
def identity() -> Identity:
    return Identity("svc:test", generate_signer(), "hub:test")


@pytest.mark.parametrize(
    ("status", "family"), [(404, Missing), (409, Conflict), (403, Refused), (401, Refused), (503, Unavailable)]
)
def test_a_problem_becomes_the_family_its_status_stands_for(status: int, family: type) -> None:
    fault = fault_in(_problem(status, "room.fact", expected=7))
    assert type(fault) is family
    assert (fault.code, fault.en, fault.zh, fault.facts) == ("room.fact", "en", "zh", {"expected": 7})


@pytest.mark.parametrize("body", [b"<html>gone</html>", b"{", b'{"code": 1'])
def test_an_address_that_is_no_hub_is_said_to_be_none(body: bytes) -> None:
    fault = fault_in(httpx.Response(200 + 300, content=body, headers=PROBLEM))
    assert (type(fault), fault.code) == (Broken, "client.not-the-hub")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>sign in</html>",
        b"[]",
        b"{}",
        b"",
        b"\xff",
        b"[" * 9999,
        b'{"access_token":"t","expires_in":1e999}',
        b'{"access_token":"a\\nb","expires_in":60}',
        b'{"access_token":"t","expires_in":"60"}',
    ],
)
def test_a_page_that_answers_in_place_of_the_hub_is_said_to_be_none(identity: Identity, body: bytes) -> None:
    answer = httpx.MockTransport(lambda _request: httpx.Response(200, content=body))
    with Channel("http://hub", identity, transport=answer) as channel:
        for ask in (channel.access_token, channel.hub_named_there):
            with pytest.raises(Broken) as refusal:
                ask()
            assert refusal.value.code == "client.not-the-hub"


def test_what_may_come_back_is_tried_again(identity: Identity) -> None:
    answers: Iterator[httpx.Response] = iter(
        [_problem(503, "storage.database-away"), httpx.Response(502), httpx.Response(200, json={"ok": True})]
    )

    def hub(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=TOKEN) if request.url.path == "/oauth/token" else next(answers)

    with Channel("http://hub", identity, transport=httpx.MockTransport(hub)) as channel:
        assert channel.call("GET", "/v1/cases/c").json() == {"ok": True}


def test_a_refusal_is_not_tried_again(identity: Identity) -> None:
    asked: list[str] = []

    def hub(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return _problem(409, "intake.sequence-gap", expected=3)

    with Channel("http://hub", identity, transport=httpx.MockTransport(hub)) as channel, pytest.raises(Conflict):
        channel.call("POST", "/v1/x", token=False)
    assert asked == ["/v1/x"]


def test_patience_ends_with_the_reason(identity: Identity) -> None:
    def hub(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    channel = Channel("http://hub", identity, patience_seconds=0.3, transport=httpx.MockTransport(hub))
    with channel, pytest.raises(Unavailable) as refusal:
        channel.call("GET", "/healthz", token=False)
    assert refusal.value.code == "client.no-answer"


def test_one_token_serves_many_calls(identity: Identity) -> None:
    granted: list[bytes] = []

    def hub(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            granted.append(request.content)
            return httpx.Response(200, json=TOKEN)
        assert request.headers["authorization"] == "Bearer t"
        return httpx.Response(200, json={})

    with Channel("http://hub", identity, transport=httpx.MockTransport(hub)) as channel:
        for _ in range(3):
            channel.call("GET", "/v1/cases/c")
    assert len(granted) == 1
    assert b"grant_type=client_credentials" in granted[0]


def test_a_token_that_counts_no_more_is_renewed_once(identity: Identity) -> None:
    granted: list[str] = []

    def hub(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            granted.append(f"t{len(granted)}")
            return httpx.Response(200, json={**TOKEN, "access_token": granted[-1]})
        if request.url.path == "/v1/closed" or request.headers["authorization"] == "Bearer t0":
            return _problem(401, "api.bad-token")
        return httpx.Response(200, json={})

    with Channel("http://hub", identity, transport=httpx.MockTransport(hub)) as channel:
        assert channel.call("GET", "/v1/cases/c").json() == {}
        with pytest.raises(Refused, match=r"api\.bad-token"):
            channel.call("GET", "/v1/closed")
    assert granted == ["t0", "t1", "t2"]


def test_a_page_for_people_is_no_answer_of_a_hub(identity: Identity) -> None:
    page = httpx.Response(200, html="<html>Sign in</html>")
    with Channel("http://portal", identity, transport=httpx.MockTransport(lambda _: page)) as channel:
        for is_with_token in (True, False):
            with pytest.raises(Broken, match=r"client\.not-the-hub"):
                channel.call("GET", "/v1/cases/c", token=is_with_token)
