"""What a department's adapter asks and pushes: its cursor, its live records, its batches, what was put aside."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from hub.api.access import PushCaller, TheHub
from hub.api.openapi import refusals
from hub.api.strict import StrictRoute, View, require_content_type
from hub.api.work import work, work_on_body
from hub.errors import Refused
from hub.evidence.model import BatchAnswer, Cursor
from hub.parties.model import Caller

router = APIRouter(prefix="/v1/registries", tags=["registries"], route_class=StrictRoute)
NDJSON = "application/x-ndjson"
LINES_AT_ONCE = 1000

BATCH_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            NDJSON: {
                "schema": {"type": "string", "format": "binary"},
                "examples": {
                    "batch": {
                        "summary": "Line 1 is the manifest; each further line one record",
                        "value": "eyJ0eXAiOiJiYXRjaC1tYW5pZmVzdCtqd3QiLCJhbGciOiJFZDI1NTE5In0.….…\n"
                        '{"evidence":"eyJ0eXAiOiJkYytzZC1qd3QiLCJhbGciOiJFZDI1NTE5In0.….…~…~","row":1}\n'
                        '{"withdrawn":"b8Zk…","reason":"gone"}\n'
                        '{"unusable":{"code":"source.no-name","column":"姓名","en":"No name.","zh":"缺姓名。"},'
                        '"row":7,"record":null,"raw":{"姓名":""}}\n',
                    }
                },
            }
        },
    }
}


class CursorView(View):
    """Where the adapter goes on reading: the last batch kept, and each export's own cursor."""

    registry: str
    sequence: int
    manifest_digest: str | None
    cursors: Mapping[str, Any]


class BatchView(View):
    """What became of a batch; ``reasons`` counts what was put aside by code."""

    registry: str
    sequence: int
    manifest_digest: str
    accepted: int
    unchanged: int
    withdrawn: int
    quarantined: int
    reasons: Mapping[str, int]
    duplicate: bool
    subjects_new: int
    links: int
    reviews: int


class QuarantineView(View):
    """A record put aside: why, and the line as it was pushed, for its owner to correct."""

    export: str
    sequence: int
    line: int
    row: int | None
    record: str | None
    code: str
    column: str
    en: str
    zh: str
    raw: Any
    kept_at: datetime


def require_owner(caller: Caller, registry: str) -> None:
    """Returns when the caller's department answers for the registry.

    Raises:
        Refused: another one does.
    """
    if caller.party.registry != registry:
        raise Refused(
            "intake.not-your-registry",
            "Another department answers for this registry.",
            "该登记库由其他部门负责。",
            registry=registry,
        )


@router.get(
    "/{registry}/cursor",
    summary="Where to go on reading",
    response_model=CursorView,
    responses=refusals("intake.not-your-registry"),
)
async def cursor(registry: str, request: Request, hub: TheHub, caller: PushCaller) -> Cursor:
    """Sequence 0 and no digest before the first batch. Needs scope `push` of the department that owns the registry."""
    require_owner(caller, registry)
    return await work(request, hub.intake.cursor, registry)


@router.get(
    "/{registry}/records",
    summary="The records of an export that are live here",
    responses={
        200: {"description": 'NDJSON, one {"record","content"} a line', "content": {NDJSON: {}}},
        **refusals("intake.not-your-registry"),
    },
)
async def records(
    registry: str, export: Annotated[str, Query(max_length=64)], hub: TheHub, caller: PushCaller
) -> StreamingResponse:
    """Opaque references and content digests only: the adapter sends what is new or changed, and what disappeared."""
    require_owner(caller, registry)
    lines = _ndjson(hub.intake.records(registry, export))
    return StreamingResponse(lines, media_type=NDJSON)


def _ndjson(records: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    lines: list[bytes] = []
    for record, content in records:
        lines.append(orjson.dumps({"record": record, "content": content}, option=orjson.OPT_APPEND_NEWLINE))
        if len(lines) >= LINES_AT_ONCE:
            yield b"".join(lines)
            lines.clear()
    yield b"".join(lines)


@router.post(
    "/{registry}/batches",
    summary="Push a batch of evidence",
    response_model=BatchView,
    openapi_extra=BATCH_BODY,
    responses=refusals(
        "intake.no-manifest",
        "proof.bad-signature",
        "intake.gzip-truncated",
        "intake.not-your-registry",
        "api.content-type",
        "intake.sequence-reused",
        "intake.sequence-gap",
        "intake.chain-broken",
        "api.body-too-large",
        token=False,
    ),
)
async def push(registry: str, request: Request, hub: TheHub) -> BatchAnswer:
    """The signed manifest is the credential. All of the batch is kept, or nothing.

    The same batch again gets the same answer with `duplicate: true`, so a push may be repeated after any fault.
    """
    require_content_type(request, NDJSON, packed=True)
    gzip = request.headers.get("content-encoding", "").strip().lower() == "gzip"
    return await work_on_body(request, lambda pieces: hub.intake.accept(registry, pieces, gzip=gzip))


@router.get(
    "/{registry}/quarantine",
    summary="What was put aside, and why",
    response_model=list[QuarantineView],
    responses=refusals("intake.not-your-registry"),
)
async def quarantine(
    registry: str,
    request: Request,
    hub: TheHub,
    caller: PushCaller,
    offset: Annotated[int, Query(ge=0, le=2**31, description="Leave out this many items.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Any:
    """For the owner's eyes: each line as it was pushed, with a code and a sentence. It leaves when it is corrected."""
    require_owner(caller, registry)
    return await work(request, hub.intake.quarantine_of, registry, offset=offset, limit=limit)
