"""Logs and witnesses that answer without end, and callers of a witness that never finish: nobody's memory fills up."""

import asyncio
import gzip
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.agent.hub_client import HubClient
from hub.api.server import listening_socket, served
from hub.audit import readers, witness_app
from hub.audit.readers import HttpReader
from hub.audit.witness import Witness, WitnessStore
from hub.audit.witnessing import HttpPost
from hub.errors import Broken, Malformed, Unavailable
from hub.kernel.clock import SystemClock
from hub.proof.keys import generate_signer
from hub.proof.note import NoteSigner

MEBIBYTE = 1024 * 1024


def answering(pieces: Iterator[bytes], *headers: tuple[bytes, bytes], pause: float = 0.0) -> ASGIApp:
    """An application that sends the pieces as its body, whatever it is asked."""

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(pause)
        await send({"type": "http.response.body", "body": b""})

    return app


@contextmanager
def peer(app: ASGIApp) -> Iterator[str]:
    with served(lambda: app, listening_socket("127.0.0.1", 0)) as url:
        yield url


def test_a_log_that_answers_without_end_is_given_up() -> None:
    endless = answering(iter([b"a" * MEBIBYTE] * 200))
    with peer(endless) as url, pytest.raises(Unavailable, match=r"audit\.log-away"):
        HttpReader(url).checkpoint()


def test_a_page_for_people_is_neither_a_log_nor_a_hub() -> None:
    page = httpx.MockTransport(lambda _: httpx.Response(200, html="<html>Sign in</html>"))
    with httpx.Client(transport=page) as portal, pytest.raises(Malformed, match=r"audit\.not-a-log"):
        HttpReader("http://portal/log", client=portal).checkpoint()
    for hub_id in (None, "hub:demo-county"):
        adapter = HubClient("http://portal", party="dept:land", signer=generate_signer(), hub_id=hub_id, transport=page)
        with pytest.raises(Broken, match=r"adapters\.hub-answer"):
            adapter.cursor("land")


def test_what_a_log_packed_is_counted_unpacked() -> None:
    packed = answering(iter([gzip.compress(b"\0" * (100 * MEBIBYTE))]), (b"content-encoding", b"gzip"))
    with peer(packed) as url, pytest.raises(Unavailable, match=r"audit\.log-away"):
        HttpReader(url).checkpoint()


def test_a_log_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "WITHIN_SECONDS", 0.3)
    dripping = answering(iter([b"a"] * 100), pause=0.05)
    with peer(dripping) as url, pytest.raises(Unavailable, match=r"audit\.log-away"):
        HttpReader(url).checkpoint()


@pytest.mark.parametrize("pause", [0.0, 0.05])
def test_a_witness_that_answers_without_end_counts_as_away(pause: float) -> None:
    endless = answering(iter([b"\xe2\x80\x94 a" * 20_000] * 100), pause=pause)
    with peer(endless) as url:
        post = HttpPost(timeout_seconds=0.5)
        assert post(url, b"old 0\n\n").status == 0
        post.close()


def test_a_body_that_stops_does_not_hold_a_witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness_app, "BODY_SECONDS", 0.3)
    witness = Witness([], [], WitnessStore(tmp_path), SystemClock())
    at = listening_socket("127.0.0.1", 0)
    with served(lambda: witness_app.witness_app(witness), at):
        heard = said(at.getsockname(), b"POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nold")
    assert heard.startswith(b"HTTP/1.1 408")


def said(address: tuple[str, int], *parts: bytes) -> bytes:
    """What the peer answers to the parts, until it closes."""
    heard = b""
    with socket.create_connection(address, timeout=20) as caller:
        try:
            for part in parts:
                caller.sendall(part)
            while piece := caller.recv(65536):
                heard += piece
        except OSError:
            pass
    return heard


def test_a_head_without_end_does_not_fill_a_witness_as_its_command_serves_it(tmp_path: Path) -> None:
    key, log = tmp_path / "witness.pem", NoteSigner("log.example", generate_signer()).verifier.vkey
    key.write_bytes(generate_signer().to_pem())
    port = listening_socket("127.0.0.1", 0)
    address = port.getsockname()
    port.close()
    at = ["--port", str(address[1]), "--directory", str(tmp_path / "store")]
    command = [Path(sys.executable).with_name("hub"), "witness", "serve", "--name", "w.example", "--key", str(key)]
    with subprocess.Popen([*command, "--log", log, *at], stderr=subprocess.DEVNULL) as program:  # noqa: S603 - ours
        try:
            until_there(address)
            heard = said(address, b"GET /healthz HTTP/1.1\r\n", *[b"x: " + b"a" * MEBIBYTE + b"\r\n"] * 32, b"\r\n")
            assert b" 200 " not in heard
        finally:
            program.terminate()


def until_there(address: tuple[str, int]) -> None:
    for _ in range(300):
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(json.dumps(address))
