"""Reads and keeps parties, keys and used messages inside the caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from hub.parties.model import Party, PartyKey, PartyKind
from hub.parties.rules import key_of_another
from hub.parties.tables import PartyKeyRow, PartyRow, UsedMessageRow
from hub.proof.keys import PublicKey

LOCK: Final = 4_715_002_017
"""The advisory lock of whoever puts a key on record."""


@dataclass(frozen=True)
class Roll:
    """Everyone on record at one moment."""

    parties: Mapping[str, Party] = field(default_factory=dict)
    keys: Mapping[tuple[str, str], PartyKey] = field(default_factory=dict)
    signers: Mapping[str, str] = field(default_factory=dict)


class PartyStore:
    """Parties in one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Nobody else introduces a hub or a key until this transaction ends."""
        self._session.execute(select(func.pg_advisory_xact_lock(LOCK)))

    def roll(self) -> Roll:
        """Every party and key."""
        parties = {row.party_id: _party(row) for row in self._session.scalars(select(PartyRow))}
        keys = {(row.party_id, row.kid): _key(row) for row in self._session.scalars(select(PartyKeyRow))}
        return Roll(parties, keys, {each.registry: each.id for each in parties.values() if each.registry})

    def keep_party(self, party: Party, at: datetime) -> None:
        """``party`` stands as given; a known id is overwritten but for its first registration and its suspension."""
        members = {
            "name": party.name,
            "name_zh": party.name_zh,
            "kind": party.kind.value,
            "registry_id": party.registry,
        }
        statement = insert(PartyRow).values(party_id=party.id, registered_at=at, **members)
        self._session.execute(statement.on_conflict_do_update(index_elements=["party_id"], set_=members))

    def set_active(self, party: str, *, is_active: bool) -> bool:
        """True when the party is on record and was not so before."""
        turned = (col(PartyRow.party_id) == party) & (col(PartyRow.is_active) != is_active)
        statement = update(PartyRow).where(turned).values(is_active=is_active).returning(col(PartyRow.party_id))
        return self._session.execute(statement).first() is not None

    def keep_key(self, key: PartyKey) -> bool:
        """True when the key is new; a key on record stays exactly as it is.

        Raises:
            Conflict: it is on record under another party, or under another id, where it may have ended.
        """
        self.lock()
        holders = self._holders(key.public)
        if holders and (key.party, key.public.kid) not in holders:
            raise key_of_another()
        statement = insert(PartyKeyRow).values(
            party_id=key.party,
            kid=key.public.kid,
            jwk=key.public.to_jwk(),
            valid_from=key.valid_from,
            valid_until=key.valid_until,
            revoked_reason="",
        )
        done = self._session.execute(statement.on_conflict_do_nothing().returning(col(PartyKeyRow.kid)))
        return done.first() is not None

    def _holders(self, key: PublicKey) -> set[tuple[str, str]]:
        """Under which party and id that key is on record, whatever its own id."""
        rows = self._session.scalars(select(PartyKeyRow).where(col(PartyKeyRow.jwk)["x"].astext == key.to_jwk()["x"]))
        return {(row.party_id, row.kid) for row in rows if PublicKey.from_jwk(row.jwk).thumbprint() == key.thumbprint()}

    def key_for(self, party: str, kid: str) -> PartyKey | None:
        """That key, held until this transaction ends so that no other change of it comes between; or None."""
        row = self._session.scalars(select(PartyKeyRow).where(_is(party, kid)).with_for_update()).first()
        return None if row is None else _key(row)

    def keys_of(self, party: str) -> list[PartyKey]:
        """Every key the party ever had, held like ``key_for`` holds one."""
        rows = select(PartyKeyRow).where(col(PartyKeyRow.party_id) == party).order_by(col(PartyKeyRow.kid))
        return [_key(row) for row in self._session.scalars(rows.with_for_update())]

    def change_key(self, party: str, kid: str, **members: Any) -> bool:
        """True when the key is on record and now has ``members``."""
        statement = update(PartyKeyRow).where(_is(party, kid)).values(**members).returning(col(PartyKeyRow.kid))
        return self._session.execute(statement).first() is not None

    def use_message(self, party: str, jti: str, expires_at: datetime) -> bool:
        """True the first time this message is seen."""
        statement = insert(UsedMessageRow).values(party_id=party, jti=jti, expires_at=expires_at)
        done = self._session.execute(statement.on_conflict_do_nothing().returning(col(UsedMessageRow.jti)))
        return done.first() is not None

    def forget_messages(self, before: datetime) -> None:
        """Messages that expired before that instant are gone."""
        self._session.execute(delete(UsedMessageRow).where(col(UsedMessageRow.expires_at) < before))


def _is(party: str, kid: str) -> Any:
    return (col(PartyKeyRow.party_id) == party) & (col(PartyKeyRow.kid) == kid)


def _party(row: PartyRow) -> Party:
    return Party(row.party_id, row.name, row.name_zh, PartyKind(row.kind), row.registry_id, row.is_active)


def _key(row: PartyKeyRow) -> PartyKey:
    return PartyKey(
        row.party_id,
        PublicKey.from_jwk(row.jwk),
        row.valid_from,
        row.valid_until,
        row.revoked_at,
        row.revoked_reason,
        row.compromised_since,
        row.log_size,
    )
