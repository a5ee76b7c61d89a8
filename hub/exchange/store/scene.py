"""What a decision must see 决定所见: case, subject, its chain in the log and what is held, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from psycopg import Cursor

from hub.cases.store.standing import COLUMNS, STANDING, CaseStanding, standing_in
from hub.evidence.model import HeldEvidence
from hub.evidence.store import HELD, held_in
from hub.exchange.model import Request

# OFFSET 0: links before evidence, as in the store of evidence.
_SCENE: Final = f"""
SELECT EXISTS (SELECT FROM exchange WHERE consumer = %(consumer)s AND jti = %(jti)s),
 who.subject_id, who.merged_into, coalesce(chain.count, 0), coalesce(chain.last_leaf, ''::bytea), standing.*, held.*
FROM (VALUES (1)) AS one
LEFT JOIN identity_subject who ON who.subject_id = coalesce(%(subject)s::text,
 (SELECT subject_id FROM identity_pairwise WHERE consumer = %(consumer)s AND pairwise = %(pairwise)s))
LEFT JOIN log_subject_chain chain ON chain.subject_id = who.subject_id
LEFT JOIN LATERAL ({STANDING}) standing ON true
LEFT JOIN LATERAL (
 SELECT {HELD} FROM evidence_link l CROSS JOIN LATERAL (
  SELECT * FROM evidence
  WHERE evidence_id = l.evidence_id AND status = 'valid' AND type = ANY (string_to_array(%(types)s, ' ')) OFFSET 0) e
 WHERE l.subject_id = ANY (ARRAY (SELECT subject_id FROM identity_subject WHERE merged_into = who.subject_id)
  || who.subject_id::text)
) held ON true
ORDER BY held.as_of, held.evidence_id"""
_OWN: Final = 5
"""Columns before the case's."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One snapshot. ``chain``: how many log entries tell of the subject, and the leaf of the last of them.

    Of a subject that another answers for since a merge, ``merged_into`` names that one, and the rest says little.
    """

    is_answered: bool
    subject_id: str | None
    merged_into: str | None
    chain: tuple[int, bytes]
    case: CaseStanding | None
    held: tuple[HeldEvidence, ...] = field(repr=False)


def scene_of(cursor: Cursor[Any], request: Request, subject_id: str | None, types: Sequence[str]) -> Scene:
    """What stands now for a request about ``subject_id``, or about whoever its pairwise id was given to.

    ``held`` is what is valid about the subject, and those merged into it, of those ``types``, the newest last.
    """
    values = {
        "subject": subject_id,
        "consumer": request.consumer,
        "pairwise": request.pairwise,
        "jti": request.jti,
        "case": request.case,
        "types": " ".join(types),
    }
    cursor.execute(_SCENE, values, binary=True)
    rows = cursor.fetchall()
    is_answered, found, merged_into, count, last_leaf = rows[0][:_OWN]
    held = tuple(held_in(row[_OWN + COLUMNS :]) for row in rows if row[_OWN + COLUMNS] is not None)
    case = standing_in(rows[0][_OWN : _OWN + COLUMNS])
    return Scene(is_answered, found, merged_into, (count, last_leaf), case, held)
