"""Evidence 凭证 whose claims are disclosed one by one 逐项披露: SD-JWT (RFC 9901), issued and read strictly.

Verification: (1) size and parts, no key binding, (2) the issuer's JWS with its type before its claims, (3) the hash is
SHA-256, (4) every disclosure is well formed and appears once, (5) every digest appears once, (6) every disclosure is
referred to by a digest, (7) no disclosure takes a reserved name, a registered claim, or the place of a claim in clear.
"""

import binascii
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import orjson

from hub.errors import Malformed
from hub.proof.encoding import MAX_DEPTH, MAX_EXACT_INTEGER, b64url_decode, canonical_json, malformed, strict_json
from hub.proof.jws import KeyFor, signed_compact, verify_jws
from hub.proof.keys import PublicKey, Signer

EVIDENCE_TYP: Final = "dc+sd-jwt"
MAX_BYTES: Final = 262_144
MAX_DISCLOSURES: Final = 2_000
SALT_BYTES: Final = 16
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
    """Turns scalars into disclosures and keeps their order of discovery."""

    def __init__(self, salts: int) -> None:
        self.disclosures: list[bytes] = []
        self._salts = os.urandom(SALT_BYTES * salts)

    def hidden(self, name: str, value: Any) -> str:
        if name in _RESERVED:
            raise malformed(
                "reserved-name", "A claim uses a name that SD-JWT reserves.", "数据项使用了 SD-JWT 保留名。"
            )
        at = SALT_BYTES * len(self.disclosures)
        salt = _b64(self._salts[at : at + SALT_BYTES]).decode("ascii")
        disclosure = _b64(orjson.dumps([salt, name, value]))
        self.disclosures.append(disclosure)
        return _b64(hashlib.sha256(disclosure).digest()).decode("ascii")

    def object(self, members: Mapping[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        digests = []
        for name, value in members.items():
            if isinstance(value, Mapping):
                shown[name] = self.object(value)
            elif _is_list_of_objects(value):
                shown[name] = [self.object(member) for member in value]
            else:
                digests.append(self.hidden(name, value))
        if digests:
            shown["_sd"] = sorted(digests)
        return shown


def _b64(content: bytes) -> bytes:
    return binascii.b2a_base64(content, newline=False).translate(_URL_SAFE).rstrip(b"=")


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(member, Mapping) for member in value)


def _leaves(members: Mapping[str, Any], depth: int = MAX_DEPTH) -> int:
    """How many disclosures ``members`` need.

    Raises:
        Malformed: a value that cannot be signed exactly.
    """
    if depth <= 0:
        raise malformed("json", "The content is nested too deeply.", "内容嵌套过深。")
    count = 0
    for value in members.values():
        if isinstance(value, Mapping):
            count += _leaves(value, depth - 1)
        elif isinstance(value, list | tuple):
            if _is_list_of_objects(value):
                count += sum(_leaves(member, depth - 2) for member in value)
            else:
                for member in value:
                    _check_leaf(member)
                count += 1
        else:
            _check_leaf(value)
            count += 1
    return count


def _check_leaf(value: Any) -> None:
    kind = type(value)
    if kind is str:
        if "\x00" in value:
            raise malformed("json", "A text holds the character NUL.", "文本中含有 NUL 字符。")
    elif kind is int:
        if not -MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER:
            raise malformed("json", "An integer is too large to be exact everywhere.", "整数过大，无法精确表示。")
    elif kind is not bool and value is not None:
        raise malformed(
            "json", "Only texts, whole numbers and truth values can be disclosed.", "只能披露文本、整数与布尔值。"
        )


def issue_sd_jwt(
    clear: Mapping[str, Any], disclosable: Mapping[str, Any], *, signer: Signer, typ: str = EVIDENCE_TYP
) -> str:
    """Evidence with ``clear`` readable by all and each leaf of ``disclosable`` behind its own salted digest.

    Objects keep their place in clear and hide their members; a list of objects likewise; a list of scalars is one
    disclosure. Digests are sorted, so that their order says nothing.

    Raises:
        Malformed: reserved or doubled names, floats, nesting beyond the limit.
    """
    if disclosable.keys() & (clear.keys() | _ALWAYS_CLEAR):
        raise malformed(
            "reserved-name", "A claim to disclose has the name of one in clear.", "可披露数据项与明文项重名。"
        )
    writer = _Writer(_leaves(disclosable))
    try:
        hidden = writer.object(disclosable)
    except (orjson.JSONEncodeError, UnicodeEncodeError):
        raise malformed("json", "A text cannot be written as UTF-8.", "文本无法编码为 UTF-8。") from None
    payload = canonical_json({**clear, **hidden, "_sd_alg": "sha-256"})
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
    _disclosed: Mapping[Path, tuple[str, ...]] = field(repr=False)

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
        chosen: dict[str, None] = {}
        for path in paths:
            found = self._disclosed.get(parse_path(path) if isinstance(path, str) else path)
            if found is None:
                raise malformed("no-such-claim", "The evidence discloses no such claim.", "凭证未披露该数据项。")
            chosen.update(dict.fromkeys(found))
        return "~".join([self.jws, *chosen, ""])


def verify_sd_jwt(token: str | bytes, *, key_for: KeyFor, typ: str = EVIDENCE_TYP, max_bytes: int = MAX_BYTES) -> SdJwt:
    """The evidence in ``token``, steps 1 to 7 of this module.

    Raises:
        Malformed: any other bytes.
    """
    jws, disclosures = _parts(token, max_bytes)  # 1
    verified = verify_jws(jws, typ=typ, key_for=key_for, max_bytes=max_bytes)  # 2
    return _resolved(jws, verified.claims, disclosures, verified.key)


def parse_trusted_sd_jwt(token: str | bytes) -> SdJwt:
    """The evidence in ``token`` without its signature checked: only for what was verified before it was sealed.

    Raises:
        Malformed: any other bytes.
    """
    jws, disclosures = _parts(token, MAX_BYTES)
    parts = jws.split(".")
    if len(parts) != _IN_OBJECT:
        raise _not_sd_jwt()
    payload = orjson_object(b64url_decode(parts[1]))
    return _resolved(jws, payload, disclosures, None)


def orjson_object(content: bytes) -> dict[str, Any]:
    """The JSON object in bytes that were checked strictly when they were taken in."""
    try:
        parsed = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise _not_sd_jwt() from None
    if not isinstance(parsed, dict):
        raise _not_sd_jwt()
    return parsed


def _not_sd_jwt() -> Malformed:
    return malformed(
        "not-sd-jwt",
        "The content is not an SD-JWT without key binding within the size allowed.",
        "内容不是大小合规、无持有者绑定的 SD-JWT。",
    )


def _parts(token: str | bytes, max_bytes: int) -> tuple[str, list[str]]:
    if len(token) > max_bytes:
        raise _not_sd_jwt()
    try:
        text = token if isinstance(token, str) else bytes(token).decode("ascii")
    except UnicodeDecodeError:
        raise _not_sd_jwt() from None
    parts = text.split("~")
    if len(parts) < _IN_LIST or parts[-1] or len(parts) > MAX_DISCLOSURES:
        raise _not_sd_jwt()
    return parts[0], parts[1:-1]


def _resolved(jws: str, payload: Mapping[str, Any], disclosures: list[str], key: PublicKey | None) -> SdJwt:
    if payload.get("_sd_alg", "sha-256") != "sha-256":  # 3
        raise malformed("sd-hash", "The evidence hashes with something else than SHA-256.", "凭证未使用 SHA-256 摘要。")
    reader = _Reader(disclosures)  # 4
    claims = reader.object({name: value for name, value in payload.items() if name != "_sd_alg"}, (), ())
    reader.finish()  # 6
    return SdJwt(jws, payload, claims, key, reader.disclosed)


def _bad_disclosure() -> Malformed:
    return malformed(
        "disclosure", "A disclosure is not of the form that RFC 9901 prescribes.", "披露项格式不符合 RFC 9901。"
    )


def _disclosure(spelled: str) -> list[Any]:
    content = b64url_decode(spelled)
    try:
        parsed = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise _bad_disclosure() from None
    if type(parsed) is not list or not _IN_LIST <= len(parsed) <= _IN_OBJECT or type(parsed[0]) is not str:
        raise _bad_disclosure()
    value = parsed[-1]
    if type(value) is dict or type(value) is list:
        strict_json(content)
    else:
        _check_leaf(value)
    return parsed


class _Reader:
    """Puts disclosed values in their places, using each digest and each disclosure exactly once."""

    def __init__(self, disclosures: list[str]) -> None:
        self.disclosed: dict[Path, tuple[str, ...]] = {}
        self._seen: set[str] = set()
        self._waiting: dict[str, tuple[str, list[Any]]] = {}
        for spelled in disclosures:
            digest = _b64(hashlib.sha256(spelled.encode("utf-8", "replace")).digest()).decode("ascii")
            if digest in self._waiting:
                raise malformed("doubled-disclosure", "A disclosure appears twice.", "披露项重复出现。")
            self._waiting[digest] = (spelled, _disclosure(spelled))

    def object(self, members: Mapping[str, Any], path: Path, above: tuple[str, ...]) -> dict[str, Any]:
        """``members`` with what their ``_sd`` digests disclose."""
        if len(path) > MAX_DEPTH:
            raise malformed("json", "The content is nested too deeply.", "内容嵌套过深。")
        shown: dict[str, Any] = {}
        for name, value in members.items():
            if name == "_sd":
                continue
            if name in _RESERVED:
                raise _reserved()
            kind = type(value)
            shown[name] = self.value(value, (*path, name), above) if kind is dict or kind is list else value
        if "_sd" in members:
            self._disclose(members["_sd"], shown, path, above)
        return shown

    def _disclose(self, digests: Any, shown: dict[str, Any], path: Path, above: tuple[str, ...]) -> None:
        if type(digests) is not list:
            raise _bad_disclosure()
        for digest in digests:
            found = self._take(digest)
            if found is None:
                continue
            spelled, parsed = found
            if len(parsed) != _IN_OBJECT or type(parsed[1]) is not str:
                raise _bad_disclosure()
            name, value = parsed[1], parsed[2]
            if name in _RESERVED or name in shown or "\x00" in name or (not path and name in _ALWAYS_CLEAR):  # 7
                raise _reserved()
            place = (*path, name)
            self.disclosed[place] = chain = (*above, spelled)
            kind = type(value)
            shown[name] = self.value(value, place, chain) if kind is dict or kind is list else value

    def value(self, value: Any, path: Path, above: tuple[str, ...]) -> Any:
        """``value`` with what the digests inside it disclose."""
        if type(value) is dict:
            return self.object(value, path, above)
        if type(value) is not list:
            return value
        if len(path) > MAX_DEPTH:
            raise malformed("json", "The content is nested too deeply.", "内容嵌套过深。")
        shown: list[Any] = []
        for member in value:
            if type(member) is dict and "..." in member:
                self._disclose_element(member, shown, path, above)
            else:
                shown.append(self.value(member, (*path, len(shown)), above))
        return shown

    def _disclose_element(self, member: dict[str, Any], shown: list[Any], path: Path, above: tuple[str, ...]) -> None:
        if len(member) != 1:
            raise _reserved()
        found = self._take(member["..."])
        if found is None:
            return
        spelled, parsed = found
        if len(parsed) != _IN_LIST:
            raise _bad_disclosure()
        place = (*path, len(shown))
        self.disclosed[place] = chain = (*above, spelled)
        shown.append(self.value(parsed[1], place, chain))

    def _take(self, digest: Any) -> tuple[str, list[Any]] | None:
        if type(digest) is not str:
            raise _bad_disclosure()
        if digest in self._seen:  # 5
            raise malformed("doubled-digest", "A digest appears twice in the evidence.", "凭证中摘要重复出现。")
        self._seen.add(digest)
        return self._waiting.pop(digest, None)

    def finish(self) -> None:
        """Every disclosure was referred to.

        Raises:
            Malformed: one was not (RFC 9901 §7.1 step 5).
        """
        if self._waiting:
            raise malformed(
                "orphan-disclosure", "A disclosure belongs to no digest of the evidence.", "披露项与凭证摘要不对应。"
            )


def _reserved() -> Malformed:
    return malformed(
        "reserved-name", "A disclosure takes a reserved name or one in clear.", "披露项占用保留名或明文项。"
    )


def _without_digests(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_digests(member) for name, member in value.items() if name not in _RESERVED}
    if isinstance(value, list):
        return [_without_digests(member) for member in value if not (isinstance(member, dict) and "..." in member)]
    return value
