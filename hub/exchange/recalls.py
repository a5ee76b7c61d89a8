"""Where releases that proved wrong 误披露 are kept: codes and opaque ids; what was released stays in its exchange."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from hub.storage.statements import cursor_of

_RELEASED: Final = """
SELECT x.exchange_id FROM subject_access a JOIN exchange x ON x.exchange_id = a.exchange_id
WHERE a.subject_id = ANY(%s) AND x.outcome <> 'refused' AND x.erased_by IS NULL ORDER BY a.at, x.exchange_id"""
_COLUMNS: Final = """notice_id, consumer, exchange_id, found_at, matter, case_ref, pairwise, meant_subject,
 owner_subject, items, entry_id, acknowledged_at, acknowledged_by"""


@dataclass(frozen=True, slots=True)
class Recall:
    """Somebody else's evidence was released in an exchange: what, of whom, and whether its consumer knows."""

    notice_id: str
    consumer: str
    exchange_id: str
    found_at: datetime
    matter: str
    case_ref: str = field(repr=False)
    pairwise: str | None
    meant_subject: str
    owner_subject: str
    items: list[dict[str, Any]]
    entry_id: str
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None


class RecallStore:
    """Recalls in one session."""

    def __init__(self, session: Session) -> None:
        self._cursor = cursor_of(session)

    def released_about(self, subject_ids: Sequence[str]) -> list[str]:
        """Every exchange that released something about one of those subjects, the oldest first."""
        self._cursor.execute(_RELEASED, [list(subject_ids)])
        return [row[0] for row in self._cursor.fetchall()]

    def records_about(self, subject_ids: Sequence[str]) -> dict[bytes, tuple[str, str]]:
        """Registry and record of all evidence about those subjects, whatever became of it, by its digest."""
        self._cursor.execute(
            "SELECT e.digest, e.registry_id, e.record FROM evidence_link l JOIN evidence e USING (evidence_id)"
            " WHERE l.subject_id = ANY(%s)",
            [list(subject_ids)],
        )
        return {digest: (registry, record) for digest, registry, record in self._cursor.fetchall()}

    def keep(self, recall: Recall) -> bool:
        """True when kept; False when that consumer was told of it before."""
        self._cursor.execute(
            f"INSERT INTO recall ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s)"
            " ON CONFLICT (exchange_id, owner_subject) DO NOTHING",
            [
                recall.notice_id, recall.consumer, recall.exchange_id, recall.found_at, recall.matter, recall.case_ref,
                recall.pairwise, recall.meant_subject, recall.owner_subject, json.dumps(recall.items), recall.entry_id,
                recall.acknowledged_at, recall.acknowledged_by,
            ],
        )  # fmt: skip
        return bool(self._cursor.rowcount)

    def find(
        self, *, consumer: str | None = None, waiting: bool = False, after: str = "", limit: int = 100
    ) -> list[Recall]:
        """A page of recalls, the oldest first: of one consumer or of all, only those not acknowledged when asked."""
        self._cursor.execute(
            f"SELECT {_COLUMNS} FROM recall WHERE (%(consumer)s::text IS NULL OR consumer = %(consumer)s)"
            " AND (NOT %(waiting)s OR acknowledged_at IS NULL) AND (%(after)s = '' OR (found_at, notice_id) >"
            " (SELECT found_at, notice_id FROM recall WHERE notice_id = %(after)s))"
            " ORDER BY found_at, notice_id LIMIT %(limit)s",
            {"consumer": consumer, "waiting": waiting, "after": after, "limit": limit},
        )
        return [Recall(*row) for row in self._cursor.fetchall()]

    def recall_for(self, notice_id: str) -> Recall | None:
        """That recall, or None."""
        self._cursor.execute(f"SELECT {_COLUMNS} FROM recall WHERE notice_id = %s", [notice_id])
        row = self._cursor.fetchone()
        return Recall(*row) if row else None

    def acknowledge(self, notice_id: str, *, by: str, at: datetime) -> bool:
        """True when the consumer acknowledged it now; False when it had before."""
        self._cursor.execute(
            "UPDATE recall SET acknowledged_at = %s, acknowledged_by = %s"
            " WHERE notice_id = %s AND acknowledged_at IS NULL",
            [at, by, notice_id],
        )
        return bool(self._cursor.rowcount)
