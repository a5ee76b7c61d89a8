"""For auditors 审计员: exchanges searched, unusual patterns flagged, exports with a logged digest; read only."""

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import StringConstraints

from hub.api.access import AuditCaller, TheHub
from hub.api.openapi import refusals
from hub.api.strict import StrictRoute, View, Wire, example
from hub.api.work import work
from hub.api.written import Instant
from hub.exchange.flags import rules_document
from hub.exchange.searching import MOST, PAGE, Search, search_for

router = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=StrictRoute)

Code = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Asked = Annotated[str | None, Query(max_length=300, pattern=r"^[^\x00-\x1f]+$")]
Moment = Annotated[Instant | None, Query(description="With its offset, such as 2026-03-01T08:00:00%2B08:00.")]
WRONG_PERIOD = "exchange.search-period"
TOO_WIDE = "exchange.search-too-wide"


class ExchangeLine(View):
    """One exchange: codes, the consumer's own id of the person, the officer's pseudonym, the log entry."""

    exchange: str
    at: str
    consumer: str
    matter: str
    case: str
    outcome: str
    reason: str | None
    types: list[str]
    providers: list[str]
    pairwise: str | None
    officer: str
    entry: str
    erased_by: str | None


class ExchangePage(View):
    """A page, the newest first; ``next`` asks for the following one as ``after``."""

    exchanges: list[ExchangeLine]
    next: str | None


class FlagLine(View):
    """One unusual pattern with the rule's sentence in both languages; it says what to look at, not who is guilty."""

    rule: str
    en: str
    zh: str
    consumer: str
    officer: str | None
    pairwise: str | None
    type: str | None
    since: str
    until: str
    count: int
    exchanges: list[str]


class FlagPage(View):
    """What the rules found; ``is_cut``: there is more, narrow the search."""

    flags: list[FlagLine]
    is_cut: bool


class DeferralView(View):
    """An order that keeps the exchanges of a case out of their subjects' view; its basis is committed to in the log."""

    deferral: str
    consumer: str
    case: str
    until: str
    ordered_at: str
    ordered_by: str
    ended_at: str | None
    entry: str


class DeferralMade(DeferralView):
    """An order as it was taken; ``exchanges``: how many of the case there are so far."""

    exchanges: int


class ExportWire(Wire):
    """What to export, and how; the period has to be named."""

    model_config = example(
        format="csv",
        since="2026-03-01T00:00:00+08:00",
        until="2026-04-01T00:00:00+08:00",
        consumer="svc:low-income-aid",
    )

    format: Literal["csv", "parquet"]
    since: Instant
    until: Instant
    consumer: Code | None = None
    provider: Code | None = None
    matter: Code | None = None
    case: Code | None = None
    outcome: Code | None = None
    pairwise: Code | None = None
    type: Code | None = None


async def asked(
    hub: TheHub,
    since: Moment = None,
    until: Moment = None,
    consumer: Asked = None,
    provider: Asked = None,
    matter: Asked = None,
    case: Asked = None,
    outcome: Asked = None,
    pairwise: Asked = None,
    kind: Annotated[str | None, Query(alias="type", max_length=300, pattern=r"^[^\x00-\x1f]+$")] = None,
) -> Search:
    """The search that the query describes; the last thirty days unless it names a period."""
    return _search(
        hub,
        (since, until),
        consumer=consumer,
        provider=provider,
        matter=matter,
        case=case,
        outcome=outcome,
        pairwise=pairwise,
        type=kind,
    )


def _search(hub: TheHub, period: tuple[datetime | None, datetime | None], **criteria: str | None) -> Search:
    return search_for(period, hub.clock.now(), **criteria)


TheSearch = Annotated[Search, Depends(asked)]


@router.get("/exchanges", summary="Search exchanges", responses=refusals(WRONG_PERIOD, TOO_WIDE))
async def exchanges(
    request: Request,
    hub: TheHub,
    caller: AuditCaller,
    search: TheSearch,
    after: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = PAGE,
) -> ExchangePage:
    """By consumer, provider, matter, case, period, outcome, type, pairwise id. Needs scope `audit`."""
    del caller
    page = await work(request, hub.search.page, search, after=after, limit=limit)
    return ExchangePage(exchanges=[ExchangeLine(**each.line()) for each in page.found], next=page.next)


@router.get("/flags", summary="Unusual patterns", responses=refusals(WRONG_PERIOD, TOO_WIDE))
async def flags(request: Request, hub: TheHub, caller: AuditCaller, search: TheSearch) -> FlagPage:
    """By the stated rules, in the period, of one consumer when it is named; other criteria are not applied."""
    del caller
    found = await work(request, hub.search.flags, search)
    return FlagPage(flags=[FlagLine(**each.line()) for each in found.flags], is_cut=found.is_cut)


@router.get("/flag-rules", summary="The rules by which patterns are flagged", responses=refusals())
async def flag_rules(hub: TheHub, caller: AuditCaller) -> dict[str, Any]:
    """As data: what is counted, for whom, in which time, and how much is unusual."""
    del caller
    return rules_document(hub.search.rules)


@router.get("/deferrals", summary="Orders that keep exchanges out of their subjects' view", responses=refusals())
async def deferrals(request: Request, hub: TheHub, caller: AuditCaller) -> list[DeferralView]:
    """The newest first, those that are over included."""
    del caller
    return [DeferralView(**each.line()) for each in await work(request, hub.deferrals.find)]


@router.post(
    "/exports",
    summary="Export what a search finds",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The file; `content-digest` (RFC 9530) is its SHA-256, `x-log-entry` names it",
            "content": {"text/csv": {}, "application/vnd.apache.parquet": {}},
        },
        **refusals(WRONG_PERIOD, TOO_WIDE, "audit.no-receipt-yet"),
    },
)
async def export(
    wanted: Annotated[ExportWire, Body()], request: Request, hub: TheHub, caller: AuditCaller
) -> StreamingResponse:
    """CSV or Parquet, the oldest exchange first. That it was taken, by whom, and the file's digest are in the log."""
    criteria = wanted.model_dump(exclude={"format", "since", "until"})
    search = _search(hub, (wanted.since, wanted.until), **criteria)
    made = await work(request, hub.search.export, search, wanted.format, by=caller.party.id)
    headers = {
        "content-digest": f"sha-256=:{b64encode(made.digest).decode()}:",
        "content-length": str(made.size),
        "content-disposition": f'attachment; filename="exchanges.{wanted.format}"',
        "x-log-entry": made.entry_id,
        "x-rows": str(made.rows),
    }
    return StreamingResponse(made.portions(), media_type=made.media_type, headers=headers)
