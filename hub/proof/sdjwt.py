"""Evidence 凭证 whose claims are disclosed one by one 逐项披露: SD-JWT (RFC 9901), issued and read strictly.

Verification: (1) size and parts, no key binding, (2) the issuer's JWS with its type before its claims, (3) the hash is
SHA-256, (4) every disclosure is well formed and appears once, (5) every digest appears once, (6) every disclosure is
referred to by a digest, (7) no disclosure takes a reserved name, a registered claim, or the place of a claim in clear.
"""

import binascii
import hashlib
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, repeat
from operator import methodcaller
from typing import Any, Final

import orjson

from hub.errors import Malformed
from hub.proof.encoding import (
    MAX_DEPTH,
    MAX_EXACT_INTEGER,
    b64url_decode,
    b64url_decode_each,
    check_json,
    malformed,
    strict_json,
)
from hub.proof.jws import KeyFor, signed_compact, verified_payload
from hub.proof.keys import PublicKey, Signer

EVIDENCE_TYP: Final = "dc+sd-jwt"
MAX_BYTES: Final = 262_144
MAX_DISCLOSURES: Final = 2_000
SALT_BYTES: Final = 18
_SALT: Final = f"{SALT_BYTES // 3 * 4}s"
_SPELLED_DIGEST: Final = "43sx"
_DIGEST: Final = methodcaller("digest")
_RESERVED: Final = frozenset({"_sd", "...", "_sd_alg"})
_ALWAYS_CLEAR: Final = frozenset({"iss", "iat", "nbf", "exp", "jti", "vct", "cnf", "status", "aud", "sub"})
_TAKEN: Final = _RESERVED | _ALWAYS_CLEAR
_TEXTS: Final = frozenset({str})
_ONCE: Final = frozenset({1})
_LISTS: Final = frozenset({list})
_OBJECTS: Final = frozenset({dict})
_CONTAINERS: Final = _LISTS | _OBJECTS
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_URL_SAFE_AND_PARTED: Final = bytes.maketrans(b"+/\n", b"-_~")
_FROM_URL_SAFE: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_BRACKETS: Final = binascii.b2a_base64(b"],\n  [", newline=False)
_FILL: Final = (b"", b"=", b"og", b"K")
"""By the length of what is to be filled, modulo four; no base64 leaves one character over."""
_IN_OBJECT: Final = 3
_IN_LIST: Final = 2

Path = tuple[str | int, ...]
_Place = tuple[Path, tuple[bytes, ...], Sequence[str | int], Sequence[bytes]]
"""Where values were disclosed: below which path and disclosures, under which names, by which disclosures."""


def path_text(path: Path) -> str:
    """``("members", 0, "name")`` as ``members.0.name``."""
    return ".".join(map(str, path))


def parse_path(text: str) -> Path:
    """``members.0.name`` as ``("members", 0, "name")``."""
    return tuple(int(part) if part.isascii() and part.isdecimal() else part for part in text.split("."))


# --- issuing -------------------------------------------------------------------------------------------------------


