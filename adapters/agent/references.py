"""Opaque references 不透明标识: what names a record and its content to the hub without telling it anything.

Both are HMACs under the department's record key, which never leaves the department. The content reference covers the
standard form without its row number, so that a record that only moved is unchanged, and the id of the signing key, so
that a rotated key brings every record anew.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from hub.proof.jws import b64url

_BYTES: Final = 16
_HASHED_BLOCK: Final = 64
LINES_PER_BATCH: Final = 2_000
"""Few enough that the hub takes one batch in while the next is read and signed."""
PLACES_PER_BATCH: Final = 20_000
BATCHES_PER_LIST: Final = 50


class References:
    """Makes the references of one registry."""

    def __init__(self, record_key: bytes, registry: str, kid: str) -> None:
        self._within = hashlib.sha256(_pad(record_key, 0x36))
        self._around = hashlib.sha256(_pad(record_key, 0x5C))
        self._registry = registry
        self._kid = kid

    def record(self, export: str, key: Sequence[str], occurrence: int = 0) -> str:
        """What names the ``occurrence``-th record (from 0) with this key."""
        return self._digest(["record", self._registry, export, list(key), occurrence])

    def names(self, export: str, key: Sequence[str]) -> str:
        """What names the way in which the records of an export get their names: the record key, and which columns."""
        return self._digest(["names", self._registry, export, list(key)])

    def content(self, claims: Mapping[str, Any]) -> str:
        """What names the content of a record, wherever in its source it stands."""
        content = dict(claims)
        content.pop("source", None)
        return self._digest(["content", self._kid, content])

    def _digest(self, value: Any) -> str:
        """HMAC-SHA-256 (RFC 2104) from states that are kept: setting it up anew costs more than the digest itself."""
        within, around = self._within.copy(), self._around.copy()
        within.update(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
        around.update(within.digest())
        return b64url(around.digest()[:_BYTES])


def _pad(key: bytes, byte: int) -> bytes:
    hashed = key if len(key) <= _HASHED_BLOCK else hashlib.sha256(key).digest()
    return bytes(each ^ byte for each in hashed.ljust(_HASHED_BLOCK, b"\0"))


def status_place(base: str, registry: str, sequence: int, position: int) -> dict[str, Any]:
    """Where the status of the evidence at ``position`` (from 0) of batch ``sequence`` is published.

    A batch's sequence number is given out once, so list and index are unique without asking anyone: fifty batches with
    20,000 places each share a list of a million.
    """
    number, rest = divmod(sequence, BATCHES_PER_LIST)
    uri = f"{base.rstrip('/')}/v1/statuses/{registry}/{number}"
    return {"status_list": {"idx": rest * PLACES_PER_BATCH + position, "uri": uri}}
