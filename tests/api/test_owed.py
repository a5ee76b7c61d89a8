"""Applications, objections and supplies over HTTP: who asks, who owes the answer, by when, and what comes of it."""

import secrets
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from adapters.agent.hub_client import HubClient
from adapters.agent.requests import Answered, answer_supplies
from hub.errors import Conflict, Malformed, Missing, Refused
from hub.identity.model import Mention
from hub.kernel.clock import SystemClock, local_date
from hub.kernel.ids import new_id
from hub.parties.model import Party, PartyKind
from hub.proof.keys import generate_signer
from hub.proof.sdjwt import issue_sd_jwt
from tests.support.office import AID, ANNA, AUTHORITY, ESTATE, LAND, Office, office

__all__ = ["office"]
CIVIL, CANCELLATION, MARKET = "dept:civil-affairs", "svc:entity-cancellation", "dept:market-supervision"
RESIDENT, LICENCE = "urn:hub:evidence:resident:1", "urn:hub:evidence:business-licence:1"
TODAY = local_date(SystemClock().now())
COMPANY = {"kind": "legal_person", "number": "91350100M000100Y43", "name": "某有限公司"}


def light_of(office: Office, owed: str) -> dict[str, Any]:
    lights = office.read(AUTHORITY, "/v1/supervision")["lights"]
    found: dict[str, Any] = next(each for each in lights if each["subject"] == owed)
    return found


def objection(office: Office, **changed: object) -> dict[str, Any]:
    case = office.open()["case"]["id"]
    said = {"type": RESIDENT, "claim": "household_address", "code": "moved", **changed}
    made: dict[str, Any] = office.post(AID, f"/v1/cases/{case}/objections", said)
    return made


def test_an_objection_reaches_the_provider_has_a_light_and_blocks_nothing(office: Office) -> None:
    case = office.open()["case"]["id"]
    said = {"type": RESIDENT, "claim": "household_address", "code": "moved"}
    made = office.post(AID, f"/v1/cases/{case}/objections", said)
    assert (made["provider"], made["days"], made["answer"]) == (CIVIL, 10, "")
    assert ANNA["number"] not in str(made)
    assert made["id"] in {each["id"] for each in office.read(CIVIL, "/v1/objections/received")}
    assert office.read(LAND, "/v1/objections/received") == []
    light = light_of(office, made["id"])
    assert (light["limit"], light["department"], light["light"]) == ("objection", CIVIL, "green")
    assert office.read(AID, f"/v1/cases/{case}/checklist")["items"][1]["state"] == "held"
    answered = office.post(CIVIL, f"/v1/objections/{made['id']}/answer", {"answer": "corrected"})
    assert (answered["answer"], answered["answered_on"]) == ("corrected", str(TODAY))
    assert made["id"] not in {each["id"] for each in office.read(CIVIL, "/v1/objections/received")}
    assert light_of(office, made["id"])["done_on"] == str(TODAY)
    with pytest.raises(Conflict):
        office.post(CIVIL, f"/v1/objections/{made['id']}/answer", {"answer": "confirmed"})


@pytest.mark.parametrize(
    ("changed", "family", "code"),
    [
        ({"type": "urn:hub:evidence:real-estate-right:1"}, Missing, "cases.nothing-to-object-to"),
        ({"type": "urn:hub:evidence:moonlight:1"}, Missing, "cases.no-such-type"),
        ({"role": "household_member"}, Missing, "cases.nothing-to-object-to"),
        ({"code": "She moved to 某街"}, Malformed, "api.wrong-fields"),
    ],
)
def test_an_objection_is_to_something_held_and_says_why_in_a_code(
    office: Office, changed: dict, family: type, code: str
) -> None:
    with pytest.raises(family) as refused:
        objection(office, **changed)
    assert refused.value.code == code


def test_nobody_answers_for_another_department(office: Office) -> None:
    made = objection(office)
    with pytest.raises(Missing):
        office.post(LAND, f"/v1/objections/{made['id']}/answer", {"answer": "confirmed"})
    with pytest.raises(Refused):
        office.post(AID, f"/v1/objections/{made['id']}/answer", {"answer": "confirmed"})


