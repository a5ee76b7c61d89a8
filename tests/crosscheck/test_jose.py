"""Node's jose accepts every signed message of a bundle, and refuses each one changed."""

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.crosscheck import bundles
from tests.crosscheck.programs import node_program


@pytest.fixture(scope="module")
def who() -> bundles.Cast:
    return bundles.cast()


@pytest.fixture(scope="module")
def node() -> list[str]:
    return node_program()


def checked(node: list[str], folder: Path, bundle: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any] | str:
    """What the program found, or what it says is wrong."""
    paths = []
    for name, content in (("bundle", bundle), ("policy", policy)):
        paths.append(folder / f"{name}.json")
        paths[-1].write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    ran = subprocess.run(  # noqa: S603 - the program beside this test
        [*node, *map(str, paths)], capture_output=True, text=True, check=False, timeout=60
    )
    return json.loads(ran.stdout) if ran.returncode == 0 else ran.stderr


def test_jose_verifies_request_answer_and_evidence(node: list[str], who: bundles.Cast, tmp_path: Path) -> None:
    assert checked(node, tmp_path, bundles.bundle(who), bundles.policy(who)) == {
        "consumer": "svc:window",
        "outcome": "released",
        "evidence": [
            {"issuer": "dept:land", "type": bundles.RIGHT_TYPE, "disclosed": ["name", "unit"]},
            {"issuer": "dept:marriage", "type": bundles.EVENT_TYPE, "disclosed": ["event_on", "name"]},
        ],
        "status_lists": [],
    }


@pytest.mark.parametrize("part", ["request", "answer", "seal"])
def test_jose_refuses_a_changed_message(node: list[str], who: bundles.Cast, tmp_path: Path, part: str) -> None:
    bundle = copy.deepcopy(bundles.bundle(who))
    header, payload, signature = bundle[part].split(".")
    bundle[part] = ".".join((header, payload[:-6] + ("A" if payload[-6] != "A" else "B") + payload[-5:], signature))
    assert isinstance(checked(node, tmp_path, bundle, bundles.policy(who)), str)


def test_jose_refuses_an_answer_to_another_request(node: list[str], who: bundles.Cast, tmp_path: Path) -> None:
    other = bundles.bundle(who)
    bundle = {**bundles.bundle(who), "answer": other["answer"]}
    assert "another request" in str(checked(node, tmp_path, bundle, bundles.policy(who)))


def test_a_disclosure_that_nobody_signed_is_refused(node: list[str], who: bundles.Cast, tmp_path: Path) -> None:
    made = bundles.parts(who)
    forged = made["evidence"][0] + "WyJzYWx0c2FsdHNhbHRzYWx0IiwiYXJlYV9jbTIiLDFd~"
    answer = bundles.answered(who, made["request"], [forged, made["evidence"][1]])
    bundle = bundles.bundle_of(who, made["request"], answer)
    assert "nobody signed" in str(checked(node, tmp_path, bundle, bundles.policy(who)))


def test_a_key_that_the_policy_does_not_name_is_refused(node: list[str], who: bundles.Cast, tmp_path: Path) -> None:
    policy = bundles.policy(who)
    policy["parties"]["dept:land"] = {"jwks": []}
    assert "no trusted key" in str(checked(node, tmp_path, bundles.bundle(who), policy))
