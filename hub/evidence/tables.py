"""Where evidence, batches and what was put aside are kept; everything personal is in a ``sealed`` column."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    Text,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from hub.evidence.model import Status
from hub.storage.metadata import Row

_STATUSES = ", ".join(f"'{status.value}'" for status in Status)


def _instant(*, nullable: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_type=DateTime(timezone=True), nullable=nullable)


def _bytes(*, nullable: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_type=LargeBinary, nullable=nullable)


def _json(*, nullable: bool = False) -> Any:
    return Field(sa_column=Column(JSONB, nullable=nullable))


class EvidenceRow(Row, table=True):
    """One piece of evidence; at most one of a record stands."""

    __tablename__ = "evidence"
    __table_args__ = (
        CheckConstraint(f"status IN ({_STATUSES})", name="status"),
        Index(
            "uq_evidence_standing",
            "registry_id",
            "record",
            unique=True,
            postgresql_where=text("status IN ('valid', 'reversed')"),
        ),
        Index("ix_evidence_household", "household", postgresql_where=text("household IS NOT NULL")),
        Index("ix_evidence_changed", "registry_id", "changed_at", "list_uri"),
        Index("ix_evidence_ended", "list_uri", postgresql_where=text("status <> 'valid'")),
    )

    evidence_id: str = Field(primary_key=True)
    registry_id: str
    export: str
    record: str
    content: str
    type: str
    issuer: str
    kid: str
    batch: int
    line: int
    as_of: datetime = _instant()
    valid_from: datetime | None = _instant(nullable=True)
    valid_until: datetime | None = _instant(nullable=True)
    status: str
    reason: str = ""
    changed_at: datetime = _instant()
    list_uri: str | None = None
    list_index: int | None = None
    tells_reversal: bool = False
    household: bytes | None = _bytes(nullable=True)
    digest: bytes = _bytes()
    sealed: bytes = _bytes()


# Sealed content does not compress; without this PostgreSQL would try for every row that it moves out of line.
event.listen(
    EvidenceRow.__table__,  # type: ignore[attr-defined]
    "after_create",
    DDL("ALTER TABLE evidence ALTER COLUMN sealed SET STORAGE EXTERNAL"),  # type: ignore[no-untyped-call]
)


class EvidenceLinkRow(Row, table=True):
    """Whose evidence it is, as identity placed it.

    A merge rewrites nothing: the subject that stands answers for those merged into it. A split moves the links of the
    mentions that it moves (``EvidenceStore.follow``).
    """

    __tablename__ = "evidence_link"
    __table_args__ = (Index(None, "evidence_id"),)

    subject_id: str = Field(primary_key=True)
    evidence_id: str = Field(primary_key=True)
    role: str = Field(primary_key=True)


class QuarantineRow(Row, table=True):
    """A record put aside; ``fingerprint`` is its reference, or a keyed digest of what it held."""

    __tablename__ = "quarantine"

    registry_id: str = Field(primary_key=True)
    export: str = Field(primary_key=True)
    fingerprint: str = Field(primary_key=True)
    record: str | None = None
    batch: int = 0
    line: int = 0
    row: int | None = None
    code: str
    column_name: str = ""
    sealed: bytes = _bytes()
    kept_at: datetime = _instant()


class BatchRow(Row, table=True):
    """One accepted batch: its manifest as signed, and the answer that it always gets."""

    __tablename__ = "batch"

    registry_id: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True, sa_type=BigInteger)
    digest: str
    export: str
    manifest: str = Field(sa_type=Text)
    answer: dict[str, Any] = _json()
    entry_id: str
    accepted_at: datetime = _instant()


class RegistryStateRow(Row, table=True):
    """How far a registry's chain has come; locked while a batch of it is taken in."""

    __tablename__ = "registry_state"

    registry_id: str = Field(primary_key=True)
    sequence: int = Field(default=0, sa_type=BigInteger)
    manifest_digest: str | None = None
    cursors: dict[str, Any] = _json()
    read_at: dict[str, Any] = _json()


class StatusListRow(Row, table=True):
    """One status list 状态列表 as its department signed it; none is overwritten, so an old answer finds its own."""

    __tablename__ = "status_list"
    __table_args__ = (Index(None, "registry_id", "number", "issued_at"),)

    uri: str = Field(primary_key=True)
    issued_at: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    registry_id: str
    number: int = Field(sa_type=BigInteger)
    expires_at: datetime = _instant()
    covers_until: datetime = _instant()
    digest: bytes = _bytes()
    token: str = Field(sa_type=Text)
    entry_id: str
