"""Who takes part 参与方, and with which keys, from when until when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.proof.keys import PublicKey


class PartyKind(StrEnum):
    """What a party is to the hub; its scopes follow from it."""

    department = "department"
    consumer = "consumer"
    authority = "authority"
    auditor = "auditor"
    witness = "witness"
    portal = "portal"
    hub = "hub"


class Scope(StrEnum):
    """What an access token opens."""

    push = "push"
    cases = "cases"
    exchange = "exchange"
    audit = "audit"
    identity = "identity"
    catalogue = "catalogue"
    view = "view"
    orders = "orders"


class RevocationReason(StrEnum):
    """Why a key was ended (the reasons of RFC 5280 §5.3.1 that apply to a signing key)."""

    key_compromise = "key-compromise"
    lost = "lost"
    superseded = "superseded"
    affiliation_changed = "affiliation-changed"
    ceased = "ceased"


@dataclass(frozen=True, slots=True)
class Party:
    """One institution; ``registry`` is the registry 登记库 it answers for, if any."""

    id: str
    name: str
    name_zh: str
    kind: PartyKind
    registry: str | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class PartyKey:
    """A key through its life; what was signed outside ``[valid_from, valid_until)`` does not count.

    ``revoked_at`` ends the key's use. ``compromised_since``, which may lie before, takes back what it signed from then.
    Whoever stole the key may write any date; ``log_size`` says which entries of the log were there before that instant.
    """

    party: str
    public: PublicKey
    valid_from: datetime
    valid_until: datetime | None = None
    revoked_at: datetime | None = None
    revoked_reason: str = ""
    compromised_since: datetime | None = None
    log_size: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """The party behind an access token, and what the token opens."""

    party: Party
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A short access token (RFC 6749 §5.1) as handed out."""

    access_token: str
    expires_in: int
    scope: str
    token_type: str = "Bearer"  # noqa: S105 - the kind of token, no secret
