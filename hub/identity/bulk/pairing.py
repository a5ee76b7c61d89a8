"""Pairs 候选对: records that agree on every part of a key, unless too many do."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from hub.identity.bulk.tables import Connection, sorted_numbers
from hub.identity.modelfile import Model
from hub.identity.traits import SEVERAL, SORTED_SOUND

_NUMBER_CAP: Final = 400
_WORD: Final = 64

Packed = npt.NDArray[np.uint64]
"""Two numbers in one: whatever is above the lowest bits, and a record in them."""


def key_caps(model: Model) -> list[int]:
    """How many records may share a key of each family before it says nothing."""
    return [_NUMBER_CAP if len(parts) == 1 else model.key_cap for parts in model.keys]


def pair_records(con: Connection, model: Model) -> None:
    """Table ``pairs`` of the records of ``traits``, each pair once, the earlier record first."""
    last = con.execute("SELECT coalesce(max(n), 0) FROM traits").fetchall()[0][0]
    bits = max(1, int(last).bit_length())
    found = [_pairs_of(con, parts, cap, bits) for parts, cap in zip(model.keys, key_caps(model), strict=True)]
    pairs = np.unique(np.concatenate(found))
    con.register("incoming", {"a": _above(pairs, bits).astype(np.int64), "b": _below(pairs, bits).astype(np.int64)})
    con.execute("CREATE OR REPLACE TABLE pairs AS SELECT a, b FROM incoming")
    con.unregister("incoming")


def _pairs_of(con: Connection, parts: Sequence[str], cap: int, bits: int) -> Packed:
    """Pairs under one digest of the parts; what a digest mixes up is told apart when the pair is compared."""
    there = " AND ".join(f"{part} <> ''" for part in parts)
    above = (1 << _WORD) - (1 << bits)
    keyed = sorted_numbers(
        con,
        f"SELECT (hash({', '.join(parts)}) & {above}::UBIGINT) | n::UBIGINT FROM {_source(parts)} WHERE {there}",
    )
    return pairs_in(keyed, cap, bits)


def pairs_in(keyed: Packed, cap: int, bits: int) -> Packed:
    """Every two records that stand under one digest, packed; none where more than ``cap`` stand there.

    ``keyed``: digests with a record in their lowest bits, from the least up.
    """
    digests = _above(keyed, bits)
    shared = np.zeros(len(keyed), dtype=bool)
    shared[1:] = digests[1:] == digests[:-1]
    shared[:-1] |= shared[1:]
    digests, records = digests[shared], _below(keyed[shared], bits)
    firsts = np.flatnonzero(np.concatenate(([True], digests[1:] != digests[:-1]))) if len(digests) else np.zeros(0, int)
    sizes = np.diff(np.append(firsts, len(digests)))
    left = np.flatnonzero(np.repeat(sizes <= cap, sizes))
    ends = np.repeat(firsts + sizes, sizes)
    found: list[Packed] = [np.zeros(0, dtype=np.uint64)]
    distance = 1
    while len(left := left[left + distance < ends[left]]):
        one, other = records[left], records[left + distance]
        found.append(((one << np.uint64(bits)) | other)[one != other])
        distance += 1
    return np.concatenate(found)


def _above(packed: Packed, bits: int) -> Packed:
    return packed >> np.uint64(bits)


def _below(packed: Packed, bits: int) -> Packed:
    return packed & np.uint64((1 << bits) - 1)


def _source(parts: Sequence[str]) -> str:
    """Where the parts of a key come from: the records, once for each value of a part that has several."""
    source = "traits"
    if not {"name", SORTED_SOUND}.isdisjoint(parts):
        source = "called"
    for column in sorted(set(SEVERAL).intersection(parts)):
        source = (
            f"(SELECT * FROM {source} WHERE NOT contains({column}, '|') UNION ALL SELECT * REPLACE"
            f" (unnest(string_split({column}, '|')) AS {column}) FROM {source} WHERE contains({column}, '|'))"
        )
    return source
