"""What an exchange must know of a case 办件, in one statement: its matter, whether it is open, and whom it is about."""

from dataclasses import dataclass

from sqlmodel import Session

from hub.cases.model import CaseState
from hub.storage.statements import cursor_of

_STANDING = """
SELECT f.matter, f.state, array_agg(DISTINCT p.subject_id) FILTER (WHERE p.subject_id IS NOT NULL)
FROM case_file f LEFT JOIN case_participant p USING (case_id)
WHERE f.consumer = %s AND f.number = %s GROUP BY f.case_id"""


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """A case as far as a request needs it."""

    matter: str
    is_closed: bool
    subject_ids: tuple[str, ...]


def standing_of(session: Session, consumer: str, number: str) -> CaseStanding | None:
    """The consumer's case of that number, or None."""
    cursor = cursor_of(session)
    cursor.execute(_STANDING, [consumer, number])
    row = cursor.fetchone()
    return None if row is None else CaseStanding(row[0], CaseState(row[1]).is_closed, tuple(row[2] or ()))
