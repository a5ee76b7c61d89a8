"""The exchange 数据交换 over HTTP: one signed request in, one signed answer and its receipt out."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response

from hub.api.access import ExchangeCaller, TheHub
from hub.api.lane import Lane
from hub.api.openapi import refusals
from hub.api.strict import StrictRoute, View, message_in
from hub.api.work import work
from hub.api.written import jws_example, jws_schema

router = APIRouter(prefix="/v1/exchange", tags=["exchange"], route_class=StrictRoute)

ExchangeId = Annotated[str, Path(pattern=r"^xch_[0-9a-z]{26}$")]
JWT = "application/jwt"
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            JWT: {
                "schema": jws_schema(
                    "JWS of type evidence-request+jwt with iss, aud (the hub's id), iat, exp (60 s "
                    "later at most), jti, subject ({pairwise} or {kind, number, name, birth_date}), matter, case, "
                    "basis, officer, wanted ([{type, claims}])."
                ),
                "examples": {
                    "request": {"value": jws_example("eyJ0eXAiOiJldmlkZW5jZS1yZXF1ZXN0K2p3dCIsImFsZyI6IkVkMjU1MTkifQ")}
                },
            }
        },
    }
}


class AnswerView(View):
    """The answer as a JWS of type evidence-answer+jwt, and the proof that it stands in the log."""

    exchange: str
    outcome: str
    answer: str
    receipt: str
    is_replay: bool


@router.post(
    "",
    summary="Ask for evidence",
    response_model=AnswerView,
    openapi_extra=BODY,
    responses=refusals(
        "malformed proof.bad-signature: The signature does not match the content and the key on record.",
        "malformed proof.unknown-key: No key on record for this issuer and kid.",
        "malformed proof.typ: The message is not of the type asked for.",
        "malformed proof.algorithm: The algorithm is not the one on record for this key.",
        "malformed proof.claims: A request names its issuer (iss) and an id of its own (jti, 8 to 128 characters).",
        "malformed exchange.request-claim: A claim of the request is missing, unknown or of another form; see `claim`.",
        "malformed exchange.number-names-somebody: A case or message number holds a person's number or name.",
        "refused proof.expired: The request has expired; sign a new one.",
        "refused proof.not-yet-valid: The request comes from the future; check the clock.",
        "refused proof.lifetime: A request lives at most 60 s.",
        "refused proof.foreign-audience: The request is addressed to somebody else.",
        "refused exchange.not-a-consumer: Only consumers and departments may ask for evidence.",
        "refused api.content-type: Send the body as application/jwt.",
        "conflict exchange.request-id-reused: Another request of yours had this id (jti).",
        "unavailable audit.unwitnessed: Too few witnesses have cosigned; nothing is released.",
        "unavailable audit.no-receipt-yet: The answer is kept, its receipt is not there yet.",
        token=False,
    ),
)
async def exchange(request: Request) -> Response:
    """The signed request is the credential. A refusal is an answer too: status 200, `outcome` refused, signed, logged.

    The same request again gets the same answer (`is_replay`), never a second release.
    """
    lane: Lane = request.app.state.lane
    made = await lane.exchanged(await message_in(request, JWT, "application/jose"))
    view = {
        "exchange": made.exchange_id,
        "outcome": made.outcome,
        "answer": made.answer_jws,
        "receipt": made.receipt_text,
        "is_replay": made.is_replay,
    }
    return Response(orjson.dumps(view), media_type="application/json")


@router.get(
    "/{exchange}/bundle",
    summary="Everything that proves an exchange offline",
    responses=refusals("missing exchange.unknown: No such exchange of yours is on record."),
)
async def bundle(exchange: ExchangeId, request: Request, hub: TheHub, caller: ExchangeCaller) -> dict[str, Any]:
    """Request, answer, log entry with its salt, receipt, key history, status lists; for the consumer that asked."""
    return await work(request, hub.exchange.bundle, exchange, consumer=caller.party.id)
