"""What an operator's machines ask: is the process alive, can it serve, how is it doing."""

from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from hub.api.access import TheHub
from hub.api.metrics import CONTENT_TYPE, Metrics
from hub.api.openapi import refusals
from hub.api.problems import RETRY_SECONDS
from hub.api.work import work
from hub.errors import HubError

router = APIRouter(tags=["operation"])


@router.get("/healthz", summary="Is the process alive?", responses={200: {"description": "It answers."}})
async def alive() -> dict[str, str]:
    """Says nothing about the database; restart the process when this stops answering."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    summary="Can this node serve?",
    responses={503: {"description": "Not now; the checks say why."}},
)
async def ready(request: Request, hub: TheHub) -> JSONResponse:
    """Each check by name; 503 as soon as one of them fails, so that a balancer sends callers to another node."""
    checks: dict[str, Any] = await work(request, hub.readiness)
    is_ready = all(check["ok"] for check in checks.values())
    body = {"status": "ready" if is_ready else "not-ready", "checks": checks}
    headers = {"cache-control": "no-store"} | ({} if is_ready else {"retry-after": str(RETRY_SECONDS)})
    return JSONResponse(body, status_code=200 if is_ready else 503, headers=headers)


@router.get(
    "/metrics",
    summary="Readings in the Prometheus text format",
    response_class=PlainTextResponse,
    responses=refusals(token=False),
)
async def metrics(request: Request, hub: TheHub) -> Response:
    """Counts and times by declared address and by code, and the log's size; nothing about people."""
    meters: Metrics = request.app.state.metrics
    with suppress(HubError):
        note = await work(request, hub.log.checkpoint)
        meters.log_size.set(int(note.splitlines()[1]))
    return Response(meters.text(), media_type=CONTENT_TYPE)