def application(office: Office, **changed: object) -> dict[str, Any]:
    said = {
        "type": RESIDENT,
        "claims": ["name", "phone"],
        "matters": ["real-estate-inheritance"],
        "basis": "不动产登记暂行条例",
        "scenario": f"window {secrets.token_hex(3)}",
        "valid_from": str(TODAY),
        "valid_until": str(TODAY + timedelta(days=300)),
        "signed_off_by": "head of office",
        **changed,
    }
    made: dict[str, Any] = office.post(ESTATE, "/v1/applications", said)
    return made


def test_consent_to_an_application_is_a_grant_at_once(office: Office) -> None:
    made = application(office)
    assert (made["provider"], made["days"]) == (CIVIL, 10)
    assert light_of(office, made["id"])["limit"] == "application"
    answered = office.post(CIVIL, f"/v1/applications/{made['id']}/answer", {"answer": "consented"})
    assert answered["answer"] == "consented"
    (mine,) = [each for each in office.read(ESTATE, "/v1/applications") if each["id"] == made["id"]]
    assert mine["answer"] == "consented"
    with office.up.hub.database.reading() as session:
        from hub.sharing.store import GrantStore

        (grant,) = [each for each in GrantStore(session).grants_of(ESTATE) if each.id == f"grant-{made['id']}"]
    assert (grant.claims, grant.matters) == (("name", "phone"), ("real-estate-inheritance",))


def test_the_authority_alone_consents_to_ten_days_more_once_and_the_applicant_sees_it(office: Office) -> None:
    made = application(office)
    path = f"/v1/applications/{made['id']}/extension"
    for party in (CIVIL, ESTATE):
        with pytest.raises(Refused):
            office.post(party, path)
    extended = office.post(AUTHORITY, path)
    assert (extended["days"], extended["extended_on"]) == (20, str(TODAY))
    (seen,) = [each for each in office.read(ESTATE, "/v1/applications") if each["id"] == made["id"]]
    assert (seen["days"], seen["extended_on"]) == (20, str(TODAY))
    with pytest.raises(Conflict):
        office.post(AUTHORITY, path)
    with pytest.raises(Missing):
        office.post(AUTHORITY, f"/v1/applications/{objection(office)['id']}/extension")


def test_a_refusal_says_why_and_grants_nothing(office: Office) -> None:
    made = application(office)
    path = f"/v1/applications/{made['id']}/answer"
    with pytest.raises(Malformed) as refused:
        office.post(CIVIL, path, {"answer": "refused"})
    assert refused.value.code == "sharing.no-reason"
    assert office.post(CIVIL, path, {"answer": "refused", "reason": "purpose-unclear"})["reason"] == "purpose-unclear"
    for answer in ({"answer": "consented"}, {"answer": "refused", "reason": "again"}):
        with pytest.raises(Conflict):
            office.post(CIVIL, path, answer)


def test_an_application_is_returned_once_with_all_it_lacks_and_counted_from_its_completion(office: Office) -> None:
    made = application(office)
    path = f"/v1/applications/{made['id']}"
    whole = {"type": RESIDENT, **made["asked"], "scenario": "transfer by inheritance, at the window"}
    with pytest.raises(Conflict):
        office.post(ESTATE, f"{path}/completion", whole)
    returned = office.post(CIVIL, f"{path}/return", {"lacking": ["scenario-unclear", "basis-article"]})
    assert (returned["lacking"], returned["returned_on"]) == (["scenario-unclear", "basis-article"], str(TODAY))
    assert made["id"] not in {each["subject"] for each in office.read(AUTHORITY, "/v1/supervision")["lights"]}
    with pytest.raises(Conflict) as refused:
        office.post(CIVIL, f"{path}/answer", {"answer": "refused", "reason": "incomplete"})
    assert refused.value.code == "sharing.waits-for-applicant"
    for party, changed, family in (
        (AID, {}, Missing),
        (ESTATE, {"type": "urn:hub:evidence:real-estate-right:1"}, Malformed),
        (ESTATE, {"claims": ["favourite_colour"]}, Malformed),
    ):
        with pytest.raises(family):
            office.post(party, f"{path}/completion", {**whole, **changed})
    completed = office.post(ESTATE, f"{path}/completion", whole)
    assert (completed["asked"]["scenario"], completed["completed_on"]) == (whole["scenario"], str(TODAY))
    assert light_of(office, made["id"])["started_on"] == str(TODAY)
    with pytest.raises(Conflict):
        office.post(CIVIL, f"{path}/return", {"lacking": ["something-else"]})
    with pytest.raises(Conflict):
        office.post(ESTATE, f"{path}/completion", whole)
    assert office.post(CIVIL, f"{path}/answer", {"answer": "consented"})["answer"] == "consented"
    (grant,) = [each for each in office.read(ESTATE, "/v1/grants") if each["id"] == f"grant-{made['id']}"]
    assert grant["scenario"] == whole["scenario"]


