"""The auditor, the portal and the authority at the command line, each with its own key, over the interface."""

import hashlib
import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.proof.jws import sign_jws
from hub.sharing.reading import shipped_grants
from tests.cli.conftest import Run
from tests.support.running import Running, running

AID = "svc:low-income-aid"
PERSON = {"kind": "resident", "number": "11010519491231002X", "name": "张三"}


@pytest.fixture
def up(database_url: str, tmp_path: Path) -> Iterator[Running]:
    """A served hub that was asked twice about somebody it does not know."""
    with running(database_url, tmp_path / "served") as served:
        edition = served.hub.catalogue.publish_shipped(by="test")
        served.hub.sharing.take_over(shipped_grants(edition.catalogue), by="test")
        for number in range(2):
            _ask(served, number)
        yield served


def _ask(up: Running, number: object) -> None:
    claims = up.identity_of(AID).claims() | {
        "subject": PERSON,
        "matter": "low-income-aid",
        "case": f"C-{number}",
        "basis": "x",
        "officer": "王科员",
        "wanted": [{"type": "urn:hub:evidence:resident:1", "claims": ["name"]}],
    }
    with up.channel(AID) as channel:
        jws = sign_jws(claims, typ="evidence-request+jwt", signer=up.cabinet.signer_of(AID))
        channel.call("POST", "/v1/exchange", token=False, content=jws, headers={"content-type": "application/jwt"})


def as_party(up: Running, party: str) -> tuple[str, ...]:
    return ("--hub", up.url, "--party", party, "--key", str(up.cabinet.path_of(party)))


def period() -> tuple[str, ...]:
    now = datetime.now(UTC)
    return ("--since", (now - timedelta(days=1)).isoformat(), "--until", (now + timedelta(days=1)).isoformat())


def test_an_auditor_searches_and_sees_no_one(run: Run, up: Running) -> None:
    auditor = as_party(up, "aud:county-audit")
    found = run("audit", "search", *auditor, "--outcome", "refused", "--json")
    assert found.code == 0, found.err
    assert [line["case"] for line in found.json] == ["C-1", "C-0"]
    assert "张三" not in found.out
    assert "王科员" not in found.out
    (one,) = run("audit", "search", *auditor, "--limit", "1", "--json").json
    assert one["case"] == "C-1"
    table = run("audit", "search", *auditor, "--case", "C-0")
    assert table.out.splitlines()[0].startswith("at ")
    assert run("audit", "search", *auditor, "--since", "yesterday").code == 2
    assert run("audit", "search", *as_party(up, AID)).code == 3


def test_a_case_number_moves_no_cursor_on_the_auditors_terminal(run: Run, up: Running) -> None:
    _ask(up, "\x1b[2J办件\u3000第1号\n2026-0001  released")
    told = run("audit", "search", *as_party(up, "aud:county-audit"), "--limit", "1")
    assert "\\x1b[2J办件\u3000第1号\\n2026-0001  released" in told.out
    assert len(told.out.splitlines()) == 2


