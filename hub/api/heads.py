"""What a call says beside its body, bounded as it is read, or one caller could fill the memory with headers."""

import asyncio
from http import HTTPStatus
from typing import Any, Final

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hub.errors import HubError, Malformed

HEAD_BYTES: Final = 64 * 1024
"""Of one call: its head, and what stands between and behind the chunks of its body."""
CHUNK_BYTES: Final = 16
"""What each chunk may say of itself besides."""
HEAD_SECONDS: Final = 30.0
"""A connection that says nothing, or does not finish its head, is closed after this."""


class BoundedHead(HttpToolsProtocol):
    """uvicorn's protocol, whose parser sets no bound to a head; what comes behind it is the doorkeeper's."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The head must come in time from the first moment."""
        super().connection_made(transport)
        self._is_in_head = False
        self._is_new = False
        self._beside = 0
        self._fault = _unreadable()
        self._deadline: asyncio.TimerHandle | None = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def on_message_begin(self) -> None:
        """Another head begins."""
        self._is_in_head = self._is_new = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole, and is no call when it is too large."""
        self._is_in_head = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
            self._fault = _too_large()
            raise self._fault  # the parser ends with it, and what it read is refused
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """So much of what came is counted elsewhere."""
        self._beside -= len(body) + CHUNK_BYTES
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        """Reads on while the head stays within its bounds."""
        self._is_new = False
        super().data_received(data)
        self._beside = 0 if self._is_new else self._beside + len(data)
        if self._beside > HEAD_BYTES:
            self._fault = _too_large()
            self.send_400_response("")
        elif not self._is_in_head:
            self._stop_waiting()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def send_400_response(self, msg: str) -> None:
        """What came is no call: the caller is told so as of any other refusal, and the connection ends."""
        del msg
        self.transport.write(_written(self._fault))
        self._give_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._stop_waiting()
        self.transport.close()


def _unreadable() -> HubError:
    return Malformed(
        "api.unreadable",
        "What came is no call in HTTP/1.1; check address, headers and lengths.",
        "收到的内容不是 HTTP/1.1 请求；请核对地址、请求头和长度。",
    )


def _too_large() -> HubError:
    return Malformed(
        "api.head-too-large",
        "The head of the call is larger than 64 KiB; send less in address and headers.",
        "请求头超过 64 KiB；请缩短地址和请求头。",
    )


def _written(fault: HubError) -> bytes:
    """The whole response, for a caller whose call never reached the application."""
    from hub.api.problems import MEDIA_TYPE, problem_of  # with the framework, which a witness never needs else

    problem = problem_of(fault)
    body = orjson.dumps(problem)
    status = HTTPStatus(problem["status"])
    head = (
        f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        "cache-control: no-store\r\nconnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


def bounded() -> dict[str, Any]:
    """What every server of this interface is told beside address and application."""
    return {"http": BoundedHead, "ws": "none", "log_config": None, "access_log": False, "server_header": False}
