"""When a key counts, and what a kind of party may open with a token."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from hub.errors import Malformed, Refused
from hub.parties.model import PartyKey, PartyKind, Scope
from hub.proof.jws import sign_jws
from hub.proof.keys import PublicKey, Signer

REGISTRATION_TYP: Final = "key-registration+jwt"
REGISTRATION_LIFETIME: Final = timedelta(seconds=60)

SCOPES: Final[Mapping[PartyKind, frozenset[Scope]]] = {
    PartyKind.department: frozenset({Scope.push, Scope.cases, Scope.exchange, Scope.catalogue}),
    PartyKind.consumer: frozenset({Scope.cases, Scope.exchange, Scope.catalogue}),
    PartyKind.authority: frozenset({Scope.identity, Scope.catalogue, Scope.audit}),
    PartyKind.auditor: frozenset({Scope.audit, Scope.catalogue}),
    PartyKind.witness: frozenset(),
    PartyKind.hub: frozenset(),
}


def counts_at(key: PartyKey, at: datetime) -> bool:
    """True when what ``key`` signed at that instant counts, as far as its record tells today."""
    if at < key.valid_from:
        return False
    ends = (key.valid_until, key.revoked_at, key.compromised_since)
    return all(end is None or at < end for end in ends)


def scopes_for(kind: PartyKind, asked: Iterable[str]) -> frozenset[Scope]:
    """What is granted: all the kind may open when nothing is asked for, else exactly what is asked for.

    Raises:
        Refused: something asked for is not open to this kind.
    """
    allowed = SCOPES[kind]
    wanted = set(asked)
    if not wanted:
        return allowed
    if not wanted <= {scope.value for scope in allowed}:
        raise Refused(
            "parties.scope-not-allowed",
            "A scope asked for is not open to this kind of party; ask for fewer.",
            "所请求的权限范围不适用于该类参与方；请减少范围。",
            allowed=sorted(scope.value for scope in allowed),
        )
    return frozenset(Scope(each) for each in wanted)


def possession_proof(signer: Signer, *, party: str, audience: str, now: datetime, jti: str) -> str:
    """What a party sends to register the signer's key: a message about the key, signed by the key itself."""
    claims = {
        "iss": party,
        "aud": audience,
        "iat": int(now.timestamp()),
        "exp": int((now + REGISTRATION_LIFETIME).timestamp()),
        "jti": jti,
        "jwk": signer.public.to_jwk(),
    }
    return sign_jws(claims, typ=REGISTRATION_TYP, signer=signer)


def key_in_registration(claims: Mapping[str, Any]) -> PublicKey:
    """The key that a registration message is about.

    Raises:
        Malformed: the message names none.
    """
    jwk = claims.get("jwk")
    if not isinstance(jwk, dict):
        raise Malformed(
            "parties.no-key-in-registration",
            "The registration names no key (jwk).",
            "登记报文未包含公钥（jwk）。",
        )
    return PublicKey.from_jwk(jwk)


def history_line(key: PartyKey) -> dict[str, Any]:
    """One key of the history in a bundle; instants are whole seconds since 1970, null where nothing is set."""
    return {
        "party": key.party,
        "jwk": key.public.to_jwk(),
        "from": _seconds(key.valid_from),
        "until": _seconds(key.valid_until),
        "revoked": _seconds(key.revoked_at),
        "compromised_since": _seconds(key.compromised_since),
        "reason": key.revoked_reason,
    }


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())
