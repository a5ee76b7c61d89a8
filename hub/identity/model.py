"""Identity 主体比对 in values: what a record says of somebody, and whose it was found to be and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

Kind = Literal["resident", "legal_person"]


class Outcome(StrEnum):
    """What became of a mention when it was placed."""

    LINKED = "linked"
    """It joined a subject that was there."""
    NEW = "new"
    """It is a subject of its own."""
    REVIEW = "review"
    """It is a subject of its own until a steward 数据管理员 has decided whether it is another's."""
    HINT = "hint"
    """It names somebody by name alone where that says too little to point at anyone: no subject."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One person or organisation in one role of one record, in standard form.

    ``record`` is the record's opaque reference; ``row`` its position at its source; ``key`` its key columns as written
    (for the export to an outside check); ``kin`` numbers of relatives the record names beside it; ``as_of`` when the
    source said so.
    """

    record: str
    registry: str
    export: str
    role: str
    kind: str
    fields: Mapping[str, Any]
    row: int = 0
    key: str = ""
    kin: tuple[str, ...] = ()
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """Whose the mention is: ``subject_id`` is None for a hint only. ``reasons`` are codes without personal content."""

    subject_id: str | None
    outcome: Outcome
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentityQuery:
    """Whom a consumer asks about: a number with what should agree with it."""

    kind: str
    number: str = ""
    name: str = ""
    birth_date: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Exactly one subject answers the query."""

    subject_id: str


@dataclass(frozen=True, slots=True)
class NoneFound:
    """Nobody answers; ``reason`` says whether the number is unknown or what was given with it does not agree."""

    reason: str = "number-unknown"


@dataclass(frozen=True, slots=True)
class Several:
    """More than one subject answers, and no review that would decide is open."""

    count: int


@dataclass(frozen=True, slots=True)
class UnderReview:
    """Whose the number is waits for a steward."""

    review_ids: tuple[str, ...]


Answer = Found | NoneFound | Several | UnderReview


LONGEST_STEWARD: Final = 300
LONGEST_NOTE: Final = 1000


class Decision(StrEnum):
    """What a steward says of a pair; it outranks the model for ever."""

    LINK = "link"
    DIFFERENT = "different"
    UNSURE = "unsure"


class ReviewState(StrEnum):
    """Where a review item stands; ``moot`` when the records are gone, or one or two subjects' by another decision."""

    OPEN = "open"
    LINK = "link"
    DIFFERENT = "different"
    UNSURE = "unsure"
    MOOT = "moot"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two mentions of a review item, opened for the steward."""

    subject_id: str
    registry: str
    export: str
    role: str
    fields: Mapping[str, Any]
    mentions: int
    """How many mentions its subject holds."""
    record: str = ""
    as_of: str = ""
    """When the source said so."""


@dataclass(frozen=True, slots=True)
class Review:
    """A pair that a steward must decide: both sides, weight by field in bits, and why it is here."""

    review_id: str
    state: ReviewState
    left: Side
    right: Side
    weight: float
    weights: Mapping[str, float]
    reasons: tuple[str, ...]
    opened_at: datetime
    model_version: str
    steward: str | None = None
    decided_at: datetime | None = None
    note: str = ""
    effects: Mapping[str, str] = field(default_factory=dict)
    """What each decision would do, by decision."""


@dataclass(frozen=True, slots=True)
class Move:
    """A mention that changed its subject; rooms that keep the subject beside the record follow it."""

    registry: str
    record: str
    role: str
    from_subject: str
    to_subject: str


@dataclass(frozen=True, slots=True)
class LinkEntry:
    """One line of the link log 比对日志: append-only, so that every state of the past can be told."""

    link_id: str
    at: datetime
    action: str
    subject_id: str
    from_subject: str | None
    method: str
    weight: float | None
    weights: Mapping[str, float]
    reasons: tuple[str, ...]
    model_version: str
    actor: str
    note: str = ""
    """What the steward noted whose word it was; opened only for a reader who stands in the log."""


@dataclass(frozen=True, slots=True)
class GoldenValue:
    """The best-known value of one field 主数据, where it came from, and what others say against it."""

    field: str
    value: Any
    registry: str
    export: str
    as_of: datetime
    others: tuple[tuple[str, Any], ...] = ()
    """Contradicting values, each with the registry that says so: findings for their owners."""
    authority: int = 0
    """The place of its source among the authorities for the field; 0 is the first."""


@dataclass(frozen=True, slots=True)
class Exported:
    """Which record and role belongs to which subject, for checking the index against an outside truth."""

    registry: str
    key: str
    row: int
    role: str
    subject: str
