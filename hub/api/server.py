"""The HTTP interface served from a thread of this process, for the demo and the tests."""

import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from hub.api.heads import bounded
from hub.errors import Conflict, HubError, Malformed, Unavailable

START_SECONDS: Final = 30.0
STEP_SECONDS: Final = 0.02


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket bound to ``host`` and ``port`` (0: any free one).

    Raises:
        Conflict: another program listens there.
        Malformed: this machine has no such address, or the port is not for this account.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(1024)
    except OSError as fault:
        made.close()
        raise not_listening(fault, host, port) from None
    return made


def not_listening(fault: OSError, host: str, port: int) -> HubError:
    """What to tell who asked for a place that cannot be had."""
    if fault.errno == errno.EADDRINUSE:
        return Conflict(
            "api.port-in-use",
            "Another program uses this port; name another one, or 0 for any that is free.",
            "端口已被占用；请另选端口，或以 0 自动选择。",
            host=host,
            port=port,
        )
    return Malformed(
        "api.address-unusable",
        "This machine has no such address, or keeps the port from this account; see HUB_HOST and HUB_PORT.",
        "本机没有该地址，或当前账号无权使用该端口；请核对 HUB_HOST 与 HUB_PORT。",
        host=host,
        port=port,
    )


def not_started() -> Unavailable:
    """The interface ended before it could serve."""
    return Unavailable("api.not-started", "The HTTP interface did not start.", "接口服务未能启动。")


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
                raise not_started()
            time.sleep(STEP_SECONDS)

    def stop(self) -> None:
        self._server.should_exit = True
