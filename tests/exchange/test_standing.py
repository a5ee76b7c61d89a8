"""Status lists and compromised keys, as a bundle tells of them to somebody who was not there."""

from datetime import timedelta
from typing import Any

from hub.exchange.steps import Verification
from hub.exchange.verify import verify_bundle
from hub.kernel.clock import FixedClock
from hub.proof.keys import generate_signer
from hub.proof.statuslist import StatusArray, sign_status_list
from tests.evidence.pushing import withdrawn
from tests.exchange.test_verify import resealed
from tests.exchange.world import AID, RESIDENT, ZHANG, World

DEPARTMENT = "dept:civil-affairs"
URI = "https://hub.example/v1/statuses/civil_affairs/0"


def list_of(world: World, flips: dict[int, int]) -> str:
    statuses = StatusArray.of_size(1_000_000)
    for index, value in flips.items():
        statuses[index] = value
    now = int(world.clock.now().timestamp())
    signer = world.signers[DEPARTMENT]
    times = (now, now + 7 * 86_400, 43_200)
    return sign_status_list(statuses, uri=URI, issuer=DEPARTMENT, signer=signer, times=times)


def publish(world: World) -> None:
    """The department signs what is due."""
    for each in world.hub.statuses.due("civil_affairs"):
        world.hub.statuses.hand_in("civil_affairs", 0, list_of(world, dict(each.flips)))


def exchanged(world: World) -> str:
    return world.hub.exchange.exchange(world.request((RESIDENT, ["name"]))).exchange_id


def checked(world: World, exchange_id: str, **policy: Any) -> tuple[dict[str, Any], Verification]:
    bundle = world.hub.exchange.bundle(exchange_id)
    return bundle, verify_bundle(bundle, world.policy() | policy)


def said(verification: Verification) -> str:
    assert verification.failed is None, verification.failed
    return verification.steps[-1].detail


def test_the_bundle_holds_the_list_that_was_in_force_and_says_so(world: World, clock: FixedClock) -> None:
    publish(world)
    clock.advance(seconds=600)
    bundle, verification = checked(world, exchanged(world), max_status_age_seconds=3600)
    assert len(bundle["status_lists"]) == 1
    assert said(verification) == "1 of 1 shown valid at release, from lists at most 600 s old"


def test_evidence_that_ended_after_its_release_is_said_and_breaks_nothing(world: World, clock: FixedClock) -> None:
    publish(world)
    clock.advance(seconds=600)
    exchange_id = exchanged(world)
    clock.advance(seconds=600)
    key = f"residents|{sorted(_zhang(world).items())!r}"
    world.push("civil_affairs", "residents", lines=[withdrawn(key)])
    publish(world)
    bundle, verification = checked(world, exchange_id, max_status_age_seconds=3600)
    assert len(bundle["status_lists"]) == 2
    assert said(verification).endswith("600 s old, 1 ended since")


def _zhang(_world: World) -> dict[str, Any]:
    home = {"household_address": "某县某路1号", "head_number": ZHANG["number"], "birth_date": "1949-12-31"}
    return {**ZHANG, **home, "relation_to_head": "02", "phone": "13800000000", "sex": "2"}


def test_without_a_list_the_policy_decides(world: World) -> None:
    exchange_id = exchanged(world)
    assert said(checked(world, exchange_id)[1]) == "0 of 1 shown valid at release"
    failed = checked(world, exchange_id, max_status_age_seconds=3600)[1].failed
    assert failed is not None
    assert (failed.number, failed.detail.split(":")[0]) == (12, "exchange.bundle-status-unknown")


def test_a_list_that_is_too_old_for_the_policy_is_refused(world: World, clock: FixedClock) -> None:
    publish(world)
    clock.advance(seconds=7200)
    failed = checked(world, exchanged(world), max_status_age_seconds=3600)[1].failed
    assert failed is not None
    assert failed.number == 12


def test_a_hub_that_releases_what_the_department_took_back_is_caught(world: World, clock: FixedClock) -> None:
    every = list_of(world, dict.fromkeys(range(20_000), 1))
    clock.advance(seconds=60)
    bundle, _ = checked(world, exchanged(world))
    failed = verify_bundle(resealed(world, bundle, status_lists=[every]), world.policy()).failed
    assert failed is not None
    assert (failed.number, failed.detail.split(":")[0]) == (12, "exchange.bundle-status")


