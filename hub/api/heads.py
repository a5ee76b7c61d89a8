"""The head of a request, bounded before it is read: without this one caller could fill the memory with headers."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 64 * 1024
HEAD_SECONDS: Final = 30.0
"""A connection that says nothing, or does not finish its head, is closed after this."""

_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-type: text/plain\r\n"
    b"content-length: 34\r\n\r\nThe head of the call is too large."
)


class BoundedHead(HttpToolsProtocol):
    """uvicorn's protocol, whose parser sets no bound to a head; what comes behind it is the doorkeeper's."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The head must come in time from the first moment."""
        super().connection_made(transport)
        self._is_in_head = False
        self._head_read = 0
        self._deadline: asyncio.TimerHandle | None = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def on_message_begin(self) -> None:
        """Another head begins."""
        self._is_in_head = True
        self._head_read = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._is_in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Reads on while the head stays within its bounds."""
        super().data_received(data)
        if not self._is_in_head:
            self._stop_waiting()
            return
        self._head_read += len(data)
        if self._head_read > HEAD_BYTES:
            self.transport.write(_TOO_LARGE)
            self._give_up()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._give_up)

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


def bounded() -> dict[str, Any]:
    """What every server of this interface is told beside address and application."""
    return {"http": BoundedHead, "log_config": None, "access_log": False, "server_header": False}
