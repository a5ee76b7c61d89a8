"""Statements sent straight through the driver, inside the session's own transaction: for the hot paths and COPY."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from psycopg import Connection, Cursor
from sqlmodel import Session

PORTION: Final = 2_000


def cursor_of(session: Session) -> Cursor[Any]:
    """A psycopg cursor in the transaction of ``session``; it commits and rolls back with it."""
    return _driver_of(session).cursor()


@contextmanager
def streaming_cursor(session: Session, query: str, values: Any) -> Iterator[Iterator[Any]]:
    """The rows of ``query``, which stay at the server but for a portion at a time, however many they are."""
    with _driver_of(session).cursor(name="portions") as cursor:
        cursor.itersize = PORTION
        cursor.execute(query, values)
        yield iter(cursor)


def _driver_of(session: Session) -> Connection[Any]:
    driver: Connection[Any] = session.connection().connection.driver_connection  # type: ignore[assignment]
    return driver
