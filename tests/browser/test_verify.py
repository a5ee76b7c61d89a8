"""The verifier page accepts a good bundle and refuses it damaged in any part, saying at which step."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.exchange.verify import verify_bundle
from hub.proof.jws import b64url, b64url_decode
from tests.browser.browser import Browser
from tests.crosscheck import bundles
from tests.crosscheck.attacks import ATTACKS, POLICIES
from tests.crosscheck.bundles import asked_by_number
from tests.crosscheck.mixing import MIXED

Damage = Callable[[dict[str, Any], dict[str, Any], bundles.Cast], None]

SEEN = "while (document.getElementById('verdict').hidden) await new Promise((r) => setTimeout(r, 20));"
SHOWN = """return [...document.querySelectorAll('#verdict, #steps > li, #released')]
  .filter((each) => !each.hidden).map((each) => each.id);"""
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
    right, event = (dict(one["claims"]) for one in found["evidence"])
    assert right == {"unit": "320684413219GB00029F00010002", "holders.0.name": "张三"}
    assert event == {"event_on": "2012-10-12", "man.name": "张三"}


def flipped(text: str, at: int) -> str:
    """``text`` with another character of its alphabet at ``at``."""
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def in_payload(text: str) -> str:
    header, payload, signature = text.split(".")
    return ".".join((header, flipped(payload, 20), signature))


def set_in(where: str, part: str, change: Callable[[Any], Any], *, is_sealed: bool = True) -> Damage:
    """``part`` of bundle or policy changed; ``is_sealed``: by a hub that lies and seals the lie."""

    def damage(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> None:
        target = bundle if where == "bundle" else policy
        target[part] = change(target.get(part))
        if is_sealed and where == "bundle":
            bundle.update(bundles.sealed(bundle, who.hub))

    return damage


def swap(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
    bundle["request"], bundle["answer"] = bundle["answer"], bundle["request"]
    bundle.update(bundles.sealed(bundle, who.hub))


def answered_with(**changed: Any) -> Damage:
    """Another answer, truly signed, logged and sealed by the hub."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        made = bundles.parts(who)
        answer = bundles.answered(who, made["request"], changed.pop("evidence_of", made["evidence"]), **changed)
        bundle.update(bundles.bundle_of(who, made["request"], answer))

    return damage


