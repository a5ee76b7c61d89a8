"""Lights, liabilities and figures of electronic supervision 电子监察."""

import csv
import dataclasses
import io
import json
from datetime import date

import pytest

from hub.cases.pictures import figures_picture
from hub.cases.reports import TABLES, report_json, table_csv
from hub.cases.rules.supervision import (
    CaseFigures,
    Fault,
    Light,
    Limit,
    Lit,
    SupervisionReport,
    Timer,
    figures_of,
    lit,
)
from hub.cases.service.supervising import Supervision
from hub.errors import Refused
from hub.kernel.workdays import WorkdayCalendar
from hub.parties.model import Party, PartyKind
from hub.parties.store import PartyStore
from hub.sharing.model import Owing, Reply
from hub.sharing.service import OwedService, SharingService
from tests.cases.conftest import County

AID = "svc:low-income-aid"
STANDARD = WorkdayCalendar.standard()
PERIOD = (date(2026, 11, 1), date(2026, 12, 31))


def timer(due: date | None, done: date | None = None) -> Timer:
    return Timer(Limit.case, "case_1", AID, date(2026, 11, 2), due, done)


@pytest.mark.parametrize(
    ("due", "done", "light", "left"),
    [
        (date(2026, 11, 19), None, Light.red, -1),
        (date(2026, 11, 20), None, Light.yellow, 0),
        (date(2026, 11, 24), None, Light.yellow, 2),
        (date(2026, 11, 25), None, Light.green, 3),
        (date(2026, 11, 24), date(2026, 11, 24), Light.green, 0),
        (date(2026, 11, 17), date(2026, 11, 19), Light.red, -2),
        (None, None, Light.unknown, None),
    ],
)
def test_lights(due: date | None, done: date | None, light: Light, left: int | None) -> None:
    found = lit(timer(due, done), date(2026, 11, 20), STANDARD)
    assert (found.light, found.workdays_left) == (light, left)


def test_figures_by_matter_and_month() -> None:
    states = ("held", "statement", "to_bring", "not_needed", "to_sign", "form")
    cases = [
        CaseFigures("a", date(2026, 11, 2), date(2026, 11, 6), states, 4),
        CaseFigures("a", date(2026, 11, 2), None, ("held",), 4),
        CaseFigures("b", date(2026, 12, 1), date(2027, 1, 5), ("held",), 1),
    ]
    first, second = figures_of(cases, STANDARD)
    assert (first.cases, first.demanded, first.spared, first.asked, first.once_only_percent) == (2, 6, 3, 2, 50)
    assert (first.visits_spared, first.decided, first.average_workdays_tenths) == (7, 1, 40)
    assert (second.decided, second.average_workdays_tenths) == (1, None)


@pytest.fixture
def watched(county: County) -> tuple[County, Supervision]:
    county.hold("resident", "A", name="某", number="A")
    for number in ("L-1", "L-2"):
        county.open(AID, "low-income-aid", number)
    county.bring(AID, "L-1", "household-identity", "household-book")
    county.cases.deciding.approve(AID, "L-2")
    return county, Supervision(county.around)


def test_a_late_case_and_a_late_filing_and_a_repeated_collection_are_named(watched: tuple[County, Supervision]) -> None:
    county, supervision = watched
    assert {each.light for each in supervision.report(*PERIOD).lights} == {Light.green}
    county.clock.advance(days=30)
    report = supervision.report(*PERIOD)
    late = {each.fault: each for each in report.liabilities}
    assert set(late) == {Fault.late_answer, Fault.missing_record, Fault.repeated_collection}
    assert late[Fault.late_answer].subject == county.cases.case(AID, "L-1").case_id
    assert late[Fault.late_answer].workdays_late == 5
    assert late[Fault.repeated_collection].material == "household-identity"
    assert late[Fault.repeated_collection].held_as == "urn:hub:evidence:resident:1"


