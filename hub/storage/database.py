"""PostgreSQL, one dialect everywhere: short transactions that either commit whole or leave nothing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.errors import DiskFull, InsufficientPrivilege, UndefinedColumn, UndefinedTable
from sqlalchemy import URL, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from hub.errors import Malformed, Unavailable
from hub.storage.looking import AllInUseError, Lookers, is_quiet

DRIVER_AWAY = (psycopg.OperationalError, psycopg.InterfaceError)
"""What the driver raises for statements that did not pass through SQLAlchemy."""


GONE_SECONDS: Final = 20
_NOTICE_GONE: Final = {
    "tcp_user_timeout": GONE_SECONDS * 1000,
    "keepalives_idle": GONE_SECONDS // 2,
    "keepalives_interval": GONE_SECONDS // 4,
    "keepalives_count": 2,
}
"""A machine that vanished says nothing: who waits for it would wait for hours, and go on when it is back.
The address may name others."""

# What the server itself says to a connection has its severity, in the server's language, and two spaces in front; what
# the system or the driver says has not, but for a password that the server asked for and was not given. While it starts
# or stops it only has to be waited for.
_NO_ROOM: Final = "No space left on device"
_SAID_NO: Final = re.compile(r"failed: (?:[^\s:]+: {2}(?!the database system|数据库系统)|fe_sendauth)")


def away(fault: BaseException) -> Unavailable:
    """The error for callers; what the server said to a failed connection is a note, for operators only."""
    said = getattr(fault, "orig", fault)
    lacks_rights = isinstance(said, InsufficientPrivilege)
    is_unconnected = isinstance(said, psycopg.OperationalError) and said.sqlstate is None
    if isinstance(said, DiskFull) or (is_unconnected and _NO_ROOM in str(said)):
        told = _full()
    elif lacks_rights or (is_unconnected and _SAID_NO.search(str(said))):
        told = _refused()
    else:
        told = _no_answer()
    if lacks_rights or is_unconnected:
        told.add_note(str(said).strip())
    return told


def _no_answer() -> Unavailable:
    return Unavailable(
        "storage.database-away",
        "The database does not answer; nothing was kept. Try again when it is back.",
        "数据库无应答，未保存任何内容；请待其恢复后重试。",
    )


def _full() -> Unavailable:
    return Unavailable(
        "storage.database-full",
        "The database's disk is full; nothing was kept. Once its operator has made room, everything goes on by itself.",
        "数据库磁盘已满，未保存任何内容；运维人员腾出空间后将自动恢复。",
    )


def _other_shape() -> Unavailable:
    return Unavailable(
        "storage.other-shape",
        "The database has another shape than this program expects; start a node of this version, or run hub migrate.",
        "数据库结构与本程序版本不符；请启动该版本的节点，或执行 hub migrate。",
    )


def _refused() -> Unavailable:
    return Unavailable(
        "storage.database-refuses",
        "The database answers and refuses the hub; nothing was kept. Its operator checks user, password, database "
        "name, rights and the number of connections.",
        "数据库有应答但拒绝枢纽，未保存任何内容；请运维人员核对用户、口令、数据库名、权限与连接数。",
    )


def _address(url: str) -> URL:
    """The address, once it can only be read in one way.

    Raises:
        Malformed: it cannot; an ``@`` in a password, for one, would make the rest of it the name of a host.
    """
    with suppress(ArgumentError, ValueError, psycopg.ProgrammingError):
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql" and "@" not in (parsed.host or ""):
            make_conninfo(**{name: str(value) for name, value in parsed.query.items()})
            return parsed.set(drivername="postgresql+psycopg")
    raise Malformed(
        "storage.not-postgresql",
        "HUB_DATABASE_URL is not a PostgreSQL address; give postgresql://user:password@host:port/database, with "
        "%40 for an @ in the password.",
        "HUB_DATABASE_URL 不是 PostgreSQL 地址；请写作 postgresql://用户:口令@主机:端口/数据库，口令中的 @ 写作 %40。",
    )


def _refuse_ended(connection: psycopg.Connection[Any], *_pooled: object) -> None:
    """A pooled connection that the server has ended meanwhile is replaced, as are all that are as old."""
    if not is_quiet(connection):
        raise InvalidatePoolError


class Database:
    """One PostgreSQL database. ``url`` is any ``postgresql://`` URL; the driver is always psycopg 3."""

    def __init__(self, url: str, *, pool_size: int = 20, connect_seconds: int = 5) -> None:
        address = _address(url)
        noticing = {name: value for name, value in _NOTICE_GONE.items() if name not in address.query}
        about = {"connect_timeout": connect_seconds, "application_name": "hub", "client_encoding": "UTF8", **noticing}
        self.engine: Engine = create_engine(
            address,
            pool_size=pool_size,
            max_overflow=pool_size // 2,
            pool_timeout=connect_seconds,
            pool_pre_ping=False,
            connect_args=about,
        )
        event.listen(self.engine, "checkout", _refuse_ended)
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
            Unavailable: the database refuses the hub, or went away before the commit was acknowledged.
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
        except InsufficientPrivilege as fault:
            raise away(fault) from fault
        except DBAPIError as fault:
            if isinstance(fault.orig, InsufficientPrivilege) or fault.connection_invalidated:
                raise away(fault) from fault
            if isinstance(fault.orig, UndefinedTable | UndefinedColumn):
                raise _other_shape() from fault
            raise

    def is_ready(self) -> bool:
        """True when a statement is answered now."""
        return self.fault() is None

    def fault(self) -> Unavailable | None:
        """What keeps it from answering a statement now."""
        try:
            with self._session() as session:
                session.execute(text("SELECT 1"))
        except Unavailable as fault:
            return fault
        return None

    def close(self) -> None:
        """Every pooled connection is closed afterwards."""
        self._lookers.close()
        self.engine.dispose()
