"""The main job through the real doors: five registries in, one signed and audited answer out."""

import json
from dataclasses import replace
from datetime import date

import httpx
import pytest
from rich.console import Console

from adapters.simulator.lexicon import STREETS
from hub.audit.readers import DatabaseReader, HttpReader
from hub.audit.verify import verify_log
from hub.client.answers import Answer
from hub.client.approval import ApprovalClient, Case, Person
from hub.client.channel import Channel, Identity
from hub.demo.parties import HUB_ID
from hub.demo.people import paper, resident
from hub.demo.plays import perform
from hub.demo.script import plays_of, second_matter_of
from hub.demo.show import Narrator
from hub.errors import Conflict, Malformed, Refused
from hub.exchange.verify import verify_bundle
from hub.exchange.verify_view import verify_view
from hub.proof.jws import sign_jws
from hub.proof.note import NoteVerifier
from hub.proof.policy import LogPolicy
from tests.flows.conftest import Town

RESIDENT = {"type": "urn:hub:evidence:resident:1", "claims": ["name", "number"]}
MARRIAGE = {"type": "urn:hub:evidence:marriage-event:1", "claims": ["event"]}
BASIS, OFFICER = "社会救助暂行办法", "officer-07"


@pytest.fixture
def quiet() -> Narrator:
    """A narrator that nobody hears."""
    return Narrator(Console(quiet=True))


def _case(client: ApprovalClient, town: Town, number: str) -> Case:
    return client.open_case(number, "low-income-aid", {"applicant": [resident(town.cast.applicant)]})


def _ask(client: ApprovalClient, case: Case, *wanted: dict[str, object]) -> Answer:
    subject = {"pairwise": str(case.pairwise_of("applicant"))}
    return client.ask(case, subject, wanted, basis=BASIS, officer=OFFICER)


def test_every_row_read_is_accepted_or_put_aside_with_a_reason(town: Town) -> None:
    for report in town.reports.values():
        assert report.read > 0
        assert all(export.is_complete for export in report.exports), report.to_json()
        assert report.accepted > 0


def test_pushing_again_changes_nothing(town: Town) -> None:
    for report in town.push_now().values():
        assert (report.accepted, report.withdrawn) == (0, 0), report.to_json()


def test_the_low_income_applicant_brings_at_most_three_of_her_papers(town: Town, quiet: Narrator) -> None:
    play = plays_of(town.county)[0]
    with town.at(play.window) as client:
        played = perform(play, client, quiet)
    assert played.figures.to_bring <= 3
    assert played.figures.satisfied_without_asking >= 5
    assert {answer.outcome for answer in played.answers} == {"released"}


def test_the_association_brings_at_most_ten_of_its_papers(town: Town, quiet: Narrator) -> None:
    play = plays_of(town.county)[1]
    with town.at(play.window) as client:
        played = perform(play, client, quiet)
    assert played.figures.materials_demanded >= 23
    assert played.figures.to_bring <= 10


def test_what_was_brought_once_is_not_asked_for_again_by_another_matter(town: Town, quiet: Narrator) -> None:
    first, second = plays_of(town.county)[2], second_matter_of(town.cast)
    with town.at(first.window) as client:
        brought = perform(first, client, quiet)
    with town.at(second.window) as client:
        again = perform(second, client, quiet)
    kinship = {item["material"]: item for item in again.checklist["items"]}["kinship"]
    assert kinship["state"] == "brought_earlier"
    assert kinship["sources"][0]["case_number"] == brought.case.number


def test_an_answer_verifies_offline_and_not_when_any_part_is_exchanged(town: Town) -> None:
    with town.at("svc:low-income-aid") as client:
        case = _case(client, town, "F-1")
        bundle = client.bundle(_ask(client, case, RESIDENT))
        other = client.bundle(_ask(client, case, RESIDENT))
    policy = json.dumps(town.policy).encode()
    assert verify_bundle(json.dumps(bundle).encode(), policy).is_valid
    for part in ("request", "answer", "entry", "salt", "receipt", "seal"):
        swapped = bundle | {part: other[part]}
        assert not verify_bundle(json.dumps(swapped).encode(), policy).is_valid, part


