"""Identity 主体比对 for stewards 数据管理员: what waits for a decision, deciding it, undoing it, and its history."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import StringConstraints

from hub.api.access import IdentityCaller, TheHub
from hub.api.openapi import refusals
from hub.api.strict import StrictRoute, View, Wire, example
from hub.api.work import work
from hub.identity.model import Decision, Review, Side
from hub.identity.outlook import Sought
from hub.parties.model import Caller

router = APIRouter(tags=["identity"], route_class=StrictRoute)

ReviewId = Annotated[str, Path(pattern=r"^rev_[0-9a-z]{26}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
NO_REVIEW = "missing identity.no-such-review: There is no such review item."


class SideView(View):
    """One of the two mentions, opened for the steward."""

    subject: str
    registry: str
    export: str
    role: str
    fields: Mapping[str, Any]
    mentions: int


class ReviewView(View):
    """A pair that a steward must decide: weight by field in bits, why it is here, and what each decision would do."""

    id: str
    state: str
    left: SideView
    right: SideView
    weight: float
    weights: Mapping[str, float]
    reasons: list[str]
    effects: Mapping[str, str]
    opened_at: datetime
    model_version: str
    steward: str | None
    decided_at: datetime | None
    note: str


class DecisionWire(Wire):
    """A steward's word; it outranks the machine's for ever."""

    model_config = example(decision="different", steward="Li Hua", note="twins")

    decision: Literal["link", "different", "unsure"]
    steward: Text
    note: Annotated[str, StringConstraints(max_length=1000)] = ""


class MentionWire(Wire):
    """Somebody in one role of one record."""

    model_config = example(record="b8ZkQm1rT0u5", role="woman")

    record: Annotated[str, StringConstraints(max_length=100)]
    role: Annotated[str, StringConstraints(max_length=60)] = "self"


class SplitWire(Wire):
    """Two mentions that are one subject and must not be."""

    model_config = example(
        one={"record": "b8ZkQm1rT0u5", "role": "self"},
        other={"record": "Xw3mPq9sK2vL", "role": "man"},
        steward="Li Hua",
    )

    one: MentionWire
    other: MentionWire
    steward: Text
    note: Annotated[str, StringConstraints(max_length=1000)] = ""


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


@router.get("/v1/identity/reviews", summary="What waits for a steward", responses=refusals())
async def find_reviews(
    request: Request,
    hub: TheHub,
    caller: IdentityCaller,
    state: Literal["open", "link", "different", "unsure", "moot"] = "open",
    kind: Literal["resident", "legal_person"] | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[str, Query(max_length=40, description="Id of the last item of the page before.")] = "",
) -> list[ReviewView]:
    """Pairs side by side, those that block answers first. Needs scope `identity`."""
    del caller

    def deed() -> list[ReviewView]:
        with hub.database.reading() as session:
            found = hub.identity.reviews(session, Sought(state, kind), limit=limit, after=after)
        return [_review(each) for each in found]

    return await work(request, deed)


@router.get("/v1/identity/reviews/{review}", summary="One review item", responses=refusals(NO_REVIEW))
async def one_review(review: ReviewId, request: Request, hub: TheHub, caller: IdentityCaller) -> ReviewView:
    """Both sides opened. Needs scope `identity`."""
    del caller

    def deed() -> ReviewView:
        with hub.database.reading() as session:
            return _review(hub.identity.require_review(session, review))

    return await work(request, deed)


@router.post(
    "/v1/identity/reviews/{review}/decision",
    summary="Decide a review item",
    responses=refusals(NO_REVIEW, "conflict identity.decided-already: Somebody else decided first."),
)
async def decide(
    review: ReviewId, word: Annotated[DecisionWire, Body()], request: Request, hub: TheHub, caller: IdentityCaller
) -> ReviewView:
    """The item as decided; what follows from it is done, logged, and survives every later run of the machine."""
    steward = _steward(caller, word.steward)

    def deed() -> ReviewView:
        with hub.database.writing() as session:
            decided = hub.identity.decide(session, review, Decision(word.decision), steward=steward, note=word.note)
        return _review(decided)

    return await work(request, deed)


@router.post(
    "/v1/identity/splits",
    summary="Keep two records apart that were one",
    responses=refusals("conflict identity.not-one: The two are not one subject."),
)
async def split(
    wanted: Annotated[SplitWire, Body()], request: Request, hub: TheHub, caller: IdentityCaller
) -> dict[str, list[str]]:
    """The two subjects; the link log is replayed without the bad link, and the pair is never linked again."""
    pair = ((wanted.one.record, wanted.one.role), (wanted.other.record, wanted.other.role))
    steward = _steward(caller, wanted.steward)

    def deed() -> tuple[str, str]:
        with hub.database.writing() as session:
            return hub.identity.split(session, *pair, steward=steward, note=wanted.note)

    return {"subjects": list(await work(request, deed))}


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


@router.get("/v1/identity/figures", summary="Subjects, mentions and review items counted", responses=refusals())
async def figures(request: Request, hub: TheHub, caller: IdentityCaller) -> dict[str, dict[str, int]]:
    """Counts only. Needs scope `identity`."""
    del caller

    def deed() -> dict[str, dict[str, int]]:
        with hub.database.reading() as session:
            return {"index": hub.identity.figures(session), "reviews": hub.identity.review_counts(session)}

    return await work(request, deed)


def _steward(caller: Caller, name: str) -> str:
    return f"{caller.party.id}/{name}"


def _review(review: Review) -> ReviewView:
    return ReviewView(
        id=review.review_id,
        state=review.state,
        left=_side(review.left),
        right=_side(review.right),
        weight=review.weight,
        weights=review.weights,
        reasons=list(review.reasons),
        effects=review.effects,
        opened_at=review.opened_at,
        model_version=review.model_version,
        steward=review.steward,
        decided_at=review.decided_at,
        note=review.note,
    )


def _side(side: Side) -> SideView:
    return SideView(
        subject=side.subject_id,
        registry=side.registry,
        export=side.export,
        role=side.role,
        fields=side.fields,
        mentions=side.mentions,
    )
