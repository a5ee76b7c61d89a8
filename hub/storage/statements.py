"""Statements sent straight through the driver, inside the session's own transaction: for the hot paths and COPY."""

from typing import Any

from psycopg import Connection, Cursor
from sqlmodel import Session


def cursor_of(session: Session) -> Cursor[Any]:
    """A psycopg cursor in the transaction of ``session``; it commits and rolls back with it."""
    driver: Connection[Any] = session.connection().connection.driver_connection  # type: ignore[assignment]
    return driver.cursor()
