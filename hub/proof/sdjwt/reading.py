"""Reading 验读: evidence as it was presented, its signature and every disclosure checked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Final, NamedTuple, TypeVar

import orjson

from hub.errors import Malformed
from hub.proof.encoding import b64url_decode, malformed
from hub.proof.jws import KeyFor, SignedMessage, signed_message
from hub.proof.keys import PublicKey
from hub.proof.sdjwt.disclosures import RESERVED, Path, parse_path
from hub.proof.sdjwt.resolving import Place, Reader, bad_disclosure

EVIDENCE_TYP: Final = "dc+sd-jwt"
MAX_BYTES: Final = 262_144
MAX_DISCLOSURES: Final = 2_000
_JWS_PARTS: Final = 3
_LEAST_PARTS: Final = 2
T = TypeVar("T")


@dataclass(frozen=True)
class SdJwt:
    """Evidence as presented: ``claims`` with every disclosed value in its place, ``paths`` to each of those values."""

    jws: str
    payload: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)
    key: PublicKey | None
    _places: Sequence[Place] = field(repr=False)

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


class _Opened(NamedTuple):
    """Evidence in parts, of which the issuer's signature is still to be checked."""

    jws: bytes
    message: SignedMessage
    disclosures: list[bytes]


def verify_sd_jwt(token: str | bytes, *, key_for: KeyFor, typ: str = EVIDENCE_TYP, max_bytes: int = MAX_BYTES) -> SdJwt:
    """The evidence in ``token``, steps 1 to 7 of this package.

    Raises:
        Malformed: any other bytes.
    """
    return _disclosed(_signed(_opened(token, typ, key_for, max_bytes)))


def verify_sd_jwts(
    tokens: Iterable[str | bytes], *, key_for: KeyFor, typ: str = EVIDENCE_TYP, max_bytes: int = MAX_BYTES
) -> list[SdJwt | Malformed]:
    """What ``verify_sd_jwt`` returns, or the ``Malformed`` that it raises, for each of many tokens.

    The signatures are checked one after the other: alternating with the rest, each would push the other out of the
    processor's caches, which costs a sixth of both.
    """
    opened = [_tried(partial(_opened, token, typ, key_for, max_bytes)) for token in tokens]
    signed = [each if isinstance(each, Malformed) else _tried(partial(_signed, each)) for each in opened]
    return [each if isinstance(each, Malformed) else _tried(partial(_disclosed, each)) for each in signed]


def _tried(step: Callable[[], T]) -> T | Malformed:
    try:
        return step()
    except Malformed as fault:
        return fault


def _opened(token: str | bytes, typ: str, key_for: KeyFor, max_bytes: int) -> _Opened:
    jws, disclosures = _parts(token, max_bytes)  # 1
    return _Opened(jws, signed_message(jws, typ=typ, key_for=key_for), disclosures)  # 2


def _signed(opened: _Opened) -> _Opened:
    opened.message.verify()  # 2
    return opened


def _disclosed(opened: _Opened) -> SdJwt:
    return _resolved(opened.jws, opened.message.claims, opened.disclosures, opened.message.key)  # 3 to 7


def parse_trusted_sd_jwt(token: str | bytes) -> SdJwt:
    """The evidence in ``token`` without its signature checked: only for what was verified before it was sealed.

    Raises:
        Malformed: any other bytes.
    """
    jws, disclosures = _parts(token, MAX_BYTES)
    parts = jws.split(b".")
    if len(parts) != _JWS_PARTS:
        raise _not_sd_jwt()
    payload = _loaded(b64url_decode(parts[1]))
    if type(payload) is not dict:
        raise _not_sd_jwt()
    return _resolved(jws, payload, disclosures, None)


def _loaded(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise bad_disclosure() from None


def _not_sd_jwt() -> Malformed:
    return malformed(
        "not-sd-jwt",
        "The content is not an SD-JWT without key binding within the size allowed.",
        "内容不是大小合规、无持有者绑定的 SD-JWT。",
    )


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
    if len(parts) < _LEAST_PARTS or parts[-1] or len(parts) > MAX_DISCLOSURES:
        raise _not_sd_jwt()
    return parts[0], parts[1:-1]


def _resolved(jws: bytes, payload: Mapping[str, Any], disclosures: list[bytes], key: PublicKey | None) -> SdJwt:
    if payload.get("_sd_alg", "sha-256") != "sha-256":  # 3
        raise malformed("sd-hash", "The evidence hashes with something else than SHA-256.", "凭证未使用 SHA-256 摘要。")
    reader = Reader(disclosures, is_trusted=key is None)  # 4
    members = dict(payload)
    members.pop("_sd_alg", None)
    claims = reader.object(members, (), ())
    reader.finish()  # 5, 6
    return SdJwt(jws.decode("ascii"), payload, claims, key, reader.places)


def _without_digests(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_digests(member) for name, member in value.items() if name not in RESERVED}
    if isinstance(value, list):
        return [_without_digests(member) for member in value if not (isinstance(member, dict) and "..." in member)]
    return value
