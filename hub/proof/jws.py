"""Signed messages 签名报文 in JWS compact form (RFC 7515), read with no choice left to the sender.

A message is verified in this order: (1) size and shape, (2) header, (3) type, (4) claims as strict JSON, (5) key on
record, (6) algorithm equals the key's, (7) signature. Requests add: (8) issuer and id, (9) audience, (10) time.

PyJWT frames and signs the messages. It reads none: it lets more spellings pass than steps 1 to 6, and its second
reading costs more than they do. Step 7 is the key's own, which is `cryptography`'s.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

from jwt.algorithms import Algorithm
from jwt.api_jws import PyJWS

from hub.errors import Malformed, Refused
from hub.proof.encoding import b64url, b64url_decode, canonical_json, malformed, strict_json
from hub.proof.keys import ALGORITHMS, PublicKey, Signer, normal_algorithm

__all__ = [
    "KeyFor",
    "VerifiedJws",
    "b64url",
    "b64url_decode",
    "canonical_json",
    "sign_jws",
    "strict_json",
    "verify_jws",
    "verify_request",
]

MAX_BYTES: Final = 65_536
REQUEST_LIFETIME_SECONDS: Final = 60
MIN_JTI_CHARACTERS: Final = 8
MAX_JTI_CHARACTERS: Final = 128
_PARTS: Final = 3
_SHORT_HEADER: Final = 512

KeyFor = Callable[[str | None, str | None], PublicKey | None]
"""The key on record for (``kid``, ``iss``), or None."""


@dataclass(frozen=True)
class VerifiedJws:
    """A message whose signature holds; ``digest`` is SHA-256 over the compact form.

    The digest binds an answer to its request. It is no identity: an ECDSA signature has two valid spellings.
    """

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key: PublicKey
    digest: bytes


class _OurSigner(Algorithm):
    """PyJWT's view of our signers, so that a file and a device sign alike."""

    def prepare_key(self, key: Any) -> Any:
        """The key as it is."""
        return key

    def sign(self, msg: bytes, key: Signer) -> bytes:
        """64 bytes."""
        return key.sign(msg)

    verify = to_jwk = from_jwk = None  # type: ignore[assignment]  # PublicKey alone verifies and reads JWKs


def _messages() -> PyJWS:
    framing = PyJWS(algorithms=[])
    for name in ALGORITHMS:
        framing.register_algorithm(name, _OurSigner())
    return framing


_MESSAGES: Final = _messages()


def sign_jws(claims: Mapping[str, Any], *, typ: str, signer: Signer, header: Mapping[str, Any] | None = None) -> str:
    """``claims`` under the signer's key, as a compact JWS of type ``typ``.

    Raises:
        Malformed: claims that have no canonical spelling (a float, say).
    """
    named = {**(header or {}), "kid": signer.public.kid, "typ": typ}
    key = cast("Any", signer)  # PyJWT's types know the keys of cryptography only
    return _MESSAGES.encode(canonical_json(claims), key, algorithm=signer.public.alg, headers=named, sort_headers=True)


@lru_cache(maxsize=64)
def _protected(alg: str, kid: str, typ: str) -> str:
    return b64url(canonical_json({"alg": alg, "kid": kid, "typ": typ}))


def signed_compact(payload: bytes, *, typ: str, signer: Signer) -> str:
    """``payload`` as it is, under the signer's key."""
    return signed_compacts([payload], typ=typ, signer=signer)[0]


def signed_compacts(payloads: Iterable[bytes], *, typ: str, signer: Signer) -> list[str]:
    """Each payload as it is, under the signer's key; all are written before the first is signed."""
    key = signer.public
    protected = _protected(key.alg, key.kid, typ)
    signed = [f"{protected}.{b64url(payload)}" for payload in payloads]
    signatures = [signer.sign(each.encode("ascii")) for each in signed]
    return [f"{each}.{b64url(signature)}" for each, signature in zip(signed, signatures, strict=True)]


def _not_jws() -> Malformed:
    return malformed(
        "not-jws",
        "The content is not a JWS in compact form within the size allowed.",
        "内容不是大小合规的 JWS 紧凑格式。",
    )


class SignedMessage(NamedTuple):
    """A message of which all is checked but the signature (step 7): nobody acts on it before ``verify`` returns."""

    header: Mapping[str, Any]
    claims: dict[str, Any]
    key: PublicKey
    signature: bytes
    signed: bytes

    def verify(self) -> None:
        """Returns when the signature holds.

        Raises:
            Malformed: it does not.
        """
        self.key.verify(self.signature, self.signed)


def verify_jws(token: str | bytes, *, typ: str, key_for: KeyFor, max_bytes: int = MAX_BYTES) -> VerifiedJws:
    """The message in ``token``, steps 1 to 7 of this module.

    Raises:
        Malformed: any other bytes.
    """
    compact = _bytes_of(token, max_bytes)  # 1
    message = signed_message(compact, typ=typ, key_for=key_for)  # 2 to 6
    message.verify()  # 7
    return VerifiedJws(message.header, message.claims, message.key, hashlib.sha256(compact).digest())


def signed_message(compact: bytes, *, typ: str, key_for: KeyFor) -> SignedMessage:
    """The message in ``compact``, steps 2 to 6.

    Raises:
        Malformed: any other bytes.
    """
    parts = compact.split(b".")
    if len(parts) != _PARTS:
        raise _not_jws()
    signature = b64url_decode(parts[2])
    header = _header(parts[0], typ)  # 2, 3
    claims = strict_json(b64url_decode(parts[1]))  # 4
    if not isinstance(claims, dict):
        raise malformed("claims", "The claims are not a JSON object.", "声明不是 JSON 对象。")
    key = _key(header, claims, key_for)  # 5, 6
    return SignedMessage(header, claims, key, signature, compact[: -len(parts[2]) - 1])


