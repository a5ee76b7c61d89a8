"""Supplies 调取 over HTTP: a case asks, the provider fetches what it is asked for and answers with signed evidence."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Request
from pydantic import Field, StringConstraints

from hub.api.access import CaseCaller, PushCaller, TheHub
from hub.api.cases import NO_CASE, CaseId, Material, number_of
from hub.api.objections import ANSWERED, NOT_ASKED, OwedId, OwedView, owed_view
from hub.api.openapi import refusals
from hub.api.strict import StrictRoute, View, Wire, example
from hub.api.work import work

router = APIRouter(prefix="/v1", tags=["sharing"], route_class=StrictRoute)


class SupplyWire(Wire):
    """The provider's answer: evidence it signed for this question, or an empty text where it found nothing."""

    model_config = example(evidence="")

    evidence: Annotated[
        str, StringConstraints(max_length=65536), Field(description="SD-JWT of the type asked for, or empty.")
    ]


class PersonView(View):
    """By which number and name the provider finds the subject in its own registry."""

    kind: str
    number: str
    name: str
    birth_date: str


class WishView(View):
    """Something that a department is asked to supply, by when, about whom."""

    id: str
    type: str
    consumer: str
    raised_on: date
    days: int
    subject: PersonView


@router.post(
    "/cases/{case}/materials/{material}/supplies",
    summary="Ask the provider for a material that it supplies on request",
    status_code=201,
    responses=refusals(NO_CASE, "cases.not-on-request"),
)
async def ask(case: CaseId, material: Material, request: Request, hub: TheHub, caller: CaseCaller) -> list[OwedView]:
    """One question for each person and type; asked again it is the same question. The checklist says how it stands."""
    consumer = caller.party.id
    found = await work(request, lambda: hub.cases.asking.ask_for(consumer, number_of(hub, consumer, case), material))
    return [owed_view(each) for each in found]


@router.get("/supplies", summary="What this department is asked to supply now", responses=refusals())
async def wishes(request: Request, hub: TheHub, caller: PushCaller) -> list[WishView]:
    """The oldest first. The department opens the connection, as it does to push; being told a number is logged."""
    found = await work(request, hub.cases.asking.wishes_of, caller.party.id)
    return [
        WishView(
            id=each.owed.owed_id,
            type=each.owed.evidence_type,
            consumer=each.owed.consumer,
            raised_on=each.owed.raised_on,
            days=each.owed.days,
            subject=PersonView(
                kind=each.person.kind,
                number=each.person.number,
                name=each.person.name,
                birth_date=each.person.birth_date,
            ),
        )
        for each in found
    ]


@router.post(
    "/supplies/{owed}/answer",
    summary="Supply what was asked for, or say that nothing was found",
    responses=refusals(
        NOT_ASKED,
        ANSWERED,
        "cases.not-what-was-asked",
        "cases.supplied-about-somebody-else",
        "cases.bad-supply",
    ),
)
async def supply(
    owed: OwedId, wanted: Annotated[SupplyWire, Body()], request: Request, hub: TheHub, caller: PushCaller
) -> OwedView:
    """The evidence is sealed and held for the subject afterwards, for this case and for every later one."""
    return owed_view(await work(request, hub.cases.asking.supply, caller.party.id, owed, wanted.evidence))
