"""The HTTP interface served from a thread of this process, for the demo and the tests."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from hub.api.heads import bounded
from hub.errors import Conflict, Unavailable

START_SECONDS: Final = 30.0
STEP_SECONDS: Final = 0.02


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket bound to ``host`` and ``port`` (0: any free one).

    Raises:
        Conflict: another program listens there.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(1024)
    except OSError:
        made.close()
        raise port_in_use(host, port) from None
    return made


def port_in_use(host: str, port: int) -> Conflict:
    """Another program listens there."""
    return Conflict(
        "api.port-in-use",
        "Another program uses this port; name another one, or 0 for any that is free.",
        "端口已被占用；请另选端口，或以 0 自动选择。",
        host=host,
        port=port,
    )


@contextmanager
def served(make: Callable[[], ASGIApp], at: socket.socket) -> Iterator[str]:
    """The address of the application that ``make`` builds, served on ``at`` until the block ends.

    Raises:
        Unavailable: it did not start; its log says why.
    """
    host, port = at.getsockname()[:2]
    server = _Server(make)
    thread = threading.Thread(target=server.run, args=(at,), name="hub-api", daemon=True)
    thread.start()
    try:
        server.wait_until_started(thread)
        yield f"http://{host}:{port}"
    finally:
        server.stop()
        thread.join(START_SECONDS)
        at.close()


class _Server:
    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        config = uvicorn.Config(make, factory=True, timeout_graceful_shutdown=10, **bounded())
        self._server = uvicorn.Server(config)

    def run(self, at: socket.socket) -> None:
        self._server.run(sockets=[at])

    def wait_until_started(self, thread: threading.Thread) -> None:
        ends = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not thread.is_alive() or time.monotonic() > ends:
                raise Unavailable("api.not-started", "The HTTP interface did not start.", "接口服务未能启动。")
            time.sleep(STEP_SECONDS)

    def stop(self) -> None:
        self._server.should_exit = True
