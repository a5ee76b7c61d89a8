"""Reads and keeps evidence inside the caller's transaction; on the hot paths straight through psycopg."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from hub.evidence.model import HeldEvidence, Link, Status
from hub.evidence.rules import DEATH_TYPES
from hub.identity.model import Move
from hub.identity.store.merged import every_id_of
from hub.proof.sdjwt import SdJwt, parse_trusted_sd_jwt
from hub.proof.sealing import Blinder, KeyRing
from hub.storage.statements import cursor_of

STANDING: Final = (Status.valid.value, Status.reversed.value)
PAGE: Final = 10_000

HELD: Final = """e.evidence_id, l.subject_id, l.role, e.type, e.issuer, e.registry_id, e.export, e.record, e.kid,
 e.as_of, e.valid_from, e.valid_until, e.status, e.digest, e.sealed"""
# OFFSET 0 holds the planner to reading the links first. Until a table that was just filled is analysed it would rather
# read all evidence there is and look for each piece among the subjects.
_OF_LINKS: Final = f"""SELECT {HELD} FROM evidence_link l CROSS JOIN LATERAL (
 SELECT * FROM evidence WHERE evidence_id = l.evidence_id{{conditions}} OFFSET 0) e
WHERE l.subject_id = ANY ({every_id_of("%s::text[]")}) ORDER BY e.as_of, e.evidence_id"""
_REVERSALS: Final = f"""SELECT DISTINCT asked FROM unnest(%s::text[]) AS asked CROSS JOIN LATERAL (
 SELECT evidence_id FROM evidence_link WHERE subject_id = ANY ({every_id_of("ARRAY[asked]")}) OFFSET 0) l
CROSS JOIN LATERAL (SELECT FROM evidence WHERE evidence_id = l.evidence_id AND type = ANY(%s)
 AND (tells_reversal AND status = 'valid' OR status = 'reversed') OFFSET 0) e"""
_MEMBERS: Final = tuple(member.name for member in fields(HeldEvidence))
_COLUMNS: Final = (
    ("evidence_id", "text"),
    ("registry_id", "text"),
    ("export", "text"),
    ("record", "text"),
    ("content", "text"),
    ("type", "text"),
    ("issuer", "text"),
    ("kid", "text"),
    ("batch", "int4"),
    ("line", "int4"),
    ("as_of", "timestamptz"),
    ("valid_from", "timestamptz"),
    ("valid_until", "timestamptz"),
    ("status", "text"),
    ("reason", "text"),
    ("changed_at", "timestamptz"),
    ("list_uri", "text"),
    ("list_index", "int4"),
    ("tells_reversal", "bool"),
    ("household", "bytea"),
    ("digest", "bytea"),
    ("sealed", "bytea"),
)
_COPY: Final = f"COPY evidence ({', '.join(name for name, _ in _COLUMNS)}) FROM STDIN (FORMAT BINARY)"
_TYPES: Final = [kind for _, kind in _COLUMNS]


@dataclass(frozen=True, slots=True)
class Vault:
    """What seals evidence at rest, and what makes look-up keys that say nothing without the secret."""

    keyring: KeyRing
    blinder: Blinder

    def seal(self, evidence_id: str, token: bytes) -> bytes:
        """The token, sealed for that one row."""
        return self.keyring.seal(token, context=f"evidence|{evidence_id}")

    def open(self, evidence_id: str, sealed: bytes) -> SdJwt:
        """The evidence of that row, as it was verified when it came in.

        Raises:
            Broken: the row was altered or moved.
        """
        return parse_trusted_sd_jwt(self.keyring.open(sealed, context=f"evidence|{evidence_id}"))

    def household(self, head_number: str) -> bytes:
        """The look-up key of everybody registered under one head of household 户主."""
        return self.blinder.key("household", head_number)


@dataclass(frozen=True, slots=True)
class Standing:
    """The evidence of a record that stands now."""

    evidence_id: str
    content: str
    kid: str


@dataclass(frozen=True, slots=True)
class NewEvidence:
    """A row to keep."""

    evidence_id: str
    registry: str
    export: str
    record: str
    content: str
    type: str
    issuer: str
    kid: str
    batch: int
    line: int
    as_of: datetime
    valid_from: datetime | None
    valid_until: datetime | None
    kept_at: datetime
    list_uri: str | None
    list_index: int | None
    tells_reversal: bool
    household: bytes | None
    digest: bytes
    sealed: bytes

    def values(self) -> tuple[Any, ...]:
        """The columns in the table's order."""
        return (
            self.evidence_id,
            self.registry,
            self.export,
            self.record,
            self.content,
            self.type,
            self.issuer,
            self.kid,
            self.batch,
            self.line,
            self.as_of,
            self.valid_from,
            self.valid_until,
            Status.valid.value,
            "",
            self.kept_at,
            self.list_uri,
            self.list_index,
            self.tells_reversal,
            self.household,
            self.digest,
            self.sealed,
        )


