"""Whose a record was and why, what is best known of a subject 主数据, and what its registries said over time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request
from pydantic import Field

from hub.api.access import IdentityCaller, TheHub
from hub.api.openapi import refusals
from hub.api.review_views import MentionWire
from hub.api.strict import StrictRoute, View, example
from hub.api.work import work
from hub.api.written import Instant
from hub.errors import Missing
from hub.identity.model import GoldenValue
from hub.identity.service.belonging import Belonging

router = APIRouter(tags=["identity"], route_class=StrictRoute)

SubjectId = Annotated[str, Path(pattern=r"^sub_[0-9a-z]{26}$")]
NO_SUBJECT = "identity.no-such-subject"


class MomentWire(MentionWire):
    """Somebody in one role of one record, at an instant; none: now."""

    model_config = example(record="b8ZkQm1rT0u5", role="woman", at="2026-11-01T00:00:00+08:00")

    at: Instant | None = None


class LinkView(View):
    """One line of the link log 比对日志."""

    link_id: str
    at: datetime
    action: str
    subject_id: str
    from_subject: str | None
    method: str
    weight: float | None
    weights: Mapping[str, float]
    reasons: list[str]
    model_version: str
    actor: str
    note: Annotated[str, Field(description="A steward's, where the subject's history was asked for; it is logged.")]


class BelongingView(View):
    """Whom the record belonged to then: the line of the log in force, what it followed from, and who answers today."""

    subject: str
    line: LinkView
    because: list[LinkView]
    answered_by: str


class OtherView(View):
    """A value that contradicts the best-known one, and the registry that says so."""

    registry: str
    value: Any


class GoldenView(View):
    """The best-known value of one field: from where, when it was said there, and what others say against it."""

    field: str
    value: Any
    registry: str
    export: str
    as_of: datetime
    authority: Annotated[
        int, Field(description="The place of the source among the authorities for the field; 0 leads.")
    ]
    others: list[OtherView]


class SubjectView(View):
    """A subject as best known."""

    subject: Annotated[str, Field(description="The id that answers today.")]
    aliases: Annotated[list[str], Field(description="Every id that it answers for, its own among them.")]
    golden: list[GoldenView]


class SaidView(View):
    """What one version of one record said of the subject, from when until when it was in force here."""

    registry: str
    export: str
    record: str
    role: str
    type: str
    status: str
    said_at: Annotated[datetime, Field(description="When the registry was read.")]
    ended_at: datetime | None
    reason: str
    fields: Mapping[str, Any]


class ChronicleView(View):
    """Everything about a subject over time: what its registries said, and how its records came to it."""

    subject: str
    aliases: list[str]
    said: list[SaidView]
    links: list[LinkView]


@router.post("/v1/identity/history", summary="How a record came to its subject", responses=refusals())
async def history(
    wanted: Annotated[MentionWire, Body()], request: Request, hub: TheHub, caller: IdentityCaller
) -> list[LinkView]:
    """Every line of the link log about the mention, the oldest first: weight by field, model version, actor."""
    del caller

    def deed() -> list[LinkView]:
        with hub.database.reading() as session:
            found = hub.identity.history(session, wanted.record, wanted.role)
        return [LinkView.model_validate(each) for each in found]

    return await work(request, deed)


@router.post(
    "/v1/identity/owner",
    summary="Whose a record was at an instant, and why",
    responses=refusals("identity.nobodys"),
)
async def owner(
    wanted: Annotated[MomentWire, Body()], request: Request, hub: TheHub, caller: IdentityCaller
) -> BelongingView:
    """The subject, the line of the link log that says so, and the join or split that it followed from."""
    del caller

    def deed() -> BelongingView:
        with hub.database.reading() as session:
            found = hub.identity.whose(session, wanted.record, wanted.role, wanted.at or hub.clock.now())
        if found is None:
            raise Missing(
                "identity.nobodys",
                "The record was not here at that time, or had been withdrawn.",
                "当时枢纽没有这条登记信息，或已被撤回。",
            )
        return _belonging(found)

    return await work(request, deed)


@router.get(
    "/v1/identity/subjects/{subject}", summary="What is best known of a subject", responses=refusals(NO_SUBJECT)
)
async def best_known(subject: SubjectId, request: Request, hub: TheHub, caller: IdentityCaller) -> SubjectView:
    """Field by field from the most authoritative, then freshest source. The reading stands in the log."""

    def deed() -> SubjectView:
        with hub.database.writing() as session:
            answering, aliases = hub.identity.require_subject(session, subject)
            golden = hub.identity.golden(session, answering)
            hub.identity.note_subject_reading(session, answering, reader=caller.party.id)
        return SubjectView(subject=answering, aliases=aliases, golden=[_golden(each) for each in golden])

    return await work(request, deed)


@router.get(
    "/v1/identity/subjects/{subject}/history",
    summary="A subject over time: numbers, names, death and what became of its records",
    responses=refusals(NO_SUBJECT),
)
async def chronicle(subject: SubjectId, request: Request, hub: TheHub, caller: IdentityCaller) -> ChronicleView:
    """Every version of every record about the subject, the oldest first, also those withdrawn, replaced or taken back.

    So a corrected or reissued number, a changed name, a death and its reversal, or a cancelled organisation show with
    the day from which each was so. The reading stands in the log.
    """

    def deed() -> ChronicleView:
        with hub.database.writing() as session:
            answering, aliases = hub.identity.require_subject(session, subject)
            said = hub.chronicle.of(session, aliases)
            links = hub.identity.history_of_subject(session, answering, opened=True)
            hub.identity.note_subject_reading(session, answering, reader=caller.party.id)
        return ChronicleView(
            subject=answering,
            aliases=aliases,
            said=[SaidView.model_validate(each) for each in said],
            links=[LinkView.model_validate(each) for each in links],
        )

    return await work(request, deed)


@router.get("/v1/identity/figures", summary="Subjects, mentions and review items counted", responses=refusals())
async def figures(request: Request, hub: TheHub, caller: IdentityCaller) -> dict[str, dict[str, int]]:
    """Counts only. Needs scope `identity`."""
    del caller

    def deed() -> dict[str, dict[str, int]]:
        with hub.database.reading() as session:
            return {"index": hub.identity.figures(session), "reviews": hub.identity.review_counts(session)}

    return await work(request, deed)


def _belonging(found: Belonging) -> BelongingView:
    return BelongingView(
        subject=found.line.subject_id,
        line=LinkView.model_validate(found.line),
        because=[LinkView.model_validate(each) for each in found.because],
        answered_by=found.answered_by,
    )


def _golden(value: GoldenValue) -> GoldenView:
    return GoldenView(
        field=value.field,
        value=value.value,
        registry=value.registry,
        export=value.export,
        as_of=value.as_of,
        authority=value.authority,
        others=[OtherView(registry=registry, value=other) for registry, other in value.others],
    )
