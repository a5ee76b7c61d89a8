"""What need not be brought, matter by matter, from evidence that is really held."""

import dataclasses
from datetime import date, timedelta

import pytest
from sqlalchemy import event, text

from hub.cases.model import Checklist, ItemState
from hub.cases.rules.reasons import because, reason
from hub.cases.service import Opening
from hub.cases.service.mandates import MandateIn
from hub.errors import Conflict, Malformed, Missing, Refused
from tests.cases.conftest import KNOWN_PARTIES, MARKET, NOW, SEVERAL, TAX, UNDER_REVIEW, County, person

AID = "svc:low-income-aid"
ASSOCIATION = "svc:association-registration"
REISSUE = "svc:marriage-registration"


def states(checklist: Checklist) -> dict[str, str]:
    return {item.material_id: item.state.value for item in checklist.items}


def known_resident(county: County, number: str = "A") -> None:
    county.hold("resident", number, name="某", number=number)


def founders(county: County) -> list[tuple[str, str]]:
    """Eight founding units and thirty members the registry knows, and the people."""
    units = [f"U{index}" for index in range(30)]
    for unit in units:
        county.hold("social-organisation", unit, name=unit, registered_status="active")
    for number in ("A", "F", "C", "L", "O"):
        known_resident(county, number)
    county.hold("real-estate-right", {"holder": "O"}, unit="1", registered_status="current", right_kind="4")
    return [
        *(("founding_unit", unit) for unit in units[:8]),
        *(("member_unit", unit) for unit in units),
        ("founding_person", "F"),
        ("person_in_charge", "C"),
        ("legal_representative", "L"),
        ("office_owner", "O"),
    ]


def test_an_industry_association_brings_at_most_ten_of_24_where_registries_know_the_founders(county: County) -> None:
    opened = county.open(ASSOCIATION, "association-registration", "2026-1", *founders(county), sub_item="direct")
    checklist = opened.checklist
    assert len(checklist.items) == 24
    assert len(checklist.asked) <= 10, [item.material_id for item in checklist.asked]
    assert checklist.questions == ()
    found = states(checklist)
    assert found["founding-units-licences"] == found["members-licences"] == found["office"] == "held"
    assert found["founding-persons-identity"] == found["persons-in-charge-identity"] == "held"
    assert found["civil-rights"] == "commitment"
    assert found["supervising-approval"] == "not_needed"


def test_low_income_aid_asks_for_at_most_three(county: County) -> None:
    for number in ("A", "B"):
        known_resident(county, number)
    checklist = county.open(AID, "low-income-aid", "L-1", ("household_member", "B")).checklist
    assert [item.material_id for item in checklist.asked] == ["application", "means-authority", "income-proof"]
    assert checklist.item_for("marital-status").state is ItemState.statement
    assert checklist.item_for("no-aid-elsewhere").state is ItemState.statement


def test_a_reason_is_given_in_both_languages_with_source_and_freshness(county: County) -> None:
    known_resident(county)
    item = county.open(AID, "low-income-aid", "L-1").checklist.item_for("household-identity")
    assert "you need not bring it" in item.reason.en
    assert "无需提交" in item.reason.zh
    assert item.sources[0].provider == "dept:civil-affairs"
    assert item.sources[0].as_of is not None
    assert item.wanted[0].type == "urn:hub:evidence:resident:1"
    assert "number" in item.wanted[0].claims


def test_one_request_asks_for_everything_once(county: County) -> None:
    known_resident(county)
    wanted = county.open(AID, "low-income-aid", "L-1").checklist.wanted
    assert len({(want.type, want.about, want.position) for want in wanted}) == len(wanted)


def test_nobody_knows_the_applicant_and_everything_is_asked(county: County) -> None:
    checklist = county.open(AID, "low-income-aid", "L-1").checklist
    assert checklist.item_for("household-identity").state is ItemState.to_bring
    assert [notice.code for notice in checklist.notices] == ["participant-unknown"]


