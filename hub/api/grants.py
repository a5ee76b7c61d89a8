"""Grants 共享授权 over HTTP: each side sees its own; the authority suspends, resumes and ends them."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Body, Path, Request

from hub.api.access import CaseCaller, OrdersCaller, PushCaller, TheHub
from hub.api.objections import Code
from hub.api.openapi import refusals
from hub.api.strict import StrictRoute, View, Wire, example
from hub.api.work import work
from hub.sharing.model import Grant, Standing

router = APIRouter(prefix="/v1/grants", tags=["sharing"], route_class=StrictRoute)

GrantId = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,79}$", description="The grant's id, as the lists tell it.")]
UNKNOWN = "sharing.unknown-grant"
ENDED = "sharing.grant-ended"
ALREADY = "sharing.stands-already"


class ReasonWire(Wire):
    """Why, as a code; the consumer reads it at its grant."""

    model_config = example(reason="other-purpose")

    reason: Code


class GrantView(View):
    """One grant and how it stands today; `reason` is why it was suspended or ended."""

    id: str
    consumer: str
    type: str
    claims: list[str]
    matters: list[str]
    basis: str
    scenario: str
    mode: str
    valid_from: date
    valid_until: date
    signed_off_by: str
    standing: Standing
    suspended_on: date | None
    ended_on: date | None
    reason: str


@router.get("", summary="Grants that this service was given", responses=refusals())
async def held(request: Request, hub: TheHub, caller: CaseCaller) -> list[GrantView]:
    """Also those that are over or were ended; by id."""
    return _views(await work(request, hub.sharing.grants_of, caller.party.id), hub.sharing.today)


@router.get("/given", summary="Grants of what this department provides", responses=refusals())
async def given(request: Request, hub: TheHub, caller: PushCaller) -> list[GrantView]:
    """By id. A department stops no service by itself; it tells the authority (Order 809 article 27)."""

    def deed() -> list[GrantView]:
        catalogue = hub.catalogue.require_edition_on(hub.sharing.today).catalogue
        provided = [kind.vct for kind in catalogue.evidence_types if kind.provider == caller.party.id]
        return _views(hub.sharing.grants_for(provided), hub.sharing.today)

    return await work(request, deed)


@router.get("/all", summary="Every grant", responses=refusals())
async def every(request: Request, hub: TheHub, _caller: OrdersCaller) -> list[GrantView]:
    """For the authority; by id. Needs scope `orders`."""
    return _views(await work(request, hub.sharing.every_grant), hub.sharing.today)


@router.post("/{grant}/suspension", summary="Suspend a grant", responses=refusals(UNKNOWN, ENDED, ALREADY))
async def suspend(
    grant: GrantId, why: Annotated[ReasonWire, Body()], request: Request, hub: TheHub, caller: OrdersCaller
) -> GrantView:
    """Nothing more is released by it, within seconds at every node, until it is resumed.

    Order 809 article 27. Needs scope `orders`.
    """
    deed = hub.sharing.suspend
    return _view(await work(request, lambda: deed(grant, why.reason, by=caller.party.id)), hub.sharing.today)


@router.post("/{grant}/resumption", summary="Resume a suspended grant", responses=refusals(UNKNOWN, ENDED, ALREADY))
async def resume(grant: GrantId, request: Request, hub: TheHub, caller: OrdersCaller) -> GrantView:
    """What it was suspended for is put right; it counts again, for its period. Needs scope `orders`."""
    deed = hub.sharing.resume
    return _view(await work(request, lambda: deed(grant, by=caller.party.id)), hub.sharing.today)


@router.post("/{grant}/end", summary="End a grant for good", responses=refusals(UNKNOWN, ENDED))
async def end(
    grant: GrantId, why: Annotated[ReasonWire, Body()], request: Request, hub: TheHub, caller: OrdersCaller
) -> GrantView:
    """It counts no more from today; loading its file again does not bring it back. Needs scope `orders`."""
    deed = hub.sharing.end
    return _view(await work(request, lambda: deed(grant, why.reason, by=caller.party.id)), hub.sharing.today)


def _views(grants: list[Grant], today: date) -> list[GrantView]:
    return [_view(each, today) for each in grants]


def _view(grant: Grant, today: date) -> GrantView:
    return GrantView(
        id=grant.id,
        consumer=grant.consumer,
        type=grant.evidence_type,
        claims=list(grant.claims),
        matters=list(grant.matters),
        basis=grant.basis,
        scenario=grant.scenario,
        mode=grant.mode,
        valid_from=grant.valid_from,
        valid_until=grant.valid_until,
        signed_off_by=grant.signed_off_by,
        standing=grant.standing_on(today),
        suspended_on=grant.suspended_on,
        ended_on=grant.ended_on,
        reason=grant.reason,
    )
