"""Callers that never finish, and what is no call: heads without an end, bodies that stop or drip, wrong lengths."""

import asyncio
import json
import socket
from collections.abc import Iterator

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api import doorkeeper, heads
from hub.api.doorkeeper import Doorkeeper
from hub.api.limits import Limits
from hub.api.metrics import Metrics
from hub.api.server import listening_socket, served

MEBIBYTE = 1024 * 1024


def answering() -> ASGIApp:
    """An application that reads whatever body comes and says so."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"read"})

    return Doorkeeper(app, limits=Limits(), metrics=Metrics())


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(doorkeeper, "BODY_SECONDS", 0.5)
    at = listening_socket("127.0.0.1", 0)
    with served(answering, at):
        yield at.getsockname()


def said(door: tuple[str, int], *parts: bytes) -> bytes:
    """What the server answers to the parts, until it closes or has said a whole answer."""
    with socket.create_connection(door, timeout=20) as caller:
        try:
            for part in parts:
                caller.sendall(part)
        except OSError:
            pass
        heard = b""
        try:
            while b"read" not in heard and (piece := caller.recv(65536)):
                heard += piece
        except ConnectionError:
            pass
        return heard


def test_a_head_without_an_end_is_refused_before_it_fills_the_memory(door: tuple[str, int]) -> None:
    heard = said(door, b"GET / HTTP/1.1\r\nhost: x\r\n", *[b"x: " + b"a" * MEBIBYTE + b"\r\n"] * 64)
    assert b"200 OK" not in heard
    one_line = said(door, b"GET / HTTP/1.1\r\nhost: x\r\nx: ", *[b"a" * 4096] * 32)
    assert b"200 OK" not in one_line


def test_a_large_head_within_bounds_and_many_calls_on_one_connection_are_served(door: tuple[str, int]) -> None:
    call = b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 30_000 + b"\r\n\r\n"
    with socket.create_connection(door, timeout=20) as caller:
        for _ in range(5):
            caller.sendall(call)
            assert caller.recv(65536).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: "])
def test_a_caller_that_says_no_whole_head_is_not_kept(door: tuple[str, int], begun: bytes) -> None:
    assert said(door, begun) == b""


def problem_in(heard: bytes) -> tuple[bytes, str]:
    """Status and code of the one answer, which is a problem like every other."""
    head, _, body = heard.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head.lower()
    return head[9:12], json.loads(body)["code"]


@pytest.mark.parametrize(
    "call",
    [
        b"garbage\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"FOO / HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /\xe5\xbc\xa0 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\nconnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nauthorization: a\r\nauthorization: b\r\nconnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_call_is_refused_as_every_other_fault(door: tuple[str, int], call: bytes) -> None:
    assert problem_in(said(door, call)) == (b"400", "api.unreadable")


@pytest.mark.parametrize(
    "call",
    [
        b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"".join(b"x-%d: aaa\r\n" % n for n in range(8000)) + b"\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
)
def test_a_head_that_is_too_large_is_told_so_also_when_it_came_in_one_piece(door: tuple[str, int], call: bytes) -> None:
    assert problem_in(said(door, call)) == (b"431", "api.head-too-large")


CHUNKED = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("beside", [b"3;x=", b"3\r\nabc\r\n0\r\nx: "])
def test_what_stands_beside_the_chunks_of_a_body_has_the_bound_of_a_head(door: tuple[str, int], beside: bytes) -> None:
    heard = said(door, CHUNKED + beside, *[b"a" * MEBIBYTE] * 64)
    assert b"200 OK" not in heard


def test_a_body_of_many_small_chunks_is_read(door: tuple[str, int]) -> None:
    heard = said(door, CHUNKED, *[b"1\r\na\r\n" * 1000] * 50, b"0\r\n\r\n")
    assert heard.endswith(b"read")


def test_a_question_for_the_head_alone_is_answered_without_a_body(door: tuple[str, int]) -> None:
    heard = said(door, b"HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 200 OK")
    assert b"content-length: 4" in heard
    assert heard.endswith(b"\r\n\r\n")


def test_a_body_that_stops_is_answered_and_closed(door: tuple[str, int]) -> None:
    heard = said(door, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc")
    assert heard.startswith(b"HTTP/1.1 400")
    assert b"api.body-too-slow" in heard
    assert b"connection: close" in heard.lower()


@pytest.mark.parametrize("asks_first", [b"", b"expect: 100-continue\r\n"])
def test_a_body_that_is_too_large_by_its_own_word_is_refused_before_it_comes(
    door: tuple[str, int], monkeypatch: pytest.MonkeyPatch, asks_first: bytes
) -> None:
    monkeypatch.setattr(doorkeeper, "BODY_SECONDS", 30.0)
    with socket.create_connection(door, timeout=20) as caller:
        caller.sendall(b"POST / HTTP/1.1\r\nhost: x\r\n" + asks_first + b"content-length: 200000000\r\n\r\n")
        heard = b""
        while b"api.body-too-large" not in heard:
            heard += caller.recv(65536)
        assert heard.startswith(b"HTTP/1.1 413")
        assert b"connection: close" in heard.lower()
        if not asks_first:
            caller.sendall(bytes(4 * MEBIBYTE))  # it goes on, and is not cut off before it has looked
        caller.shutdown(socket.SHUT_WR)
        while piece := caller.recv(65536):
            heard += piece
        assert heard.count(b"HTTP/1.1") == 1


def test_a_body_that_drips_is_given_up_and_one_that_is_read_slowly_by_the_hub_is_not() -> None:
    async def story() -> list[int]:
        return [await status_of(dripping=0.02, reading=0.0), await status_of(dripping=0.0, reading=0.02)]

    async def status_of(*, dripping: float, reading: float) -> int:
        sent: list[Message] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            for _ in range(60):
                await receive()
                await asyncio.sleep(reading)
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def receive() -> Message:
            await asyncio.sleep(dripping)
            pieces.append(1)
            return {"type": "http.request", "body": b"a", "more_body": len(pieces) < 60}

        async def send(message: Message) -> None:
            sent.append(message)

        pieces: list[int] = []
        scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-length", b"60")]}
        await Doorkeeper(app, limits=Limits(), metrics=Metrics())(scope, receive, send)
        return int(sent[0]["status"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doorkeeper, "BODY_SECONDS", 0.3)
        assert asyncio.run(story()) == [400, 200]
