"""Keeps status lists and finds them again, inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session

from hub.evidence.status import KeptList
from hub.storage.statements import cursor_of

_KEPT: Final = "uri, issued_at, expires_at, covers_until, digest, entry_id, token"
_NEWEST: Final = (
    "SELECT DISTINCT ON (uri) uri, expires_at, covers_until FROM status_list WHERE registry_id = %s"
    " ORDER BY uri, issued_at DESC"
)
_DUE: Final = f"""
WITH newest AS ({_NEWEST}), since AS (SELECT min(covers_until) AS at FROM newest), changed AS (
 SELECT DISTINCT e.list_uri AS uri FROM evidence e LEFT JOIN newest n ON n.uri = e.list_uri
 WHERE e.registry_id = %s AND e.list_uri IS NOT NULL AND e.changed_at >= coalesce((SELECT at FROM since), '-infinity')
 AND e.changed_at >= coalesce(n.covers_until, '-infinity')
)
SELECT uri FROM changed UNION SELECT uri FROM newest WHERE expires_at <= %s ORDER BY uri"""


class StatusListStore:
    """Status lists in one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def due(self, registry: str, renew_before: datetime) -> list[str]:
        """The lists whose evidence changed since they were signed, and those that end before that instant."""
        return [row[0] for row in self._rows(_DUE, [registry, registry, renew_before])]

    def next_place(self, service: str) -> int:
        """A number that this service is given once, from 0; the caller holds the service's row."""
        cursor = cursor_of(self._session)
        cursor.execute(
            "UPDATE registry_state SET sequence = sequence + 1 WHERE registry_id = %s RETURNING sequence - 1", [service]
        )
        return int(cursor.fetchall()[0][0])

    def ended(self, uri: str) -> list[tuple[int, str]]:
        """The indexes of that list whose evidence no longer stands, with its status."""
        query = "SELECT list_index, status FROM evidence WHERE list_uri = %s AND status <> 'valid'"
        return self._rows(f"{query} AND list_index IS NOT NULL ORDER BY list_index", [uri])

    def newest(self, uri: str) -> KeptList | None:
        """The newest list at that address, or None."""
        found = self._lists(f"SELECT {_KEPT} FROM status_list WHERE uri = %s ORDER BY issued_at DESC LIMIT 1", [uri])
        return found[0] if found else None

    def served(self, registry: str, number: int, asked: str) -> KeptList | None:
        """The newest list of that number: the one at the address asked when a hub had several; or None."""
        found = self._lists(
            f"SELECT {_KEPT} FROM status_list WHERE registry_id = %s AND number = %s"
            " ORDER BY (uri = %s) DESC, issued_at DESC LIMIT 1",
            [registry, number, asked],
        )
        return found[0] if found else None

    def about(self, uris: Sequence[str], at: datetime) -> list[KeptList]:
        """Of each address the last two taken in before the end of that second, and the newest; one statement.

        Which of the two the log held when something was answered within that second, its order says.
        """
        return self._lists(
            f"SELECT {_KEPT} FROM status_list s WHERE uri = ANY(%s) AND (issued_at ="
            " (SELECT max(issued_at) FROM status_list o WHERE o.uri = s.uri) OR issued_at IN"
            " (SELECT issued_at FROM status_list o WHERE o.uri = s.uri AND covers_until < %s"
            " ORDER BY issued_at DESC LIMIT 2)) ORDER BY uri, issued_at",
            [list(uris), at + timedelta(seconds=1)],
        )

    def keep(self, kept: KeptList, registry: str, number: int) -> None:
        """The list is kept beside those before it."""
        cursor_of(self._session).execute(
            "INSERT INTO status_list (uri, issued_at, registry_id, number, expires_at, covers_until, digest, token,"
            " entry_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                kept.uri,
                kept.issued_at,
                registry,
                number,
                kept.expires_at,
                kept.covers_until,
                kept.digest,
                kept.token,
                kept.entry_id,
            ],
        )

    def _lists(self, query: str, values: Sequence[Any]) -> list[KeptList]:
        return [KeptList(*row) for row in self._rows(query, values)]

    def _rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        cursor = cursor_of(self._session)
        cursor.execute(query, values)
        return cursor.fetchall()
