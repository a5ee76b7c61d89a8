"""Finds exchanges again, inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session

from hub.errors import Missing
from hub.exchange.model import KeptExchange, Outcome
from hub.proof.encoding import b64url_decode
from hub.proof.sealing import KeyRing
from hub.storage.statements import cursor_of

_FOUND = "SELECT exchange_id, consumer, entry_id, outcome, sealed FROM exchange WHERE "


_LAST_BEFORE = """
SELECT max(e."index") FROM log_entry e JOIN
 (SELECT entry_id FROM exchange WHERE at < %s ORDER BY at DESC LIMIT 1000) x USING (entry_id)"""


def log_size_before(session: Session, at: datetime) -> int:
    """Such a number that every exchange answered before ``at`` stands in the log below it, and hardly any other."""
    cursor = cursor_of(session)
    cursor.execute(_LAST_BEFORE, [at])
    row = cursor.fetchone()
    return 0 if row is None or row[0] is None else int(row[0]) + 1


class ExchangeStore:
    """Exchanges in one session."""

    def __init__(self, session: Session, keyring: KeyRing) -> None:
        self._session = session
        self._keyring = keyring

    def with_id(self, exchange_id: str) -> KeptExchange | None:
        """The exchange of that id, or None."""
        return self._one("exchange_id = %s", [exchange_id])

    def answered(self, consumer: str, jti: str) -> KeptExchange | None:
        """What the consumer's request of that id was answered, or None."""
        return self._one("consumer = %s AND jti = %s", [consumer, jti])

    def _one(self, condition: str, values: Sequence[Any]) -> KeptExchange | None:
        cursor = cursor_of(self._session)
        cursor.execute(_FOUND + condition, values)
        row = cursor.fetchone()
        return None if row is None else self._kept(row)

    def _kept(self, row: Sequence[Any]) -> KeptExchange:
        exchange_id, consumer, entry_id, outcome, sealed = row
        if not sealed:
            raise Missing(
                "exchange.erased",
                "What was asked and answered here was erased by lawful order; the log still names the exchange.",
                "该次交换内容已依法删除；日志仍保留其条目。",
            )
        said = orjson.loads(self._keyring.open(sealed, context=f"exchange|{exchange_id}"))
        return KeptExchange(
            exchange_id=exchange_id,
            consumer=consumer,
            entry_id=entry_id,
            outcome=Outcome(outcome),
            request_jws=said["request"],
            answer_jws=said["answer"],
            entry=b64url_decode(said["entry"]),
            salt=b64url_decode(said["salt"]),
        )
