import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import HubError, Malformed
from hub.proof.encoding import b64url
from hub.proof.jws import sign_jws
from hub.proof.keys import generate_signer
from hub.proof.sdjwt import (
    SdJwt,
    issue_sd_jwt,
    issue_sd_jwts,
    parse_path,
    parse_trusted_sd_jwt,
    path_text,
    verify_sd_jwt,
    verify_sd_jwts,
)

SIGNER = generate_signer()
CLEAR = {
    "iss": "dept:marriage",
    "vct": "urn:hub:evidence:marriage-event:1",
    "iat": 1,
    "jti": "j",
    "registry": "marriage",
}
HIDDEN = {
    "event": "marriage",
    "man": {"name": "王小明", "number_valid": True},
    "members": [{"name": "甲"}, {"name": "乙", "age": 3}],
    "former_names": ["a", "b"],
    "note": None,
}


def read(token: str | bytes) -> SdJwt:
    return verify_sd_jwt(token, key_for=lambda _kid, iss: SIGNER.public if iss == CLEAR["iss"] else None)


def code_of(token: str) -> str:
    with pytest.raises(HubError) as refusal:
        read(token)
    assert isinstance(refusal.value, Malformed)
    return refusal.value.code


def disclosure(*parts: Any) -> str:
    return b64url(json.dumps(parts, ensure_ascii=False).encode())


def digest(spelled: str) -> str:
    return b64url(hashlib.sha256(spelled.encode()).digest())


def token_of(payload: dict[str, Any], *disclosures: str) -> str:
    return "~".join([sign_jws({**CLEAR, **payload}, typ="dc+sd-jwt", signer=SIGNER), *disclosures, ""])


WHOLE = issue_sd_jwt(CLEAR, HIDDEN, signer=SIGNER)
NAME = disclosure("salt-salt-salt", "name", "王")


def test_evidence_discloses_each_leaf_apart() -> None:
    evidence = read(issue_sd_jwt(CLEAR, HIDDEN, signer=SIGNER))
    assert evidence.claims == {**CLEAR, **HIDDEN}
    assert evidence.clear == {**CLEAR, "man": {}, "members": [{}, {}]}
    assert sorted(map(path_text, evidence.paths)) == [
        "event",
        "former_names",
        "man.name",
        "man.number_valid",
        "members.0.name",
        "members.1.age",
        "members.1.name",
        "note",
    ]


def test_a_presentation_holds_only_what_was_chosen() -> None:
    evidence = read(issue_sd_jwt(CLEAR, HIDDEN, signer=SIGNER))
    shown = read(evidence.present(["man.name", ("members", 1, "age")]))
    assert shown.claims == {**CLEAR, "man": {"name": "王小明"}, "members": [{}, {"age": 3}]}
    assert read(evidence.present([])).claims == evidence.clear
    with pytest.raises(Malformed):
        evidence.present(["man"])


def test_a_sealed_copy_reads_the_same_without_the_key() -> None:
    token = issue_sd_jwt(CLEAR, HIDDEN, signer=SIGNER)
    assert parse_trusted_sd_jwt(token).claims == read(token).claims
    assert parse_trusted_sd_jwt(token).token == read(token).token


def test_what_is_hidden_is_not_in_the_signed_part_and_no_salt_repeats() -> None:
    many = [issue_sd_jwt(CLEAR, {"name": "王小明"}, signer=SIGNER) for _ in range(100)]
    assert len({token.split("~")[1] for token in many}) == 100
    payload = json.dumps(read(many[0]).payload, ensure_ascii=False)
    assert "王小明" not in payload
    assert "name" not in payload


def test_paths_are_text_and_back() -> None:
    assert parse_path("members.0.name") == ("members", 0, "name")
    assert path_text(("members", 0, "name")) == "members.0.name"


def test_evidence_of_another_issuer_style_with_nested_disclosures_is_resolved() -> None:
    street = disclosure("salt-street", "street", "A")
    address = disclosure("salt-address", "address", {"_sd": [digest(street)], "city": "B"})
    second = disclosure("salt-second", "DE")
    payload = {"_sd": [digest(address)], "list": ["FR", {"...": digest(second)}, {"...": "x" * 43}]}
    evidence = read(token_of(payload, street, address, second))
    assert evidence.claims["address"] == {"city": "B", "street": "A"}
    assert evidence.claims["list"] == ["FR", "DE"]
    assert read(evidence.present(["address.street"])).claims["address"] == {"city": "B", "street": "A"}


