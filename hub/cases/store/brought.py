"""Keeps papers brought once: each file sealed, in parts, and stored once whoever brings it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from hub.cases.model import BroughtMaterial
from hub.cases.store.merged import Owners, owners_of
from hub.cases.tables import BROUGHT, CHUNK, FILE
from hub.proof.sdjwt import parse_trusted_sd_jwt
from hub.proof.sealing import KeyRing
from hub.storage.statements import cursor_of

_PAPER: Final = (
    *("material_id", "subject_id", "kind", "issued_on", "valid_until", "brought_on"),
    *("case_number", "consumer"),
)
_BROUGHT: Final = """SELECT e.sealed, b.evidence_id, b.material_id, b.subject_id, b.kind,
 b.issued_on, b.valid_until, b.brought_on, f.number, b.consumer
FROM brought_material b JOIN case_file f ON f.case_id = b.case_id
CROSS JOIN LATERAL (SELECT sealed FROM evidence WHERE evidence_id = b.evidence_id OFFSET 0) e
WHERE b.subject_id = ANY(%s) AND b.withdrawn_on IS NULL ORDER BY b.brought_on DESC, b.material_id"""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as stored; ``file`` is the keyed digest of its content."""

    file: bytes
    size: int
    media_type: str
    scanner: str


class BroughtStore:
    """Papers, read and kept within the caller's transaction; nobody reads a file without the key ring."""

    def __init__(self, session: Session, keyring: KeyRing) -> None:
        self._session = session
        self._keyring = keyring

    def keep_file(self, stored: StoredFile, parts: Iterable[bytes], *, at: datetime) -> bool:
        """The file is stored, sealed; False when it was there already."""
        row = insert(FILE).values(
            file=stored.file, size=stored.size, media_type=stored.media_type, scanner=stored.scanner, stored_at=at
        )
        if self._session.execute(row.on_conflict_do_nothing().returning(FILE.c.file)).scalar() is None:
            return False
        for position, part in enumerate(parts):
            sealed = self._keyring.seal(part, context=_context(stored.file, position))
            self._session.execute(insert(CHUNK).values(file=stored.file, position=position, sealed=sealed))
        return True

    def parts_of(self, file: bytes) -> Iterator[bytes]:
        """The file's content, part by part.

        Raises:
            Broken: a part was altered or moved.
        """
        rows = self._session.execute(
            select(*CHUNK.c["position", "sealed"]).where(CHUNK.c.file == file).order_by(CHUNK.c.position)
        )
        for position, sealed in rows:
            yield self._keyring.open(sealed, context=_context(file, position))

    def link(self, paper: BroughtMaterial, file: bytes, *, case_id: str) -> None:
        """The paper is the subject's."""
        self._session.execute(
            insert(BROUGHT).values(
                subject_id=paper.subject_id,
                material_id=paper.material_id,
                kind=paper.kind,
                evidence_id=paper.evidence_id,
                file=file,
                issued_on=paper.issued_on,
                valid_until=paper.valid_until,
                brought_on=paper.brought_on,
                case_id=case_id,
                consumer=paper.consumer,
            )
        )

    def has_paper(self, subject_id: str, kind: str, file: bytes, consumer: str) -> bool:
        """True when the subject's paper of that kind, with that very file, was taken in by the consumer and stands."""
        found = select(BROUGHT.c.material_id).where(
            BROUGHT.c.subject_id == subject_id,
            BROUGHT.c.kind == kind,
            BROUGHT.c.file == file,
            BROUGHT.c.consumer == consumer,
            BROUGHT.c.withdrawn_on.is_(None),
        )
        return self._session.execute(found.limit(1)).scalar() is not None

    def brought_by(self, subject_ids: Sequence[str]) -> dict[str, list[BroughtMaterial]]:
        """What those subjects ever brought and did not take back, newest first.

        What somebody brought who was merged into one of them is theirs; the paper keeps the id it was brought under.
        """
        return self.brought_under(owners_of(self._session, subject_ids))

    def brought_under(self, owners: Owners) -> dict[str, list[BroughtMaterial]]:
        """The same for whom it is known already under which ids they were known; one statement."""
        cursor = cursor_of(self._session)
        cursor.execute(_BROUGHT, [list(owners)])
        found: dict[str, list[BroughtMaterial]] = {}
        for sealed, *named in cursor.fetchall():
            paper = self._paper(sealed, *named)
            found.setdefault(owners[paper.subject_id], []).append(paper)
        return found

    def _paper(self, sealed: bytes, evidence_id: str, *paper: Any) -> BroughtMaterial:
        """The paper, with what only its evidence says."""
        evidence = parse_trusted_sd_jwt(self._keyring.open(sealed, context=f"evidence|{evidence_id}"))
        named = dict(zip(_PAPER, paper, strict=True))
        return BroughtMaterial(evidence_id=evidence_id, issuer=evidence.claims.get("issuer", ""), **named)

    def file_of(self, subject_id: str, material_id: str) -> StoredFile | None:
        """The stored file of a paper, or None."""
        row = self._session.execute(
            select(*FILE.c["file", "size", "media_type", "scanner"])
            .join_from(BROUGHT, FILE, BROUGHT.c.file == FILE.c.file)
            .where(BROUGHT.c.subject_id == subject_id, BROUGHT.c.material_id == material_id)
        ).one_or_none()
        return None if row is None else StoredFile(*row)

    def withdraw(self, subject_id: str, material_id: str, *, on: date) -> str | None:
        """The paper serves no more; its evidence id, None when there is none to withdraw."""
        withdrawn = (
            update(BROUGHT)
            .where(
                BROUGHT.c.subject_id == subject_id,
                BROUGHT.c.material_id == material_id,
                BROUGHT.c.withdrawn_on.is_(None),
            )
            .values(withdrawn_on=on)
        )
        return self._session.execute(withdrawn.returning(BROUGHT.c.evidence_id)).scalar()


def _context(file: bytes, position: int) -> str:
    return f"brought|{file.hex()}|{position}"
