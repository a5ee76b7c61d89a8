"""Keys 密钥 that sign and verify; which algorithm a key uses is its own record's word, never the message's."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from hub.errors import Malformed
from hub.proof.encoding import b64url, b64url_decode, canonical_json, malformed

ED25519: Final = "Ed25519"
ES256: Final = "ES256"
ALGORITHMS: Final = (ED25519, ES256)
_ALIASES: Final = {"EdDSA": ED25519}
_COORDINATE_BYTES: Final = 32
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

_P: Final = 2**255 - 19


def normal_algorithm(name: object) -> str | None:
    """The algorithm's one name here (RFC 9864 prefers ``Ed25519`` to ``EdDSA``), or None when it is not ours."""
    if not isinstance(name, str):
        return None
    name = _ALIASES.get(name, name)
    return name if name in ALGORITHMS else None


def bad_signature() -> Malformed:
    """The signature does not belong to these bytes and this key."""
    return malformed(
        "bad-signature",
        "The signature does not match the content and the key on record.",
        "签名与内容及登记的公钥不符。",
    )


def _bad_key(en: str, zh: str) -> Malformed:
    return malformed("bad-key", en, zh)


@dataclass(frozen=True)
class PublicKey:
    """A public key on record: its id, its one algorithm and its JWK (RFC 7517) without private members."""

    kid: str
    alg: str
    jwk: Mapping[str, str]
    _loaded: Ed25519PublicKey | ec.EllipticCurvePublicKey = field(repr=False, compare=False)

    @classmethod
    def from_jwk(cls, jwk: object) -> Self:
        """The key that ``jwk`` describes; its id is ``kid`` or else the RFC 7638 thumbprint.

        Raises:
            Malformed: no JSON object, private members, ``use`` or ``key_ops`` that forbid verifying, another algorithm
                or curve, a point off the curve or of small order.
        """
        if not isinstance(jwk, Mapping):
            raise _bad_key("A public key is a JWK, a JSON object.", "公钥须为 JWK，即 JSON 对象。")
        _check_purpose(jwk)
        members, alg, loaded = _load(jwk)
        if "alg" in jwk and normal_algorithm(jwk["alg"]) != alg:
            raise _bad_key("The JWK names an algorithm that its curve does not have.", "JWK 的算法与曲线不符。")
        kid = jwk.get("kid", _thumbprint(members))
        if not isinstance(kid, str) or not kid:
            raise _bad_key("The JWK's kid is not a text.", "JWK 的 kid 不是文本。")
        return cls(kid, alg, members, loaded)

    def to_jwk(self) -> dict[str, str]:
        """The JWK to hand out."""
        return {**self.jwk, "kid": self.kid, "alg": self.alg, "use": "sig"}

    def thumbprint(self) -> str:
        """RFC 7638, SHA-256, base64url."""
        return _thumbprint(self.jwk)

    def raw(self) -> bytes:
        """The 32 bytes of an Ed25519 key, or the 65 of an uncompressed P-256 point."""
        if isinstance(self._loaded, Ed25519PublicKey):
            return self._loaded.public_bytes_raw()
        return self._loaded.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Returns when ``signature`` (64 bytes) was made over ``message`` with this key.

        Raises:
            Malformed: ``proof.bad-signature``.
        """
        if len(signature) != 2 * _COORDINATE_BYTES:
            raise bad_signature()
        try:
            if isinstance(self._loaded, Ed25519PublicKey):
                self._loaded.verify(signature, message)
            else:
                self._loaded.verify(_der(signature), message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise bad_signature() from None


def _check_purpose(jwk: Mapping[str, Any]) -> None:
    if _PRIVATE_MEMBERS & jwk.keys():
        raise _bad_key("The JWK holds private members; send the public key only.", "JWK 含私钥成员；只应提交公钥。")
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise _bad_key("The JWK's use or key_ops forbids verifying signatures.", "JWK 的用途不允许验证签名。")


def _load(jwk: Mapping[str, Any]) -> tuple[dict[str, str], str, Ed25519PublicKey | ec.EllipticCurvePublicKey]:
    match jwk.get("kty"), jwk.get("crv"):
        case "OKP", "Ed25519":
            return {"kty": "OKP", "crv": "Ed25519", "x": jwk.get("x", "")}, ED25519, _load_ed25519(jwk)
        case "EC", "P-256":
            members = {"kty": "EC", "crv": "P-256", "x": jwk.get("x", ""), "y": jwk.get("y", "")}
            return members, ES256, _load_p256(jwk)
    raise _bad_key("The key is neither Ed25519 nor P-256.", "密钥既不是 Ed25519 也不是 P-256。")


def _coordinate(jwk: Mapping[str, Any], name: str) -> bytes:
    spelled = jwk.get(name)
    if isinstance(spelled, str):
        coordinate = b64url_decode(spelled)
        if len(coordinate) == _COORDINATE_BYTES:
            return coordinate
    raise _bad_key("A coordinate of the key is not 32 bytes in base64url.", "密钥坐标不是 32 字节的 base64url。")


def _load_ed25519(jwk: Mapping[str, Any]) -> Ed25519PublicKey:
    point = _coordinate(jwk, "x")
    if not _is_point_of_full_order(point):
        raise _bad_key("The key is not a point of its curve, or one of small order.", "密钥不在曲线上，或为小阶点。")
    return Ed25519PublicKey.from_public_bytes(point)


@lru_cache(maxsize=1_024)
def _is_point_of_full_order(encoded: bytes) -> bool:
    """True for a point of edwards25519 as RFC 8032 §5.1.3 decodes it, unless its order is 1, 2, 4 or 8.

    A key of such an order accepts one signature for many messages, so its owner could deny what was signed. The curve
    is -x² + y² = 1 - (121665/121666)x²y²; y is 0 or ±1 at the orders up to 4, and at order 8 y² = -x².
    """
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    square = y * y % _P
    is_small = square in {0, 1} or (121665 * square * square - 2 * 121666 * square + 121666) % _P == 0
    if y >= _P or is_small:
        return False
    return pow(121666 * (square - 1) * (121666 - 121665 * square), (_P - 1) // 2, _P) == 1  # x² is a square


def _load_p256(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(_coordinate(jwk, name), "big") for name in ("x", "y"))
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError:
        raise _bad_key("The key is not a point of its curve.", "密钥不在曲线上。") from None


def _thumbprint(members: Mapping[str, str]) -> str:
    return b64url(hashlib.sha256(canonical_json(members)).digest())


def _der(signature: bytes) -> bytes:
    r, s = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


class Signer(Protocol):
    """Who can sign: a file of its own, or a device that never lets the key out."""

    @property
    def public(self) -> PublicKey:
        """The key that verifies what ``sign`` makes."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes: Ed25519 (RFC 8032), or r and s of ES256 (RFC 7518 §3.4)."""


