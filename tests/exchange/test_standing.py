"""Status lists and compromised keys, as a bundle tells of them to somebody who was not there."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from hub.audit.model import Entry
from hub.errors import Malformed
from hub.exchange.bundle import listed
from hub.exchange.standing import Answered, StatusLists
from hub.exchange.steps import Verification
from hub.exchange.verify import verify_bundle
from hub.kernel.clock import FixedClock
from hub.proof.encoding import b64url
from hub.proof.keys import generate_signer
from hub.proof.statuslist import StatusArray, sign_status_list
from hub.proof.tlogproof import parse_tlog_proof
from tests.evidence.pushing import withdrawn
from tests.exchange.test_exchange import last_entry
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


def logged(world: World, token: str) -> str:
    """A list that the log holds, whatever else the hub knows of it: the id of its entry."""
    entry = Entry("status", {"digest": b64url(hashlib.sha256(token.encode()).digest())})
    world.hub.log.append(entry, 10)
    return entry.entry_id


def showing(world: World, exchange_id: str, **entry_of: str) -> dict[str, Any]:
    """The bundle with those lists besides its own, each beside the entry of that id."""
    bundle = world.hub.exchange.bundle(exchange_id)
    size = parse_tlog_proof(bundle["receipt"]).checkpoint.size
    shown = [listed(token, *world.hub.log.placed([entry_id], size)) for token, entry_id in entry_of.items()]
    return resealed(world, bundle, status_lists=[*bundle["status_lists"], *shown])


def of_first_version(world: World, bundle: dict[str, Any]) -> dict[str, Any]:
    """The bundle as hubs made them before: its lists without their places in the log."""
    return resealed(world, bundle, version=1, status_lists=[each["token"] for each in bundle["status_lists"]])


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
    entry_id = logged(world, every)
    clock.advance(seconds=60)
    bundle = showing(world, exchanged(world), **{every: entry_id})
    for version in (bundle, of_first_version(world, bundle)):
        failed = verify_bundle(version, world.policy()).failed
        assert failed is not None
        assert (failed.number, failed.detail.split(":")[0]) == (12, "exchange.bundle-status")


def test_a_list_signed_by_the_hub_is_no_list(world: World) -> None:
    bundle, _ = checked(world, exchanged(world))
    now = int(world.clock.now().timestamp())
    array, times = StatusArray.of_size(10), (now, now + 60, 60)
    forged = sign_status_list(array, uri=URI, issuer=DEPARTMENT, signer=world.hub.signer, times=times)
    for version in (bundle, of_first_version(world, bundle)):
        shown = [forged if version["version"] == 1 else {"token": forged, "entry": "", "index": 0, "path": []}]
        failed = verify_bundle(resealed(world, version, status_lists=shown), world.policy()).failed
        assert failed is not None
        assert (failed.number, failed.detail.split(":")[0]) == (12, "proof.unknown-key")


def test_bundles_made_before_lists_had_their_places_in_the_log_still_verify(world: World, clock: FixedClock) -> None:
    publish(world)
    clock.advance(seconds=600)
    bundle, _ = checked(world, exchanged(world))
    older = of_first_version(world, bundle)
    told = verify_bundle(older, world.policy() | {"max_status_age_seconds": 3600})
    assert said(told) == "1 of 1 shown valid at release, from lists at most 600 s old"
    assert len(json.dumps(bundle)) - len(json.dumps(older)) < 1_000
    for mixed in ({**older, "version": 2}, {**bundle, "version": 1}, {**bundle, "version": 3}):
        failed = verify_bundle(resealed(world, mixed), world.policy()).failed
        assert failed is not None
        assert (failed.number, failed.detail.split(":")[0]) == (1, "exchange.bundle-form")


@pytest.mark.parametrize("part", ["entry", "index", "path", "token"])
def test_a_list_stands_beside_its_own_entry_and_its_path_through_the_log(world: World, part: str) -> None:
    publish(world)
    bundle, _ = checked(world, exchanged(world))
    other = showing(world, exchanged(world), **{(token := list_of(world, {7: 1})): logged(world, token)})
    (own, another) = other["status_lists"]
    wrong = [{**own, part: another[part]}]
    failed = verify_bundle(resealed(world, other, status_lists=wrong), world.policy()).failed
    assert failed is not None
    assert failed.number == 12
    assert bundle["status_lists"][0]["token"] == own["token"]


def test_a_list_that_the_log_did_not_hold_at_the_answer_shows_nothing_about_it(world: World, clock: FixedClock) -> None:
    exchange_id = exchanged(world)
    backdated = list_of(world, {})
    clock.advance(days=1)
    bundle = showing(world, exchange_id, **{backdated: logged(world, backdated)})
    failed = verify_bundle(bundle, world.policy() | {"max_status_age_seconds": 3600}).failed
    assert failed is not None
    assert failed.detail.split(":")[0] == "exchange.bundle-status-unknown"


def test_a_thiefs_list_of_an_older_time_counts_in_no_bundle(world: World, clock: FixedClock) -> None:
    backdated = list_of(world, {})
    clock.advance(seconds=600)
    exchange_id = exchanged(world)
    clock.advance(seconds=600)
    entry_id = logged(world, backdated)
    kid = world.signers[DEPARTMENT].public.kid
    world.hub.party_service.revoke_key(DEPARTMENT, kid, "key-compromise", compromised_since=clock.now())
    bundle = showing(world, exchange_id, **{backdated: entry_id})
    for version in (bundle, of_first_version(world, bundle)):
        told = said(verify_bundle(version, world.policy()))
        assert told == "0 of 1 shown valid at release, 1 lists of keys that did not count"


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
    thiefs = list_of(world, dict.fromkeys(range(20_000), 1))
    entry_id = logged(world, thiefs)
    kid = world.signers[DEPARTMENT].public.kid
    world.hub.party_service.revoke_key(DEPARTMENT, kid, "key-compromise", compromised_since=since)
    bundle = showing(world, exchange_id, **{thiefs: entry_id})
    told = verify_bundle(bundle, world.policy() | {"max_status_age_seconds": 3600})
    assert said(told).endswith("600 s old, 1 lists of keys that did not count")
    alone = verify_bundle(resealed(world, bundle, status_lists=bundle["status_lists"][1:]), world.policy())
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
    assert (last_entry(world)["released"], last_entry(world)["providers"]) == ([], [])
    del world.signers[DEPARTMENT]
    world.signers[DEPARTMENT] = generate_signer("ES256")
    party = world.hub.parties.require_party(DEPARTMENT)
    world.hub.parties.register(party, world.signers[DEPARTMENT].public.to_jwk())
    world.push("civil_affairs", "residents", _zhang(world))
    assert world.ask((RESIDENT, ["name"]))["outcome"] == "released"


@pytest.mark.parametrize("period", [{"nbf": "2026"}, {"exp": 1.5}, {"exp": None}])
def test_a_period_in_another_form_is_refused(period: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match=r"exchange\.bundle-period-form"):
        StatusLists((), Answered(1_700_000_000, 0)).found([period])


def test_the_key_history_says_which_entries_were_there_before(world: World, clock: FixedClock) -> None:
    exchange_id = exchanged(world)
    clock.advance(seconds=10)
    kid = world.signers[DEPARTMENT].public.kid
    world.hub.party_service.revoke_key(DEPARTMENT, kid, "key-compromise", compromised_since=clock.now())
    bundle, _ = checked(world, exchange_id)
    (line,) = [each for each in bundle["keys"] if each["party"] == DEPARTMENT]
    index = int(bundle["receipt"].split("index ")[1].split("\n")[0])
    assert line["log_size"] == index + 1
