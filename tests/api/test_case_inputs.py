"""Cases over HTTP with input nobody wishes for: each gets a clear answer, and nothing is lost, doubled or mixed up."""

import json
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from adapters.agent.push import push
from hub.client.approval import ApprovalClient
from hub.client.approval import Case as KnownCase
from hub.demo.parties import trust_policy
from hub.errors import Conflict, Malformed, Missing, Refused
from hub.exchange.trust import parse_trust_policy
from hub.kernel.clock import FixedClock, SystemClock, local_date
from tests.support.databases import Databases
from tests.support.office import (
    AID,
    ANNA,
    AUTHORITY,
    BERT,
    ESTATE,
    FUNERAL,
    LAND,
    PDF,
    ROSTER,
    STRANGER,
    Office,
    office,
    opened_office,
    push_roster,
)

__all__ = ["office"]
RESIDENT = "urn:hub:evidence:resident:1"
MIB = 1024 * 1024
OF_BERT = {"name": BERT["name"], "number": BERT["number"], "document_kind": "111"}


def item(checklist: dict[str, Any], material: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in checklist["items"] if each["material"] == material)
    return found


def rows(office: Office, statement: str) -> int:
    with office.up.hub.database.reading() as session:
        return int(session.execute(text(statement)).scalar_one())


@pytest.fixture
def own_office(databases: Databases, tmp_path: Path) -> Iterator[Office]:
    """An office of one test, whose registries the test changes."""
    with opened_office(databases, tmp_path) as made:
        yield made


def bury(office: Office, place: Path, died_on: str) -> None:
    """The funeral registry pushes the police list with 张三 in it."""
    file = place / "cancelled.csv"
    head = "xm,xb,yhzgx,swrq,gmsfhm,pcs,jcwh,swzmbh,swzxlb,cxbz,hzxm"
    file.write_text(f"{head}\n张三,2,户主,{died_on},{ANNA['number']},某所,某村,SW1,医学,0,\n", encoding="utf-8-sig")
    signer = office.up.cabinet.signer_of("dept:funeral")
    push("funeral", file, hub_url=office.up.url, signer=signer, record_key=bytes(32))


def test_an_applicant_who_died_yesterday_is_told_of_and_the_case_goes_on(own_office: Office, tmp_path: Path) -> None:
    before = own_office.open()
    assert before["checklist"]["notices"] == []
    bury(own_office, tmp_path, str(local_date(SystemClock().now()) - timedelta(days=1)))
    now = own_office.read(AID, f"/v1/cases/{before['case']['id']}/checklist")
    assert [notice["code"] for notice in now["notices"]] == ["applicant-recorded-dead"]
    assert "异议" in now["notices"][0]["zh"]
    assert own_office.open()["case"]["state"] == "open"


def test_a_subject_under_review_is_said_to_be_and_nothing_of_either_is_used(own_office: Office, tmp_path: Path) -> None:
    twin = f"张三,女,汉,1949-12-31,身份证,{ANNA['number']},别处 9 号,2026-01-02\n"
    push_roster(own_office.up, tmp_path, ROSTER + twin)
    opened = own_office.open()
    (applicant,) = opened["case"]["participants"]
    assert (applicant["outcome"], applicant["pairwise"]) == ("under_review", None)
    identity = item(opened["checklist"], "household-identity")
    assert (identity["state"], identity["lacking"][0]["code"]) == ("to_bring", "identity-under-review")
    assert opened["checklist"]["wanted"] == []


