"""Connections for single statements 单条语句连接: outside any transaction, apart from those that transactions use."""

import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


class AllInUseError(Exception):
    """Every connection was in use for too long."""


Connecting = Callable[[], psycopg.Connection[Any]]


def is_quiet(connection: psycopg.Connection[Any]) -> bool:
    """True of an idle connection that the server has not ended: it tells so, or closes, without being asked.

    Nothing is sent. A server that vanished without a word is found out by the next statement only.
    """
    if connection.closed:
        return False
    unasked = select.poll()
    unasked.register(connection.fileno(), select.POLLIN)
    return not unasked.poll(0)


class Lookers:
    """At most ``most`` connections in autocommit, the one used last first; borrowing one asks the server nothing.

    Once one of them has turned out dead, none that was open then is used again.
    """

    def __init__(self, connect: Connecting, *, most: int, wait_seconds: float) -> None:
        self._connect = connect
        self._wait_seconds = wait_seconds
        self._room = threading.BoundedSemaphore(most)
        self._idle: list[psycopg.Connection[Any]] = []
        self._generation = 0

    @contextmanager
    def cursor(self) -> Iterator[psycopg.Cursor[Any]]:
        """A cursor of a connection that nobody else uses until the block ends.

        Raises:
            AllInUseError: nobody gave one back in time.
            psycopg.OperationalError: the server is away.
        """
        if not self._room.acquire(timeout=self._wait_seconds):
            raise AllInUseError
        try:
            generation = self._generation
            connection = self._taken()
            try:
                yield connection.cursor()
            except BaseException as fault:
                connection.close()
                if isinstance(fault, psycopg.OperationalError | psycopg.InterfaceError):
                    self.close()
                raise
            if generation == self._generation:
                self._idle.append(connection)
            else:
                connection.close()
        finally:
            self._room.release()

    def _taken(self) -> psycopg.Connection[Any]:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._connect()
            if is_quiet(connection):
                return connection
            connection.close()

    def close(self) -> None:
        """Every idle connection is closed; those in use are when they come back."""
        self._generation += 1
        while self._idle:
            self._idle.pop().close()
