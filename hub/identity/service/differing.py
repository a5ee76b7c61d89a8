"""What differs 差异: a finished bulk run beside the index that it was made from, as items of a change set."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import duckdb

from hub.identity.rules import components
from hub.identity.service.applying import Item
from hub.identity.service.planning import Pair


@dataclass(slots=True)
class Indexed:
    """The living mentions of one kind as the run saw them, by their row."""

    mention_ids: list[bytes]
    subjects: list[str]
    likenesses: list[bytes]


class Differing:
    """A finished run beside the index that it was made from."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        indexed: Indexed,
        asked: set[Pair],
        words: Mapping[tuple[int, int], bool],
        parted: Collection[frozenset[str]],
    ) -> None:
        self._con = con
        self._indexed = indexed
        self._asked = asked
        self._words = words
        self._parted = parted

    def items(self) -> list[Item]:
        """What would be joined, split and asked about."""
        roots = self._held_together(dict(self._con.execute("SELECT n, root FROM assigned").fetchall()))
        return [*self._joins(roots), *self._splits(roots), *self._reviews()]

    def _held_together(self, roots: Mapping[int, int]) -> dict[int, int]:
        """The roots, one for what a steward or a record's own history joined, though it holds two numbers."""
        subjects = self._indexed.subjects
        told = [pair for pair, same in self._words.items() if same and subjects[pair[0]] == subjects[pair[1]]]
        joined = components(sorted(set(roots.values())), [(roots[left], roots[right]) for left, right in told])
        first = {root: group[0] for group in joined for root in group}
        return {row: first[root] for row, root in roots.items()}

    def _joins(self, roots: Mapping[int, int]) -> Iterator[Item]:
        """The strongest link between every two subjects that one cluster holds.

        But none of a subject that fits two which a steward called different, as none is made at intake.
        """
        subjects = self._indexed.subjects
        links = "SELECT a, b, method, weight FROM scored WHERE outcome = 'link' ORDER BY weight DESC, a, b"
        joined: dict[frozenset[str], tuple[int, int, str, float]] = {}
        beside: dict[str, set[str]] = defaultdict(set)
        for left, right, method, weight in self._con.execute(links).fetchall():
            one, other = subjects[left], subjects[right]
            if one != other:
                beside[one].add(other)
                beside[other].add(one)
                joined.setdefault(frozenset((one, other)), (left, right, method, weight))
        for left, right, method, weight in joined.values():
            if roots[left] == roots[right] and not self._fits_two(subjects[left], subjects[right], beside):
                yield self._item("join", left, right, method, weight)

    def _fits_two(self, one: str, other: str, beside: Mapping[str, Collection[str]]) -> bool:
        """True when whoever is joined would leave somebody behind that a steward called different from the other."""
        return any(
            frozenset((its, third)) in self._parted
            for mine, its in ((one, other), (other, one))
            for third in (mine, *beside[mine])
        )

    def _splits(self, roots: Mapping[int, int]) -> Iterator[Item]:
        """Subjects of which the run makes several: the first mention of the subject beside the first of each other."""
        groups: dict[str, dict[int, int]] = {}
        for row, subject in enumerate(self._indexed.subjects):
            groups.setdefault(subject, {}).setdefault(roots[row], row)
        for firsts in groups.values():
            first, *others = firsts.values()
            for other in others:
                yield self._item("split", first, other, "no-link", 0.0)

    def _reviews(self) -> Iterator[Item]:
        """What waits and was not asked before, unless a steward has called two of the subjects' records different."""
        subjects = self._indexed.subjects
        rows = self._con.execute("SELECT a, b, method, weight FROM waiting ORDER BY a, b").fetchall()
        for left, right, method, weight in rows:
            low, high = sorted((self._indexed.mention_ids[left], self._indexed.mention_ids[right]))
            between = frozenset((subjects[left], subjects[right]))
            if (low, high) not in self._asked and len(between) > 1 and between not in self._parted:
                yield self._item("review", left, right, method, weight)

    def _item(self, what: str, left: int, right: int, method: str, weight: float) -> Item:
        pair = (left, right)
        return {
            "what": what,
            "pair": [self._indexed.mention_ids[row].hex() for row in pair],
            "subjects": [self._indexed.subjects[row] for row in pair],
            "likeness": [self._indexed.likenesses[row].hex() for row in pair],
            "method": method,
            "weight": weight,
        }