def test_one_number_opens_one_case_and_is_refused_for_anything_else(office: Office) -> None:
    channel = office.at(AID)
    wanted = {"number": "T-twice", "matter": "low-income-aid", "people": {"applicant": [ANNA]}}
    first, again = (channel.call("POST", "/v1/cases", json=wanted) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["case"]["id"] == first.json()["case"]["id"]
    assert again.json()["query_code"] == first.json()["query_code"]
    for changed in ({"people": {"applicant": [BERT]}}, {"people": {"applicant": [STRANGER]}}):
        with pytest.raises(Conflict) as refused:
            channel.call("POST", "/v1/cases", json=wanted | changed)
        assert refused.value.code == "cases.number-in-use"


def test_two_that_open_one_number_at_once_get_one_case(office: Office) -> None:
    from concurrent.futures import ThreadPoolExecutor

    wanted = {"number": "T-race", "matter": "low-income-aid", "people": {"applicant": [ANNA]}}
    with ThreadPoolExecutor(8) as several:
        answers = list(several.map(lambda _: office.at(AID).call("POST", "/v1/cases", json=wanted), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["case"]["id"] for answer in answers}) == 1


def test_evidence_withdrawn_between_checklist_and_request_is_not_released(own_office: Office, tmp_path: Path) -> None:
    opened = own_office.open()
    assert item(opened["checklist"], "household-identity")["state"] == "held"
    push_roster(own_office.up, tmp_path, "\n".join(ROSTER.splitlines()[:1] + ROSTER.splitlines()[2:]) + "\n")
    up, case = own_office.up, opened["case"]
    policy = parse_trust_policy(dict(trust_policy(up.hub, up.cabinet)))
    client = ApprovalClient(up.url, up.identity_of(AID), policy.key_for)
    known = KnownCase(case["id"], case["number"], case["matter"], case["participants"], case)
    wanted = [{"type": RESIDENT, "claims": ["name", "number"]}]
    subject = {"pairwise": str(known.pairwise_of("applicant"))}
    answer = client.ask(known, subject, wanted, basis="社会救助暂行办法", officer="o-1")
    client.close()
    assert answer.outcome == "refused"
    now = own_office.read(AID, f"/v1/cases/{case['id']}/checklist")
    assert item(now, "household-identity")["state"] == "to_bring"


def test_a_deadline_across_the_spring_festival_and_a_make_up_saturday(databases: Databases, tmp_path: Path) -> None:
    """From 11 February 2026 fifteen working days: 14 and 28 February are Saturdays that count, 15 to 23 do not."""
    clock = FixedClock(datetime(2026, 2, 11, 2, tzinfo=UTC))
    with opened_office(databases, tmp_path, clock) as made:
        opened = made.open()["case"]
        assert (opened["due_on"], opened["due_problem"]) == ("2026-03-10", "")
        clock.advance(days=330)
        made.hang_up()
        later = made.open()["case"]
        assert (later["opened_on"], later["due_on"], later["due_problem"]) == ("2027-01-07", None, "no-calendar")
        assert made.post(AID, f"/v1/cases/{later['id']}/decision", {"action": "accept"})["state"] == "accepted"
        report = made.read(AUTHORITY, "/v1/supervision", first="2026-02-01", last="2027-01-07")
        lights = {each["subject"]: each["light"] for each in report["lights"]}
        assert (lights[opened["id"]], lights[later["id"]]) == ("red", "unknown")


def refused_upload(office: Office, **said: Any) -> str:
    case = office.open()["case"]["id"]
    before = rows(office, "SELECT count(*) FROM brought_file")
    with pytest.raises((Malformed, Refused)) as refused:
        office.bring(case, "income-proof", said.pop("kind", "income-proof"), **said)
    assert rows(office, "SELECT count(*) FROM brought_file") == before
    return refused.value.code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"filename": "paper.docx"}, "cases.not-what-it-says"),
        ({"media_type": "image/png"}, "cases.not-what-it-says"),
        ({"content": b"MZ\x90\x00 a program", "filename": "paper.pdf"}, "cases.type-not-taken"),
        ({"content": b""}, "cases.empty-file"),
        ({"content": PDF + b"/JavaScript (app.alert(1))"}, "cases.harmful-file"),
        ({"size": 5}, "cases.not-this-file"),
        ({"content_digest": "0" * 64}, "cases.not-this-file"),
        ({"kind": "household-book"}, "cases.wrong-kind"),
        ({"kind": "moonlight"}, "cases.wrong-kind"),
        ({"issued_on": "2019-01-01"}, "cases.paper-expired"),
        ({"issued_on": "2999-01-01"}, "cases.issued-in-future"),
        ({"subject": OF_BERT}, "cases.about-somebody-else"),
    ],
)
def test_an_upload_that_is_not_what_it_says_keeps_nothing(office: Office, said: dict, code: str) -> None:
    assert refused_upload(office, **said) == code


