"""Crowds 同键过多: records under a key that more share than can be compared two by two; nobody among them is lost.

A thousand payments to one resident, five thousand copies of one row, a number that a clerk typed for everybody: copies
are compared with the first of them, and whoever says something else with those who say nearly the same. So the work
stays in proportion to the records, and the same records give the same pairs in whatever order they came.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hub.identity.bulk.tables import Connection

Packed = npt.NDArray[np.uint64]
"""Two numbers in one: whatever is above the lowest bits, and a record in them."""

Numbers = npt.NDArray[np.int64]

_WHO: Final = ("name", "birth")
_REACH: Final = 10
"""With how many that follow it in the order of what is said a record is compared, where all would be too many."""


def pairs_within(digests: Packed, records: Packed, cap: int, bits: int, *, reach: int = 0) -> Packed:
    """Every two records that stand side by side under one digest, packed, the lesser above.

    Of more than ``cap`` each with the next ``reach`` alone.
    """
    ends = _ends(digests, cap, reach)
    left = np.arange(len(records))
    found: list[Packed] = [np.zeros(0, dtype=np.uint64)]
    distance = 1
    while len(left := left[left + distance < ends[left]]):
        found.append(_packed(records[left], records[left + distance], bits))
        distance += 1
    return np.concatenate(found)


def is_crowded(digests: Packed, cap: int) -> npt.NDArray[np.bool_]:
    """Which of these stand under a digest that more than ``cap`` share."""
    _, sizes = _groups(digests)
    return np.repeat(sizes > cap, sizes)


def crowd_pairs(con: Connection, columns: Sequence[str], crowd: Packed, *, cap: int, bits: int) -> Packed:
    """Pairs, packed, of the records of ``traits`` that stand in ``crowd`` under digests that too many share.

    Of no more than ``cap`` that say different things every two are paired.
    """
    crowd = np.unique(crowd)
    said, named = _places(con, columns, below(crowd, bits))
    order = np.lexsort((crowd, said, above(crowd, bits)))
    crowd, said, named = crowd[order], said[order], named[order]
    digests, records = above(crowd, bits), below(crowd, bits)
    firsts = is_first(digests, said)
    first_of = np.maximum.accumulate(np.where(firsts, np.arange(len(crowd)), 0))
    heads = is_first(digests, named)
    return np.concatenate(
        (
            _packed(records[first_of], records, bits),
            pairs_within(digests[firsts], records[firsts], cap, bits, reach=_REACH),
            pairs_within(digests[heads], records[heads], cap, bits, reach=_REACH),
        )
    )


def _places(con: Connection, columns: Sequence[str], records: Packed) -> tuple[Numbers, Numbers]:
    """For each record its place in the order of all that is said, which begins with who is named, and in that alone."""
    whole = ", ".join(f'"{each}"' for each in columns)
    who = ", ".join(f'"{each}"' for each in columns if each in _WHO) or f'"{columns[0]}"'
    con.register("incoming", {"n": np.unique(records).astype(np.int64)})
    found = con.execute(
        f"SELECT n, dense_rank() OVER (ORDER BY {who}, {whole}) AS said, dense_rank() OVER (ORDER BY {who}) AS named"
        " FROM traits SEMI JOIN incoming USING (n) ORDER BY n"
    ).fetchnumpy()
    con.unregister("incoming")
    at = np.searchsorted(found["n"], records.astype(np.int64))
    return np.asarray(found["said"])[at], np.asarray(found["named"])[at]


def above(packed: Packed, bits: int) -> Packed:
    """What stands above the lowest bits."""
    return packed >> np.uint64(bits)


def below(packed: Packed, bits: int) -> Packed:
    """What stands in the lowest bits."""
    return packed & np.uint64((1 << bits) - 1)


def _packed(left: Packed, right: Packed, bits: int) -> Packed:
    """Each two in one number, the lesser above; nobody is paired with himself."""
    two = left != right
    lesser, greater = np.minimum(left, right)[two], np.maximum(left, right)[two]
    pairs: Packed = (lesser << np.uint64(bits)) | greater
    return pairs


def is_first(*values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """True where some value is another than just before."""
    first = np.ones(len(values[0]), dtype=bool)
    first[1:] = np.logical_or.reduce([each[1:] != each[:-1] for each in values])
    return first


def _groups(digests: Packed) -> tuple[Numbers, Numbers]:
    """Where each digest begins among the sorted, and how often it stands there."""
    firsts = np.flatnonzero(is_first(digests))
    return firsts, np.diff(np.append(firsts, len(digests)))


def _ends(digests: Packed, cap: int, reach: int) -> Numbers:
    """Before which place those end that each is compared with."""
    firsts, sizes = _groups(digests)
    ends = np.repeat(firsts + sizes, sizes)
    within = np.arange(len(digests)) + 1 + reach
    return np.where(np.repeat(sizes > cap, sizes), np.minimum(ends, within), ends)