def test_an_edition_waiting_for_review_turns_red_for_the_authority(watched: tuple[County, Supervision]) -> None:
    county, supervision = watched
    with county.database.writing() as session:
        bureau = Party("auth:data-bureau", "Data bureau", "数据局", PartyKind.authority)
        PartyStore(session).keep_party(bureau, county.clock.now())
    now = county.catalogue.require_edition_on(date(2026, 11, 20)).catalogue
    county.catalogue.propose(dataclasses.replace(now, events=()), effective_on=date(2027, 1, 1), by="dept:land")
    county.clock.advance(days=6)
    red = [each.timer for each in supervision.report(*PERIOD).lights if each.light is Light.red]
    assert [(each.limit, each.department) for each in red if each.limit is Limit.catalogue] == [
        (Limit.catalogue, "auth:data-bureau")
    ]


def test_a_department_updates_the_catalogue_within_ten_working_days_of_a_change_or_fifteen_by_consent(
    watched: tuple[County, Supervision],
) -> None:
    county, supervision = watched
    now = county.catalogue.require_edition_on(date(2026, 11, 20)).catalogue
    follows = {"effective_on": date(2027, 1, 1), "by": "dept:land", "changed_on": date(2026, 11, 2)}
    made = county.catalogue.propose(dataclasses.replace(now, events=()), **follows)

    def light() -> Lit:
        return next(each for each in supervision.report(*PERIOD).lights if each.timer.limit is Limit.catalogue_update)

    assert (light().light, light().timer.department, light().timer.due_on) == (
        Light.red,
        "dept:land",
        date(2026, 11, 16),
    )
    county.catalogue.publish(made.edition_id, by="auth:data-bureau", extended=True)
    assert (light().light, light().timer.due_on) == (Light.green, date(2026, 11, 23))


@pytest.mark.parametrize("deed", ["decline", "withdraw"])
@pytest.mark.parametrize(("days", "light"), [(3, Light.green), (6, Light.red)])
def test_a_closed_edition_burns_no_longer_and_a_late_review_is_still_named(
    watched: tuple[County, Supervision], deed: str, days: int, light: Light
) -> None:
    """Proposed on a Friday: the second working day is the Tuesday after, whoever ends the review later."""
    county, supervision = watched
    authority, land = "auth:data-bureau", "dept:land"
    with county.database.writing() as session:
        bureau = Party(authority, "Data bureau", "数据局", PartyKind.authority)
        PartyStore(session).keep_party(bureau, county.clock.now())
    now = county.catalogue.require_edition_on(date(2026, 11, 20)).catalogue
    made = county.catalogue.propose(dataclasses.replace(now, events=()), effective_on=date(2027, 1, 1), by=land)
    county.clock.advance(days=days)
    closing = getattr(county.catalogue, deed)
    closing(made.edition_id, "basis-unclear", by=authority if deed == "decline" else land)
    county.clock.advance(days=20)
    report = supervision.report(*PERIOD)
    (found,) = [each for each in report.lights if each.timer.subject == made.edition_id]
    assert (found.light, found.timer.department) == (light, authority)
    named = [each.department for each in report.liabilities if each.subject == made.edition_id]
    assert named == ([authority] if light is Light.red else [])
    following = supervision.report(date(2027, 1, 1), date(2027, 1, 31))
    assert made.edition_id not in {each.timer.subject for each in following.lights}


def test_an_edition_cannot_follow_a_change_to_come(county: County) -> None:
    now = county.catalogue.require_edition_on(date(2026, 11, 20)).catalogue
    with pytest.raises(Refused) as refused:
        county.catalogue.propose(
            dataclasses.replace(now, events=()),
            effective_on=date(2027, 1, 1),
            by="dept:land",
            changed_on=date(2026, 11, 21),
        )
    assert refused.value.code == "catalogue.change-to-come"


