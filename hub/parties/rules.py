"""When a key counts, and what a kind of party may open with a token."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hub.errors import Conflict, Malformed, Refused
from hub.parties.model import PartyKey, PartyKind, RevocationReason, Scope
from hub.proof.jws import sign_jws
from hub.proof.keys import PublicKey, Signer

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
REGISTRATION_TYP: Final = "key-registration+jwt"
ENDORSEMENT_TYP: Final = "key-endorsement+jwt"
RECOVERY_TYP: Final = "key-recovery+jwt"
REGISTRATION_LIFETIME: Final = timedelta(seconds=60)
LIFETIMES: Final[Mapping[str, timedelta]] = {ENDORSEMENT_TYP: timedelta(seconds=60), RECOVERY_TYP: timedelta(days=3)}

SCOPES: Final[Mapping[PartyKind, frozenset[Scope]]] = {
    PartyKind.department: frozenset({Scope.push, Scope.cases, Scope.exchange, Scope.catalogue}),
    PartyKind.consumer: frozenset({Scope.cases, Scope.exchange, Scope.catalogue}),
    PartyKind.authority: frozenset({Scope.identity, Scope.catalogue, Scope.audit, Scope.orders}),
    PartyKind.auditor: frozenset({Scope.audit, Scope.catalogue}),
    PartyKind.witness: frozenset(),
    PartyKind.portal: frozenset({Scope.view}),
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


def key_statement(signer: Signer, key: PublicKey, *, typ: str, party: str, by: str, **message: Any) -> str:
    """What ``by`` signs about another's key: an endorsement by a key the party has, or the authority's recovery.

    ``message`` holds ``audience`` (the hub), ``now`` and ``jti``; the statement lives 60 seconds for an endorsement,
    and three days for a recovery, which travels by hand.
    """
    now: datetime = message["now"]
    claims = {
        "iss": by,
        "aud": message["audience"],
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIMES[typ]).timestamp()),
        "jti": message["jti"],
        "party": party,
        "thumbprint": key.thumbprint(),
    }
    return sign_jws(claims, typ=typ, signer=signer)


def check_about(claims: Mapping[str, Any], *, party: str, key: PublicKey) -> None:
    """Returns when a statement is about that key of that party.

    Raises:
        Refused: it is about another.
    """
    if (claims.get("party"), claims.get("thumbprint")) != (party, key.thumbprint()):
        raise Refused(
            "parties.statement-about-another-key",
            "The statement is about another party or another key; have the right one signed.",
            "该声明所涉参与方或公钥不符；请重新签署。",
        )


def reason_in(text: str) -> RevocationReason:
    """The reason of that code.

    Raises:
        Malformed: none of the published ones.
    """
    try:
        return RevocationReason(text)
    except ValueError:
        raise Malformed(
            "parties.unknown-reason",
            "A key is ended for one of the published reasons.",
            "密钥终止原因须为公布的代码之一。",
            reasons=[each.value for each in RevocationReason],
        ) from None


def key_of_another() -> Conflict:
    """One key speaks for one party, under one id: two could vouch for each other, and a key that ended live on."""
    return Conflict(
        "parties.key-of-another",
        "This key is on record already, for another party or under another id; generate a new one.",
        "该公钥已登记在其他参与方或其他标识之下；请生成新密钥。",
    )


def check_compromise(reason: RevocationReason, since: datetime | None, now: datetime) -> None:
    """Returns when reason and instant fit each other.

    Raises:
        Malformed: a compromise without its beginning, a beginning without a compromise, or one in the future or before
            1970, which no instant here is.
    """
    is_compromise = reason is RevocationReason.key_compromise
    if is_compromise != (since is not None) or (since is not None and not EPOCH <= since <= now):
        raise Malformed(
            "parties.compromised-since",
            "key-compromise, and no other reason, says since when: not before 1970, and not in the future.",
            "仅 key-compromise 须写明泄露起始时刻，且不得早于 1970 年或晚于当前。",
        )


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


def event_claims(event: str, party: str, *, key: PublicKey | None = None, **facts: Any) -> dict[str, Any]:
    """What the log says about an event in a key's life; the thumbprint names the key whatever its id."""
    named = {} if key is None else {"kid": key.kid, "thumbprint": key.thumbprint()}
    return {"event": event, "party": party, **named, **{name: fact for name, fact in facts.items() if fact is not None}}


def history_line(key: PartyKey) -> dict[str, Any]:
    """One key of the history in a bundle; instants are whole seconds since 1970, null where nothing is set.

    Messages tell whole seconds: what a key signed in the second of its end was before it, as the hub took it.
    """
    return {
        "party": key.party,
        "jwk": key.public.to_jwk(),
        "from": _seconds(key.valid_from),
        "until": _seconds(key.valid_until),
        "revoked": _seconds(key.revoked_at and whole_second(key.revoked_at)),
        "compromised_since": _seconds(key.compromised_since),
        "log_size": key.log_size,
        "reason": key.revoked_reason,
    }


def whole_second(instant: datetime) -> datetime:
    """The first whole second that is not before ``instant``."""
    return (instant + timedelta(microseconds=999_999)).replace(microsecond=0)


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())
