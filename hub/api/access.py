"""Who is calling: an access token in the Authorization header, checked for the scope that a call needs."""

import time
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
        header, memory = request.headers.get("authorization"), request.app.state.callers
        found: Caller | None = memory.caller_for(header, scope)
        if found is None:
            found = await work(request, _verified, hub, header, scope)
            memory.keep(header, found)
        request.state.party = found.party.id
        return found

    return caller


class CallerMemory:
    """Whose token was verified within the last second: that long a suspended party may still be let in here."""

    def __init__(self, seconds: float = 1.0, most: int = 10_000) -> None:
        self._seconds = seconds
        self._most = most
        self._known: dict[str, tuple[float, Caller]] = {}

    def caller_for(self, header: str | None, scope: Scope) -> Caller | None:
        """The caller behind that header when it was seen just now and opens ``scope``, else None."""
        until, caller = self._known.get(header or "", (0.0, None))
        return caller if caller and scope in caller.scopes and time.monotonic() < until else None

    def keep(self, header: str | None, caller: Caller) -> None:
        """The caller is known for a moment."""
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[header or ""] = (time.monotonic() + self._seconds, caller)


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
case_caller = caller_with(Scope.cases)
CaseCaller = Annotated[Caller, Depends(case_caller)]
ExchangeCaller = Annotated[Caller, Depends(caller_with(Scope.exchange))]
AuditCaller = Annotated[Caller, Depends(caller_with(Scope.audit))]
IdentityCaller = Annotated[Caller, Depends(caller_with(Scope.identity))]
CatalogueCaller = Annotated[Caller, Depends(caller_with(Scope.catalogue))]
ViewCaller = Annotated[Caller, Depends(caller_with(Scope.view))]
OrdersCaller = Annotated[Caller, Depends(caller_with(Scope.orders))]
