"""What an exchange must know of a case 办件: its matter, whether it is open, whom it is about, what was chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import Session

from hub.cases.model import CaseState
from hub.storage.statements import cursor_of

STANDING: Final = """
SELECT f.matter, f.state, f.answers, ARRAY (
 SELECT concat(p.role, ':', p.position, ' ', p.subject_id) FROM case_participant p
 WHERE p.case_id = f.case_id ORDER BY p.role, p.position) AS people
FROM case_file f WHERE f.consumer = asked.consumer AND f.number = asked.number"""
"""One row for the case of the ``consumer`` and ``number`` of ``asked``, a row beside it, for ``standing_in``.

The exchange has it in a larger statement.
"""
_STANDING_OF: Final = f"""
SELECT standing.* FROM (VALUES (%(consumer)s::text, %(number)s::text)) AS asked (consumer, number)
CROSS JOIN LATERAL ({STANDING}) standing"""
COLUMNS: Final = 4


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """A case as far as a request needs it; ``people`` are the places (``applicant:0``) whose subject is known.

    ``is_everyone_known``: there is no place beside them.
    """

    matter: str
    is_closed: bool
    people: Mapping[str, str]
    answers: Mapping[str, str]
    is_everyone_known: bool

    @property
    def subject_ids(self) -> frozenset[str]:
        """Every subject found."""
        return frozenset(self.people.values())


def standing_in(row: Sequence[Any]) -> CaseStanding | None:
    """The case that a row of ``STANDING`` holds; None when it holds none."""
    matter, state, answers, people = row
    if matter is None:
        return None
    places = [place.partition(" ") for place in people]
    known = {place: subject for place, _, subject in places if subject}
    return CaseStanding(matter, CaseState(state).is_closed, known, answers, len(known) == len(places))


def standing_of(session: Session, consumer: str, number: str) -> CaseStanding | None:
    """The consumer's case of that number, or None."""
    cursor = cursor_of(session)
    cursor.execute(_STANDING_OF, {"consumer": consumer, "number": number})
    row = cursor.fetchone()
    return None if row is None else standing_in(row)
