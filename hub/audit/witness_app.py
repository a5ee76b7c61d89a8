"""The witness over HTTP, as an ASGI application with no framework under it."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from hub.audit.refusals import witness_store_away
from hub.audit.witness import MAX_REQUEST_BYTES, Answer, Witness
from hub.audit.witnessing import PROBLEM

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

BODY_SECONDS: Final = 30.0
_CHECKPOINT: Final = re.compile(r"(?:/.*)?/([0-9a-f]{64})/checkpoint")


def witness_app(witness: Witness) -> App:
    """``POST …/add-checkpoint``, ``GET …/<hash>/checkpoint`` and ``GET …/healthz``."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            try:
                answer = await _answer(witness, scope, receive)
            except OSError:
                answer = _not_kept()
            await _send(send, answer)

    return app


async def _answer(witness: Witness, scope: Message, receive: Receive) -> Answer:
    method, path = scope["method"], scope["path"]
    if path.endswith("/add-checkpoint"):
        if method != "POST":
            return Answer(405, "Post the checkpoint here.\n")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _body(receive)
        except TimeoutError:
            return Answer(408, "The checkpoint did not come to its end in time.\n")
        return await asyncio.to_thread(witness.add_checkpoint, body)
    found = _CHECKPOINT.fullmatch(path)
    if method in ("GET", "HEAD") and found:
        return await asyncio.to_thread(witness.checkpoint, found[1])
    if path.endswith("/healthz"):
        return Answer(200, "ok\n")
    return Answer(404, "There is nothing here.\n")


def _not_kept() -> Answer:
    """What the log's operator is told of a full or broken disk, as RFC 9457 has it."""
    fault = witness_store_away()
    told = {"type": f"urn:hub:problem:{fault.code}", "title": "Unavailable", "status": 503, "code": fault.code}
    return Answer(503, json.dumps({**told, "detail": fault.en, "detail_zh": fault.zh}), PROBLEM)


async def _body(receive: Receive) -> bytes:
    """The request's body, no more than one byte beyond what is allowed."""
    body = b""
    while len(body) <= MAX_REQUEST_BYTES:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            break
    return body[: MAX_REQUEST_BYTES + 1]


async def _send(send: Send, answer: Answer) -> None:
    body = answer.body.encode()
    headers = [(b"content-type", answer.content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
