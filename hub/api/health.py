"""What an operator's machines ask: is the process alive, can it serve, how is it doing."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from hub.api.access import TheHub
from hub.api.metrics import CONTENT_TYPE, Metrics
from hub.api.openapi import refusals
from hub.api.problems import RETRY_SECONDS
from hub.api.work import work
from hub.errors import HubError, Unavailable

router = APIRouter(tags=["operation"])
PATIENCE_SECONDS: Final = 5.0
T = TypeVar("T")


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
    try:
        checks: dict[str, Any] = await _answered(request, hub.readiness)
    except Unavailable as fault:
        told = {"code": fault.code, "detail": fault.en, "detail_zh": fault.zh}
        checks = {"node": {"ok": False, "problems": [told]}}
    is_ready = all(check["ok"] for check in checks.values())
    body = {"status": "ready" if is_ready else "not-ready", "checks": checks}
    headers = {} if is_ready else {"retry-after": str(RETRY_SECONDS)}
    return JSONResponse(body, status_code=200 if is_ready else 503, headers=headers)


async def _answered(request: Request, deed: Callable[[], T]) -> T:
    """What ``deed`` returns; a question that hangs is asked once, however often others come with the same.

    Raises:
        Unavailable: ``api.no-answer-within``: neither result nor fault so far.
    """
    asked: dict[str, asyncio.Future[Any]] = request.app.state.asked
    name = deed.__name__
    if name not in asked or asked[name].done():
        asked[name] = asyncio.ensure_future(work(request, deed))
    done, _ = await asyncio.wait({asked[name]}, timeout=PATIENCE_SECONDS)
    if done:
        result: T = asked[name].result()
        return result
    raise Unavailable(
        "api.no-answer-within",
        "This node's checks have not ended in time: the database neither answers nor closes its connections, or "
        "all that is at work here waits. Look at the database first.",
        "本节点的检查未能及时结束：数据库既无应答也未断开连接，或处理中的工作均在等待；请先检查数据库。",
    )


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
        note = await _answered(request, hub.log.checkpoint)
        meters.log_size.set(int(note.splitlines()[1]))
    return Response(meters.text(), media_type=CONTENT_TYPE)
