from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.errors import Missing, Refused
from hub.kernel.clock import FixedClock
from hub.parties.directory import PartyDirectory
from hub.parties.model import Party, PartyKind
from hub.parties.store import PartyStore
from hub.proof.keys import FileSigner, generate_signer
from hub.storage.database import Database

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
LAND = Party("dept:land", "Land registry", "不动产登记中心", PartyKind.department, "land")


@pytest.fixture
def clock() -> Any:
    return FixedClock(NOW)


@pytest.fixture
def directory(database: Database, clock: FixedClock) -> Any:
    return PartyDirectory(database, clock=clock, lifetime_seconds=0)


def change(database: Database, signer: FileSigner, **members: Any) -> Any:
    with database.writing() as session:
        assert PartyStore(session).change_key(LAND.id, signer.public.kid, **members)


def test_a_registered_key_is_found_by_party_and_kid(directory: PartyDirectory) -> None:
    signer = generate_signer("Ed25519")
    directory.register(LAND, signer.public.to_jwk())
    assert directory.key_for(signer.public.kid, LAND.id) == signer.public
    assert directory.require_party(LAND.id) == LAND
    assert directory.signers_registry("land") == LAND.id


def test_no_key_is_found_for_another_party_or_without_kid(directory: PartyDirectory) -> None:
    signer = generate_signer("ES256")
    directory.register(LAND, signer.public.to_jwk())
    assert directory.key_for(signer.public.kid, "dept:funeral") is None
    assert directory.key_for(None, LAND.id) is None
    assert directory.key_for(signer.public.kid, None) is None


def test_a_key_counts_from_its_first_instant_until_its_last(directory: PartyDirectory, database: Database) -> None:
    signer = generate_signer("Ed25519")
    directory.register(LAND, signer.public.to_jwk())
    change(database, signer, valid_until=NOW + timedelta(days=10))
    kid = signer.public.kid
    assert directory.key_for(kid, LAND.id, NOW - timedelta(seconds=1)) is None
    assert directory.key_for(kid, LAND.id, NOW + timedelta(days=9)) is not None
    assert directory.key_for(kid, LAND.id, NOW + timedelta(days=10)) is None


def test_a_revoked_key_counts_for_what_it_signed_before(
    directory: PartyDirectory, database: Database, clock: FixedClock
) -> None:
    signer = generate_signer("Ed25519")
    directory.register(LAND, signer.public.to_jwk())
    change(database, signer, revoked_at=NOW + timedelta(days=2))
    clock.advance(days=3)
    assert directory.key_for(signer.public.kid, LAND.id) is None
    assert directory.key_for(signer.public.kid, LAND.id, NOW + timedelta(days=1)) is not None


def test_what_a_compromised_key_signed_since_then_does_not_count(directory: PartyDirectory, database: Database) -> None:
    signer = generate_signer("Ed25519")
    directory.register(LAND, signer.public.to_jwk())
    change(database, signer, revoked_at=NOW + timedelta(days=5), compromised_since=NOW + timedelta(days=1))
    kid = signer.public.kid
    assert directory.key_for(kid, LAND.id, NOW) is not None
    assert directory.key_for(kid, LAND.id, NOW + timedelta(days=3)) is None


def test_a_suspended_party_is_told_so_whatever_it_signs_and_whoever_registers_it_again(
    directory: PartyDirectory, database: Database
) -> None:
    signer = generate_signer("Ed25519")
    directory.register(LAND, signer.public.to_jwk())
    with database.writing() as session:
        assert PartyStore(session).set_active(LAND.id, is_active=False)
        PartyStore(session).keep_party(LAND, NOW)
    for asked in (lambda: directory.key_for(signer.public.kid, LAND.id), lambda: directory.require_party(LAND.id)):
        with pytest.raises(Refused, match=r"parties\.suspended"):
            asked()


def test_an_unknown_party_is_missing(directory: PartyDirectory) -> None:
    with pytest.raises(Missing, match=r"parties\.unknown"):
        directory.require_party("dept:nobody")


def test_the_directory_answers_from_memory_for_its_lifetime(database: Database, clock: FixedClock) -> None:
    ticks = [0.0]
    directory = PartyDirectory(database, clock=clock, lifetime_seconds=2, monotonic=lambda: ticks[0])
    assert directory.party_for(LAND.id) is None
    with database.writing() as session:
        PartyStore(session).keep_party(LAND, NOW)
    assert directory.party_for(LAND.id) is None
    ticks[0] = 2.0
    assert directory.party_for(LAND.id) == LAND


def test_the_key_history_names_every_key_with_its_life(directory: PartyDirectory, database: Database) -> None:
    old, new = generate_signer("Ed25519"), generate_signer("Ed25519")
    directory.register(LAND, old.public.to_jwk())
    directory.register(LAND, new.public.to_jwk(), valid_from=NOW + timedelta(days=1))
    change(database, old, valid_until=NOW + timedelta(days=2))
    first, second = directory.key_history([LAND.id])
    assert first["jwk"]["kid"] == old.public.kid
    assert first["until"] == int((NOW + timedelta(days=2)).timestamp())
    assert second["jwk"]["kid"] == new.public.kid
    assert second["until"] is None
