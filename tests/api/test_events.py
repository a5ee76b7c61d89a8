"""One event and mandates over HTTP: each service sees its own part, an agent acts within the mandate only."""

import secrets
from datetime import date, timedelta

import pytest

from hub.errors import Conflict, Malformed, Missing, Refused
from tests.support.office import AID, ANNA, BERT, ESTATE, FUNERAL, STRANGER, Office, office

__all__ = ["office"]
TODAY = date.today()  # noqa: DTZ011  # the hub's own clock runs in the county


def event(**changed: object) -> dict[str, object]:
    return {
        "event": "hardship",
        "number": f"E-{secrets.token_hex(4)}",
        "people": {"applicant": [ANNA], "deceased": [BERT]},
        **changed,
    }


def test_one_request_opens_every_part_and_again_is_the_same(office: Office) -> None:
    wanted = event()
    first = office.post(AID, "/v1/events", wanted)
    assert {part["consumer"]: part["matter"] for part in first["parts"]} == {
        AID: "low-income-aid",
        FUNERAL: "funeral-subsidy",
    }
    assert first["query_codes"].keys() == {"low-income-aid", "funeral-subsidy"}
    assert office.post(AID, "/v1/events", wanted)["query_codes"] == first["query_codes"]


def test_each_service_finds_its_own_part_and_nobody_elses(office: Office) -> None:
    wanted = event()
    office.post(AID, "/v1/events", wanted)
    label = f"{AID}|{wanted['number']}"
    for party, matter in ((AID, "low-income-aid"), (FUNERAL, "funeral-subsidy")):
        (own,) = office.read(party, "/v1/cases", event=label)
        assert (own["matter"], own["event"]) == (matter, label)
        assert office.read(party, f"/v1/cases/{own['id']}")["matter"] == matter
    assert office.read(ESTATE, "/v1/cases", event=label) == []
    (other,) = office.read(FUNERAL, "/v1/cases", event=label)
    with pytest.raises(Missing):
        office.read(AID, f"/v1/cases/{other['id']}/checklist")
    with pytest.raises(Missing):
        office.read(FUNERAL, f"/v1/events/{wanted['number']}")


def test_the_leading_service_sees_states_and_what_to_hand_in_once_but_no_evidence(office: Office) -> None:
    wanted = event()
    office.post(AID, "/v1/events", wanted)
    seen = office.read(AID, f"/v1/events/{wanted['number']}")
    assert seen["query_codes"] == {}
    assert {part["state"] for part in seen["parts"]} == {"open"}
    assert all(each["materials"] for each in seen["to_hand_in"])
    assert "sources" not in str(seen)


@pytest.mark.parametrize(
    ("changed", "family", "code"),
    [
        ({"event": "nothing-such"}, Missing, "catalogue.no-event"),
        ({"people": {"applicant": [ANNA], "emperor": [BERT]}}, Malformed, "cases.unknown-role"),
        ({"answers": {"low-income-aid": {"condition:x": "yes"}}}, Malformed, "cases.unknown-question"),
        ({"number": "a/b"}, Malformed, "api.wrong-fields"),
        ({"people": {}}, Malformed, "cases.no-applicant"),
    ],
)
def test_an_event_with_a_fault_opens_nothing(office: Office, changed: dict, family: type, code: str) -> None:
    before = office.read(AID, "/v1/cases")
    with pytest.raises(family) as refused:
        office.post(AID, "/v1/events", event(**changed))
    assert refused.value.code == code
    assert office.read(AID, "/v1/cases") == before


def test_a_service_that_has_nothing_to_do_with_an_event_does_not_take_it_in(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        office.post(ESTATE, "/v1/events", event())
    assert refused.value.code == "cases.not-your-event"


def mandate(office: Office, **changed: object) -> str:
    given = {
        "subject": ANNA,
        "agent": BERT,
        "matters": ["low-income-aid"],
        "valid_from": str(TODAY - timedelta(days=2)),
        "valid_until": str(TODAY + timedelta(days=30)),
        **changed,
    }
    made: str = office.post(AID, "/v1/mandates", given)["id"]
    return made


def test_an_agent_acts_under_a_recorded_mandate(office: Office) -> None:
    made = mandate(office)
    assert office.open(mandate=made)["case"]["mandate"] == made
    assert made in {each["id"] for each in office.read(AID, "/v1/mandates")}
    for people in ({"applicant": [BERT]}, {"applicant": [STRANGER]}):
        with pytest.raises(Refused) as refused:
            office.open(mandate=made, people=people)
        assert refused.value.code == "cases.mandate-does-not-cover"


def test_under_a_mandate_that_ended_nothing_is_opened_brought_answered_or_withdrawn(office: Office) -> None:
    made = mandate(office)
    case = office.open(mandate=made)["case"]["id"]
    office.post(AID, f"/v1/mandates/{made}/end")
    assert made not in {each["id"] for each in office.read(AID, "/v1/mandates")}
    acts = (
        lambda: office.open(mandate=made),
        lambda: office.bring(case, "income-proof", "income-proof"),
        lambda: office.post(AID, f"/v1/cases/{case}/answers", {"answers": {"condition:renting": "yes"}}),
        lambda: office.post(AID, f"/v1/cases/{case}/people", {"people": {"household_member": [BERT]}}),
        lambda: office.post(AID, f"/v1/cases/{case}/commitments", {"material": "other-property"}),
        lambda: office.post(AID, f"/v1/cases/{case}/decision", {"action": "withdraw"}),
    )
    for act in acts:
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "cases.mandate-does-not-cover"
    with pytest.raises(Missing):
        office.post(AID, f"/v1/mandates/{made}/end")


def test_the_applicant_goes_on_in_person_or_under_another_mandate(office: Office) -> None:
    first = mandate(office)
    case = office.open(mandate=first)["case"]["id"]
    office.post(AID, f"/v1/mandates/{first}/end")
    assert office.post(AID, f"/v1/cases/{case}/agent", {"mandate": ""})["mandate"] == ""
    assert office.bring(case, "income-proof", "income-proof")["asked"] >= 0
    second = mandate(office)
    assert office.post(AID, f"/v1/cases/{case}/agent", {"mandate": second})["mandate"] == second
    with pytest.raises(Refused):
        office.post(AID, f"/v1/cases/{case}/agent", {"mandate": first})


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"agent": STRANGER}, "cases.mandate-unknown-person"),
        ({"valid_until": "2020-01-01"}, "cases.bad-mandate"),
        ({"matters": []}, "api.wrong-fields"),
    ],
)
def test_a_mandate_names_known_people_matters_and_a_period(office: Office, changed: dict, code: str) -> None:
    with pytest.raises((Malformed, Missing)) as refused:
        mandate(office, **changed)
    assert refused.value.code == code


def test_one_service_ends_no_mandate_of_another(office: Office) -> None:
    made = mandate(office)
    with pytest.raises(Missing):
        office.post(FUNERAL, f"/v1/mandates/{made}/end")


def test_a_case_with_a_result_takes_no_other_agent(office: Office) -> None:
    case = office.open()["case"]["id"]
    office.post(AID, f"/v1/cases/{case}/decision", {"action": "withdraw"})
    with pytest.raises(Conflict):
        office.post(AID, f"/v1/cases/{case}/agent", {"mandate": mandate(office)})