def calling(office: Office, **headers: str) -> HTTPConnection:
    """A connection on which an upload has begun: everything before its body is sent."""
    case = office.open()["case"]["id"]
    made = HTTPConnection(office.up.url.removeprefix("http://"), timeout=30)
    made.putrequest("POST", f"/v1/cases/{case}/materials")
    made.putheader("authorization", f"Bearer {office.at(AID).access_token()}")
    made.putheader("content-type", "multipart/form-data; boundary=x")
    for name, value in headers.items():
        made.putheader(name, value)
    made.endheaders()
    return made


def test_an_announced_upload_of_two_gigabytes_is_refused_before_it_is_sent(office: Office) -> None:
    with closing(calling(office, **{"content-length": str(2048 * MIB), "expect": "100-continue"})) as made:
        answer = made.getresponse()
        assert (answer.status, json.loads(answer.read())["code"]) == (413, "api.body-too-large")


@pytest.mark.parametrize("begins", [b"", b'--x\r\nContent-Disposition: form-data; name="file"; filename="p"\r\n\r\n'])
def test_an_upload_that_does_not_say_how_large_it_is_is_cut_off_early(office: Office, begins: bytes) -> None:
    sent = 0
    with closing(calling(office, **{"transfer-encoding": "chunked"})) as made, suppress(OSError):
        while sent < 2048 * MIB:
            chunk = begins + bytes(MIB) if sent == 0 else bytes(MIB)
            made.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            sent += MIB
    assert sent <= 64 * MIB


def test_the_same_file_of_two_applicants_is_stored_once_and_is_evidence_of_each(office: Office) -> None:
    content = PDF + b"% the same\n"
    files, papers = (rows(office, f"SELECT count(*) FROM {table}") for table in ("brought_file", "brought_material"))
    for who in (ANNA, BERT):
        case = office.open(people={"applicant": [who]})["case"]["id"]
        subject = {"name": who["name"], "number": who["number"], "document_kind": "111"}
        brought = office.bring(case, "income-proof", "income-proof", content=content, subject=subject)
        assert item(brought, "income-proof")["state"] == "delivered"
        (paper,) = [each for each in office.read(AID, f"/v1/cases/{case}/papers") if each["kind"] == "income-proof"]
        assert paper["taken_in_by"] == AID
    assert rows(office, "SELECT count(*) FROM brought_file") == files + 1
    assert rows(office, "SELECT count(*) FROM brought_material") == papers + 2


def test_a_paper_taken_back_by_its_subject_serves_no_later_case(own_office: Office) -> None:
    case = own_office.open()["case"]["id"]
    own_office.bring(case, "income-proof", "income-proof")
    assert item(own_office.open()["checklist"], "income-proof")["state"] == "brought_earlier"
    (paper,) = own_office.read(AID, f"/v1/cases/{case}/papers")
    path = f"/v1/cases/{case}/papers/{paper['id']}/withdrawal"
    own_office.post(AID, path)
    assert own_office.read(AID, f"/v1/cases/{case}/papers") == []
    later = own_office.open()
    assert item(later["checklist"], "income-proof")["state"] == "to_bring"
    with pytest.raises(Missing):
        own_office.post(AID, path)
    with pytest.raises(Missing):
        own_office.at(AID).call("GET", f"/v1/cases/{later['case']['id']}/materials/income-proof/paper")


