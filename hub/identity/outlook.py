"""What a steward 数据管理员 is shown before deciding: both sides field by field, and what each choice would do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from hub.errors import HubError
from hub.identity.model import Decision, Move, Review


@dataclass(frozen=True, slots=True)
class Sought:
    """Which review items are wanted; what is None does not matter. Weights are in bits, both ends included."""

    state: str = "open"
    kind: str | None = None
    registry: str | None = None
    opened_from: datetime | None = None
    opened_until: datetime | None = None
    least_weight: float | None = None
    most_weight: float | None = None


OPEN: Final = Sought()
_STATED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("name", "former_names"),
    "birth": ("birth_date",),
    "region": ("region_code",),
    "address": ("residence_address", "address", "household_address"),
    "kin": ("head_number", "relation_to_head"),
    "credit": ("credit_code", "number"),
    "organisation": ("organisation_code", "credit_code"),
    "registration": ("registration_number",),
    "representative": ("legal_representative",),
    "branch": ("is_branch",),
}
"""The fields of a record that a compared field is read from; one that is not named here has the same name."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One compared field: what either side states, on which level they agree, and what that weighs in bits."""

    field: str
    left: Mapping[str, Any]
    right: Mapping[str, Any]
    level: str
    weight: float


def side_by_side(review: Review) -> tuple[Compared, ...]:
    """Every field that was compared, those that weigh most first; what neither side states was not."""
    levels = dict(reason.split(":", 1) for reason in review.reasons if ":" in reason)
    found = [
        Compared(
            field,
            _stated(field, review.left.fields),
            _stated(field, review.right.fields),
            level,
            review.weights.get(field, 0.0),
        )
        for field, level in levels.items()
    ]
    return tuple(sorted(found, key=lambda each: (-abs(each.weight), each.field)))


def _stated(field: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: fields[name] for name in _STATED_BY.get(field, (field,)) if name in fields}


@dataclass(frozen=True, slots=True)
class Answering:
    """A consumer's own id of somebody, and the subject that would answer for it; empty for one still to be made."""

    consumer: str
    pairwise: str
    subject_id: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one decision would do now.

    ``refusal``: what on file forbids it; then it would do nothing. ``subjects``: who would answer for the two sides.
    ``redirects``: ids that would be answered for by another. ``moves``: the mentions that would change their subject
    (to "" where a new one would be made). ``pairwise``: ids in consumers' files whose answers would change.
    ``overrules``: how many earlier words of stewards it would take back.
    """

    decision: Decision
    refusal: HubError | None = None
    subjects: tuple[str, ...] = ()
    redirects: Mapping[str, str] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()
    pairwise: tuple[Answering, ...] = ()
    overrules: int = 0
