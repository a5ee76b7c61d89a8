import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import HubError, Malformed, Refused
from hub.proof.encoding import b64url
from hub.proof.jws import VerifiedJws, sign_jws, verify_jws, verify_request
from hub.proof.keys import FileSigner, generate_signer

SIGNER = generate_signer()
OTHER = generate_signer()
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
AT = int(NOW.timestamp())
TYP = "evidence-request+jwt"
CLAIMS = {"iss": "svc:aid", "aud": "hub:county", "iat": AT, "exp": AT + 60, "jti": "n" * 22, "matter": "m"}


def key_for(kid: str | None, iss: str | None) -> Any:
    return SIGNER.public if iss == "svc:aid" and kid in (SIGNER.public.kid, None) else None


def compact(header: bytes, payload: bytes, signer: FileSigner = SIGNER) -> str:
    signed = f"{b64url(header)}.{b64url(payload)}"
    return f"{signed}.{b64url(signer.sign(signed.encode()))}"


def header(**changes: Any) -> bytes:
    return json.dumps({"alg": "Ed25519", "kid": SIGNER.public.kid, "typ": TYP} | changes).encode()


def read(token: str | bytes) -> VerifiedJws:
    return verify_jws(token, typ=TYP, key_for=key_for)


def request(token: str) -> VerifiedJws:
    return verify_request(token, typ=TYP, key_for=key_for, audience="hub:county", now=NOW)


def code_of(call: Any) -> str:
    with pytest.raises(HubError) as refusal:
        call()
    return refusal.value.code


PAYLOAD = json.dumps(CLAIMS).encode()


def test_a_signed_request_is_read_back_with_its_key_and_digest() -> None:
    verified = request(sign_jws(CLAIMS, typ=TYP, signer=SIGNER))
    assert verified.claims == CLAIMS
    assert verified.key == SIGNER.public
    assert len(verified.digest) == 32


def test_eddsa_in_the_header_is_accepted_for_an_ed25519_key() -> None:
    assert read(compact(header(alg="EdDSA"), PAYLOAD)).claims == CLAIMS


def test_a_token_of_another_library_is_accepted() -> None:
    signer = generate_signer("ES256")
    token = jwt.encode({"iss": "x"}, signer.to_pem(), algorithm="ES256", headers={"typ": TYP})
    assert verify_jws(token, typ=TYP, key_for=lambda _kid, _iss: signer.public).claims == {"iss": "x"}


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"typ": "JWT"}, "typ"),
        ({"typ": None}, "typ"),
        ({"typ": TYP.upper()}, "typ"),
        ({"crit": ["exp"]}, "crit"),
        ({"crit": []}, "crit"),
        ({"b64": False}, "crit"),
        ({"b64": False, "crit": ["b64"]}, "crit"),
        ({"alg": "none"}, "algorithm"),
        ({"alg": "HS256"}, "algorithm"),
        ({"alg": "ES256"}, "algorithm"),
        ({"alg": None}, "algorithm"),
        ({"kid": "other"}, "unknown-key"),
        ({"kid": 5}, "header"),
        ({"x": 1.5}, "json"),
        ({"x": [[[[1]]]]}, "json"),
    ],
)
def test_a_header_that_asks_for_something_else_is_refused(changes: dict[str, Any], fact: str) -> None:
    assert code_of(lambda: read(compact(header(**changes), PAYLOAD))) == f"proof.{fact}"


@pytest.mark.parametrize(
    ("payload", "fact"),
    [
        (b'{"iss":"svc:aid","iss":"svc:aid"}', "json"),
        (b'{"iss":"svc:aid","amount":1.5}', "json"),
        (b"[]", "claims"),
        (b'"text"', "claims"),
        (b"", "json"),
        (b'{"iss":["svc:aid"]}', "claims"),
        (b'{"iss":"svc:other"}', "unknown-key"),
        (b"{}", "unknown-key"),
    ],
)
def test_claims_of_another_form_are_refused(payload: bytes, fact: str) -> None:
    assert code_of(lambda: read(compact(header(), payload))) == f"proof.{fact}"


def test_the_type_is_checked_before_the_claims_are_read() -> None:
    assert code_of(lambda: read(compact(header(typ="x"), b"not json"))) == "proof.typ"


def test_another_key_and_a_stripped_signature_are_refused() -> None:
    assert code_of(lambda: read(compact(header(), PAYLOAD, OTHER))) == "proof.bad-signature"
    token = sign_jws(CLAIMS, typ=TYP, signer=SIGNER)
    assert code_of(lambda: read(token.rpartition(".")[0] + ".")) == "proof.bad-signature"


@pytest.mark.parametrize("spoil", ["{}=", " {}", "{}\n", "{}.x", "{}~", "é{}"])
def test_anything_around_the_token_is_refused(spoil: str) -> None:
    token = sign_jws(CLAIMS, typ=TYP, signer=SIGNER)
    with pytest.raises(Malformed):
        read(spoil.format(token))


def test_a_token_beyond_the_size_is_refused_unread() -> None:
    assert code_of(lambda: read("a" * 65_537)) == "proof.not-jws"


@settings(max_examples=150)
@given(st.data())
def test_one_changed_character_anywhere_is_malformed(data: st.DataObject) -> None:
    token = sign_jws(CLAIMS, typ=TYP, signer=SIGNER)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from([c for c in "AZaz09-_.=+/ " if c != token[at]]))
    with pytest.raises(Malformed):
        read(token[:at] + other + token[at + 1 :])


@settings(max_examples=300)
@given(st.binary(max_size=80) | st.text(st.sampled_from("eyJ.-_Aa0"), max_size=60).map(str.encode))
def test_any_bytes_are_malformed_and_nothing_else(content: bytes) -> None:
    with pytest.raises(Malformed):
        read(content)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": "hub:other"}, "proof.foreign-audience"),
        ({"aud": ["hub:county"]}, "proof.audience"),
        ({"aud": None}, "proof.audience"),
        ({"exp": AT - 6}, "proof.expired"),
        ({"iat": AT + 6, "exp": AT + 30}, "proof.not-yet-valid"),
        ({"nbf": AT + 6}, "proof.not-yet-valid"),
        ({"exp": AT + 61}, "proof.lifetime"),
        ({"exp": AT}, "proof.lifetime"),
        ({"exp": True}, "proof.time"),
        ({"exp": str(AT)}, "proof.time"),
        ({"exp": None}, "proof.time"),
        ({"iat": None}, "proof.time"),
        ({"nbf": "soon"}, "proof.time"),
        ({"jti": ""}, "proof.claims"),
        ({"jti": None}, "proof.claims"),
        ({"jti": "n" * 129}, "proof.claims"),
    ],
)
def test_a_request_outside_its_audience_or_time_is_refused(changes: dict[str, Any], code: str) -> None:
    assert code_of(lambda: request(sign_jws(CLAIMS | changes, typ=TYP, signer=SIGNER))) == code


def test_a_request_without_times_is_malformed() -> None:
    bare = {name: CLAIMS[name] for name in ("iss", "aud", "jti")}
    assert code_of(lambda: request(sign_jws(bare, typ=TYP, signer=SIGNER))) == "proof.time"


def test_clocks_may_differ_by_five_seconds() -> None:
    token = sign_jws(CLAIMS, typ=TYP, signer=SIGNER)
    for seconds in (-5, 64):
        now = NOW + timedelta(seconds=seconds)
        verify_request(token, typ=TYP, key_for=key_for, audience="hub:county", now=now)
    with pytest.raises(Refused):
        verify_request(token, typ=TYP, key_for=key_for, audience="hub:county", now=NOW + timedelta(seconds=65))
