"""What links connect: for every record the least one that they lead to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Roots:
    """For every record that a link touches, in order, the least record that links lead to."""

    nodes: npt.NDArray[np.int64]
    roots: npt.NDArray[np.int64]

    def of(self, nodes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The roots of these records, each of which a link touches."""
        return self.roots[np.searchsorted(self.nodes, nodes)]

    def put(self, nodes: Sequence[int], root: int) -> None:
        """These records have that root from now on."""
        self.roots[np.searchsorted(self.nodes, nodes)] = root


def roots_of(left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> Roots:
    """What the links between ``left`` and ``right``, one by one, lead to."""
    nodes, places = np.unique(np.concatenate((left, right)), return_inverse=True)
    ends = (places[: len(left)], places[len(left) :])
    above, before = np.arange(len(nodes)), None
    while before is None or not np.array_equal(above, before):
        before = above.copy()
        least = np.minimum(before[ends[0]], before[ends[1]])
        for each in ends:
            np.minimum.at(above, before[each], least)
            np.minimum.at(above, each, least)
        above = above[above]
    return Roots(nodes, nodes[above])