def consented(county: County, evidence_type: str) -> str:
    """An application that its provider consented to today; its id."""
    owing = OwedService(county.database, county.clock, county.around.append)
    catalogue = county.catalogue.require_edition_on(county.around.today).catalogue
    kind = catalogue.evidence_by_name[evidence_type]
    asked = {
        "type": kind.vct,
        "claims": ["*"],
        "matters": ["low-income-aid"],
        "basis": "办法",
        "scenario": "window",
        "valid_from": "2026-11-20",
        "valid_until": "2027-11-20",
        "signed_off_by": "head",
    }
    made = owing.apply(AID, asked, catalogue)
    owing.answer(kind.provider, (Owing.application, made.owed_id), Reply.consented)
    return made.owed_id


def sharing_lights(county: County, owed_id: str) -> list[tuple[str, date | None, date | None]]:
    lights = Supervision(county.around).report(*PERIOD).lights
    return [
        (each.light.value, each.timer.due_on, each.timer.done_on)
        for each in lights
        if (each.timer.limit, each.timer.subject) == (Limit.sharing, owed_id)
    ]


def test_what_was_consented_to_is_shared_within_twenty_working_days(county: County) -> None:
    owed, due = consented(county, "funeral"), date(2026, 12, 18)
    assert sharing_lights(county, owed) == [("green", due, None)]
    county.clock.advance(days=27)
    assert sharing_lights(county, owed) == [("yellow", due, None)]
    county.clock.advance(days=4)
    assert sharing_lights(county, owed) == [("red", due, None)]
    (late,) = [
        each for each in Supervision(county.around).report(*PERIOD).liabilities if each.fault is Fault.late_sharing
    ]
    assert (late.subject, late.department, late.workdays_late) == (owed, "dept:funeral", 1)


def test_sharing_begins_when_the_registry_has_pushed_such_evidence(county: County) -> None:
    county.hold("funeral", "B", name="某")
    with county.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE evidence SET registry_id = 'funeral'")
    owed = consented(county, "funeral")
    assert sharing_lights(county, owed) == [("green", date(2026, 12, 18), date(2026, 11, 20))]


def test_a_grant_that_was_ended_and_a_type_supplied_on_request_are_not_waited_for(county: County) -> None:
    owed, on_request = consented(county, "funeral"), consented(county, "tax-clearance")
    assert sharing_lights(county, on_request) == []
    SharingService(county.database, county.clock, county.around.append).end(
        f"grant-{owed}", "purpose-ended", by="auth:data-bureau"
    )
    assert sharing_lights(county, owed) == []


def test_other_rooms_add_their_time_limits(watched: tuple[County, Supervision]) -> None:
    county, _ = watched
    objection = Timer(Limit.objection, "obj_1", "dept:land", date(2026, 11, 2), date(2026, 11, 16))
    report = Supervision(county.around, [lambda *_: [objection]]).report(*PERIOD)
    assert [each.department for each in report.liabilities if each.fault is Fault.late_correction] == ["dept:land"]


def test_the_report_is_json_csv_and_pictures(watched: tuple[County, Supervision]) -> None:
    _, supervision = watched
    report = supervision.report(*PERIOD)
    told = json.loads(report_json(report))
    assert told["figures"][0]["matter"] == "low-income-aid"
    assert told["figures"][0]["cases"] == 2
    assert told["replaceable"][0]["material"] == "bank-account"
    (line,) = csv.DictReader(io.StringIO(table_csv(report, "figures")))
    assert line["month"] == "2026-11"
    assert "timer.due_on" in table_csv(report, "lights").splitlines()[0]
    nothing = SupervisionReport(report.first, report.last, (), (), (), ())
    assert [table_csv(nothing, name).count("\n") for name in TABLES] == [1, 1, 1], "a header says what was looked for"
    assert table_csv(nothing, "lights") == f"{table_csv(report, 'lights').splitlines()[0]}\n"
    assert figures_picture(report.figures).lstrip().startswith(b"<?xml")
    assert figures_picture(report.figures, form="png").startswith(b"\x89PNG")
    assert figures_picture(()).lstrip().startswith(b"<?xml")
