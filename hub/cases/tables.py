"""Rows of cases 办件, papers brought once, mandates 委托 and commitments 告知承诺; personal content only sealed."""

from typing import Any, Final

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine
from sqlmodel import Field

from hub.cases.model import CaseState, Outcome
from hub.evidence import tables as evidence_tables
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
        Index(None, "licence_id", postgresql_where=text("licence_id <> ''")),
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
    """A paper someone brought, linked to the subject it is about; ``file`` names the one stored copy.

    Who issued it is free text, which may name somebody: it stands in the sealed evidence alone.
    """

    __tablename__ = "brought_material"
    __table_args__ = (Index(None, "file"),)

    subject_id: Any = _column(Text, key=True)
    material_id: Any = _column(Text, key=True)
    kind: Any = _column(Text)
    evidence_id: Any = _column(Text)
    file: Any = _column(LargeBinary)
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


class EvidenceChangeRow(Row, table=True):
    """The newest change of what is held about a subject, and any that were under way beside it; triggers keep it.

    It changes in the transaction that changes evidence, so whoever sees the one sees the other, and nobody waits: a
    change adds a row of its own, and takes away the rows before it that no other transaction is taking away. The set
    of a subject's rows never is what it was before.
    """

    __tablename__ = "evidence_change"

    subject_id: Any = _column(Text, key=True)
    change: Any = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))


# Whoever moves a link holds it until the end of his transaction; the second function waits for him and then finds whose
# it is. Indexes only: what was planned while a table was empty would otherwise be kept while a first import fills it.
WATCH: Final = (
    """
CREATE FUNCTION keep_evidence_change(subjects text[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$ BEGIN
    DELETE FROM evidence_change WHERE (subject_id, change) IN (
        SELECT subject_id, change FROM evidence_change WHERE subject_id = ANY (subjects) FOR UPDATE SKIP LOCKED);
    INSERT INTO evidence_change (subject_id) SELECT DISTINCT unnest(subjects);
END $$""",
    """
CREATE FUNCTION watch_evidence() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE changed text[];
BEGIN
    IF TG_OP = 'DELETE' THEN changed := ARRAY(SELECT evidence_id FROM gone);
    ELSE changed := ARRAY(SELECT evidence_id FROM (
        SELECT evidence_id, type, issuer, as_of, valid_from, valid_until, status, digest FROM come EXCEPT
        SELECT evidence_id, type, issuer, as_of, valid_from, valid_until, status, digest FROM gone) shown);
    END IF;
    PERFORM keep_evidence_change(ARRAY(
        SELECT subject_id FROM evidence_link WHERE evidence_id = ANY (changed) FOR KEY SHARE));
    RETURN NULL;
END $$""",
    """
CREATE FUNCTION watch_evidence_links() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'DELETE' THEN PERFORM keep_evidence_change(ARRAY(SELECT subject_id FROM come)); END IF;
    IF TG_OP <> 'INSERT' THEN PERFORM keep_evidence_change(ARRAY(SELECT subject_id FROM gone)); END IF;
    RETURN NULL;
END $$""",
    """
CREATE TRIGGER evidence_changed AFTER UPDATE ON evidence REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION watch_evidence()""",
    """
CREATE TRIGGER evidence_gone AFTER DELETE ON evidence REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION watch_evidence()""",
    """
CREATE TRIGGER evidence_linked AFTER INSERT ON evidence_link REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION watch_evidence_links()""",
    """
CREATE TRIGGER evidence_moved AFTER UPDATE ON evidence_link REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION watch_evidence_links()""",
    """
CREATE TRIGGER evidence_unlinked AFTER DELETE ON evidence_link REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION watch_evidence_links()""",
)
"""What makes the database itself keep ``evidence_change``, whoever changes evidence or its links."""


CASE = Row.metadata.tables["case_file"]
PARTICIPANT = Row.metadata.tables["case_participant"]
CASE_MATERIAL = Row.metadata.tables["case_material"]
CASE_STEP = Row.metadata.tables["case_step"]
BROUGHT = Row.metadata.tables["brought_material"]
FILE = Row.metadata.tables["brought_file"]
CHUNK = Row.metadata.tables["brought_chunk"]
MANDATE = Row.metadata.tables["mandate"]
COMMITMENT = Row.metadata.tables["commitment"]
CHANGE = Row.metadata.tables["evidence_change"]

CHANGE.add_is_dependent_on(Row.metadata.tables[str(evidence_tables.EvidenceRow.__tablename__)])
CHANGE.add_is_dependent_on(Row.metadata.tables[str(evidence_tables.EvidenceLinkRow.__tablename__)])
event.listen(CHANGE, "after_create", DDL(";\n".join(WATCH)))  # type: ignore[no-untyped-call]
