"""Grants 共享授权 as values, and what a provider owes an answer to: applications, objections 异议, supplies 调取."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final, Self

CONSENT: Final = "grant-"
"""What stands before an application's id in the id of the grant that consent to it makes."""


class Standing(StrEnum):
    """How a grant stands on a day; only one in force allows anything."""

    in_force = "in-force"
    not_begun = "not-begun"
    over = "over"
    suspended = "suspended"
    ended = "ended"


@dataclass(frozen=True, slots=True)
class Grant:
    """One permission that a provider gave a consumer (Order 809 articles 20 and 21).

    ``suspended_on`` and ``ended_on`` are days of their own, whatever its period; ``reason`` is the code given for them.
    """

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
    suspended_on: date | None = None
    ended_on: date | None = None
    reason: str = ""

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

    def standing_on(self, day: date) -> Standing:
        """In force from its first to its last day, unless it was ended or suspended by then."""
        if self.ended_on is not None and self.ended_on <= day:
            return Standing.ended
        if day > self.valid_until:
            return Standing.over
        if self.suspended_on is not None and self.suspended_on <= day:
            return Standing.suspended
        return Standing.not_begun if day < self.valid_from else Standing.in_force


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

    ``subject_id`` is empty for an application; ``asked`` holds what was asked in codes, never a person's data. An
    application may be returned once, with codes of all that it is ``lacking``, until its applicant has completed it.
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
    lacking: tuple[str, ...] = ()
    returned_on: date | None = None
    completed_on: date | None = None
    extended_on: date | None = None
    answered_on: date | None = None
    reply: Reply | None = None
    reason: str = ""

    @property
    def waits_for_applicant(self) -> bool:
        """True from the day it was returned until it is completed; the provider's time does not run meanwhile."""
        return self.returned_on is not None and self.completed_on is None

    @property
    def counted_from(self) -> date:
        """The day of receipt, from which the provider's time is counted: that of the whole application."""
        return self.completed_on or self.raised_on
