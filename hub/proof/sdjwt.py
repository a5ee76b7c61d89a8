"""Evidence 凭证 whose claims are disclosed one by one 逐项披露: SD-JWT (RFC 9901), issued and read strictly.

Verification: (1) size and parts, no key binding, (2) the issuer's JWS with its type before its claims, (3) the hash is
SHA-256, (4) every disclosure is well formed and appears once, (5) every digest appears once, (6) every disclosure is
referred to by a digest, (7) no disclosure takes a reserved name, a registered claim, or the place of a claim in clear.
"""

import binascii
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
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
_SALTS_AT_ONCE: Final = 32
_DIGEST_CHARACTERS: Final = 43
_RESERVED: Final = frozenset({"_sd", "...", "_sd_alg"})
_ALWAYS_CLEAR: Final = frozenset({"iss", "iat", "nbf", "exp", "jti", "vct", "cnf", "status", "aud", "sub"})
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_IN_OBJECT: Final = 3
_IN_LIST: Final = 2

Path = tuple[str | int, ...]


def path_text(path: Path) -> str:
    """``("members", 0, "name")`` as ``members.0.name``."""
    return ".".join(map(str, path))


def parse_path(text: str) -> Path:
    """``members.0.name`` as ``("members", 0, "name")``."""
    return tuple(int(part) if part.isascii() and part.isdecimal() else part for part in text.split("."))


# --- issuing -------------------------------------------------------------------------------------------------------


class _Writer:
    """Turns leaves into disclosures; digests take their places once all disclosures are made."""

    def __init__(self) -> None:
        self.disclosures: list[bytes] = []
        self._salts: list[str] = []
        self._lists: list[list[Any]] = []

    def _hidden(self, name: str, value: Any) -> int:
        if not self._salts:
            self._salts = _slices(os.urandom(SALT_BYTES * _SALTS_AT_ONCE), SALT_BYTES)
        self.disclosures.append(_b64(orjson.dumps([self._salts.pop(), name, value])))
        return len(self.disclosures) - 1

    def object(self, members: dict[str, Any], depth: int = MAX_DEPTH) -> dict[str, Any]:
        """The clear structure of ``members``; each ``_sd`` holds positions until ``finish``."""
        shown: dict[str, Any] = {}
        places: list[Any] = []
        for name, value in members.items():
            if name in _RESERVED or type(name) is not str:
                raise _reserved()
            kind = type(value)
            if kind is dict:
                shown[name] = self.object(value, _deeper(depth))
            elif kind is list and value and all(type(member) is dict for member in value):
                shown[name] = [self.object(member, _deeper(_deeper(depth))) for member in value]
            else:
                _check_leaf(value)
                places.append(self._hidden(name, value))
        if places:
            shown["_sd"] = places
            self._lists.append(places)
        return shown

    def finish(self) -> None:
        """Every ``_sd`` holds sorted digests, so that their order says nothing."""
        digests = _digests(self.disclosures)
        for places in self._lists:
            places[:] = sorted(digests[place] for place in places)


def _deeper(depth: int) -> int:
    if depth <= 1:
        raise _too_deep()
    return depth - 1


def _b64(content: bytes) -> bytes:
    return binascii.b2a_base64(content, newline=False).translate(_URL_SAFE).rstrip(b"=")


def _slices(content: bytes, size: int) -> list[str]:
    """base64url of each ``size`` bytes (a multiple of three) of ``content``."""
    spelled = binascii.b2a_base64(content, newline=False).translate(_URL_SAFE).decode("ascii")
    width = size // 3 * 4
    return [spelled[at : at + width] for at in range(0, len(spelled), width)]


def _digests(disclosures: Sequence[bytes]) -> list[str]:
    """SHA-256 of each in base64url; a zero byte after each digest aligns all of them for one encoding."""
    sha256 = hashlib.sha256
    joined = b"".join([sha256(each).digest() + b"\0" for each in disclosures])
    spelled = binascii.b2a_base64(joined, newline=False).translate(_URL_SAFE).decode("ascii")
    return [spelled[at : at + _DIGEST_CHARACTERS] for at in range(0, len(spelled), _DIGEST_CHARACTERS + 1)]


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
        writer.finish()
        payload = orjson.dumps({**clear, **hidden, "_sd_alg": "sha-256"}, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, UnicodeEncodeError):
        raise malformed("json", "A text cannot be written as UTF-8.", "文本无法编码为 UTF-8。") from None
    compact = signed_compact(payload, typ=typ, signer=signer)
    return "~".join([compact, *(part.decode("ascii") for part in writer.disclosures), ""])


# --- reading -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SdJwt:
    """Evidence as presented: ``claims`` with every disclosed value in its place, ``paths`` to each of those values."""

    jws: str
    payload: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)
    key: PublicKey | None
    _disclosed: Mapping[Path, tuple[bytes, ...]] = field(repr=False)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The path of every disclosed value."""
        return tuple(self._disclosed)

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
    claims = reader.object({name: value for name, value in payload.items() if name != "_sd_alg"}, (), ())
    reader.finish()  # 5, 6
    return SdJwt(jws.decode("ascii"), payload, claims, key, reader.disclosed)


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


class _Reader:
    """Puts disclosed values in their places, using each digest and each disclosure exactly once."""

    def __init__(self, disclosures: list[bytes], *, is_trusted: bool) -> None:
        self.disclosed: dict[Path, tuple[bytes, ...]] = {}
        self._seen: list[str] = []
        parsed = zip(disclosures, _parsed(disclosures, is_trusted=is_trusted), strict=True)
        self._waiting = dict(zip(_digests(disclosures), parsed, strict=True))
        if len(self._waiting) != len(disclosures):
            raise malformed("doubled-disclosure", "A disclosure appears twice.", "披露项重复出现。")

    def object(self, members: Mapping[str, Any], path: Path, above: tuple[bytes, ...]) -> dict[str, Any]:
        """``members`` with what their ``_sd`` digests disclose."""
        if len(path) > MAX_DEPTH:
            raise _too_deep()
        shown: dict[str, Any] = {}
        for name, value in members.items():
            if name == "_sd":
                continue
            if name in _RESERVED:
                raise _reserved()
            kind = type(value)
            shown[name] = self._value(value, (*path, name), above) if kind is dict or kind is list else value
        if "_sd" in members:
            self._disclose(members["_sd"], shown, path, above)
        return shown

    def _disclose(self, digests: Any, shown: dict[str, Any], path: Path, above: tuple[bytes, ...]) -> None:
        waiting, disclosed = self._waiting, self.disclosed
        for digest in self._listed(digests):
            found = waiting.pop(digest, None)
            if found is None:
                continue
            spelled, parsed = found
            if len(parsed) != _IN_OBJECT or type(parsed[1]) is not str:
                raise _bad_disclosure()
            name, value = parsed[1], parsed[2]
            if name in shown or name in _RESERVED or "\x00" in name or (not path and name in _ALWAYS_CLEAR):  # 7
                raise _reserved()
            place = (*path, name)
            disclosed[place] = chain = (*above, spelled)
            kind = type(value)
            shown[name] = self._value(value, place, chain) if kind is dict or kind is list else value

    def _listed(self, digests: Any) -> list[str]:
        if type(digests) is not list or any(type(digest) is not str for digest in digests):
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
        place = (*path, len(shown))
        self.disclosed[place] = chain = (*above, spelled)
        shown.append(self._value(parsed[1], place, chain))

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
