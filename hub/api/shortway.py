"""The short way 直达 to the exchange: the call made most often does not pass the framework's routing."""

from typing import Final

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.api import exchange

ROUTE: Final = next(
    route for route in exchange.router.routes if isinstance(route, APIRoute) and route.endpoint is exchange.exchange
)


class ShortWay:
    """ASGI middleware: `POST /v1/exchange` goes to its own endpoint, everything else on through the application.

    The endpoint takes the request alone, so that there is nothing for the framework to find out about it. Measured: the
    long way costs as much processor time as deciding does.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers the call, or lets it through."""
        if scope["type"] != "http" or scope["path"] != ROUTE.path or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        scope["route"] = ROUTE
        answer = await exchange.exchange(Request(scope, receive))
        await answer(scope, receive, send)