def released_more(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
    made = bundles.parts(who)
    token = bundles.evidence(who.land, "dept:land", bundles.RIGHT_TYPE, bundles.RIGHT)
    more = bundles.presented(token, who.land, ["unit", "location"])
    answer = bundles.answered(who, made["request"], [more, made["evidence"][1]])
    bundle.update(bundles.bundle_of(who, made["request"], answer))


def orphaned(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
    made = bundles.parts(who)
    orphan = b64url(b'["c2FsdHNhbHRzYWx0c2FsdA","unit","another"]')
    answer = bundles.answered(who, made["request"], [f"{made['evidence'][0]}{orphan}~", made["evidence"][1]])
    bundle.update(bundles.bundle_of(who, made["request"], answer))


def by_the_consumer(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
    made = bundles.parts(who)
    forged = bundles.Cast(**{**vars(who), "hub": who.consumer})
    answer = bundles.answered(forged, made["request"], made["evidence"])
    bundle.update(bundles.sealed({**bundle, "request": made["request"], "answer": answer}, who.hub))


def evidence_swapped(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
    made = bundles.parts(who)
    answer = bundles.answered(who, made["request"], made["evidence"][::-1])
    bundle.update(bundles.bundle_of(who, made["request"], answer))


def revoked(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
    land = next(line for line in bundle["keys"] if line["party"] == "dept:land")
    land["revoked"] = bundles.BEGAN + 1
    bundle.update(bundles.sealed(bundle, who.hub))


def compromised(since: int, log_size: int | None) -> Damage:
    """The land department's key was stolen at ``since``, when the log held ``log_size`` entries."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        land = next(line for line in bundle["keys"] if line["party"] == "dept:land")
        land.update(compromised_since=since, log_size=log_size)
        bundle.update(bundles.sealed(bundle, who.hub))

    return damage


def listed(status: int, *, packed: bool = True) -> Damage:
    """The land department's status list says ``status`` of the right that was released."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        lists = [bundles.status_list(who, status)] if packed else []
        bundle.update(bundles.sealed({**bundle, "status_lists": lists}, who.hub))

    return damage


def without(text: str, name: str) -> str:
    return "\n".join(line for line in text.split("\n") if name not in line)


def renamed(entry: str) -> str:
    return b64url(b64url_decode(entry).replace(b'"id":"ent_', b'"id":"enT_'))


DAMAGES: list[tuple[str, Damage, int]] = [
    ("version", set_in("bundle", "version", lambda _: 3), 1),
    ("one member more", set_in("bundle", "keys", lambda keys: {"list": keys}), 1),
    ("unsealed change", set_in("bundle", "salt", lambda text: flipped(text, 3), is_sealed=False), 2),
    ("seal", set_in("bundle", "seal", lambda text: flipped(text, -20), is_sealed=False), 2),
    ("request payload", set_in("bundle", "request", in_payload), 3),
    ("request signature", set_in("bundle", "request", lambda text: flipped(text, -20)), 3),
    ("request padded", set_in("bundle", "request", lambda text: text + "="), 3),
    ("request and answer swapped", swap, 3),
    ("answer payload", set_in("bundle", "answer", in_payload), 4),
    ("answer signature", set_in("bundle", "answer", lambda text: flipped(text, -20)), 4),
    ("answer re-signed by the consumer", by_the_consumer, 4),
    ("answer for another consumer", answered_with(aud="svc:other"), 5),
    ("answer to another case", answered_with(case="2026-0002"), 5),
    ("answer out of time", answered_with(iat=bundles.NOW + 9000), 5),
    ("answer about somebody else", answered_with(subject="pw_y"), 6),
    ("department unknown", set_in("policy", "parties", lambda known: {**known, "dept:land": {"jwks": []}}), 7),
    ("evidence of another type", evidence_swapped, 7),
    ("orphan disclosure", orphaned, 7),
    ("more than asked", released_more, 8),
    ("department's key revoked before", revoked, 9),
    ("salt", set_in("bundle", "salt", lambda text: flipped(text, 3)), 10),
    ("entry's digest", set_in("bundle", "entry", lambda text: flipped(text, 30)), 10),
    ("entry renamed", set_in("bundle", "entry", renamed), 11),
    ("receipt index", set_in("bundle", "receipt", lambda text: text.replace("index 5", "index 4")), 11),
    ("receipt hash", set_in("bundle", "receipt", lambda text: flipped(text, 60)), 11),
    ("receipt cut short", set_in("bundle", "receipt", lambda text: text[:200]), 11),
    ("checkpoint size", set_in("bundle", "receipt", lambda text: text.replace("\n10\n", "\n11\n")), 11),
    ("log signature", set_in("bundle", "receipt", lambda text: text.replace("— hub.example/log ", "— hub.other ")), 11),
    ("evidence of a stolen key, logged afterwards", compromised(bundles.NOW - 100, 3), 9),
    ("evidence ended before its release", listed(1), 12),
    ("no status list although the policy demands one", set_in("policy", "max_status_age_seconds", lambda _: 60), 12),
    ("cosignatures gone", set_in("bundle", "receipt", lambda text: without(text, "witness.")), 11),
]


@pytest.mark.parametrize(
    ("damage", "step"), [pytest.param(do, step, id=name) for name, do, step in [*DAMAGES, *ATTACKS, *MIXED]]
)
def test_a_damaged_bundle_is_refused_at_the_step_that_fails(
    tab: Browser, good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast, damage: Damage, step: int
) -> None:
    bundle, policy = copy.deepcopy(good)
    damage(bundle, policy, who)
    found = verdict(tab, bundle, policy)
    assert (found["ok"], found["failed"]) == (False, step), found["steps"]


@pytest.mark.parametrize(("damage", "step"), [pytest.param(do, step, id=name) for name, do, step in DAMAGES])
def test_hub_verify_refuses_it_at_the_same_step(
    good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast, damage: Damage, step: int
) -> None:
    bundle, policy = copy.deepcopy(good)
    damage(bundle, policy, who)
    failed = verify_bundle(json.dumps(bundle).encode(), policy).failed
    assert failed is not None
    assert failed.number == step


def test_hub_verify_accepts_what_was_made_from_the_formats_alone(good: tuple[dict[str, Any], dict[str, Any]]) -> None:
    assert verify_bundle(json.dumps(good[0]).encode(), good[1]).failed is None


@pytest.mark.parametrize(
    "change", [compromised(bundles.NOW + 1, 3), compromised(bundles.NOW - 100, 6), listed(0)],
    ids=["cosigned before the theft", "logged before the theft", "on a list that shows it valid"],
)  # fmt: skip
def test_both_verifiers_accept_what_stood_before_it_ended(
    tab: Browser, good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast, change: Damage
) -> None:
    bundle, policy = copy.deepcopy(good)
    change(bundle, policy, who)
    assert verify_bundle(json.dumps(bundle).encode(), policy).failed is None
    assert verdict(tab, bundle, policy)["failed"] is None


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in POLICIES])
def test_the_page_too_refuses_a_policy_with_more_than_one_reading(
    tab: Browser, good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast, change: Any
) -> None:
    bundle, policy = copy.deepcopy(good)
    change(policy, who)
    assert verdict(tab, bundle, policy)["failed"] == 1


@pytest.mark.parametrize(
    "write",
    [
        lambda note: note.replace("\n\n—", "\n\n— some\u0085one AAAAAAAAAAA=\n—"),
        lambda note: note + "— some\ufeffone AAAAAAAAAAA=\n",
        lambda note: note + "".join(f"— other{n} AAAAAAAAAAA=\n" for n in range(62)),
        lambda note: note.replace("\n\n—", "\n\n— some\x7fone AAAAAAAAAAA=\n—"),
        lambda note: note.replace("\n\n—", "\n\n— some\x0bone AAAAAAAAAAA=\n—"),
    ],
    ids=["another line end in a name", "invisible mark in a name", "65 signatures", "DEL in a name", "tab in a name"],
)  # fmt: skip
def test_both_verifiers_read_a_note_alike(
    tab: Browser, good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast, write: Callable[[str], str]
) -> None:
    bundle, policy = copy.deepcopy(good)
    bundle = bundles.sealed({**bundle, "receipt": write(bundle["receipt"])}, who.hub)
    failed = verify_bundle(json.dumps(bundle).encode(), policy).failed
    assert verdict(tab, bundle, policy)["failed"] == (failed and failed.number)


@pytest.mark.parametrize(
    ("told", "step"),
    [
        ({"name": "赵六", "number": "440524188001010014"}, 7),
        ({"name": "張 三", "number": "440524188001010014"}, None),
        ({"name": "赵六", "number": "１１０１０５19491231002ｘ"}, None),
    ],
    ids=["a stranger", "another number", "another name"],
)
def test_the_page_too_catches_a_stranger_shown_to_who_asked_by_number(
    tab: Browser, good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast, told: dict[str, str], step: int | None
) -> None:
    assert verdict(tab, asked_by_number(who, told, "name", "number"), good[1])["failed"] == step


def test_the_page_too_lets_nobody_stand_for_who_is_beside_them(
    tab: Browser, good: tuple[dict[str, Any], dict[str, Any]], who: bundles.Cast
) -> None:
    assert [verdict(tab, bundles.couple(who, role), good[1])["failed"] for role in ("woman", "man")] == [None, 7]


def verify_files(tab: Browser, good: tuple[dict[str, Any], dict[str, Any]], folder: Path) -> None:
    """What a person does: choose both files, verify, wait for the verdict."""
    for name, content in zip(("bundle", "policy"), good, strict=True):
        file = folder / f"{name}.json"
        file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        tab.choose(f"#{name}", file)
    tab.click("#run")
    tab.run(SEEN)


def test_a_person_sees_the_verdict_and_what_was_released(
    tab: Browser, good: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    verify_files(tab, good, tmp_path)
    assert tab.run("return document.querySelectorAll('#steps li.good').length") == 12
    assert "320684413219GB00029F00010002" in tab.text("#evidence")
    before = tab.text("#verdict")
    tab.click("#language")
    assert {before, tab.text("#verdict")} == {"Everything holds.", "核验通过，各步骤均相符。"}


def test_a_verdict_is_gone_when_another_file_is_chosen(
    tab: Browser, good: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    verify_files(tab, good, tmp_path)
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    tab.choose("#bundle", tmp_path / "other.json")
    assert tab.run(SHOWN) == []
    tab.click("#language")
    assert tab.run(SHOWN) == []


def test_a_file_that_changed_since_it_was_chosen_is_not_taken_for_verified(
    tab: Browser, good: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    verify_files(tab, good, tmp_path)
    (tmp_path / "bundle.json").unlink()
    tab.click("#run")
    tab.run(SEEN)
    assert tab.text("#verdict") in {"A file cannot be read. Choose it again.", "文件无法读取，请重新选择。"}
    assert tab.run(SHOWN) == ["verdict"]


def test_the_page_can_connect_to_nothing(tab: Browser) -> None:
    tried = tab.run("try { await fetch('verify.html'); return 'sent'; } catch { return 'refused'; }")
    assert tried == "refused"


def test_the_page_works_from_disk(browser: Browser, good: tuple[dict[str, Any], dict[str, Any]]) -> None:
    page = Path(__file__).parents[2] / "hub" / "console" / "verify.html"
    browser.open(page.as_uri())
    assert verdict(browser, *good)["ok"] is True
