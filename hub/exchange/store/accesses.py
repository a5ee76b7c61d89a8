"""What happened about a subject, line by line, and the orders that keep lines back; reads and keeps only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import orjson
from sqlmodel import Session

from hub.exchange.bundle import spoken_claims
from hub.exchange.views import Deferral, Line, told_of_exchange
from hub.proof.encoding import b64url, b64url_decode
from hub.proof.sealing import KeyRing
from hub.storage.statements import cursor_of

_CHAINS: Final = """
SELECT subject_id, max(n) FROM subject_access WHERE subject_id = ANY(%s) GROUP BY subject_id
ORDER BY min(at), subject_id"""
_LINES: Final = """
SELECT a.n, a.at, a.sealed, a.parted_to, x.exchange_id, x.consumer, x.case_ref, x.entry_id, x.sealed, x.erased_by,
 e.content
FROM subject_access a LEFT JOIN exchange x USING (exchange_id)
LEFT JOIN log_entry e ON x.erased_by IS NOT NULL AND e.entry_id = x.entry_id
WHERE a.subject_id = %s AND a.n > %s ORDER BY a.n LIMIT %s"""
_ASKED: Final = """
SELECT a.exchange_id FROM subject_access a JOIN exchange x ON x.exchange_id = a.exchange_id
WHERE a.subject_id = ANY(%s) AND a.sealed IS NULL AND a.parted_to IS NULL AND x.erased_by IS NULL
ORDER BY a.at, a.n"""
_PART: Final = """
UPDATE subject_access a SET parted_to = %s FROM exchange x WHERE x.exchange_id = %s AND a.exchange_id = x.exchange_id
 AND a.at = x.at AND a.sealed IS NULL"""
_CARRY: Final = """
INSERT INTO subject_access (subject_id, n, exchange_id, at, sealed)
SELECT %s, %s, exchange_id, at, %s FROM exchange WHERE exchange_id = %s"""
_IS_SHOWN: Final = """
SELECT 1 FROM subject_access a JOIN exchange x ON x.exchange_id = a.exchange_id AND x.at = a.at
WHERE x.exchange_id = %s AND a.subject_id = ANY(%s) LIMIT 1"""
_DEFERRAL: Final = "deferral_id, consumer, case_ref, until, ordered_at, ordered_by, ended_at, entry_id"


class AccessStore:
    """Lines and deferrals in one session."""

    def __init__(self, session: Session, keyring: KeyRing) -> None:
        self._session = session
        self._keyring = keyring

    def chains(self, subject_ids: Sequence[str]) -> list[tuple[str, int]]:
        """Each of those subjects about whom there are lines, with the number of its last one; the oldest first."""
        cursor = cursor_of(self._session)
        cursor.execute(_CHAINS, [list(subject_ids)])
        return cursor.fetchall()

    def lines(self, subject_id: str, after: int, limit: int) -> list[Line]:
        """The subject's lines after that number, in their order."""
        cursor = cursor_of(self._session)
        cursor.execute(_LINES, [subject_id, after, limit])
        return [self._line(subject_id, row) for row in cursor.fetchall()]

    def _line(self, subject_id: str, row: Sequence[Any]) -> Line:
        n, at, own, parted_to, exchange_id, consumer, case, entry_id, sealed, erased_by, content = row
        line: Line | None = None
        if exchange_id is not None and erased_by is None:
            line = self._exchange_line(n, at, (exchange_id, consumer, case, entry_id), sealed)
        elif exchange_id is not None:
            entry = content or self.entry(entry_id)
            line = Line(n, at, entry_id, entry, consumer=consumer, erased_by=erased_by)
        if own is None and line is not None:
            return replace(line, parted_to=parted_to)
        said = orjson.loads(self._keyring.open(own, context=_place(subject_id, n)))
        return self._own_line(n, at, said, line)

    def _exchange_line(self, n: int, at: datetime, named: tuple[str, str, str, str], sealed: bytes) -> Line:
        exchange_id, consumer, case, entry_id = named
        said = orjson.loads(self._keyring.open(sealed, context=f"exchange|{exchange_id}"))
        told = told_of_exchange(
            {"exchange": exchange_id, "at": int(at.timestamp())},
            spoken_claims(said["request"]),
            spoken_claims(said["answer"]),
        )
        entry, salt = b64url_decode(said["entry"]), b64url_decode(said["salt"])
        return Line(n, at, entry_id, entry, salt, told, consumer, case)

    @staticmethod
    def _own_line(n: int, at: datetime, said: Mapping[str, Any], carried: Line | None) -> Line:
        """The line of an entry of its own; ``carried``: the exchange that it brings over, which may be erased."""
        entry, salt = b64url_decode(said["entry"]), b64url_decode(said["salt"])
        own = Line(n, at, said["entry_id"], entry, salt, said["told"])
        if carried is None:
            return own
        return replace(own, consumer=carried.consumer, case=carried.case, erased_by=carried.erased_by, carried=carried)

    def keep_line(self, subject_id: str, line: Line) -> None:
        """A line that is no exchange is kept, sealed."""
        cursor_of(self._session).execute(
            "INSERT INTO subject_access (subject_id, n, at, sealed) VALUES (%s, %s, %s, %s)",
            [subject_id, line.n, line.at, self._sealed(subject_id, line)],
        )

    def carry(self, subject_id: str, line: Line, exchange_id: str) -> None:
        """A line that brings over that exchange is kept, at the instant of the exchange."""
        sealed = self._sealed(subject_id, line)
        cursor_of(self._session).execute(_CARRY, [subject_id, line.n, sealed, exchange_id])

    def _sealed(self, subject_id: str, line: Line) -> bytes:
        said = {
            "entry_id": line.entry_id,
            "entry": b64url(line.entry),
            "salt": b64url(line.salt or b""),
            "told": line.told,
        }
        return self._keyring.seal(orjson.dumps(said), context=_place(subject_id, line.n))

    def asked_about(self, subject_ids: Sequence[str]) -> list[str]:
        """Every exchange that is a line of those subjects, is not erased, and was not found to be another's."""
        cursor = cursor_of(self._session)
        cursor.execute(_ASKED, [list(subject_ids)])
        return [row[0] for row in cursor.fetchall()]

    def is_shown(self, exchange_id: str, subject_ids: Sequence[str]) -> bool:
        """True when one of those subjects has that exchange in its view."""
        cursor = cursor_of(self._session)
        cursor.execute(_IS_SHOWN, [exchange_id, list(subject_ids)])
        return cursor.fetchone() is not None

    def part(self, exchange_id: str, owner: str) -> None:
        """The line that the exchange was is somebody else's: it stays where it is, withheld from whoever is not."""
        cursor_of(self._session).execute(_PART, [owner, exchange_id])

    def keep_deferral(self, deferral: Deferral, basis: Mapping[str, str]) -> None:
        """The order is kept; ``basis``, with the salt of its commitments, sealed."""
        sealed = self._keyring.seal(orjson.dumps(basis), context=f"deferral|{deferral.deferral_id}")
        cursor_of(self._session).execute(
            f"INSERT INTO deferral ({_DEFERRAL}, sealed) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                deferral.deferral_id,
                deferral.consumer,
                deferral.case,
                deferral.until,
                deferral.ordered_at,
                deferral.ordered_by,
                deferral.ended_at,
                deferral.entry_id,
                sealed,
            ],
        )

    def deferrals(self, consumer: str, case: str, *, locked: bool = False) -> list[Deferral]:
        """Every order about that case, the oldest first; ``locked``: nobody adds or ends one until the end."""
        if locked:
            cursor_of(self._session).execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"deferral|{consumer}|{case}"]
            )
        return self._deferrals("consumer = %s AND case_ref = %s ORDER BY ordered_at", [consumer, case])

    def count_of(self, consumer: str, case: str) -> int:
        """How many exchanges of that case there are."""
        cursor = cursor_of(self._session)
        cursor.execute("SELECT count(*) FROM exchange WHERE consumer = %s AND case_ref = %s", [consumer, case])
        ((count,),) = cursor.fetchall()
        return int(count)

    def deferral_for(self, deferral_id: str) -> Deferral | None:
        """The order of that id, or None."""
        found = self._deferrals("deferral_id = %s", [deferral_id])
        return found[0] if found else None

    def find_deferrals(self, limit: int) -> list[Deferral]:
        """The newest orders, whether in force or not."""
        return self._deferrals("true ORDER BY ordered_at DESC LIMIT %s", [limit])

    def end_deferrals(self, consumer: str, case: str, now: datetime) -> None:
        """No order about that case is in force any longer."""
        cursor_of(self._session).execute(
            "UPDATE deferral SET ended_at = %s WHERE consumer = %s AND case_ref = %s AND ended_at IS NULL",
            [now, consumer, case],
        )

    def _deferrals(self, condition: str, values: Sequence[Any]) -> list[Deferral]:
        cursor = cursor_of(self._session)
        cursor.execute(f"SELECT {_DEFERRAL} FROM deferral WHERE {condition}", values)
        return [Deferral(*row) for row in cursor.fetchall()]

    def subject_of(self, exchange_id: str) -> str | None:
        """The subject whom that exchange was about, or None."""
        cursor = cursor_of(self._session)
        cursor.execute(
            "SELECT a.subject_id FROM exchange x JOIN subject_access a ON a.at = x.at AND a.exchange_id = x.exchange_id"
            " WHERE x.exchange_id = %s ORDER BY a.parted_to IS NOT NULL, a.sealed IS NOT NULL LIMIT 1",
            [exchange_id],
        )
        row = cursor.fetchone()
        return None if row is None else str(row[0])

    def entry(self, entry_id: str) -> bytes:
        """The bytes of that entry of the log, queued or in it; nothing when there is none."""
        cursor = cursor_of(self._session)
        cursor.execute(
            "SELECT content FROM log_entry WHERE entry_id = %s UNION ALL SELECT content FROM log_queue"
            " WHERE entry_id = %s",
            [entry_id, entry_id],
        )
        row = cursor.fetchone()
        return b"" if row is None else bytes(row[0])


def _place(subject_id: str, n: int) -> str:
    return f"access|{subject_id}|{n}"
