"""Rows of the identity index: subjects, their mentions, blind look-up keys, the link log, reviews and verdicts."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from hub.storage.metadata import Row


def _bytes(*, key: bool = False, nullable: bool = False) -> Any:
    return Field(sa_column=Column(LargeBinary, primary_key=key, nullable=nullable))


def _instant(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _json() -> Any:
    return Field(sa_column=Column(JSONB, nullable=False))


class SubjectRow(Row, table=True):
    """A subject; its id never dies. ``merged_into``: the subject that answers for it now."""

    __tablename__ = "identity_subject"
    __table_args__ = (CheckConstraint("kind IN ('resident', 'legal_person')", name="kind"),)

    subject_id: str = Field(primary_key=True)
    kind: str
    created_at: datetime = _instant()
    merged_into: str | None = Field(default=None, index=True)


class MentionRow(Row, table=True):
    """What one record says in one role, and whose it is. ``gone_at``: withdrawn or replaced; then it has no keys."""

    __tablename__ = "identity_mention"
    __table_args__ = (UniqueConstraint("mention_id"), Index(None, "record"))

    subject_id: str = Field(primary_key=True)
    mention_id: bytes = _bytes(key=True)
    registry_id: str
    export: str
    record: str
    role: str
    kind: str
    row: int
    likeness: bytes = _bytes()
    traits: bytes = _bytes()
    sealed: bytes = _bytes()
    keys: bytes = _bytes()
    added_at: datetime = _instant()
    gone_at: datetime | None = _instant(nullable=True)


class KeyRow(Row, table=True):
    """A keyed digest under which a mention is looked up."""

    __tablename__ = "identity_key"

    key: bytes = _bytes(key=True)
    mention_id: bytes = _bytes(key=True)


class LinkRow(Row, table=True):
    """The link log: appended to, never changed. The mention belongs to ``subject_id`` from ``at``."""

    __tablename__ = "identity_link"
    __table_args__ = (Index(None, "mention_id", "seq"),)

    subject_id: str = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    mention_id: bytes = _bytes()
    other_id: bytes | None = _bytes(nullable=True)
    action: str
    from_subject: str | None = None
    undoes: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    method: str
    weight: float | None = None
    weights: dict[str, Any] = _json()
    reasons: list[str] = _json()
    model_version: str
    actor: str
    at: datetime = _instant()


class ReviewRow(Row, table=True):
    """A pair that a steward must decide, once per pair of mentions."""

    __tablename__ = "identity_review"
    __table_args__ = (
        UniqueConstraint("low_id", "high_id"),
        Index(None, "state", "opened_at"),
        Index(None, "high_id"),
        CheckConstraint("state IN ('open', 'link', 'different', 'unsure', 'moot')", name="state"),
    )

    review_id: str = Field(primary_key=True)
    low_id: bytes = _bytes()
    high_id: bytes = _bytes()
    kind: str
    weight: float
    weights: dict[str, Any] = _json()
    reasons: list[str] = _json()
    blocking: bool
    state: str
    opened_at: datetime = _instant()
    model_version: str
    steward: str | None = None
    decided_at: datetime | None = _instant(nullable=True)
    note: bytes | None = _bytes(nullable=True)


class VerdictRow(Row, table=True):
    """A steward's word about two mentions: it outranks every model, for ever."""

    __tablename__ = "identity_verdict"
    __table_args__ = (Index(None, "high_id"), CheckConstraint("verdict IN ('same', 'apart')", name="verdict"))

    low_id: bytes = _bytes(key=True)
    high_id: bytes = _bytes(key=True)
    verdict: str
    steward: str
    at: datetime = _instant()
    note: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class ChangeSetRow(Row, table=True):
    """What a bulk run would change in the index 变更集: proposed, then applied or thrown away as a whole.

    Items name mentions and subjects by id; what an item rests on is checked again when it is applied.
    """

    __tablename__ = "identity_change_set"
    __table_args__ = (CheckConstraint("state IN ('open', 'applied', 'discarded')", name="state"),)

    change_id: str = Field(primary_key=True)
    state: str
    models: list[str] = _json()
    items: list[Any] = _json()
    skipped: list[Any] = _json()
    proposed_at: datetime = _instant()
    decided_at: datetime | None = _instant(nullable=True)
    steward: str | None = None


class PairwiseRow(Row, table=True):
    """The id under which one consumer knows a subject 部门内标识."""

    __tablename__ = "identity_pairwise"
    __table_args__ = (Index(None, "consumer", "pairwise", unique=True),)

    subject_id: str = Field(primary_key=True)
    consumer: str = Field(primary_key=True)
    pairwise: str = Field(sa_column=Column(Text, nullable=False))
