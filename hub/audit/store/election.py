"""Which node sequences, and how nodes wake each other: PostgreSQL's own locks and notifications."""

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from hub.storage.database import Database, away

SILENCE_SECONDS: Final = 10
"""How long who sequences may say nothing: many times what a turn takes, for a slow disk is no reason to change."""
_NOTICE_DARKNESS: Final = """
    SELECT set_config('tcp_keepalives_idle', '1', false), set_config('tcp_keepalives_interval', '1', false),
        set_config('tcp_keepalives_count', '2', false)
"""
"""The server frees the lock of a node whose machine has gone dark after three seconds, instead of after two hours."""
_NOTICE_SILENCE: Final = "SELECT set_config('idle_session_timeout', %s, false)"
"""So it does of a node that hangs on a machine that is up, and whose kernel answers for it. Only the connection that
holds the lock is asked to speak: it goes back to no pool."""


def _connection(database: Database) -> Connection:
    try:
        return database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except SQLAlchemyError as fault:
        raise away(fault) from fault


class Election:
    """One node at a time holds the advisory lock of a log; the database frees it when the node's connection ends."""

    def __init__(self, database: Database, origin: str) -> None:
        self._database = database
        self._key = int.from_bytes(hashlib.sha256(b"sequencer\0" + origin.encode()).digest()[:8], "big", signed=True)
        self._held: Connection | None = None

    @property
    def is_won(self) -> bool:
        """True while this node believes to hold the lock."""
        return self._held is not None

    def stand(self) -> bool:
        """True when this node holds the lock, now or still.

        Raises:
            Unavailable: the database is away; the lock is lost.
        """
        if self._held is not None:
            self._run(self._held, "SELECT 1")
            return True
        connection = _connection(self._database)
        self._run(connection, _NOTICE_DARKNESS)
        won = bool(self._run(connection, "SELECT pg_try_advisory_lock(%s)", self._key))
        if won:
            self._held = connection
            self._run(connection, _NOTICE_SILENCE, f"{SILENCE_SECONDS}s")
        else:
            connection.close()
        return won

    def _run(self, connection: Connection, statement: str, *values: Any) -> Any:
        try:
            return connection.exec_driver_sql(statement, values).scalar()
        except SQLAlchemyError as fault:
            self._held = None
            connection.invalidate()
            connection.close()
            raise away(fault) from fault

    def leave(self) -> None:
        """Another node may win."""
        if self._held is not None:
            held, self._held = self._held, None
            held.invalidate()
            held.close()


class Bell:
    """Hears the notifications of other nodes on a connection of its own.

    Raises:
        Unavailable: the database is away, or was meanwhile: the pool may hold a connection that was cut.
    """

    def __init__(self, database: Database, *channels: str) -> None:
        self._connection = _connection(database)
        try:
            for channel in channels:
                self._connection.exec_driver_sql(f'LISTEN "{channel}"')
        except SQLAlchemyError as fault:
            self.close()
            raise away(fault) from fault

    def heard(self, seconds: float) -> Iterator[str]:
        """The channels that rang within ``seconds``.

        Raises:
            Unavailable: the connection is gone.
        """
        raw: Any = self._connection.connection.driver_connection
        try:
            for notice in raw.notifies(timeout=seconds, stop_after=1):
                yield notice.channel
        except raw.Error as fault:
            raise away(fault) from fault

    def close(self) -> None:
        """The connection is closed."""
        self._connection.invalidate()
        self._connection.close()


def ring(database: Database, channel: str) -> None:
    """The nodes that listen on ``channel`` wake; the notice needs no flush of its own.

    Raises:
        Unavailable: the database is away.
    """
    with database.looking() as cursor:
        cursor.execute("SELECT set_config('synchronous_commit', 'off', true), pg_notify(%s, '')", (channel,))
