"""Keys through their life: registered with proof of possession, rotated with overlap, revoked; each event is logged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from hub.audit.model import Entry
from hub.errors import Conflict, Malformed, Missing, Refused
from hub.kernel.clock import Clock
from hub.parties.directory import PartyDirectory
from hub.parties.model import Party, PartyKey
from hub.parties.rules import REGISTRATION_TYP, key_in_registration
from hub.parties.store import PartyStore
from hub.proof.jws import VerifiedJws, verify_request
from hub.proof.keys import PublicKey
from hub.storage.database import Database

Append = Callable[[Session, Entry], str]
"""Queues a log entry in the caller's transaction and returns its id."""


@dataclass(frozen=True)
class PartyService:
    """Changes to who is known, each with its log entry in the same transaction."""

    database: Database
    directory: PartyDirectory
    append: Append
    hub: str
    clock: Clock

    def register_party(self, party: Party) -> None:
        """``party`` is on record as given."""
        with self.database.writing() as session:
            PartyStore(session).keep_party(party, self.clock.now())
            self._log(session, "party-registered", party.id)
        self.directory.forget()

    def register_key(self, jwk: Mapping[str, Any], proof: str, *, valid_from: datetime | None = None) -> PublicKey:
        """The key is on record for the party that the proof names; the one it had before goes on beside it.

        (1) The JWK is a public key. (2) The proof is a fresh message to this hub, signed by that very key. (3) It is
        about that key. (4) The party is known. (5) The proof was not used before. (6) The key is new for the party.

        Raises:
            Malformed, Refused, Missing, Conflict: steps 1–3, 5, 4, 6.
        """
        public = PublicKey.from_jwk(jwk)  # 1
        message = self._verified(public, proof)  # 2, 3
        party = self.directory.require_party(str(message.claims["iss"]))  # 4
        now = self.clock.now()
        with self.database.writing() as session:
            store = PartyStore(session)
            if not store.use_message(party.id, str(message.claims["jti"]), now + timedelta(minutes=5)):  # 5
                raise Refused(
                    "parties.proof-used",
                    "This proof of possession was used before; sign a new one.",
                    "该持有证明已被使用；请重新签发。",
                )
            if not store.keep_key(PartyKey(party.id, public, valid_from or now)):  # 6
                raise Conflict("parties.key-known", "This key is already on record.", "该公钥已登记。")
            self._log(session, "key-registered", party.id, kid=public.kid)
        self.directory.forget()
        return public

    def retire_key(self, party: str, kid: str, until: datetime) -> None:
        """What the key signs from ``until`` on does not count; before that it stays as good as it was.

        Raises:
            Missing: no such key.
        """
        self._change(party, kid, "key-retired", {"valid_until": until}, until=int(until.timestamp()))

    def revoke_key(self, party: str, kid: str, reason: str, *, compromised_since: datetime | None = None) -> None:
        """The key counts no more from now, and what it signed since it was compromised does not count either.

        Raises:
            Missing: no such key.
        """
        members = {
            "revoked_at": self.clock.now(),
            "revoked_reason": reason,
            "compromised_since": compromised_since,
        }
        since = None if compromised_since is None else int(compromised_since.timestamp())
        self._change(party, kid, "key-revoked", members, since=since)

    def _change(self, party: str, kid: str, event: str, members: dict[str, Any], **facts: Any) -> None:
        with self.database.writing() as session:
            if not PartyStore(session).change_key(party, kid, **members):
                raise Missing("parties.key-unknown", "No such key on record for this party.", "该参与方无此公钥。")
            self._log(session, event, party, kid=kid, **facts)
        self.directory.forget()

    def _verified(self, public: PublicKey, proof: str) -> VerifiedJws:
        message = verify_request(
            proof,
            typ=REGISTRATION_TYP,
            key_for=lambda kid, _: public if kid == public.kid else None,
            audience=self.hub,
            now=self.clock.now(),
        )
        if key_in_registration(message.claims) != public:
            raise Malformed(
                "parties.proof-about-another-key",
                "The proof of possession is about another key.",
                "持有证明所涉公钥与登记公钥不符。",
            )
        return message

    def _log(self, session: Session, event: str, party: str, **facts: Any) -> None:
        claims = {"event": event, "party": party, **{name: fact for name, fact in facts.items() if fact is not None}}
        self.append(session, Entry("key", claims))
