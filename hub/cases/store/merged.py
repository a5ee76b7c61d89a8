"""Under which ids 主体标识 somebody was ever known: a merge rewrites nothing, so rows of old ids are theirs too."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from hub.identity.store.merged import every_id_of
from hub.storage.statements import cursor_of

_OWNERS: Final = f"""SELECT was, asked FROM unnest(%s::text[]) AS asked
CROSS JOIN LATERAL unnest({every_id_of("ARRAY[asked]")}) AS was"""
Owners = dict[str, str]
"""Every id that somebody answers for, their own too, with the subject who does."""


def owners_of(session: Session, subject_ids: Sequence[str]) -> Owners:
    """Every id that those subjects answer for; one statement."""
    cursor = cursor_of(session)
    cursor.execute(_OWNERS, [list(subject_ids)])
    return dict(cursor.fetchall())