def test_only_what_was_asked_for_is_disclosed(town: Town) -> None:
    with town.at("svc:low-income-aid") as client:
        answer = _ask(client, _case(client, town, "F-2"), {"type": RESIDENT["type"], "claims": ["name"]})
    (released,) = answer.evidence
    assert released.claims == {"name": town.cast.applicant.name}
    assert released.clear["iss"] == "dept:civil-affairs"


def test_what_no_grant_covers_is_refused_and_the_refusal_is_signed_and_logged(town: Town) -> None:
    with town.at("svc:low-income-aid") as client:
        answer = _ask(client, _case(client, town, "F-3"), MARRIAGE)
        assert (answer.outcome, answer.reason) == ("refused", "sharing.no-grant")
        bundle = client.bundle(answer)
    made = verify_bundle(json.dumps(bundle).encode(), json.dumps(town.policy).encode())
    assert made.is_valid
    assert made.answer["outcome"] == "refused"


def test_a_replayed_request_gets_the_same_answer_and_no_second_release(town: Town) -> None:
    with town.at("svc:low-income-aid") as client:
        case = _case(client, town, "F-4")
        request = _signed(client, case, str(case.pairwise_of("applicant")))
        first, again = client.send(request), client.send(request)
        assert (again.jws, again.exchange) == (first.jws, first.exchange)


def test_another_request_under_the_same_id_is_refused(town: Town) -> None:
    with town.at("svc:low-income-aid") as client:
        case = _case(client, town, "F-5")
        pairwise = str(case.pairwise_of("applicant"))
        client.send(_signed(client, case, pairwise, jti="one-and-the-same"))
        with pytest.raises(Conflict):
            client.send(_signed(client, case, pairwise, jti="one-and-the-same", officer="officer-08"))


def _signed(client: ApprovalClient, case: Case, pairwise: str, **changed: object) -> str:
    claims = client.identity.claims() | {
        "subject": {"pairwise": pairwise},
        "matter": case.matter,
        "case": case.number,
        "basis": BASIS,
        "officer": OFFICER,
        "wanted": [RESIDENT],
    }
    return sign_jws(claims | changed, typ="evidence-request+jwt", signer=client.identity.signer)


def test_a_request_for_another_hub_expired_or_by_another_key_is_refused(town: Town) -> None:
    with town.at("svc:low-income-aid") as client:
        case = _case(client, town, "F-6")
        pairwise = str(case.pairwise_of("applicant"))
        for changed, code in (
            ({"aud": "hub:elsewhere"}, "proof.foreign-audience"),
            ({"iat": 1, "exp": 60}, "proof.expired"),
            ({"exp": client.identity.claims()["iat"] + 3600}, "proof.lifetime"),
        ):
            with pytest.raises(Refused) as refusal:
                client.send(_signed(client, case, pairwise, **changed))
            assert refusal.value.code == code
        with pytest.raises(Malformed) as forged:
            client.send(_signed(client, case, pairwise, iss="svc:funeral-subsidy"))
        assert forged.value.code == "proof.unknown-key"


def test_somebody_outside_the_case_cannot_be_asked_about(town: Town) -> None:
    husband = town.cast.husband
    subject = {"kind": "resident", "number": husband.number, "name": husband.name}
    with town.at("svc:low-income-aid") as client:
        case = _case(client, town, "F-7")
        answer = client.ask(case, subject, [RESIDENT], basis=BASIS, officer=OFFICER)
    assert (answer.outcome, answer.reason) == ("refused", "exchange.subject-not-in-case")


