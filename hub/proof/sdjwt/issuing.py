"""Issuing 签发: each leaf of a record goes behind a salted digest of its own, the whole under one signature."""

import binascii
from collections.abc import Iterable, Mapping
from ssl import RAND_bytes
from typing import Any, Final

import orjson

from hub.proof.encoding import MAX_DEPTH, check_json, malformed
from hub.proof.jws import signed_compacts
from hub.proof.keys import Signer
from hub.proof.sdjwt.disclosures import (
    ALWAYS_CLEAR,
    OBJECTS,
    RESERVED,
    TEXTS,
    URL_SAFE,
    check_leaf,
    digests_of,
    reserved,
    spelled_texts,
    too_deep,
)
from hub.proof.sdjwt.reading import EVIDENCE_TYP

SALT_BYTES: Final = 18
_SALT: Final = f"{SALT_BYTES // 3 * 4}s"
_URL_SAFE_AND_PARTED: Final = bytes.maketrans(b"+/\n", b"-_~")


class _Writer:
    """Gathers leaves; they become disclosures, and digests take their places, all at once."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._values: list[Any] = []
        self._lists: list[list[Any]] = []

    def object(self, members: dict[str, Any], depth: int = MAX_DEPTH) -> dict[str, Any]:
        """The clear structure of ``members``; each ``_sd`` holds positions until ``finish``."""
        if not RESERVED.isdisjoint(members) or not TEXTS.issuperset(map(type, members)):
            raise reserved()
        shown: dict[str, Any] = {}
        names, values = self._names, self._values
        first = len(names)
        for name, value in members.items():
            kind = type(value)
            if kind is str:
                names.append(name)
                values.append(value)
            elif kind is dict or (kind is list and value and {*map(type, value)} == OBJECTS):
                shown[name] = value
            else:
                check_leaf(value)
                names.append(name)
                values.append(value)
        if places := list(range(first, len(names))):
            self._lists.append(places)
        for name, value in shown.items():
            below = _deeper(depth)
            inside = self.object(value, below) if type(value) is dict else self._objects(value, _deeper(below))
            shown[name] = inside
        if places:
            shown["_sd"] = places
        return shown

    def _objects(self, members: list[dict[str, Any]], depth: int) -> list[dict[str, Any]]:
        return [self.object(member, depth) for member in members]

    def finish(self) -> bytes:
        """The disclosures, a tilde after each; every ``_sd`` holds sorted digests, so that their order says nothing."""
        salts = _salts(len(self._names))
        contents = [*map(orjson.dumps, zip(salts, self._names, self._values, strict=True))]
        if b"\\u0000" in b"".join(contents):
            for value in self._values:
                check_leaf(value)
        spelled = b"".join(map(binascii.b2a_base64, contents)).translate(_URL_SAFE_AND_PARTED, b"=")
        digests = digests_of(spelled.split(b"~")[:-1])
        for places in self._lists:
            places[:] = sorted(map(digests.__getitem__, places))
        return spelled


def _deeper(depth: int) -> int:
    if depth <= 1:
        raise too_deep()
    return depth - 1


def _salts(number: int) -> list[str]:
    spelled = binascii.b2a_base64(RAND_bytes(SALT_BYTES * number), newline=False).translate(URL_SAFE)
    return spelled_texts(spelled, _SALT, number)


def issue_sd_jwt(
    clear: Mapping[str, Any], disclosable: Mapping[str, Any], *, signer: Signer, typ: str = EVIDENCE_TYP
) -> str:
    """Evidence with ``clear`` readable by all and each leaf of ``disclosable`` behind its own salted digest.

    Objects keep their place in clear and hide their members; a list of objects likewise; a list of scalars is one
    disclosure.

    Raises:
        Malformed: reserved or doubled names, floats, nesting beyond the limit.
    """
    return issue_sd_jwts([(clear, disclosable)], signer=signer, typ=typ)[0]


def issue_sd_jwts(
    records: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]], *, signer: Signer, typ: str = EVIDENCE_TYP
) -> list[str]:
    """Evidence of each record, given as ``issue_sd_jwt`` takes one.

    All are written before the first is signed: in turns, either would push the other out of the processor's caches.

    Raises:
        Malformed: as ``issue_sd_jwt`` does for one of them.
    """
    payloads, disclosures = [], []
    for clear, disclosable in records:
        payload, spelled = _written(clear, disclosable)
        payloads.append(payload)
        disclosures.append(spelled.decode("ascii"))
    return [*map("~".join, zip(signed_compacts(payloads, typ=typ, signer=signer), disclosures, strict=True))]


def _written(clear: Mapping[str, Any], disclosable: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """What is signed, and the disclosures, a tilde after each."""
    if disclosable.keys() & (clear.keys() | ALWAYS_CLEAR):
        raise malformed(
            "reserved-name", "A claim to disclose has the name of one in clear.", "可披露数据项与明文项重名。"
        )
    writer = _Writer()
    check_json(dict(clear))
    try:
        hidden = writer.object(dict(disclosable))
        disclosures = writer.finish()
        payload = orjson.dumps({**clear, **hidden, "_sd_alg": "sha-256"}, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, UnicodeEncodeError):
        raise malformed("json", "A text cannot be written as UTF-8.", "文本无法编码为 UTF-8。") from None
    return payload, disclosures
