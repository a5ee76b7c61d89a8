"""Tokens, public keys, and what everybody may know of this hub."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Body, Path, Request, Response

from hub.api.access import OrdersCaller, TheHub
from hub.api.grants import ReasonWire
from hub.api.oauth import TOKEN_ADDRESS
from hub.api.openapi import refusals
from hub.api.strict import StrictRoute, View, Wire, example, require_content_type
from hub.api.work import work
from hub.api.written import Jws, jws_example, jws_schema
from hub.errors import Malformed
from hub.parties.model import AccessToken, Party, PartyKey

router = APIRouter(route_class=StrictRoute)
MAX_FORM_FIELDS = 16
PartyId = Annotated[str, Path(max_length=200, description="The party's id, as the list tells it.")]
UNKNOWN = "parties.unknown"
ALREADY = "parties.stands-already"

TOKEN_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type", "client_assertion_type", "client_assertion"],
                    "properties": {
                        "grant_type": {"const": "client_credentials"},
                        "client_assertion_type": {"const": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                        "client_assertion": jws_schema(
                            "JWS of type client-authentication+jwt: iss and sub are the party, aud is "
                            "the hub's id, exp at most 60 s after iat, jti used once."
                        ),
                        "scope": {"type": "string", "examples": ["push", "cases exchange"]},
                    },
                }
            }
        },
    }
}


class TokenView(View):
    """RFC 6749 §5.1."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


class KeyWire(Wire):
    """A public key, the proof that the sender holds its private part, and the word of a key that the party has."""

    model_config = example(
        jwk={"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        proof=jws_example("eyJ0eXAiOiJrZXktcmVnaXN0cmF0aW9uK2p3dCJ9"),
        endorsement=jws_example("eyJ0eXAiOiJrZXktZW5kb3JzZW1lbnQrand0In0"),
    )

    jwk: dict[str, str]
    proof: Jws
    endorsement: Jws


class KeyView(View):
    """A public key on record and the time in which it counts."""

    jwk: dict[str, str]
    valid_from: datetime
    valid_until: datetime | None
    revoked_at: datetime | None
    compromised_since: datetime | None


class PartyView(View):
    """An institution and its keys, past ones included, so that old answers can be verified."""

    id: str
    name: str
    name_zh: str
    kind: str
    registry: str | None
    is_active: bool
    keys: list[KeyView]


class HubView(View):
    """Who this hub is and how its signatures are verified."""

    id: str
    url: str
    token_endpoint: str
    jwks: dict[str, list[dict[str, str]]]
    log_origin: str
    log_vkey: str


@router.post(
    TOKEN_ADDRESS,
    tags=["parties"],
    summary="Ask for an access token",
    response_model=TokenView,
    openapi_extra=TOKEN_FORM,
    responses=refusals(
        "parties.assertion-missing",
        "proof.unknown-key",
        "proof.expired",
        "parties.assertion-used",
        "parties.scope-not-allowed",
        token=False,
    ),
)
async def grant_token(request: Request, response: Response, hub: TheHub) -> AccessToken:
    """OAuth 2.0 client credentials with `private_key_jwt`: a signed assertion in, a token of ten minutes out.

    A refusal is a problem like any other, with the members `error` and `error_description` of RFC 6749 §5.2 beside; it
    comes as `application/json` to callers whose `Accept` names only that.
    """
    require_content_type(request, "application/x-www-form-urlencoded")
    form = _form(await request.body())
    response.headers["pragma"] = "no-cache"  # RFC 6749 §5.1, for caches of HTTP/1.0
    return await work(request, hub.tokens.grant, form)


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=MAX_FORM_FIELDS, errors="strict")
    except ValueError:
        raise Malformed(
            "api.unreadable", "The request's body or form cannot be read.", "请求体或表单无法读取。"
        ) from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Malformed("api.doubled-field", "A field of the form stands twice.", "表单字段重复。")
    return form


