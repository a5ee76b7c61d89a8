"""What goes wrong at a registry's interface, on a schedule that its seed fixes."""

from dataclasses import dataclass
from random import Random
from typing import Literal

Fault = Literal["busy", "broken", "hang"]


@dataclass(frozen=True)
class Faults:
    """Shares of requests that fail, and after how many pages the secret or the data changes (0: never)."""

    seed: int = 1
    busy: float = 0.04
    """Answered 429 with Retry-After."""
    broken: float = 0.04
    """Answered 500."""
    hang: float = 0.01
    """Kept waiting for ``hang_seconds``, then answered 503."""
    hang_seconds: float = 8.0
    retry_after_seconds: int = 1
    rotate_every: int = 25
    """The secret is renewed out of turn, so that the next request's signature is refused."""
    shift_every: int = 20
    """Somebody corrects an event that was already served, which moves every later one forward by a place."""

    @classmethod
    def none(cls) -> "Faults":
        """An interface without a flaw."""
        return cls(busy=0, broken=0, hang=0, rotate_every=0, shift_every=0)


class Schedule:
    """Which request meets which fault; never two in a row, so that whoever tries again once gets through."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._rng = Random(faults.seed)  # noqa: S311  # a schedule, not a secret
        self._pages = 0
        self._spared = False

    def fault(self) -> Fault | None:
        """What befalls the next request."""
        chance = self._rng.random()
        if self._spared:
            self._spared = False
            return None
        found: Fault | None = None
        if chance < self._faults.busy:
            found = "busy"
        elif chance < self._faults.busy + self._faults.broken:
            found = "broken"
        elif chance < self._faults.busy + self._faults.broken + self._faults.hang:
            found = "hang"
        self._spared = found is not None
        return found

    def page_served(self) -> tuple[bool, bool]:
        """Whether the secret is renewed, and whether the data shifts, after this page."""
        self._pages += 1
        rotate, shift = self._faults.rotate_every, self._faults.shift_every
        return bool(rotate) and self._pages % rotate == 0, bool(shift) and self._pages % shift == 0

    def place_before(self, start: int) -> int:
        """An event that was already served."""
        return self._rng.randrange(start)
