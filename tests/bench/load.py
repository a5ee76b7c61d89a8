"""Clients for a bench: each keeps one connection and sends its next request when the last is answered."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlsplit

from uvloop import new_event_loop


@dataclass(frozen=True)
class Load:
    """What ``clients`` clients saw: answers a second, and how long one took, in milliseconds."""

    clients: int
    answered: int
    seconds: float
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]
    sample: bytes

    @property
    def rate(self) -> float:
        """Answers a second, all clients together."""
        return self.answered / self.seconds


def post(  # noqa: PLR0913  # what is sent, by how many, how
    url: str,
    bodies: Sequence[bytes],
    *,
    clients: int,
    headers: dict[str, str],
    method: str = "POST",
    paths: Sequence[str] = (),
) -> Load:
    """Every body is sent once, by whichever client is free; to ``paths`` in turn where they are given."""
    sent = list(zip(cycle(_heads(url, headers, method, paths)), bodies, strict=False))
    with asyncio.Runner(loop_factory=new_event_loop) as runner:  # the server's own kind, half the work of the usual one
        return runner.run(_run(url, sent, clients))


def _heads(url: str, headers: dict[str, str], method: str, paths: Sequence[str]) -> list[bytes]:
    parts = urlsplit(url)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return [f"{method} {path} HTTP/1.1\r\nhost: {parts.netloc}\r\n{lines}".encode() for path in paths or [parts.path]]


async def _run(url: str, sent: Sequence[tuple[bytes, bytes]], clients: int) -> Load:
    parts = urlsplit(url)
    waiting = iter(sent)
    took: list[float] = []
    statuses: dict[int, int] = {}
    sample = b""

    async def client() -> None:
        nonlocal sample
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for head, body in waiting:
            began = time.perf_counter()
            writer.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
            status, sample = await _answer(reader)
            took.append(time.perf_counter() - began)
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds = time.perf_counter() - began
    took.sort()
    p50, p99 = (took[min(len(took) - 1, int(len(took) * share))] * 1000 for share in (0.5, 0.99))
    return Load(clients, len(took), seconds, p50, p99, statuses, sample)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = int(head.split(" ", 2)[1])
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    if "content-length" in fields:
        return status, await reader.readexactly(int(fields["content-length"]))
    body = b""
    while size := int((await reader.readline()).strip(), 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return status, body
