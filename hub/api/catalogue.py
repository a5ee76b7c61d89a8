"""The catalogue 目录 as everybody may read it: matters and their materials, evidence types, statements."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from hub.api.access import TheHub
from hub.api.openapi import refusals
from hub.api.rooms import Hub
from hub.api.strict import View
from hub.api.work import work
from hub.api.written import Day
from hub.catalogue.codec import plain
from hub.catalogue.model import Catalogue, Matter
from hub.kernel.clock import local_date

router = APIRouter(prefix="/v1/catalogue", tags=["catalogue"])

On = Annotated[Day | None, Query(description="As published for this day; today when left out.")]
NOTHING_PUBLISHED = "catalogue.nothing-published"


class MatterLine(View):
    """A matter in the list of what can be applied for."""

    id: str
    version: str
    en: str
    zh: str
    authority: str
    consumers: list[str]
    materials: int
    promised_days: int
    statutory_days: int


@router.get(
    "/matters",
    summary="What can be applied for",
    responses=refusals(NOTHING_PUBLISHED, token=False),
)
async def find_matters(request: Request, hub: TheHub, on: On = None) -> list[MatterLine]:
    """The matters in force on a day. Open to all."""
    catalogue = await work(request, _catalogue, hub, on)
    day = on or local_date(hub.clock.now())
    return [_line(matter) for matter in catalogue.matters if matter.is_valid_on(day)]


@router.get(
    "/matters/{matter}",
    summary="One matter: roles, conditions, materials with every way to satisfy them",
    response_model=dict[str, Any],
    responses=refusals(NOTHING_PUBLISHED, "catalogue.no-matter", token=False),
)
async def one_matter(matter: str, request: Request, hub: TheHub, on: On = None) -> Any:
    """In the form of `schemas/catalogue/catalogue.json`. Open to all."""
    return plain(await work(request, hub.catalogue.matter, matter, on or local_date(hub.clock.now())))


@router.get(
    "/evidence-types",
    summary="What evidence there is, who answers for it, on what terms it is shared",
    response_model=list[dict[str, Any]],
    responses=refusals(NOTHING_PUBLISHED, token=False),
)
async def find_evidence_types(request: Request, hub: TheHub, on: On = None) -> list[Any]:
    """In the form of `schemas/catalogue/catalogue.json`, with the identifier `vct` of each. Open to all."""
    catalogue = await work(request, _catalogue, hub, on)
    return [plain(each) | {"vct": each.vct} for each in catalogue.evidence_types]


@router.get(
    "/statements",
    summary="What the hub can state from evidence, and what a statement does not prove",
    response_model=list[dict[str, Any]],
    responses=refusals(NOTHING_PUBLISHED, token=False),
)
async def find_statements(request: Request, hub: TheHub, on: On = None) -> list[Any]:
    """In the form of `schemas/catalogue/catalogue.json`, with the identifier `vct` of each. Open to all."""
    catalogue = await work(request, _catalogue, hub, on)
    return [plain(each) | {"vct": each.vct} for each in catalogue.statements]


def _catalogue(hub: Hub, on: date | None) -> Catalogue:
    return hub.catalogue.require_edition_on(on or local_date(hub.clock.now())).catalogue


def _line(matter: Matter) -> MatterLine:
    return MatterLine(
        id=matter.id,
        version=matter.version,
        en=matter.names.en,
        zh=matter.names.zh,
        authority=matter.authority,
        consumers=list(matter.consumers),
        materials=len(matter.materials),
        promised_days=matter.promised_days,
        statutory_days=matter.statutory_days,
    )