def test_a_household_member_unknown_to_the_registries_makes_the_material_due(county: County) -> None:
    known_resident(county)
    item = county.open(AID, "low-income-aid", "L-1", ("household_member", "Z")).checklist.item_for("household-identity")
    assert item.state is ItemState.to_bring
    assert [each.code for each in item.lacking] == ["person-unknown"]


def test_a_subject_under_review_is_told_so(county: County) -> None:
    county.index.odd["A"] = UNDER_REVIEW
    item = county.open(AID, "low-income-aid", "L-1").checklist.item_for("household-identity")
    assert item.state is ItemState.to_bring
    assert item.lacking[0].code == "identity-under-review"


def test_an_open_identity_is_a_question_and_answers_itself_when_the_index_decides(county: County) -> None:
    county.index.odd["A"] = SEVERAL
    opened = county.open(AID, "low-income-aid", "L-1")
    assert opened.checklist.item_for("household-identity").state is ItemState.question
    del county.index.odd["A"]
    known_resident(county)
    assert county.cases.checklist(AID, "L-1").item_for("household-identity").state is ItemState.held


def test_an_applicant_who_died_yesterday(county: County) -> None:
    known_resident(county)
    county.hold("funeral", "A", issuer="dept:funeral", is_nameless=False, died_on="2026-11-19")
    checklist = county.open(AID, "low-income-aid", "L-1").checklist
    assert [notice.code for notice in checklist.notices] == ["applicant-recorded-dead"]


def test_a_reversed_cancellation_is_no_death(county: County) -> None:
    known_resident(county)
    county.hold("household-cancellation", "A", issuer="dept:funeral", is_reversed=True, died_on="2026-11-19")
    assert county.open(AID, "low-income-aid", "L-1").checklist.notices == ()


def test_a_dead_spouse_cannot_be_stated_alive(county: County) -> None:
    for number in ("A", "S"):
        known_resident(county, number)
    county.hold("marriage-event", {"man": "A", "woman": "S"}, event="marriage", event_on="2001-01-01")
    county.hold("funeral", "S", issuer="dept:funeral", is_nameless=False, died_on="2020-01-01")
    checklist = county.open(REISSUE, "marriage-certificate-reissue", "M-1", ("spouse", "S")).checklist
    assert checklist.item_for("status-unchanged").state is ItemState.cannot
    assert checklist.item_for("marriage-archive").state is ItemState.held


def test_a_spouse_known_only_as_dead_cannot_be_stated_alive_either(county: County) -> None:
    known_resident(county)
    county.hold("marriage-event", {"man": "A", "woman": "S"}, event="marriage", event_on="2001-01-01")
    county.hold("funeral", "S", issuer="dept:funeral", is_nameless=False, died_on="2020-01-01")
    checklist = county.open(REISSUE, "marriage-certificate-reissue", "M-1", ("spouse", "S")).checklist
    assert checklist.item_for("status-unchanged").state is ItemState.cannot


def test_which_of_these_two_marriages(county: County) -> None:
    for number in ("A", "S"):
        known_resident(county, number)
    first = county.hold("marriage-event", {"man": "A", "woman": "S"}, event="marriage", event_on="2001-01-01")
    county.hold("marriage-event", {"man": "A", "woman": "T"}, event="marriage", event_on="2011-01-01")
    checklist = county.open(REISSUE, "marriage-certificate-reissue", "M-1", ("spouse", "S")).checklist
    (question,) = checklist.questions
    assert first in {option.id for option in question.options}
    with pytest.raises(Malformed):
        county.cases.answer(REISSUE, "M-1", [(question.id, "ev_nothing")])
    with pytest.raises(Malformed):
        county.cases.answer(REISSUE, "M-1", [("condition:nothing", "yes")])
    answered = county.cases.answer(REISSUE, "M-1", [(question.id, first)])
    assert answered.item_for("status-unchanged").state is ItemState.statement
    assert answered.questions == ()


