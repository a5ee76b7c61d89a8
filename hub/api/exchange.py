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
        "proof.bad-signature",
        "proof.unknown-key",
        "proof.typ",
        "proof.algorithm",
        "proof.claims",
        "exchange.request-claim",
        "exchange.number-names-somebody",
        "proof.expired",
        "proof.not-yet-valid",
        "proof.lifetime",
        "proof.foreign-audience",
        "exchange.not-a-consumer",
        "api.content-type",
        "exchange.request-id-reused",
        "audit.unwitnessed",
        "audit.no-receipt-yet",
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
    responses=refusals("exchange.unknown"),
)
async def bundle(exchange: ExchangeId, request: Request, hub: TheHub, caller: ExchangeCaller) -> dict[str, Any]:
    """Request, answer, log entry with its salt, receipt, key history, status lists; for the consumer that asked."""
    return await work(request, hub.exchange.bundle, exchange, consumer=caller.party.id)
