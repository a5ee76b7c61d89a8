"""Who is known here, and whose key is that: answered from memory, read again every few seconds."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from hub.audit.model import Entry
from hub.audit.store import append
from hub.errors import Missing, Refused
from hub.kernel.clock import Clock, SystemClock
from hub.parties.model import Party, PartyKey
from hub.parties.rules import counts_at, event_claims, history_line
from hub.parties.store import PartyStore, Roll
from hub.proof.keys import PublicKey
from hub.storage.database import Database

LIFETIME_SECONDS = 2.0
"""How long a revocation made at another node may go unseen at this one."""


class PartyDirectory:
    """The parties and keys of one database; each node re-reads them after ``lifetime_seconds``."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock | None = None,
        lifetime_seconds: float = LIFETIME_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._lifetime = lifetime_seconds
        self._monotonic = monotonic
        self._roll = Roll()
        self._read_at: float | None = None
        self._lock = threading.Lock()

    def party_for(self, party: str) -> Party | None:
        """The party with that id, or None."""
        return self._current().parties.get(party)

    def require_party(self, party: str) -> Party:
        """The active party with that id.

        Raises:
            Missing: unknown.
            Refused: suspended.
        """
        found = self.party_for(party)
        if found is None:
            raise unknown_party()
        _require_active(found)
        return found

    def key_for(self, kid: str | None, iss: str | None, at: datetime | None = None) -> PublicKey | None:
        """The key of ``iss`` named ``kid`` when it counts at that instant (now unless given), or None.

        Raises:
            Refused: ``iss`` is suspended.
        """
        if kid is None or iss is None:
            return None
        roll = self._current()
        key, party = roll.keys.get((iss, kid)), roll.parties.get(iss)
        if key is None or party is None:
            return None
        _require_active(party)
        return key.public if counts_at(key, at or self._clock.now()) else None

    def counting_keys(self, party: str) -> dict[str, PartyKey]:
        """The keys of that party that count now, by id.

        Raises:
            Refused: the party is suspended.
        """
        now, known = self._clock.now(), self.party_for(party)
        if known is None:
            return {}
        _require_active(known)
        return {key.public.kid: key for key in self.find_keys(party) if counts_at(key, now)}

    def counts_since(self, party: str, kid: str) -> int:
        """From which second on that key, which is on record, counts; as key histories say it."""
        return int(self._current().keys[party, kid].valid_from.timestamp())

    def is_compromised(self, party: str, kid: str) -> bool:
        """True when somebody else may have signed with that key, so that its evidence must be issued anew."""
        key = self._current().keys.get((party, kid))
        return key is not None and key.compromised_since is not None

    def signers_registry(self, registry: str) -> str | None:
        """The department that answers for that registry, or None."""
        return self._current().signers.get(registry)

    def find_parties(self) -> list[Party]:
        """Everyone on record, by id."""
        return sorted(self._current().parties.values(), key=lambda party: party.id)

    def find_keys(self, party: str) -> list[PartyKey]:
        """Every key that party ever had, the oldest first."""
        keys = (key for key in self._current().keys.values() if key.party == party)
        return sorted(keys, key=lambda key: (key.valid_from, key.public.kid))

    def key_history(self, parties: Iterable[str]) -> list[dict[str, Any]]:
        """The key history of those parties as a bundle carries it."""
        return [history_line(key) for party in sorted(set(parties)) for key in self.find_keys(party)]

    def register(self, party: Party, jwk: Mapping[str, Any], *, valid_from: datetime | None = None) -> PublicKey:
        """The operator's own act: ``party`` and its key are on record, as the trust policy says.

        A key that a party sends in is registered by ``PartyService.register_key`` with proof of possession.
        """
        now = self._clock.now()
        public = PublicKey.from_jwk(jwk)
        with self._database.writing() as session:
            store = PartyStore(session)
            store.keep_party(party, now)
            if store.keep_key(PartyKey(party.id, public, valid_from or now)):
                append(session, Entry("key", event_claims("key-registered", party.id, key=public, by="operator")))
        self.forget()
        return public

    def forget(self) -> None:
        """The next question reads the database again."""
        self._read_at = None

    def _current(self) -> Roll:
        read_at = self._read_at
        if read_at is not None and self._monotonic() - read_at < self._lifetime:
            return self._roll
        with self._lock:
            if self._read_at is None or self._monotonic() - self._read_at >= self._lifetime:
                with self._database.reading() as session:
                    self._roll = PartyStore(session).roll()
                self._read_at = self._monotonic()
            return self._roll


def unknown_party() -> Missing:
    """Nobody is on record under the id that was named."""
    return Missing("parties.unknown", "No party with this id is registered here.", "此处未登记该参与方。")


def _require_active(party: Party) -> None:
    if not party.is_active:
        raise Refused(
            "parties.suspended",
            "This party is suspended; the authority resumes it once what it was suspended for is put right.",
            "该参与方已被暂停；整改完成后由主管部门恢复。",
        )
