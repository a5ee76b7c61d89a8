"""Review 人工复核 for stewards: what waits, both sides field by field, what each choice would do, deciding."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path, Query, Request

from hub.api.access import IdentityCaller, TheHub
from hub.api.openapi import refusals
from hub.api.review_views import (
    DecisionWire,
    ItemView,
    JoinWire,
    PairWire,
    ReviewView,
    item_view,
    review_view,
)
from hub.api.strict import StrictRoute
from hub.api.work import work
from hub.api.written import Instant
from hub.identity.model import Decision
from hub.identity.outlook import Sought
from hub.parties.model import Caller

router = APIRouter(tags=["identity"], route_class=StrictRoute)

CODE = r"^[a-z][a-z_]{0,39}$"
ITEM_OR_NONE = r"^(rev_[0-9a-z]{26})?$"
ReviewId = Annotated[str, Path(pattern=r"^rev_[0-9a-z]{26}$")]
NO_REVIEW = "identity.no-such-review"
RECORD_GONE = "identity.record-gone"
ONE_AND_THE_SAME = "identity.one-and-the-same"
KEPT_APART = "identity.kept-apart"


@router.get("/v1/identity/reviews", summary="What waits for a steward", responses=refusals())
async def find_reviews(
    request: Request,
    hub: TheHub,
    caller: IdentityCaller,
    state: Literal["open", "link", "different", "unsure", "moot"] = "open",
    kind: Literal["resident", "legal_person"] | None = None,
    registry: Annotated[str | None, Query(pattern=CODE, description="One of the two records is of it.")] = None,
    opened_from: Instant | None = None,
    opened_until: Instant | None = None,
    least_weight: Annotated[float | None, Query(allow_inf_nan=False, description="In bits.")] = None,
    most_weight: Annotated[float | None, Query(allow_inf_nan=False, description="In bits.")] = None,
    codes: Annotated[bool, Query(description="Leave out what the records say of people.")] = False,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[str, Query(pattern=ITEM_OR_NONE, description="Id of the last item of the page before.")] = "",
) -> list[ReviewView]:
    """Pairs side by side, those that block answers first, then the oldest. Needs scope `identity`.

    Who was shown people's data stands in the log; with `codes` nothing of it is opened, and nothing logged.
    """
    sought = Sought(state, kind, registry, opened_from, opened_until, least_weight, most_weight)

    def deed() -> list[ReviewView]:
        with hub.database.reading() if codes else hub.database.writing() as session:
            found = hub.identity.reviews(session, sought, limit=limit, after=after, opened=not codes)
            if not codes:
                hub.identity.note_reading(session, [each.review_id for each in found], reader=caller.party.id)
        return [review_view(each) for each in found]

    return await work(request, deed)


@router.get("/v1/identity/reviews/{review}", summary="One review item", responses=refusals(NO_REVIEW))
async def one_review(review: ReviewId, request: Request, hub: TheHub, caller: IdentityCaller) -> ItemView:
    """Both sides opened, and what each choice would do now: to evidence, open cases and ids in consumers' files.

    `outlook.refusal` says why a choice is not open. Who was shown the item stands in the log. Needs scope `identity`.
    """

    def deed() -> ItemView:
        with hub.database.writing() as session:
            found = hub.identity.require_review(session, review)
            foreseen = hub.foresight.foresee(session, review)
            hub.identity.note_reading(session, [review], reader=caller.party.id)
        return item_view(found, foreseen)

    return await work(request, deed)


@router.post(
    "/v1/identity/reviews/{review}/decision",
    summary="Decide a review item",
    responses=refusals(
        NO_REVIEW,
        RECORD_GONE,
        "identity.decided-already",
        KEPT_APART,
    ),
)
async def decide(
    review: ReviewId, word: Annotated[DecisionWire, Body()], request: Request, hub: TheHub, caller: IdentityCaller
) -> ReviewView:
    """The item as decided; what follows from it is done, logged, and survives every later run of the machine."""
    steward = _steward(caller, word.steward)

    def deed() -> ReviewView:
        with hub.database.writing() as session:
            decided = hub.identity.decide(session, review, Decision(word.decision), steward=steward, note=word.note)
        return review_view(decided)

    return await work(request, deed)


@router.post(
    "/v1/identity/joins",
    summary="Make two records one subject's",
    responses=refusals(ONE_AND_THE_SAME, RECORD_GONE, KEPT_APART),
)
async def join(
    wanted: Annotated[JoinWire, Body()], request: Request, hub: TheHub, caller: IdentityCaller
) -> dict[str, str]:
    """The one subject; the older id answers, the other redirects, and no later run of the machine undoes it.

    With `overrule` an earlier word that these very two are different is taken back.
    """

    def deed() -> str:
        with hub.database.writing() as session:
            steward = _steward(caller, wanted.steward)
            return hub.identity.join(
                session, *_pair(wanted), steward=steward, note=wanted.note, overrule=wanted.overrule
            )

    return {"subject": await work(request, deed)}


@router.post(
    "/v1/identity/splits",
    summary="Keep two records apart that were one",
    responses=refusals(ONE_AND_THE_SAME, RECORD_GONE, "identity.not-one"),
)
async def split(
    wanted: Annotated[PairWire, Body()], request: Request, hub: TheHub, caller: IdentityCaller
) -> dict[str, list[str]]:
    """The two subjects; the link log is replayed without the bad link, and the pair is never linked again.

    Evidence and open cases follow. Consumers that were shown a stranger's evidence find a notice at `/v1/notices`.
    """

    def deed() -> tuple[str, str]:
        with hub.database.writing() as session:
            steward = _steward(caller, wanted.steward)
            return hub.identity.split(session, *_pair(wanted), steward=steward, note=wanted.note)

    return {"subjects": list(await work(request, deed))}


def _pair(wanted: PairWire) -> tuple[tuple[str, str], tuple[str, str]]:
    return (wanted.one.record, wanted.one.role), (wanted.other.record, wanted.other.role)


def _steward(caller: Caller, name: str) -> str:
    return f"{caller.party.id}/{name}"
