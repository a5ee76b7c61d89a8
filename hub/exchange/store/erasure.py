"""Takes out what was said about a subject and is no longer to be kept; what other subjects share stays."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from hub.kernel.clock import local_date
from hub.storage.statements import cursor_of

GONE: Final = b""
"""What stands where sealed content stood."""
_EXCHANGES: Final = """
UPDATE exchange x SET sealed = %(gone)s, officer = %(gone)s, pairwise = NULL, case_ref = '', erased_by = %(order)s
FROM subject_access a WHERE a.exchange_id = x.exchange_id AND a.subject_id = ANY(%(subjects)s)
 AND a.parted_to IS NULL AND x.at < %(before)s AND x.erased_by IS NULL
 AND NOT EXISTS (SELECT 1 FROM subject_access o WHERE o.at = x.at AND o.exchange_id = x.exchange_id
 AND o.subject_id <> ALL(%(subjects)s) AND o.parted_to IS NULL)
 AND NOT EXISTS (SELECT 1 FROM deferral d WHERE d.consumer = x.consumer AND d.case_ref = x.case_ref
 AND d.ended_at IS NULL AND d.until > %(now)s AND x.at > %(kept_from)s)"""
_EVIDENCE: Final = """
UPDATE evidence e SET sealed = %(gone)s WHERE e.status IN ('withdrawn', 'superseded') AND e.sealed <> %(gone)s
 AND e.changed_at < %(before)s
 AND EXISTS (SELECT 1 FROM evidence_link l WHERE l.evidence_id = e.evidence_id AND l.subject_id = ANY(%(subjects)s))
 AND NOT EXISTS
 (SELECT 1 FROM evidence_link l WHERE l.evidence_id = e.evidence_id AND l.subject_id <> ALL(%(subjects)s))"""
_MENTIONS: Final = """
UPDATE identity_mention SET sealed = %(gone)s, traits = %(gone)s
WHERE subject_id = ANY(%(subjects)s) AND gone_at < %(before)s AND sealed <> %(gone)s"""
_FILES: Final = """
DELETE FROM brought_chunk c USING brought_material b WHERE b.file = c.file AND b.subject_id = ANY(%(subjects)s)
 AND b.withdrawn_on < %(day)s AND NOT EXISTS (SELECT 1 FROM brought_material o WHERE o.file = b.file
 AND (o.withdrawn_on IS NULL OR o.subject_id <> ALL(%(subjects)s)))"""
_ASKED: Final = """
UPDATE case_participant p SET asked = %(gone)s FROM case_file f WHERE f.case_id = p.case_id
 AND p.subject_id = ANY(%(subjects)s) AND f.decided_on < %(day)s AND p.asked <> %(gone)s"""


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was taken out."""

    exchanges: int
    evidence: int
    mentions: int
    file_parts: int
    participants: int


@dataclass(frozen=True, slots=True)
class Period:
    """What was ``before`` that instant; secrecy in force ``now`` keeps back what is younger than ``kept_from`` only."""

    before: datetime
    now: datetime
    kept_from: datetime


def erase(session: Session, subject_ids: Sequence[str], period: Period, order: str) -> Erased:
    """What was said about those subjects in that period is gone: exchanges with their salts, and what else ended.

    Evidence that stands, living mentions, what tells of somebody else too, and exchanges that lawful secrecy keeps out
    of the view are left as they are: the entry of an erased one is shown, and would tell who asked.
    """
    values = {
        "gone": GONE,
        "subjects": list(subject_ids),
        "day": local_date(period.before),
        "order": order,
        **asdict(period),
    }
    counts = []
    for statement in (_EXCHANGES, _EVIDENCE, _MENTIONS, _FILES, _ASKED):
        cursor = cursor_of(session)
        cursor.execute(statement, values)
        counts.append(cursor.rowcount)
    return Erased(*counts)
