"""The entries of a log checked bundle by bundle, by as many processes as there are processors.

Where every process can open the log for itself, each reads and checks ranges of its own; else this one reads for all.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from typing import Final, Protocol, TypeGuard

from hub.audit.bundles import CheckedBundle, check_bundle
from hub.audit.model import StoredBundle
from hub.audit.readers import LogReader
from hub.proof.tiles import WIDTH, tile_width

BUNDLES_AT_ONCE: Final = 32
BUNDLES_IN_RANGE: Final = 128
WORTH_PROCESSES: Final = 100_000
"""Entries from which on several processes check them: each process takes about a second to start."""

Opener = Callable[[], AbstractContextManager[LogReader]]


class SharedReader(LogReader, Protocol):
    """A reader whose log other processes can open as well."""

    def opener(self) -> Opener:
        """What opens the log in another process; it can be pickled."""


@dataclass(frozen=True)
class Checking:
    """What is checked: a log of ``size`` entries, where the roots at the sizes ``wanted`` will be asked for."""

    size: int
    wanted: frozenset[int]
    progress: Callable[[int], None]

    def bundles(self, reader: LogReader, processes: int) -> Iterator[CheckedBundle]:
        """Every bundle that is there, checked, in order."""
        if processes < 2 or self.size < WORTH_PROCESSES:  # noqa: PLR2004 - one process needs no other
            return self._told(_checked(bundle, self.size, self.wanted) for bundle in reader.bundles(self.size))
        if _is_shared(reader):
            return self._by_ranges(reader, processes)
        return self._told(self._by_chunks(reader, processes))

    def _told(self, checked: Iterator[CheckedBundle]) -> Iterator[CheckedBundle]:
        for bundle in checked:
            self.progress(min(self.size, (bundle.index + 1) * WIDTH))
            yield bundle

    def _by_ranges(self, reader: SharedReader, processes: int) -> Iterator[CheckedBundle]:
        """The others begin at the front, this process at the end, until they meet."""
        count, opener, done = -(-self.size // WIDTH), reader.opener(), 0
        ranges = [range(at, min(count, at + BUNDLES_IN_RANGE)) for at in range(0, count, BUNDLES_IN_RANGE)]
        own: dict[range, list[CheckedBundle]] = {}
        with _pool(processes - 1) as pool:
            others = {each: pool.submit(check_range, opener, each, self.size, self.wanted) for each in ranges}
            for each in reversed(ranges):
                if others[each].cancel():
                    own[each] = check_range(opener, each, self.size, self.wanted)
                    done = sum(future.done() for future in others.values())
                    self.progress(min(self.size, done * BUNDLES_IN_RANGE * WIDTH))
            for each in ranges:
                yield from own[each] if each in own else others[each].result()
        self.progress(self.size)

    def _by_chunks(self, reader: LogReader, processes: int) -> Iterator[CheckedBundle]:
        bundles = reader.bundles(self.size)
        with _pool(processes) as pool:
            waiting: deque[Future[list[CheckedBundle]]] = deque()
            while chunk := list(islice(bundles, BUNDLES_AT_ONCE)):
                waiting.append(pool.submit(check_chunk, chunk, self.size, self.wanted))
                if len(waiting) > 2 * processes:
                    yield from waiting.popleft().result()
            for each in waiting:
                yield from each.result()


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that begin afresh, for this one may have threads; who fails waits for nothing that has not begun."""
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _is_shared(reader: LogReader) -> TypeGuard[SharedReader]:
    return hasattr(reader, "opener")


def check_range(opener: Opener, within: range, size: int, wanted: frozenset[int]) -> list[CheckedBundle]:
    """The bundles ``within`` that are there, checked, in order."""
    with opener() as reader:
        return [_checked(bundle, size, wanted) for bundle in reader.bundles(size, within)]


def check_chunk(bundles: Sequence[StoredBundle], size: int, wanted: frozenset[int]) -> list[CheckedBundle]:
    """Each of ``bundles`` checked."""
    return [_checked(bundle, size, wanted) for bundle in bundles]


def _checked(bundle: StoredBundle, size: int, wanted: frozenset[int]) -> CheckedBundle:
    first = bundle.index * WIDTH
    checked = check_bundle(bundle, tile_width(0, bundle.index, size))
    if checked.root is None or any(first < each < first + WIDTH for each in wanted):
        return checked
    return checked.without_leaves()
