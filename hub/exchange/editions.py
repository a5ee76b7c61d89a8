"""Editions of the trust policy 信任策略: signed by the authority, each naming the one before; none is rolled back.

A file holds one signed edition a line, the oldest first. (1) The first is signed by the authority's key that the
verifier has from the authority itself; it need not be number 1. (2) Each further edition has the next number and names
the digest of the one before. (3) It is signed by a key that the one before accepts. (4) What counts is the last.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.errors import Malformed, Refused
from hub.exchange.trust import parse_trust_policy
from hub.proof.encoding import b64url
from hub.proof.jws import sign_jws, verify_jws
from hub.proof.keys import PublicKey, Signer

POLICY_TYP: Final = "trust-policy+jwt"
POLICY_BYTES: Final = 4 * 1024 * 1024
_COMPACT: Final = re.compile(rb"\s*[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.")


@dataclass(frozen=True, slots=True)
class Edition:
    """One verified edition: its number, the digest of the one before, the policy, and whose keys sign the next."""

    number: int
    previous: str | None
    digest: str
    authority: str
    next_keys: Mapping[str, PublicKey]
    issued_at: int
    policy: Mapping[str, Any] = field(repr=False)


def sign_edition(
    policy: Mapping[str, Any], *, signer: Signer, authority: str, now: int, after: Edition | None = None, **more: Any
) -> str:
    """The edition that follows ``after``, or the first; ``next_keys`` (the signer's own by default) sign the next one.

    Raises:
        Malformed: the policy is not of the form prescribed.
    """
    parse_trust_policy(policy)
    next_keys: Sequence[PublicKey] = more.get("next_keys") or [signer.public]
    claims = {
        "iss": authority,
        "iat": now,
        "edition": 1 if after is None else after.number + 1,
        "previous": None if after is None else after.digest,
        "next_keys": [key.to_jwk() for key in next_keys],
        "policy": dict(policy),
    }
    return sign_jws(claims, typ=POLICY_TYP, signer=signer)


def is_signed(content: bytes) -> bool:
    """True when a policy file holds signed editions, and no plain policy."""
    return _COMPACT.match(content) is not None


def verify_editions(content: bytes, root: Iterable[PublicKey]) -> Edition:
    """The last edition in ``content``, steps 1 to 4 of this module.

    Raises:
        Malformed: an edition of another form, or one that none of the keys signed that may.
        Refused: an edition does not follow the one before it.
    """
    return _editions(content, root)[-1]  # 4


def require_same_history(content: bytes, root: Iterable[PublicKey], held: Edition) -> Edition:
    """The last edition in ``content``, which holds the edition that is held, or leads on from it.

    Raises:
        Malformed, Refused: as ``verify_editions`` and ``follow``.
    """
    found = _editions(content, root)
    if found[-1].number < held.number or found[-1].authority != held.authority:
        raise _rolled_back()
    if all(each.number > held.number for each in found):
        follow(held, _lines(content)[0])
    elif held.digest not in {each.digest for each in found}:
        raise _forked()
    return found[-1]


def _lines(content: bytes) -> list[bytes]:
    return [line.strip() for line in content.split(b"\n") if line.strip()]


def _editions(content: bytes, root: Iterable[PublicKey]) -> list[Edition]:
    keys = {key.kid: key for key in root}
    found: list[Edition] = []
    for line in _lines(content):
        if b64url(hashlib.sha256(line).digest()) in {each.digest for each in found}:
            raise _rolled_back()
        found.append(follow(found[-1], line) if found else _read(line, keys))  # 1, 2, 3
    if not found:
        raise _bad_edition()
    return found


def follow(current: Edition, token: bytes) -> Edition:
    """The edition in ``token`` when it follows ``current``.

    Raises:
        Malformed: another form, or signed by no key that ``current`` accepts.
        Refused: ``exchange.policy-rolled-back``, ``exchange.policy-forked``, ``exchange.policy-gap``.
    """
    new = _read(token, current.next_keys)
    if new.authority != current.authority or new.number < current.number:
        raise _rolled_back()
    if new.number > current.number + 1:
        raise Refused(
            "exchange.policy-gap",
            "An edition between is missing; take the editions one after the other.",
            "中间版本缺失；请逐版更新。",
            expected=current.number + 1,
        )
    if new.number == current.number or new.previous != current.digest:
        raise _forked()
    return new


def _rolled_back() -> Refused:
    return Refused(
        "exchange.policy-rolled-back",
        "The policy is older than the one in force, or another authority's; keep the one in force.",
        "该信任策略早于现行版本或出自其他主管部门；请保留现行版本。",
    )


def _forked() -> Refused:
    return Refused(
        "exchange.policy-forked",
        "The authority signed two policies under one number, or for another history; ask it which one counts.",
        "主管部门在同一序号下签署了两份策略，或策略承接另一段历史；请向其核实哪一份算数。",
    )


def _read(token: bytes, keys: Mapping[str, PublicKey]) -> Edition:
    message = verify_jws(token, typ=POLICY_TYP, key_for=lambda kid, _: keys.get(kid or ""), max_bytes=POLICY_BYTES)
    claims = message.claims
    number, previous, issued_at = claims.get("edition"), claims.get("previous"), claims.get("iat")
    policy, jwks, authority = claims.get("policy"), claims.get("next_keys"), claims.get("iss")
    if type(number) is not int or number < 1 or type(issued_at) is not int or not isinstance(authority, str):
        raise _bad_edition()
    if not isinstance(previous, str | None) or not isinstance(policy, dict) or not isinstance(jwks, list) or not jwks:
        raise _bad_edition()
    if not all(isinstance(jwk, dict) for jwk in jwks) or (number == 1) != (previous is None):
        raise _bad_edition()
    parse_trust_policy(policy)
    next_keys = {key.kid: key for key in map(PublicKey.from_jwk, jwks)}
    return Edition(number, previous, b64url(message.digest), authority, next_keys, issued_at, policy)


def _bad_edition() -> Malformed:
    return Malformed(
        "exchange.policy-edition",
        "The file holds no signed edition of a trust policy in the form prescribed.",
        "文件不含符合规定格式的信任策略签署版本。",
    )
