import copy
import json
from typing import Any

import pytest

from hub.errors import Malformed
from hub.exchange.trust import parse_trust_policy
from hub.exchange.verify import verify_bundle
from tests.crosscheck import bundles
from tests.crosscheck.attacks import ATTACKS, POLICIES, Damage
from tests.crosscheck.mixing import MIXED, listed

RESIDENT = "urn:hub:evidence:resident:1"


@pytest.fixture(scope="module")
def who() -> bundles.Cast:
    return bundles.cast()


@pytest.fixture(scope="module")
def good(who: bundles.Cast) -> tuple[dict[str, Any], dict[str, Any]]:
    return bundles.bundle(who), bundles.policy(who)


@pytest.mark.parametrize(("attack", "step"), [pytest.param(do, step, id=name) for name, do, step in [*ATTACKS, *MIXED]])
def test_an_attack_fails_at_its_step(
    good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast, attack: Damage, step: int
) -> None:
    bundle, policy = copy.deepcopy(good)
    attack(bundle, policy, who)
    failed = verify_bundle(json.dumps(bundle).encode(), policy).failed
    assert failed is not None
    assert (failed.number, failed.detail != "") == (step, True)


def test_the_bundle_whose_status_lists_are_mixed_verifies_unmixed(
    good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast
) -> None:
    bundle, policy = copy.deepcopy(good)
    listed((2, {}))(bundle, policy, who)
    assert verify_bundle(json.dumps(bundle).encode(), policy).failed is None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + b"{}",
        lambda text: text + b"\0",
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b'"version": 1', b'"version": 1, "version": 1'),
        lambda text: text.replace(b'"until": null', b'"until": null, "until": null', 1),
        lambda text: text.replace(b'"version": 1', b'"version": 1.0'),
        lambda text: text[:-1],
    ],
    ids=["bytes behind", "NUL behind", "byte order mark", "member twice", "inner key twice", "float", "cut"],
)  # fmt: skip
def test_bytes_with_more_than_one_reading_fail_at_the_first_step(
    good: tuple[dict[str, Any], dict[str, Any]], change: Any
) -> None:
    bundle, policy = good
    failed = verify_bundle(change(json.dumps(bundle).encode()), policy).failed
    assert failed is not None
    assert failed.number == 1


def test_a_hub_that_shows_somebody_else_to_who_asked_by_number_is_caught(
    good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast
) -> None:
    policy = good[1]
    meant = bundles.asked_by_number(who, {"name": "张三", "number": "11010519491231002X"}, "name", "number")
    assert verify_bundle(meant, policy).is_valid
    other = bundles.asked_by_number(who, {"name": "赵六", "number": "440524188001010014"}, "name", "number")
    failed = verify_bundle(other, policy).failed
    assert failed is not None
    assert (failed.number, failed.detail.partition(":")[0]) == (7, "exchange.bundle-other-person")
    renumbered = bundles.asked_by_number(who, {"name": "张三", "number": "440524188001010014"}, "name", "number")
    assert verify_bundle(renumbered, policy).is_valid


def test_who_stands_beside_somebody_in_a_record_is_not_shown_as_them(
    good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast
) -> None:
    assert verify_bundle(bundles.couple(who, "woman"), good[1]).is_valid
    failed = verify_bundle(bundles.couple(who, "man"), good[1]).failed
    assert failed is not None
    assert (failed.number, failed.detail.partition(":")[0]) == (7, "exchange.bundle-other-person")


@pytest.mark.parametrize(
    ("role", "code"),
    [
        *((role, "other-person") for role in ("nobody", "man", "woman.1", "", "self", "deceased")),
        *(
            (role, "other-role")
            for role in ("member.0", "member.2", "member.-1", "member.x", "member.\u0663", "member.")
        ),
        *((role, "other-role") for role in ("name", "name.1", "member.", "members", "self.9", "deceased.1", ".1")),
    ],
)
def test_a_role_that_the_evidence_does_not_have_hides_no_stranger(
    good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast, role: str, code: str
) -> None:
    other = {"name": "赵六", "number": "440524188001010014"}
    stranger = {**other, "members": [{"name": "钱七"}]}
    failed = verify_bundle(bundles.asked_by_number(who, stranger, "name", "number", role=role), good[1]).failed
    assert failed is not None
    assert (failed.number, failed.detail.partition(":")[0]) == (7, f"exchange.bundle-{code}")


def test_nobody_hides_further_down_under_a_role_that_is_not_there(
    good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast
) -> None:
    shown = {"man": {"name": "赵六", "number": "440524188001010014"}}
    failed = verify_bundle(bundles.asked_by_number(who, shown, "man.name", "man.number", role="nobody"), good[1]).failed
    assert failed is not None
    assert (failed.number, failed.detail.partition(":")[0]) == (7, "exchange.bundle-other-person")


def test_a_role_that_is_called_otherwise_than_its_place_is_no_fault(
    good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast
) -> None:
    shown = {"recipient": {"name": "张三", "number": "11010519491231002X"}}
    bundle = bundles.asked_by_number(who, shown, "recipient.name", "recipient.number", role="payee")
    assert verify_bundle(bundle, good[1]).is_valid


def test_a_policy_with_a_member_that_nobody_knows_is_refused(good: tuple[dict[str, Any], dict[str, Any]]) -> None:
    for misspelt in ("quorums", "max_status_age", "witness"):
        with pytest.raises(Malformed, match=r"exchange\.trust-policy"):
            parse_trust_policy({**good[1], misspelt: 2})


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in POLICIES])
def test_a_policy_with_more_than_one_reading_is_refused(
    good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast, change: Any
) -> None:
    policy = copy.deepcopy(good[1])
    assert parse_trust_policy(policy)
    change(policy, who)
    with pytest.raises(Malformed):
        parse_trust_policy(policy)


def test_the_hub_may_stand_among_the_parties_with_the_keys_it_has(
    good: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    hub = good[1]["hub"]
    policy = {**good[1], "parties": {**good[1]["parties"], hub["id"]: {"jwks": hub["jwks"]}}}
    assert verify_bundle(good[0], policy).is_valid


def test_a_quorum_counts_institutions_and_no_key_twice(
    good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast
) -> None:
    policy = good[1]
    vkeys = [who.witness.verifier.vkey, who.quantum_witness.verifier.vkey]
    assert parse_trust_policy({**policy, "witnesses": vkeys, "quorum": 2})
    for witnesses, quorum in ((vkeys[:1], 2), ([*vkeys[:1], vkeys[0]], 1), (vkeys, True), (vkeys, -1)):
        with pytest.raises(Malformed, match=r"exchange\.trust-policy"):
            parse_trust_policy({**policy, "witnesses": witnesses, "quorum": quorum})
