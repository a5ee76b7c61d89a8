"""Statements run on the session's own connection without the toolkit between: the log's path is the hot one.

An ORM session costs about a third of a millisecond a statement, the driver a tenth of that.
"""

import re
from typing import Any, Final, NewType

import psycopg
from sqlmodel import Session

from hub.errors import Unavailable

Statement = NewType("Statement", str)
_PLACEHOLDER: Final = re.compile(r"(?<!:):([a-z_]+)")


def statement(text: str) -> Statement:
    """SQL whose values are written ``:name``."""
    return Statement(_PLACEHOLDER.sub(r"%(\1)s", text.replace("%", "%%")))


def away() -> Unavailable:
    """The database does not answer."""
    return Unavailable(
        "storage.database-away",
        "The database does not answer; nothing was kept. Try again when it is back.",
        "数据库无应答，未保存任何内容；请待其恢复后重试。",
    )


def run(session: Session, sql: Statement, **values: Any) -> Any:
    """The driver's cursor after running ``sql`` inside the session's transaction.

    Raises:
        Unavailable: the database went away.
    """
    connection: Any = session.connection().connection.driver_connection
    try:
        return connection.cursor(binary=True).execute(sql, values)
    except psycopg.OperationalError as fault:
        raise away() from fault
