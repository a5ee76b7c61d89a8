"""Sealed at rest 静态加密: payloads under a key ring that rotates, look-ups through a keyed digest."""

import hashlib
import hmac
from collections.abc import Mapping
from ssl import RAND_bytes
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import Broken, Malformed

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_VERSION: Final = b"\x01"
BLIND_KEY_BYTES: Final = 16
_HASHED_BLOCK: Final = 64
_KINDS_REMEMBERED: Final = 1_000
_CHECK_BYTES: Final = 8


def _bad_key() -> Malformed:
    return Malformed(
        "proof.sealing-key",
        "A sealing key is 32 bytes under a name of 1 to 255 bytes.",
        "密封密钥须为 32 字节，名称 1 至 255 字节。",
    )


class KeyRing:
    """AES-256-GCM keys by id; new content is sealed under ``current_id``, old content opens under its own.

    Form: ``0x01 | length of id | id | nonce (12) | ciphertext and tag``. Everything before the nonce, and the context,
    is associated data: content moved to another row does not open.
    """

    def __init__(self, current_id: str, keys: Mapping[str, bytes]) -> None:
        if current_id not in keys or not all(_is_key(name, key) for name, key in keys.items()):
            raise _bad_key()
        self.current_id = current_id
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self.check_values = {name: check_value(key) for name, key in keys.items()}
        self._prefix = _prefix(current_id)

    def seal(self, plaintext: bytes, *, context: str) -> bytes:
        """``plaintext`` sealed under the current key for ``context`` alone."""
        nonce = RAND_bytes(_NONCE_BYTES)
        associated = self._prefix + context.encode()
        return self._prefix + nonce + self._ciphers[self.current_id].encrypt(nonce, plaintext, associated)

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """The plaintext.

        Raises:
            Broken: altered, sealed for another context, or under a key that the ring does not hold.
        """
        key_id = self.key_id_of(sealed)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise Broken(
                "proof.sealing-key-missing",
                f"The content is sealed under key {key_id!r}, which the ring does not hold; add it to the ring.",
                f"内容以密钥 {key_id!r} 密封，而密钥环中没有它；请补充该密钥。",
                key=key_id,
            )
        prefix = _prefix(key_id)
        nonce, ciphertext = sealed[len(prefix) : len(prefix) + _NONCE_BYTES], sealed[len(prefix) + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, ciphertext, prefix + context.encode())
        except InvalidTag:
            raise _damaged() from None

    def key_id_of(self, sealed: bytes) -> str:
        """The id of the key that ``sealed`` needs.

        Raises:
            Broken: not sealed content.
        """
        length = sealed[1] if len(sealed) > 1 else 0
        if sealed[:1] != _VERSION or not length or len(sealed) < 2 + length + _NONCE_BYTES + _TAG_BYTES:
            raise _damaged()
        try:
            return sealed[2 : 2 + length].decode()
        except UnicodeDecodeError:
            raise _damaged() from None

    @property
    def prefix(self) -> bytes:
        """What everything under the current key begins with."""
        return self._prefix

    def is_current(self, sealed: bytes) -> bool:
        """True when ``sealed`` needs no resealing."""
        return sealed.startswith(self._prefix)

    def reseal(self, sealed: bytes, *, context: str) -> bytes:
        """The same content under the current key."""
        return sealed if self.is_current(sealed) else self.seal(self.open(sealed, context=context), context=context)


def check_value(key: bytes) -> bytes:
    """What tells one key from another and says nothing else about it (a key check value 密钥校验值): 8 bytes."""
    return hmac.digest(key, b"hub key check value", hashlib.sha256)[:_CHECK_BYTES]


def _is_key(name: str, key: bytes) -> bool:
    return len(key) == KEY_BYTES and 0 < len(name.encode()) <= 255  # noqa: PLR2004 - one byte holds the length


def _prefix(key_id: str) -> bytes:
    name = key_id.encode()
    return _VERSION + bytes([len(name)]) + name


def _damaged() -> Broken:
    return Broken(
        "proof.sealed-content-damaged",
        "Sealed content does not open in its place: altered, moved or cut; restore it from a backup.",
        "密封内容无法在原位解封：已被改动、移位或截断；请从备份恢复。",
    )


class Blinder:
    """Look-up keys that say nothing without the secret: HMAC-SHA-256, each kind of value apart."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise _bad_key()
        self._key = key
        self.check_value = check_value(key)
        self._around = hashlib.sha256(self._pad(0x5C))
        self._begun: dict[str, hashlib._Hash] = {}

    def digest(self, kind: str, value: str) -> bytes:
        """32 bytes; equal values of one kind have equal digests.

        HMAC (RFC 2104) from states that are kept: setting it up anew would cost more than the digest itself.
        """
        within, around = (self._begun.get(kind) or self._begin(kind)).copy(), self._around.copy()
        within.update(value.encode("utf-8", "surrogatepass"))
        around.update(within.digest())
        return around.digest()

    def _begin(self, kind: str) -> "hashlib._Hash":
        begun = hashlib.sha256(self._pad(0x36))
        begun.update(len(kind.encode()).to_bytes(2, "big") + kind.encode())
        if len(self._begun) < _KINDS_REMEMBERED:
            self._begun[kind] = begun
        return begun

    def _pad(self, byte: int) -> bytes:
        return bytes(each ^ byte for each in self._key.ljust(_HASHED_BLOCK, b"\0"))

    def key(self, kind: str, value: str) -> bytes:
        """The first 16 bytes of the digest, enough to look up by."""
        return self.digest(kind, value)[:BLIND_KEY_BYTES]
