"""Several processes at one address 多进程同址: each listens for itself, and the kernel deals the connections out."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from multiprocessing import parent_process
from threading import Thread
from typing import Any, Final

import structlog
import uvicorn
from uvicorn.supervisors import Multiprocess

from hub.api.server import not_listening, not_started

IS_DEALT_OUT: Final = sys.platform == "linux"
"""Elsewhere the same option lets several listen, and one of them gets all connections."""

journal = structlog.get_logger("hub.api")


class HeldAddress(socket.socket):
    """An address that is held and not listened on; a process that it is sent to opens it anew, and listens there.

    Of one listener that all processes share, connections go to whoever is idle when they come. A caller that keeps its
    connections keeps them where they went: of sixteen, one process of two was seen with twelve.
    """

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _opened, (self.family, self.getsockname())


def held_address(host: str, port: int, *, is_shared: bool = True) -> HeldAddress:
    """That address, for this process and, where it ``is_shared``, for those it is sent to.

    Raises:
        Conflict: another program listens there.
        Malformed: this machine has no such address, or the port is not for this account.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        alone = _opened(family, (host, port), is_shared=False)  # or another hub would get a part of the callers
        if not is_shared:
            return alone
        with alone:
            address = alone.getsockname()
        return _opened(family, address)
    except OSError as fault:
        raise not_listening(fault, host, port) from None


def _opened(family: int, address: Any, *, is_shared: bool = True) -> HeldAddress:
    made = HeldAddress(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(is_shared))
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


def end_with_parent() -> None:
    """A worker whose parent has ended, however, is told to stop: it would hold the address, unminded."""
    parent = parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, name="hub-parent", daemon=True).start()


def serve(choices: Mapping[str, Any], *, workers: int) -> None:
    """Serves as ``choices`` tell uvicorn, by so many processes, until told to stop; the log says where.

    Raises:
        Conflict: another program listens at that address.
        Malformed: this machine cannot listen there.
        Unavailable: it did not start; its log says why.
    """
    if workers > 1 and not IS_DEALT_OUT:
        uvicorn.run(**choices, workers=workers)
        return
    config = uvicorn.Config(**choices, workers=workers)
    with held_address(config.host, config.port, is_shared=workers > 1) as at:
        host, port = at.getsockname()[:2]
        journal.info("starting", host=host, port=port, workers=workers)
        if workers > 1:
            Multiprocess(config, sockets=[at]).run()
        else:
            _serve_alone(config, at)
    journal.info("stopped", host=host, port=port)


def _serve_alone(config: uvicorn.Config, at: socket.socket) -> None:
    try:
        uvicorn.Server(config).run(sockets=[at])
    except SystemExit:  # what it ends with when the application could not start
        raise not_started() from None
    except KeyboardInterrupt:  # told to stop, and everything under way is done
        return
