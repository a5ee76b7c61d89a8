"""The token's address speaks OAuth 2.0 (RFC 6749, 6750) and RFC 9457 in one answer; what nobody may keep says so."""

import re
from typing import Any

import httpx
import pytest

from hub.api.problems import MEDIA_TYPE
from hub.client.channel import ASSERTION_TYPE
from hub.proof.jws import sign_jws
from tests.support.running import Running

FORM = {"content-type": "application/x-www-form-urlencoded"}
AID = "svc:low-income-aid"
ALLOWED_IN_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")


def _form(up: Running, claims: dict[str, Any] | None = None, **fields: str) -> dict[str, str]:
    me = up.identity_of(AID)
    token = sign_jws(me.claims() | {"sub": AID} | (claims or {}), typ="client-authentication+jwt", signer=me.signer)
    told = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": token}
    return {name: text for name, text in (told | fields).items() if text}


@pytest.mark.parametrize(
    ("claims", "fields", "refusal"),
    [
        ({}, {"grant_type": ""}, (400, "invalid_request", "parties.no-grant-type")),
        ({}, {"grant_type": "password"}, (400, "unsupported_grant_type", "parties.grant-type")),
        ({}, {"client_assertion": ""}, (400, "invalid_client", "parties.assertion-missing")),
        ({}, {"client_assertion": "a.b.c"}, (400, "invalid_client", "proof.base64url")),
        ({"iss": "svc:nobody"}, {}, (400, "invalid_client", "proof.unknown-key")),
        ({"iat": 1, "exp": 61}, {}, (401, "invalid_client", "proof.expired")),
        ({"aud": "hub:elsewhere"}, {}, (401, "invalid_client", "proof.foreign-audience")),
        ({"sub": [AID]}, {}, (400, "invalid_client", "parties.subject-is-not-issuer")),
        ({}, {"client_id": "dept:land"}, (400, "invalid_client", "parties.subject-is-not-issuer")),
        ({}, {"scope": "push"}, (400, "invalid_scope", "parties.scope-not-allowed")),
    ],
)
def test_a_refused_token_is_told_as_oauth_and_as_a_problem(
    served_hub: Running, http: httpx.Client, claims: Any, fields: Any, refusal: tuple[int, str, str]
) -> None:
    answer = http.post("/oauth/token", data=_form(served_hub, claims, **fields))
    told = answer.json()
    assert (answer.status_code, told["error"], told["code"]) == refusal
    assert told["status"] == answer.status_code
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert ALLOWED_IN_DESCRIPTION.fullmatch(told["error_description"])
    assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)


@pytest.mark.parametrize(
    ("method", "content", "headers", "status"),
    [
        ("GET", b"", {}, 405),
        ("POST", b"{}", {"content-type": "application/json"}, 415),
        ("POST", b"a=1&a=2", FORM, 400),
        ("POST", b"a" * 2_000_000, FORM, 413),
    ],
)
def test_what_is_no_request_for_a_token_is_an_invalid_one(
    http: httpx.Client, method: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = http.request(method, "/oauth/token", content=content, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (status, "invalid_request")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", MEDIA_TYPE),
        ("application/json", "application/json"),
        (f"application/json, {MEDIA_TYPE}", MEDIA_TYPE),
    ],
)
def test_who_asks_for_json_gets_the_refusal_of_a_token_as_json(http: httpx.Client, accept: str, kind: str) -> None:
    answer = http.post("/oauth/token", data={"grant_type": "x"}, headers={"accept": accept})
    assert answer.headers["content-type"] == kind
    assert answer.json()["type"] == "urn:hub:problem:parties.grant-type"


def test_a_token_is_kept_by_nobody_on_the_way(served_hub: Running, http: httpx.Client) -> None:
    answer = http.post("/oauth/token", data=_form(served_hub))
    assert answer.json()["token_type"] == "Bearer"
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")


def test_what_a_token_opens_is_kept_by_nobody_and_the_open_pages_say_their_own(
    served_hub: Running, http: httpx.Client
) -> None:
    with served_hub.channel(AID) as channel:
        assert channel.call("GET", "/v1/cases").headers["cache-control"] == "no-store"
    assert http.get("/verify/").headers.get_list("cache-control") == ["no-cache"]


def test_a_challenge_says_what_is_wrong_with_the_token(served_hub: Running, http: httpx.Client) -> None:
    """RFC 6750 §3: nothing beside the realm where none was sent."""
    assert http.get("/v1/cases").headers["www-authenticate"] == 'Bearer realm="hub"'
    wrong = http.get("/v1/cases", headers={"authorization": "Bearer a.b.c"})
    assert 'Bearer realm="hub", error="invalid_token", error_description="' in wrong.headers["www-authenticate"]
    with served_hub.channel("aud:county-audit") as auditor:
        narrow = http.get("/v1/cases", headers={"authorization": f"Bearer {auditor.access_token()}"})
    assert narrow.status_code == 403
    assert 'error="insufficient_scope"' in narrow.headers["www-authenticate"]
    assert narrow.headers["www-authenticate"].endswith('scope="cases"')


def test_the_description_says_how_a_token_is_refused(http: httpx.Client) -> None:
    told = http.get("/openapi.json").json()["paths"]["/oauth/token"]["post"]["responses"]
    assert not {"403", "404", "409"} & told.keys()
    for status in ("400", "401", "413", "415"):
        content = told[status]["content"]
        assert content[MEDIA_TYPE] == content["application/json"]
        assert all(each["value"]["error"] for each in content[MEDIA_TYPE]["examples"].values())
