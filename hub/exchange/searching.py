"""What an auditor 审计员 may look for, and what a line of the search says: codes and pseudonyms, never a person."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hub.audit.rules import is_code
from hub.errors import Malformed
from hub.exchange.model import Outcome
from hub.proof.encoding import b64url_decode

PAGE: Final = 100
MOST: Final = 500
LONGEST: Final = timedelta(days=366)
"""How long a period may be, unless the search is for one case or one person."""
USUAL: Final = timedelta(days=30)
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""No exchange is older, and the log counts seconds from here."""
COLUMNS: Final = (
    "exchange",
    "at",
    "consumer",
    "matter",
    "case",
    "outcome",
    "reason",
    "types",
    "providers",
    "pairwise",
    "officer",
    "entry",
    "erased_by",
)
"""The columns of a line, in a page and in an export."""


@dataclass(frozen=True, slots=True)
class Search:
    """Which exchanges: each criterion narrows, None narrows nothing; the period is [``since``, ``until``)."""

    since: datetime
    until: datetime
    consumer: str | None = None
    provider: str | None = None
    matter: str | None = None
    case: str | None = None
    outcome: str | None = None
    pairwise: str | None = None
    type: str | None = None

    def told(self) -> dict[str, Any]:
        """What the log says of it: codes in clear; of case, person and what is no code, only that one was meant."""
        named = {"consumer": self.consumer, "provider": self.provider, "matter": self.matter, "type": self.type}
        told: dict[str, Any] = {"since": int(self.since.timestamp()), "until": int(self.until.timestamp())}
        told |= {"one_case": self.case is not None, "one_person": self.pairwise is not None}
        told |= {} if self.outcome is None else {"outcome": self.outcome}
        for name, value in named.items():
            if value is not None:
                told |= {name: value} if is_code(value) else {f"one_{name}": True}
        return told


def search_for(period: tuple[datetime | None, datetime | None], now: datetime, **criteria: str | None) -> Search:
    """The search; without a period, the last thirty days.

    Raises:
        Malformed: instants without offset, a period that ends before it begins or is too long, an unknown outcome.
    """
    since, until = period
    if any(each is not None and each.tzinfo is None for each in period):
        raise _wrong_period()
    until = max(until or now, EARLIEST)
    since = max(since or until - USUAL, EARLIEST)
    if since >= until:
        raise _wrong_period()
    if criteria.get("case") is None and criteria.get("pairwise") is None:
        require_bounded(since, until)
    if criteria.get("outcome") not in {None, *(each.value for each in Outcome)}:
        raise Malformed(
            "exchange.search-outcome",
            "An outcome is released, partial or refused.",
            "结果须为 released、partial 或 refused。",
        )
    return Search(since, until, **criteria)


def _wrong_period() -> Malformed:
    return Malformed(
        "exchange.search-period",
        "Give the period as instants with their offset (2026-03-01T08:00:00+08:00), the earlier one first.",
        "请以带时区的时刻（2026-03-01T08:00:00+08:00）给出起止时间，起始在前。",
    )


def require_bounded(since: datetime, until: datetime) -> None:
    """Returns when a search that walks the whole period may.

    Raises:
        Malformed: the period is too long.
    """
    if until - since > LONGEST:
        raise Malformed(
            "exchange.search-too-wide",
            f"A search covers at most {LONGEST.days} days unless it is for one case or one pairwise id; so do flags.",
            f"除按办件号或部门内标识检索外，检索时段最长 {LONGEST.days} 天；异常提示亦同。",
            most_days=LONGEST.days,
        )


@dataclass(frozen=True, slots=True)
class FoundExchange:
    """One exchange as an auditor sees it; ``officer`` is a pseudonym, the same for all requests of one officer."""

    exchange: str
    at: datetime
    consumer: str
    matter: str
    case: str
    outcome: str
    reason: str | None
    types: tuple[str, ...]
    providers: tuple[str, ...]
    pairwise: str | None
    officer: str
    entry: str
    erased_by: str | None

    def line(self) -> dict[str, Any]:
        """The line as the interface and the command line show it."""
        told = {name: getattr(self, name) for name in COLUMNS}
        return told | {
            "at": self.at.isoformat(timespec="milliseconds"),
            "types": list(self.types),
            "providers": list(self.providers),
        }


def officer_name(blinded: bytes) -> str:
    """The pseudonym under which auditors know an officer."""
    return f"off_{urlsafe_b64encode(blinded).decode().rstrip('=')}" if blinded else ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the next one goes on after this exchange."""

    at: datetime
    exchange: str

    def text(self) -> str:
        """The place as a caller hands it back."""
        stamp = f"{self.at.isoformat()}|{self.exchange}"
        return urlsafe_b64encode(stamp.encode()).decode().rstrip("=")


def parse_place(text: str) -> Place:
    """The place in ``text``.

    Raises:
        Malformed: not one that a page named.
    """
    try:
        stamp, _, exchange = b64url_decode(text).decode("ascii").partition("|")
        at = datetime.fromisoformat(stamp)
    except ValueError:
        at, exchange = datetime.min, ""  # noqa: DTZ901 - stands for no instant, and is refused below
    except Malformed:
        raise _bad_place() from None
    if at.tzinfo is None or not exchange.startswith("xch_"):
        raise _bad_place()
    return Place(at, exchange)


def _bad_place() -> Malformed:
    return Malformed(
        "exchange.search-place", "`after` is not what a page named as `next`.", "after 须为上一页返回的 next。"
    )


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A page of exchanges, the newest first, and where the next page begins; None when this was the last."""

    found: tuple[FoundExchange, ...] = field(repr=False)
    next: str | None
