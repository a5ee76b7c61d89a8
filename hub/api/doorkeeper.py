"""The outermost layer of the API: sizes are refused before they are read, every call is counted and logged."""

import asyncio
import time
from contextlib import suppress
from random import getrandbits
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api.limits import Limits
from hub.api.logs import place_of
from hub.api.metrics import Metrics
from hub.api.problems import fault_of, problem_response, too_large
from hub.errors import HubError, Malformed

FORM_OVERHEAD: Final = 64 * 1024
DRAIN_BYTES: Final = 32 * 1024 * 1024
BODY_SECONDS: Final = 30.0
SLOWEST_BYTES: Final = 1024
"""A second: what a body must bring on the whole, beside the first half-minute."""
HUNG_UP: Final = 499
"""What meters and log say of a caller that went away before its request was whole; nobody is answered."""
ONCE: Final = frozenset({"authorization", "content-encoding", "content-type", "host", "transfer-encoding"})
KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})

NUMBER_BITS: Final = 64
"""Names a call and guards nothing. Asking the system for random bytes would hand the interpreter to another thread, and
the event loop would wait for it to come back: 2 ms a call in a crowd, measured."""

journal = structlog.get_logger("hub.api")


class Doorkeeper:
    """ASGI middleware; what fails inside becomes a problem whose text says nothing of what people sent."""

    def __init__(self, app: ASGIApp, *, limits: Limits, metrics: Metrics) -> None:
        self.app = app
        self.limits = limits
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets one call through, or answers it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await _Call(self, scope, receive, send).answer()

    def limit_for(self, path: str) -> int:
        """How many bytes the call at ``path`` takes, as they are on the wire."""
        if path.endswith("/batches"):
            return self.limits.batch_bytes
        if path.endswith(("/materials", "/proposals")):
            return self.limits.upload_bytes + FORM_OVERHEAD
        if path.endswith("/exchange"):
            return self.limits.message_bytes
        return self.limits.json_bytes


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


class _Call:
    def __init__(self, keeper: Doorkeeper, scope: Scope, receive: Receive, send: Send) -> None:
        self.keeper, self.scope, self._receive, self._send = keeper, scope, receive, send
        self.number = f"{getrandbits(NUMBER_BITS):016x}"
        self.method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
        if scope["method"] == "HEAD":  # answered as GET; the server sends no body
            self.scope = {**scope, "method": "GET"}
        self.limit = keeper.limit_for(scope["path"])
        self.read = 0
        self.waited = 0.0
        self.is_whole = not _has_body(Headers(scope=scope))
        self.status = 0
        self.scope.setdefault("state", {})["request_number"] = self.number

    async def answer(self) -> None:
        began = time.perf_counter()
        try:
            self._check_address()
            headers = Headers(scope=self.scope)
            self._check_headers(headers)
            self._check_size(headers)
            await self.keeper.app(self.scope, self.receive, self.send)
        except ClientDisconnect:
            self.status = self.status or HUNG_UP
        except Exception as exception:  # noqa: BLE001 - the last place that can turn a fault into an answer
            await self._answer_fault(exception)
        finally:
            self._record(time.perf_counter() - began)

    def _check_address(self) -> None:
        """No text that comes in holds NUL, which the database cannot keep: neither bodies nor addresses do."""
        if "\x00" in self.scope["path"] or b"%00" in self.scope.get("query_string", b""):
            raise Malformed("api.unreadable", "The address holds the character NUL.", "地址中含有 NUL 字符。")

    @staticmethod
    def _check_headers(headers: Headers) -> None:
        """What a proxy before us read in another way than we would, both would answer for: who calls, and with what."""
        names = [name for name in headers.keys() if name in ONCE]  # noqa: SIM118 - as often as they were sent
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise Malformed("api.unreadable", "Headers that count once came twice.", "请求头重复。", headers=twice)
        if headers.get("transfer-encoding", "chunked").lower() != "chunked":
            raise Malformed("api.unreadable", "Send the body whole or chunked.", "请求体只接受整体或分块传输。")

    def _check_size(self, headers: Headers) -> None:
        announced = headers.get("content-length", "0")
        if not announced.isascii() or not announced.isdigit():
            raise Malformed("api.unreadable", "Content-Length is not a number.", "Content-Length 不是数字。")
        if int(announced) > self.limit:
            raise too_large(self.limit)

    async def _drain(self) -> None:
        """Reads on, keeping nothing: closed at once, a caller that is still writing might never see the answer."""
        drained = 0
        while drained <= DRAIN_BYTES:
            message = await self._next()
            drained += len(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return

    async def _next(self) -> Message:
        """What comes next; a body that stops, or drips for longer than any line explains, is not waited for."""
        if self.is_whole:
            return await self._receive()
        left = BODY_SECONDS + self.read / SLOWEST_BYTES - self.waited
        began = time.perf_counter()
        try:
            async with asyncio.timeout(min(BODY_SECONDS, left)):
                return await self._receive()
        except TimeoutError:
            raise Malformed(
                "api.body-too-slow",
                "The body did not come to its end in time; send it again.",
                "请求内容未能及时传完；请重新发送。",
            ) from None
        finally:
            self.waited += time.perf_counter() - began

    async def receive(self) -> Message:
        message = await self._next()
        self.read += len(message.get("body", b""))
        self.is_whole = not message.get("more_body")
        if self.read > self.limit:
            raise too_large(self.limit)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), (b"x-request-number", self.number.encode())]
            if all(name != b"cache-control" for name, _ in message["headers"]):
                message["headers"].append((b"cache-control", b"no-store"))
            if not self.is_whole:  # or the server would go on reading what nobody asks for, without end
                message["headers"].append((b"connection", b"close"))
        elif self.is_sending and not message.get("more_body"):
            await self._send({**message, "more_body": True})
            with suppress(HubError):
                await self._drain()
            message = {"type": "http.response.body"}
        await self._send(message)

    @property
    def is_sending(self) -> bool:
        """True of a caller whose body is under way; one that asked whether to send it waits for the answer instead."""
        return not self.is_whole and Headers(scope=self.scope).get("expect", "").lower() != "100-continue"

    async def _answer_fault(self, exception: Exception) -> None:
        if not isinstance(exception, HubError):
            journal.error("fault", number=self.number, route=self.route, **place_of(exception))
        if self.status:
            raise ConnectionAbortedError from None
        fault = fault_of(exception)
        self.scope["state"]["problem_code"] = fault.code
        await problem_response(fault, self.scope)(self.scope, self._receive, self.send)

    @property
    def route(self) -> str:
        """The address as it is declared, so that nothing a caller wrote reaches a log or a meter."""
        return getattr(self.scope.get("route"), "path", None) or "unmatched"

    def _record(self, seconds: float) -> None:
        state = self.scope["state"]
        self.keeper.metrics.count(self.method, self.route, self.status, seconds)
        if code := state.get("problem_code"):
            self.keeper.metrics.problems.labels(code).inc()
        journal.info(
            "call",
            number=self.number,
            method=self.method,
            route=self.route,
            status=self.status,
            milliseconds=round(seconds * 1000, 1),
            party=state.get("party"),
            code=state.get("problem_code"),
        )
