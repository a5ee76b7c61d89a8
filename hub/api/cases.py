"""Cases 办件 over HTTP: open one, read what need not be brought 免提交, answer, promise, decide."""

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Query, Request, Response

from hub.api.access import CaseCaller, TheHub, case_caller, hub_of
from hub.api.case_views import (
    CaseLine,
    CaseView,
    ChecklistView,
    OpenedView,
    PrefilledView,
    StatusView,
    StepView,
    case_line,
    case_view,
    checklist_view,
)
from hub.api.case_wires import (
    AnswersWire,
    CaseWire,
    CodeWire,
    CommitmentWire,
    DecisionWire,
    PeopleWire,
    people_in,
)
from hub.api.openapi import refusals
from hub.api.rooms import Hub
from hub.api.strict import StrictRoute
from hub.api.together import Together
from hub.api.work import work
from hub.api.written import Instant
from hub.cases.model import Case, CaseState, Checklist
from hub.cases.store import CaseFilter, CaseStore

router = APIRouter(tags=["cases"], route_class=StrictRoute)

CASE_ID: Final = "case_[0-9a-z]{26}"
CHECKLIST_PATH: Final = re.compile(f"/v1/cases/{CASE_ID}/checklist")
CaseId = Annotated[str, Path(pattern=f"^{CASE_ID}$", description="The hub's id of the case.")]
Material = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$", description="Id of the material.")]
States = Annotated[list[CaseState] | None, Query(alias="state", description="Only cases in these states.")]
NO_CASE = "cases.no-such-case"
CLOSED = "cases.closed"
APPLICANT = {"kind": "resident", "number": "11010519491231002X", "name": "张三", "birth_date": "1949-12-31"}
EXAMPLE = {
    "low-income-aid": {
        "summary": "A resident applies for low-income aid",
        "value": {
            "number": "2026-0001",
            "matter": "low-income-aid",
            "people": {"applicant": [APPLICANT]},
            "answers": {"condition:renting": "no"},
        },
    }
}


def number_of(hub: Hub, consumer: str, case_id: str) -> str:
    """The consumer's own number of the case; empty, which no case has, when it is not this consumer's."""
    with hub.database.reading() as session:
        case = CaseStore(session).case_of(case_id)
    return case.number if case is not None and case.consumer == consumer else ""


def checklist_text(made: Checklist) -> bytes:
    """A checklist as it is sent; the service keeps it as long as the checklist stands."""
    return checklist_view(made).model_dump_json().encode()


def looks_of(hub: Hub) -> Together[tuple[str, str], bytes | None]:
    """Looks whether checklists, by consumer and case id, still stand as they were sent before."""
    return Together(lambda cases: hub.cases.checklists_remembered(cases, checklist_text))


def _view(hub: Hub, case: Case) -> CaseView:
    return case_view(case, hub.identity.pairwise_ids(case.subject_ids, case.consumer))


@router.post(
    "/v1/cases",
    summary="Open a case",
    status_code=201,
    responses={
        200: {"description": "The case was open already under this number", "model": OpenedView},
        **refusals(
            "cases.unknown-role: is no role of this matter",
            "cases.no-applicant",
            "catalogue.no-matter",
            "cases.not-your-matter",
            "cases.number-in-use",
            "cases.answers-differ",
            "cases.mandate-differs",
        ),
    },
)
async def open_case(
    wanted: Annotated[CaseWire, Body(openapi_examples=EXAMPLE)],
    request: Request,
    response: Response,
    hub: TheHub,
    caller: CaseCaller,
) -> OpenedView:
    """The case keeps the edition of the catalogue in force today; its answer carries the first checklist.

    The same opening again, under the same number, gives the same case with status 200.
    """

    def deed() -> OpenedView:
        opened = hub.cases.open(caller.party.id, wanted.opening())
        return OpenedView(
            case=_view(hub, opened.case),
            checklist=checklist_view(opened.checklist),
            query_code=opened.query_code,
            is_new=opened.is_new,
        )

    made = await work(request, deed)
    response.status_code = 201 if made.is_new else 200
    return made


@router.get("/v1/cases", summary="This service's own cases", responses=refusals())
async def find_cases(
    request: Request,
    hub: TheHub,
    caller: CaseCaller,
    states: States = None,
    event: Annotated[str, Query(max_length=120, description="Parts of one event, as LEAD|NUMBER.")] = "",
    before: Annotated[Instant | None, Query(description="Opened before this instant, to read on.")] = None,
) -> list[CaseLine]:
    """The newest hundred; those that another service opened as parts of an event 一件事 stand among them."""
    wanted = CaseFilter(tuple(states or ()), event, before)
    found = await work(request, hub.cases.find_cases, caller.party.id, wanted)
    return [case_line(each) for each in found]


@router.get("/v1/cases/{case}", summary="A case as it stands", responses=refusals(NO_CASE))
async def one_case(case: CaseId, request: Request, hub: TheHub, caller: CaseCaller) -> CaseView:
    """Each participant with this service's own pairwise id, when exactly one subject was found."""
    consumer = caller.party.id
    return await work(request, lambda: _view(hub, hub.cases.case(consumer, number_of(hub, consumer, case))))


