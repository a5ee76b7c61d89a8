"""Databases for tests, each like new: what one test left is emptied for the next, far cheaper than making another."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import URL

from hub.storage.embedded import address_of

# What is made, changed or dropped in a database is written into its catalogues, large objects and what ANALYZE found
# too, and the server counts such writes; a session that ended has told its own. What is said of the database as a
# whole stands in catalogues of the server.
_CHANGED: Final = """
    SELECT sum(pg_stat_get_tuples_inserted(oid) + pg_stat_get_tuples_updated(oid) + pg_stat_get_tuples_deleted(oid)) > 0
        OR (SELECT datistemplate OR NOT datallowconn OR datconnlimit <> -1 OR datacl IS NOT NULL OR datdba <> 10
            OR EXISTS (SELECT FROM pg_db_role_setting WHERE setdatabase = d.oid)
            OR shobj_description(d.oid, 'pg_database') IS NOT NULL
            FROM pg_database d WHERE datname = current_database())
    FROM pg_class WHERE oid < 16384 AND relkind = 'r' AND NOT relisshared
"""
_EMPTY: Final = """
    DO $$
    DECLARE used text := (
        SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
        WHERE relkind = 'r' AND oid >= 16384 AND (pg_relation_size(oid) > 0 OR relpages > 0 OR reltuples >= 0));
    BEGIN
        IF used IS NOT NULL THEN
            SET LOCAL session_replication_role = replica;
            EXECUTE 'TRUNCATE ' || used || ' CASCADE';
        END IF;
        PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL;
    END $$
"""
_COUNT_ANEW: Final = ("SELECT pg_stat_force_next_flush()", "SELECT pg_stat_reset()")
_NO_ROWS: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff"
_TABLES: Final = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND oid >= 16384 ORDER BY 1"
_SEQUENCES: Final = "SELECT seqrelid, pg_sequence_last_value(seqrelid) FROM pg_sequence ORDER BY 1"


@dataclass(frozen=True)
class Contents:
    """What a template holds: the rows of its tables as COPY writes them, and the last values of its sequences."""

    rows: dict[str, bytes]
    values: list[tuple[int, int]]

    @classmethod
    def of(cls, url: str) -> "Contents":
        """What the database at ``url`` holds."""
        rows = {}
        with psycopg.connect(url, autocommit=True) as connection:
            for (table,) in connection.execute(_TABLES).fetchall():
                with connection.cursor().copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copy:
                    content = b"".join(bytes(part) for part in copy)
                if len(content) > len(_NO_ROWS):
                    rows[table] = content
            return cls(rows, [each for each in connection.execute(_SEQUENCES).fetchall() if each[1] is not None])

    def put(self, connection: psycopg.Connection) -> None:
        """An emptied clone of the template holds the same."""
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            for table, content in self.rows.items():
                with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
                    copy.write(content)
            for sequence, value in self.values:
                connection.execute("SELECT setval(%s::oid::regclass, %s)", [sequence, value])


class Databases:
    """The databases of one server that tests use one after the other, all clones of a template."""

    def __init__(self, server: URL, template: str) -> None:
        self._server = server
        self._template = template
        self._admin = psycopg.connect(address_of(server), autocommit=True)
        self._contents: Contents | None = None
        self._left: list[str] = []

    def close(self) -> None:
        """Whoever stops the server takes the databases with it."""
        self._admin.close()

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The URL of a database that is the template's like until the block ends, under a name that none ever had.

        Nobody who is left over from an earlier use comes back to it: sessions were ended, and then its name changed.
        """
        name = f"t_{secrets.token_hex(6)}"
        if not self._left or not self._renewed(self._left.pop(0), name):
            self._tell("CREATE DATABASE {} TEMPLATE {}", name, self._template)
        yield address_of(self._server.set(database=name))
        self._left.append(name)

    def _renewed(self, left: str, name: str) -> bool:
        """Whether the database that was called ``left`` is like new under its new name; it is gone otherwise."""
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        self._admin.execute(ended, [left])
        try:
            self._tell("ALTER DATABASE {} RENAME TO {}", left, name)
        except psycopg.errors.ObjectInUse:
            self._tell("DROP DATABASE {} WITH (FORCE)", left)
            return False
        if not (is_emptied := self._emptied(name)):
            self._tell("DROP DATABASE {} WITH (FORCE)", name)
        return is_emptied

    def _emptied(self, name: str) -> bool:
        try:
            with psycopg.connect(address_of(self._server.set(database=name)), autocommit=True) as connection:
                (is_changed,) = connection.execute(_CHANGED).fetchone() or (True,)
                if not is_changed:
                    connection.execute(_EMPTY)
                    self._template_contents().put(connection)
                    for statement in _COUNT_ANEW:
                        connection.execute(statement)
                return not is_changed
        except psycopg.Error:
            return False

    def _template_contents(self) -> Contents:
        if self._contents is None:
            self._contents = Contents.of(address_of(self._server.set(database=self._template)))
        return self._contents

    def _tell(self, statement: Any, *names: str) -> None:
        self._admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
