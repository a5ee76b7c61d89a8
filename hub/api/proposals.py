"""Editions of the catalogue 目录 over HTTP: proposed as a file, shown as a difference, published or closed."""

from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Query, Request, Response

from hub.api.access import CatalogueCaller, TheHub
from hub.api.catalogue import NOTHING_PUBLISHED
from hub.api.objections import Code
from hub.api.openapi import refusals
from hub.api.rooms import Hub
from hub.api.strict import StrictRoute, View, Wire, example, require_content_type
from hub.api.work import work
from hub.api.written import Day
from hub.catalogue.changes import Change
from hub.catalogue.documents import parse_document
from hub.catalogue.model import Catalogue
from hub.catalogue.parties import strangers_in
from hub.catalogue.reading import read_catalogue
from hub.catalogue.store import Closing, EditionRecord
from hub.catalogue.workbook import parse_workbook
from hub.catalogue.writing import Form, written
from hub.errors import Malformed, Refused
from hub.kernel.clock import local_date
from hub.parties.model import Caller, PartyKind

router = APIRouter(prefix="/v1/catalogue", tags=["catalogue"], route_class=StrictRoute)

MEDIA_TYPES: Final[dict[str, Form]] = {
    "application/yaml": Form.yaml,
    "application/json": Form.json,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": Form.xlsx,
}
FILE: Final = {
    "requestBody": {
        "required": True,
        "description": "The whole catalogue, in the form of `schemas/catalogue/catalogue.json`.",
        "content": {
            name: {
                "schema": {"type": "object"} if form is Form.json else {"type": "string", "format": "binary"},
                "examples": {"exported": {"externalValue": f"/v1/catalogue/export?form={form.value}"}},
            }
            for name, form in MEDIA_TYPES.items()
        },
    }
}
EditionId = Annotated[str, Path(pattern=r"^cat_[0-9a-z]{26}$", description="The hub's id of the edition.")]
EffectiveOn = Annotated[Day | None, Query(description="First day it counts; today when left out.")]
ChangedOn = Annotated[
    Day | None,
    Query(description="Day of the change at the department that the edition follows; ten working days run from it."),
]
Extended = Annotated[
    bool, Query(description="The authority had consented to five more working days for proposing it (article 17).")
]
NO_EDITION: Final = "catalogue.no-edition"
DECIDED: Final = ("catalogue.already-published", "catalogue.edition-closed")
UNUSABLE: Final = (
    Malformed(
        "catalogue.not-usable",
        "The catalogue was not taken over; `problems` lists every one with its line.",
        "目录未被采用；problems 逐条列出问题及所在行。",
    ),
    Malformed(
        "catalogue.no-legal-basis",
        "The catalogue was not taken over: a material has no legal basis, and nobody may demand it.",
        "目录未被采用：某材料没有法律依据，不得要求提交。",
    ),
    Malformed(
        "catalogue.unknown-evidence-type",
        "The catalogue was not taken over: a material refers to a type that the catalogue does not have.",
        "目录未被采用：某材料引用了目录中没有的凭证类型。",
    ),
    Malformed(
        "catalogue.cycle",
        "The catalogue was not taken over: conditions, statements or results depend on each other in a cycle.",
        "目录未被采用：条件、派生证明或结果相互循环依赖。",
    ),
)
"""A problem of the file has its own code, or this first one where they differ."""
PROPOSERS: Final = frozenset({PartyKind.department, PartyKind.authority})
REVIEWERS: Final = frozenset({PartyKind.authority})


class ClosingWire(Wire):
    """Why, as a code; every party that reads the editions reads it."""

    model_config = example(reason="basis-unclear")

    reason: Code


class ChangeView(View):
    """One difference: where, which way, from what, to what."""

    path: str
    turn: str
    before: Any
    after: Any


class DifferenceView(View):
    """What a file would change, of everything in force that day; `edition` is empty when nothing was kept.

    `unregistered` lists the departments and services it names that are not on record here: a misspelt id, or a party to
    be registered before its evidence or its cases can come.
    """

    edition: str
    effective_on: date
    matters: int
    unregistered: list[str]
    changes: list[ChangeView]


class EditionView(View):
    """When an edition was proposed and published, from which day on it counts, and which change it follows.

    Of one that was declined or withdrawn: when, by whom and why; it counts on no day.
    """

    edition: str
    effective_on: date
    proposed_at: datetime
    proposed_by: str
    published_at: datetime | None
    published_by: str | None
    changed_on: date | None
    extended: bool
    closed_as: Closing | None
    closed_at: datetime | None
    closed_by: str | None
    reason: str | None


Told = Annotated[bool, Query(description="Only say what the file would change, and keep nothing.")]


@router.post(
    "/proposals",
    summary="Propose an edition of the catalogue",
    status_code=201,
    openapi_extra=FILE,
    responses=refusals(
        *UNUSABLE,
        "catalogue.nothing-new",
        "catalogue.effective-in-the-past",
        "catalogue.not-a-proposer",
        "catalogue.change-to-come",
        "api.content-type",
    ),
)
async def propose(
    request: Request,
    hub: TheHub,
    caller: CatalogueCaller,
    effective_on: EffectiveOn = None,
    changed_on: ChangedOn = None,
    dry_run: Told = False,
) -> DifferenceView:
    """Checked whole: every problem at once, each with file, line, path and remedy. It counts once it is published."""
    _require_kind(
        caller,
        PROPOSERS,
        "catalogue.not-a-proposer",
        "Only departments and the authority propose.",
        "只有部门和主管部门可以提出目录。",
    )
    require_content_type(request, *MEDIA_TYPES)
    form = MEDIA_TYPES[request.headers["content-type"].partition(";")[0].strip().lower()]
    raw = await request.body()
    day = effective_on or local_date(hub.clock.now())

    def deed() -> DifferenceView:
        catalogue = _read(raw, form)
        if dry_run:
            return _difference(hub, ("", day), catalogue, hub.catalogue.changes_of(catalogue, day))
        made = hub.catalogue.propose(catalogue, effective_on=day, by=caller.party.id, changed_on=changed_on)
        return _difference(hub, (made.edition_id, day), catalogue, made.changes)

    return await work(request, deed)


