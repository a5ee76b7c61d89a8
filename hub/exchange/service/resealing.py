"""Where sealed content stands in this database, room by room, and its way under a new key 密钥轮换."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from hub.audit.model import Entry
from hub.errors import Broken
from hub.proof.sealing import KeyRing
from hub.storage.database import Database
from hub.storage.resealing import Portion, Resealer, SealedColumn, total

SEALED: Final = (
    SealedColumn("evidence", ("evidence_id",), "sealed", "evidence|{}".format),
    SealedColumn("quarantine", ("registry_id", "export", "fingerprint"), "sealed", "quarantine|{}|{}|{}".format),
    SealedColumn("identity_mention", ("subject_id", "mention_id"), "traits", lambda _, id_: f"traits|{id_.hex()}"),
    SealedColumn("identity_mention", ("subject_id", "mention_id"), "sealed", lambda _, id_: f"said|{id_.hex()}"),
    SealedColumn("identity_review", ("review_id",), "note", "note|{}".format),
    SealedColumn("identity_verdict", ("low_id", "high_id"), "note", lambda low, high: f"note|{low.hex()}|{high.hex()}"),
    SealedColumn("case_participant", ("case_id", "role", "position"), "asked", "participant|{}|{}|{}".format),
    SealedColumn("brought_chunk", ("file", "position"), "sealed", lambda file, part: f"brought|{file.hex()}|{part}"),
    SealedColumn("exchange", ("exchange_id",), "sealed", "exchange|{}".format),
    SealedColumn("subject_access", ("subject_id", "n"), "sealed", "access|{}|{}".format),
    SealedColumn("deferral", ("deferral_id",), "sealed", "deferral|{}".format),
)
"""Every column that the key ring seals, with what its content was sealed for. A test holds it to the tables."""
PASSES: Final = 20
PAUSE_SECONDS: Final = 0.5
CODE_LENGTH: Final = 64


@dataclass(frozen=True)
class ResealService:
    """Rotates the key ring of one hub while it serves."""

    database: Database
    keyring: KeyRing
    append: Callable[[Session, Entry], str]
    hub: str
    pause: Callable[[float], None] = time.sleep

    def counted(self) -> dict[str, Counter[str]]:
        """How many rows stand under which key, by column."""
        return self._resealer.counted()

    def reseal(self) -> Iterator[Portion]:
        """Everything is under the current key once this has ended, and the log says so; each portion as it is done.

        Killed at any moment it leaves every row whole, under one key or the other; run again, it goes on. Rows that
        others hold are tried again for some passes. What other nodes still seal under an older key is not waited for:
        give every node the new key first.

        Raises:
            Broken: rows do not open in their place, or a key is missing in the ring. All others are resealed.
        """
        resealed = damaged = 0
        for number in range(PASSES):
            if number:
                self.pause(PAUSE_SECONDS)
            damaged = 0
            for portion in self._resealer.portions():
                resealed += portion.resealed
                damaged += portion.damaged
                yield portion
            if self.left() == damaged:
                break
        if resealed:
            self._log(resealed)
        if damaged:
            raise Broken(
                "exchange.sealed-rows-damaged",
                "Rows do not open in their place and stay under their old key; restore them from a backup.",
                "部分密封内容无法解封，保留在旧密钥之下；请从备份恢复。",
                rows=damaged,
            )

    def left(self) -> int:
        """How many rows are under another key than the current one."""
        counted = total(self.counted())
        return counted.total() - counted[self.keyring.current_id]

    @property
    def _resealer(self) -> Resealer:
        return Resealer(self.database, self.keyring, SEALED)

    def _log(self, rows: int) -> None:
        current = self.keyring.current_id
        named = {"key": current} if current.isascii() and len(current) <= CODE_LENGTH else {}
        claims = {"event": "resealed", "party": self.hub, "rows": rows, "left": self.left(), **named}
        with self.database.writing() as session:
            self.append(session, Entry("key", claims))
