"""Rows of the identity index on their way in and out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class NewSubject:
    """A subject to be kept."""

    subject_id: str
    kind: str
    created_at: datetime


@dataclass(slots=True)
class NewMention:
    """A mention to be kept."""

    subject_id: str
    mention_id: bytes
    registry_id: str
    export: str
    record: str
    role: str
    kind: str
    row: int
    likeness: bytes
    traits: bytes
    sealed: bytes
    keys: bytes
    """Its look-up keys, one after the other."""
    added_at: datetime


@dataclass(slots=True)
class NewLink:
    """A line to be appended to the link log."""

    subject_id: str
    mention_id: bytes
    other_id: bytes | None
    action: str
    from_subject: str | None
    method: str
    weight: float | None
    weights: str
    reasons: str
    model_version: str
    actor: str
    at: datetime
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class KeptMention:
    """A mention as it stands in the index."""

    subject_id: str
    mention_id: bytes
    registry_id: str
    export: str
    record: str
    role: str
    kind: str
    row: int
    likeness: bytes
    traits: bytes
    sealed: bytes
    added_at: datetime
    gone_at: datetime | None


def subject_row(subject: NewSubject) -> tuple[Any, ...]:
    """The columns in the table's order."""
    return subject.subject_id, subject.kind, subject.created_at


def mention_row(new: NewMention) -> tuple[Any, ...]:
    """The columns in the table's order."""
    return (
        new.subject_id, new.mention_id, new.registry_id, new.export, new.record, new.role, new.kind, new.row,
        new.likeness, new.traits, new.sealed, new.keys, new.added_at,
    )  # fmt: skip


def link_row(link: NewLink) -> tuple[Any, ...]:
    """The columns in the table's order."""
    return (
        link.subject_id, link.mention_id, link.other_id, link.action, link.from_subject, link.method, link.weight,
        link.weights, link.reasons, link.model_version, link.actor, link.at, link.undoes,
    )  # fmt: skip
