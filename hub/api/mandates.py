"""Mandates 委托 over HTTP: who may act for whom 代办, in which matters, how long; and acting under one."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Path, Request
from pydantic import Field, StringConstraints

from hub.api.access import CaseCaller, TheHub
from hub.api.case_views import CaseView, case_view
from hub.api.case_wires import Id, PersonWire
from hub.api.cases import CLOSED, NO_CASE, CaseId, number_of
from hub.api.openapi import refusals
from hub.api.rooms import Hub
from hub.api.strict import StrictRoute, View, Wire, example
from hub.api.work import work
from hub.api.written import Day
from hub.cases.model import Case
from hub.cases.service.mandates import MandateIn
from hub.cases.store import Mandate

router = APIRouter(prefix="/v1", tags=["cases"], route_class=StrictRoute)

MandateId = Annotated[str, Path(pattern=r"^man_[0-9a-z]{26}$", description="The hub's id of the mandate.")]
NOT_COVERED = "cases.mandate-does-not-cover"


class MandateWire(Wire):
    """A mandate to record, as its paper says; both days are included."""

    model_config = example(
        subject={"kind": "resident", "number": "11010519491231002X", "name": "张三"},
        agent={"kind": "resident", "number": "440524188001010014", "name": "李四"},
        matters=["low-income-aid"],
        valid_from="2026-11-01",
        valid_until="2027-04-30",
    )

    subject: PersonWire
    agent: PersonWire
    matters: Annotated[list[Id], Field(min_length=1, max_length=50)]
    valid_from: Day
    valid_until: Day


class AgentWire(Wire):
    """Under which mandate a case is acted for from now on; empty: the applicant acts in person."""

    model_config = example(mandate="man_0bcb0fhha5a4fne1f0mk9ta0fy")

    mandate: Annotated[str, StringConstraints(max_length=80)]


class MandateView(View):
    """A mandate in force; subject and agent are this service's own pairwise ids."""

    id: str
    subject: str
    agent: str
    matters: list[str]
    valid_from: date
    valid_until: date


class RecordedView(View):
    """The id under which a mandate was recorded; cases are opened with it."""

    id: str


@router.post(
    "/mandates",
    summary="Record a mandate",
    status_code=201,
    responses=refusals(
        "cases.bad-mandate",
        "cases.mandate-unknown-person",
        "cases.agent-is-a-minor",
    ),
)
async def record(
    wanted: Annotated[MandateWire, Body()], request: Request, hub: TheHub, caller: CaseCaller
) -> RecordedView:
    """The agent may act for the subject in these matters, from the first to the last day, unless it is ended."""
    given = MandateIn(
        subject=wanted.subject.asked(),
        agent=wanted.agent.asked(),
        matters=tuple(wanted.matters),
        valid_from=wanted.valid_from,
        valid_until=wanted.valid_until,
    )
    return RecordedView(id=await work(request, hub.cases.mandates.record, caller.party.id, given))


@router.get("/mandates", summary="Mandates in force that this service recorded", responses=refusals())
async def find(request: Request, hub: TheHub, caller: CaseCaller) -> list[MandateView]:
    """The one that ends first leads."""
    consumer = caller.party.id
    found = await work(request, hub.cases.mandates.in_force, consumer)
    return [_view(hub, consumer, each) for each in found]


@router.post(
    "/mandates/{mandate}/end",
    summary="End a mandate",
    status_code=204,
    responses=refusals("cases.no-such-mandate"),
)
async def end(mandate: MandateId, request: Request, hub: TheHub, caller: CaseCaller) -> None:
    """From now on nothing is done under it, in no case that was opened under it either."""
    await work(request, hub.cases.mandates.end, caller.party.id, mandate)


@router.post(
    "/cases/{case}/agent",
    summary="Say who acts for the applicant from now on",
    responses=refusals(NO_CASE, CLOSED, NOT_COVERED),
)
async def act_under(
    case: CaseId, wanted: Annotated[AgentWire, Body()], request: Request, hub: TheHub, caller: CaseCaller
) -> CaseView:
    """Another mandate takes the place of one that ended, or the applicant goes on in person."""
    consumer = caller.party.id

    def deed() -> CaseView:
        changed: Case = hub.cases.mandates.act_under(consumer, number_of(hub, consumer, case), wanted.mandate)
        return case_view(changed, hub.identity.pairwise_ids(changed.subject_ids, consumer))

    return await work(request, deed)


def _view(hub: Hub, consumer: str, mandate: Mandate) -> MandateView:
    return MandateView(
        id=mandate.mandate_id,
        subject=hub.identity.pairwise_id(mandate.subject_id, consumer),
        agent=hub.identity.pairwise_id(mandate.agent_id, consumer),
        matters=list(mandate.matters),
        valid_from=mandate.valid_from,
        valid_until=mandate.valid_until,
    )
