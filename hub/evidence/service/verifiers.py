"""Verifying 验签 beside the deed that takes a batch in: here, or in processes of its own so that every core counts."""

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from queue import SimpleQueue
from typing import IO, Final

from hub.evidence.frames import frame_of
from hub.evidence.lines import Expectation, read_lines
from hub.evidence.stream import RawLine
from hub.evidence.verifier import REPLY, task_of

LINES_AT_ONCE: Final = 200
_BYTES_AT_ONCE: Final = 1 << 20
_MOST_WAITING: Final = 20
"""So many portions of lines wait for a verifier at most: enough for the lines of a batch to arrive before they are
verified, so that whose they are is decided while the last of them still are."""
_TRIES: Final = 2


def frames_here(lines: Iterable[RawLine], expected: Expectation) -> Generator[bytes]:
    """What the lines hold, read by this thread."""
    for some in _cut(lines):
        yield frame_of(read_lines(some, expected))


def _cut(lines: Iterable[RawLine]) -> Iterator[list[RawLine]]:
    """The lines by the hundred, fewer where they are long."""
    going = iter(lines)
    while first := list(islice(going, 1)):
        some, size = first, len(first[0].content or b"")
        while len(some) < LINES_AT_ONCE and size < _BYTES_AT_ONCE:
            line = next(going, None)
            if line is None:
                break
            some.append(line)
            size += len(line.content or b"")
        yield some


class Verifiers:
    """Processes that verify, started when the first batch comes; bounded in number and in what waits for them.

    Of none, the thread that asks verifies. A process that ends is replaced; when none can be had, lines are read by
    that thread too: slower, and with the same result.
    """

    def __init__(self, processes: int) -> None:
        self._number = processes
        self._idle: SimpleQueue[_Verifier] = SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._all: list[_Verifier] = []

    def frames(self, lines: Iterable[RawLine], expected: Expectation) -> Generator[bytes]:
        """What the lines hold, written down, in their order; the lines are read ahead of what is verified."""
        if not self._number:
            yield from frames_here(lines, expected)
            return
        threads = self._started()
        waiting: deque[Future[bytes]] = deque()
        most = max(_MOST_WAITING, 2 * self._number)
        try:
            for some in _cut(lines):
                waiting.append(threads.submit(self._verified, some, expected))
                while len(waiting) > most or (waiting and waiting[0].done()):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        """Every process has ended; another batch would start them anew."""
        with self._lock:
            threads, self._threads = self._threads, None
            if threads is None:
                return
            threads.shutdown(wait=True, cancel_futures=True)
            while self._all:
                self._all.pop().end()
            self._idle = SimpleQueue()

    def _started(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._threads is None:
                self._all = [_Verifier() for _ in range(self._number)]
                for process in self._all:
                    self._idle.put(process)
                self._threads = ThreadPoolExecutor(self._number, thread_name_prefix="verifying")
            return self._threads

    def _verified(self, lines: list[RawLine], expected: Expectation) -> bytes:
        process = self._idle.get()
        try:
            for _ in range(_TRIES):
                with suppress(OSError, EOFError):
                    return process.answer(task_of(lines, expected))
                process.end()
        finally:
            self._idle.put(process)
        return frame_of(read_lines(lines, expected))


class _Verifier:
    """One verifier, started when first asked; one caller at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def answer(self, task: bytes) -> bytes:
        """The reply to a task.

        Raises:
            OSError, EOFError: the process is gone.
        """
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "hub.evidence.verifier"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        tasks, replies = _pipes(self._process)
        tasks.write(task)
        tasks.flush()
        (size,) = REPLY.unpack(_exactly(replies, REPLY.size))
        return _exactly(replies, size)

    def end(self) -> None:
        """The process has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        with suppress(OSError), process:
            process.wait()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    return process.stdin, process.stdout


def _exactly(replies: IO[bytes], size: int) -> bytes:
    content = replies.read(size)
    if len(content) != size:
        raise EOFError
    return content
