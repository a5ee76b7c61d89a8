"""The verifier page 核验页: static files of plain JavaScript, served so that they can connect to nothing."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse

FILES: Final = ("verify.html", "verify.css", "strict.js", "forms.js", "verify.js", "page.js")
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
    "connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def verifier_pages() -> APIRouter:
    """The routes ``/verify/`` and ``/verify/FILE``; they need no token, since they hold nobody's data."""
    router = APIRouter(prefix="/verify", include_in_schema=False)
    router.add_api_route("/", _sends("verify.html"), methods=["GET", "HEAD"])
    for name in FILES:
        router.add_api_route(f"/{name}", _sends(name), methods=["GET", "HEAD"])
    return router


def _sends(name: str) -> Callable[[], Awaitable[FileResponse]]:
    path = Path(__file__).with_name(name)

    async def send() -> FileResponse:
        return FileResponse(path, headers=HEADERS)

    return send