class _Writer:
    """Gathers leaves; they become disclosures, and digests take their places, all at once."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._values: list[Any] = []
        self._lists: list[list[Any]] = []

    def object(self, members: dict[str, Any], depth: int = MAX_DEPTH) -> dict[str, Any]:
        """The clear structure of ``members``; each ``_sd`` holds positions until ``finish``."""
        if not _RESERVED.isdisjoint(members) or not _TEXTS.issuperset(map(type, members)):
            raise _reserved()
        shown: dict[str, Any] = {}
        names, values = self._names, self._values
        first = len(names)
        for name, value in members.items():
            kind = type(value)
            if kind is str:
                names.append(name)
                values.append(value)
            elif kind is dict or (kind is list and value and {*map(type, value)} == _OBJECTS):
                shown[name] = value
            else:
                _check_leaf(value)
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
                _check_leaf(value)
        spelled = b"".join(map(binascii.b2a_base64, contents)).translate(_URL_SAFE_AND_PARTED, b"=")
        digests = _digests(spelled.split(b"~")[:-1])
        for places in self._lists:
            places[:] = sorted(map(digests.__getitem__, places))
        return spelled


def _deeper(depth: int) -> int:
    if depth <= 1:
        raise _too_deep()
    return depth - 1


def _salts(number: int) -> list[str]:
    spelled = binascii.b2a_base64(os.urandom(SALT_BYTES * number), newline=False).translate(_URL_SAFE)
    return _texts(spelled, _SALT, number)


def _digests(disclosures: Sequence[bytes]) -> list[str]:
    """SHA-256 of each in base64url; a zero byte after each digest aligns all of them for one encoding."""
    joined = b"\0".join([*map(_DIGEST, map(hashlib.sha256, disclosures)), b""])
    spelled = binascii.b2a_base64(joined, newline=False).translate(_URL_SAFE)
    return _texts(spelled, _SPELLED_DIGEST, len(disclosures))


def _texts(spelled: bytes, form: str, number: int) -> list[str]:
    return [*map(bytes.decode, struct.unpack(form * number, spelled))]


def _check_leaf(value: Any) -> None:
    kind = type(value)
    if kind is str:
        if "\x00" in value:
            raise malformed("json", "A text holds the character NUL.", "文本中含有 NUL 字符。")
    elif kind is int:
        if not -MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER:
            raise malformed("json", "An integer is too large to be exact everywhere.", "整数过大，无法精确表示。")
    elif kind is list:
        check_json(value)
    elif kind is not bool and value is not None:
        raise malformed(
            "json", "Only texts, whole numbers and truth values can be disclosed.", "只能披露文本、整数与布尔值。"
        )


def issue_sd_jwt(
    clear: Mapping[str, Any], disclosable: Mapping[str, Any], *, signer: Signer, typ: str = EVIDENCE_TYP
) -> str:
    """Evidence with ``clear`` readable by all and each leaf of ``disclosable`` behind its own salted digest.

    Objects keep their place in clear and hide their members; a list of objects likewise; a list of scalars is one
    disclosure.

    Raises:
        Malformed: reserved or doubled names, floats, nesting beyond the limit.
    """
    if disclosable.keys() & (clear.keys() | _ALWAYS_CLEAR):
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
    compact = signed_compact(payload, typ=typ, signer=signer)
    return f"{compact}~{disclosures.decode('ascii')}"


# --- reading -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SdJwt:
    """Evidence as presented: ``claims`` with every disclosed value in its place, ``paths`` to each of those values."""

    jws: str
    payload: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)
    key: PublicKey | None
    _places: Sequence[_Place] = field(repr=False)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The path of every disclosed value."""
        return tuple(self._disclosed)

    @cached_property
    def _disclosed(self) -> dict[Path, tuple[bytes, ...]]:
        """The path of every disclosed value, and the disclosures that it takes."""
        return {
            (*path, name): (*above, spelled)
            for path, above, *found in self._places
            for name, spelled in zip(*found, strict=True)
        }

    @cached_property
    def clear(self) -> dict[str, Any]:
        """The claims that anyone reads without a disclosure."""
        shown = _without_digests(self.payload)
        return shown if isinstance(shown, dict) else {}

    @property
    def token(self) -> str:
        """The evidence with all that it discloses."""
        return self.present(self.paths)

    def present(self, paths: Iterable[Path | str]) -> str:
        """The same evidence with just the disclosures at ``paths`` (and those they hang from).

        Raises:
            Malformed: a path that this evidence does not disclose.
        """
        chosen: dict[bytes, None] = {}
        for path in paths:
            found = self._disclosed.get(parse_path(path) if isinstance(path, str) else path)
            if found is None:
                raise malformed("no-such-claim", "The evidence discloses no such claim.", "凭证未披露该数据项。")
            chosen.update(dict.fromkeys(found))
        return "~".join([self.jws, *(disclosure.decode("ascii") for disclosure in chosen), ""])


def verify_sd_jwt(token: str | bytes, *, key_for: KeyFor, typ: str = EVIDENCE_TYP, max_bytes: int = MAX_BYTES) -> SdJwt:
    """The evidence in ``token``, steps 1 to 7 of this module.

    Raises:
        Malformed: any other bytes.
    """
    jws, disclosures = _parts(token, max_bytes)  # 1
    payload, key = verified_payload(jws, typ=typ, key_for=key_for)  # 2
    return _resolved(jws, payload, disclosures, key)


def parse_trusted_sd_jwt(token: str | bytes) -> SdJwt:
    """The evidence in ``token`` without its signature checked: only for what was verified before it was sealed.

    Raises:
        Malformed: any other bytes.
    """
    jws, disclosures = _parts(token, MAX_BYTES)
    parts = jws.split(b".")
    if len(parts) != _IN_OBJECT:
        raise _not_sd_jwt()
    payload = _loaded(b64url_decode(parts[1]))
    if type(payload) is not dict:
        raise _not_sd_jwt()
    return _resolved(jws, payload, disclosures, None)


