"""The verifier page accepts a good bundle and refuses it damaged in any part, saying at which step."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.proof.jws import b64url, b64url_decode
from tests.browser.browser import Browser
from tests.crosscheck import bundles

Damage = Callable[[dict[str, Any], dict[str, Any], bundles.Cast], None]

VERIFY = "const r = await HubVerifier.verify(...args.map((t) => new TextEncoder().encode(t))); return r;"


@pytest.fixture(scope="module")
def who() -> bundles.Cast:
    return bundles.cast()


@pytest.fixture(scope="module")
def good(who: bundles.Cast) -> tuple[dict[str, Any], dict[str, Any]]:
    return bundles.bundle(who), bundles.policy(who)


@pytest.fixture
def tab(browser: Browser, console_url: str) -> Browser:
    browser.open(f"{console_url}/verify.html")
    return browser


def verdict(tab: Browser, bundle: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any]:
    return tab.run(VERIFY, json.dumps(bundle, ensure_ascii=False), json.dumps(policy, ensure_ascii=False))


def test_a_good_bundle_passes_every_step(tab: Browser, good: tuple[dict[str, Any], dict[str, Any]]) -> None:
    found = verdict(tab, *good)
    assert [(step["number"], step["code"]) for step in found["steps"] if step["state"] != "good"] == []
    assert found["ok"] is True
    assert found["evidence"][0]["claims"] == [["holders.0.name", "张三"], ["unit", "320684413219GB00029F00010002"]]
    assert found["evidence"][1]["claims"] == [["event_on", "2012-10-12"]]


def flipped(text: str, at: int) -> str:
    """``text`` with another character of its alphabet at ``at``."""
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def in_payload(text: str) -> str:
    header, payload, signature = text.split(".")
    return ".".join((header, flipped(payload, 20), signature))


def swap(bundle: dict[str, Any], *_: Any) -> None:
    bundle["request"], bundle["answer"] = bundle["answer"], bundle["request"]


def by_the_consumer(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
    made = bundles.parts(who)
    forged = bundles.Cast(**{**vars(who), "hub": who.consumer})
    bundle["request"] = made["request"]
    bundle["answer"] = bundles.answered(forged, made["request"], made["evidence"])


def revoked(bundle: dict[str, Any], *_: Any) -> None:
    land = next(line for line in bundle["keys"] if line["party"] == "dept:land")
    land["revoked"] = "2026-01-02T00:00:00Z"


def set_in(where: str, part: str, change: Callable[[Any], Any]) -> Damage:
    def damage(bundle: dict[str, Any], policy: dict[str, Any], _who: bundles.Cast) -> None:
        target = bundle if where == "bundle" else policy
        target[part] = change(target[part])

    return damage


DAMAGES: list[tuple[str, Damage, int]] = [
    ("version", set_in("bundle", "version", lambda _: 2), 1),
    ("request payload", set_in("bundle", "request", in_payload), 2),
    ("request signature", set_in("bundle", "request", lambda text: flipped(text, -20)), 2),
    ("request padded", set_in("bundle", "request", lambda text: text + "="), 2),
    ("request and answer swapped", swap, 2),
    ("answer payload", set_in("bundle", "answer", in_payload), 3),
    ("answer signature", set_in("bundle", "answer", lambda text: flipped(text, -20)), 3),
    ("answer re-signed by the consumer", by_the_consumer, 3),
    ("department's key revoked before", revoked, 4),
    ("department unknown", set_in("policy", "parties", lambda known: {**known, "dept:land": {"jwks": []}}), 4),
    ("entry", set_in("bundle", "entry", lambda text: b64url(b64url_decode(text).replace(b"ent_x", b"ent_y"))), 7),
    ("entry's digest", set_in("bundle", "entry", lambda text: flipped(text, 30)), 6),
    ("receipt index", set_in("bundle", "receipt", lambda text: text.replace("index 5", "index 4")), 7),
    ("receipt hash", set_in("bundle", "receipt", lambda text: flipped(text, 60)), 7),
    ("receipt cut short", set_in("bundle", "receipt", lambda text: text[:200]), 7),
    ("checkpoint size", set_in("bundle", "receipt", lambda text: text.replace("\n10\n", "\n11\n")), 8),
    (
        "log signature",
        set_in("bundle", "receipt", lambda text: text.replace("— hub.example/log ", "— hub.other/log ")),
        8,
    ),
    ("cosignature gone", set_in("bundle", "receipt", lambda text: without(text, "witness.audit")), 9),
    ("quorum", set_in("policy", "quorum", lambda _: 2), 9),
]


def without(text: str, name: str) -> str:
    return "\n".join(line for line in text.split("\n") if name not in line)


@pytest.mark.parametrize(("damage", "step"), [pytest.param(do, step, id=name) for name, do, step in DAMAGES])
def test_a_damaged_bundle_is_refused_at_the_step_that_fails(
    tab: Browser, good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast, damage: Damage, step: int
) -> None:
    bundle, policy = copy.deepcopy(good)
    damage(bundle, policy, who)
    found = verdict(tab, bundle, policy)
    assert (found["ok"], found["failed"]) == (False, step), found["steps"]


def test_evidence_of_another_request_under_a_valid_answer_is_refused(
    tab: Browser, who: bundles.Cast, good: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    made = bundles.parts(who)
    token = bundles.evidence(who.land, "dept:land", "real-estate-right", bundles.RIGHT)
    more = bundles.presented(token, who.land, ["unit", "location"])
    answer = bundles.answered(who, made["request"], [more, made["evidence"][1]])
    assert verdict(tab, bundles.bundle_of(who, made["request"], answer), good[1])["failed"] == 5


def test_an_orphan_disclosure_is_refused(
    tab: Browser, who: bundles.Cast, good: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    made = bundles.parts(who)
    orphan = b64url(b'["c2FsdHNhbHRzYWx0c2FsdA","unit","another"]')
    answer = bundles.answered(who, made["request"], [f"{made['evidence'][0]}{orphan}~", made["evidence"][1]])
    assert verdict(tab, bundles.bundle_of(who, made["request"], answer), good[1])["failed"] == 4


def test_a_person_sees_the_verdict_and_what_was_released(
    tab: Browser, good: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    for name, content in zip(("bundle", "policy"), good, strict=True):
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        tab.choose(f"#{name}", file)
    tab.click("#run")
    tab.run("while (document.getElementById('verdict').hidden) await new Promise((r) => setTimeout(r, 20));")
    assert tab.run("return document.querySelectorAll('#steps li.good').length") == 9
    assert "320684413219GB00029F00010002" in tab.text("#evidence")
    before = tab.text("#verdict")
    tab.click("#language")
    assert {before, tab.text("#verdict")} == {"Everything holds.", "核验通过，各步骤均相符。"}


def test_the_page_can_connect_to_nothing(tab: Browser) -> None:
    tried = tab.run("try { await fetch('verify.html'); return 'sent'; } catch { return 'refused'; }")
    assert tried == "refused"


def test_the_page_works_from_disk(browser: Browser, good: tuple[dict[str, Any], dict[str, Any]]) -> None:
    page = Path(__file__).parents[2] / "hub" / "console" / "verify.html"
    browser.open(page.as_uri())
    assert verdict(browser, *good)["ok"] is True
