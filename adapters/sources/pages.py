"""Reading a paged interface that changes, repeats itself and lies about its total, without losing a record.

Pages are asked for by time, not by count: once a page reaches a later second, the next one starts at that second
(inclusive), because a row that changes moves to the end and shifts every later row by one. Within one second pages
overlap by a row: a page must begin with a row that is known, else rows were passed over and the reading steps back.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from adapters.sources.answers import Page
from hub.errors import Unavailable

FetchPage = Callable[[int, str | None], Page]

_MOST_RETRIES: Final = 5


@dataclass
class Reading:
    """One reading of an interface from ``since`` to its end."""

    fetch: FetchPage
    updated_of: Callable[[Any], str]
    since: str | None = None
    newest: str | None = None
    checks_total: bool = True
    claimed: int = 0
    _seen: set[bytes] = field(default_factory=set)
    _by_time: bool = True

    def rows(self) -> Iterator[Any]:
        """Every row once in each form in which it was met; ends when a second look finds nothing new.

        Raises:
            Unavailable: ``adapters.source-repeats``: the interface gives the same page for different questions.
        """
        self.newest = self.since
        place, largest, quiet = Place(0, self.since), 1, False
        while True:
            page = self._page(place)
            if page is None:
                self._by_time, place, quiet = False, Place(0, self.since), False
                continue
            if place.start and page and digest_of(page[0]) not in self._seen:
                place = Place(max(0, place.start - len(page)), place.window)
                continue
            fresh = self._fresh(page)
            yield from fresh
            quiet, largest = quiet and not fresh, max(largest, len(page))
            if len(page) < largest and not fresh:
                if quiet:
                    self._require_all()
                    return
                quiet, place = True, Place(0, self.newest if self._by_time else self.since)
            elif place.start > len(self._seen):
                raise _repeats()
            else:
                place = self._next(place, page)

    def _require_all(self) -> None:
        """What the interface promised when everything was asked for has come."""
        if self.checks_total and self.since is None and self.claimed > len(self._seen):
            raise Unavailable(
                "adapters.source-short",
                f"The registry's interface promises {self.claimed} records and gives {len(self._seen)}; those were"
                " taken, and the next run asks for everything again. If its total means something else, say"
                " check_total: false in the mapping.",
                "登记库接口声明的总数多于实际返回；已取用返回的数据，下次运行将重新读取全部。如总数另有含义，请在映射中设"
                " check_total: false。",
                promised=self.claimed,
                given=len(self._seen),
            )

    def _next(self, place: "Place", page: list[Any]) -> "Place":
        """From the last second of the page on, when it lies later than what was asked for; else one page further."""
        seconds = [self.updated_of(row) for row in page]
        top = seconds[-1] if seconds and seconds == sorted(seconds) else ""
        if self._by_time and top > (place.window or ""):
            self.newest = max(self.newest or "", top)
            return Place(0, top)
        return Place(place.start + max(1, len(page) - 1), place.window)

    def _page(self, place: "Place") -> list[Any] | None:
        """The page, asked again while it answers another question; None when it ignores the time asked for."""
        for _ in range(_MOST_RETRIES):
            rows, total = self.fetch(place.start, place.window)
            self.claimed = max(self.claimed, total) if place.window == self.since else self.claimed
            if not self._by_time or not self._is_too_old(rows, place.window):
                return rows
        return None

    def _is_too_old(self, rows: list[Any], window: str | None) -> bool:
        return window is not None and any(self.updated_of(row) < window for row in rows)

    def _fresh(self, page: list[Any]) -> list[Any]:
        fresh = []
        for row in page:
            digest = digest_of(row)
            if digest not in self._seen:
                self._seen.add(digest)
                fresh.append(row)
        return fresh


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page starts: so many rows into the window of what changed since."""

    start: int
    window: str | None


def digest_of(row: Any) -> bytes:
    """What tells one form of a row from another."""
    try:
        content = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # lone surrogates
        content = json.dumps(row, sort_keys=True).encode("ascii")
    return hashlib.blake2b(content, digest_size=16).digest()


def _repeats() -> Unavailable:
    return Unavailable(
        "adapters.source-repeats",
        "The registry's interface answers different questions with the same page; ask the department to repair it.",
        "登记库接口对不同请求返回相同页面；请部门检修。",
    )
