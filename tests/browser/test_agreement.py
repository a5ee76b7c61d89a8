"""Two verifiers, one verdict: a bundle bent in any member, signed and logged anew by whoever lies, is judged alike."""

import copy
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from hub.audit.rules import parse_entry
from hub.errors import HubError
from hub.exchange.bundle import spoken_claims
from hub.exchange.verify import verify_bundle
from hub.proof.encoding import b64url_decode
from hub.proof.jws import b64url, canonical_json, sign_jws
from tests.browser.browser import Browser
from tests.crosscheck import bundles
from tests.support.bending import bent

EACH: int = 7
"""Of the thousands of mutants one in so many is tried."""
AGREE = """
const read = (text) => new TextEncoder().encode(text);
const judged = args[0].map(([bundle, policy]) => HubVerifier.verify(read(bundle), read(policy)));
return (await Promise.all(judged)).map(({ ok }) => ok);
"""
Judged = Iterator[tuple[dict[str, Any], dict[str, Any]]]


def policies(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> Judged:
    lived = {**policy, "key_life": bundle["keys"][2:3], "max_status_age_seconds": None}
    return ((bundle, worse) for told in (policy, lived) for worse in bent(told))


def requests(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> Judged:
    evidence = bundles.parts(who)["evidence"]
    for worse in bent(spoken_claims(bundle["request"])):
        if isinstance(worse, dict):
            request = sign_jws(worse, typ="evidence-request+jwt", signer=who.consumer)
            yield bundles.bundle_of(who, request, bundles.answered(who, request, evidence)), policy


def answers(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> Judged:
    for worse in bent(spoken_claims(bundle["answer"])):
        if isinstance(worse, dict):
            answer = sign_jws(worse, typ="evidence-answer+jwt", signer=who.hub)
            yield bundles.bundle_of(who, bundle["request"], answer), policy


def entries(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> Judged:
    for worse in bent(parse_entry(b64url_decode(bundle["entry"])) | {"reason": None, "released": [bundles.EVENT_TYPE]}):
        content = canonical_json(worse)
        changed = {"entry": b64url(content), "receipt": bundles.receipt(who, content)}
        yield bundles.sealed({**bundle, **changed}, who.hub), policy


def histories(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> Judged:
    bare = {"log_size": 6, "compromised_since": None, "reason": ""}
    for worse in bent([{**line, **bare} for line in bundle["keys"]]):
        yield bundles.sealed({**bundle, "keys": worse}, who.hub), policy


def lists(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> Judged:
    for worse in bent(spoken_claims(bundles.status_list(who, 0))):
        if isinstance(worse, dict):
            token = sign_jws(worse, typ="statuslist+jwt", signer=who.land)
            yield bundles.sealed({**bundle, "status_lists": [token]}, who.hub), policy


def listings(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> Judged:
    """What stands beside a list; and the list with its entry before the answer, behind it, and nowhere."""
    demanding = {**policy, "max_status_age_seconds": 3600}
    token = bundles.status_list(who, 0)
    whole = bundles.with_list(who, bundle, token)
    for worse in bent(whole["status_lists"]):
        yield bundles.sealed({**whole, "status_lists": worse}, who.hub), demanding
    for version in (0, 1, 3, "2", True, None):
        yield bundles.sealed({**whole, "version": version}, who.hub), demanding
    ended = bundles.status_list(who, 1)
    land = bundle["keys"][2] | {"compromised_since": bundles.NOW - 29}
    for index in (0, 4, 6, 9):
        yield bundles.with_list(who, bundle, ended, index), policy
        for size in (None, index, 6, 10):
            yield bundles.with_list(who, bundle, ended, index), {**policy, "key_life": [land | {"log_size": size}]}


def is_accepted(bundle: dict[str, Any], policy: dict[str, Any]) -> bool:
    try:
        return verify_bundle(json.dumps(bundle).encode(), json.dumps(policy).encode()).is_valid
    except HubError:
        return False


@pytest.mark.parametrize("bend", [policies, requests, answers, entries, histories, lists, listings])
def test_both_verifiers_judge_what_was_bent_alike(
    browser: Browser, console_url: str, bend: Callable[[dict[str, Any], dict[str, Any], bundles.Cast], Judged]
) -> None:
    who = bundles.cast()
    good, policy = bundles.bundle(who), bundles.policy(who)
    judged = list(islice(bend(copy.deepcopy(good), copy.deepcopy(policy), who), 0, None, EACH))
    browser.open(f"{console_url}/verify.html")
    told = browser.run(AGREE, [[json.dumps(each) for each in pair] for pair in judged])
    ours = [is_accepted(*pair) for pair in judged]
    assert len(told) > 10
    assert [pair for pair, one, other in zip(judged, ours, told, strict=True) if one is not other] == []
