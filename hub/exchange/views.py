"""The subject's view 查询记录 as a document: chained lines with a receipt each, sealed by the hub as a whole."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from hub.proof.encoding import b64url, canonical_json
from hub.proof.jws import sign_jws
from hub.proof.keys import Signer
from hub.proof.merkle import leaf_hash
from hub.proof.sdjwt import Path, parse_trusted_sd_jwt, path_text

VERSION: Final = 1
SEAL_TYP: Final = "view-seal+jwt"
MEMBERS: Final = frozenset({"version", "hub", "at", "deferral_days", "chains", "seal"})
CHAIN: Final = frozenset({"chain", "first", "previous", "count", "lines"})
TOLD, WITHHELD, ERASED = "told", "withheld", "erased"
LINE: Final[Mapping[str, frozenset[str]]] = {
    TOLD: frozenset({"n", "state", "told", "entry", "salt", "receipt"}),
    WITHHELD: frozenset({"n", "state", "leaf"}),
    ERASED: frozenset({"n", "state", "entry", "receipt", "erasure", "erasure_receipt"}),
}
EXCHANGE: Final = frozenset(
    {"kind", "exchange", "at", "consumer", "matter", "case", "basis", "subject", "outcome", "reason", "items"}
)
CARRIED: Final = "carried-over"
"""The kind of a line that shows an exchange from when its subject was taken for somebody else, with its own proof."""
PAGE: Final = 200
"""How many lines of a chain one document holds; the next document goes on after them."""


@dataclass(frozen=True, slots=True)
class Deferral:
    """That exchanges of a case stay out of the view until then, by whose order 延迟告知."""

    deferral_id: str
    consumer: str
    case: str
    until: datetime
    ordered_at: datetime
    ordered_by: str
    ended_at: datetime | None
    entry_id: str
    exchanges: int = 0
    """So many of the case there were when it was ordered; not kept."""

    def line(self) -> dict[str, Any]:
        """The order as the interface and the command line show it; its basis stays sealed."""
        return {
            "deferral": self.deferral_id,
            "consumer": self.consumer,
            "case": self.case,
            "until": self.until.isoformat(timespec="seconds"),
            "ordered_at": self.ordered_at.isoformat(timespec="seconds"),
            "ordered_by": self.ordered_by,
            "ended_at": self.ended_at and self.ended_at.isoformat(timespec="seconds"),
            "entry": self.entry_id,
        }


def is_withheld(at: datetime, deferrals: Sequence[Deferral], now: datetime, limit: timedelta) -> bool:
    """True while an order covers an exchange of that instant; ``limit`` after it, no order does any longer."""
    if now >= at + limit:
        return False
    return any(each.ended_at is None and now < each.until for each in deferrals)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of one chain as stored; what is None is not there: erased, or no exchange.

    ``carried``: the line, of somebody else's chain, that a split brought over; ``parted_to``: whose line this is since.
    """

    n: int
    at: datetime
    entry_id: str
    entry: bytes = field(repr=False)
    salt: bytes | None = field(default=None, repr=False)
    told: Mapping[str, Any] | None = field(default=None, repr=False)
    consumer: str = ""
    case: str = ""
    erased_by: str | None = None
    carried: "Line | None" = None
    parted_to: str | None = None


def told_of_exchange(exchange: Mapping[str, Any], request: Mapping[str, Any], answer: Mapping[str, Any]) -> Any:
    """What a line tells of an exchange: the names of the claims that were shown, not their values."""
    return {
        "kind": "exchange",
        "exchange": exchange["exchange"],
        "at": exchange["at"],
        "consumer": request["iss"],
        "matter": request["matter"],
        "case": request["case"],
        "basis": request["basis"],
        "subject": answer["subject"],
        "outcome": answer["outcome"],
        "reason": answer["reason"],
        "items": items_told(answer["evidence"]),
    }


def items_told(evidence: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What came of each thing asked for, and the names of the claims that were shown: an answer's lines without values.

    Raises:
        Malformed: a presentation that is none.
    """
    return [item_told(item, paths_in(item.get("presentation"))) for item in evidence]


def item_told(item: Mapping[str, Any], shown: Iterable[Path]) -> dict[str, Any]:
    """What came of one thing asked for, of which a presentation disclosed what stands at ``shown``."""
    named = {name: item.get(name) for name in ("type", "outcome", "reason", "provider")}
    return named | {"claims": sorted(map(path_text, shown))}


def paths_in(presentation: Any) -> tuple[Path, ...]:
    """Where the values stand that a presentation discloses; none where there is none.

    Raises:
        Malformed: it is none.
    """
    return parse_trusted_sd_jwt(presentation).paths if isinstance(presentation, str) else ()


def items_text(items: Sequence[Mapping[str, Any]]) -> str:
    """The text to which the log entry commits (``shown``), so that nobody can be told less than was released."""
    return canonical_json(list(items)).decode()


def line_told(line: Line, receipt: str, carried_receipt: str = "") -> dict[str, Any]:
    """A line in clear."""
    told = dict(line.told or {})
    if line.carried is not None:
        told |= {
            "exchange": dict(line.carried.told or {}),
            "entry": b64url(line.carried.entry),
            "salt": b64url(line.carried.salt or b""),
            "receipt": carried_receipt,
        }
    return {
        "n": line.n,
        "state": TOLD,
        "told": told,
        "entry": b64url(line.entry),
        "salt": b64url(line.salt or b""),
        "receipt": receipt,
    }


def line_withheld(line: Line) -> dict[str, Any]:
    """A line under a deferral: its number, and the leaf to which the next line is tied."""
    return {"n": line.n, "state": WITHHELD, "leaf": b64url(leaf_hash(line.entry))}


def line_erased(line: Line, receipt: str, erasure: tuple[bytes, str]) -> dict[str, Any]:
    """A line whose meaning is gone: its entry, and the entry of the order that erased it."""
    content, proof = erasure
    return {
        "n": line.n,
        "state": ERASED,
        "entry": b64url(line.entry),
        "receipt": receipt,
        "erasure": b64url(content),
        "erasure_receipt": proof,
    }


def sealed_view(view: Mapping[str, Any], signer: Signer) -> dict[str, Any]:
    """The view under the hub's seal."""
    claims = {"iss": view["hub"], "iat": view["at"], "digest": view_digest(view)}
    return {**view, "seal": sign_jws(claims, typ=SEAL_TYP, signer=signer)}


def view_digest(view: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of the view without its seal, base64url."""
    content = canonical_json({name: value for name, value in view.items() if name != "seal"})
    return b64url(hashlib.sha256(content).digest())