def _loaded(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise _bad_disclosure() from None


def _not_sd_jwt() -> Malformed:
    return malformed(
        "not-sd-jwt",
        "The content is not an SD-JWT without key binding within the size allowed.",
        "内容不是大小合规、无持有者绑定的 SD-JWT。",
    )


def _bad_disclosure() -> Malformed:
    return malformed(
        "disclosure", "A disclosure is not of the form that RFC 9901 prescribes.", "披露项格式不符合 RFC 9901。"
    )


def _reserved() -> Malformed:
    return malformed(
        "reserved-name", "A disclosure takes a reserved name or one in clear.", "披露项占用保留名或明文项。"
    )


def _too_deep() -> Malformed:
    return malformed("json", "The content is nested too deeply.", "内容嵌套过深。")


def _parts(token: str | bytes, max_bytes: int) -> tuple[bytes, list[bytes]]:
    if len(token) > max_bytes:
        raise _not_sd_jwt()
    try:
        spelled = token.encode("ascii") if isinstance(token, str) else bytes(token)
    except UnicodeEncodeError:
        raise _not_sd_jwt() from None
    if not spelled.isascii():
        raise _not_sd_jwt()
    parts = spelled.split(b"~")
    if len(parts) < _IN_LIST or parts[-1] or len(parts) > MAX_DISCLOSURES:
        raise _not_sd_jwt()
    return parts[0], parts[1:-1]


def _resolved(jws: bytes, payload: Mapping[str, Any], disclosures: list[bytes], key: PublicKey | None) -> SdJwt:
    if payload.get("_sd_alg", "sha-256") != "sha-256":  # 3
        raise malformed("sd-hash", "The evidence hashes with something else than SHA-256.", "凭证未使用 SHA-256 摘要。")
    reader = _Reader(disclosures, is_trusted=key is None)  # 4
    members = dict(payload)
    members.pop("_sd_alg", None)
    claims = reader.object(members, (), ())
    reader.finish()  # 5, 6
    return SdJwt(jws.decode("ascii"), payload, claims, key, reader.places)


def _read_together(disclosures: list[bytes]) -> list[list[Any]] | None:
    """What ``_parsed`` would give, for disclosures of members without inner structure, all decoded and read at once.

    None when any is something else, or not well formed. Each stands in brackets of its own, beside nothing, its value
    holds at most a flat list, and texts hold no line break: so none reaches into the next, and there are as many as
    were given. What fills a group of four decodes to blanks, and beside bits that should be zero to no JSON.
    """
    joined = _BRACKETS.join([part + _FILL[len(part) & 3] for part in disclosures])
    try:
        content = binascii.a2b_base64(joined.translate(_FROM_URL_SAFE), strict_mode=True)
        bracketed = orjson.loads(b"[[%b]]" % content)
        parsed = [*chain.from_iterable(bracketed)]
        salts, names, values = zip(*parsed, strict=True)
    except (ValueError, TypeError):
        return None
    is_whole = len(bracketed) == len(disclosures) and _ONCE.issuperset(map(len, bracketed))
    if not is_whole or not _LISTS.issuperset(map(type, parsed)) or not _TEXTS.issuperset(map(type, salts + names)):
        return None
    if b"\\u0000" in content or not all(_is_flat(value) for value in values if type(value) is not str):
        return None
    return parsed


def _is_flat(value: Any) -> bool:
    """True of an exact whole number, a truth value, null, and a list of texts."""
    if type(value) is int:
        return -MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER
    return value is None or type(value) is bool or (type(value) is list and _TEXTS.issuperset(map(type, value)))


def _parsed(disclosures: list[bytes], *, is_trusted: bool) -> list[list[Any]]:
    """The array that each disclosure spells."""
    contents = b64url_decode_each(disclosures)
    loads = orjson.loads
    try:
        parsed = [loads(content) for content in contents]
    except orjson.JSONDecodeError:
        raise _bad_disclosure() from None
    for array, content in zip(parsed, contents, strict=True):
        if type(array) is not list or not _IN_LIST <= len(array) <= _IN_OBJECT or type(array[0]) is not str:
            raise _bad_disclosure()
        value = array[-1]
        if not is_trusted and (type(value) is not str or b"\\u0000" in content):
            _check_disclosed(value, content)
    return parsed


def _check_disclosed(value: Any, content: bytes) -> None:
    if type(value) is dict or type(value) is list:
        strict_json(content)
    else:
        _check_leaf(value)


_Found = tuple[bytes, list[Any]]
"""A disclosure as spelled, and what it spells."""


class _Reader:
    """Puts disclosed values in their places, using each digest and each disclosure exactly once."""

    def __init__(self, disclosures: list[bytes], *, is_trusted: bool) -> None:
        self.places: list[_Place] = []
        self._seen: list[str] = []
        parsed = _read_together(disclosures)
        self._is_flat = parsed is not None
        if parsed is None:
            parsed = _parsed(disclosures, is_trusted=is_trusted)
        self._waiting = dict(zip(_digests(disclosures), zip(disclosures, parsed, strict=True), strict=True))
        if len(self._waiting) != len(disclosures):
            raise malformed("doubled-disclosure", "A disclosure appears twice.", "披露项重复出现。")

    def object(self, members: Mapping[str, Any], path: Path, above: tuple[bytes, ...]) -> dict[str, Any]:
        """``members`` with what their ``_sd`` digests disclose."""
        if len(path) > MAX_DEPTH:
            raise _too_deep()
        shown = dict(members)
        digests = shown.pop("_sd", None)
        if not _RESERVED.isdisjoint(shown):
            raise _reserved()
        for name, value in members.items():
            if type(value) in _CONTAINERS and name != "_sd":
                shown[name] = self._value(value, (*path, name), above)
        if "_sd" in members:
            found = [*filter(None, map(self._waiting.pop, self._listed(digests), repeat(None)))]
            disclose = self._disclose_flat if self._is_flat else self._disclose
            if found:
                disclose(found, shown, path, above)
        return shown

    def _disclose_flat(self, found: list[_Found], shown: dict[str, Any], path: Path, above: tuple[bytes, ...]) -> None:
        """What ``_disclose`` does, for what ``_read_together`` read."""
        spelled, parsed = zip(*found, strict=True)
        _salts, names, values = zip(*parsed, strict=True)
        disclosed = dict(zip(names, values, strict=True))
        taken, before = (_RESERVED if path else _TAKEN), len(shown)
        shown |= disclosed
        if len(shown) != before + len(names) or not taken.isdisjoint(disclosed):  # 7
            raise _reserved()
        self.places.append((path, above, names, spelled))

    def _disclose(self, found: list[_Found], shown: dict[str, Any], path: Path, above: tuple[bytes, ...]) -> None:
        taken = _RESERVED if path else _TAKEN
        for spelled, parsed in found:
            if len(parsed) != _IN_OBJECT or type(parsed[1]) is not str:
                raise _bad_disclosure()
            name, value = parsed[1], parsed[2]
            if name in shown or name in taken or "\x00" in name:  # 7
                raise _reserved()
            self.places.append((path, above, (name,), (spelled,)))
            shown[name] = self._value(value, (*path, name), (*above, spelled))

    def _listed(self, digests: Any) -> list[str]:
        if type(digests) is not list or not _TEXTS.issuperset(map(type, digests)):
            raise _bad_disclosure()
        self._seen += digests
        return digests

    def _value(self, value: Any, path: Path, above: tuple[bytes, ...]) -> Any:
        if type(value) is dict:
            return self.object(value, path, above)
        if type(value) is not list:
            return value
        if len(path) > MAX_DEPTH:
            raise _too_deep()
        shown: list[Any] = []
        for member in value:
            if type(member) is dict and "..." in member:
                self._disclose_element(member, shown, path, above)
            else:
                shown.append(self._value(member, (*path, len(shown)), above))
        return shown

    def _disclose_element(self, member: dict[str, Any], shown: list[Any], path: Path, above: tuple[bytes, ...]) -> None:
        if len(member) != 1:
            raise _reserved()
        found = self._waiting.pop(self._listed([member["..."]])[0], None)
        if found is None:
            return
        spelled, parsed = found
        if len(parsed) != _IN_LIST:
            raise _bad_disclosure()
        number = len(shown)
        self.places.append((path, above, (number,), (spelled,)))
        shown.append(self._value(parsed[1], (*path, number), (*above, spelled)))

    def finish(self) -> None:
        """Every digest appeared once and every disclosure was referred to (RFC 9901 §7.1 steps 4 and 5).

        Raises:
            Malformed: otherwise.
        """
        if len(set(self._seen)) != len(self._seen):  # 5
            raise malformed("doubled-digest", "A digest appears twice in the evidence.", "凭证中摘要重复出现。")
        if self._waiting:  # 6
            raise malformed(
                "orphan-disclosure", "A disclosure belongs to no digest of the evidence.", "披露项与凭证摘要不对应。"
            )


def _without_digests(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_digests(member) for name, member in value.items() if name not in _RESERVED}
    if isinstance(value, list):
        return [_without_digests(member) for member in value if not (isinstance(member, dict) and "..." in member)]
    return value
