"""Grants 共享授权 as values: who may ask for which claims, for which matters, on what basis, how long."""

from dataclasses import dataclass
from datetime import date


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