def test_an_auditor_reads_flags_and_the_rules_behind_them(run: Run, up: Running) -> None:
    auditor = as_party(up, "aud:county-audit")
    assert run("audit", "flags", *auditor, "--json").json["is_cut"] is False
    assert len(run("audit", "flags", *auditor, "--rules").json["rules"]) == 6
    assert run("audit", "flags", *auditor).code == 0


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_auditor_takes_an_export_whose_digest_is_logged(run: Run, up: Running, tmp_path: Path, ending: str) -> None:
    auditor = as_party(up, "aud:county-audit")
    file = tmp_path / "out" / f"exchanges.{ending}"
    told = run("audit", "export-exchanges", file, *auditor, *period(), "--json")
    assert told.code == 0, told.err
    assert told.json["rows"] == 2
    assert told.json["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run("audit", "export-exchanges", file, *auditor, *period()).code == 5
    assert run("audit", "export-exchanges", tmp_path / "x.xlsx", *auditor, *period()).code == 2


def policy_of(up: Running, folder: Path) -> Path:
    """What an auditor was given by somebody else than the hub."""
    hub, path = up.hub, folder / "policy.json"
    told = {"id": hub.id, "jwks": [hub.signer.public.to_jwk()], "log_vkey": hub.log_vkey, "origin": hub.log_origin}
    path.write_text(json.dumps({"version": 1, "hub": told}))
    return path


def test_an_export_is_checked_without_the_hub_and_a_changed_one_is_refused(
    run: Run, up: Running, tmp_path: Path
) -> None:
    auditor, policy = as_party(up, "aud:county-audit"), policy_of(up, tmp_path)
    file, other = tmp_path / "all.csv", tmp_path / "none.csv"
    assert run("audit", "export-exchanges", file, *auditor, *period(), "--json").json["proof"] == f"{file}.proof"
    run("audit", "export-exchanges", other, *auditor, *period(), "--matter", "低保")
    later = tmp_path / "later"
    index = run("audit", "check-export", file, "--policy", policy, "--json").json["index"]
    later.write_text(run("audit", "prove", str(index), "--hub", up.url).out)
    sound = run("audit", "check-export", file, "--policy", policy, "--receipt", later, "--json")
    assert sound.code == 0, sound.err
    assert (sound.json["entry"]["by"], sound.json["entry"]["rows"]) == ("aud:county-audit", 2)
    assert run("audit", "check-export", other, "--log-key", up.hub.log_vkey).code == 0
    assert run("audit", "check-export", file).code == 2
    (tmp_path / "all.csv.proof").rename(tmp_path / "kept")
    assert run("audit", "check-export", file, "--policy", policy).code == 4
    (tmp_path / "none.csv.proof").rename(tmp_path / "all.csv.proof")
    assert run("audit", "check-export", file, "--policy", policy).code == 3
    (tmp_path / "kept").rename(tmp_path / "all.csv.proof")
    file.write_bytes(file.read_bytes().replace(b"refused", b"partial"))
    changed = run("audit", "check-export", file, "--policy", policy)
    assert (changed.code, "cli.export-changed" in changed.err) == (3, True)


def test_a_refused_export_leaves_no_file(run: Run, up: Running, tmp_path: Path) -> None:
    file = tmp_path / "exchanges.csv"
    assert run("audit", "export-exchanges", file, *as_party(up, AID), *period()).code == 3
    assert not file.exists()


def test_a_portal_opens_a_view_and_anyone_verifies_it(run: Run, up: Running, tmp_path: Path) -> None:
    person, view = tmp_path / "person.json", tmp_path / "view.json"
    person.write_text(json.dumps(PERSON), encoding="utf-8")
    portal = as_party(up, "portal:county-services")
    opened = run("view", "open", *portal, "--person", person, "--out", view)
    assert opened.code == 0, opened.err
    assert stat.S_IMODE(view.stat().st_mode) == 0o600
    policy = policy_of(up, tmp_path)
    sound = run("view", "verify", view, "--policy", policy)
    assert (sound.code, sound.out.count("✔")) == (0, 7)
    view.write_text(view.read_text().replace('"deferral_days":180', '"deferral_days":181'))
    altered = run("view", "verify", view, "--policy", policy, "--json")
    assert (altered.code, altered.json["valid"]) == (3, False)
    assert run("view", "verify", tmp_path / "none.json", "--policy", policy).code == 4
    assert run("view", "open", *as_party(up, "aud:county-audit"), "--person", person).code == 3
    person.write_text("[]")
    assert run("view", "open", *portal, "--person", person).code == 2
    person.write_text("{}")
    assert run("view", "open", *portal, "--person", person).code == 2


def test_the_authority_defers_ends_and_erases(run: Run, up: Running, tmp_path: Path) -> None:
    authority = as_party(up, "auth:data-bureau")
    order = ("--consumer", AID, "--case", "C-0", "--basis", "《监察法》第三十九条")
    soon = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    mistyped = [" C-0" if each == "C-0" else each for each in order]
    assert "its number is another" in run("view", "defer", *authority, *mistyped, "--until", soon).err
    made = run("view", "defer", *authority, *order, "--until", soon, "--json")
    assert made.code == 0, made.err
    assert run("view", "defer", *as_party(up, AID), *order, "--until", soon).code == 3
    assert run("view", "defer", *authority, *order, "--until", "2099-01-01T00:00:00Z").code == 3
    assert run("view", "defer", *authority, *order, "--until", "soon").code == 2
    listed, mistaken = run("view", "deferrals", *as_party(up, "aud:county-audit"), "--json").json
    assert (listed["deferral"], mistaken["case"]) == (made.json["deferral"], " C-0")
    assert run("view", "end-deferral", made.json["deferral"], *authority).code == 0
    assert run("view", "end-deferral", made.json["deferral"], *authority).code == 5
    person = tmp_path / "person.json"
    person.write_text(json.dumps(PERSON), encoding="utf-8")
    erase = ("view", "erase", *authority, "--basis", "《个人信息保护法》第四十七条")
    assert run(*erase, "--before", "2026-01-01T00:00:00Z", "--person", person).code == 4
    assert run(*erase, "--before", "2026-01-01T00:00:00Z").code == 2
    assert run(*erase, "--before", "2099-01-01T00:00:00Z", "--person", person).code == 2
