"""Rows of grants 共享授权, found by consumer, and of what providers owe an answer to, found by either side."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Date, DateTime, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from hub.storage.metadata import Row


class GrantRow(Row, table=True):
    """One grant; suspended or ended, never deleted."""

    __tablename__ = "sharing_grant"
    __table_args__ = (
        CheckConstraint("valid_from <= valid_until", name="period"),
        Index(None, "consumer", "evidence_type"),
    )

    id: str = Field(sa_column=Column(Text, primary_key=True))
    consumer: str = Field(sa_column=Column(Text, nullable=False))
    evidence_type: str = Field(sa_column=Column(Text, nullable=False))
    claims: Any = Field(sa_column=Column(JSONB, nullable=False))
    matters: Any = Field(sa_column=Column(JSONB, nullable=False))
    basis: str = Field(sa_column=Column(Text, nullable=False))
    scenario: str = Field(sa_column=Column(Text, nullable=False))
    mode: str = Field(sa_column=Column(Text, nullable=False))
    valid_from: date = Field(sa_column=Column(Date, nullable=False))
    valid_until: date = Field(sa_column=Column(Date, nullable=False))
    signed_off_by: str = Field(sa_column=Column(Text, nullable=False))
    suspended_on: date | None = Field(default=None, sa_column=Column(Date))
    ended_on: date | None = Field(default=None, sa_column=Column(Date))
    reason: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    kept_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class OwedRow(Row, table=True):
    """One application, objection or supply; answered, never deleted."""

    __tablename__ = "sharing_owed"
    __table_args__ = (
        CheckConstraint("kind IN ('application', 'objection', 'supply')", name="kind"),
        UniqueConstraint("owed_id"),
        Index(None, "provider", "answered_on"),
        Index(None, "consumer", "raised_on"),
    )

    subject_id: str = Field(sa_column=Column(Text, primary_key=True))
    owed_id: str = Field(sa_column=Column(Text, primary_key=True))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    consumer: str = Field(sa_column=Column(Text, nullable=False))
    provider: str = Field(sa_column=Column(Text, nullable=False))
    evidence_type: str = Field(sa_column=Column(Text, nullable=False))
    case_id: str = Field(sa_column=Column(Text, nullable=False))
    asked: Any = Field(sa_column=Column(JSONB, nullable=False))
    raised_on: date = Field(sa_column=Column(Date, nullable=False))
    days: int = Field(sa_column=Column(Integer, nullable=False))
    lacking: Any = Field(sa_column=Column(JSONB, nullable=False, server_default="[]"))
    returned_on: date | None = Field(default=None, sa_column=Column(Date))
    completed_on: date | None = Field(default=None, sa_column=Column(Date))
    extended_on: date | None = Field(default=None, sa_column=Column(Date))
    answered_on: date | None = Field(default=None, sa_column=Column(Date))
    reply: str | None = Field(default=None, sa_column=Column(Text))
    reason: str = Field(sa_column=Column(Text, nullable=False))


GRANT = Row.metadata.tables["sharing_grant"]
OWED = Row.metadata.tables["sharing_owed"]
