import json
from typing import Any

import pytest

from hub.errors import Malformed, Missing
from hub.exchange.bundle import sealed_bundle
from hub.exchange.steps import Verification
from hub.exchange.verify import verify_bundle
from hub.proof.jws import sign_jws
from hub.proof.keys import generate_signer
from hub.proof.note import Ed25519Cosigner
from tests.evidence.pushing import HUB
from tests.exchange.world import AID, LAND, MARITAL, RESIDENT, World
from tests.support.bending import bent

CHECKLIST = 12


def bundle_from(world: World, *wanted: tuple[str, list[str]], **changed: Any) -> dict[str, Any]:
    exchanged = world.hub.exchange.exchange(world.request(*wanted, **changed))
    return world.hub.exchange.bundle(exchanged.exchange_id)


def failed(verification: Verification) -> str:
    step = verification.failed
    return "" if step is None else step.name


def resealed(world: World, bundle: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The bundle as a dishonest hub would hand it out: changed, then sealed again."""
    body = {name: value for name, value in bundle.items() if name != "seal"} | changed
    return sealed_bundle(body, world.hub.signer, hub=HUB, now=world.clock.now())


def test_a_bundle_verifies_step_by_step_with_nothing_but_the_policy(world: World) -> None:
    world.grant(MARITAL, "*")
    bundle = bundle_from(world, (RESIDENT, ["name"]), (LAND, ["unit", "self.name"]), (MARITAL, ["*"]))
    found = verify_bundle(json.dumps(bundle).encode(), json.dumps(world.policy()).encode())
    assert found.is_valid, found.failed
    assert [step.number for step in found.steps] == list(range(1, CHECKLIST + 1))
    assert found.answer["outcome"] == "released"


def test_a_refusal_verifies_too(world: World) -> None:
    bundle = bundle_from(world, case="2026-9999")
    assert verify_bundle(bundle, world.policy()).is_valid


def test_what_fails_is_said_in_both_languages(world: World) -> None:
    bundle = bundle_from(world)
    lines = verify_bundle(bundle | {"salt": bundle["salt"][::-1]}, world.policy()).lines()
    assert lines[0] == "✔  1. bundle is well formed 核验包格式完整: version 2"
    assert lines[1].startswith(
        "✘  2. bundle is sealed by the hub 核验包由枢纽封签: exchange.bundle-altered: The bundle is"
    )
    assert lines[1].endswith("核验包与枢纽封签的内容不符。")
    assert lines[2] == "·  3. request is signed by the consumer 请求由数据需求方签名"
    assert verify_bundle(bundle, world.policy()).lines()[CHECKLIST:] == ["Verified. 核验通过。"]


def test_any_changed_byte_is_refused_and_the_step_named(world: World) -> None:
    bundle = json.dumps(bundle_from(world), separators=(",", ":")).encode()
    policy = world.policy()
    for at in range(0, len(bundle), max(1, len(bundle) // 150)):
        changed = bytearray(bundle)
        changed[at] ^= 1
        found = verify_bundle(bytes(changed), policy)
        assert not found.is_valid, at
        assert found.failed is not None


@pytest.mark.parametrize("left_out", ["request", "answer", "entry", "salt", "receipt", "keys", "seal", "version"])
def test_a_bundle_with_a_part_missing_is_not_well_formed(world: World, left_out: str) -> None:
    bundle = bundle_from(world)
    del bundle[left_out]
    assert failed(verify_bundle(bundle, world.policy())) == "bundle is well formed"


def test_values_of_a_wrong_kind_under_the_hubs_own_seal_raise_nothing(world: World) -> None:
    bundle, policy = bundle_from(world), world.policy()
    del bundle["seal"]
    for worse in bent(bundle):
        if isinstance(worse, dict) and worse.keys() <= bundle.keys():
            found = verify_bundle(json.dumps(resealed(world, worse)).encode(), policy)
            assert not found.is_valid or same_but_for(bundle, worse, "keys"), worse


def same_but_for(one: dict[str, Any], other: dict[str, Any], member: str) -> bool:
    return {**one, member: None} == {**other, member: None}


def test_an_answer_of_the_hub_with_values_of_a_wrong_kind_fails_a_step(world: World) -> None:
    bundle, policy = bundle_from(world), world.policy()
    claims = dict(verify_bundle(bundle, policy).answer)
    for worse in bent(claims):
        if isinstance(worse, dict) and worse.keys() <= claims.keys() and worse != claims:
            answer = sign_jws(worse, typ="evidence-answer+jwt", signer=world.hub.signer)
            assert not verify_bundle(resealed(world, bundle, answer=answer), policy).is_valid, worse


def test_what_a_dishonest_hub_seals_again_is_caught_where_it_lies(world: World) -> None:
    policy = world.policy()
    mine, other = bundle_from(world), bundle_from(world, (LAND, ["unit"]))
    for part, step in (
        ("request", "answer is to this request"),
        ("answer", "answer is to this request"),
        ("entry", "log entry commits to request and answer"),
        ("salt", "log entry commits to request and answer"),
        ("receipt", "receipt proves the entry in the log"),
    ):
        found = verify_bundle(resealed(world, mine, **{part: other[part]}), policy)
        assert failed(found) == step, part


@pytest.mark.parametrize("named", [HUB, AID])
def test_an_answer_signed_by_the_consumer_is_not_the_hubs(world: World, named: str) -> None:
    bundle = bundle_from(world)
    claims = {**verify_bundle(bundle, world.policy()).answer, "iss": named}
    forged = sign_jws(claims, typ="evidence-answer+jwt", signer=world.signers[AID])
    found = verify_bundle(resealed(world, bundle, answer=forged), world.policy())
    assert failed(found) == "answer is signed by the hub"


def test_evidence_is_shown_about_somebody_who_is_named(world: World) -> None:
    bundle = bundle_from(world)
    claims = {**verify_bundle(bundle, world.policy()).answer, "subject": None}
    forged = sign_jws(claims, typ="evidence-answer+jwt", signer=world.hub.signer)
    found = verify_bundle(resealed(world, bundle, answer=forged), world.policy())
    assert failed(found) == "answer is about the subject asked about"


@pytest.mark.parametrize("named", [HUB, AID])
def test_a_bundle_sealed_by_its_consumer_is_not_the_hubs(world: World, named: str) -> None:
    body = {name: value for name, value in bundle_from(world).items() if name != "seal"}
    forged = sealed_bundle(body, world.signers[AID], hub=named, now=world.clock.now())
    assert failed(verify_bundle(forged, world.policy())) == "bundle is sealed by the hub"


def test_evidence_that_the_hub_made_up_is_caught(world: World) -> None:
    bundle = bundle_from(world)
    policy = world.policy()
    policy["parties"]["dept:civil-affairs"]["jwks"]["keys"] = [generate_signer("Ed25519").public.to_jwk()]
    assert failed(verify_bundle(bundle, policy)) == "evidence is signed by its department"


def test_more_than_was_asked_for_is_caught(world: World) -> None:
    bundle = bundle_from(world, (RESIDENT, ["name", "number"]))
    less = bundle_from(world, (RESIDENT, ["name"]))
    claims = dict(verify_bundle(less, world.policy()).answer)
    claims["evidence"] = verify_bundle(bundle, world.policy()).answer["evidence"]
    forged = sign_jws(claims, typ="evidence-answer+jwt", signer=world.hub.signer)
    found = verify_bundle(resealed(world, less, answer=forged), world.policy())
    assert failed(found) == "nothing is disclosed that was not asked for"


def test_a_key_that_was_compromised_when_it_signed_is_caught(world: World) -> None:
    bundle = bundle_from(world)
    keys = [dict(line) for line in bundle["keys"]]
    for line in keys:
        if line["party"] == "dept:civil-affairs":
            line["compromised_since"] = int(world.clock.now().timestamp()) - 3600
    found = verify_bundle(resealed(world, bundle, keys=keys), world.policy())
    assert failed(found) == "every key counted when it signed"


def test_the_policys_own_word_about_a_key_counts(world: World) -> None:
    bundle = bundle_from(world)
    told = next(line for line in bundle["keys"] if line["party"] == HUB)
    policy = world.policy() | {"key_life": [{**told, "revoked": int(world.clock.now().timestamp()) - 3600}]}
    assert failed(verify_bundle(bundle, policy)) == "every key counted when it signed"


def test_an_old_bundle_still_verifies_after_its_keys_were_retired(world: World) -> None:
    exchanged = world.hub.exchange.exchange(world.request())
    kid = world.signers[AID].public.kid
    world.clock.advance(days=30)  # type: ignore[attr-defined]
    world.hub.party_service.revoke_key(AID, kid, "superseded")
    assert verify_bundle(world.hub.exchange.bundle(exchanged.exchange_id), world.policy()).is_valid


def test_a_policy_that_demands_witnesses_refuses_an_unwitnessed_receipt(world: World) -> None:
    witness = Ed25519Cosigner("audit.example/witness", generate_signer("Ed25519"))
    policy = world.policy() | {"witnesses": [witness.verifier.vkey], "quorum": 1}
    found = verify_bundle(bundle_from(world), policy)
    assert failed(found) == "receipt proves the entry in the log"
    assert found.failed is not None
    assert "proof.too-few-witnesses" in found.failed.detail


def test_a_bundle_of_another_hub_is_refused(world: World) -> None:
    policy = world.policy()
    policy["hub"]["jwks"]["keys"] = [generate_signer("Ed25519").public.to_jwk()]
    assert failed(verify_bundle(bundle_from(world), policy)) == "bundle is sealed by the hub"


@pytest.mark.parametrize("bundle", [b"", b"null", b"[]", b"{}", b"\xff", b'{"version":1,"version":1}', b"[" * 99])
def test_bytes_that_are_no_bundle_fail_at_the_first_step(world: World, bundle: bytes) -> None:
    found = verify_bundle(bundle, world.policy())
    assert [step.ok for step in found.steps] == [False, *[None] * (CHECKLIST - 1)]


@pytest.mark.parametrize(
    "changed", [{"version": 2}, {"hub": None}, {"parties": []}, {"quorum": 3}, {"witnesses": "all"}, {"key_life": [1]}]
)
def test_a_policy_of_another_form_is_malformed(world: World, changed: Any) -> None:
    policy = world.policy()
    for each in (policy | changed, policy | {"hub": policy["hub"] | {"id": 5}}, b"[]", b"null"):
        with pytest.raises(Malformed, match=r"exchange\.trust-policy"):
            verify_bundle({}, each)


def test_a_bundle_is_for_its_own_consumer(world: World) -> None:
    exchanged = world.hub.exchange.exchange(world.request())
    assert world.hub.exchange.bundle(exchanged.exchange_id, consumer=AID)
    for consumer, exchange_id in (("svc:other", exchanged.exchange_id), (AID, "xch_unknown")):
        with pytest.raises(Missing, match=r"exchange\.unknown"):
            world.hub.exchange.bundle(exchange_id, consumer=consumer)
