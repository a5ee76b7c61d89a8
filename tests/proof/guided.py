"""Coverage-guided fuzzing without any library: an input that takes a new way through a parser becomes a seed.

``python -m tests.proof.guided --seconds 60`` goes on where the test stops; with atheris, ``tests.proof.fuzz``
is faster by far.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from tests.proof.fuzz import one_input, seeds

PACKAGES = ("hub/proof/", "hub/audit/")
MOST_BYTES = 4_096
PIECES = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
    b"~",
    b".",
    b"\n",
    b"\n\n",
    b"=",
    b"\\u0000",
    b"1e9",
    b"-0",
    b"_sd",
    b"...",
)


class Paths:
    """Which lines of our parsers follow which, as one input makes them run."""

    def __init__(self) -> None:
        self.seen: set[tuple[int, int]] = set()
        self._way: set[tuple[int, int]] = set()
        self._ours: dict[str, bool] = {}
        self._last = 0

    def of(self, act: Callable[[bytes], None], content: bytes) -> bool:
        """True when ``content`` took a step that none before it did."""
        self._way, self._last = set(), 0
        sys.settrace(self._call)
        try:
            act(content)
        finally:
            sys.settrace(None)
        is_new = not self._way <= self.seen
        self.seen |= self._way
        return is_new

    def _call(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        name = frame.f_code.co_filename
        is_ours = self._ours.get(name)
        if is_ours is None:
            is_ours = self._ours[name] = any(package in name for package in PACKAGES)
        return self._line if is_ours else None

    def _line(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            here = hash((frame.f_code.co_filename, frame.f_lineno))
            self._way.add((self._last, here))
            self._last = here
        return self._line


def mutated(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """``content`` with a few changes of the kinds that break parsers."""
    made = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(1, max(1, len(made)))
        end = chance.randint(at, min(len(made), at + 16)) if at < len(made) else at
        kind = chance.randrange(6)
        if kind == 0 and at < len(made):
            made[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del made[at:end]
        elif kind == 2:
            made[at:at] = made[at:end] * chance.randint(1, 40)
        elif kind == 3:
            made[at:at] = chance.choice(PIECES)
        elif kind == 4:
            made[at:end] = other[at:end]
        else:
            made[at:at] = chance.randbytes(chance.randint(1, 4))
    return bytes(made[:MOST_BYTES])


def explore(seconds: float, seed: int) -> tuple[int, int]:
    """How many inputs were read in the time, and how many of them went a new way.

    Raises:
        Exception: whatever a parser raised that is not ``Malformed``.
    """
    chance, paths = random.Random(seed), Paths()  # noqa: S311 - mutations, not secrets
    corpus = [each for each in seeds() if paths.of(one_input, each)]
    begun, count = len(corpus), 0
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        parent = chance.choice(corpus)
        kin = [each for each in corpus if each[0] == parent[0]]
        content = parent[:1] + mutated(parent, chance.choice(kin), chance)[1:]
        count += 1
        try:
            is_new = paths.of(one_input, content)
        except Exception:
            sys.stderr.write(f"after {count} inputs of seed {seed}: {content!r}\n")
            raise
        if is_new:
            corpus.append(content)
    return count, len(corpus) - begun


def main() -> None:
    """Explores for as long as is asked."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--seconds", type=float, default=60)
    reading.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    asked = reading.parse_args()
    count, new = explore(asked.seconds, asked.seed)
    sys.stdout.write(f"{count} inputs, {new} of them a new way, seed {asked.seed}\n")


if __name__ == "__main__":
    main()
