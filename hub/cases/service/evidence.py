"""Keeps evidence that a service signed (a paper it took in, a licence it issued) beside that of the registries."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlmodel import Session

from hub.cases.service.surroundings import Surroundings
from hub.errors import Malformed
from hub.evidence.lines import LEEWAY
from hub.evidence.model import Link
from hub.evidence.status import place_of
from hub.evidence.store import NewEvidence
from hub.kernel.clock import end_of
from hub.kernel.ids import new_id
from hub.proof.encoding import b64url
from hub.proof.sdjwt import SdJwt, verify_sd_jwt
from hub.proof.statuslist import status_place_in

CLEAR: Final = frozenset(
    {"iss", "vct", "iat", "jti", "nbf", "exp", "status", "as_of", "registry", "export", "record", "content"}
)
"""What stands in the clear in evidence, beside the standard form."""


@dataclass(frozen=True)
class KeptToken:
    """Verified evidence to keep for one subject."""

    evidence: SdJwt = field(repr=False)
    type: str
    subject_id: str
    valid_until: datetime | None


def _own_status_place(claims: dict[str, Any]) -> tuple[str | None, int | None]:
    """Where the service says that the status of its evidence is published; a list of somebody else's is refused."""
    place = status_place_in(claims)
    if place is None:
        return None, None
    owner = place_of(place[0])
    if owner is None or owner[0] != claims["iss"]:
        raise Malformed(
            "cases.status-elsewhere",
            "The evidence names a status list that is not its issuer's own at this hub; ask for a place first.",
            "凭证所指的状态列表不是签发方在本枢纽的列表；请先申请状态位置。",
        )
    return place


def require_verified(around: Surroundings, token: str) -> SdJwt:
    """Evidence that verifies now, and that others can verify whenever it is shown.

    Raises:
        Malformed: it does not, or its time lies before its key counted or in the future.
    """
    evidence = verify_sd_jwt(token, key_for=around.key_for)
    issued_at, kid = evidence.claims.get("iat"), evidence.key.kid if evidence.key else ""
    since = around.counts_since(str(evidence.claims.get("iss")), kid)
    latest = (around.clock.now() + LEEWAY).timestamp()
    if type(issued_at) is not int or not since <= issued_at <= latest:
        raise Malformed(
            "cases.evidence-out-of-time",
            "The evidence says that it was made in the future, or before its key counted; "
            "check your clock, and sign it again.",
            "凭证的签发时间晚于当前，或早于其密钥生效时间；请校对时钟后重新签发。",
        )
    return evidence


def keep_token(around: Surroundings, session: Session, kept: KeptToken) -> str:
    """The evidence is kept, sealed and linked; its id. The same token for the same subject gives the same record."""
    token = kept.evidence.token.encode()
    now, evidence_id = around.clock.now(), new_id("ev")
    claims: dict[str, Any] = dict(kept.evidence.claims)
    uri, index = _own_status_place(claims)
    record = b64url(around.blinder.digest("service-evidence", f"{evidence_id}|{claims['jti']}"))
    row = NewEvidence(
        evidence_id=evidence_id,
        registry=claims["iss"],
        export=kept.type,
        record=record,
        content=b64url(hashlib.sha256(token).digest()),
        type=kept.type,
        issuer=claims["iss"],
        kid=kept.evidence.key.kid if kept.evidence.key else "",
        batch=0,
        line=0,
        as_of=now,
        valid_from=None,
        valid_until=kept.valid_until,
        kept_at=now,
        list_uri=uri,
        list_index=index,
        tells_reversal=False,
        household=None,
        digest=hashlib.sha256(token).digest(),
        sealed=around.keyring.seal(token, context=f"evidence|{evidence_id}"),
    )
    evidence = around.evidence(session)
    evidence.keep([row])
    evidence.link([Link(kept.subject_id, evidence_id, "self")])
    return evidence_id


def last_instant_in(claims: Mapping[str, Any]) -> datetime | None:
    """Until when a paper or licence counts: the end of its last day in the county, None when it names none."""
    last = claims.get("valid_until")
    return end_of(date.fromisoformat(last)) if last else None
