"""Sealed columns under a new key 密钥轮换: row by row, while everything else goes on, as often interrupted as may be.

The rows themselves say under which key they are, so there is no state to lose: whoever is killed half-way runs again.
A portion is one short transaction; rows that somebody else holds are left for the next pass.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.errors import Broken
from hub.proof.sealing import KeyRing
from hub.storage.database import Database
from hub.storage.statements import cursor_of

PORTION: Final = 500


@dataclass(frozen=True)
class SealedColumn:
    """Where sealed content stands: the table's key columns, in order, make the context that it was sealed for."""

    table: str
    key: tuple[str, ...]
    column: str
    context: Callable[..., str]

    @property
    def name(self) -> str:
        """The column as people are told of it."""
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Portion:
    """What one transaction did: rows now under the current key, and rows that do not open."""

    column: str
    resealed: int
    damaged: int


class Resealer:
    """Brings the sealed columns of one database under the ring's current key."""

    def __init__(self, database: Database, keyring: KeyRing, columns: Sequence[SealedColumn]) -> None:
        self._database = database
        self._keyring = keyring
        self._columns = columns

    def counted(self) -> dict[str, Counter[str]]:
        """How many rows stand under which key, by column; content that was erased stands under none."""
        with self._database.reading() as session:
            return {column.name: self._counted(cursor_of(session), column) for column in self._columns}

    @staticmethod
    def _counted(cursor: Any, column: SealedColumn) -> Counter[str]:
        cursor.execute(
            f"SELECT substring({column.column} FROM 3 FOR get_byte({column.column}, 1)), count(*) FROM {column.table}"
            f" WHERE length({column.column}) > 2 GROUP BY 1"
        )
        return Counter({bytes(key).decode("utf-8", "replace"): count for key, count in cursor.fetchall()})

    def portions(self) -> Iterator[Portion]:
        """Each portion as it is done, one pass over every column; nothing is left where nobody else held a row."""
        for column in self._columns:
            last: tuple[Any, ...] | None = None
            while True:
                done, last = self._portion(column, last)
                if done.resealed or done.damaged:
                    yield done
                if last is None:
                    break

    def _portion(self, column: SealedColumn, after: tuple[Any, ...] | None) -> tuple[Portion, tuple[Any, ...] | None]:
        """One transaction over the next rows under another key, in the order of their key, and where it ended."""
        keys = ", ".join(f'"{name}"' for name in column.key)
        beyond = f"({keys}) > ({', '.join(['%s'] * len(column.key))}) AND " if after else ""
        prefix = self._keyring.prefix
        with self._database.writing() as session:
            cursor = cursor_of(session)
            cursor.execute(
                f"SELECT {keys}, {column.column} FROM {column.table} WHERE {beyond}length({column.column}) > 2"
                f" AND substring({column.column} FROM 1 FOR %s) <> %s ORDER BY {keys} LIMIT %s FOR UPDATE SKIP LOCKED",
                [*(after or ()), len(prefix), prefix, PORTION],
            )
            rows = cursor.fetchall()
            fresh = [(self._resealed(column, row), *row[:-1]) for row in rows]
            opened = [row for row in fresh if row[0] is not None]
            where = " AND ".join(f'"{name}" = %s' for name in column.key)
            cursor.executemany(f"UPDATE {column.table} SET {column.column} = %s WHERE {where}", opened)
        last = tuple(rows[-1][:-1]) if len(rows) == PORTION else None
        return Portion(column.name, len(opened), len(fresh) - len(opened)), last

    def _resealed(self, column: SealedColumn, row: Sequence[Any]) -> bytes | None:
        try:
            return self._keyring.reseal(bytes(row[-1]), context=column.context(*row[:-1]))
        except Broken as fault:
            if fault.code == "proof.sealing-key-missing":
                raise
            return None


def total(counted: Mapping[str, Counter[str]]) -> Counter[str]:
    """How many rows stand under which key, in all columns together."""
    return sum(counted.values(), Counter[str]())
