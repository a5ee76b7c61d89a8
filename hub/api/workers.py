"""Several processes at one address 多进程同址: each listens for itself, and the kernel deals the connections out."""

import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import uvicorn
from uvicorn.supervisors import Multiprocess

from hub.api.server import port_in_use

IS_DEALT_OUT: Final = sys.platform == "linux"
"""Elsewhere the same option lets several listen, and one of them gets all connections."""


class HeldAddress(socket.socket):
    """An address that is held and not listened on; a process that it is sent to opens it anew, and listens there.

    Of one listener that all processes share, connections go to whoever is idle when they come. A caller that keeps its
    connections keeps them where they went: of sixteen, one process of two was seen with twelve.
    """

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _opened, (self.family, self.getsockname())


def held_address(host: str, port: int) -> HeldAddress:
    """That address, for this process and those it is sent to.

    Raises:
        Conflict: another program listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with _opened(family, (host, port), is_shared=False) as alone:  # or another hub would get a part of the callers
            address = alone.getsockname()
        return _opened(family, address)
    except OSError:
        raise port_in_use(host, port) from None


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


def serve(choices: Mapping[str, Any], *, workers: int) -> None:
    """Serves as ``choices`` tell uvicorn, by so many processes, until told to stop.

    Raises:
        Conflict: another program listens at that address, and several were to.
    """
    if workers == 1 or not IS_DEALT_OUT:
        uvicorn.run(**choices, workers=workers)
        return
    config = uvicorn.Config(**choices, workers=workers)
    Multiprocess(config, sockets=[held_address(config.host, config.port)]).run()