def test_a_list_signed_by_the_hub_is_no_list(world: World) -> None:
    bundle, _ = checked(world, exchanged(world))
    now = int(world.clock.now().timestamp())
    array, times = StatusArray.of_size(10), (now, now + 60, 60)
    forged = sign_status_list(array, uri=URI, issuer=DEPARTMENT, signer=world.hub.signer, times=times)
    failed = verify_bundle(resealed(world, bundle, status_lists=[forged]), world.policy()).failed
    assert failed is not None
    assert failed.number == 12


def test_an_answer_logged_before_a_compromise_still_verifies(world: World, clock: FixedClock) -> None:
    exchange_id = exchanged(world)
    clock.advance(days=3)
    for party in (DEPARTMENT, AID):
        kid = world.signers[party].public.kid
        world.hub.party_service.revoke_key(party, kid, "key-compromise", compromised_since=clock.now())
    assert checked(world, exchange_id)[1].failed is None


def test_a_list_signed_after_a_compromise_breaks_no_answer_from_before_it_and_vouches_for_none(
    world: World, clock: FixedClock
) -> None:
    publish(world)
    clock.advance(seconds=600)
    exchange_id = exchanged(world)
    clock.advance(seconds=600)
    since = clock.now()
    clock.advance(seconds=600)
    bundle, _ = checked(world, exchange_id)
    thiefs = [*bundle["status_lists"], list_of(world, dict.fromkeys(range(20_000), 1))]
    kid = world.signers[DEPARTMENT].public.kid
    world.hub.party_service.revoke_key(DEPARTMENT, kid, "key-compromise", compromised_since=since)
    again = world.hub.exchange.bundle(exchange_id)
    told = verify_bundle(resealed(world, again, status_lists=thiefs), world.policy() | {"max_status_age_seconds": 3600})
    assert said(told).endswith("600 s old, 1 lists of keys that did not count")
    alone = verify_bundle(resealed(world, again, status_lists=thiefs[1:]), world.policy())
    assert said(alone).startswith("0 of 1 shown valid")


def test_one_logged_after_it_does_not_whatever_its_signer_says_about_the_time(world: World, clock: FixedClock) -> None:
    exchanged(world)
    since = clock.now() + timedelta(seconds=5)
    clock.advance(seconds=10)
    late = exchanged(world)
    kid = world.signers[DEPARTMENT].public.kid
    world.hub.party_service.revoke_key(DEPARTMENT, kid, "key-compromise", compromised_since=since)
    failed = checked(world, late)[1].failed
    assert failed is not None
    assert (failed.number, failed.detail.split(":")[0]) == (9, "exchange.bundle-key-not-counted")


def test_evidence_under_a_compromised_key_is_not_released_until_it_is_issued_anew(
    world: World, clock: FixedClock
) -> None:
    kid = world.signers[DEPARTMENT].public.kid
    world.hub.party_service.revoke_key(DEPARTMENT, kid, "key-compromise", compromised_since=clock.now())
    assert world.ask((RESIDENT, ["name"]))["evidence"][0]["reason"] == "exchange.key-compromised"
    del world.signers[DEPARTMENT]
    world.signers[DEPARTMENT] = generate_signer("ES256")
    party = world.hub.parties.require_party(DEPARTMENT)
    world.hub.parties.register(party, world.signers[DEPARTMENT].public.to_jwk())
    world.push("civil_affairs", "residents", _zhang(world))
    assert world.ask((RESIDENT, ["name"]))["outcome"] == "released"


def test_the_key_history_says_which_entries_were_there_before(world: World, clock: FixedClock) -> None:
    exchange_id = exchanged(world)
    clock.advance(seconds=10)
    kid = world.signers[DEPARTMENT].public.kid
    world.hub.party_service.revoke_key(DEPARTMENT, kid, "key-compromise", compromised_since=clock.now())
    bundle, _ = checked(world, exchange_id)
    (line,) = [each for each in bundle["keys"] if each["party"] == DEPARTMENT]
    index = int(bundle["receipt"].split("index ")[1].split("\n")[0])
    assert line["log_size"] == index + 1
