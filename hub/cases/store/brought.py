"""Keeps papers brought once: each file sealed, in parts, and stored once whoever brings it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from hub.cases.model import BroughtMaterial
from hub.cases.store.merged import known_as
from hub.cases.tables import BROUGHT, CASE, CHUNK, FILE
from hub.evidence import tables as evidence_tables
from hub.proof.sdjwt import parse_trusted_sd_jwt
from hub.proof.sealing import KeyRing
from hub.storage.metadata import Row

EVIDENCE = Row.metadata.tables[str(evidence_tables.EvidenceRow.__tablename__)]


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
        """What those subjects ever brought and did not take back, newest first; one statement.

        What somebody brought who was merged into one of them is theirs; the paper keeps the id it was brought under.
        """
        way = known_as(subject_ids)
        rows = self._session.execute(
            select(
                way.c.subject_id.label("owner"),
                EVIDENCE.c.sealed,
                *BROUGHT.c["material_id", "subject_id", "kind", "evidence_id", "issued_on", "valid_until"],
                BROUGHT.c.brought_on,
                CASE.c.number.label("case_number"),
                BROUGHT.c.consumer,
            )
            .join_from(way, BROUGHT, BROUGHT.c.subject_id == way.c.was)
            .join(CASE, BROUGHT.c.case_id == CASE.c.case_id)
            .join(EVIDENCE, BROUGHT.c.evidence_id == EVIDENCE.c.evidence_id)
            .where(BROUGHT.c.withdrawn_on.is_(None))
            .order_by(BROUGHT.c.brought_on.desc(), BROUGHT.c.material_id)
        )
        found: dict[str, list[BroughtMaterial]] = {}
        for row in rows.mappings():
            found.setdefault(row["owner"], []).append(self._paper(**row))
        return found

    def _paper(self, *, owner: str, sealed: bytes, evidence_id: str, **more: Any) -> BroughtMaterial:  # noqa: ARG002
        """The paper, with what only its evidence says."""
        evidence = parse_trusted_sd_jwt(self._keyring.open(sealed, context=f"evidence|{evidence_id}"))
        return BroughtMaterial(evidence_id=evidence_id, issuer=evidence.claims.get("issuer", ""), **more)

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
