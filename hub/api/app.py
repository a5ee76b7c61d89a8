"""The HTTP interface 接口: one application over one hub; its routers parse, call and shape, and decide nothing."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from hub.api import (
    applications,
    auditing,
    cases,
    catalogue,
    changes,
    events,
    exchange,
    grants,
    health,
    histories,
    log,
    mandates,
    materials,
    notices,
    objections,
    parties,
    proposals,
    registries,
    reviews,
    statuses,
    subjects,
    supervision,
    supplies,
)
from hub.api.access import CallerMemory
from hub.api.doorkeeper import Doorkeeper
from hub.api.lane import Lane
from hub.api.limits import Limits
from hub.api.metrics import Metrics
from hub.api.openapi import with_problem_schema
from hub.api.problems import answer_fault
from hub.api.rooms import Hub
from hub.api.shortway import ShortWay
from hub.console.pages import verifier_pages
from hub.errors import HubError

ROUTERS: Final[tuple[APIRouter, ...]] = (
    exchange.router,
    cases.router,
    materials.router,
    objections.router,
    applications.router,
    grants.router,
    supplies.router,
    parties.router,
    registries.router,
    statuses.router,
    catalogue.router,
    proposals.router,
    events.router,
    mandates.router,
    supervision.router,
    notices.router,
    reviews.router,
    changes.router,
    histories.router,
    auditing.router,
    subjects.router,
    log.router,
    health.router,
)
"""Addresses are tried in this order: those asked most often come first."""
DESCRIPTION: Final = """\
Departments push signed evidence 凭证 of what their registries hold. Approval services open a case 办件, read what its
applicant need not bring 免提交, and ask for the rest of the evidence with a signed request. Every answer is signed,
discloses the least a grant 共享授权 allows, and carries a receipt 回执 that it stands in the public log.

Refusals are `application/problem+json` (RFC 9457) with a stable `code`, a sentence in English (`detail`) and in
Chinese (`detail_zh`). Names and numbers of people travel in bodies only, never in an address.
"""


def application(hub: Callable[[], Hub], limits: Limits, *, several_processes: bool = False) -> FastAPI:
    """The ASGI application over the hub that ``hub`` builds when the server starts; it starts and closes that hub."""
    app = FastAPI(
        title="Evidence hub",
        version="1",
        summary="Evidence made once, at its source; disclosed for a named case; checkable by everyone.",
        description=DESCRIPTION,
        lifespan=_lifespan(hub),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for kind in (HubError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, answer_fault)
    for router in (*ROUTERS, verifier_pages()):
        app.router.routes.extend(router.routes)  # a router that is included is searched twice for each call
    app.add_route("/verify", _to_the_page, include_in_schema=False)
    app.state.metrics = Metrics(several_processes=several_processes)
    app.add_middleware(ShortWay)
    app.add_middleware(Doorkeeper, limits=limits, metrics=app.state.metrics)
    _describe(app)
    return app


async def _to_the_page(_request: Request) -> Response:
    """People leave the slash out; the address is a path, so that it leads to no other host."""
    return RedirectResponse("/verify/")


def _lifespan(build: Callable[[], Hub]) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def alive(app: FastAPI) -> AsyncIterator[None]:
        hub = await to_thread.run_sync(build)
        app.state.hub = hub
        app.state.callers = CallerMemory()
        app.state.asked = {}
        app.state.limiter = CapacityLimiter(hub.limits.threads)
        app.state.checklists = cases.looks_of(hub)
        hub.start()
        limits = hub.limits
        lane = Lane(hub.exchange, hub.log, threads=limits.exchange_threads, receipt_seconds=limits.receipt_seconds)
        app.state.lane = lane
        try:
            yield
        finally:
            await to_thread.run_sync(lane.close)
            await to_thread.run_sync(hub.close)

    return alive


def _describe(app: FastAPI) -> None:
    def description() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
            )
            app.openapi_schema = with_problem_schema(made)
        return app.openapi_schema

    app.openapi = description  # type: ignore[method-assign]