def public_jwk(key: Ed25519PublicKey | ec.EllipticCurvePublicKey) -> dict[str, str]:
    """The JWK of a loaded key."""
    if isinstance(key, Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": b64url(key.public_bytes_raw())}
    numbers = key.public_numbers()
    x, y = (b64url(number.to_bytes(_COORDINATE_BYTES, "big")) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


class FileSigner:
    """Signs with a private key read from a PEM file (PKCS #8)."""

    def __init__(self, private: Ed25519PrivateKey | ec.EllipticCurvePrivateKey, *, kid: str | None = None) -> None:
        self._private = private
        jwk = public_jwk(private.public_key())
        self._public = PublicKey.from_jwk(jwk | ({"kid": kid} if kid else {}))

    @classmethod
    def from_pem(cls, pem: Path | str | bytes, kid: str | None = None) -> Self:
        """The signer whose unencrypted private key ``pem`` holds; a path or text names the file to read.

        Raises:
            Malformed: no such key inside.
        """
        content = pem if isinstance(pem, bytes) else Path(pem).read_bytes()
        try:
            private = serialization.load_pem_private_key(content, password=None)
        except TypeError:
            raise _bad_key(
                "The private key in the file is encrypted; give it without a password, readable by its owner alone.",
                "文件中的私钥带有口令；请提供不带口令、仅所有者可读的私钥文件。",
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            raise _bad_key("The file holds no readable private key.", "文件中没有可读取的私钥。") from None
        if isinstance(private, Ed25519PrivateKey):
            return cls(private, kid=kid)
        if isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP256R1):
            return cls(private, kid=kid)
        raise _bad_key("The private key is neither Ed25519 nor P-256.", "私钥既不是 Ed25519 也不是 P-256。")

    @property
    def public(self) -> PublicKey:
        """The key that verifies what this signs."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """64 bytes over ``message``."""
        if isinstance(self._private, Ed25519PrivateKey):
            return self._private.sign(message)
        r, s = decode_dss_signature(self._private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")

    def to_pem(self) -> bytes:
        """The private key as unencrypted PKCS #8; the caller answers for where it goes."""
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def generate_signer(alg: str = ED25519, *, kid: str | None = None) -> FileSigner:
    """A signer with a new key."""
    if alg == ED25519:
        return FileSigner(Ed25519PrivateKey.generate(), kid=kid)
    if alg == ES256:
        return FileSigner(ec.generate_private_key(ec.SECP256R1()), kid=kid)
    raise _bad_key(f"Keys are made for {' or '.join(ALGORITHMS)}.", "只支持 Ed25519 或 ES256 密钥。")
