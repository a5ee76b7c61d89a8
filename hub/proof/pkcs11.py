"""Signing with a key that never leaves its device 密码机: PKCS #11, the same interface as a key file.

The device does the Ed25519 or ECDSA; whoever holds the PIN can use the key while it is connected, and cannot copy it.
"""

import hashlib
import threading
from pathlib import Path
from typing import Any, Final, Self

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pkcs11.util.ec import encode_named_curve_parameters

from hub.errors import Missing, Unavailable
from hub.proof.encoding import malformed
from hub.proof.keys import ED25519, ES256, PublicKey, public_jwk

_EDWARDS25519: Final = bytes([0x13, 12]) + b"edwards25519"
"""The curve's name as a DER PrintableString (PKCS #11 v3.0 §2.3.10)."""
_POINT_BYTES: Final = {ED25519: 32, ES256: 65}


class Pkcs11Signer:
    """Signs with the private key ``label`` on a token; one operation at a time, as the standard's sessions demand."""

    def __init__(self, session: Any, label: str, *, kid: str | None = None) -> None:
        self._lock = threading.Lock()
        self._session = session
        try:
            self._private = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=label)
            public = session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=label)
        except pkcs11.NoSuchKey:
            raise Missing(
                "proof.no-such-device-key",
                f"The device holds no key pair labelled {label!r}.",
                "密码机中没有该标签的密钥对。",
            ) from None
        self._alg = _algorithm(self._private)
        self._public = _public_key(self._alg, bytes(public[pkcs11.Attribute.EC_POINT]), kid)

    @classmethod
    def connect(cls, module: Path | str, *, token: str, pin: str, label: str, kid: str | None = None) -> Self:
        """The signer for the key ``label`` on the token named ``token``, through the vendor's ``module`` (.so).

        Raises:
            Unavailable: no such token, a wrong PIN, or the device is away.
            Missing: the token holds no such key.
        """
        return cls(open_token(module, token=token, pin=pin), label, kid=kid)

    @property
    def public(self) -> PublicKey:
        """The key that verifies what this signs."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """64 bytes over ``message``.

        Raises:
            Unavailable: the device refuses or is away.
        """
        try:
            with self._lock:
                if self._alg == ED25519:
                    return bytes(self._private.sign(message, mechanism=pkcs11.Mechanism.EDDSA))
                digest = hashlib.sha256(message).digest()
                return bytes(self._private.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))
        except pkcs11.PKCS11Error as fault:
            raise _away(fault) from fault


def open_token(module: Path | str, *, token: str, pin: str) -> Any:
    """A session on the token, logged in, able to make keys.

    Raises:
        Unavailable: no such module or token, or a wrong PIN.
    """
    try:
        return pkcs11.lib(str(module)).get_token(token_label=token).open(user_pin=pin, rw=True)
    except (pkcs11.PKCS11Error, RuntimeError) as fault:
        raise _away(fault) from fault


def generate_device_key(session: Any, label: str, *, alg: str = ES256) -> PublicKey:
    """A new key pair lies on the token under ``label``; its private half cannot be read.

    Raises:
        Unavailable: the device does not know the algorithm, or refuses.
    """
    kind, curve = pkcs11.KeyType.EC, encode_named_curve_parameters("secp256r1")
    if alg == ED25519:
        kind, curve = pkcs11.KeyType.EC_EDWARDS, _EDWARDS25519
    try:
        domain = session.create_domain_parameters(kind, {pkcs11.Attribute.EC_PARAMS: curve}, local=True)
        secret = {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False}
        domain.generate_keypair(store=True, label=label, private_template=secret)
    except pkcs11.PKCS11Error as fault:
        raise _away(fault) from fault
    return Pkcs11Signer(session, label).public


def _algorithm(private: Any) -> str:
    if private.key_type == pkcs11.KeyType.EC_EDWARDS:
        return ED25519
    if private.key_type == pkcs11.KeyType.EC:
        return ES256
    raise malformed(
        "bad-key", "The device's key is neither Ed25519 nor P-256.", "密码机密钥既不是 Ed25519 也不是 P-256。"
    )


def _public_key(alg: str, spelled: bytes, kid: str | None) -> PublicKey:
    """Devices give the point bare or as a DER octet string (tag 4, length, point)."""
    size = _POINT_BYTES[alg]
    point = spelled[2:] if len(spelled) == size + 2 else spelled
    try:
        loaded: Ed25519PublicKey | ec.EllipticCurvePublicKey
        if alg == ED25519:
            loaded = Ed25519PublicKey.from_public_bytes(point)
        else:
            loaded = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise malformed("bad-key", "The device's key is neither Ed25519 nor P-256.", "密码机密钥不受支持。") from None
    return PublicKey.from_jwk(public_jwk(loaded) | ({"kid": kid} if kid else {}))


def _away(fault: Exception) -> Unavailable:
    return Unavailable(
        "proof.device-away",
        f"The signing device does not answer ({type(fault).__name__}); check module, token and PIN.",
        "签名密码机无应答；请检查驱动、令牌与口令。",
    )
