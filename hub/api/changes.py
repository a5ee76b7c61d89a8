"""Change sets 变更集 of bulk runs: what a run would change in the index, applied or thrown away by a steward."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import Field

from hub.api.access import IdentityCaller, TheHub
from hub.api.openapi import refusals
from hub.api.review_views import Text
from hub.api.strict import StrictRoute, View, Wire, example
from hub.api.work import work
from hub.parties.model import Caller

if TYPE_CHECKING:
    from hub.identity.service.changes import ChangeSet

router = APIRouter(
    prefix="/v1/identity/changes",
    tags=["identity"],
    route_class=StrictRoute,
)

ChangeId = Annotated[str, Path(pattern=r"^chg_[0-9a-z]{26}$")]
NO_SUCH: Final = "identity.no-such-changes"
DECIDED: Final = "identity.changes-decided"


class StewardWire(Wire):
    """Who signs."""

    model_config = example(steward="Li Hua")

    steward: Text


class ChangeSetView(View):
    """A change set counted: what it would join, split and have reviewed, and what was skipped when it was applied."""

    id: str
    state: str
    models: Sequence[str]
    counts: Mapping[str, int]
    skipped: int
    proposed_at: datetime
    decided_at: datetime | None
    steward: str | None


class ChangesView(ChangeSetView):
    """A change set with a page of its items; they name records by opaque ids and hold nothing about people."""

    items: Annotated[
        list[Mapping[str, Any]],
        Field(description="what (join, split, review), pair (mentions), subjects, method, weight in bits."),
    ]
    skipped_items: Annotated[list[Mapping[str, Any]], Field(description="Items with `why` they were not done.")]


@router.get("", summary="What bulk runs proposed", responses=refusals())
async def find(
    request: Request, hub: TheHub, caller: IdentityCaller, limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> list[ChangeSetView]:
    """The change sets, the youngest first. `hub identity` proposes one. Needs scope `identity`."""
    del caller
    found = await work(request, hub.identity.changes.find, limit)
    return [ChangeSetView(**_counted(each)) for each in found]


@router.get("/{change}", summary="One change set, item by item", responses=refusals(NO_SUCH))
async def show(
    change: ChangeId,
    request: Request,
    hub: TheHub,
    caller: IdentityCaller,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> ChangesView:
    """A page of what would be joined, split or reviewed, and of what was skipped. Needs scope `identity`."""
    del caller
    found = await work(request, hub.identity.changes.require, change)
    page = slice(offset, offset + limit)
    return ChangesView(**_counted(found), items=list(found.items[page]), skipped_items=list(found.skipped[page]))


@router.post("/{change}/application", summary="Do what a change set says", responses=refusals(NO_SUCH, DECIDED))
async def apply(
    change: ChangeId, word: Annotated[StewardWire, Body()], request: Request, hub: TheHub, caller: IdentityCaller
) -> ChangeSetView:
    """Everything in one transaction, but for what has changed since: that is skipped, and says why.

    Evidence and open cases follow, and consumers that were shown a stranger's evidence find a notice. The same steward
    may send it again when no answer came: it is done once.
    """
    steward = _steward(caller, word)
    return ChangeSetView(**_counted(await work(request, hub.identity.changes.apply, change, steward)))


@router.post("/{change}/discarding", summary="Throw a change set away", responses=refusals(NO_SUCH, DECIDED))
async def discard(
    change: ChangeId, word: Annotated[StewardWire, Body()], request: Request, hub: TheHub, caller: IdentityCaller
) -> ChangeSetView:
    """Nothing of it is done. Needs scope `identity`."""
    steward = _steward(caller, word)
    return ChangeSetView(**_counted(await work(request, hub.identity.changes.discard, change, steward)))


def _steward(caller: Caller, word: StewardWire) -> str:
    return f"{caller.party.id}/{word.steward}"


def _counted(found: "ChangeSet") -> dict[str, Any]:
    return {
        "id": found.change_id,
        "state": found.state,
        "models": found.models,
        "counts": found.counts,
        "skipped": len(found.skipped),
        "proposed_at": found.proposed_at,
        "decided_at": found.decided_at,
        "steward": found.steward,
    }
