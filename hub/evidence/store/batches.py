"""The chain of batches of each registry: how far it came, and what every batch was answered."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from psycopg.errors import LockNotAvailable
from psycopg.types.json import Jsonb
from sqlmodel import Session

from hub.errors import Unavailable
from hub.evidence.model import BatchAnswer, Cursor, Manifest
from hub.storage.statements import cursor_of

LOCK_SECONDS = 30
"""A batch waits so long for the one before it to be placed; while it does it holds a connection."""


class BatchStore:
    """Batches in one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self, registry: str) -> Cursor:
        """Where the registry's chain stands; nobody else moves it until this transaction ends.

        Raises:
            Unavailable: another batch of the registry is being taken in.
        """
        cursor = cursor_of(self._session)
        try:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            cursor.execute(
                "INSERT INTO registry_state (registry_id, sequence, cursors, read_at) VALUES (%s, 0, '{}', '{}')"
                " ON CONFLICT DO NOTHING",
                [registry],
            )
            found = self._cursor(registry, " FOR UPDATE")
            cursor.execute("SET LOCAL lock_timeout = 0")
        except LockNotAvailable:
            raise Unavailable(
                "intake.registry-busy",
                "Another batch of this registry is being taken in; push again when it is done.",
                "该登记库的另一批次正在接收；请待其完成后重试。",
                registry=registry,
            ) from None
        return found

    def cursor_for(self, registry: str) -> Cursor:
        """Where the registry's chain stands."""
        return self._cursor(registry, "")

    def answer_for(self, registry: str, sequence: int) -> tuple[str, BatchAnswer] | None:
        """The manifest digest and the answer of an accepted batch, or None."""
        cursor = cursor_of(self._session)
        cursor.execute(
            "SELECT digest, answer FROM batch WHERE registry_id = %s AND sequence = %s", [registry, sequence]
        )
        row = cursor.fetchone()
        return None if row is None else (row[0], BatchAnswer(**row[1]))

    def keep(self, manifest: Manifest, answer: BatchAnswer, entry_id: str, now: datetime) -> None:
        """The batch is accepted and the chain one longer."""
        cursor = cursor_of(self._session)
        cursor.execute(
            "INSERT INTO batch (registry_id, sequence, digest, export, manifest, answer, entry_id, accepted_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                manifest.registry,
                manifest.sequence,
                manifest.digest,
                manifest.export,
                manifest.jws,
                Jsonb(asdict(answer)),
                entry_id,
                now,
            ],
        )
        cursor.execute(
            "UPDATE registry_state SET sequence = %s, manifest_digest = %s, cursors = cursors || %s,"
            " read_at = read_at || %s WHERE registry_id = %s",
            [
                manifest.sequence,
                manifest.digest,
                Jsonb({manifest.export: manifest.cursor}),
                Jsonb({manifest.export: int(manifest.read_at.timestamp())}),
                manifest.registry,
            ],
        )

    def freshness(self) -> dict[str, dict[str, int]]:
        """When each export of each registry was last read at its source, in seconds since 1970."""
        cursor = cursor_of(self._session)
        cursor.execute("SELECT registry_id, read_at FROM registry_state WHERE sequence > 0")
        return dict(cursor.fetchall())

    def _cursor(self, registry: str, lock: str) -> Cursor:
        cursor = cursor_of(self._session)
        cursor.execute(
            f"SELECT sequence, manifest_digest, cursors FROM registry_state WHERE registry_id = %s{lock}", [registry]
        )
        row: Any = cursor.fetchone()
        return Cursor(registry) if row is None else Cursor(registry, *row)
