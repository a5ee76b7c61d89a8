"""Statements run on the session's own connection without the toolkit between: the log's path is the hot one.

An ORM session costs about a third of a millisecond a statement, the driver a tenth of that.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NewType

import psycopg
from sqlmodel import Session

from hub.errors import Broken, HubError
from hub.storage.database import DRIVER_AWAY, away

Statement = NewType("Statement", str)
_PLACEHOLDER: Final = re.compile(r"(?<!:):([a-z_]+)")


def statement(text: str) -> Statement:
    """SQL whose values are written ``:name``."""
    return Statement(_PLACEHOLDER.sub(r"%(\1)s", text.replace("%", "%%")))


def run(session: Session, sql: Statement, **values: Any) -> Any:
    """The driver's cursor after running ``sql`` inside the session's transaction.

    Raises:
        Unavailable: the database went away.
    """
    connection: Any = session.connection().connection.driver_connection
    try:
        return connection.cursor(binary=True).execute(sql, values)
    except psycopg.Error as fault:
        raise _translated(fault) from fault


@contextmanager
def pipelined(session: Session) -> Iterator[None]:
    """Statements run inside are sent together; their results are there when the block ends.

    Raises:
        Unavailable: the database went away.
        Broken: it refused one of them.
    """
    connection: Any = session.connection().connection.driver_connection
    try:
        with connection.pipeline():
            yield
    except psycopg.Error as fault:
        raise _translated(fault) from fault


def _translated(fault: psycopg.Error) -> HubError:
    if isinstance(fault, DRIVER_AWAY):
        return away(fault)
    return Broken(
        "audit.statement-refused",
        f"The database refused a statement of the log ({fault.sqlstate}); run the verification to see what is wrong.",
        f"数据库拒绝执行日志语句（{fault.sqlstate}）；请运行核验查明原因。",
    )