def test_a_paper_of_an_unrelated_purpose_is_neither_shown_nor_taken_back_by_another_window(own_office: Office) -> None:
    case = own_office.open(answers={"condition:renting": "yes"})["case"]["id"]
    own_office.bring(case, "income-proof", "income-proof")
    (paper,) = own_office.read(AID, f"/v1/cases/{case}/papers")
    other = own_office.open("real-estate-inheritance", ESTATE)["case"]["id"]
    assert own_office.read(ESTATE, f"/v1/cases/{other}/papers") == []
    with pytest.raises(Missing):
        own_office.post(ESTATE, f"/v1/cases/{other}/papers/{paper['id']}/withdrawal")


def test_by_the_query_code_the_applicant_sees_how_the_case_stands_and_nothing_else(office: Office) -> None:
    opened = office.open()
    office.post(AID, f"/v1/cases/{opened['case']['id']}/decision", {"action": "accept"})
    code = f" {opened['query_code'].upper()} "
    told = httpx.post(f"{office.up.url}/v1/case-status", json={"code": code}).json()
    assert (told["state"], [step["action"] for step in told["steps"]]) == ("accepted", ["opened", "accepted"])
    assert ANNA["name"] not in str(told)
    assert opened["case"]["number"] not in str(told)
    wrong = httpx.post(f"{office.up.url}/v1/case-status", json={"code": "0" * 16})
    assert (wrong.status_code, wrong.json()["code"]) == (404, "cases.unknown-code")


def test_cases_are_nobody_elses(office: Office) -> None:
    case = office.open()["case"]["id"]
    for path in ("", "/checklist", "/form", "/papers"):
        with pytest.raises(Missing):
            office.read(FUNERAL, f"/v1/cases/{case}{path}")
    with pytest.raises(Refused) as refused:
        office.open("low-income-aid", FUNERAL)
    assert refused.value.code == "cases.not-your-matter"
    with pytest.raises(Refused):
        office.read(AUTHORITY, f"/v1/cases/{case}")
    with pytest.raises(Missing):
        office.read(LAND, f"/v1/cases/{case}")


def test_a_checklist_is_told_alike_on_the_short_way_and_on_the_long_one(office: Office, monkeypatch: Any) -> None:
    """Also what is refused: to strangers, without a token, without the scope, of no case."""
    case = office.open()["case"]["id"]
    callers = [{"authorization": f"Bearer {office.at(party).access_token()}"} for party in (AID, FUNERAL, AUTHORITY)]
    paths = [f"/v1/cases/{each}/checklist" for each in (case, "case_" + "0" * 26, "case_short", f"{case}%0A")]

    def told() -> list[tuple[int, str, bytes]]:
        answers = [
            httpx.get(f"{office.up.url}{path}", headers=headers)
            for path in paths
            for headers in (*callers, {}, {"authorization": "Bearer nonsense"})
        ]
        return [(each.status_code, each.headers["content-type"], each.content) for each in answers]

    short = told()
    monkeypatch.setattr("hub.api.shortway._way_of", lambda _scope: None)
    assert told() == short
    assert {status for status, _, _ in short} >= {200, 401, 403, 404}


def test_who_promised_falsely_may_promise_no_more(own_office: Office) -> None:
    first, path = own_office.open()["case"]["id"], "commitments/other-property/found-false"
    with pytest.raises(Missing):
        own_office.post(AID, f"/v1/cases/{first}/{path}")
    promised = own_office.post(AID, f"/v1/cases/{first}/commitments", {"material": "other-property"})
    assert item(promised, "other-property")["state"] == "committed"
    own_office.post(AID, f"/v1/cases/{first}/decision", {"action": "reject", "reason": "promise-false"})
    own_office.post(AID, f"/v1/cases/{first}/{path}")
    again = item(own_office.open()["checklist"], "other-property")
    assert (again["state"], again["no_commitment"]["code"]) == ("to_bring", "commitment-broken")
    with pytest.raises(Missing):
        own_office.post(ESTATE, f"/v1/cases/{first}/{path}")
