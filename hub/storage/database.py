"""PostgreSQL, one dialect everywhere: short transactions that either commit whole or leave nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from hub.errors import Malformed, Unavailable
from hub.storage.looking import AllInUseError, Lookers

DRIVER_AWAY = (psycopg.OperationalError, psycopg.InterfaceError)
"""What the driver raises for statements that did not pass through SQLAlchemy."""


def away(fault: BaseException) -> Unavailable:
    """The error for callers; what the server said to a failed connection is a note, for operators only."""
    told = Unavailable(
        "storage.database-away",
        "The database does not answer; nothing was kept. Try again when it is back.",
        "数据库无应答，未保存任何内容；请待其恢复后重试。",
    )
    said = getattr(fault, "orig", fault)
    if isinstance(said, psycopg.OperationalError) and said.sqlstate is None:
        told.add_note(str(said).strip())
    return told


class Database:
    """One PostgreSQL database. ``url`` is any ``postgresql://`` URL; the driver is always psycopg 3."""

    def __init__(self, url: str, *, pool_size: int = 20, connect_seconds: int = 5) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() != "postgresql":
            raise Malformed(
                "storage.not-postgresql",
                "HUB_DATABASE_URL must be a postgresql:// URL.",
                "HUB_DATABASE_URL 必须是 postgresql:// 地址。",
            )
        about = {"connect_timeout": connect_seconds, "application_name": "hub", "client_encoding": "UTF8"}
        self.engine: Engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=pool_size // 2,
            pool_timeout=connect_seconds,
            pool_pre_ping=False,
            connect_args=about,
        )
        _, named = self.engine.dialect.create_connect_args(self.engine.url)
        self._lookers = Lookers(
            lambda: psycopg.connect(**{**named, **about}, autocommit=True),
            most=pool_size - pool_size // 2,
            wait_seconds=connect_seconds,
        )

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: commits when the block ends, keeps nothing when it raises.

        Raises:
            Unavailable: the database went away before the commit was acknowledged.
        """
        with self._session() as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One read-only snapshot (REPEATABLE READ), so that what it reads belongs together."""
        with self._session() as session, session.begin():
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def looking(self) -> Iterator[psycopg.Cursor[Any]]:
        """A cursor outside any transaction, for hot statements, each its own snapshot and its own commit.

        Its connection is none of those that transactions use: a look does not wait behind writers.

        Raises:
            Unavailable: the database is away.
        """
        try:
            with self._lookers.cursor() as cursor:
                yield cursor
        except (AllInUseError, *DRIVER_AWAY) as fault:
            raise away(fault) from fault

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with Session(self.engine, expire_on_commit=False) as session:
                yield session
        except (OperationalError, InterfaceError, PoolTimeout, *DRIVER_AWAY) as fault:
            raise away(fault) from fault
        except DBAPIError as fault:
            if fault.connection_invalidated:
                raise away(fault) from fault
            raise

    def is_ready(self) -> bool:
        """True when a statement is answered now."""
        try:
            with self._session() as session:
                session.execute(text("SELECT 1"))
        except Unavailable:
            return False
        return True

    def close(self) -> None:
        """Every pooled connection is closed afterwards."""
        self._lookers.close()
        self.engine.dispose()
