"""Answers 应答 as an approval system reads them: verified first, then opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.errors import Malformed
from hub.proof.jws import KeyFor, verify_jws
from hub.proof.sdjwt import SdJwt, verify_sd_jwt

ANSWER_TYP: Final = "evidence-answer+jwt"
MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True)
class Released:
    """One piece of what was asked for, or the reason why there is none.

    ``claims`` are those disclosed; ``clear`` is what stands open in the evidence: issuer, times, for a statement what
    it rests on and what it does not prove.
    """

    type: str
    outcome: str
    reason: str | None
    provider: str | None
    role: str | None
    as_of: int | None
    claims: Mapping[str, Any]
    clear: Mapping[str, Any]
    presentation: str | None


@dataclass(frozen=True)
class Answer:
    """A verified answer; ``receipt`` proves that it stands in the log."""

    exchange: str
    outcome: str
    reason: str | None
    subject: str | None
    case: str | None
    evidence: Sequence[Released]
    jws: str
    receipt: str


def verified_answer(jws: str, receipt: str, *, request_digest: str, hub: str, key_for: KeyFor) -> Answer:
    """The answer in ``jws``: (1) signed by the hub of that id, (2) about the request, (3) evidence by its providers.

    What needs the log's key, such as the receipt, is for who verifies the bundle.

    Raises:
        Malformed: any of it does not hold.
    """
    message = verify_jws(jws, typ=ANSWER_TYP, key_for=key_for, max_bytes=MAX_ANSWER_BYTES)  # 1
    claims = message.claims
    if claims.get("iss") != hub:
        raise Malformed(
            "client.other-hub",
            "The answer is signed by somebody else than the hub that was asked.",
            "应答不是由所请求的枢纽签名的。",
        )
    if claims.get("request_digest") != request_digest:  # 2
        raise Malformed("client.other-request", "The answer is about another request.", "该应答对应的是另一请求。")
    lines = claims.get("evidence")
    if not isinstance(lines, list) or not _are_texts(claims, "exchange", "outcome"):
        raise _bad_answer()
    evidence = [_released(each, key_for) for each in lines]  # 3
    return Answer(
        exchange=claims["exchange"],
        outcome=claims["outcome"],
        reason=claims.get("reason"),
        subject=claims.get("subject"),
        case=claims.get("case"),
        evidence=evidence,
        jws=jws,
        receipt=receipt,
    )


def _are_texts(told: Any, *names: str) -> bool:
    return isinstance(told, Mapping) and all(isinstance(told.get(name), str) for name in names)


def _bad_answer() -> Malformed:
    return Malformed("client.bad-answer", "The answer is not of the form prescribed.", "应答格式不符。")


def _released(piece: Any, key_for: KeyFor) -> Released:
    if not _are_texts(piece, "type", "outcome") or not isinstance(piece.get("presentation"), str | None):
        raise _bad_answer()
    presentation = piece.get("presentation")
    opened = None if presentation is None else verify_sd_jwt(presentation, key_for=key_for)
    if opened and (opened.claims.get("iss"), opened.claims.get("vct")) != (piece.get("provider"), piece["type"]):
        raise Malformed(
            "client.other-evidence",
            "Evidence in the answer is not of the provider and type that the answer names.",
            "应答中凭证的提供方或类型与应答所列不符。",
        )
    return Released(
        type=piece["type"],
        outcome=piece["outcome"],
        reason=piece.get("reason"),
        provider=piece.get("provider"),
        role=piece.get("role"),
        as_of=piece.get("as_of"),
        claims=_disclosed(opened) if opened else {},
        clear=opened.clear if opened else {},
        presentation=presentation,
    )


def _disclosed(opened: SdJwt) -> dict[str, Any]:
    names = {path[0] for path in opened.paths}
    return {str(name): opened.claims[str(name)] for name in names}
