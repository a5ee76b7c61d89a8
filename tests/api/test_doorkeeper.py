"""A caller that goes away before its request is whole is no fault of the hub's, and gets no answer."""

import asyncio

import structlog
from prometheus_client import generate_latest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from hub.api.doorkeeper import Doorkeeper
from hub.api.limits import Limits
from hub.api.metrics import Metrics

CALL: Scope = {"type": "http", "method": "POST", "path": "/v1/exchange", "headers": [(b"content-length", b"9")]}


def test_a_caller_that_hangs_up_is_counted_and_is_no_fault() -> None:
    sent: list[Message] = []
    metrics = Metrics()

    async def whole_body(scope: Scope, receive: Receive, _send: Send) -> None:
        await Request(scope, receive).body()

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    structlog.reset_defaults()
    with capture_logs() as told:
        asyncio.run(Doorkeeper(whole_body, limits=Limits(), metrics=metrics)(dict(CALL), gone, send))
    assert sent == []
    assert [(each["event"], each["status"]) for each in told] == [("call", 499)]
    assert b'status="499"' in generate_latest(metrics.registry)
