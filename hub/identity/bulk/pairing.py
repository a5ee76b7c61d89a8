"""Pairs 候选对: records that agree on every part of a key; where too many do, those that say nearly the same."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from hub.identity.bulk.crowds import Packed, above, below, crowd_pairs, is_crowded, is_first, pairs_within
from hub.identity.bulk.tables import Connection, sorted_numbers
from hub.identity.compare import HIDDEN
from hub.identity.modelfile import Model
from hub.identity.traits import SEVERAL, SORTED_SOUND

_NUMBER_CAP: Final = 400
_WORD: Final = 64
_UNMASKED: Final = f" AND NOT contains(number, '{HIDDEN}')"


def key_caps(model: Model) -> list[int]:
    """Of how many records under a key of each family every two are compared."""
    return [_NUMBER_CAP if len(parts) == 1 else model.key_cap for parts in model.keys]


def pair_records(con: Connection, model: Model) -> None:
    """Table ``pairs`` of the records of ``traits``, each pair once, the earlier record first."""
    last = con.execute("SELECT coalesce(max(n), 0) FROM traits").fetchall()[0][0]
    bits = max(1, int(last).bit_length())
    found = []
    for parts, cap in zip(model.keys, key_caps(model), strict=True):
        keyed = _shared(_keyed(con, parts, bits), bits)
        digests = above(keyed, bits)
        found.append(pairs_within(digests, below(keyed, bits), cap, bits))
        crowd = keyed[is_crowded(digests, cap)]
        if len(crowd):
            found.append(crowd_pairs(con, model.columns, crowd, cap=cap, bits=bits))
    pairs = np.unique(np.concatenate(found))
    con.register("incoming", {"a": above(pairs, bits).astype(np.int64), "b": below(pairs, bits).astype(np.int64)})
    con.execute("CREATE OR REPLACE TABLE pairs AS SELECT a, b FROM incoming")
    con.unregister("incoming")


def _keyed(con: Connection, parts: Sequence[str], bits: int) -> Packed:
    """Digests of the parts with a record in their lowest bits, from the least up.

    What a digest mixes up is told apart when the pair is compared.
    """
    there = " AND ".join(f"{part} <> ''" + _UNMASKED * (part == "number") for part in parts)
    upper = (1 << _WORD) - (1 << bits)
    return sorted_numbers(
        con,
        f"SELECT (hash({', '.join(parts)}) & {upper}::UBIGINT) | n::UBIGINT FROM {_source(parts)} WHERE {there}",
    )


def _shared(keyed: Packed, bits: int) -> Packed:
    """Those of which another record has the digest too; each record once."""
    keyed = keyed[is_first(keyed)]
    digests = above(keyed, bits)
    shared = ~is_first(digests)
    shared[:-1] |= shared[1:]
    return keyed[shared]


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
