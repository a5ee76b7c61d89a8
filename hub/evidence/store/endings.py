"""When and why evidence ended."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from hub.storage.statements import cursor_of


def endings_of(session: Session, evidence_ids: Sequence[str]) -> dict[str, tuple[str, datetime]]:
    """Of each piece of evidence the reason and instant of its last change."""
    cursor = cursor_of(session)
    cursor.execute(
        "SELECT evidence_id, reason, changed_at FROM evidence WHERE evidence_id = ANY(%s)", [list(evidence_ids)]
    )
    return {evidence_id: (reason, changed_at) for evidence_id, reason, changed_at in cursor.fetchall()}
