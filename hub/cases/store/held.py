"""What is held about the people of a case, as plain rows: a look meets hundreds of them, and opens few."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlmodel import Session

from hub.cases.store.merged import Owners
from hub.evidence.model import is_within
from hub.storage.statements import cursor_of

# OFFSET 0 holds the planner to reading the links first, also while it knows nothing of tables that were just filled.
_HELD: Final = """SELECT l.subject_id, e.evidence_id, l.role, e.type, e.issuer,
 e.as_of, e.valid_from, e.valid_until, e.digest
FROM evidence_link l CROSS JOIN LATERAL (
 SELECT * FROM evidence WHERE evidence_id = l.evidence_id AND status = 'valid' AND type = ANY(%s) OFFSET 0) e
WHERE l.subject_id = ANY(%s) ORDER BY e.as_of DESC, e.evidence_id DESC"""
_SEALED: Final = "SELECT evidence_id, sealed FROM evidence WHERE evidence_id = ANY(%s)"


class HeldPiece(NamedTuple):
    """A piece of evidence that stands, under the id that its subject had, in one role."""

    subject_id: str
    evidence_id: str
    role: str
    type: str
    issuer: str
    as_of: datetime
    valid_from: datetime | None
    valid_until: datetime | None
    digest: bytes

    def is_valid_at(self, at: datetime) -> bool:
        """True when it has begun and has not ended."""
        return is_within(self.valid_from, self.valid_until, at)


HeldNow = dict[str, dict[str, list[HeldPiece]]]


def held_by(session: Session, owners: Owners, types: Sequence[str]) -> HeldNow:
    """What is held of those types, newest first by type, under every id that somebody answers for."""
    cursor = cursor_of(session)
    cursor.execute(_HELD, [list(types), list(owners)], binary=True)
    found: HeldNow = {owner: {} for owner in owners.values()}
    for piece in map(HeldPiece._make, cursor.fetchall()):
        found[owners[piece.subject_id]].setdefault(piece.type, []).append(piece)
    return {was: found[owner] for was, owner in owners.items()}


def sealed_of(session: Session, evidence_ids: Iterable[str]) -> dict[str, bytes]:
    """Those pieces as stored, by id; only the vault opens them."""
    cursor = cursor_of(session)
    cursor.execute(_SEALED, [list(evidence_ids)], binary=True)
    return dict(cursor.fetchall())
