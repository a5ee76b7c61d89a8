"""Editions of the catalogue over HTTP: proposed in three forms, shown as a difference, published by the authority."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from hub.catalogue.codec import catalogue_from
from hub.catalogue.documents import parse_document
from hub.catalogue.reading import read_catalogue
from hub.catalogue.workbook import parse_workbook
from hub.catalogue.writing import Form, written
from hub.errors import Conflict, Malformed, Missing, Refused
from hub.kernel.clock import SystemClock, local_date
from tests.support.office import AID, AUTHORITY, LAND, Office, office

__all__ = ["office"]
CIVIL = "dept:civil-affairs"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {Form.yaml: "application/yaml", Form.json: "application/json", Form.xlsx: XLSX}
Change = Callable[[dict[str, Any]], None]


def exported(office: Office, form: Form = Form.json) -> bytes:
    return office.at(AID).call("GET", "/v1/catalogue/export", token=False, params={"form": form.value}).content


def changed(office: Office, change: Change) -> bytes:
    document = json.loads(exported(office))
    change(document)
    return json.dumps(document, ensure_ascii=False).encode()


def propose(
    office: Office, content: bytes, *, party: str = LAND, media_type: str = "application/json", **params: str
) -> dict[str, Any]:
    answer = office.at(party).call(
        "POST", "/v1/catalogue/proposals", content=content, headers={"content-type": media_type}, params=params
    )
    told: dict[str, Any] = answer.json()
    return told


def matter_of(document: dict[str, Any], matter: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in document["matters"] if each["id"] == matter)
    return found


def promise(days: int) -> Change:
    return lambda document: matter_of(document, "low-income-aid").update(promised_days=days, version=f"2026.{days}")


@pytest.mark.parametrize("form", list(Form))
def test_what_is_exported_is_the_catalogue_in_force_in_every_form(office: Office, form: Form) -> None:
    raw = exported(office, form)
    name = f"all.{form.value}"
    document = parse_workbook(raw, name) if form is Form.xlsx else parse_document(raw, name)
    now = office.up.hub.catalogue.require_edition_on(local_date(SystemClock().now())).catalogue
    assert read_catalogue([document]) == now


@pytest.mark.parametrize("form", list(Form))
def test_a_proposal_in_any_form_says_what_it_would_change(office: Office, form: Form) -> None:
    catalogue = catalogue_from(json.loads(changed(office, promise(16))))
    told = propose(office, written(catalogue, form), media_type=TYPES[form], dry_run="true")
    assert told["edition"] == ""
    assert told["changes"] == [
        {"path": "matters/low-income-aid/version", "turn": "changed", "before": "2026.1", "after": "2026.16"},
        {"path": "matters/low-income-aid/promised_days", "turn": "changed", "before": 15, "after": 16},
    ]


def test_a_department_proposes_the_authority_publishes_and_open_cases_keep_their_edition(office: Office) -> None:
    before = office.open()
    proposed = propose(office, changed(office, promise(17)))
    assert office.read(LAND, f"/v1/catalogue/editions/{proposed['edition']}/changes")["changes"] == proposed["changes"]
    waiting = {each["edition"]: each for each in office.read(AUTHORITY, "/v1/catalogue/editions")}[proposed["edition"]]
    assert (waiting["proposed_by"], waiting["published_at"]) == (LAND, None)
    with pytest.raises(Refused):
        office.post(LAND, f"/v1/catalogue/editions/{proposed['edition']}/publication")
    published = office.post(AUTHORITY, f"/v1/catalogue/editions/{proposed['edition']}/publication")
    assert published["published_by"] == AUTHORITY
    with pytest.raises(Conflict):
        office.post(AUTHORITY, f"/v1/catalogue/editions/{proposed['edition']}/publication")
    assert office.open()["checklist"]["version"] == "2026.17"
    kept = office.read(AID, f"/v1/cases/{before['case']['id']}/checklist")
    assert kept["version"] == before["checklist"]["version"] == "2026.1"


@pytest.mark.parametrize(
    ("party", "deed", "closed_as", "others"),
    [(AUTHORITY, "decline", "declined", (LAND, AID)), (LAND, "withdrawal", "withdrawn", (AUTHORITY, CIVIL, AID))],
)
def test_the_authority_declines_and_the_proposer_withdraws_and_everybody_reads_why(
    office: Office, party: str, deed: str, closed_as: str, others: tuple[str, ...]
) -> None:
    edition = propose(office, changed(office, promise(21)))["edition"]
    path, why = f"/v1/catalogue/editions/{edition}", {"reason": "basis-unclear"}
    for other in others:
        with pytest.raises(Refused):
            office.post(other, f"{path}/{deed}", why)
    for wrong in ({"reason": "依据不足"}, {"reason": ""}, {}, {"reason": "a", "more": 1}):
        with pytest.raises(Malformed):
            office.post(party, f"{path}/{deed}", wrong)
    told = office.post(party, f"{path}/{deed}", why)
    assert (told["closed_as"], told["closed_by"], told["reason"]) == (closed_as, party, "basis-unclear")
    assert told in office.read(CIVIL, "/v1/catalogue/editions")
    assert office.read(CIVIL, f"{path}/changes")["edition"] == edition
    for again, caller in (("publication", AUTHORITY), ("decline", AUTHORITY), ("withdrawal", LAND)):
        with pytest.raises(Conflict) as refused:
            office.post(caller, f"{path}/{again}", None if again == "publication" else why)
        assert refused.value.code == "catalogue.edition-closed"


def test_an_edition_takes_effect_on_its_day_and_never_in_the_past(office: Office) -> None:
    today = local_date(SystemClock().now())
    later = propose(office, changed(office, promise(18)), effective_on=str(today + timedelta(days=30)))
    office.post(AUTHORITY, f"/v1/catalogue/editions/{later['edition']}/publication")
    channel = office.at(AID)
    now = channel.call("GET", "/v1/catalogue/matters/low-income-aid", token=False).json()
    then = channel.call(
        "GET", "/v1/catalogue/matters/low-income-aid", token=False, params={"on": str(today + timedelta(days=31))}
    ).json()
    assert now["promised_days"] != 18
    assert then["promised_days"] == 18
    with pytest.raises(Refused) as refused:
        propose(office, changed(office, promise(19)), effective_on=str(today - timedelta(days=1)))
    assert refused.value.code == "catalogue.effective-in-the-past"


def no_basis(document: dict[str, Any]) -> None:
    matter_of(document, "low-income-aid")["materials"][0]["basis"] = []


def unknown_type(document: dict[str, Any]) -> None:
    matter_of(document, "low-income-aid")["materials"][1]["ways"][0][0]["evidence"] = "moonlight"


def cycle(document: dict[str, Any]) -> None:
    conditions = matter_of(document, "low-income-aid")["conditions"]
    for one, other in ((conditions[0], conditions[2]), (conditions[2], conditions[0])):
        one["all_of"] = [other["id"]]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (no_basis, "catalogue.no-legal-basis"),
        (unknown_type, "catalogue.unknown-evidence-type"),
        (cycle, "catalogue.cycle"),
    ],
)
def test_an_unusable_catalogue_is_refused_with_every_problem(office: Office, change: Change, code: str) -> None:
    before = office.read(AUTHORITY, "/v1/catalogue/editions")
    with pytest.raises(Malformed) as refused:
        propose(office, changed(office, change))
    assert refused.value.code == code
    assert refused.value.facts["problems"]
    assert office.read(AUTHORITY, "/v1/catalogue/editions") == before


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"a: &a [*a]", "application/yaml"),
        (b"PK\x03\x04 no workbook", XLSX),
        (b"\xff\xfe", "application/yaml"),
        (b"matters: 5", "application/yaml"),
    ],
)
def test_what_is_no_catalogue_is_refused(office: Office, content: bytes, media_type: str) -> None:
    with pytest.raises(Malformed) as refused:
        propose(office, content, media_type=media_type)
    assert refused.value.code.startswith("catalogue.")


def test_the_same_again_is_nothing_new_and_a_window_proposes_nothing(office: Office) -> None:
    with pytest.raises(Conflict) as refused:
        propose(office, exported(office))
    assert refused.value.code == "catalogue.nothing-new"
    for party, media_type, family in ((AID, "application/json", Refused), (LAND, "text/plain", Refused)):
        with pytest.raises(family):
            propose(office, exported(office), party=party, media_type=media_type)
    for method, path in (("GET", "changes"), ("POST", "publication")):
        with pytest.raises(Missing):
            office.at(AUTHORITY).call(method, f"/v1/catalogue/editions/cat_{'0' * 26}/{path}")


def test_the_catalogue_of_another_day_is_given_or_said_to_be_missing(office: Office) -> None:
    with pytest.raises(Missing):
        office.at(AID).call("GET", "/v1/catalogue/export", token=False, params={"on": str(date(2020, 1, 1))})
