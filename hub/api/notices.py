"""Notices 通知 to consumers that were shown somebody else's evidence, the list for auditors, and owners' findings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from hub.api.access import AuditCaller, ExchangeCaller, PushCaller, TheHub
from hub.api.openapi import refusals
from hub.api.registries import require_owner
from hub.api.strict import StrictRoute, View
from hub.api.work import work
from hub.exchange.recalls import Recall
from hub.identity.findings import Finding

router = APIRouter(route_class=StrictRoute)

NoticeId = Annotated[str, Path(pattern=r"^ntc_[0-9a-z]{26}$")]
Limit = Annotated[int, Query(ge=1, le=500)]
After = Annotated[str, Query(pattern=r"^(ntc_[0-9a-z]{26})?$", description="Id of the last notice of the page before.")]


class NoticeView(View):
    """Some of what an answer released was not about the person asked for: do not rely on it, and dispose of it."""

    id: str
    exchange: str
    found_at: datetime
    matter: str
    case: str
    subject: Annotated[str | None, Field(description="Your own id of whom the answer was about.")]
    items: Annotated[
        list[Mapping[str, Any]], Field(description="What was wrongly released: type, provider, role, as_of.")
    ]
    entry_id: Annotated[str, Field(description="The log entry that says so.")]
    acknowledged_at: datetime | None


class RecallView(NoticeView):
    """A wrong release with both sides: whom the request meant and whose evidence it was."""

    consumer: str
    meant_subject: str
    owner_subject: str


class FindingView(View):
    """What others contradict in one field of one record: your own value, and how many say otherwise.

    Who they are and what they say is theirs; ask for it by an objection 异议 where you need it.
    """

    code: Annotated[
        str,
        Field(
            description="contradicted-by-authority: a source that counts more says otherwise. others-disagree: your "
            "source counts most, yet others differ. listed-after-death: a death is on record."
        ),
    ]
    export: str
    record: str
    role: str
    key: str
    row: int
    field: str
    value: Any
    as_of: datetime
    against: int


class FindingsView(View):
    """A page of findings; go on with `after` = `next` until it is empty."""

    findings: list[FindingView]
    next: str


@router.get("/v1/notices", tags=["exchange"], summary="What you were told about earlier answers", responses=refusals())
async def notices(
    request: Request,
    hub: TheHub,
    caller: ExchangeCaller,
    all: Annotated[bool, Query(description="Also those acknowledged.")] = False,  # noqa: A002 - the word in the address
    limit: Limit = 100,
    after: After = "",
) -> list[NoticeView]:
    """Exchanges of yours in which evidence of somebody else was released under a link that proved wrong, oldest first.

    Needs scope `exchange`.
    """
    party = caller.party.id
    found = await work(request, hub.recalling.notices_of, party, waiting=not all, after=after, limit=limit)
    return [NoticeView(**_notice(each)) for each in found]


@router.post(
    "/v1/notices/{notice}/acknowledgement",
    tags=["exchange"],
    summary="Say that you know",
    responses=refusals("exchange.no-such-notice"),
)
async def acknowledge(notice: NoticeId, request: Request, hub: TheHub, caller: ExchangeCaller) -> NoticeView:
    """The notice waits no longer; it stands in the log. Saying so again changes nothing. Needs scope `exchange`."""
    return NoticeView(**_notice(await work(request, hub.recalling.acknowledge, caller.party.id, notice)))


@router.get(
    "/v1/recalls", tags=["audit"], summary="Evidence released under a link that proved wrong", responses=refusals()
)
async def recalls(
    request: Request,
    hub: TheHub,
    caller: AuditCaller,
    consumer: Annotated[str | None, Query(pattern=r"^[!-~]{1,100}$")] = None,
    waiting: Annotated[bool, Query(description="Only those that the consumer has not acknowledged.")] = False,
    limit: Limit = 100,
    after: After = "",
) -> list[RecallView]:
    """Every wrong release, the oldest first: exchange, consumer, items, and whether the consumer knows.

    Needs scope `audit`.
    """
    del caller
    found = await work(request, hub.recalling.recalls, consumer=consumer, waiting=waiting, after=after, limit=limit)
    return [
        RecallView(
            **_notice(each), consumer=each.consumer, meant_subject=each.meant_subject, owner_subject=each.owner_subject
        )
        for each in found
    ]


@router.get(
    "/v1/registries/{registry}/findings",
    tags=["registries"],
    summary="Where your records are contradicted",
    responses=refusals(
        "intake.not-your-registry",
        "identity.no-such-place",
    ),
)
async def findings(
    registry: str,
    request: Request,
    hub: TheHub,
    caller: PushCaller,
    limit: Limit = 100,
    after: Annotated[str, Query(pattern=r"^[ -~]{0,64}$", description="`next` of the page before.")] = "",
) -> FindingsView:
    """For the owner's eyes: record by record the fields on which sources differ, without what the others say.

    A page holds at least `limit` findings where there are as many. Needs scope `push` of the registry's department.
    """
    require_owner(caller, registry)

    def deed() -> tuple[list[Finding], str]:
        with hub.database.reading() as session:
            return hub.identity.findings(session, registry, after=after, limit=limit)

    found, place = await work(request, deed)
    return FindingsView(findings=[_finding(each) for each in found], next=place)


def _notice(recall: Recall) -> dict[str, Any]:
    return {
        "id": recall.notice_id,
        "exchange": recall.exchange_id,
        "found_at": recall.found_at,
        "matter": recall.matter,
        "case": recall.case_ref,
        "subject": recall.pairwise,
        "items": recall.items,
        "entry_id": recall.entry_id,
        "acknowledged_at": recall.acknowledged_at,
    }


def _finding(finding: Finding) -> FindingView:
    return FindingView(
        code=finding.found.code,
        export=finding.export,
        record=finding.record,
        role=finding.role,
        key=finding.key,
        row=finding.row,
        field=finding.found.field,
        value=finding.found.value,
        as_of=finding.as_of,
        against=finding.found.against,
    )
