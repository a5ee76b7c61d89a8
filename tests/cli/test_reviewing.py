"""Stewards at the command line: look, decide, undo, ask whose a record was, and see who was shown what wrongly."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.demo.parties import KeyCabinet
from tests.api.stewards_world import Desk, flat, resident, stewards_desk
from tests.cli.conftest import Run
from tests.exchange.world import AID, LAND


@pytest.fixture
def desk(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A served hub, whose settings the command line has too: the secrets are drawn once."""
    drawn: list[dict[str, str]] = []
    draw = KeyCabinet.environment

    def environment(cabinet: KeyCabinet) -> dict[str, str]:
        drawn.extend([] if drawn else [dict(draw(cabinet))])
        return dict(drawn[0])

    monkeypatch.setattr(KeyCabinet, "environment", environment)
    with stewards_desk(database_url, tmp_path) as ready:
        own = {"HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(tmp_path / "hub")}
        for name, value in {**ready.up.cabinet.environment(), **own}.items():
            monkeypatch.setenv(name, value)
        yield ready


@pytest.fixture
def doubt(desk: Desk) -> tuple[str, dict[str, tuple[str, str]]]:
    """The id of a review item about two names under one number, and where the number stands."""
    person = resident("张伟强", "1980-05-06", 201)
    desk.world.push("civil_affairs", "residents", person)
    desk.world.push("land", "rights", flat(person | {"name": "李淑芬"}))
    (item,) = desk.reviews()
    return item["id"], desk.mentions(person["number"])


def test_a_steward_looks_decides_and_undoes(run: Run, doubt: tuple[str, dict[str, tuple[str, str]]]) -> None:
    item, at = doubt
    (line,) = run("identity", "review", "--registry", "land", "--json").json
    assert (line["id"], "张伟强" in str(line)) == (item, False)
    assert run("identity", "review", "--registry", "marriage", "--json").json == []
    shown = run("identity", "review", item)
    assert "张伟强" in shown.out
    assert "李淑芬" in shown.out
    whole = run("identity", "review", item, "--json").json
    assert [each["choice"] for each in whole["outlook"]] == ["link", "different", "unsure"]
    assert whole["outlook"][0]["evidence"] == 1
    assert run("identity", "review", item, "--decide", "link").code == 2
    assert run("identity", "review", item, "--decide", "link", "--steward", "李科员", "--note", "曾用名").code == 0
    again = run("identity", "review", item, "--decide", "different", "--steward", "王科员", "--json")
    assert again.code == 5
    assert '"decision": "link"' in again.err
    one, other = ("/".join(at[place]) for place in ("civil_affairs/self", "land/holder"))
    split = run("identity", "split", one, other, "--steward", "李科员", "--json")
    assert len(set(split.json["subjects"])) == 2
    joined = run("identity", "join", one, other, "--steward", "李科员", "--json")
    assert joined.code == 5
    assert "identity.kept-apart" in joined.err
    again = run("identity", "join", one, other, "--steward", "李科员", "--overrule", "--note", "户口簿", "--json")
    told = run("identity", "history", again.json["subject"], "--json").json
    assert "户口簿" in {each["note"] for each in told["links"]}
    assert run("identity", "split", "nonsense", other, "--steward", "李科员").code == 2
    assert run("identity", "review", "rev_none").code == 4


def test_whose_a_record_was_and_what_is_known(run: Run, doubt: tuple[str, dict[str, tuple[str, str]]]) -> None:
    item, at = doubt
    record, role = at["land/holder"]
    alone = run("identity", "owner", record, "--role", role, "--json").json
    assert alone["line"]["action"] == "new"
    assert run("identity", "owner", record, "--role", role, "--on", "2020-01-01").code == 4
    run("identity", "review", item, "--decide", "link", "--steward", "李科员")
    known = run("identity", "known", alone["subject"], "--json").json
    assert {each["field"]: each["value"] for each in known["golden"]}["name"] == "张伟强"
    told = run("identity", "history", alone["subject"], "--json").json
    assert {each["registry"] for each in told["said"]} == {"civil_affairs", "land"}
    (finding,) = run("identity", "findings", "land", "--json").json["findings"]
    assert (finding["code"], finding["field"], finding["value"]) == ("contradicted-by-authority", "name", "李淑芬")
    assert run("identity", "known", "sub_none").code == 4
    for command in (("owner", record, "--role", role), ("known", alone["subject"]), ("history", alone["subject"])):
        assert run("identity", *command).code == 0


def test_what_was_shown_wrongly_is_listed(run: Run, desk: Desk) -> None:
    assert run("identity", "recalled", "--json").json == []
    _shown_wrongly(desk)
    (listed,) = run("identity", "recalled", "--waiting", "--json").json
    assert (listed["consumer"], [item["type"] for item in listed["items"]]) == (AID, [LAND])
    assert run("identity", "recalled", "--consumer", "svc:funeral-subsidy", "--json").json == []
    assert listed["notice_id"] in run("identity", "recalled").out


def _shown_wrongly(desk: Desk) -> None:
    person = resident("张伟强", "1980-05-06", 203)
    desk.world.push("civil_affairs", "residents", person)
    desk.world.push("land", "rights", flat(person | {"name": "李淑芬"}))
    desk.decide(desk.reviews()[0]["id"], "link")
    desk.world.grant(LAND, "unit")
    desk.world.open_case("2026-0001", person)
    subject = {"kind": "resident", "number": person["number"], "name": person["name"]}
    assert desk.world.ask((LAND, ["unit"]), subject=subject)["outcome"] == "released"
    at = desk.mentions(person["number"])
    desk.pair("/v1/identity/splits", at["civil_affairs/self"], at["land/holder"])
