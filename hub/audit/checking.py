"""The entries of a log checked bundle by bundle, by as many processes as there are processors; this one reads for all.

The others know nothing of where a log is kept: they are there at once, and have no database of their own to ask.
"""

from array import array
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from operator import itemgetter
from typing import Final

from hub.audit.bundles import CheckedBundle, check_bundles
from hub.audit.readers import LogReader
from hub.proof.tiles import WIDTH

BUNDLES_AT_ONCE: Final = 32
WORTH_PROCESSES: Final = 50_000
"""Entries from which on several processes check them: each process takes a fifth of a second to start."""
MOST_AT_ONCE: Final = 4_000_000
"""Ids that are compared in one go: more would take more memory than the rest of the verification."""


@dataclass(frozen=True)
class Checking:
    """What is checked: a log of ``size`` entries, where the roots at the sizes ``wanted`` will be asked for."""

    size: int
    wanted: frozenset[int]
    progress: Callable[[int], None]

    def bundles(self, reader: LogReader, processes: int) -> Iterator[CheckedBundle]:
        """Every bundle that is there, checked, in order."""
        is_alone = processes < 2 or self.size < WORTH_PROCESSES  # noqa: PLR2004 - one process needs no other
        for chunk in self._here(reader) if is_alone else self._elsewhere(reader, processes):
            self.progress(min(self.size, (chunk[-1].index + 1) * WIDTH))
            yield from chunk

    def _here(self, reader: LogReader) -> Iterator[list[CheckedBundle]]:
        for bundle in reader.bundles(self.size):
            yield check_bundles([bundle], self.size, self.wanted)

    def _elsewhere(self, reader: LogReader, processes: int) -> Iterator[list[CheckedBundle]]:
        bundles = reader.bundles(self.size)
        with _pool(processes) as pool:
            waiting: deque[Future[list[CheckedBundle]]] = deque()
            while chunk := list(islice(bundles, BUNDLES_AT_ONCE)):
                waiting.append(pool.submit(check_bundles, chunk, self.size, self.wanted))
                if len(waiting) > 2 * processes:
                    yield waiting.popleft().result()
            for each in waiting:
                yield each.result()


class SeenIds:
    """Which entries have an id that another before them has: eight bytes are kept of each entry of the whole log.

    They are Python's own hash, keyed anew in each process, so that nobody can make two ids that share one.
    """

    def __init__(self) -> None:
        self._places: list[tuple[int, int]] = []
        self._seen = array("q")

    def add(self, bundle: CheckedBundle) -> None:
        """The ids of one bundle more."""
        self._places.append((len(self._seen), bundle.index * WIDTH))
        self._seen.extend(map(hash, bundle.ids))

    def doubled(self) -> Iterator[int]:
        """The index of each entry whose id was there before; a few million are looked at in one go."""
        goes = 1 + len(self._seen) // MOST_AT_ONCE
        for go in range(goes):
            once = array("q", (each for each in self._seen if each % goes == go)) if goes > 1 else self._seen
            if len(set(once)) < len(once):
                yield from self._again({each for each, times in Counter(once).items() if times > 1})

    def _again(self, twice: set[int]) -> Iterator[int]:
        before = set()
        for place, each in enumerate(self._seen):
            if each in before:
                start, first = self._places[bisect_right(self._places, place, key=itemgetter(0)) - 1]
                yield first + place - start
            elif each in twice:
                before.add(each)


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that begin afresh, for this one may have threads; who fails waits for nothing that has not begun."""
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
