"""Under which ids 主体标识 somebody was ever known: a merge rewrites nothing, so rows of old ids are theirs too."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from hub.storage.statements import cursor_of

_OWNERS: Final = """WITH RECURSIVE way AS (
 SELECT asked AS owner, asked AS was FROM unnest(%s::text[]) asked UNION
 SELECT way.owner, merged.was FROM way CROSS JOIN LATERAL (
  SELECT subject_id::text AS was FROM identity_subject WHERE merged_into = way.was OFFSET 0) merged)
SELECT was, owner FROM way"""
Owners = dict[str, str]
"""Every id that somebody answers for, their own too, with the subject who does."""


def owners_of(session: Session, subject_ids: Sequence[str]) -> Owners:
    """Every id that those subjects answer for; one statement."""
    cursor = cursor_of(session)
    cursor.execute(_OWNERS, [list(subject_ids)])
    return dict(cursor.fetchall())