def test_an_application_is_returned_by_its_provider_for_reasons_in_codes(office: Office) -> None:
    made = application(office)
    for party, lacking, family in (
        (LAND, ["basis"], Missing),
        (CIVIL, [], Malformed),
        (CIVIL, ["张三 said"], Malformed),
    ):
        with pytest.raises(family):
            office.post(party, f"/v1/applications/{made['id']}/return", {"lacking": lacking})


@pytest.mark.parametrize(
    ("changed", "family", "code"),
    [
        ({"type": "urn:hub:evidence:moonlight:1"}, Missing, "sharing.unknown-type"),
        ({"valid_until": "2020-01-01"}, Malformed, "sharing.period-over"),
        ({"valid_from": "2099-01-01"}, Malformed, "sharing.period-reversed"),
        ({"matters": ["real-estate-inheritance", "moon-landing"]}, Malformed, "sharing.unknown-matter"),
        ({"claims": ["name", "favourite_colour"]}, Malformed, "sharing.unknown-claim"),
        ({"claims": ["source.file"]}, Malformed, "sharing.never-shared"),
        ({"type": "urn:hub:statement:alive:1"}, Missing, "sharing.unknown-type"),
        ({"claims": []}, Malformed, "api.wrong-fields"),
        ({"basis": ""}, Malformed, "api.wrong-fields"),
    ],
)
def test_an_application_says_everything_the_law_asks(office: Office, changed: dict, family: type, code: str) -> None:
    with pytest.raises(family) as refused:
        application(office, **changed)
    assert refused.value.code == code


@pytest.fixture(scope="module")
def market(office: Office) -> Office:
    """The department that keeps business licences, and a company that land has on record."""
    signer = generate_signer()
    party = Party(MARKET, "Market Supervision", "市场监督管理局", PartyKind.department)
    office.up.hub.party_service.register_party(party)
    office.up.hub.parties.register(party, signer.public.to_jwk())
    (office.up.cabinet.path_of(MARKET)).write_bytes(signer.to_pem())
    fields = {"name": COMPANY["name"], "credit_code": COMPANY["number"]}
    mention = Mention("m-1", "civil_affairs", "organisations", "self", "legal_person", fields)
    with office.up.hub.database.writing() as session:
        office.up.hub.identity.place(session, [mention])
    return office


def cancellation(office: Office) -> dict[str, Any]:
    return office.open("simple-cancellation", CANCELLATION, people={"applicant": [COMPANY]})


def licence_item(office: Office, case: str) -> dict[str, Any]:
    items = office.read(CANCELLATION, f"/v1/cases/{case}/checklist")["items"]
    found: dict[str, Any] = next(each for each in items if each["material"] == "licence")
    return found


def licence(office: Office, signer: str = MARKET, **changed: object) -> str:
    form = {"name": COMPANY["name"], "credit_code": COMPANY["number"], "registered_status": "active", **changed}
    clear = {"iss": signer, "vct": LICENCE, "iat": office.instant, "jti": new_id("ev")}
    return issue_sd_jwt(clear, form, signer=office.up.cabinet.signer_of(signer))