@router.get("/editions", summary="Every edition with its dates", responses=refusals())
async def editions(request: Request, hub: TheHub, _caller: CatalogueCaller) -> list[EditionView]:
    """The newest proposal leads; what is neither published nor closed waits for the authority."""
    return [_edition(each) for each in await work(request, hub.catalogue.records)]


@router.get("/editions/{edition}/changes", summary="What an edition would change", responses=refusals(NO_EDITION))
async def changes(edition: EditionId, request: Request, hub: TheHub, _caller: CatalogueCaller) -> DifferenceView:
    """Against everything in force on its first day."""

    def deed() -> DifferenceView:
        catalogue, record = hub.catalogue.catalogue_of(edition), hub.catalogue.record_of(edition)
        day = record.effective_on
        return _difference(hub, (edition, day), catalogue, hub.catalogue.changes_of(catalogue, day))

    return await work(request, deed)


@router.post(
    "/editions/{edition}/publication",
    summary="Publish an edition",
    responses=refusals(NO_EDITION, *DECIDED, "catalogue.effective-in-the-past", "catalogue.not-the-authority"),
)
async def publish(
    edition: EditionId, request: Request, hub: TheHub, caller: CatalogueCaller, extended: Extended = False
) -> EditionView:
    """It counts from its day on, for cases opened from then on; open cases keep theirs. Order 809 article 17."""
    _require_reviewer(caller)

    def deed() -> EditionView:
        hub.catalogue.publish(edition, by=caller.party.id, extended=extended)
        return _edition(hub.catalogue.record_of(edition))

    return await work(request, deed)


@router.post(
    "/editions/{edition}/decline",
    summary="Decline an edition",
    responses=refusals(NO_EDITION, *DECIDED, "catalogue.not-the-authority"),
)
async def decline(
    edition: EditionId, why: Annotated[ClosingWire, Body()], request: Request, hub: TheHub, caller: CatalogueCaller
) -> EditionView:
    """For the authority: it is not published, and the time for its review ends. Order 809 article 17."""
    _require_reviewer(caller)
    deed = hub.catalogue.decline
    return _edition(await work(request, lambda: deed(edition, why.reason, by=caller.party.id)))


@router.post(
    "/editions/{edition}/withdrawal",
    summary="Withdraw an edition",
    responses=refusals(NO_EDITION, *DECIDED, "catalogue.not-your-proposal"),
)
async def withdraw(
    edition: EditionId, why: Annotated[ClosingWire, Body()], request: Request, hub: TheHub, caller: CatalogueCaller
) -> EditionView:
    """For who proposed it: it is not published. A review that was late by then stays late."""
    deed = hub.catalogue.withdraw
    return _edition(await work(request, lambda: deed(edition, why.reason, by=caller.party.id)))


@router.get(
    "/export",
    summary="The whole catalogue as a file",
    response_class=Response,
    responses={
        200: {"description": "To be changed and proposed again", "content": {name: {} for name in MEDIA_TYPES}},
        **refusals(NOTHING_PUBLISHED, token=False),
    },
)
async def export(
    request: Request,
    hub: TheHub,
    form: Annotated[Form, Query(description="YAML, JSON or a workbook.")] = Form.yaml,
    on: Annotated[Day | None, Query(description="As published for this day; today when left out.")] = None,
) -> Response:
    """Read back, each form gives the same catalogue. Open to all."""

    def deed() -> bytes:
        day = on or local_date(hub.clock.now())
        return written(hub.catalogue.require_edition_on(day).catalogue, form)

    media_type = next(name for name, each in MEDIA_TYPES.items() if each is form)
    headers = {"content-disposition": f'attachment; filename="catalogue.{form.value}"'}
    return Response(await work(request, deed), media_type=media_type, headers=headers)


def _read(raw: bytes, form: Form) -> Catalogue:
    name = f"body.{form.value}"
    return read_catalogue([parse_workbook(raw, name) if form is Form.xlsx else parse_document(raw, name)])


def _require_kind(caller: Caller, kinds: frozenset[PartyKind], code: str, en: str, zh: str) -> None:
    if caller.party.kind not in kinds:
        raise Refused(code, en, zh)


def _require_reviewer(caller: Caller) -> None:
    _require_kind(
        caller,
        REVIEWERS,
        "catalogue.not-the-authority",
        "Only the authority publishes or declines an edition.",
        "只有主管部门可以发布目录版本或不予发布。",
    )


def _difference(hub: Hub, which: tuple[str, date], catalogue: Catalogue, changes: list[Change]) -> DifferenceView:
    return DifferenceView(
        edition=which[0],
        effective_on=which[1],
        matters=len(catalogue.matters),
        unregistered=strangers_in(catalogue, hub.parties.party_for),
        changes=[
            ChangeView(path=each.path, turn=each.turn.value, before=each.before, after=each.after) for each in changes
        ],
    )


def _edition(record: EditionRecord) -> EditionView:
    return EditionView(
        edition=record.edition_id,
        effective_on=record.effective_on,
        proposed_at=record.proposed_at,
        proposed_by=record.proposed_by,
        published_at=record.published_at,
        published_by=record.published_by,
        changed_on=record.changed_on,
        extended=record.extended,
        closed_as=record.closed_as,
        closed_at=record.closed_at,
        closed_by=record.closed_by,
        reason=record.reason,
    )
