"""Evidence 凭证 as held, batches 推送批次 as pushed, and what was put aside 问题数据, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from hub.proof.sdjwt import Path


class Status(StrEnum):
    """Whether evidence still says what its registry says."""

    valid = "valid"
    withdrawn = "withdrawn"
    superseded = "superseded"
    reversed = "reversed"


class Mode(StrEnum):
    """Whether a batch tells changes only, or everything there is."""

    delta = "delta"
    full = "full"


@dataclass(frozen=True, slots=True)
class RoleShape:
    """Where in a standard form somebody stands: ``many`` when the path holds a list of them.

    ``shares``: what the form says once of everybody in this role, such as where a household lives.
    """

    role: str
    path: str
    kind: str
    many: bool = False
    shares: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """What the evidence of one export looks like; read from the published schema."""

    type: str
    vct: str
    registry: str
    export: str
    roles: tuple[RoleShape, ...]

    def path_of(self, role: str) -> Path:
        """The path of whoever has ``role`` (``member.2``) in the standard form (``members``, 1)."""
        base, _, number = role.partition(".")
        for shape in self.roles:
            if shape.role == base:
                start: Path = (shape.path,) if shape.path else ()
                return (*start, int(number or 1) - 1) if shape.many else start
        return ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """The signed header of a batch; ``digest`` names the manifest itself, ``body_digest`` the lines after it."""

    registry: str
    issuer: str
    export: str
    sequence: int
    previous: str | None
    lines: int
    body_digest: str
    mode: Mode
    present: int | None
    read: int
    cursor: Any
    read_at: datetime
    digest: str
    jws: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Usable:
    """A line that holds verified evidence of the batch's export; ``digest`` is SHA-256 of its signed part."""

    line: int
    row: int
    record: str
    content: str
    form: Mapping[str, Any] = field(repr=False)
    token: bytes = field(repr=False)
    kid: str
    as_of: datetime
    valid_from: datetime | None
    valid_until: datetime | None
    digest: bytes = field(repr=False)
    status_uri: str | None = None
    status_index: int | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A line that takes a record back: it is gone, reversed, or superseded by another record."""

    line: int
    record: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A line that goes to quarantine: why, where, and what it held (``raw``, for its owner's eyes)."""

    line: int
    row: int | None
    record: str | None
    code: str
    en: str
    zh: str
    column: str = ""
    raw: Any = field(default=None, repr=False)


Line = Usable | Withdrawal | Unusable


@dataclass(frozen=True, slots=True)
class QuarantineItem:
    """One record put aside, as its owner reads it."""

    export: str
    sequence: int
    line: int
    row: int | None
    record: str | None
    code: str
    column: str
    en: str
    zh: str
    raw: Any = field(repr=False)
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What became of a batch; the same batch again gets the same figures and ``duplicate``."""

    registry: str
    sequence: int
    manifest_digest: str
    accepted: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    quarantined: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    duplicate: bool = False
    subjects_new: int = 0
    links: int = 0
    reviews: int = 0
    live: int = 0


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a registry's adapter goes on: its last batch, and each export's own cursor."""

    registry: str
    sequence: int = 0
    manifest_digest: str | None = None
    cursors: Mapping[str, Any] = field(default_factory=dict)


def is_within(begins: datetime | None, ends: datetime | None, at: datetime) -> bool:
    """True from ``begins`` on until before ``ends``; None sets no limit."""
    return (begins is None or begins <= at) and (ends is None or at < ends)


@dataclass(frozen=True, slots=True)
class HeldEvidence:
    """Evidence as stored, for one subject in one role; ``sealed`` opens only through its store."""

    evidence_id: str
    subject_id: str
    role: str
    type: str
    issuer: str
    registry: str
    export: str
    record: str
    kid: str
    as_of: datetime
    valid_from: datetime | None
    valid_until: datetime | None
    status: Status
    digest: bytes = field(repr=False)
    sealed: bytes = field(repr=False)

    def is_valid_at(self, at: datetime) -> bool:
        """True when it stands, has begun and has not ended."""
        return self.status is Status.valid and is_within(self.valid_from, self.valid_until, at)


@dataclass(frozen=True, slots=True)
class Link:
    """Whose evidence it is, in which role."""

    subject_id: str
    evidence_id: str
    role: str
