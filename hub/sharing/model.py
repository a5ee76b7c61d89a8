"""Grants 共享授权 as values, and what a provider owes an answer to: applications, objections 异议, supplies 调取."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final, Self

CONSENT: Final = "grant-"
"""What stands before an application's id in the id of the grant that consent to it makes."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One permission that a provider gave a consumer (Order 809 articles 20 and 21)."""

    id: str
    consumer: str
    evidence_type: str
    claims: tuple[str, ...]
    matters: tuple[str, ...]
    basis: str
    scenario: str
    valid_from: date
    valid_until: date
    signed_off_by: str
    mode: str = "service"
    ended_on: date | None = None

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """The grant that ``told`` spells as `schemas/catalogue/grants.json` says."""
        return cls(
            id=told["id"],
            consumer=told["consumer"],
            evidence_type=told["type"],
            claims=tuple(told["claims"]),
            matters=tuple(told["matters"]),
            basis=told["basis"],
            scenario=told["scenario"],
            mode=told.get("mode", "service"),
            valid_from=date.fromisoformat(told["valid_from"]),
            valid_until=date.fromisoformat(told["valid_until"]),
            signed_off_by=told["signed_off_by"],
        )

    def is_valid_on(self, day: date) -> bool:
        """True from its first to its last day, unless it was ended before."""
        return self.valid_from <= day <= self.valid_until and (self.ended_on is None or day < self.ended_on)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the valid grants together allow a consumer for one type and matter."""

    grants: tuple[str, ...]
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Why nothing is allowed: a code of this room and the sentence for it."""

    code: str
    en: str
    zh: str


class Owing(StrEnum):
    """What a provider owes an answer to by a statutory day."""

    application = "application"
    objection = "objection"
    supply = "supply"


class Reply(StrEnum):
    """What a provider answered; which answers fit which question is a rule."""

    consented = "consented"
    refused = "refused"
    corrected = "corrected"
    confirmed = "confirmed"
    supplied = "supplied"
    nothing_found = "nothing-found"


@dataclass(frozen=True, slots=True)
class Owed:
    """One question that a consumer put to a provider; ``days`` are the working days it may take, extension included.

    ``subject_id`` is empty for an application; ``asked`` holds what was asked in codes, never a person's data.
    """

    owed_id: str
    kind: Owing
    consumer: str
    provider: str
    evidence_type: str
    raised_on: date
    days: int
    subject_id: str = ""
    case_id: str = ""
    asked: Mapping[str, Any] = field(default_factory=dict)
    extended_on: date | None = None
    answered_on: date | None = None
    reply: Reply | None = None
    reason: str = ""