def test_a_provider_supplies_on_request_and_the_checklist_turns_to_held(market: Office) -> None:
    case = cancellation(market)["case"]["id"]
    assert licence_item(market, case)["state"] == "obtainable"
    path = f"/v1/cases/{case}/materials/licence/supplies"
    (asked,) = market.post(CANCELLATION, path)
    assert market.post(CANCELLATION, path)[0]["id"] == asked["id"], "asked twice, it is one question"
    assert licence_item(market, case)["reason"]["code"] == "asked-for"
    assert light_of(market, asked["id"])["limit"] == "sharing"
    for _ in range(2):
        (wish,) = [each for each in market.read(MARKET, "/v1/supplies") if each["id"] == asked["id"]]
    with market.up.hub.database.reading() as session:
        told = "SELECT count(*) FROM case_step WHERE case_id = %s AND action = 'supply-told'"
        assert session.connection().exec_driver_sql(told, (case,)).scalar_one() == 1
    assert wish["subject"]["number"] == COMPANY["number"]
    assert market.read(LAND, "/v1/supplies") == []
    answer = f"/v1/supplies/{asked['id']}/answer"
    wrong = (
        (licence(market, LAND), Refused, "cases.not-what-was-asked"),
        (
            licence(market, name="别的公司", credit_code="91330106MA2ABCD139"),
            Refused,
            "cases.supplied-about-somebody-else",
        ),
        (licence(market, registered_status=7), Malformed, "cases.bad-supply"),
    )
    for evidence, family, code in wrong:
        with pytest.raises(family) as refused:
            market.post(MARKET, answer, {"evidence": evidence})
        assert refused.value.code == code
    assert market.post(MARKET, answer, {"evidence": licence(market)})["answer"] == "supplied"
    assert licence_item(market, case)["state"] == "held"
    assert licence_item(market, cancellation(market)["case"]["id"])["state"] == "held", "and for every later case"


def test_what_was_asked_for_before_two_subjects_became_one_is_asked_once_and_can_be_supplied(market: Office) -> None:
    other = {"kind": "legal_person", "number": "91330106MA2ABCD139", "name": "某某贸易有限公司"}
    fields = {"name": other["name"], "credit_code": other["number"]}
    identity, database = market.up.hub.identity, market.up.hub.database
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE evidence SET status = 'withdrawn' WHERE type = 'business-licence'")
        session.connection().exec_driver_sql("DELETE FROM sharing_owed WHERE kind = 'supply'")
        identity.place(session, [Mention("m-2", "civil_affairs", "organisations", "self", "legal_person", fields)])
    case = market.open("simple-cancellation", CANCELLATION, people={"applicant": [other]})["case"]["id"]
    path = f"/v1/cases/{case}/materials/licence/supplies"
    (asked,) = market.post(CANCELLATION, path)
    with database.writing() as session:
        identity.join(session, ("m-1", "self"), ("m-2", "self"), steward="王科员")
    assert licence_item(market, case)["reason"]["code"] == "asked-for"
    assert market.post(CANCELLATION, path)[0]["id"] == asked["id"]
    evidence = licence(market, name=other["name"], credit_code=other["number"])
    assert market.post(MARKET, f"/v1/supplies/{asked['id']}/answer", {"evidence": evidence})["answer"] == "supplied"
    assert licence_item(market, case)["state"] == "held"
    with database.writing() as session:
        identity.split(session, ("m-1", "self"), ("m-2", "self"), steward="王科员")


def test_the_departments_own_program_answers_everything_that_waits(market: Office) -> None:
    with market.up.hub.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE evidence SET status = 'withdrawn' WHERE type = 'business-licence'")
        session.connection().exec_driver_sql("DELETE FROM sharing_owed WHERE kind = 'supply'")
    case = cancellation(market)["case"]["id"]
    market.post(CANCELLATION, f"/v1/cases/{case}/materials/licence/supplies")
    signer = market.up.cabinet.signer_of(MARKET)
    known = {
        COMPANY["number"]: {"name": COMPANY["name"], "credit_code": COMPANY["number"], "registered_status": "active"}
    }
    with closing(HubClient(market.up.url, party=MARKET, signer=signer)) as client:
        found = [
            answer_supplies(client, lambda _type, who: known.get(who.number), department=MARKET, signer=signer)
            for _ in range(2)
        ]
    assert found == [Answered(1, 0), Answered(0, 0)]
    assert licence_item(market, case)["state"] == "held"


def test_what_a_provider_did_not_find_is_to_be_brought(market: Office) -> None:
    with market.up.hub.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE evidence SET status = 'withdrawn' WHERE type = 'business-licence'")
        session.connection().exec_driver_sql("DELETE FROM sharing_owed WHERE kind = 'supply'")
    case = cancellation(market)["case"]["id"]
    (asked,) = market.post(CANCELLATION, f"/v1/cases/{case}/materials/licence/supplies")
    assert market.post(MARKET, f"/v1/supplies/{asked['id']}/answer", {"evidence": ""})["answer"] == "nothing-found"
    assert licence_item(market, case)["state"] == "to_bring"
    with pytest.raises(Conflict) as refused:
        market.post(CANCELLATION, f"/v1/cases/{case}/materials/licence/supplies")
    assert refused.value.code == "cases.not-on-request"