def test_conditions_decide_what_is_demanded(county: County) -> None:
    known_resident(county)
    county.open(AID, "low-income-aid", "L-1")
    assert county.cases.checklist(AID, "L-1").item_for("rent-contract").state is ItemState.not_needed
    asked = county.cases.answer(AID, "L-1", [("condition:renting", "yes")]).item_for("rent-contract")
    assert asked.state is ItemState.to_bring
    assert asked.questions[0].id == "people:landlord"


def test_an_open_condition_is_a_question(county: County) -> None:
    known_resident(county)
    known_resident(county, "D")
    county.hold("real-estate-right", {"holder": "D"}, unit="1", registered_status="current", right_kind="4")
    opened = county.open(
        "svc:real-estate-window", "real-estate-inheritance", "R-1", ("deceased", "D"), sub_item="by-law"
    )
    assert [each.id for each in opened.checklist.questions] == ["condition:renounced"]
    assert opened.checklist.item_for("certificate").state is ItemState.held


def test_land_that_was_transferred_or_is_only_mortgaged_does_not_count(county: County) -> None:
    known_resident(county, "D")
    county.hold("real-estate-right", {"holder": "D"}, unit="1", registered_status="history", right_kind="4")
    county.hold("real-estate-right", {"holder": "D"}, unit="2", registered_status="current", right_kind="23")
    item = county.open(
        "svc:real-estate-window", "real-estate-inheritance", "R-1", ("deceased", "D")
    ).checklist.item_for("certificate")
    assert item.state is ItemState.to_bring
    assert item.lacking[0].code == "checks-fail"


def test_without_a_grant_what_is_held_must_be_brought_and_that_is_found(county: County) -> None:
    known_resident(county)
    with county.database.writing() as session:
        session.connection().exec_driver_sql(
            "DELETE FROM sharing_grant WHERE evidence_type = 'urn:hub:evidence:resident:1'"
        )
    item = county.open(AID, "low-income-aid", "L-1").checklist.item_for("household-identity")
    assert item.state is ItemState.to_bring
    assert item.could_have
    assert item.lacking[0].code == "not-permitted"


def test_a_company_licence_is_obtainable_from_its_provider(county: County) -> None:
    county.subject("A")
    item = county.open("svc:entity-cancellation", "simple-cancellation", "S-1").checklist.item_for("licence")
    assert item.state is ItemState.obtainable
    assert MARKET.name in item.reason.en


