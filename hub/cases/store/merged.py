"""Under which ids 主体标识 somebody was ever known: a merge rewrites nothing, so rows of old ids are theirs too."""

from collections.abc import Sequence

from sqlalchemy import CTE, Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session

from hub.identity import tables as identity_tables
from hub.storage.metadata import Row

SUBJECT = Row.metadata.tables[str(identity_tables.SubjectRow.__tablename__)]


def known_as(subject_ids: Sequence[str]) -> CTE:
    """Rows of (``subject_id``, ``was``): each of those subjects with every id that it answers for, its own too."""
    asked = func.unnest(cast(list(subject_ids), ARRAY(Text))).column_valued("asked")
    way = select(asked.label("subject_id"), asked.label("was")).cte("way", recursive=True)
    merged = select(way.c.subject_id, cast(SUBJECT.c.subject_id, Text)).where(SUBJECT.c.merged_into == way.c.was)
    return way.union(merged)


def answered_for(session: Session, subject_ids: Sequence[str]) -> dict[str, str]:
    """Every id that those subjects answer for, with the subject that does; one statement."""
    way = known_as(subject_ids)
    return {was: subject_id for subject_id, was in session.execute(select(way.c.subject_id, way.c.was))}