def _bytes_of(token: str | bytes, max_bytes: int) -> bytes:
    if len(token) > max_bytes:
        raise _not_jws()
    try:
        return token.encode("ascii") if isinstance(token, str) else bytes(token)
    except UnicodeEncodeError:
        raise _not_jws() from None


def _header(part: bytes, typ: str) -> Mapping[str, Any]:
    """The header in ``part``, for reading only: everything of one type under one key has the same."""
    return _remembered_header(part, typ) if len(part) <= _SHORT_HEADER else _read_header(part, typ)


def _read_header(part: bytes, typ: str) -> Mapping[str, Any]:
    header = strict_json(b64url_decode(part), max_depth=3)
    if not isinstance(header, dict):
        raise malformed("header", "The header is not a JSON object.", "报文头不是 JSON 对象。")
    if header.get("typ") != typ:
        raise malformed("typ", f"The message is not of type {typ}.", f"报文类型不是 {typ}。")
    if "crit" in header or "b64" in header:
        raise malformed(
            "crit",
            "The header demands an extension (crit, b64) that is not supported here.",
            "报文头要求使用不受支持的扩展（crit、b64）。",
        )
    if not isinstance(header.get("kid", ""), str):
        raise malformed("header", "The header's kid is not a text.", "报文头的 kid 不是文本。")
    return header


@lru_cache(maxsize=256)
def _remembered_header(part: bytes, typ: str) -> Mapping[str, Any]:
    return _read_header(part, typ)


def _key(header: Mapping[str, Any], claims: Mapping[str, Any], key_for: KeyFor) -> PublicKey:
    issuer = claims.get("iss")
    if issuer is not None and not isinstance(issuer, str):
        raise malformed("claims", "The issuer (iss) is not a text.", "签发方（iss）不是文本。")
    key = key_for(header.get("kid"), issuer)
    if key is None:
        raise malformed(
            "unknown-key",
            "No key on record for this issuer and kid; register the key first.",
            "未登记该签发方及 kid 对应的公钥；请先登记。",
        )
    if normal_algorithm(header.get("alg")) != key.alg:
        raise malformed(
            "algorithm",
            "The algorithm is not the one on record for this key.",
            "算法与该密钥登记的算法不符。",
        )
    return key


def verify_request(  # noqa: PLR0913 - what the receiver expects, each by name
    token: str | bytes,
    *,
    typ: str,
    key_for: KeyFor,
    audience: str,
    now: datetime,
    lifetime_seconds: int = REQUEST_LIFETIME_SECONDS,
    leeway_seconds: int = 5,
    max_bytes: int = MAX_BYTES,
) -> VerifiedJws:
    """The request in ``token``, steps 1 to 10. The caller still has to refuse a pair (``iss``, ``jti``) seen before.

    Raises:
        Malformed: bytes or claims of another form.
        Refused: for another audience, expired, from the future, or living longer than ``lifetime_seconds``.
    """
    verified = verify_jws(token, typ=typ, key_for=key_for, max_bytes=max_bytes)
    claims = verified.claims
    if not _is_text(claims.get("iss"), 1) or not _is_text(claims.get("jti"), MIN_JTI_CHARACTERS):  # 8
        raise malformed(
            "claims",
            "A request names its issuer (iss) and an id of its own (jti, 8 to 128 characters).",
            "请求须写明签发方（iss）与自身编号（jti，8 至 128 个字符）。",
        )
    _check_audience(claims.get("aud"), audience)  # 9
    _check_time(claims, now, lifetime_seconds, leeway_seconds)  # 10
    return verified


def _is_text(value: object, least: int) -> bool:
    return isinstance(value, str) and least <= len(value) <= MAX_JTI_CHARACTERS


def _check_audience(named: object, audience: str) -> None:
    if not isinstance(named, str):
        raise malformed("audience", "The audience (aud) must be one text.", "受众（aud）须为单个文本。")
    if named != audience:
        raise Refused(
            "proof.foreign-audience",
            f"The request is addressed to somebody else; its audience (aud) is to be {audience}.",
            f"该请求的受众不是本系统；受众（aud）须为 {audience}。",
            audience=audience,
        )


def _check_time(claims: Mapping[str, Any], now: datetime, lifetime: int, leeway: int) -> None:
    begins = [claims[name] for name in ("iat", "nbf") if name in claims]
    ends = claims.get("exp")
    if "iat" not in claims or type(ends) is not int or any(type(at) is not int for at in begins):
        raise malformed("time", "iat and exp must be whole seconds.", "iat 与 exp 须为整数秒。")
    at = now.timestamp()
    if max(begins) > at + leeway:
        raise Refused(
            "proof.not-yet-valid",
            "The request comes from the future; check the clock.",
            "请求时间晚于当前；请校对时钟。",
        )
    if ends <= at - leeway:
        raise Refused("proof.expired", "The request has expired; sign a new one.", "请求已过期；请重新签发。")
    if not 0 < ends - claims["iat"] <= lifetime:
        raise Refused(
            "proof.lifetime",
            f"A request lives at most {lifetime} s.",
            f"请求有效期最长 {lifetime} 秒。",
            seconds=lifetime,
        )
