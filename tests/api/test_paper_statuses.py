"""A paper says where its status is published: the service that took it in signs the list, the hub only serves it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from hub.client.approval import ApprovalClient, Case, Paper, Person
from hub.client.statuses import OwnStatuses
from hub.errors import Malformed, Refused
from hub.proof.statuslist import StatusArray, StatusValue, sign_status_list, verify_status_list
from tests.support.office import AID, ANNA, ESTATE, PDF, Office, office

__all__ = ["office"]
PERSON = Person("resident", ANNA["number"], ANNA["name"])


@pytest.fixture
def window(office: Office) -> Iterator[ApprovalClient]:
    """The low-income aid window as it calls the hub."""
    client = ApprovalClient(office.up.url, office.up.identity_of(AID), lambda _kid, _iss: None)
    yield client
    client.close()


def brought(window: ApprovalClient, number: str) -> Case:
    case = window.open_case(number, "low-income-aid", {"applicant": [PERSON]})
    paper = Paper("income-proof", PDF + number.encode(), "application/pdf", issued_on=date(2026, 10, 1))
    window.bring(case, "income-proof", paper, PERSON)
    return case


def served(office: Office, uri: str) -> Any:
    path = uri.partition("/v1/")[2]
    token = office.at(AID).call("GET", f"/v1/{path}", token=False).content
    return verify_status_list(token, key_for=lambda _kid, _iss: office.up.cabinet.signer_of(AID).public)


def place_of_paper(office: Office, case: Case) -> tuple[str, int, str]:
    """Where the status of the case's paper is, and the paper's id."""
    (paper,) = office.read(AID, f"/v1/cases/{case.id}/papers")
    with office.up.hub.database.reading() as session:
        query = text("SELECT list_uri, list_index FROM evidence WHERE type = 'brought-material' ORDER BY changed_at")
        uri, index = session.execute(query).all()[-1]
    return uri, index, str(paper["id"])


def test_a_paper_stands_on_its_services_list_until_it_is_taken_back(office: Office, window: ApprovalClient) -> None:
    case = brought(window, "S-1")
    uri, index, paper = place_of_paper(office, case)
    assert f"/v1/statuses/{AID}/" in uri
    assert window.statuses.publish() == 1
    assert served(office, uri).statuses.status_for(index) == StatusValue.valid
    office.post(AID, f"/v1/cases/{case.id}/papers/{paper}/withdrawal")
    assert window.statuses.publish() == 1
    after = served(office, uri)
    assert (after.issuer, after.statuses.status_for(index)) == (AID, StatusValue.invalid)
    assert window.statuses.publish() == 0


def test_no_two_papers_have_one_place(office: Office) -> None:
    own, other = OwnStatuses(office.at(AID)), OwnStatuses(office.at(ESTATE))
    places = [json.dumps(each.place()) for each in (own, own, other, own)]
    assert len(set(places)) == 4


@dataclass(frozen=True)
class Elsewhere:
    """Places that the hub never gave."""

    uri: str

    def place(self) -> dict[str, object]:
        return {"status_list": {"uri": self.uri, "idx": 1}}


@pytest.mark.parametrize("place", ["", "/v1/statuses/land/0", f"/v1/statuses/{ESTATE}/0", f"/v1/statuses/{AID}/x"])
def test_a_paper_does_not_name_a_list_of_somebody_else(office: Office, window: ApprovalClient, place: str) -> None:
    window.statuses = Elsewhere(f"{office.up.url}{place}")  # type: ignore[assignment]
    with pytest.raises(Malformed, match=r"cases\.status-elsewhere"):
        brought(window, f"S-{len(place)}")


def test_only_the_service_itself_signs_its_list(office: Office) -> None:
    uri = f"{office.up.url}/v1/statuses/{AID}/0"
    now = int(office.up.hub.clock.now().timestamp())
    for party in (ESTATE, "dept:land"):
        signer = office.up.cabinet.signer_of(party)
        token = sign_status_list(
            StatusArray.of_size(8), uri=uri, issuer=party, signer=signer, times=(now, now + 3600, 3600)
        )
        headers = {"content-type": "application/statuslist+jwt"}
        with pytest.raises(Refused, match=r"status\.not-the-department"):
            office.at(party).call("PUT", f"/v1/statuses/{AID}/0", token=False, content=token, headers=headers)


def test_a_party_without_cases_gets_no_place(office: Office) -> None:
    with pytest.raises(Refused, match=r"parties\.scope-missing"):
        office.at("aud:county-audit").call("POST", "/v1/statuses/places")
