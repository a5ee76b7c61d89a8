"""The subject's view: who asked about me, when, for what, and what was released or refused."""

from datetime import datetime

from hub.exchange.bundle import spoken_claims
from hub.exchange.model import Access, KeptExchange
from hub.proof.sdjwt import parse_trusted_sd_jwt, path_text


def access_of(n: int, at: datetime, kept: KeptExchange) -> Access:
    """One line of the view; it names the claims that were shown, not their values."""
    request, answer = spoken_claims(kept.request_jws), spoken_claims(kept.answer_jws)
    return Access(
        n=n,
        exchange_id=kept.exchange_id,
        at=at,
        consumer=kept.consumer,
        matter=request["matter"],
        case=request["case"],
        basis=request["basis"],
        outcome=kept.outcome,
        reason=answer["reason"],
        items=tuple(_shown(item) for item in answer["evidence"]),
        entry_id=kept.entry_id,
        entry=kept.entry,
        salt=kept.salt,
    )


def _shown(item: dict[str, object]) -> dict[str, object]:
    presentation = item["presentation"]
    shown = parse_trusted_sd_jwt(presentation).paths if isinstance(presentation, str) else ()
    return {
        "type": item["type"],
        "outcome": item["outcome"],
        "reason": item["reason"],
        "provider": item["provider"],
        "claims": sorted(path_text(path) for path in shown),
    }