def test_what_nobody_here_can_be_asked_for_is_to_be_brought(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue may name a department that has not joined, or that the authority has suspended."""
    county.subject("A")
    for number, party in enumerate((None, dataclasses.replace(TAX, is_active=False))):
        monkeypatch.setitem(KNOWN_PARTIES, TAX.id, party)
        made = county.open("svc:entity-cancellation", "simple-cancellation", f"S-{number}").checklist
        item = made.item_for("tax-clearance")
        assert (item.state, item.lacking[0].code) == (ItemState.to_bring, "provider-away")


def test_evidence_withdrawn_between_two_looks_is_asked_for_again(county: County) -> None:
    evidence_id = county.hold("resident", "A", name="某")
    county.open(AID, "low-income-aid", "L-1")
    with county.database.writing() as session:
        from hub.evidence.model import Status

        county.around.evidence(session).end([evidence_id], Status.withdrawn, "gone", county.clock.now())
    assert county.cases.checklist(AID, "L-1").item_for("household-identity").state is ItemState.to_bring


def test_a_case_opened_twice_with_one_number_is_the_same_case(county: County) -> None:
    known_resident(county)
    first = county.open(AID, "low-income-aid", "L-1")
    again = county.open(AID, "low-income-aid", "L-1")
    assert again.case.case_id == first.case.case_id
    assert again.query_code == first.query_code
    assert (first.is_new, again.is_new) == (True, False)
    assert sum(entry.claims.get("action") == "opened" for entry in county.entries) == 1


def test_a_case_opened_again_with_other_answers_is_told_so_and_keeps_its_own(county: County) -> None:
    known_resident(county)
    county.open(AID, "low-income-aid", "L-1", answers=(("condition:renting", "yes"),))
    assert not county.open(AID, "low-income-aid", "L-1").is_new
    for other in (("condition:renting", "no"), ("condition:heavy_expenses", "yes")):
        with pytest.raises(Conflict) as told:
            county.open(AID, "low-income-aid", "L-1", answers=(other,))
        assert told.value.code == "cases.answers-differ"
        assert other[0] in told.value.en
    assert county.cases.case(AID, "L-1").answers == {"condition:renting": "yes"}


def test_a_case_opened_again_with_somebody_else_is_another_case_though_neither_is_known(county: County) -> None:
    county.open(AID, "low-income-aid", "L-1")
    assert not county.open(AID, "low-income-aid", "L-1").is_new
    somebody = Opening(number="L-1", matter="low-income-aid", people=(person("applicant", "nobody-else"),))
    with pytest.raises(Conflict) as told:
        county.cases.open(AID, somebody)
    assert told.value.code == "cases.number-in-use"


def test_a_case_opened_again_under_another_mandate_is_told_so(county: County) -> None:
    county.subject("A")
    county.open(AID, "low-income-aid", "L-1")
    county.subject("B")
    today, people = county.around.today, (person("", "A").asked, person("", "B").asked)
    given = MandateIn(*people, ("low-income-aid",), today, today)
    mandate = county.cases.mandates.record(AID, given)
    with pytest.raises(Conflict) as told:
        county.open(AID, "low-income-aid", "L-1", mandate_id=mandate)
    assert told.value.code == "cases.mandate-differs"


def test_a_case_is_the_same_after_its_applicant_was_merged_into_another(county: County) -> None:
    known_resident(county)
    county.open(AID, "low-income-aid", "L-1")
    county.subject("B")
    county.merge("A", "B")
    assert not county.open(AID, "low-income-aid", "L-1").is_new


def test_a_number_in_use_for_another_matter_or_person_is_refused(county: County) -> None:
    known_resident(county)
    county.subject("B")
    county.open(AID, "low-income-aid", "L-1")
    from tests.cases.conftest import person

    with pytest.raises(Conflict):
        county.open(AID, "low-income-aid", "L-1", people=(person("applicant", "B"),))


def test_one_service_sees_no_case_of_another(county: County) -> None:
    county.open(AID, "low-income-aid", "L-1")
    with pytest.raises(Missing):
        county.cases.checklist(ASSOCIATION, "L-1")
    with pytest.raises(Refused):
        county.open(ASSOCIATION, "low-income-aid", "X-1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": ""},
        {"number": "x" * 65},
        {"number": "a\nb"},
        {"sub_item": "nothing"},
        {"answers": (("condition:renting", "maybe"),)},
        {"answers": (("condition:nothing", "yes"),)},
        {"people": ()},
    ],
)
def test_an_opening_that_says_too_little_or_nonsense_is_refused(county: County, wrong: dict) -> None:
    given = {"number": "L-1", "matter": "low-income-aid", "people": (person("applicant", "A"),), **wrong}
    with pytest.raises(Malformed):
        county.cases.open(AID, Opening(**given))


def test_roles_are_those_of_the_matter_and_not_overfull(county: County) -> None:
    with pytest.raises(Malformed, match="no role"):
        county.open(AID, "low-income-aid", "L-1", ("emperor", "B"))
    with pytest.raises(Malformed, match="At most"):
        county.open(AID, "low-income-aid", "L-1", ("deceased_spouse", "B"), ("deceased_spouse", "C"))


def test_people_may_be_named_later(county: County) -> None:
    from tests.cases.conftest import person

    known_resident(county)
    known_resident(county, "B")
    county.open(AID, "low-income-aid", "L-1", ("household_member", "B"))
    known_resident(county, "C")
    checklist = county.cases.add_people(AID, "L-1", [person("household_member", "C")])
    assert len(checklist.item_for("household-identity").sources) == 3


def test_the_applicant_may_be_given_by_the_consumers_own_id(county: County) -> None:
    from hub.cases.model import PersonAsked
    from hub.cases.service import PersonIn

    known_resident(county)
    pairwise = county.index.pairwise_id(county.subject("A"), AID)
    people = (PersonIn("applicant", PersonAsked(pairwise=pairwise)),)
    assert county.open(AID, "low-income-aid", "L-1", people=people).checklist.item_for("household-identity").is_spared


def statements_of(county: County, consumer: str, number: str) -> int:
    seen: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(county.database.engine, "before_cursor_execute", listen)
    county.cases.checklist(consumer, number)
    event.remove(county.database.engine, "before_cursor_execute", listen)
    return len(seen)


def test_a_checklist_costs_the_same_statements_whatever_the_number_of_materials(county: County) -> None:
    known_resident(county)
    county.open(AID, "low-income-aid", "L-1")
    county.open(ASSOCIATION, "association-registration", "A-1", *founders(county))
    first = statements_of(county, AID, "L-1")
    assert first == statements_of(county, ASSOCIATION, "A-1") <= 7
    assert statements_of(county, AID, "L-1") == 0, "beside the one that says that nothing changed"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE evidence SET status = 'withdrawn'",
        "DELETE FROM evidence_link",
        "UPDATE sharing_grant SET valid_until = '2026-01-01'",
        "DELETE FROM sharing_grant",
    ],
)
def test_a_checklist_made_before_is_never_given_once_something_changed(county: County, change: str) -> None:
    known_resident(county)
    county.open(AID, "low-income-aid", "L-1")
    assert county.cases.checklist(AID, "L-1").item_for("household-identity").is_spared
    with county.database.writing() as session:
        session.connection().exec_driver_sql(change)
    assert not county.cases.checklist(AID, "L-1").item_for("household-identity").is_spared


def test_the_reason_names_the_department_as_people_call_it(county: County) -> None:
    known_resident(county)
    county.hold("funeral", "A", issuer="dept:funeral")
    checklist = county.open(AID, "low-income-aid", "L-1").checklist
    reason = checklist.item_for("household-identity").reason
    assert reason.en.startswith("Civil Affairs Bureau holds it")
    assert reason.zh.startswith("民政局已有该信息")
    assert checklist.item_for("household-identity").sources[0].provider == "dept:civil-affairs", "programs get its id"


def test_many_checklists_are_found_to_stand_in_one_look(county: County) -> None:
    def shape(checklist: Checklist) -> str:
        return checklist.number

    known_resident(county)
    opened = [county.open(AID, "low-income-aid", f"L-{each}").case.case_id for each in range(3)]
    places = [*((AID, case_id) for case_id in opened), (ASSOCIATION, opened[0]), (AID, "case_of-nobody")]
    assert county.cases.checklists_remembered(places, shape) == [None] * 5, "nothing was made yet"
    made = [county.cases.checklist_as(AID, case_id, shape) for case_id in opened]
    assert county.cases.checklists_remembered(places, shape) == [*made, None, None], "another's case is not told"
    county.cases.answer(AID, "L-1", [("condition:renting", "yes")])
    assert county.cases.checklists_remembered(places, shape) == [made[0], None, made[2], None, None]
    county.hold("real-estate-right", {"holder": "A"}, unit="1")
    assert county.cases.checklists_remembered(places, shape) == [None] * 5


def test_a_case_keeps_the_catalogue_it_was_opened_under(county: County) -> None:
    known_resident(county)
    county.open(AID, "low-income-aid", "L-1", answers=(("condition:renting", "no"),))
    now = county.catalogue.require_edition_on(date(2026, 11, 20)).catalogue
    matter = now.matter_by_id["low-income-aid"]
    shorter = dataclasses.replace(matter, version="2026.2", materials=matter.materials[:3])
    changed = dataclasses.replace(now, matters=tuple(shorter if each is matter else each for each in now.matters))
    proposal = county.catalogue.propose(changed, effective_on=date(2026, 11, 20), by="hub:test")
    county.catalogue.publish(proposal.edition_id, by="hub:test")
    assert len(county.cases.checklist(AID, "L-1").items) == 16
    assert len(county.open(AID, "low-income-aid", "L-2").checklist.items) == 3
    gone = dataclasses.replace(now, events=(), matters=tuple(each for each in now.matters if each is not matter))
    proposal = county.catalogue.propose(gone, effective_on=date(2026, 11, 20), by="hub:test")
    county.catalogue.publish(proposal.edition_id, by="hub:test")
    again = county.open(AID, "low-income-aid", "L-1", answers=(("condition:renting", "no"),))
    assert (again.is_new, len(again.checklist.items)) == (False, 16)
    for number in ("L-1", "L-3"):
        with pytest.raises((Malformed, Missing)):
            county.open(AID, "low-income-aid", number, answers=(("condition:flying", "no"),))


def test_every_step_is_in_the_log_without_personal_data(county: County) -> None:
    known_resident(county)
    county.open(AID, "low-income-aid", "L-1")
    entry = county.entries[-1]
    assert (entry.kind, entry.claims["action"], entry.claims["consumer"]) == ("case", "opened", AID)
    assert b"L-1" not in entry.content()


def test_a_participant_whose_subject_was_merged_is_found_under_the_other(county: County) -> None:
    county.open(AID, "low-income-aid", "L-1", people=(person_known(county),))
    known_resident(county, "OTHER")
    county.merge("A", "OTHER")
    assert county.cases.checklist(AID, "L-1").item_for("household-identity").state is ItemState.held


def person_known(county: County):  # noqa: ANN201  # the conftest's own type
    from tests.cases.conftest import person

    county.subject("A")
    return person("applicant", "A")


def test_words_for_the_applicant_end_in_one_stop_and_name_no_code() -> None:
    why = [reason("not-held", role="Owner", role_zh="房主"), reason("never-brought"), reason("never-brought")]
    told = because("to-bring", why)
    assert told.zh == "请提交（登记库中没有房主的该信息；此前未提交过可复用的材料）。"
    assert told.en.startswith("Please bring it: no registry here holds it for Owner; nothing that may")
    for code in ("to-bring", "cannot"):
        assert because(code, []).en.endswith((" it.", "confirmed."))
        assert because(code, []).zh in {"请提交。", "无法确认。"}
    assert because("gap", [], on="2026-12-01").zh == "可容缺受理，请最迟于2026-12-01补交。"


def test_what_a_registry_issued_and_what_ended_since_is_told_with_its_day_and_where_to_renew_it(county: County) -> None:
    known_resident(county)
    ends = NOW - timedelta(days=2)
    with county.database.writing() as session:
        session.execute(text("UPDATE evidence SET valid_until = :ends"), {"ends": ends})
    item = county.open(AID, "low-income-aid", "L-1").checklist.item_for("household-identity")
    assert [each.code for each in item.lacking] == ["expired"]
    assert f"what Civil Affairs Bureau issued ended on {ends.date()}" in item.reason.en
    assert "民政局出具的凭证已于2026-11-18到期" in item.reason.zh


def test_the_newest_evidence_says_why_none_counts(county: County) -> None:
    known_resident(county, "D")
    county.hold("real-estate-right", {"holder": "D"}, unit="1", registered_status="history", right_kind="4")
    county.hold(
        "real-estate-right", {"holder": "D"}, unit="2", registered_status="current", as_of=NOW - timedelta(days=9)
    )
    with county.database.writing() as session:
        session.execute(
            text("UPDATE evidence SET valid_until = now() WHERE as_of < :then"), {"then": NOW - timedelta(days=8)}
        )
    opened = county.open("svc:real-estate-window", "real-estate-inheritance", "R-1", ("deceased", "D"))
    assert [each.code for each in opened.checklist.item_for("certificate").lacking] == ["checks-fail"]