class EvidenceStore:
    """Evidence in one session."""

    def __init__(self, session: Session, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    def of_subjects(
        self, subject_ids: Sequence[str], types: Iterable[str] | None = None, *, every_status: bool = False
    ) -> list[HeldEvidence]:
        """What is held about those subjects (of those types, when given), the newest last; one statement.

        Only what is valid, unless ``every_status``. A subject answers for those merged into it.
        """
        conditions = "" if every_status else " AND status = 'valid'"
        values: list[Any] = [list(subject_ids)]
        if types is not None:
            conditions += " AND type = ANY(%s)"
            values.insert(0, list(types))
        return self._held(_OF_LINKS.format(conditions=conditions), values)

    def of_household(self, household: bytes) -> list[HeldEvidence]:
        """The valid residents' evidence of one household."""
        query = f"SELECT {HELD} FROM evidence e JOIN evidence_link l USING (evidence_id)"
        return self._held(f"{query} WHERE e.household = %s AND e.status = 'valid' ORDER BY e.evidence_id", [household])

    def open(self, held: HeldEvidence) -> SdJwt:
        """The evidence itself.

        Raises:
            Broken: the row was altered or moved.
        """
        return self._vault.open(held.evidence_id, held.sealed)

    def links_of(self, evidence_ids: Sequence[str]) -> list[Link]:
        """Everyone those pieces of evidence are about."""
        cursor = cursor_of(self._session)
        cursor.execute(
            "SELECT subject_id, evidence_id, role FROM evidence_link WHERE evidence_id = ANY(%s) ORDER BY role",
            [list(evidence_ids)],
        )
        return [Link(*row) for row in cursor.fetchall()]

    def deaths_of(self, subject_ids: Sequence[str]) -> list[HeldEvidence]:
        """Every death and reversal about those subjects, taken back or not."""
        held = self.of_subjects(subject_ids, DEATH_TYPES, every_status=True)
        return [each for each in held if each.status.value in STANDING]

    def standing(self, registry: str, records: Sequence[str]) -> dict[str, Standing]:
        """What stands for those records, by record."""
        cursor = cursor_of(self._session)
        cursor.execute(
            "SELECT record, evidence_id, content, kid FROM evidence"
            " WHERE registry_id = %s AND record = ANY(%s) AND status IN ('valid', 'reversed')",
            [registry, list(records)],
        )
        return {row[0]: Standing(*row[1:]) for row in cursor.fetchall()}

    def living(self, registry: str, export: str) -> int:
        """How many records of the export stand."""
        cursor = cursor_of(self._session)
        cursor.execute(
            "SELECT count(*) FROM evidence WHERE registry_id = %s AND export = %s AND status IN ('valid', 'reversed')",
            [registry, export],
        )
        return int(cursor.fetchall()[0][0])

    def records_after(self, registry: str, export: str, last: str) -> list[tuple[str, str]]:
        """The next page of (record, content) that stand, by record."""
        cursor = cursor_of(self._session)
        cursor.execute(
            "SELECT record, content FROM evidence WHERE registry_id = %s AND export = %s AND record > %s"
            " AND status IN ('valid', 'reversed') ORDER BY record LIMIT %s",
            [registry, export, last, PAGE],
        )
        return cursor.fetchall()

    def keep(self, rows: Iterable[NewEvidence]) -> None:
        """The rows are kept, all valid."""
        cursor = cursor_of(self._session)
        with cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for row in rows:
                copy.write_row(row.values())

    def link(self, links: Iterable[Link]) -> None:
        """The links are kept."""
        cursor = cursor_of(self._session)
        with cursor.copy("COPY evidence_link (subject_id, evidence_id, role) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["text", "text", "text"])
            for each in links:
                copy.write_row((each.subject_id, each.evidence_id, each.role))

    def follow(self, moves: Iterable[Move]) -> None:
        """What identity decided anew about a mention holds for the evidence of its record."""
        cursor_of(self._session).executemany(
            "UPDATE evidence_link l SET subject_id = %s FROM evidence e WHERE e.registry_id = %s AND e.record = %s"
            " AND e.status IN ('valid', 'reversed') AND l.evidence_id = e.evidence_id AND l.role = %s",
            [(move.to_subject, move.registry, move.record, move.role) for move in moves],
        )

    def end(self, evidence_ids: Sequence[str], status: Status, reason: str, now: datetime) -> None:
        """Those pieces of evidence have that status from ``now``."""
        cursor = cursor_of(self._session)
        cursor.execute(
            "UPDATE evidence SET status = %s, reason = %s, changed_at = %s WHERE evidence_id = ANY(%s)",
            [status.value, reason, now, list(evidence_ids)],
        )

    def with_reversals(self, subject_ids: Sequence[str]) -> list[str]:
        """Those of the subjects about whom a reversal stands, or a death is taken back."""
        cursor = cursor_of(self._session)
        cursor.execute(_REVERSALS, [list(subject_ids), sorted(DEATH_TYPES)])
        return [row[0] for row in cursor.fetchall()]

    def _held(self, query: str, values: Sequence[Any]) -> list[HeldEvidence]:
        cursor = cursor_of(self._session)
        cursor.execute(query, values, binary=True)
        return [held_in(row) for row in cursor.fetchall()]


def held_in(row: Sequence[Any]) -> HeldEvidence:
    """The evidence in a row of the columns ``HELD``."""
    members = dict(zip(_MEMBERS, row, strict=True))
    return HeldEvidence(**members | {"status": Status(members["status"])})
