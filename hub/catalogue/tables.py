"""Rows of the catalogue 目录: one per edition, proposed, then published with the day it takes effect, or closed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Column, Date, DateTime, Index, LargeBinary, Text, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from hub.storage.metadata import Row


class CatalogueEditionRow(Row, table=True):
    """One edition with everything it says; never changed once published or closed."""

    __tablename__ = "catalogue_edition"
    __table_args__ = (
        CheckConstraint("(published_at IS NULL) = (published_by IS NULL)", name="published_whole"),
        CheckConstraint("num_nulls(closed_as, closed_at, closed_by, reason) IN (0, 4)", name="closed_whole"),
        CheckConstraint("closed_at IS NULL OR published_at IS NULL", name="closed_or_published"),
        Index(None, "effective_on", "published_at"),
    )

    edition_id: str = Field(sa_column=Column(Text, primary_key=True))
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    content: Any = Field(sa_column=Column(JSONB, nullable=False))
    effective_on: date = Field(sa_column=Column(Date, nullable=False))
    proposed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    proposed_by: str = Field(sa_column=Column(Text, nullable=False))
    published_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    published_by: str | None = Field(default=None, sa_column=Column(Text))
    changed_on: date | None = Field(default=None, sa_column=Column(Date))
    extended: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    closed_as: str | None = Field(default=None, sa_column=Column(Text))
    closed_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    closed_by: str | None = Field(default=None, sa_column=Column(Text))
    reason: str | None = Field(default=None, sa_column=Column(Text))


EDITION = Row.metadata.tables["catalogue_edition"]
