"""Where exchanges are kept: codes in clear for auditors, everything said sealed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, DateTime, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from hub.exchange.model import Outcome
from hub.storage.metadata import Row

_OUTCOMES = ", ".join(f"'{outcome.value}'" for outcome in Outcome)


def _instant(*, nullable: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_type=DateTime(timezone=True), nullable=nullable)


def _bytes() -> Any:
    return Field(sa_type=LargeBinary)


class ExchangeRow(Row, table=True):
    """One request and its one answer. (``consumer``, ``jti``) is unique: a request is never answered twice."""

    __tablename__ = "exchange"
    __table_args__ = (
        UniqueConstraint("consumer", "jti"),
        CheckConstraint(f"outcome IN ({_OUTCOMES})", name="outcome"),
        Index(None, "at"),
        Index(None, "case_ref"),
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


class SubjectAccessRow(Row, table=True):
    """The subject's view: the ``n``-th time somebody asked. ``deferred_until``: lawful secrecy, for a time."""

    __tablename__ = "subject_access"

    subject_id: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    exchange_id: str
    at: datetime = _instant()
    deferred_until: datetime | None = _instant(nullable=True)