@pytest.mark.parametrize(
    ("payload", "disclosures", "fact"),
    [
        ({}, [NAME], "orphan-disclosure"),
        ({"_sd": [digest(NAME)]}, [NAME, NAME], "doubled-disclosure"),
        ({"_sd": [digest(NAME), digest(NAME)]}, [NAME], "doubled-digest"),
        ({"_sd": [digest(NAME)], "man": {"_sd": [digest(NAME)]}}, [NAME], "doubled-digest"),
        ({"_sd": [digest(NAME)], "list": [{"...": digest(NAME)}]}, [NAME], "disclosure"),
        ({"_sd": ["x" * 43, "x" * 43]}, [], "doubled-digest"),
        ({"_sd": [digest(NAME)], "name": "clear"}, [NAME], "reserved-name"),
        ({"_sd": "x"}, [], "disclosure"),
        ({"_sd": [5]}, [], "disclosure"),
        ({"list": [{"...": 5}]}, [], "disclosure"),
        ({"list": [{"...": "x", "more": 1}]}, [], "reserved-name"),
        ({"man": {"...": "x"}}, [], "reserved-name"),
        ({"man": {"_sd_alg": "sha-256"}}, [], "reserved-name"),
        ({"_sd_alg": "sha-1"}, [], "sd-hash"),
        ({"_sd_alg": None}, [], "sd-hash"),
    ],
)
def test_digests_and_disclosures_that_do_not_fit_are_refused(
    payload: dict[str, Any], disclosures: list[str], fact: str
) -> None:
    assert code_of(token_of(payload, *disclosures)) == f"proof.{fact}"


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg", "iss", "exp", "status", "vct", "cnf"])
def test_no_disclosure_takes_a_reserved_or_registered_name(name: str) -> None:
    spoilt = disclosure("salt", name, "x")
    payload = {"_sd": [digest(spoilt)]}
    assert code_of(token_of(payload, spoilt)) == "proof.reserved-name"


@pytest.mark.parametrize(
    "spelled",
    [
        disclosure("salt"),
        disclosure("salt", "a", "b", "c"),
        disclosure(5, "name", "x"),
        disclosure("salt", 5, "x"),
        disclosure("salt", "x"),
        b64url(b'{"a":1}'),
        b64url(b'["salt","name",1.5]'),
        b64url(b'["salt","name",{"a":1,"a":2}]'),
        b64url(b'["salt","name",[{"a":1,"a":2}]]'),
        b64url(b"[]"),
        b64url(b'["salt","name","\\u0000"]'),
        b64url(b'["salt","name","\\ud800"]'),
        b64url(b'["salt","name",' + b"[" * 40 + b"]" * 40 + b"]"),
        b64url(b"not json"),
        NAME + "=",
        "",
    ],
)
def test_a_disclosure_of_another_form_is_refused_even_when_signed_for(spelled: str) -> None:
    code_of(token_of({"_sd": [digest(spelled)]}, spelled))


@pytest.mark.parametrize(
    "spelled",
    [
        (b'["salt","a"', b'"b",1]'),
        (b'["salt","a","x', b'y",1]', b'["salt","b",1]],[["salt","c",2]'),
        (b'["salt","a",["x"', b'"y"]]', b'["salt","b",1]],\n  [["salt","c",2]'),
        (b'["salt","a",1],["salt","b",2]', b" "),
        (b'["salt","a",1]],\n  [["salt","b",2]', b""),
        (b'["salt","a",1]', b'["salt","b",2]],[{"salt":1}'),
        (b'["salt","a",1]]', b'[["salt","b",2]'),
        (b'["salt","a",9007199254740992]', b'["salt","b",2]'),
        (b'["salt","a",["x",["y"]]]', b'["salt","b",[1.5]]'),
        (b'["salt","a\\u0000",1]', b'["salt","b",2]'),
    ],
)
def test_no_disclosure_leans_on_another(spelled: tuple[bytes, ...]) -> None:
    parts = [b64url(each) for each in spelled]
    code_of(token_of({"_sd": [digest(part) for part in parts]}, *parts))


def test_unused_bits_in_a_disclosure_are_refused() -> None:
    for padding in ("", " ", "  "):
        part = b64url(f'["salt","name",1]{padding}'.encode())
        spoiled = part[:-1] + chr(ord(part[-1]) + 1)
        if len(part) % 4:
            code_of(token_of({"_sd": [digest(spoiled)]}, spoiled))
        else:
            assert read(token_of({"_sd": [digest(part)]}, part)).claims["name"] == 1


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text("abcdef", min_size=1), st.none() | st.booleans() | st.text() | st.integers(-9, 9)))
def test_evidence_reads_the_same_whichever_way_its_disclosures_are_read(values: dict[str, Any]) -> None:
    values = {name: value for name, value in values.items() if not (isinstance(value, str) and "\0" in value)}
    whole = issue_sd_jwt(CLEAR, {"flat": values}, signer=SIGNER)
    _jws, *parts, _end = whole.split("~")
    nested = disclosure("salt", "nested", {"a": [1]})
    mixed = token_of({"_sd": [digest(nested)], "flat": {"_sd": sorted(map(digest, parts))}}, nested, *parts)
    assert read(mixed).claims["flat"] == read(whole).claims["flat"] == values
    assert set(read(whole).paths) == {("flat", name) for name in values}


