"""What a bench runs on: a durable PostgreSQL of its own, and servers as processes of their own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from hub.storage.embedded import address_of, data_directory, embedded_server, fresh_database

PATIENCE_SECONDS = 180


@contextmanager
def database(root: Path, name: str) -> Iterator[str]:
    """The URL of an empty database on a server that really waits for the disk."""
    with embedded_server(data_directory(root / "postgres"), durable=True) as server:
        yield address_of(fresh_database(server, name))


def remove(root: Path) -> None:
    """Nothing of a bench is left: its folder and, where those stand elsewhere, its server's files."""
    for place in (data_directory(root / "postgres"), root):
        shutil.rmtree(place, ignore_errors=True)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(words: Sequence[str], url: str, environment: Mapping[str, str], *, ready: str = "/") -> Iterator[int]:
    """A server started as ``words`` and answering at ``url``; its process id. It ends with the block."""
    with subprocess.Popen(list(words), env={**os.environ, **environment}) as process:  # noqa: S603
        try:
            _await(f"{url}{ready}", process)
            yield process.pid
        finally:
            process.terminate()


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    said = "nothing"
    while time.monotonic() < end and process.poll() is None:
        try:
            answer = httpx.get(url)
        except httpx.TransportError:
            said = "nothing"
        else:
            if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return
            said = answer.text
        time.sleep(0.1)
    message = f"{url} answers {said}"
    raise RuntimeError(message)
