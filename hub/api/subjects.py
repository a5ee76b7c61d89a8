"""What a subject may see 查询记录, through the portal that identified it; and the authority's orders about it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Request
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from hub.api.access import OrdersCaller, TheHub, ViewCaller
from hub.api.auditing import DeferralMade, DeferralView
from hub.api.openapi import refusals
from hub.api.strict import StrictRoute, Wire, example
from hub.api.work import work
from hub.api.written import Day, Instant
from hub.errors import Malformed
from hub.exchange.service.erasing import told
from hub.identity.model import IdentityQuery

router = APIRouter(tags=["subjects"], route_class=StrictRoute)

Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]
DeferralId = Annotated[str, Path(pattern=r"^def_[0-9a-z]{26}$")]


class SubjectWire(Wire):
    """Whom a portal has identified: a number, and the name or birth date that must agree with it."""

    model_config = example(kind="resident", number="11010519491231002X", name="张三", birth_date="1949-12-31")

    kind: Literal["resident", "legal_person"]
    number: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    birth_date: Day | None = None

    def query(self) -> IdentityQuery:
        """The person as identity looks it up."""
        born = self.birth_date.isoformat() if self.birth_date else None
        return IdentityQuery(self.kind, self.number, self.name, born)


class LookWire(Wire):
    """Whose view, and after which line of each chain, when earlier lines are at hand."""

    model_config = example(person={"kind": "resident", "number": "11010519491231002X", "name": "张三"}, after={})

    person: SubjectWire
    after: Mapping[Annotated[str, StringConstraints(max_length=64)], Annotated[int, Field(ge=0, le=2**31)]] | None = (
        None
    )


class DeferralWire(Wire):
    """Which case's exchanges their subjects do not see, until when, on which basis."""

    model_config = example(
        consumer="svc:low-income-aid", case="2026-0001", until="2026-06-01T00:00:00+08:00", basis="《监察法》第三十九条"
    )

    consumer: Text
    case: Text
    until: Instant
    basis: Text


class ErasureWire(Wire):
    """Whose content is erased, as far as it is older than ``before``, on which basis; the person or an exchange."""

    model_config = example(
        person={"kind": "resident", "number": "11010519491231002X", "name": "张三"},
        before="2023-01-01T00:00:00+08:00",
        basis="《个人信息保护法》第四十七条",
    )

    person: SubjectWire | None = None
    exchange: Annotated[str, StringConstraints(pattern=r"^xch_[0-9a-z]{26}$")] | None = None
    before: Instant
    basis: Text

    @model_validator(mode="after")
    def _one_of_both(self) -> "ErasureWire":
        if (self.person is None) == (self.exchange is None):
            raise PydanticCustomError("person-or-exchange", "one of both")
        return self


@router.post(
    "/v1/subjects/accesses",
    summary="Who looked at my data, when, why",
    responses=refusals(
        "exchange.view-under-review",
        "audit.no-receipt-yet",
    ),
)
async def accesses(
    wanted: Annotated[LookWire, Body()], request: Request, hub: TheHub, caller: ViewCaller
) -> dict[str, Any]:
    """The subject's view, sealed by the hub, with the entry, salt and receipt of each line; no chain for nobody known.

    `hub view verify` checks it offline. At most 200 lines of each chain; ask on with `after`: {chain: last number}. The
    look is logged, and is a line of the next view. Needs scope `view`, which portals 政务服务门户 have.
    """
    return await work(request, hub.views.open, wanted.person.query(), by=caller.party.id, after=wanted.after)


@router.post(
    "/v1/deferrals",
    summary="Keep the exchanges of a case out of their subjects' view for a time",
    status_code=201,
    responses=refusals(
        "exchange.deferral-until",
        "exchange.deferral-too-long",
        "parties.unknown",
    ),
)
async def defer(
    wanted: Annotated[DeferralWire, Body()], request: Request, hub: TheHub, caller: OrdersCaller
) -> DeferralMade:
    """For an inspection under way, on a stated basis; ordered anew it is extended, within the hub's limit. Logged.

    The view shows that a line is withheld, and nothing else of it. `exchanges` says how many of the case there are so
    far; none where some were asked means that the case has another number. Needs scope `orders`: the authority 主管部门
    alone.
    """
    made = await work(
        request,
        hub.deferrals.order,
        wanted.consumer,
        wanted.case,
        until=wanted.until,
        basis=wanted.basis,
        by=caller.party.id,
    )
    return DeferralMade(**made.line(), exchanges=made.exchanges)


@router.post(
    "/v1/deferrals/{deferral}/end",
    summary="End the secrecy of a case before its time",
    responses=refusals(
        "exchange.no-such-deferral",
        "exchange.deferral-over",
    ),
)
async def end_deferral(deferral: DeferralId, request: Request, hub: TheHub, caller: OrdersCaller) -> DeferralView:
    """Every order about that case ends now. Logged. Left alone, it ends by itself at its instant."""
    return DeferralView(**(await work(request, hub.deferrals.end, deferral, by=caller.party.id)).line())


@router.post(
    "/v1/erasures",
    summary="Erase what was said about a subject",
    responses=refusals(
        "exchange.erasure-order",
        "exchange.erasure-nobody",
    ),
)
async def erase(
    wanted: Annotated[ErasureWire, Body()], request: Request, hub: TheHub, caller: OrdersCaller
) -> dict[str, int]:
    """Payloads and salts are gone, the log stays whole, and the subject's view says that they were erased."""
    whom = wanted.person.query() if wanted.person else wanted.exchange
    if whom is None:
        raise Malformed("api.wrong-fields", "Name the person or the exchange.", "请写明人员或交换编号。")
    return told(
        await work(request, hub.erasures.erase, whom, before=wanted.before, basis=wanted.basis, by=caller.party.id)
    )
