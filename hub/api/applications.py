"""Applications for grants 共享申请 over HTTP: made as the law asks, answered in time; consent is a grant."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Body, Request
from pydantic import Field, StringConstraints

from hub.api.access import CaseCaller, OrdersCaller, PushCaller, TheHub
from hub.api.case_wires import Id, Short
from hub.api.objections import ANSWERED, NOT_ASKED, Code, OwedId, OwedView, owed_view
from hub.api.openapi import refusals
from hub.api.strict import StrictRoute, Wire, example
from hub.api.work import work
from hub.api.written import Day
from hub.sharing.model import Owing, Reply

router = APIRouter(prefix="/v1/applications", tags=["sharing"], route_class=StrictRoute)


class ApplicationWire(Wire):
    """A request for a grant: what for, on what basis, how long (Order 809 article 20)."""

    model_config = example(
        type="urn:hub:evidence:resident:1",
        claims=["name", "number", "household_address"],
        matters=["low-income-aid"],
        basis="社会救助暂行办法",
        scenario="low-income aid at the window",
        mode="service",
        valid_from="2026-12-01",
        valid_until="2028-11-30",
        signed_off_by="head of the low-income aid centre",
    )

    type: Id
    claims: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[a-z*][a-z0-9_.*]{0,79}$")]], Field(min_length=1)
    ]
    matters: Annotated[list[Id], Field(min_length=1, max_length=100)]
    basis: Short
    scenario: Short
    mode: Literal["service", "batch", "file"] = "service"
    valid_from: Day
    valid_until: Day
    signed_off_by: Short


class ConsentWire(Wire):
    """The provider's answer; a refusal gives its reason as a code."""

    model_config = example(answer="refused", reason="purpose-unclear")

    answer: Literal["consented", "refused"]
    reason: Annotated[str, StringConstraints(max_length=60)] = ""


class ReturnWire(Wire):
    """All that an application is lacking, each thing as a code; it is said once."""

    model_config = example(lacking=["scenario-unclear", "basis-article"])

    lacking: Annotated[list[Code], Field(min_length=1, max_length=50)]


UNUSABLE: Final = (
    "sharing.unknown-type",
    "sharing.type-withheld",
    "malformed sharing.period-reversed",
    "sharing.period-over",
    "malformed sharing.unknown-matter",
    "malformed sharing.unknown-claim",
    "malformed sharing.never-shared",
)


@router.post("", summary="Apply for a grant", status_code=201, responses=refusals(*UNUSABLE))
async def apply(
    wanted: Annotated[ApplicationWire, Body()], request: Request, hub: TheHub, caller: CaseCaller
) -> OwedView:
    """The provider answers within one working day where sharing is unconditional, else within ten."""

    def deed() -> OwedView:
        edition = hub.catalogue.require_edition_on(hub.owed.today)
        return owed_view(hub.owed.apply(caller.party.id, wanted.model_dump(mode="json"), edition.catalogue))

    return await work(request, deed)


@router.get("", summary="Applications that this service made", responses=refusals())
async def made(request: Request, hub: TheHub, caller: CaseCaller) -> list[OwedView]:
    """The oldest first, with their answers."""
    return [owed_view(each) for each in await work(request, hub.owed.asked_by, caller.party.id, Owing.application)]


@router.get("/received", summary="Applications that this department owes an answer to", responses=refusals())
async def received(request: Request, hub: TheHub, caller: PushCaller) -> list[OwedView]:
    """The oldest first."""
    return [owed_view(each) for each in await work(request, hub.owed.waiting_for, caller.party.id, Owing.application)]


@router.post(
    "/{owed}/return",
    summary="Return an application for what it lacks",
    responses=refusals(NOT_ASKED, ANSWERED, "sharing.returned-before"),
)
async def send_back(
    owed: OwedId, what: Annotated[ReturnWire, Body()], request: Request, hub: TheHub, caller: PushCaller
) -> OwedView:
    """It is not refused for that; the provider's time begins again once the applicant has completed it.

    Order 809 article 21.
    """
    return owed_view(await work(request, hub.owed.send_back, caller.party.id, owed, what.lacking))


@router.post(
    "/{owed}/completion",
    summary="Complete an application that was returned",
    responses=refusals(*UNUSABLE, "sharing.no-application", "sharing.not-returned", "sharing.another-type"),
)
async def complete(
    owed: OwedId, wanted: Annotated[ApplicationWire, Body()], request: Request, hub: TheHub, caller: CaseCaller
) -> OwedView:
    """The whole application again, as it should have been."""

    def deed() -> OwedView:
        catalogue = hub.catalogue.require_edition_on(hub.owed.today).catalogue
        return owed_view(hub.owed.complete(caller.party.id, owed, wanted.model_dump(mode="json"), catalogue))

    return await work(request, deed)


@router.post(
    "/{owed}/extension",
    summary="Consent to ten working days more",
    responses=refusals(
        "sharing.no-application",
        "sharing.no-extension",
    ),
)
async def extend(owed: OwedId, request: Request, hub: TheHub, caller: OrdersCaller) -> OwedView:
    """The authority consents to what the provider asked it, once; the applicant reads it at its application.

    Order 809 article 21. Needs scope `orders`.
    """
    return owed_view(await work(request, hub.owed.extend, caller.party.id, owed))


@router.post(
    "/{owed}/answer",
    summary="Answer an application",
    responses=refusals(NOT_ASKED, ANSWERED, "sharing.waits-for-applicant", "sharing.no-reason"),
)
async def answer(
    owed: OwedId, wanted: Annotated[ConsentWire, Body()], request: Request, hub: TheHub, caller: PushCaller
) -> OwedView:
    """Consent is a grant at once, for what was applied for; either answer is logged."""
    place = (Owing.application, owed)
    return owed_view(await work(request, hub.owed.answer, caller.party.id, place, Reply(wanted.answer), wanted.reason))