@router.get(
    "/v1/cases/{case}/checklist",
    summary="What need not be brought, and why",
    response_model=ChecklistView,
    responses=refusals(NO_CASE),
)
async def checklist(case: CaseId, request: Request, hub: TheHub, caller: CaseCaller) -> Response:
    """Every material of the matter as of now; `wanted` is what the evidence requests of this case should ask for."""
    consumer = caller.party.id
    told = await request.app.state.checklists.ask((consumer, case))
    if told is None:
        told = await work(request, hub.cases.checklist_as, consumer, case, checklist_text)
    return Response(told, media_type="application/json")


async def checklist_at(request: Request) -> Response:
    """The same for a call at ``CHECKLIST_PATH`` that takes the short way."""
    hub = await hub_of(request)
    case = request.scope["path"].split("/")[3]
    return await checklist(case, request, hub, await case_caller(request, hub, None))


@router.post(
    "/v1/cases/{case}/people",
    summary="Add people to a case",
    responses=refusals(NO_CASE, CLOSED, "cases.too-many-people"),
)
async def add_people(
    case: CaseId, wanted: Annotated[PeopleWire, Body()], request: Request, hub: TheHub, caller: CaseCaller
) -> ChecklistView:
    """Founding units, heirs, a deceased spouse; the checklist as it is with them."""
    consumer, people = caller.party.id, people_in(wanted.people)
    return await work(
        request, lambda: checklist_view(hub.cases.add_people(consumer, number_of(hub, consumer, case), people))
    )


@router.post(
    "/v1/cases/{case}/answers",
    summary="Answer open questions",
    responses=refusals(NO_CASE, CLOSED, "cases.unknown-question"),
)
async def answer(
    case: CaseId, wanted: Annotated[AnswersWire, Body()], request: Request, hub: TheHub, caller: CaseCaller
) -> ChecklistView:
    """Conditions (`condition:ID`), the situation (`sub-item`), which record is meant (`choose:…`)."""
    consumer, given = caller.party.id, list(wanted.answers.items())
    return await work(
        request, lambda: checklist_view(hub.cases.answer(consumer, number_of(hub, consumer, case), given))
    )


@router.post(
    "/v1/cases/{case}/commitments",
    summary="Keep a written promise instead of proof",
    responses=refusals(
        NO_CASE,
        CLOSED,
        "cases.no-such-material",
        "cases.no-commitment",
    ),
)
async def commit(
    case: CaseId, wanted: Annotated[CommitmentWire, Body()], request: Request, hub: TheHub, caller: CaseCaller
) -> ChecklistView:
    """告知承诺: possible where the matter allows it and the applicant never broke a promise."""
    consumer = caller.party.id
    return await work(
        request,
        lambda: checklist_view(hub.cases.commit_to(consumer, number_of(hub, consumer, case), wanted.material)),
    )


@router.post(
    "/v1/cases/{case}/commitments/{material}/found-false",
    summary="Say that a written promise proved false",
    status_code=204,
    responses=refusals(NO_CASE, "cases.no-such-commitment"),
)
async def find_false(case: CaseId, material: Material, request: Request, hub: TheHub, caller: CaseCaller) -> None:
    """Its applicant may promise no more, in no matter; the material is to be brought again."""
    consumer = caller.party.id
    await work(request, lambda: hub.cases.find_false(consumer, number_of(hub, consumer, case), material))


@router.get("/v1/cases/{case}/form", summary="Fields of the form that are known", responses=refusals(NO_CASE))
async def form(case: CaseId, request: Request, hub: TheHub, caller: CaseCaller) -> list[PrefilledView]:
    """要填的不重复填: best-known values that this service may have for this matter, each with its source."""
    consumer = caller.party.id
    fields = await work(request, lambda: hub.cases.prefill(consumer, number_of(hub, consumer, case)))
    return [PrefilledView.model_validate(each) for each in fields]


@router.post(
    "/v1/cases/{case}/decision",
    summary="Accept, suspend, resume, approve, reject, withdraw or file",
    responses=refusals(NO_CASE, CLOSED, "cases.not-now"),
)
async def decide(
    case: CaseId, wanted: Annotated[DecisionWire, Body()], request: Request, hub: TheHub, caller: CaseCaller
) -> CaseView:
    """The case as it stands afterwards. A licence given with `approve` is evidence for other matters afterwards."""
    consumer = caller.party.id

    def deed() -> CaseView:
        number = number_of(hub, consumer, case)
        return _view(hub, _decided(hub, (consumer, number), wanted))

    return await work(request, deed)


def _decided(hub: Hub, place: tuple[str, str], wanted: DecisionWire) -> Case:
    deciding: Any = hub.cases.deciding
    match wanted.action:
        case "suspend" | "reject":
            decided: Case = getattr(deciding, wanted.action)(*place, wanted.reason)
        case "approve":
            decided = deciding.approve(*place, wanted.licence)
        case _:
            decided = getattr(deciding, wanted.action)(*place)
    return decided


@router.post(
    "/v1/case-status",
    summary="How a case stands, for whoever has its query code",
    responses=refusals("cases.unknown-code", token=False),
)
async def status(wanted: Annotated[CodeWire, Body()], request: Request, hub: TheHub) -> StatusView:
    """Open to the applicant: the state, the due date and what happened when; nothing of what the case is about."""
    case, outcome = await work(request, hub.cases.status_by_code, wanted.code)
    steps = [StepView(at=at, action=action) for at, action in outcome.steps]
    return StatusView(matter=case.matter, state=case.state, due_on=case.due.on, licence=outcome.licence_id, steps=steps)
