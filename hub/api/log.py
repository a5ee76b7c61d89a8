"""The log 审计日志 as outsiders read it: signed checkpoints, tiles (C2SP tlog-tiles), receipts."""

from contextlib import suppress
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from hub.api.access import AuditCaller, TheHub
from hub.api.openapi import refusals
from hub.api.work import work
from hub.audit.model import Receipt
from hub.audit.service import Log
from hub.errors import Missing

router = APIRouter(prefix="/log", tags=["log"])
Place = Annotated[str, Path(max_length=100)]
TEXT: Final = "text/plain; charset=utf-8"
TILE: Final = "application/octet-stream"
FOR_EVER: Final = "public, max-age=31536000, immutable"
NO_TILE: Final = "audit.no-such-tile"
NO_CHECKPOINT: Final = "audit.no-checkpoint: The database holds"


def _text_response(description: str) -> dict[str, object]:
    return {"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}}


@router.get(
    "/checkpoint",
    summary="The newest signed checkpoint",
    response_class=Response,
    responses={200: _text_response("A signed note"), **refusals(NO_CHECKPOINT, token=False)},
)
async def checkpoint(request: Request, hub: TheHub) -> Response:
    """C2SP tlog-checkpoint, with the cosignatures of witnesses when they are in. Open to all."""
    note = await work(request, hub.log.checkpoint)
    return Response(note, media_type=TEXT)


@router.get(
    "/witnessed-checkpoint",
    summary="The newest checkpoint that the quorum of witnesses cosigned",
    response_class=Response,
    responses={200: _text_response("A cosigned note"), **refusals(NO_CHECKPOINT, token=False)},
)
async def witnessed_checkpoint(request: Request, hub: TheHub) -> Response:
    """Older than the newest one by what the witnesses have not seen yet. Open to all."""
    note = await work(request, hub.log.checkpoint, is_witnessed=True)
    return Response(note, media_type=TEXT)


@router.get(
    "/tile/entries/{place:path}",
    summary="A bundle of entries",
    response_class=Response,
    responses={200: {"description": "Entries, each after its length", "content": {TILE: {}}}, **refusals(NO_TILE)},
)
async def entries(
    place: Annotated[str, Path(max_length=100)], request: Request, hub: TheHub, _caller: AuditCaller
) -> Response:
    """Entries hold codes, digests and salted commitments; who asked whom and when is for auditors: scope `audit`."""
    return await _tile(request, hub, f"entries/{place}")


@router.get(
    "/tile/{place:path}",
    summary="A tile of hashes",
    response_class=Response,
    responses={200: {"description": "Hashes of 32 bytes", "content": {TILE: {}}}, **refusals(NO_TILE, token=False)},
)
async def tile(place: Place, request: Request, hub: TheHub) -> Response:
    """C2SP tlog-tiles `<level>/<index>[.p/<width>]`. Open to all: witnesses and verifiers need no account."""
    return await _tile(request, hub, place)


def _proven(log: Log, entry: int | str) -> Receipt:
    with suppress(Missing):
        return log.prove(entry, is_witnessed=True)
    return log.prove(entry)


async def _tile(request: Request, hub: TheHub, place: str) -> Response:
    content = await work(request, hub.log.tile, f"tile/{place}")
    kept = "public, max-age=60" if ".p/" in place else FOR_EVER
    return Response(content, media_type=TILE, headers={"cache-control": kept})


@router.get(
    "/receipt/{entry}",
    summary="The receipt of an entry",
    response_class=Response,
    responses={
        200: _text_response("c2sp.org/tlog-proof@v1"),
        **refusals("audit.no-such-entry", NO_CHECKPOINT, token=False),
    },
)
async def receipt(
    entry: Annotated[str, Path(pattern=r"^(ent_[0-9a-z]{26}|[0-9]{1,15})$")], request: Request, hub: TheHub
) -> Response:
    """By entry id or index; says where the entry stands and nothing of what it says.

    Under the newest checkpoint that a quorum of the witnesses cosigned; a younger entry under the newest of all.
    """
    proof = await work(request, _proven, hub.log, int(entry) if entry.isdecimal() else entry)
    return Response(proof.proof_text, media_type=TEXT)
