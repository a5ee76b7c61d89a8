"""Requests 请求 and answers 应答 as values."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from hub.identity.model import IdentityQuery
from hub.proof.sdjwt import Path


class Outcome(StrEnum):
    """What became of a request, or of one thing it asked for."""

    released = "released"
    partial = "partial"
    refused = "refused"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One type asked for (its ``vct``), with the claim patterns asked for."""

    type: str
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A verified evidence request: who asks, about whom, for which case, on what basis, for what."""

    consumer: str
    jti: str
    digest: bytes = field(repr=False)
    matter: str
    case: str
    basis: str
    officer: str = field(repr=False)
    wanted: tuple[Wanted, ...]
    pairwise: str | None
    query: IdentityQuery | None = field(repr=False)
    jws: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an answer: what was asked for, and what came of it."""

    type: str
    outcome: Outcome
    reason: str | None = None
    provider: str | None = None
    presentation: str | None = field(default=None, repr=False)
    as_of: datetime | None = None
    role: str | None = None
    shown: tuple[Path, ...] = field(default=(), repr=False)
    """Where the values stand that the presentation discloses."""

    def claims(self) -> dict[str, Any]:
        """The line as the answer carries it."""
        return {
            "type": self.type,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "provider": self.provider,
            "presentation": self.presentation,
            "as_of": None if self.as_of is None else int(self.as_of.timestamp()),
            "role": self.role,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What the answer says: outcome and reason on the whole, line by line, about which subject."""

    outcome: Outcome
    reason: str | None = None
    items: tuple[Item, ...] = ()
    subject_id: str | None = None
    pairwise: str | None = None


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A request answered: the signed answer and the proof that it is in the log."""

    exchange_id: str
    answer_jws: str = field(repr=False)
    receipt_text: str = field(repr=False)
    outcome: Outcome
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class KeptExchange:
    """An exchange as stored: what was said, and the log entry with its salt."""

    exchange_id: str
    consumer: str
    entry_id: str
    outcome: Outcome
    request_jws: str = field(repr=False)
    answer_jws: str = field(repr=False)
    entry: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    def exchanged(self, receipt_text: str, *, is_replay: bool) -> Exchanged:
        """What its consumer is told of it, with that receipt."""
        return Exchanged(self.exchange_id, self.answer_jws, receipt_text, self.outcome, is_replay)


@dataclass(frozen=True, slots=True)
class Answered:
    """What is kept of an exchange, and whether it was before; its receipt is not there yet."""

    kept: KeptExchange
    is_replay: bool = False
