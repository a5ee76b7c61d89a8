"""A case's way to its result: dates, states, licences, agents, promises, and what the applicant sees."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from hub.cases.model import CaseState, ItemState, PersonAsked, Suspension
from hub.cases.rules.licences import licence_id, require_licence_id
from hub.cases.rules.periods import due_for
from hub.cases.rules.supervision import Limit
from hub.cases.service import CaseService
from hub.cases.service.mandates import MandateIn
from hub.cases.service.supervising import Supervision
from hub.errors import Conflict, Malformed, Missing, Refused
from hub.evidence.model import Status
from hub.identity.model import GoldenValue
from hub.kernel.ids import new_id
from hub.kernel.workdays import WorkdayCalendar
from hub.proof.sdjwt import issue_sd_jwt
from tests.cases.conftest import NOW, County, person
from tests.cases.test_checklist import known_resident

AID = "svc:low-income-aid"
STANDARD = WorkdayCalendar.standard()
TYPE = "11100000000013338W012"


def licence(county: County, number: str = "L-1", **claims: object) -> str:
    form = {
        "licence_id": licence_id(TYPE, "11430000006122244L", "20260000403"),
        "title": "最低生活保障证",
        "matter": "low-income-aid",
        "case": number,
        "issued_on": "2026-11-20",
        "subject": {"name": "某", "number": "A"},
        **claims,
    }
    clear = {"iss": AID, "vct": "urn:hub:evidence:licence:1", "iat": county.instant, "jti": new_id("ev")}
    return issue_sd_jwt(clear, form, signer=county.signer(AID))


@pytest.fixture
def aid(county: County) -> County:
    county.hold("resident", "A", name="某", number="A")
    county.open(AID, "low-income-aid", "L-1")
    return county


def test_the_published_licence_ids_have_right_check_characters() -> None:
    require_licence_id("1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U")
    require_licence_id("1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9")
    for wrong in (
        "",
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.A",
        "1.2.3",
        "1.2.156.3005.2.x.y",
    ):
        with pytest.raises(Malformed):
            require_licence_id(wrong)


def test_a_deadline_across_the_spring_festival_and_a_make_up_saturday() -> None:
    assert due_for(date(2026, 2, 11), 3, (), STANDARD, date(2026, 2, 11)).on == date(2026, 2, 14)
    assert due_for(date(2026, 2, 13), 2, (), STANDARD, date(2026, 2, 13)).on == date(2026, 2, 24)


def test_a_year_without_calendar_has_no_due_date_and_says_so() -> None:
    due = due_for(date(2026, 12, 30), 15, (), STANDARD, date(2026, 12, 30))
    assert (due.on, due.problem) == (None, "no-calendar")


def test_suspended_days_do_not_count() -> None:
    opened, days = date(2026, 3, 2), 5
    assert due_for(opened, days, (), STANDARD, opened).on == date(2026, 3, 9)
    paused = (Suspension(date(2026, 3, 4), date(2026, 3, 5), "expert-opinion"),)
    assert due_for(opened, days, paused, STANDARD, opened).on == date(2026, 3, 11)
    twice = (*paused, Suspension(date(2026, 3, 5), date(2026, 3, 6), "publicity"))
    assert due_for(opened, days, twice, STANDARD, opened).on == date(2026, 3, 12)
    still = (Suspension(date(2026, 3, 4), None, "publicity"),)
    assert due_for(opened, days, still, STANDARD, date(2026, 3, 6)).on == date(2026, 3, 12)


def test_a_case_opened_before_a_year_without_calendar_goes_on(county: County) -> None:
    county.clock.advance(days=38)
    opened = county.open(AID, "low-income-aid", "L-1")
    assert opened.case.due.problem == "no-calendar"
    assert county.cases.deciding.accept(AID, "L-1").state.value == "accepted"


def test_a_case_is_accepted_suspended_resumed_and_approved(aid: County) -> None:
    deciding = aid.cases.deciding
    assert aid.cases.case(AID, "L-1").due.on == date(2026, 12, 11)
    deciding.accept(AID, "L-1")
    deciding.suspend(AID, "L-1", "publicity")
    with pytest.raises(Conflict):
        deciding.approve(AID, "L-1")
    aid.clock.advance(days=3)
    resumed = deciding.resume(AID, "L-1")
    assert resumed.due.on == date(2026, 12, 14)
    approved = deciding.approve(AID, "L-1")
    assert approved.filing_due_on == date(2026, 11, 26)
    assert deciding.file(AID, "L-1").filed_on == date(2026, 11, 23)
    for again in (deciding.accept, deciding.file, deciding.withdraw):
        with pytest.raises(Conflict):
            again(AID, "L-1")


def test_a_case_that_resumes_stands_as_it_stood_before(aid: County) -> None:
    deciding = aid.cases.deciding
    deciding.suspend(AID, "L-1", "expert-opinion")
    with pytest.raises(Conflict) as told:
        deciding.accept(AID, "L-1")
    assert "已中止" in told.value.zh
    assert deciding.resume(AID, "L-1").state is CaseState.open
    assert deciding.accept(AID, "L-1").state is CaseState.accepted
    deciding.suspend(AID, "L-1", "publicity")
    assert deciding.resume(AID, "L-1").state is CaseState.accepted


def test_reasons_are_codes_not_free_text(aid: County) -> None:
    with pytest.raises(Malformed):
        aid.cases.deciding.reject(AID, "L-1", "张三收入过高")
    assert aid.cases.deciding.reject(AID, "L-1", "income-above-line").decided_on == date(2026, 11, 20)


def test_an_approval_result_is_evidence_for_other_matters(aid: County) -> None:
    token = licence(aid)
    approved = aid.cases.deciding.approve(AID, "L-1", token)
    assert approved.licence_id.startswith("1.2.156.3005.2.")
    with aid.database.reading() as session:
        (held,) = aid.around.evidence(session).of_subjects([aid.subject("A")], ["licence"])
        assert aid.around.evidence(session).open(held).claims["matter"] == "low-income-aid"


def test_a_licence_counts_until_its_last_day_is_over_in_the_county(aid: County) -> None:
    aid.cases.deciding.approve(AID, "L-1", licence(aid, valid_until="2026-11-30"))
    with aid.database.reading() as session:
        (held,) = aid.around.evidence(session).of_subjects([aid.subject("A")], ["licence"])
    assert held.is_valid_at(datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC))
    assert not held.is_valid_at(datetime(2026, 11, 30, 16, tzinfo=UTC))


def test_a_licence_without_end_may_name_the_last_day_there_is(aid: County) -> None:
    assert aid.cases.deciding.approve(AID, "L-1", licence(aid, valid_until="9999-12-31")).licence_id


@pytest.mark.parametrize(
    "wrong",
    [
        {"case": "L-2"},
        {"matter": "funeral-subsidy"},
        {"licence_id": "1.2.156.3005.2.x"},
        {"licence_id": licence_id("1" * 21, "11430000006122244L", "20260000403")},
        {"title": 5},
        {"subject": {"name": "乙", "number": "B"}},
        {"issued_on": "2026-11-21"},
        {"valid_until": "2026-11-19"},
    ],
    ids=str,
)
def test_a_licence_for_another_case_or_with_a_wrong_id_decides_nothing(aid: County, wrong: dict) -> None:
    aid.subject("B")
    with pytest.raises((Malformed, Refused)):
        aid.cases.deciding.approve(AID, "L-1", licence(aid, **wrong))
    assert aid.cases.case(AID, "L-1").state.value == "open"


def test_no_two_approvals_give_one_licence(aid: County) -> None:
    aid.cases.deciding.approve(AID, "L-1", licence(aid))
    aid.open(AID, "low-income-aid", "L-2")
    with pytest.raises(Conflict) as refused:
        aid.cases.deciding.approve(AID, "L-2", licence(aid, "L-2"))
    assert refused.value.code == "cases.licence-in-use"
    reissued = licence_id(TYPE, "11430000006122244L", "20260000403", version=2)
    assert aid.cases.deciding.approve(AID, "L-2", licence(aid, "L-2", licence_id=reissued)).licence_id == reissued


def test_of_approvals_at_once_one_gives_the_licence(aid: County) -> None:
    cases = [f"L-{number}" for number in range(10, 16)]
    for number in cases:
        aid.open(AID, "low-income-aid", number)
    tokens = [licence(aid, number) for number in cases]

    def approved(number: str, token: str) -> bool:
        try:
            aid.cases.deciding.approve(AID, number, token)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(len(cases)) as at_once:
        assert sum(at_once.map(approved, cases, tokens)) == 1


def test_a_licence_is_the_applicants_who_was_found_after_the_case_was_opened(county: County) -> None:
    county.open(AID, "low-income-aid", "L-1")
    subject = county.subject("A")
    county.cases.deciding.approve(AID, "L-1", licence(county))
    with county.database.reading() as session:
        assert len(county.around.evidence(session).of_subjects([subject], ["licence"])) == 1


def test_the_applicant_sees_by_code_how_the_case_stands(county: County) -> None:
    county.subject("A")
    opened = county.open(AID, "low-income-aid", "L-1")
    county.cases.deciding.accept(AID, "L-1")
    copied = opened.query_code.upper().replace("0", "O").replace("1", "l")
    case, outcome = county.cases.status_by_code(f" {copied[:4]}-{copied[4:8]} {copied[8:]} ")
    assert case.number == "L-1"
    assert [action for _, action in outcome.steps] == ["opened", "accepted"]
    with pytest.raises(Missing):
        county.cases.status_by_code("0" * 16)


def mandate(county: County, **changed: object) -> str:
    given = {
        "subject": PersonAsked(number="A"),
        "agent": PersonAsked(number="G"),
        "matters": ("low-income-aid",),
        "valid_from": date(2026, 11, 1),
        "valid_until": date(2026, 11, 30),
        **changed,
    }
    return county.cases.mandates.record(AID, MandateIn(**given))


def test_an_agent_acts_within_the_mandate_only(county: County) -> None:
    for number in ("A", "B", "G"):
        county.subject(number)
    mandate_id = mandate(county)
    assert county.open(AID, "low-income-aid", "L-1", mandate_id=mandate_id).case.mandate_id == mandate_id
    with pytest.raises(Refused):
        county.open(AID, "low-income-aid", "L-2", mandate_id=mandate_id, people=(person("applicant", "B"),))
    with pytest.raises(Refused):
        county.open("svc:funeral-subsidy", "funeral-subsidy", "F-1", ("deceased", "B"), mandate_id=mandate_id)
    county.clock.advance(days=11)
    with pytest.raises(Refused):
        county.open(AID, "low-income-aid", "L-3", mandate_id=mandate_id)


def test_a_mandate_that_was_ended_covers_nothing(county: County) -> None:
    for number in ("A", "G"):
        county.subject(number)
    mandate_id = mandate(county)
    with pytest.raises(Missing):
        county.cases.mandates.end("svc:funeral-subsidy", mandate_id)
    county.cases.mandates.end(AID, mandate_id)
    with pytest.raises(Refused):
        county.open(AID, "low-income-aid", "L-1", mandate_id=mandate_id)
    with pytest.raises(Missing):
        county.cases.mandates.end(AID, mandate_id)
    with pytest.raises(Malformed):
        mandate(county, matters=())
    with pytest.raises(Missing):
        mandate(county, agent=PersonAsked(number="unknown"))
    with pytest.raises(Missing):
        mandate(county, matters=("low-income-aid", "flying-permit"))
    with pytest.raises(Malformed):
        mandate(county, agent=PersonAsked(number="A"))


@pytest.mark.parametrize(
    ("field", "value", "first_day_of_age"),
    [
        ("birth_date", "2008-11-27", date(2026, 11, 27)),
        ("number", "44052420081127001X", date(2026, 11, 27)),
        ("birth_date", "2008-02-29", date(2026, 3, 1)),
        ("birth_date", "unknown", date(2008, 1, 1)),
    ],
)
def test_who_acts_for_others_is_eighteen(county: County, field: str, value: str, first_day_of_age: date) -> None:
    for number in ("A", "G"):
        county.subject(number)
    known = county.index.known
    known[county.subject("G")] = [GoldenValue(field, value, "civil_affairs", "residents", NOW)]
    if first_day_of_age > NOW.date():
        with pytest.raises(Refused) as refused:
            mandate(county, valid_from=date(2026, 11, 20))
        assert refused.value.code == "cases.agent-is-a-minor"
    mandate_id = mandate(county, valid_from=max(first_day_of_age, NOW.date()))
    county.index.known[county.subject("G")] = [
        GoldenValue("birth_date", "2012-01-01", "civil_affairs", "residents", NOW)
    ]
    county.clock.advance(days=8)
    with pytest.raises(Refused) as refused:  # what was recorded before the age was known covers nothing either
        county.open(AID, "low-income-aid", "L-1", mandate_id=mandate_id)
    assert refused.value.code == "cases.agent-is-a-minor"


def test_a_promise_found_false_excludes_further_promises(aid: County) -> None:
    assert aid.cases.checklist(AID, "L-1").item_for("other-property").state is ItemState.commitment
    for _ in range(2):  # the same promise again is the same
        promised = aid.cases.commit_to(AID, "L-1", "other-property").item_for("other-property")
        assert (promised.state, promised.is_asked, "2026-11-20" in promised.reason.zh) == (
            ItemState.committed,
            False,
            True,
        )
    for material, state in (("income-proof", "to_bring"), ("household-identity", "held")):
        with pytest.raises(Refused) as refused:
            aid.cases.commit_to(AID, "L-1", material)
        assert refused.value.facts["state"] == state
    with pytest.raises(Missing):
        aid.cases.commit_to(AID, "L-1", "no-such-thing")
    aid.cases.find_false(AID, "L-1", "other-property")
    with pytest.raises(Missing):
        aid.cases.find_false(AID, "L-1", "income-proof")
    item = aid.open(AID, "low-income-aid", "L-2").checklist.item_for("other-property")
    assert item.state is ItemState.to_bring
    assert "promise" in item.reason.en
    assert item.no_commitment.code == "commitment-broken"
    again = aid.cases.checklist(AID, "L-1").item_for("other-property")
    assert again.state is ItemState.to_bring, "what was found false is no promise any more"


def test_where_no_promise_is_possible_the_checklist_says_why(aid: County) -> None:
    aid.open("svc:real-estate-window", "real-estate-inheritance", "R-1", sub_item="by-law")
    for consumer, number, code in (
        (AID, "L-1", "commitment-not-offered"),
        ("svc:real-estate-window", "R-1", "commitment-high-risk"),
    ):
        items = aid.cases.checklist(consumer, number).items
        asked = [item for item in items if item.state in {ItemState.to_bring, ItemState.gap, ItemState.cannot}]
        assert {item.no_commitment.code for item in asked} == {code}
        assert all(item.no_commitment is None for item in items if item not in asked)


def test_a_gap_is_accepted_until_a_date(county: County) -> None:
    county.subject("A")
    checklist = county.open("svc:association-registration", "association-registration", "A-1").checklist
    item = checklist.item_for("staff-contracts")
    assert item.state is ItemState.gap
    assert item.gap_until == date(2026, 12, 18)
    assert "2026-12-18" in item.reason.zh


def test_known_values_fill_the_form_with_their_source_where_a_grant_names_them(aid: County) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    aid.index.known[aid.subject("A")] = [
        GoldenValue("name", "某", "civil_affairs", "residents", now),
        GoldenValue("phone", "1", "civil_affairs", "residents", now),
    ]
    filled = {each.field_id: (each.value, each.registry) for each in aid.cases.prefill(AID, "L-1")}
    assert filled == {"applicant-name": ("某", "civil_affairs")}


def test_a_filing_that_no_calendar_dates_is_watched_and_dated_by_one_that_is_loaded_later(aid: County) -> None:
    aid.clock.advance(days=40)
    assert aid.cases.deciding.approve(AID, "L-1").filing_due_on is None
    next_year = date(2027, 1, 10), date(2027, 1, 20)

    def light_of(supervision: Supervision) -> tuple[str, date | None]:
        (found,) = [each for each in supervision.report(*next_year).lights if each.timer.limit is Limit.filing]
        return found.light.value, found.timer.due_on

    assert light_of(aid.cases.supervision) == ("unknown", None)
    aid.clock.advance(days=15)
    calendar = WorkdayCalendar.standard().with_more(WorkdayCalendar.parse("2027-01-01 holiday"))
    around = replace(aid.around, calendar=calendar)
    assert light_of(Supervision(around)) == ("red", date(2027, 1, 5))
    assert CaseService(around).case(AID, "L-1").filing_due_on == date(2027, 1, 5)
    aid.cases.deciding.file(AID, "L-1")
    assert [each for each in Supervision(around).report(*next_year).lights if each.timer.limit is Limit.filing] == []


@pytest.mark.parametrize("dead", ["A", "G"])
def test_a_mandate_ends_with_the_life_of_who_gave_it_or_holds_it(county: County, dead: str) -> None:
    known_resident(county)
    known_resident(county, "G")
    mandate_id = mandate(county)
    county.open(AID, "low-income-aid", "L-1", mandate_id=mandate_id)
    death = county.hold("household-cancellation", dead, is_reversed=False, died_on="2026-11-19")
    for deed in (
        lambda: mandate(county),
        lambda: county.cases.answer(AID, "L-1", [("condition:renting", "no")]),
        lambda: county.open(AID, "low-income-aid", "L-2", mandate_id=mandate_id),
    ):
        with pytest.raises(Refused) as refused:
            deed()
        assert refused.value.code == "cases.mandate-ended-by-death"
    with county.database.writing() as session:
        county.around.evidence(session).end([death], Status.withdrawn, "reversed", county.clock.now())
    county.cases.answer(AID, "L-1", [("condition:renting", "no")])


def test_a_mandate_whose_last_day_is_over_is_not_recorded(county: County) -> None:
    known_resident(county)
    known_resident(county, "G")
    today = NOW.date()
    with pytest.raises(Refused, match="over"):
        mandate(county, valid_from=today - timedelta(days=9), valid_until=today - timedelta(days=1))
    assert mandate(county, valid_until=today)