def test_disclosures_nested_for_ever_are_refused() -> None:
    inner = disclosure("salt", "a", "end")
    chain = [inner]
    for _ in range(40):
        inner = disclosure("salt", "a", {"_sd": [digest(inner)]})
        chain.append(inner)
    assert code_of(token_of({"_sd": [digest(inner)]}, *chain)) == "proof.json"


def test_size_bombs_are_refused_unread() -> None:
    token = issue_sd_jwt(CLEAR, HIDDEN, signer=SIGNER)
    assert code_of(token + "A~" * 3_000) == "proof.not-sd-jwt"
    assert code_of(token + "A" * 300_000) == "proof.not-sd-jwt"


@pytest.mark.parametrize("spoil", ["{0}x.y.z", "{0}~", " {0}", "{0}\n", "{1}"])
def test_a_key_binding_or_anything_around_the_evidence_is_refused(spoil: str) -> None:
    token = issue_sd_jwt(CLEAR, HIDDEN, signer=SIGNER)
    code_of(spoil.format(token, token.rstrip("~")))


@settings(max_examples=150)
@given(st.data())
def test_one_changed_character_anywhere_is_malformed(data: st.DataObject) -> None:
    token = WHOLE
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from([c for c in "AZaz09-_.=+/ ~" if c != token[at]]))
    with pytest.raises(Malformed):
        read(token[:at] + other + token[at + 1 :])


@settings(max_examples=300)
@given(st.text(st.sampled_from("eyJ.-_Aa0~"), max_size=60) | st.binary(max_size=60))
def test_any_bytes_are_malformed_and_nothing_else(content: str | bytes) -> None:
    for parse in (read, parse_trusted_sd_jwt):
        with pytest.raises(Malformed):
            parse(content)


LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=8)
)
NAMES = st.text(st.sampled_from("abcdefg_"), min_size=1, max_size=4).filter(lambda name: name != "_sd")
OBJECT = st.recursive(
    st.dictionaries(NAMES, LEAF | st.lists(LEAF, max_size=3), max_size=4),
    lambda inner: st.dictionaries(NAMES, inner | LEAF | st.lists(inner, min_size=1, max_size=2), max_size=3),
    max_leaves=8,
)


@given(OBJECT)
def test_every_claim_set_comes_back_whole(claims: dict[str, Any]) -> None:
    assert read(issue_sd_jwt(CLEAR, claims, signer=SIGNER)).claims == {**CLEAR, **claims}


@pytest.mark.parametrize(
    "claims",
    [
        {"a": 1.5},
        {"iss": "x"},
        {"_sd": "x"},
        {"man": {"...": "x"}},
        {"a": "\ud800"},
        {"a": "\0"},
        {"a": 2**60},
        {"a": [1.5]},
    ],
)
def test_what_cannot_be_signed_exactly_is_not_issued(claims: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        issue_sd_jwt(CLEAR, claims, signer=SIGNER)


def test_many_tokens_are_read_as_each_alone() -> None:
    tokens = [
        WHOLE,
        "no token",
        WHOLE.replace(".", ".A", 1),
        WHOLE[: WHOLE.index("~") - 6] + "AAAAAA" + WHOLE[WHOLE.index("~") :],
        issue_sd_jwt(CLEAR | {"iss": "dept:land"}, HIDDEN, signer=SIGNER),
        token_of({}, NAME),
        token_of({"_sd": [digest(NAME)]}, NAME),
        issue_sd_jwt(CLEAR, HIDDEN, signer=generate_signer()),
    ]
    found = verify_sd_jwts(tokens, key_for=lambda _kid, iss: SIGNER.public if iss == CLEAR["iss"] else None)
    alone = [read(token).claims if number in {0, 6} else code_of(token) for number, token in enumerate(tokens)]
    assert [each.claims if isinstance(each, SdJwt) else each.code for each in found] == alone
    assert {"proof.not-sd-jwt", "proof.unknown-key", "proof.bad-signature", "proof.orphan-disclosure"} <= {
        *map(str, alone)
    }


def test_many_records_are_issued_as_each_alone() -> None:
    records = [(CLEAR | {"jti": str(number)}, {**HIDDEN, "note": f"n{number}"}) for number in range(3)]
    tokens = issue_sd_jwts(records, signer=SIGNER)
    assert [read(token).claims for token in tokens] == [clear | hidden for clear, hidden in records]
    with pytest.raises(Malformed):
        issue_sd_jwts([*records, (CLEAR, {"a": 1.5})], signer=SIGNER)
