"""Rows of cases 办件, papers brought once, mandates 委托 and commitments 告知承诺; personal content only sealed."""

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine
from sqlmodel import Field

from hub.cases.model import CaseState, Outcome
from hub.storage.metadata import Row


def _column(kind: TypeEngine[Any] | type[TypeEngine[Any]], *, key: bool = False, optional: bool = False) -> Any:
    column: Column[Any] = Column(kind, primary_key=key, nullable=optional)
    return Field(default=None, sa_column=column) if optional else Field(sa_column=column)


def _one_of(column: str, values: Any) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _instant() -> DateTime:
    return DateTime(timezone=True)


class CaseRow(Row, table=True):
    """One case; its number is the consumer's own."""

    __tablename__ = "case_file"
    __table_args__ = (
        UniqueConstraint("consumer", "number"),
        UniqueConstraint("query_code"),
        Index(None, "event_number"),
        Index(None, "matter", "opened_on"),
        _one_of("state", CaseState),
    )

    case_id: Any = _column(Text, key=True)
    consumer: Any = _column(Text)
    number: Any = _column(Text)
    matter: Any = _column(Text)
    edition_id: Any = _column(Text)
    sub_item: Any = _column(Text)
    opened_on: Any = _column(Date)
    opened_at: Any = _column(_instant())
    state: Any = _column(Text)
    answers: Any = _column(JSONB)
    suspensions: Any = _column(JSONB)
    event_number: Any = _column(Text)
    mandate_id: Any = _column(Text)
    query_code: Any = _column(LargeBinary)
    decided_on: Any = _column(Date, optional=True)
    filing_due_on: Any = _column(Date, optional=True)
    filed_on: Any = _column(Date, optional=True)
    licence_id: Any = _column(Text)


class ParticipantRow(Row, table=True):
    """Someone a case asks about; ``asked`` is who was meant, sealed, so that the index can be asked again."""

    __tablename__ = "case_participant"
    __table_args__ = (Index(None, "subject_id"), _one_of("outcome", Outcome))

    case_id: Any = _column(Text, key=True)
    role: Any = _column(Text, key=True)
    position: Any = _column(Integer, key=True)
    outcome: Any = _column(Text)
    subject_id: Any = _column(Text, optional=True)
    asked: Any = _column(LargeBinary)


class CaseMaterialRow(Row, table=True):
    """A material of a case: how it stood at opening, when it was handed in, whether that was in vain."""

    __tablename__ = "case_material"

    case_id: Any = _column(Text, key=True)
    material: Any = _column(Text, key=True)
    opening_state: Any = _column(Text)
    opening_reason: Any = _column(Text)
    could_have: Any = _column(Boolean)
    delivered_on: Any = _column(Date, optional=True)
    kind: Any = _column(Text, optional=True)
    in_vain: Any = _column(Text, optional=True)


class CaseStepRow(Row, table=True):
    """One thing that happened to a case, in order."""

    __tablename__ = "case_step"

    case_id: Any = _column(Text, key=True)
    position: Any = _column(Integer, key=True)
    at: Any = _column(_instant())
    action: Any = _column(Text)
    codes: Any = _column(JSONB)
    by: Any = _column(Text)


class BroughtMaterialRow(Row, table=True):
    """A paper someone brought, linked to the subject it is about; ``file`` names the one stored copy."""

    __tablename__ = "brought_material"
    __table_args__ = (Index(None, "file"),)

    subject_id: Any = _column(Text, key=True)
    material_id: Any = _column(Text, key=True)
    kind: Any = _column(Text)
    evidence_id: Any = _column(Text)
    file: Any = _column(LargeBinary)
    issuer: Any = _column(Text)
    issued_on: Any = _column(Date, optional=True)
    valid_until: Any = _column(Date, optional=True)
    brought_on: Any = _column(Date)
    case_id: Any = _column(Text)
    consumer: Any = _column(Text)
    withdrawn_on: Any = _column(Date, optional=True)


class BroughtFileRow(Row, table=True):
    """A file as stored, once whoever brings it; ``file`` is a keyed digest of its content."""

    __tablename__ = "brought_file"

    file: Any = _column(LargeBinary, key=True)
    size: Any = _column(Integer)
    media_type: Any = _column(Text)
    scanner: Any = _column(Text)
    stored_at: Any = _column(_instant())


class BroughtChunkRow(Row, table=True):
    """A sealed part of a file."""

    __tablename__ = "brought_chunk"

    file: Any = _column(LargeBinary, key=True)
    position: Any = _column(Integer, key=True)
    sealed: Any = _column(LargeBinary)


class MandateRow(Row, table=True):
    """That an agent 代办人 may act for a subject, for which matters, from when until when."""

    __tablename__ = "mandate"

    subject_id: Any = _column(Text, key=True)
    mandate_id: Any = _column(Text, key=True)
    agent_id: Any = _column(Text)
    matters: Any = _column(JSONB)
    valid_from: Any = _column(Date)
    valid_until: Any = _column(Date)
    recorded_by: Any = _column(Text)
    ended_on: Any = _column(Date, optional=True)


class CommitmentRow(Row, table=True):
    """A written promise instead of proof, and whether it was found false."""

    __tablename__ = "commitment"

    subject_id: Any = _column(Text, key=True)
    case_id: Any = _column(Text, key=True)
    material: Any = _column(Text, key=True)
    made_on: Any = _column(Date)
    found_false_on: Any = _column(Date, optional=True)


CASE = Row.metadata.tables["case_file"]
PARTICIPANT = Row.metadata.tables["case_participant"]
CASE_MATERIAL = Row.metadata.tables["case_material"]
CASE_STEP = Row.metadata.tables["case_step"]
BROUGHT = Row.metadata.tables["brought_material"]
FILE = Row.metadata.tables["brought_file"]
CHUNK = Row.metadata.tables["brought_chunk"]
MANDATE = Row.metadata.tables["mandate"]
COMMITMENT = Row.metadata.tables["commitment"]
