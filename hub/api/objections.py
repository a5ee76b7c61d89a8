"""Objections 异议 over HTTP: a consumer says what seems wrong, the provider checks 校核 and answers in time."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Path, Request
from pydantic import Field, StringConstraints

from hub.api.access import CaseCaller, PushCaller, TheHub
from hub.api.case_wires import Id
from hub.api.cases import NO_CASE, CaseId, number_of
from hub.api.openapi import refusals
from hub.api.strict import StrictRoute, View, Wire, example
from hub.api.work import work
from hub.cases.service.asking import Objecting
from hub.sharing.model import Owed, Owing, Reply

router = APIRouter(prefix="/v1", tags=["sharing"], route_class=StrictRoute)

OwedId = Annotated[str, Path(pattern=r"^owe_[0-9a-z]{26}$", description="The hub's id of what is owed an answer to.")]
NOT_ASKED: Final = "sharing.not-asked"
ANSWERED: Final = "sharing.answered"
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


class ObjectionWire(Wire):
    """What seems wrong: a claim of the evidence of a type about someone in the case; the reason is a code."""

    model_config = example(
        type="urn:hub:evidence:resident:1", claim="household_address", code="moved", role="applicant", position=1
    )

    type: Id
    claim: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.*]{0,79}$")]
    code: Code
    role: Id = "applicant"
    position: Annotated[int, Field(ge=1, le=500)] = 1


class CheckedWire(Wire):
    """What the provider found: `corrected` at the source (and pushed), or `confirmed` as it stands."""

    model_config = example(answer="corrected")

    answer: Literal["corrected", "confirmed"]


class OwedView(View):
    """Something a provider owes an answer to; `days` are the working days it may take, from the day of receipt.

    An application that was returned for what it was `lacking` is received on the day it was completed.
    """

    id: str
    kind: str
    consumer: str
    provider: str
    type: str
    asked: dict[str, Any]
    raised_on: date
    days: int
    lacking: list[str]
    returned_on: date | None
    completed_on: date | None
    extended_on: date | None
    answered_on: date | None
    answer: str
    reason: str


@router.post(
    "/cases/{case}/objections",
    summary="Say that something registered seems wrong",
    status_code=201,
    responses=refusals(NO_CASE, "cases.nothing-to-object-to"),
)
async def object_to(
    case: CaseId, wanted: Annotated[ObjectionWire, Body()], request: Request, hub: TheHub, caller: CaseCaller
) -> OwedView:
    """The case goes on meanwhile: an objection never blocks one. Order 809 article 26."""
    consumer = caller.party.id
    said = Objecting(wanted.type, wanted.claim, wanted.code, wanted.role, wanted.position)
    return owed_view(
        await work(request, lambda: hub.cases.asking.object_to(consumer, number_of(hub, consumer, case), said))
    )


@router.get("/objections", summary="Objections that this service made", responses=refusals())
async def made(request: Request, hub: TheHub, caller: CaseCaller) -> list[OwedView]:
    """The oldest first, with their answers."""
    return [owed_view(each) for each in await work(request, hub.owed.asked_by, caller.party.id, Owing.objection)]


@router.get("/objections/received", summary="Objections that this department owes an answer to", responses=refusals())
async def received(request: Request, hub: TheHub, caller: PushCaller) -> list[OwedView]:
    """The oldest first; `asked` names the claim, the reason and the evidence, and no person."""
    return [owed_view(each) for each in await work(request, hub.owed.waiting_for, caller.party.id, Owing.objection)]


@router.post(
    "/objections/{owed}/answer",
    summary="Answer an objection",
    responses=refusals(NOT_ASKED, ANSWERED),
)
async def answer(
    owed: OwedId, wanted: Annotated[CheckedWire, Body()], request: Request, hub: TheHub, caller: PushCaller
) -> OwedView:
    """The answer stands and is logged; a correction itself comes with the registry's next batch."""
    place = (Owing.objection, owed)
    return owed_view(await work(request, hub.owed.answer, caller.party.id, place, Reply(wanted.answer)))


def owed_view(owed: Owed) -> OwedView:
    """The view of what is owed an answer to."""
    return OwedView(
        id=owed.owed_id,
        kind=owed.kind,
        consumer=owed.consumer,
        provider=owed.provider,
        type=owed.evidence_type,
        asked=dict(owed.asked),
        raised_on=owed.raised_on,
        days=owed.days,
        lacking=list(owed.lacking),
        returned_on=owed.returned_on,
        completed_on=owed.completed_on,
        extended_on=owed.extended_on,
        answered_on=owed.answered_on,
        answer=owed.reply or "",
        reason=owed.reason,
    )
