"""Parties and keys through their life: registered with proof of possession, rotated, suspended; every event logged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session

from hub.audit.model import Entry
from hub.errors import Conflict, Malformed, Missing, Refused
from hub.kernel.clock import Clock
from hub.kernel.reasons import is_reason
from hub.parties.directory import PartyDirectory, unknown_party
from hub.parties.model import Party, PartyKey, PartyKind, RevocationReason
from hub.parties.rules import (
    ENDORSEMENT_TYP,
    LIFETIMES,
    RECOVERY_TYP,
    REGISTRATION_TYP,
    check_about,
    check_compromise,
    counts_at,
    event_claims,
    key_in_registration,
    reason_in,
    whole_second,
)
from hub.parties.store import PartyStore
from hub.proof.jws import VerifiedJws, verify_request
from hub.proof.keys import PublicKey
from hub.storage.database import Database

Append = Callable[[Session, Entry], str]
"""Queues a log entry in the caller's transaction and returns its id."""
LogSizeAt = Callable[[Session, datetime], int | None]
"""How many entries the log held at an instant, as far as this hub's own record tells; None when it tells nothing."""
REMEMBERED: Final = timedelta(minutes=5)
OPERATOR: Final = "operator"


def nothing_told(_session: Session, _at: datetime) -> None:
    """No record of when the log had which size: a compromise then takes back whatever no witness dates."""


