"""Signed notes 签名便笺 (C2SP signed-note v1.0.0) and cosignatures 共签 (C2SP tlog-cosignature v1)."""

import hashlib
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from hub.errors import Malformed
from hub.proof.encoding import b64url, base64_decode, base64_text, malformed
from hub.proof.keys import ED25519, PublicKey, Signer, bad_signature
from hub.proof.treehead import parse_checkpoint_text

PLAIN: Final = 0x01
COSIGNATURE: Final = 0x04
COSIGNATURE_ML_DSA: Final = 0x06
MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 64
_DASH: Final = "— "
_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_ED25519_BYTES: Final = 32
_HEX_ID = re.compile(r"[0-9a-f]{8}")
_BAD_NAME = re.compile(r"[\s+\x00-\x1f\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


def _bad_note(en: str, zh: str) -> Malformed:
    return malformed("note", en, zh)


def key_id(name: str, kind: int, key: bytes) -> bytes:
    """SHA-256(name ‖ newline ‖ kind ‖ key), the first four bytes."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:_ID_BYTES]


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: whose name, which key, what bytes."""

    name: str
    key_id: bytes
    signature: bytes = field(repr=False)

    def line(self) -> str:
        """The line as it stands in a note, newline included."""
        return f"{_DASH}{self.name} {base64_text(self.key_id + self.signature)}\n"

    @property
    def timestamp(self) -> int:
        """Seconds since the epoch, for the two kinds of cosignature."""
        return int.from_bytes(self.signature[:_TIME_BYTES], "big")


@dataclass(frozen=True)
class Note:
    """A text that ends in a newline, and its signatures, none of them verified."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)

    def with_signatures(self, more: Iterable[NoteSignature]) -> "Note":
        """The note with ``more`` signatures; one of the same name and key replaces the older."""
        by_key = {(each.name, each.key_id): each for each in self.signatures}
        by_key.update({(each.name, each.key_id): each for each in more})
        return Note(self.text, tuple(by_key.values()))


def parse_note(content: bytes | str) -> Note:
    """The note in ``content``.

    Raises:
        Malformed: any other bytes.
    """
    if len(content) > MAX_NOTE_BYTES:
        raise _bad_note("The note is too large.", "便笺过大。")
    try:
        spelled = content if isinstance(content, str) else content.decode("utf-8")
        spelled.encode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise _bad_note("The note is not UTF-8.", "便笺不是 UTF-8 编码。") from None
    if _CONTROL.search(spelled):
        raise _bad_note("The note holds control characters.", "便笺含有控制字符。")
    text, separator, lines = spelled.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise _bad_note("The note has no signatures after an empty line.", "便笺空行之后没有签名。")
    return Note(text + "\n", parse_signature_lines(lines))


def parse_signature_lines(lines: str) -> tuple[NoteSignature, ...]:
    """The signatures in ``lines``, each ending in a newline.

    Raises:
        Malformed: any other text, none, or more than 64.
    """
    each = lines.split("\n")[:-1]
    if not lines.endswith("\n") or not 0 < len(each) <= MAX_SIGNATURES:
        raise _bad_note("A note carries 1 to 64 signature lines.", "便笺须有 1 至 64 行签名。")
    return tuple(_signature(line) for line in each)


def _signature(line: str) -> NoteSignature:
    name, _, spelled = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not is_key_name(name):
        raise _bad_note("A signature line is not of the form the specification gives.", "签名行格式有误。")
    content = base64_decode(spelled)
    if len(content) <= _ID_BYTES:
        raise _bad_note("A signature line holds no signature.", "签名行不含签名。")
    return NoteSignature(name, content[:_ID_BYTES], content[_ID_BYTES:])


def is_key_name(name: str) -> bool:
    """True for a name without spaces and plus signs."""
    return bool(name) and not _BAD_NAME.search(name)


# --- verifying -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NoteVerifier:
    """A key that a verifier trusts for notes: its name, its kind (0x01, 0x04 or 0x06) and its bytes."""

    name: str
    kind: int
    key: bytes = field(repr=False)

    @classmethod
    def from_vkey(cls, vkey: str) -> "NoteVerifier":
        """The verifier that ``name+id+base64(kind ‖ key)`` describes.

        Raises:
            Malformed: another form, an id that does not belong to name and key, a kind that is not ours.
        """
        name, _, rest = vkey.partition("+")
        spelled_id, _, spelled_key = rest.partition("+")
        content = base64_decode(spelled_key)
        if not is_key_name(name) or not _HEX_ID.fullmatch(spelled_id) or not content:
            raise _bad_note("The verifier key is not name+id+key.", "核验密钥格式应为 名称+编号+公钥。")
        verifier = cls(name, content[0], content[1:])
        if verifier.key_id.hex() != spelled_id:
            raise _bad_note(
                "The verifier key's id does not belong to its name and key.", "核验密钥的编号与名称、公钥不符。"
            )
        verifier.check()
        return verifier

    @classmethod
    def of(cls, name: str, public: PublicKey, kind: int = PLAIN) -> "NoteVerifier":
        """The verifier of what ``public`` signs under ``name``."""
        if public.alg != ED25519:
            raise _bad_note("Notes are signed with Ed25519 keys.", "便笺须用 Ed25519 密钥签名。")
        return cls(name, kind, public.raw())

    def check(self) -> None:
        """Returns when the key is of its kind's form."""
        if self.kind in (PLAIN, COSIGNATURE):
            _ed25519(self.key)
        elif self.kind == COSIGNATURE_ML_DSA:
            _ml_dsa(self.key)
        else:
            raise _bad_note("The verifier key is of a kind that is not supported.", "不支持该类核验密钥。")

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key signed."""
        return key_id(self.name, self.kind, self.key)

    @property
    def vkey(self) -> str:
        """The verifier key as text."""
        return f"{self.name}+{self.key_id.hex()}+{base64_text(bytes([self.kind]) + self.key)}"

    def is_signer_of(self, signature: NoteSignature) -> bool:
        """True when ``signature`` claims this key."""
        return signature.name == self.name and signature.key_id == self.key_id

    def verify(self, text: str, signature: NoteSignature) -> None:
        """Returns when ``signature`` over ``text`` is this key's.

        Raises:
            Malformed: it is not.
        """
        content = signature.signature
        if self.kind == PLAIN:
            _ed25519(self.key).verify(content, text.encode())
        elif self.kind == COSIGNATURE:
            _ed25519(self.key).verify(content[_TIME_BYTES:], cosigned_text(text, signature.timestamp))
        else:
            message = cosigned_tree(self.name, text, signature.timestamp)
            try:
                _ml_dsa(self.key).verify(content[_TIME_BYTES:], message)
            except InvalidSignature:
                raise bad_signature() from None


def _ed25519(key: bytes) -> PublicKey:
    return PublicKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": b64url(key)})


def _ml_dsa(key: bytes) -> MLDSA44PublicKey:
    try:
        return MLDSA44PublicKey.from_public_bytes(key)
    except ValueError:
        raise _bad_note("The key is not an ML-DSA-44 key.", "不是 ML-DSA-44 公钥。") from None


def cosigned_text(text: str, timestamp: int) -> bytes:
    """What an Ed25519 cosignature covers."""
    if not 0 <= timestamp < 2**63:
        raise _bad_note("A cosignature's time is out of range.", "共签时间超出范围。")
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def cosigned_tree(name: str, text: str, timestamp: int) -> bytes:
    """What an ML-DSA-44 cosignature covers: the tree that the checkpoint ``text`` describes."""
    if not 0 <= timestamp < 2**63:
        raise _bad_note("A cosignature's time is out of range.", "共签时间超出范围。")
    tree = parse_checkpoint_text(text)
    return b"".join(
        (
            b"subtree/v1\n\0",
            _short(name),
            struct.pack(">Q", timestamp),
            _short(tree.origin),
            struct.pack(">QQ", 0, tree.size),
            tree.root,
        )
    )


def _short(text: str) -> bytes:
    spelled = text.encode()
    if not 0 < len(spelled) <= 255:  # noqa: PLR2004 - one byte holds the length
        raise _bad_note("A name or origin is longer than 255 bytes.", "名称或来源超过 255 字节。")
    return bytes([len(spelled)]) + spelled


def verify_note(note: Note, verifiers: Sequence[NoteVerifier]) -> tuple[tuple[NoteVerifier, NoteSignature], ...]:
    """Who of ``verifiers`` signed, once for each signature of theirs; unknown signatures are ignored.

    Raises:
        Malformed: a signature that claims one of these keys does not verify.
    """
    found = []
    for verifier in verifiers:
        for signature in note.signatures:
            if verifier.is_signer_of(signature):
                verifier.verify(note.text, signature)
                found.append((verifier, signature))
    return tuple(found)


# --- signing -------------------------------------------------------------------------------------------------------


class Cosigner(Protocol):
    """A key that signs checkpoints with a time."""

    @property
    def verifier(self) -> NoteVerifier:
        """Who verifies its cosignatures."""

    def cosign(self, text: str, timestamp: int) -> NoteSignature:
        """The cosignature of the checkpoint ``text`` at ``timestamp``."""


class NoteSigner:
    """Signs notes (kind 0x01) under ``name`` with an Ed25519 signer."""

    def __init__(self, name: str, signer: Signer) -> None:
        if not is_key_name(name):
            raise _bad_note("A key name holds no spaces and no plus.", "密钥名称不得含空格或加号。")
        self._signer = signer
        self.verifier = NoteVerifier.of(name, signer.public)

    def sign(self, text: str) -> NoteSignature:
        """The signature of ``text``, which ends in a newline."""
        return NoteSignature(self.verifier.name, self.verifier.key_id, self._signer.sign(text.encode()))


class Ed25519Cosigner:
    """Cosigns with Ed25519 (kind 0x04); the name is not signed, so the key must serve this name alone."""

    def __init__(self, name: str, signer: Signer) -> None:
        self._signer = signer
        self.verifier = NoteVerifier.of(name, signer.public, COSIGNATURE)

    def cosign(self, text: str, timestamp: int) -> NoteSignature:
        """Time and signature over the whole text."""
        signed = self._signer.sign(cosigned_text(text, timestamp))
        return NoteSignature(self.verifier.name, self.verifier.key_id, struct.pack(">Q", timestamp) + signed)


class MlDsaCosigner:
    """Cosigns with ML-DSA-44 (kind 0x06), which stays secure against quantum computers."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._private = MLDSA44PrivateKey.from_seed_bytes(seed)
        self.verifier = NoteVerifier(name, COSIGNATURE_ML_DSA, self._private.public_key().public_bytes_raw())

    def cosign(self, text: str, timestamp: int) -> NoteSignature:
        """Time and signature over the tree that the text describes."""
        signed = self._private.sign(cosigned_tree(self.verifier.name, text, timestamp))
        return NoteSignature(self.verifier.name, self.verifier.key_id, struct.pack(">Q", timestamp) + signed)
