"""The bundle: one JSON file with all that proves an exchange, sealed by the hub so that no byte of it can change."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from hub.audit.model import PlacedEntry
from hub.exchange.model import KeptExchange
from hub.proof.encoding import b64url, b64url_decode, canonical_json
from hub.proof.jws import sign_jws, strict_json
from hub.proof.keys import Signer
from hub.proof.sdjwt import parse_trusted_sd_jwt
from hub.proof.statuslist import status_place_in

VERSION: Final = 2
FIRST_VERSION: Final = 1
"""Whose status lists are bare tokens, without their places in the log."""
SEAL_TYP: Final = "bundle-seal+jwt"
MEMBERS: Final = frozenset({"version", "request", "answer", "entry", "salt", "receipt", "keys", "status_lists", "seal"})
LIST_MEMBERS: Final = frozenset({"token", "entry", "index", "path"})


def bundle_of(
    kept: KeptExchange, *, receipt: str, keys: list[dict[str, Any]], status_lists: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Everything that proves the exchange, but for the seal; ``status_lists`` are as ``listed`` makes them."""
    return {
        "version": VERSION,
        "request": kept.request_jws,
        "answer": kept.answer_jws,
        "entry": b64url(kept.entry),
        "salt": b64url(kept.salt),
        "receipt": receipt,
        "keys": keys,
        "status_lists": list(status_lists),
    }


def listed(token: str, logged: PlacedEntry) -> dict[str, Any]:
    """A status list as signed, and where the tree of the receipt's checkpoint holds the entry that names its digest."""
    path = [b64url(each) for each in logged.path]
    return {"token": token, "entry": b64url(logged.content), "index": logged.index, "path": path}


def has_listed_form(bundle: Mapping[str, Any]) -> bool:
    """True for a known version whose status lists have the members, or are the tokens, that it prescribes."""
    lists = bundle["status_lists"]
    if bundle["version"] == FIRST_VERSION:
        return all(isinstance(each, str) for each in lists)
    return bundle["version"] == VERSION and all(map(_is_listed, lists))


def _is_listed(each: Any) -> bool:
    if not isinstance(each, Mapping) or each.keys() != LIST_MEMBERS or not isinstance(each["path"], list):
        return False
    texts = (each["token"], each["entry"], *each["path"])
    return type(each["index"]) is int and all(isinstance(text, str) for text in texts)


def sealed_bundle(bundle: Mapping[str, Any], signer: Signer, *, hub: str, now: datetime) -> dict[str, Any]:
    """The bundle under the hub's seal."""
    claims = {"iss": hub, "iat": int(now.timestamp()), "digest": bundle_digest(bundle)}
    return {**bundle, "seal": sign_jws(claims, typ=SEAL_TYP, signer=signer)}


def bundle_digest(bundle: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of the bundle without its seal, base64url."""
    content = canonical_json({name: value for name, value in bundle.items() if name != "seal"})
    return b64url(hashlib.sha256(content).digest())


def signers_in(kept: KeptExchange) -> set[str]:
    """The parties whose signatures the exchange holds, besides the hub."""
    answer = spoken_claims(kept.answer_jws)
    return {kept.consumer, *(item["provider"] for item in answer["evidence"] if item["presentation"])}


def status_places_in(kept: KeptExchange) -> tuple[list[str], int]:
    """The addresses of the status lists that the released evidence names, and when it was released."""
    answer = spoken_claims(kept.answer_jws)
    shown = [parse_trusted_sd_jwt(item["presentation"]) for item in answer["evidence"] if item["presentation"]]
    places = [status_place_in(each.claims) for each in shown]
    return sorted({place[0] for place in places if place is not None}), int(answer["iat"])


def spoken_claims(jws: str) -> dict[str, Any]:
    """The claims of a message that this hub itself verified or signed before it kept it."""
    claims: dict[str, Any] = strict_json(b64url_decode(jws.split(".")[1]))
    return claims