@router.post(
    "/v1/keys",
    tags=["parties"],
    summary="Register a further key",
    status_code=201,
    responses=refusals(
        "parties.proof-about-another-key",
        "parties.not-endorsed",
        UNKNOWN,
        "parties.key-known",
        token=False,
    ),
)
async def register_key(request: Request, hub: TheHub, wanted: Annotated[KeyWire, Body()]) -> dict[str, str]:
    """The proof is a `key-registration+jwt` about the key, signed by the key itself, at most 60 seconds old.

    The endorsement is a `key-endorsement+jwt` about it, signed by a key that the party has on record. The keys that the
    party had before stay valid beside it until they are retired. A first key, or one after a loss, is the operator's
    and the authority's to register.
    """
    deed = hub.party_service.register_endorsed_key
    key = await work(request, deed, wanted.jwk, wanted.proof, wanted.endorsement)
    return {"kid": key.kid}


@router.get(
    "/v1/parties",
    tags=["parties"],
    summary="Everyone who takes part, with their public keys",
    responses=refusals(token=False),
)
async def find_parties(request: Request, hub: TheHub) -> list[PartyView]:
    """Open to all: whoever verifies an old answer needs the key history."""
    return await work(request, _parties, hub)


def _parties(hub: TheHub) -> list[PartyView]:
    return [_party(party, hub.parties.find_keys(party.id)) for party in hub.parties.find_parties()]


def _party(party: Party, keys: list[PartyKey]) -> PartyView:
    return PartyView(
        id=party.id,
        name=party.name,
        name_zh=party.name_zh,
        kind=party.kind,
        registry=party.registry,
        is_active=party.is_active,
        keys=[_key(key) for key in keys],
    )


def _key(key: PartyKey) -> KeyView:
    return KeyView(
        jwk=key.public.to_jwk(),
        valid_from=key.valid_from,
        valid_until=key.valid_until,
        revoked_at=key.revoked_at,
        compromised_since=key.compromised_since,
    )


@router.post(
    "/v1/parties/{party}/suspension",
    tags=["parties"],
    summary="Suspend a party",
    responses=refusals(UNKNOWN, ALREADY, "parties.not-oneself"),
)
async def suspend(
    party: PartyId, why: Annotated[ReasonWire, Body()], request: Request, hub: TheHub, caller: OrdersCaller
) -> PartyView:
    """Nothing that it signs, and no token of its, is taken any more, within seconds at every node, until it is resumed.

    What was released to it or pushed by it stands. Order 809 article 27. Needs scope `orders`.
    """

    def deed() -> PartyView:
        return _party(hub.party_service.suspend(party, why.reason, by=caller.party.id), hub.parties.find_keys(party))

    return await work(request, deed)


@router.post(
    "/v1/parties/{party}/resumption",
    tags=["parties"],
    summary="Resume a suspended party",
    responses=refusals(UNKNOWN, ALREADY),
)
async def resume(party: PartyId, request: Request, hub: TheHub, caller: OrdersCaller) -> PartyView:
    """What it was suspended for is put right; it takes part again, with the keys it has. Needs scope `orders`."""

    def deed() -> PartyView:
        return _party(hub.party_service.resume(party, by=caller.party.id), hub.parties.find_keys(party))

    return await work(request, deed)


@router.get(
    "/.well-known/hub",
    tags=["parties"],
    summary="Who this hub is",
    response_model=HubView,
    responses=refusals(token=False),
)
async def this_hub(hub: TheHub) -> dict[str, Any]:
    """A start for those who set up a client; a verifier takes keys from its own trust policy, never from here."""
    return {
        "id": hub.id,
        "url": hub.url,
        "token_endpoint": f"{hub.url}{TOKEN_ADDRESS}",
        "jwks": {"keys": [hub.signer.public.to_jwk()]},
        "log_origin": hub.log_origin,
        "log_vkey": hub.log_vkey,
    }