def test_two_departments_cannot_join_their_files_by_the_ids_they_are_given(town: Town) -> None:
    people = {"applicant": [resident(town.cast.applicant)], "deceased": [resident(town.cast.applicants_late_husband)]}
    with town.at("svc:low-income-aid") as client:
        one = _case(client, town, "F-8").pairwise_of("applicant")
    with town.at("svc:funeral-subsidy") as client:
        other = client.open_case("F-8", "funeral-subsidy", people).pairwise_of("applicant")
    assert one
    assert other
    assert one != other


def test_a_number_with_another_name_is_nobody(town: Town) -> None:
    wrong = Person("resident", town.cast.applicant.number, "欧阳不存在")
    with town.at("svc:low-income-aid") as client:
        case = client.open_case("F-9", "low-income-aid", {"applicant": [wrong]})
    assert case.participants[0]["outcome"] == "unknown"
    assert case.pairwise_of("applicant") is None


def test_a_paper_that_is_not_what_the_evidence_says_is_refused(town: Town) -> None:
    applicant = resident(town.cast.applicant)
    said = paper("income-proof", "收入证明", date(2026, 11, 1))
    with town.at("svc:low-income-aid") as client:
        case = _case(client, town, "F-10")
        pretending = replace(said, content=b"MZ not a document")
        with pytest.raises((Malformed, Refused)):
            client.bring(case, "income-proof", pretending, applicant)


def test_the_subject_sees_who_asked_and_what_was_refused(town: Town) -> None:
    person = town.cast.association_representative
    wanted = {"applicant": [resident(person)]}
    with town.at("svc:low-income-aid") as client:
        case = client.open_case("F-11", "low-income-aid", wanted)
        _ask(client, case, RESIDENT)
        _ask(client, case, MARRIAGE)
    portal = Identity("portal:county-services", town.stage.cabinet.signer_of("portal:county-services"), HUB_ID)
    with Channel(town.stage.url, portal) as channel:
        shown = channel.call("POST", "/v1/subjects/accesses", json={"person": resident(person).wire()})
    lines = [line["told"] for chain in shown.json()["chains"] for line in chain["lines"]]
    mine = [line for line in lines if line.get("case") == "F-11"]
    assert [line["outcome"] for line in mine] == ["released", "refused"]
    checked = verify_view([shown.content], town.policy)
    assert checked.is_valid, checked.steps


def test_a_department_reads_its_own_quarantine_and_no_other(town: Town) -> None:
    land = Identity("dept:land", town.stage.cabinet.signer_of("dept:land"), HUB_ID)
    with Channel(town.stage.url, land) as channel:
        items = channel.call("GET", "/v1/registries/land/quarantine").json()
        assert len(items) == town.reports["land"].total("quarantined")
        with pytest.raises(Refused):
            channel.call("GET", "/v1/registries/funeral/quarantine")


def test_the_whole_log_re_derives_from_database_and_over_http(town: Town) -> None:
    hub = town.stage.hub
    policy = LogPolicy((NoteVerifier.from_vkey(hub.log_vkey),))
    auditor = Identity("aud:county-audit", town.stage.cabinet.signer_of("aud:county-audit"), HUB_ID)
    with Channel(town.stage.url, auditor) as channel, httpx.Client() as http:
        reader = HttpReader(f"{town.stage.url}/log", token=channel.access_token(), client=http)
        over_http = verify_log(reader, policy)
    in_database = verify_log(DatabaseReader(hub.database, hub.log_origin), policy)
    assert over_http.is_sound, over_http.lines()
    assert in_database.is_sound, in_database.lines()
    assert in_database.size >= over_http.size > 20


def test_nothing_that_was_logged_or_answered_in_an_address_names_a_person(town: Town) -> None:
    hub = town.stage.hub
    reader = DatabaseReader(hub.database, hub.log_origin)
    everything = b"".join(bundle.content for bundle in reader.bundles(10_000))
    for person in (town.cast.applicant, town.cast.husband, town.cast.association_representative):
        assert person.number.encode() not in everything
        assert person.name.encode() not in everything
    assert not any(street.encode() in everything for street in STREETS)
