"""Who is calling: an access token in the Authorization header, checked for the scope that a call needs."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from hub.api.rooms import Hub
from hub.api.work import work
from hub.errors import Malformed, Refused
from hub.parties.model import Caller, Scope
from hub.parties.tokens import bearer_token

scheme = HTTPBearer(
    auto_error=False,
    scheme_name="access-token",
    description="A short token from `POST /oauth/token` (client credentials with `private_key_jwt`).",
)


async def hub_of(request: Request) -> Hub:
    """The hub that this application serves; `async`, since the framework would run a plain function on a thread."""
    hub: Hub = request.app.state.hub
    return hub


TheHub = Annotated[Hub, Depends(hub_of)]


def caller_with(scope: Scope) -> Callable[..., Any]:
    """A dependency: the caller, whose token opens ``scope``."""

    async def caller(request: Request, hub: TheHub, _shown: Annotated[object, Depends(scheme)]) -> Caller:
        found = await work(request, _verified, hub, request.headers.get("authorization"), scope)
        request.state.party = found.party.id
        return found

    return caller


def _verified(hub: Hub, header: str | None, scope: Scope) -> Caller:
    token = bearer_token(header)
    try:
        return hub.tokens.verify(token, scope)
    except Malformed as fault:
        raise _bad_token(fault.code) from None
    except Refused as fault:
        if fault.code.startswith("proof."):
            raise _bad_token(fault.code) from None
        raise


def _bad_token(reason: str) -> Refused:
    return Refused(
        "api.bad-token",
        "The access token is not one of this hub or has expired; ask for a new one.",
        "访问令牌无效或已过期；请重新申请。",
        reason=reason,
    )


PushCaller = Annotated[Caller, Depends(caller_with(Scope.push))]
CaseCaller = Annotated[Caller, Depends(caller_with(Scope.cases))]
ExchangeCaller = Annotated[Caller, Depends(caller_with(Scope.exchange))]
AuditCaller = Annotated[Caller, Depends(caller_with(Scope.audit))]
IdentityCaller = Annotated[Caller, Depends(caller_with(Scope.identity))]
CatalogueCaller = Annotated[Caller, Depends(caller_with(Scope.catalogue))]
ViewCaller = Annotated[Caller, Depends(caller_with(Scope.view))]
OrdersCaller = Annotated[Caller, Depends(caller_with(Scope.orders))]
