"""The authority suspends, resumes and ends grants and parties over HTTP; nobody else does (Order 809 article 27)."""

import time
from collections.abc import Iterator

import pytest

from hub.errors import Conflict, Malformed, Missing, Refused
from tests.support.office import AID, AUTHORITY, ESTATE, Office, office

__all__ = ["office"]
CIVIL = "dept:civil-affairs"
RESIDENT = "urn:hub:evidence:resident:1"
WHY = {"reason": "other-purpose"}


def grant_of(office: Office, party: str = AID, kind: str = RESIDENT) -> str:
    return next(each["id"] for each in office.read(party, "/v1/grants") if each["type"] == kind)


@pytest.fixture
def suspended(office: Office) -> Iterator[str]:
    grant = grant_of(office)
    office.post(AUTHORITY, f"/v1/grants/{grant}/suspension", WHY)
    yield grant
    office.post(AUTHORITY, f"/v1/grants/{grant}/resumption")


def test_each_side_sees_its_own_grants_and_how_they_stand(office: Office, suspended: str) -> None:
    (mine,) = [each for each in office.read(AID, "/v1/grants") if each["id"] == suspended]
    assert (mine["consumer"], mine["standing"], mine["reason"]) == (AID, "suspended", "other-purpose")
    assert suspended in {each["id"] for each in office.read(CIVIL, "/v1/grants/given")}
    assert {each["type"] for each in office.read("dept:land", "/v1/grants/given")}.isdisjoint({RESIDENT})
    assert suspended in {each["id"] for each in office.read(AUTHORITY, "/v1/grants/all")}
    assert suspended not in {each["id"] for each in office.read(ESTATE, "/v1/grants")}


def test_what_a_suspended_grant_gave_is_on_the_checklist_as_to_be_brought(office: Office) -> None:
    case = office.open()["case"]["id"]

    def states() -> dict[str, str]:
        return {each["material"]: each["state"] for each in office.read(AID, f"/v1/cases/{case}/checklist")["items"]}

    before, grant = states(), grant_of(office)
    office.post(AUTHORITY, f"/v1/grants/{grant}/suspension", WHY)
    during = states()
    office.post(AUTHORITY, f"/v1/grants/{grant}/resumption")
    assert {material for material in before if before[material] != during[material]} != set()
    assert states() == before


@pytest.mark.parametrize("party", [AID, CIVIL, "aud:county-audit"])
def test_a_provider_stops_no_service_by_itself(office: Office, party: str) -> None:
    for deed in ("suspension", "end"):
        with pytest.raises(Refused):
            office.post(party, f"/v1/grants/{grant_of(office)}/{deed}", WHY)


def test_what_there_is_not_and_a_reason_in_words_are_refused(office: Office) -> None:
    with pytest.raises(Missing):
        office.post(AUTHORITY, "/v1/grants/no-such-grant/suspension", WHY)
    with pytest.raises(Malformed):
        office.post(AUTHORITY, f"/v1/grants/{grant_of(office)}/suspension", {"reason": "张三 said so"})
    with pytest.raises(Missing):
        office.post(AUTHORITY, "/v1/parties/svc:nobody/suspension", WHY)
    with pytest.raises(Refused):
        office.post(AUTHORITY, f"/v1/parties/{AUTHORITY}/suspension", WHY)
    with pytest.raises(Conflict):
        office.post(AUTHORITY, f"/v1/parties/{AID}/resumption")


def test_an_ended_grant_stays_ended_when_its_file_is_loaded_again(office: Office) -> None:
    grant = grant_of(office, ESTATE)
    assert office.post(AUTHORITY, f"/v1/grants/{grant}/end", {"reason": "purpose-over"})["standing"] == "ended"
    from hub.sharing.reading import shipped_grants

    hub = office.up.hub
    hub.sharing.take_over(shipped_grants(hub.catalogue.require_edition_on(hub.sharing.today).catalogue), by=AUTHORITY)
    (mine,) = [each for each in office.read(ESTATE, "/v1/grants") if each["id"] == grant]
    assert mine["standing"] == "ended"
    with pytest.raises(Conflict):
        office.post(AUTHORITY, f"/v1/grants/{grant}/resumption")


def is_out(office: Office) -> bool:
    try:
        office.read(ESTATE, "/v1/cases")
    except Refused as fault:
        return fault.code == "parties.suspended"
    return False


def test_a_suspended_party_is_told_so_within_seconds_until_it_is_resumed(office: Office) -> None:
    assert not is_out(office)
    for deed, out in (("suspension", True), ("resumption", False)):
        told = office.post(AUTHORITY, f"/v1/parties/{ESTATE}/{deed}", WHY if out else None)
        assert told["is_active"] is not out
        ends = time.monotonic() + 10
        while is_out(office) is not out:
            assert time.monotonic() < ends
            time.sleep(0.05)
