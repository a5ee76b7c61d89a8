"""An answer counts when the hub that was asked signed it, about this request, with evidence of whom it names."""

from typing import Any

import pytest

from hub.client.answers import Answer, verified_answer
from hub.errors import Malformed
from hub.proof.jws import sign_jws
from hub.proof.keys import FileSigner, PublicKey, generate_signer
from hub.proof.sdjwt import issue_sd_jwt

HUB, LAND, FUNERAL = "hub:demo-county", "dept:land", "dept:funeral"
RIGHT = "urn:hub:evidence:real-estate-right:1"
SIGNERS = {party: generate_signer() for party in (HUB, LAND, FUNERAL)}


def key_for(kid: str | None, party: str | None) -> PublicKey | None:
    signer = SIGNERS.get(party or "")
    return signer.public if signer and signer.public.kid == kid else None


def evidence(issuer: str = LAND, vct: str = RIGHT) -> str:
    clear = {"iss": issuer, "vct": vct, "iat": 1, "jti": "j"}
    return issue_sd_jwt(clear, {"unit": "320684413219GB00029F00010002"}, signer=SIGNERS[issuer])


def line(**changed: Any) -> dict[str, Any]:
    return {
        "type": RIGHT, "outcome": "released", "reason": None, "provider": LAND, "role": "holder", "as_of": 1,
        "presentation": evidence(), **changed,
    }  # fmt: skip


def read(lines: Any, signer: FileSigner | None = None, **changed: Any) -> Answer:
    claims = {
        "iss": HUB, "aud": "svc:window", "iat": 1, "jti": "a", "exchange": "xch_1", "request_digest": "d",
        "outcome": "released", "reason": None, "subject": "pw_1", "case": "2026-0001", "evidence": lines, **changed,
    }  # fmt: skip
    jws = sign_jws(claims, typ="evidence-answer+jwt", signer=signer or SIGNERS[HUB])
    return verified_answer(jws, "receipt", request_digest="d", hub=HUB, key_for=key_for)


def test_what_the_hub_answers_is_read_with_its_evidence() -> None:
    (piece,) = read([line()]).evidence
    assert (piece.provider, piece.claims) == (LAND, {"unit": "320684413219GB00029F00010002"})
    (refused,) = read([line(outcome="refused", reason="sharing.no-grant", provider=None, presentation=None)]).evidence
    assert (refused.reason, refused.claims) == ("sharing.no-grant", {})


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"iss": LAND, "signer": SIGNERS[LAND]}, "client.other-hub"),
        ({"request_digest": "e"}, "client.other-request"),
        ({"exchange": None}, "client.bad-answer"),
        ({"outcome": 1}, "client.bad-answer"),
    ],
)
def test_an_answer_of_somebody_else_or_to_something_else_is_none(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(Malformed) as refusal:
        read([line()], **changed)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([line(presentation=evidence(FUNERAL))], "client.other-evidence"),
        ([line(presentation=evidence(vct="urn:hub:evidence:funeral:1"))], "client.other-evidence"),
        ([line(provider=None)], "client.other-evidence"),
        ([line(type=None)], "client.bad-answer"),
        ([line(presentation=5)], "client.bad-answer"),
        ([line(presentation="")], "proof.not-sd-jwt"),
        ([5], "client.bad-answer"),
        (None, "client.bad-answer"),
        ({"type": "x"}, "client.bad-answer"),
    ],
)
def test_evidence_is_of_the_provider_and_type_that_the_answer_names(lines: Any, code: str) -> None:
    with pytest.raises(Malformed) as refusal:
        read(lines)
    assert refusal.value.code == code
