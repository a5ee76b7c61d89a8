"""Status lists 状态列表: whether evidence still stands, as its department signed it and this hub only serves it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from hub.api.access import CaseCaller, PushCaller, TheHub
from hub.api.openapi import refusals
from hub.api.strict import StrictRoute, View, message_in
from hub.api.work import work
from hub.api.written import jws_example, jws_schema
from hub.errors import Malformed, Refused
from hub.evidence.status import OWNER, DueList, KeptList
from hub.proof.encoding import b64url

router = APIRouter(prefix="/v1/statuses", tags=["statuses"], route_class=StrictRoute)
MEDIA_TYPE: Final = "application/statuslist+jwt"
NO_LIST: Final = "status.no-such-list"
Registry = Annotated[str, Path(pattern=rf"^({OWNER})$")]
Number = Annotated[int, Path(ge=0, le=10**10)]

LIST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            MEDIA_TYPE: {
                "schema": jws_schema("JWS of type statuslist+jwt, two bits a status"),
                "examples": {"list": {"value": jws_example("eyJ0eXAiOiJzdGF0dXNsaXN0K2p3dCIsImFsZyI6IkVkMjU1MTkifQ")}},
            }
        },
    }
}


class DueView(View):
    """A list to sign: each index that no longer stands with its status, 1 withdrawn or replaced, 2 suspended."""

    uri: str
    flips: list[tuple[int, int]]


class KeptView(View):
    """A list as kept; ``entry_id`` names the log entry that holds its digest."""

    uri: str
    digest: str
    entry_id: str


class PlaceView(View):
    """What evidence says in clear about its status: `status`: {`status_list`: {`uri`, `idx`}}."""

    uri: str
    idx: int


@router.post("/places", summary="A place for the status of a paper or licence", status_code=201, responses=refusals())
async def place(request: Request, hub: TheHub, caller: CaseCaller) -> PlaceView:
    """For the service that is about to sign: its own list, and an index given once. Needs scope `cases`."""
    uri, index = await work(request, hub.statuses.place_for, caller.party.id, hub.url)
    return PlaceView(uri=uri, idx=index)


@router.get("", summary="The lists that the calling service should sign now", responses=refusals())
async def own_due(request: Request, hub: TheHub, caller: CaseCaller) -> list[DueView]:
    """Those of its own papers and licences; otherwise as for a department."""
    return [_due(each) for each in await work(request, hub.statuses.due, caller.party.id)]


@router.get(
    "/{registry}",
    summary="The lists that the department should sign now",
    responses=refusals("intake.not-your-registry"),
)
async def due(registry: Registry, request: Request, hub: TheHub, caller: PushCaller) -> list[DueView]:
    """Those whose evidence changed since they were signed, new ones, and those that end within two days."""
    if caller.party.registry != registry:
        raise Refused(
            "intake.not-your-registry",
            "Another department answers for this registry.",
            "该登记库由其他部门负责。",
            registry=registry,
        )
    return [_due(each) for each in await work(request, hub.statuses.due, registry)]


def _due(each: DueList) -> DueView:
    return DueView(uri=each.uri, flips=sorted(each.flips.items()))


@router.get(
    "/{registry}/{number}",
    summary="A status list",
    response_class=Response,
    responses={
        200: {"description": "The token as its department signed it", "content": {MEDIA_TYPE: {}}},
        **refusals(NO_LIST, token=False),
    },
)
async def served(registry: Registry, number: Number, request: Request, hub: TheHub) -> Response:
    """Open to all, to be kept as long as the department says (`ttl` and `exp` inside, `cache-control` here)."""
    kept = await work(request, hub.statuses.require_list, registry, number, asked=str(request.url))
    headers = {"cache-control": f"public, max-age={_good_for(kept, hub)}", "etag": f'"{b64url(kept.digest)}"'}
    return Response(kept.token, media_type=MEDIA_TYPE, headers=headers)


def _good_for(kept: KeptList, hub: Any) -> int:
    left = int((kept.expires_at - hub.clock.now()).total_seconds())
    return max(0, min(left, 3600))


@router.put(
    "/{registry}/{number}",
    summary="Hand in a status list",
    openapi_extra=LIST_BODY,
    responses=refusals(
        "status.other-list",
        "status.not-the-department",
        "status.not-in-force",
        "status.goes-back",
        "status.un-flips",
        "status.behind",
        "status.stands-here",
        token=False,
    ),
)
async def hand_in(registry: Registry, number: Number, request: Request, hub: TheHub) -> KeptView:
    """The department's signature is the credential. The digest is logged; the same list again changes nothing."""
    body = await message_in(request, MEDIA_TYPE)
    if not body.isascii():
        raise Malformed("proof.not-jws", "The content is not a JWS in compact form.", "内容不是 JWS 紧凑格式。")
    kept = await work(request, hub.statuses.hand_in, registry, number, body.decode("ascii"))
    return KeptView(uri=kept.uri, digest=b64url(kept.digest), entry_id=kept.entry_id)
