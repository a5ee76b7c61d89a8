"""How the index keeps personal content: sealed row by row, looked up through keyed digests only."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from hub.identity.compare import Traits
from hub.identity.traits import COLUMN_MARK
from hub.proof.sealing import Blinder, KeyRing

MENTION_ID_BYTES: Final = 16


def mention_id_of(record: str, role: str) -> bytes:
    """Names one role of one record; the record's reference is opaque, so this says nothing about anyone."""
    return hashlib.blake2b(f"{record}\x1f{role}".encode(), digest_size=MENTION_ID_BYTES).digest()


def note_of(low_id: bytes, high_id: bytes) -> str:
    """Names the note beside a word about two mentions."""
    return f"{low_id.hex()}|{high_id.hex()}"


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals and opens what mentions say; makes look-up keys."""

    keyring: KeyRing
    blinder: Blinder

    def key(self, model: str, text: str) -> bytes:
        """The look-up key of a text, apart for each model."""
        return self.blinder.key(f"identity.{model}", text)

    def seal_traits(self, mention_id: bytes, text: str) -> bytes:
        """Traits, sealed for that mention alone."""
        return self.keyring.seal(text.encode("utf-8", "surrogatepass"), context=f"traits|{mention_id.hex()}")

    def open_traits(self, mention_id: bytes, sealed: bytes) -> Traits:
        """The traits of that mention."""
        opened = self.keyring.open(sealed, context=f"traits|{mention_id.hex()}")
        return tuple(opened.decode("utf-8", "surrogatepass").split(COLUMN_MARK))

    def seal_said(self, mention_id: bytes, said: Mapping[str, Any]) -> bytes:
        """What the record says, sealed for that mention alone."""
        return self.keyring.seal(orjson.dumps(said), context=f"said|{mention_id.hex()}")

    def open_said(self, mention_id: bytes, sealed: bytes) -> dict[str, Any]:
        """What the record says."""
        opened = self.keyring.open(sealed, context=f"said|{mention_id.hex()}")
        found: dict[str, Any] = orjson.loads(opened)
        return found

    def seal_note(self, about: str, note: str) -> bytes:
        """A steward's note, sealed for that review or word alone."""
        return self.keyring.seal(note.encode(), context=f"note|{about}")

    def open_note(self, about: str, sealed: bytes) -> str:
        """The steward's note."""
        return self.keyring.open(sealed, context=f"note|{about}").decode()
