"""Where exchanges are kept: codes in clear for auditors, everything said sealed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, DateTime, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from hub.exchange.model import Outcome
from hub.storage.metadata import Row

_OUTCOMES = ", ".join(f"'{outcome.value}'" for outcome in Outcome)


def _instant(*, nullable: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_type=DateTime(timezone=True), nullable=nullable)


def _bytes() -> Any:
    return Field(sa_type=LargeBinary)


class ExchangeRow(Row, table=True):
    """One request and its one answer. (``consumer``, ``jti``) is unique: a request is never answered twice.

    ``erased_by``: the log entry that ordered the erasure; then nothing of what was said, nor of whom it was about, is
    left here.
    """

    __tablename__ = "exchange"
    __table_args__ = (
        UniqueConstraint("consumer", "jti"),
        CheckConstraint(f"outcome IN ({_OUTCOMES})", name="outcome"),
        Index(None, "at"),
        Index(None, "case_ref"),
        Index(None, "consumer", "at"),
        Index(None, "matter", "at"),
        Index(None, "pairwise", postgresql_where=text("pairwise IS NOT NULL")),
        Index(None, "providers", postgresql_using="gin"),
    )

    exchange_id: str = Field(primary_key=True)
    consumer: str
    jti: str
    at: datetime = _instant()
    matter: str
    case_ref: str
    outcome: str
    reason: str | None = None
    types: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    providers: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    pairwise: str | None = None
    officer: bytes = _bytes()
    entry_id: str
    request_digest: bytes = _bytes()
    sealed: bytes = _bytes()
    erased_by: str | None = None


class SubjectAccessRow(Row, table=True):
    """The subject's view: the ``n``-th entry about the subject, an exchange or (``sealed``) a look at this view.

    Both at once: an exchange from when the subject was taken for somebody else, carried over by a split; the line that
    it was then names in ``parted_to`` whose it is, unless it is about both.
    """

    __tablename__ = "subject_access"
    __table_args__ = (
        CheckConstraint("exchange_id IS NOT NULL OR sealed IS NOT NULL", name="some_line"),
        Index(None, "at"),
    )

    subject_id: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    exchange_id: str | None = None
    at: datetime = _instant()
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    parted_to: str | None = None


class DeferralRow(Row, table=True):
    """Lawful secrecy for a time 延迟告知: exchanges of that case stay out of their subjects' view until then."""

    __tablename__ = "deferral"
    __table_args__ = (Index(None, "consumer", "case_ref"),)

    deferral_id: str = Field(primary_key=True)
    consumer: str
    case_ref: str
    until: datetime = _instant()
    ordered_at: datetime = _instant()
    ordered_by: str
    ended_at: datetime | None = _instant(nullable=True)
    entry_id: str
    sealed: bytes = _bytes()


class RecallRow(Row, table=True):
    """Somebody else's evidence was released 误披露, as a split showed: its consumer is told, and says that it knows.

    ``meant_subject``: whom the request was about; ``owner_subject``: whose evidence it was, both as found then.
    """

    __tablename__ = "recall"
    __table_args__ = (
        UniqueConstraint("exchange_id", "owner_subject"),
        Index(None, "consumer", "found_at"),
        Index(None, "found_at"),
    )

    notice_id: str = Field(primary_key=True)
    consumer: str
    exchange_id: str
    found_at: datetime = _instant()
    matter: str
    case_ref: str
    pairwise: str | None = None
    meant_subject: str
    owner_subject: str
    items: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    entry_id: str
    acknowledged_at: datetime | None = _instant(nullable=True)
    acknowledged_by: str | None = None
