"""Open cases 在办件 that somebody's records matter to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from hub.cases.model import CaseState
from hub.storage.statements import cursor_of

_OPEN: Final = [state.value for state in CaseState if not state.is_closed]
_CONCERNED: Final = """
SELECT f.case_id, f.consumer, f.number, f.matter, p.role, p.subject_id
FROM case_participant p JOIN case_file f USING (case_id)
WHERE p.subject_id = ANY(%s) AND f.state = ANY(%s)
ORDER BY f.consumer, f.number, p.role, p.position"""

_MOVE_PAPERS: Final = """
WITH moved AS (
 UPDATE brought_material SET subject_id = %(to)s WHERE case_id = %(case)s AND subject_id = %(was)s
 RETURNING evidence_id
)
UPDATE evidence_link l SET subject_id = %(to)s FROM moved
WHERE l.evidence_id = moved.evidence_id AND l.subject_id = %(was)s"""


@dataclass(frozen=True, slots=True)
class Concerned:
    """Somebody's part in an open case."""

    case_id: str
    consumer: str
    number: str
    matter: str
    role: str
    subject_id: str


def concerned_with(session: Session, subject_ids: Sequence[str]) -> list[Concerned]:
    """Every part that those subjects have in open cases, in order of consumer and number."""
    cursor = cursor_of(session)
    cursor.execute(_CONCERNED, [list(subject_ids), _OPEN])
    return [Concerned(*row) for row in cursor.fetchall()]


def move_papers(session: Session, case_id: str, was: str, to: str) -> None:
    """The papers brought in that case about the one are about the other, as is the evidence made of them."""
    cursor_of(session).execute(_MOVE_PAPERS, {"case": case_id, "was": was, "to": to})
