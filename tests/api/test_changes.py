"""Change sets over HTTP: shown, applied or thrown away by a steward, and never twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import Conflict, Malformed, Missing, Refused
from tests.api.stewards_world import AID, STEWARD, Desk, flat, resident, stewards_desk
from tests.exchange.world import LAND, RESIDENT


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A hub with nobody in it."""
    with stewards_desk(database_url, tmp_path) as ready:
        yield ready


def mixed(desk: Desk) -> dict[str, object]:
    """Two people whom an older machine took for one; a consumer was shown the other's flat."""
    person = resident("张伟强", "1980-05-06", 401)
    desk.world.push("civil_affairs", "residents", person)
    desk.world.push("land", "rights", flat(person | {"name": "李淑芬"}))
    desk.decide(desk.reviews()[0]["id"], "link")
    with desk.up.hub.database.writing() as session:
        connection = session.connection()
        connection.exec_driver_sql("DELETE FROM identity_verdict")
        connection.exec_driver_sql("UPDATE identity_link SET method = 'score' WHERE action = 'decided'")
    desk.world.grant(LAND, "unit")
    desk.world.grant(RESIDENT, "name")
    desk.world.open_case("2026-0001", person)
    subject = {"kind": "resident", "number": person["number"], "name": person["name"]}
    desk.world.ask((LAND, ["unit"]), (RESIDENT, ["name"]), subject=subject)
    return person


def act(desk: Desk, change: str, what: str, steward: str = "李科员") -> dict[str, object]:
    found: dict[str, object] = desk.call("POST", f"/v1/identity/changes/{change}/{what}", json={"steward": steward})
    return found


def test_a_bulk_split_is_shown_applied_and_its_consumers_told(desk: Desk) -> None:
    mixed(desk)
    proposed = desk.up.hub.identity.changes.propose()
    (listed,) = desk.call("GET", "/v1/identity/changes")
    assert (listed["id"], listed["state"], listed["counts"]["split"]) == (proposed.change_id, "open", 1)
    shown = desk.call("GET", f"/v1/identity/changes/{listed['id']}")
    assert {each["what"] for each in shown["items"]} >= {"split"}
    assert "张伟强" not in str(shown)
    assert desk.call("GET", f"/v1/identity/changes/{listed['id']}", params={"offset": 100})["items"] == []
    applied = act(desk, listed["id"], "application")
    assert (applied["state"], applied["steward"], applied["skipped"]) == ("applied", f"{STEWARD}/李科员", 0)
    (notice,) = desk.call("GET", "/v1/notices", by=AID)
    assert [item["type"] for item in notice["items"]] == [LAND]
    assert act(desk, listed["id"], "application") == applied
    assert len(desk.call("GET", "/v1/notices", by=AID)) == 1
    for what, steward in (("application", "王科员"), ("discarding", "李科员")):
        with pytest.raises(Conflict) as refused:
            act(desk, listed["id"], what, steward)
        assert refused.value.facts["state"] == "applied"


def test_a_change_set_that_is_thrown_away_changes_nothing(desk: Desk) -> None:
    mixed(desk)
    proposed = desk.up.hub.identity.changes.propose()
    assert act(desk, proposed.change_id, "discarding")["state"] == "discarded"
    assert desk.call("GET", "/v1/notices", by=AID) == []
    assert len(desk.call("GET", "/v1/identity/changes")) == 1


def test_only_a_named_steward_of_the_authority_decides_on_a_change_set_that_there_is(desk: Desk) -> None:
    proposed = desk.up.hub.identity.changes.propose()
    with pytest.raises(Malformed):
        act(desk, proposed.change_id, "application", steward=" ")
    with pytest.raises(Missing):
        act(desk, f"chg_{'0' * 26}", "application")
    with pytest.raises(Missing):
        desk.call("GET", f"/v1/identity/changes/chg_{'0' * 26}")
    for by in (AID, "dept:land"):
        with pytest.raises(Refused):
            desk.call("GET", "/v1/identity/changes", by=by)
