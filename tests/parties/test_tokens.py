from datetime import UTC, datetime
from typing import Any

import pytest

from hub.errors import HubError, Malformed, Refused
from hub.kernel.clock import FixedClock
from hub.parties.directory import PartyDirectory
from hub.parties.model import Party, PartyKind, Scope
from hub.parties.store import PartyStore
from hub.parties.tokens import ASSERTION_TYPE, TokenService, bearer_token
from hub.proof.jws import sign_jws
from hub.proof.keys import FileSigner, generate_signer
from hub.storage.database import Database

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
HUB = "hub:demo-county"
AID = Party("svc:low-income-aid", "Low-income aid", "低保服务", PartyKind.consumer)


@pytest.fixture
def clock() -> Any:
    return FixedClock(NOW)


@pytest.fixture
def signer() -> Any:
    return generate_signer("ES256")


@pytest.fixture
def tokens(database: Database, clock: FixedClock, signer: FileSigner) -> Any:
    directory = PartyDirectory(database, clock=clock)
    directory.register(AID, signer.public.to_jwk())
    return TokenService(database, directory, generate_signer("Ed25519"), HUB, clock)


def client_assertion(signer: FileSigner, *, party: str, audience: str, issued_at: int, jti: str) -> str:
    claims = {"iss": party, "sub": party, "aud": audience, "iat": issued_at, "exp": issued_at + 60, "jti": jti}
    return sign_jws(claims, typ="client-authentication+jwt", signer=signer)


def form(signer: FileSigner, scope: str = "", **changed: Any) -> Any:
    told = {"party": AID.id, "audience": HUB, "issued_at": int(NOW.timestamp()), "jti": "a-fresh-id-1", **changed}
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": client_assertion(signer, **told),
        "scope": scope,
    }


def test_a_signed_assertion_gives_a_token_with_the_scopes_of_its_kind(tokens: TokenService, signer: FileSigner) -> None:
    answer = tokens.grant(form(signer))
    assert answer.scope == "cases catalogue exchange"
    assert answer.token_type == "Bearer"
    caller = tokens.verify(answer.access_token, Scope.cases)
    assert caller.party == AID


def test_a_token_opens_only_what_was_asked_for(tokens: TokenService, signer: FileSigner) -> None:
    answer = tokens.grant(form(signer, scope="catalogue"))
    with pytest.raises(Refused, match=r"parties\.scope-missing"):
        tokens.verify(answer.access_token, Scope.cases)


def test_a_scope_of_another_kind_of_party_is_refused(tokens: TokenService, signer: FileSigner) -> None:
    with pytest.raises(Refused, match=r"parties\.scope-not-allowed"):
        tokens.grant(form(signer, scope="audit"))


def test_an_assertion_opens_once(tokens: TokenService, signer: FileSigner) -> None:
    sent = form(signer)
    tokens.grant(sent)
    with pytest.raises(Refused, match=r"parties\.assertion-used"):
        tokens.grant(sent)


def test_a_token_ends_after_its_lifetime(tokens: TokenService, signer: FileSigner, clock: FixedClock) -> None:
    answer = tokens.grant(form(signer))
    clock.advance(answer.expires_in + 1)
    with pytest.raises(Refused, match=r"proof\.expired"):
        tokens.verify(answer.access_token, Scope.cases)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"audience": "https://hub.example/oauth/token"}, "proof.foreign-audience"),
        ({"issued_at": int(NOW.timestamp()) - 120}, "proof.expired"),
        ({"issued_at": int(NOW.timestamp()) + 120}, "proof.not-yet-valid"),
        ({"party": "svc:somebody-else"}, "proof.unknown-key"),
    ],
)
def test_an_assertion_that_is_not_for_this_hub_now_is_refused(
    tokens: TokenService, signer: FileSigner, changed: Any, code: str
) -> None:
    with pytest.raises(HubError) as refusal:
        tokens.grant(form(signer, **changed))
    assert refusal.value.code == code


def test_an_audience_list_is_refused_even_when_it_names_the_hub(tokens: TokenService, signer: FileSigner) -> None:
    at = int(NOW.timestamp())
    claims = {"iss": AID.id, "sub": AID.id, "aud": [HUB], "iat": at, "exp": at + 60, "jti": "a-fresh-id-2"}
    sent = form(signer) | {"client_assertion": sign_jws(claims, typ="client-authentication+jwt", signer=signer)}
    with pytest.raises(Malformed, match=r"proof\.audience"):
        tokens.grant(sent)


def test_an_assertion_of_another_type_or_subject_is_refused(tokens: TokenService, signer: FileSigner) -> None:
    at = int(NOW.timestamp())
    claims = {"iss": AID.id, "sub": AID.id, "aud": HUB, "iat": at, "exp": at + 60, "jti": "a-fresh-id-3"}
    plain = form(signer) | {"client_assertion": sign_jws(claims, typ="JWT", signer=signer)}
    with pytest.raises(Malformed, match=r"proof\.typ"):
        tokens.grant(plain)
    other = sign_jws(claims | {"sub": "dept:land"}, typ="client-authentication+jwt", signer=signer)
    with pytest.raises(Malformed, match=r"parties\.subject-is-not-issuer"):
        tokens.grant(form(signer) | {"client_assertion": other})
    with pytest.raises(Malformed, match=r"parties\.subject-is-not-issuer"):
        tokens.grant(form(signer) | {"client_id": "dept:land"})
    assert tokens.grant(form(signer) | {"client_id": AID.id}).expires_in == 600


def test_a_token_ends_with_the_key_that_asked_for_it(
    tokens: TokenService, signer: FileSigner, clock: FixedClock
) -> None:
    token = tokens.grant(form(signer)).access_token
    clock.advance(seconds=60)
    assert tokens.verify(token, Scope.cases).party == AID
    with tokens.database.writing() as session:
        PartyStore(session).change_key(AID.id, signer.public.kid, revoked_at=clock.now())
    tokens.directory.forget()
    with pytest.raises(Malformed, match=r"parties\.token-of-ended-key"):
        tokens.verify(token, Scope.cases)


def test_a_token_of_another_maker_opens_nothing(tokens: TokenService, clock: FixedClock) -> None:
    forged = TokenService(tokens.database, tokens.directory, generate_signer("Ed25519"), HUB, clock)._token
    caller = tokens.directory.require_party(AID.id)
    from hub.parties.model import Caller

    token = forged(Caller(caller, frozenset({Scope.cases})), "any").access_token
    with pytest.raises(Malformed, match=r"proof\.unknown-key"):
        tokens.verify(token, Scope.cases)


@pytest.mark.parametrize("left_out", ["grant_type", "client_assertion_type", "client_assertion"])
def test_a_form_without_its_parts_is_malformed(tokens: TokenService, signer: FileSigner, left_out: Any) -> None:
    sent = form(signer)
    del sent[left_out]
    with pytest.raises(Malformed, match=r"parties\."):
        tokens.grant(sent)


def test_a_missing_bearer_token_says_how_to_send_one() -> None:
    assert bearer_token("Bearer abc") == "abc"
    with pytest.raises(Refused, match=r"parties\.no-token"):
        bearer_token(None)
