"""Since when a registry's evidence of a type is at the hub: consumers with a grant share it from then on."""

from datetime import datetime
from typing import Final

from sqlmodel import Session

from hub.storage.statements import cursor_of

# Along the index by registry and last change, so that it ends at the first row of a type that was pushed at all.
_FIRST: Final = """
SELECT least(changed_at, as_of) FROM evidence WHERE registry_id = %s AND type = %s
ORDER BY registry_id, changed_at, list_uri LIMIT 1"""


def first_arrival(session: Session, registry: str, name: str) -> datetime | None:
    """When the registry was read for the oldest evidence of that type that the hub has of it, None without any."""
    cursor = cursor_of(session)
    cursor.execute(_FIRST, [registry, name])
    row = cursor.fetchone()
    return None if row is None else row[0]