@dataclass(frozen=True)
class PartyService:
    """Changes to who is known, each with its log entry in the same transaction."""

    database: Database
    directory: PartyDirectory
    append: Append
    hub: str
    clock: Clock
    log_size_at: LogSizeAt = nothing_told

    def introduce(self, public: PublicKey) -> bool:
        """True when the hub's own first key is on record from now on; False when the hub has keys on record already.

        Who verifies an old answer looks for the hub's key in its history. A later key comes by ``rotate_key``, as
        everybody else's.
        """
        now = self.clock.now()
        with self.database.writing() as session:
            store = PartyStore(session)
            store.lock()
            if store.keys_of(self.hub):
                return False
            if self.hub not in store.roll().parties:
                store.keep_party(Party(self.hub, self.hub, self.hub, PartyKind.hub), now)
                self._log(session, "party-registered", self.hub)
            self._keep_new(session, PartyKey(self.hub, public, now), by=self.hub)
        self.directory.forget()
        return True

    def register_party(self, party: Party) -> None:
        """``party`` is on record as given."""
        with self.database.writing() as session:
            PartyStore(session).keep_party(party, self.clock.now())
            self._log(session, "party-registered", party.id)
        self.directory.forget()

    def suspend(self, party: str, reason: str, *, by: str) -> Party:
        """Nothing that the party signs, and no token of its, is taken any more, at every node within seconds.

        What it released or answered before stands. Order 809 article 27: after misuse, until it is put right.

        Raises:
            Malformed: the reason is no code.
            Missing: no such party.
            Conflict: it is suspended already.
            Refused: the hub itself, or whoever asks.
        """
        if not is_reason(reason):
            raise Malformed(
                "parties.reason-not-a-code",
                "Give the reason as a code such as other-purpose.",
                "请以代码填写原因，如 other-purpose。",
            )
        if party in {self.hub, by}:
            raise Refused("parties.not-oneself", "Nobody suspends itself or the hub.", "不得暂停自身或枢纽。")
        return self._turn(party, "party-suspended", is_active=False, by=by, reason=reason)

    def resume(self, party: str, *, by: str) -> Party:
        """The party takes part again, with the keys it has.

        Raises:
            Missing: no such party.
            Conflict: it is not suspended.
        """
        return self._turn(party, "party-resumed", is_active=True, by=by)

    def _turn(self, party: str, event: str, *, is_active: bool, **facts: Any) -> Party:
        with self.database.writing() as session:
            store = PartyStore(session)
            done = store.set_active(party, is_active=is_active)
            found = store.roll().parties.get(party)
            if found is None:
                raise unknown_party()
            if not done:
                raise Conflict(
                    "parties.stands-already",
                    "It is so already; see the list of parties.",
                    "该参与方已处于此状态；见参与方列表。",
                )
            self._log(session, event, party, **facts)
        self.directory.forget()
        return found

    def register_key(self, jwk: Mapping[str, Any], proof: str, *, valid_from: datetime | None = None) -> PublicKey:
        """The operator's act: the key is on record for the party that the proof names, beside the one it had before.

        (1) The JWK is a public key. (2) The proof is a fresh message to this hub, signed by that very key. (3) It is
        about that key. (4) The party is known. (5) The proof was not used before. (6) The key is new for the party.

        Raises:
            Malformed, Refused, Missing, Conflict: steps 1–3, 5, 4, 6.
        """
        public, message = self._possessed(jwk, proof)  # 1, 2, 3
        party = self.directory.require_party(str(message.claims["iss"]))  # 4
        with self.database.writing() as session:
            self._use_once(session, message)  # 5
            self._keep_new(session, PartyKey(party.id, public, valid_from or self.clock.now()), by=OPERATOR)  # 6
        self.directory.forget()
        return public

    def register_endorsed_key(self, jwk: Mapping[str, Any], proof: str, endorsement: str) -> PublicKey:
        """The party's own act: as ``register_key``, and a key that it has already vouches for the new one.

        Raises:
            Malformed, Refused, Missing, Conflict: as there; also an endorsement by somebody else, or of another key.
        """
        public, message = self._possessed(jwk, proof)
        party = self.directory.require_party(str(message.claims["iss"]))
        vouched = self._endorsed(party.id, public, endorsement)
        with self.database.writing() as session:
            for each in (message, vouched):
                self._use_once(session, each)
            self._keep_new(session, PartyKey(party.id, public, self.clock.now()), by=vouched.key.kid)
        self.directory.forget()
        return public

    def rotate_key(self, old: str, jwk: Mapping[str, Any], proof: str, *, overlap: timedelta) -> PublicKey:
        """The new key counts from now, the old one until the overlap ends; both or neither are on record so.

        Raises:
            Malformed, Refused, Missing, Conflict: as ``register_key``; the old key is unknown, or ended already.
        """
        public, message = self._possessed(jwk, proof)
        party = self.directory.require_party(str(message.claims["iss"]))
        now = self.clock.now()
        with self.database.writing() as session:
            self._use_once(session, message)
            if not counts_at(self._key(session, party.id, old), now):
                raise Conflict(
                    "parties.key-ended",
                    "The key to rotate has ended already; register the new one, or have it recovered.",
                    "待更换的密钥已失效；请登记新密钥或办理恢复。",
                )
            self._keep_new(session, PartyKey(party.id, public, now), by=OPERATOR)
            self._retire(session, party.id, old, now + overlap)
        self.directory.forget()
        return public

    def revoke_key(self, party: str, kid: str, reason: str, *, compromised_since: datetime | None = None) -> None:
        """The key counts no more from now, and what it signed since it was compromised does not count either.

        A later revocation may move the beginning of the compromise back, never forward.

        Raises:
            Malformed: an unknown reason, or a compromise that does not say since when.
            Missing: no such key.
        """
        told = reason_in(reason)
        check_compromise(told, compromised_since, self.clock.now())
        with self.database.writing() as session:
            self._revoke(session, self._key(session, party, kid), told, compromised_since)
        self.directory.forget()

    def recover_key(self, jwk: Mapping[str, Any], proof: str, approval: str) -> PublicKey:
        """A party that lost its keys has a new one, because the authority 主管部门 signed for it; the lost end now.

        (1) The proof of possession holds. (2) An authority's key signed the approval, for this hub. (3) It is about
        this key of this party. (4) Neither was used before. (5) Every key that still counted is revoked as lost.

        Raises:
            Malformed, Refused, Missing, Conflict: a step fails.
        """
        public, message = self._possessed(jwk, proof)  # 1
        party = self.directory.require_party(str(message.claims["iss"]))
        approved = self._approved(party.id, public, approval)  # 2, 3
        now = self.clock.now()
        with self.database.writing() as session:
            for each in (message, approved):
                self._use_once(session, each)  # 4
            for key in PartyStore(session).keys_of(party.id):
                if counts_at(key, now):
                    self._revoke(session, key, RevocationReason.lost, None)  # 5
            self._keep_new(session, PartyKey(party.id, public, now), by=str(approved.claims["iss"]), is_recovery=True)
        self.directory.forget()
        return public

    def _possessed(self, jwk: Mapping[str, Any], proof: str) -> tuple[PublicKey, VerifiedJws]:
        public = PublicKey.from_jwk(jwk)
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
        return public, message

    def _statement(self, token: str, typ: str) -> VerifiedJws:
        return verify_request(
            token,
            typ=typ,
            key_for=self.directory.key_for,
            audience=self.hub,
            now=self.clock.now(),
            lifetime_seconds=int(LIFETIMES[typ].total_seconds()),
        )

    def _endorsed(self, party: str, key: PublicKey, endorsement: str) -> VerifiedJws:
        message = self._statement(endorsement, ENDORSEMENT_TYP)
        check_about(message.claims, party=party, key=key)
        if message.claims["iss"] != party:
            raise Refused(
                "parties.not-endorsed",
                "A further key is endorsed by a key that the same party has on record; ask the operator otherwise.",
                "新增密钥须由该参与方已登记的密钥作保；否则请联系枢纽的运维人员。",
            )
        return message

    def _approved(self, party: str, key: PublicKey, approval: str) -> VerifiedJws:
        message = self._statement(approval, RECOVERY_TYP)
        check_about(message.claims, party=party, key=key)
        if self.directory.require_party(str(message.claims["iss"])).kind is not PartyKind.authority:
            raise Refused(
                "parties.not-the-authority",
                "Only the authority approves the recovery of a lost key.",
                "丢失密钥的恢复只能由主管部门批准。",
            )
        return message

    def _use_once(self, session: Session, message: VerifiedJws) -> None:
        expires_at = datetime.fromtimestamp(int(message.claims["exp"]), self.clock.now().tzinfo) + REMEMBERED
        if not PartyStore(session).use_message(str(message.claims["iss"]), str(message.claims["jti"]), expires_at):
            raise Refused(
                "parties.proof-used",
                "This proof of possession was used before; sign a new one.",
                "该持有证明已被使用；请重新签发。",
            )

    def _keep_new(self, session: Session, key: PartyKey, *, by: str, is_recovery: bool = False) -> None:
        if not PartyStore(session).keep_key(key):
            raise Conflict("parties.key-known", "This key is already on record.", "该公钥已登记。")
        event = "key-recovered" if is_recovery else "key-registered"
        self._log(session, event, key.party, key=key.public, by=by, begins=int(key.valid_from.timestamp()))

    def _key(self, session: Session, party: str, kid: str) -> PartyKey:
        key = PartyStore(session).key_for(party, kid)
        if key is None:
            raise Missing("parties.key-unknown", "No such key on record for this party.", "该参与方无此公钥。")
        return key

    def _retire(self, session: Session, party: str, kid: str, until: datetime) -> None:
        """Messages tell whole seconds: what the key signed in its last one counts."""
        key, until = self._key(session, party, kid), whole_second(until)
        if key.valid_until is not None and key.valid_until < until:
            raise Conflict(
                "parties.key-ends-earlier",
                "The key ends earlier already; an end is never put off.",
                "该密钥已确定更早的终止时刻，不得延后。",
            )
        PartyStore(session).change_key(party, kid, valid_until=until)
        self._log(session, "key-retired", party, key=key.public, until=int(until.timestamp()))

    def _revoke(self, session: Session, key: PartyKey, reason: RevocationReason, since: datetime | None) -> None:
        known = key.compromised_since
        since = known if since is None or (known is not None and known < since) else since
        size = key.log_size if since == known else self.log_size_at(session, since) if since is not None else None
        at = key.revoked_at or self.clock.now()
        PartyStore(session).change_key(
            key.party,
            key.public.kid,
            revoked_at=at,
            revoked_reason=reason.value if since is None else RevocationReason.key_compromise.value,
            compromised_since=since,
            log_size=size,
        )
        told = None if since is None else int(since.timestamp())
        facts = {"reason": reason.value, "since": told, "log_size": size, "at": int(whole_second(at).timestamp())}
        self._log(session, "key-revoked", key.party, key=key.public, **facts)

    def _log(self, session: Session, event: str, party: str, *, key: PublicKey | None = None, **facts: Any) -> None:
        self.append(session, Entry("key", event_claims(event, party, key=key, **facts)))
