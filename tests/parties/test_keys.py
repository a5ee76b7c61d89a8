"""Keys through their life, on a real database: who may bring which, what each event leaves in the log."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import text

from hub.audit.rules import parse_entry
from hub.audit.store import append
from hub.errors import Conflict, HubError, Malformed, Missing, Refused
from hub.exchange.trust import NOWHERE, KeyHistory
from hub.kernel.clock import FixedClock
from hub.parties.directory import PartyDirectory
from hub.parties.model import Party, PartyKind
from hub.parties.rules import ENDORSEMENT_TYP, RECOVERY_TYP, key_statement, possession_proof
from hub.parties.service import PartyService
from hub.proof.keys import FileSigner, generate_signer
from hub.storage.database import Database

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
HUB = "hub:demo-county"
LAND = Party("dept:land", "Land registry", "不动产登记中心", PartyKind.department, "land")
BUREAU = Party("auth:data-bureau", "Data bureau", "数据局", PartyKind.authority)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def parties(database: Database, clock: FixedClock) -> PartyService:
    directory = PartyDirectory(database, clock=clock, lifetime_seconds=0)
    return PartyService(database, directory, append, HUB, clock, log_size_at=lambda _session, _at: 41)


@pytest.fixture
def old(parties: PartyService) -> FileSigner:
    """The key that the land registry has on record."""
    signer = generate_signer()
    parties.directory.register(LAND, signer.public.to_jwk())
    return signer


def proof(signer: FileSigner, clock: FixedClock, party: str = LAND.id) -> str:
    return possession_proof(signer, party=party, audience=HUB, now=clock.now(), jti=secrets.token_urlsafe(12))


def statement(signer: FileSigner, new: FileSigner, clock: FixedClock, **said: Any) -> str:
    said = {"typ": ENDORSEMENT_TYP, "party": LAND.id, "by": LAND.id} | said
    return key_statement(signer, new.public, audience=HUB, now=clock.now(), jti=secrets.token_urlsafe(12), **said)


def events(database: Database) -> list[dict[str, Any]]:
    with database.reading() as session:
        rows = session.execute(text("SELECT content FROM log_queue ORDER BY queue_id")).scalars()
        return [entry for entry in map(parse_entry, map(bytes, rows)) if entry["kind"] == "key"]


def key(parties: PartyService, signer: FileSigner) -> Any:
    return next(each for each in parties.directory.find_keys(LAND.id) if each.public.kid == signer.public.kid)


def test_every_event_of_a_key_is_in_the_log(parties: PartyService, old: FileSigner, clock: FixedClock) -> None:
    new = generate_signer("ES256")
    parties.rotate_key(old.public.kid, new.public.to_jwk(), proof(new, clock), overlap=timedelta(days=7))
    parties.revoke_key(LAND.id, old.public.kid, "key-compromise", compromised_since=NOW)
    told = [(event["event"], event["kid"]) for event in events(parties.database)]
    assert told == [
        ("key-registered", old.public.kid),
        ("key-registered", new.public.kid),
        ("key-retired", old.public.kid),
        ("key-revoked", old.public.kid),
    ]
    assert events(parties.database)[-1]["log_size"] == 41
    assert {event["thumbprint"] for event in events(parties.database)} == {
        old.public.thumbprint(),
        new.public.thumbprint(),
    }


def test_a_rotated_key_counts_beside_the_new_one_until_the_overlap_ends(
    parties: PartyService, old: FileSigner, clock: FixedClock
) -> None:
    new = generate_signer()
    parties.rotate_key(old.public.kid, new.public.to_jwk(), proof(new, clock), overlap=timedelta(days=7))
    counts = [parties.directory.key_for(each.public.kid, LAND.id) is not None for each in (old, new)]
    clock.advance(days=7)
    later = [parties.directory.key_for(each.public.kid, LAND.id) is not None for each in (old, new)]
    assert (counts, later) == ([True, True], [False, True])


def test_what_a_key_signed_in_the_second_of_its_end_counts(
    parties: PartyService, old: FileSigner, clock: FixedClock
) -> None:
    new, ends = generate_signer(), clock.advance(seconds=0.4)
    parties.rotate_key(old.public.kid, new.public.to_jwk(), proof(new, clock), overlap=timedelta(0))
    assert key(parties, old).valid_until == ends.replace(microsecond=0) + timedelta(seconds=1)
    assert events(parties.database)[-1]["until"] == int(ends.timestamp()) + 1


def test_what_a_key_signed_in_the_second_of_its_revocation_counts_and_nothing_else_of_it(
    parties: PartyService, old: FileSigner, clock: FixedClock
) -> None:
    """What the hub took before it revoked the key verifies afterwards; the hub itself takes nothing more at once."""
    begun, _ended = clock.now(), clock.advance(seconds=0.4)
    parties.revoke_key(LAND.id, old.public.kid, "lost")
    assert parties.directory.key_for(old.public.kid, LAND.id) is None
    history, signed = KeyHistory.of(parties.directory.key_history([LAND.id])), int(begun.timestamp())
    counts = [history.counted(LAND.id, old.public.kid, at, NOWHERE) for at in (signed, signed + 1)]
    assert counts == [True, False]
    assert events(parties.database)[-1]["at"] == signed + 1


def test_a_rotation_that_fails_leaves_both_keys_as_they_were(
    parties: PartyService, old: FileSigner, clock: FixedClock
) -> None:
    with pytest.raises(Conflict, match=r"parties\.key-known"):
        parties.rotate_key(old.public.kid, old.public.to_jwk(), proof(old, clock), overlap=timedelta(0))
    assert key(parties, old).valid_until is None


def test_an_ended_key_is_not_rotated(parties: PartyService, old: FileSigner, clock: FixedClock) -> None:
    parties.revoke_key(LAND.id, old.public.kid, "ceased")
    new = generate_signer()
    with pytest.raises(Conflict, match=r"parties\.key-ended"):
        parties.rotate_key(old.public.kid, new.public.to_jwk(), proof(new, clock), overlap=timedelta(days=1))


def test_an_end_is_never_put_off(parties: PartyService, old: FileSigner, clock: FixedClock) -> None:
    first, second = generate_signer(), generate_signer()
    parties.rotate_key(old.public.kid, first.public.to_jwk(), proof(first, clock), overlap=timedelta(days=1))
    with pytest.raises(Conflict, match=r"parties\.key-ends-earlier"):
        parties.rotate_key(old.public.kid, second.public.to_jwk(), proof(second, clock), overlap=timedelta(days=2))


def test_a_party_brings_a_further_key_that_one_of_its_keys_endorses(
    parties: PartyService, old: FileSigner, clock: FixedClock
) -> None:
    new = generate_signer()
    parties.register_endorsed_key(new.public.to_jwk(), proof(new, clock), statement(old, new, clock))
    assert parties.directory.key_for(new.public.kid, LAND.id) == new.public
    assert events(parties.database)[-1]["by"] == old.public.kid


Forgery = Callable[[FileSigner, FileSigner, FixedClock], str]
FORGERIES: list[tuple[str, Forgery, str]] = [
    ("by the new key itself", lambda _old, new, clock: statement(new, new, clock), "proof.unknown-key"),
    (
        "for another key",
        lambda old, _new, clock: statement(old, generate_signer(), clock),
        "parties.statement-about-another-key",
    ),
    (
        "for another party",
        lambda old, new, clock: statement(old, new, clock, party="dept:funeral"),
        "parties.statement-about-another-key",
    ),
    ("of another type", lambda old, new, clock: statement(old, new, clock, typ=RECOVERY_TYP), "proof.typ"),
    ("no statement at all", lambda old, _new, clock: proof(old, clock), "proof.typ"),
]


@pytest.mark.parametrize(("forge", "code"), [pytest.param(do, code, id=name) for name, do, code in FORGERIES])
def test_nobody_brings_a_key_for_a_party_without_a_key_of_that_party(
    parties: PartyService, old: FileSigner, clock: FixedClock, forge: Forgery, code: str
) -> None:
    new = generate_signer()
    with pytest.raises(HubError) as refusal:
        parties.register_endorsed_key(new.public.to_jwk(), proof(new, clock), forge(old, new, clock))
    assert refusal.value.code == code
    assert parties.directory.key_for(new.public.kid, LAND.id) is None


def test_another_partys_key_endorses_nothing(parties: PartyService, old: FileSigner, clock: FixedClock) -> None:
    bureau, new = generate_signer(), generate_signer()
    parties.directory.register(BUREAU, bureau.public.to_jwk())
    with pytest.raises(Refused, match=r"parties\.not-endorsed"):
        parties.register_endorsed_key(
            new.public.to_jwk(), proof(new, clock), statement(bureau, new, clock, by=BUREAU.id)
        )


def test_proof_and_endorsement_are_used_once(parties: PartyService, old: FileSigner, clock: FixedClock) -> None:
    new = generate_signer()
    shown = proof(new, clock)
    parties.register_endorsed_key(new.public.to_jwk(), shown, statement(old, new, clock))
    with pytest.raises(Refused, match=r"parties\.proof-used"):
        parties.register_endorsed_key(new.public.to_jwk(), shown, statement(old, new, clock))


def test_a_lost_key_is_replaced_with_the_authoritys_word_and_ends(
    parties: PartyService, old: FileSigner, clock: FixedClock
) -> None:
    bureau, new = generate_signer(), generate_signer()
    parties.directory.register(BUREAU, bureau.public.to_jwk())
    approval = statement(bureau, new, clock, typ=RECOVERY_TYP, by=BUREAU.id)
    clock.advance(days=2)
    parties.recover_key(new.public.to_jwk(), proof(new, clock), approval)
    assert parties.directory.key_for(new.public.kid, LAND.id) == new.public
    assert (key(parties, old).revoked_reason, key(parties, old).revoked_at) == ("lost", clock.now())
    assert parties.directory.key_for(old.public.kid, LAND.id, NOW) == old.public
    assert [event["event"] for event in events(parties.database)[-2:]] == ["key-revoked", "key-recovered"]


def test_only_the_authority_approves_a_recovery(parties: PartyService, old: FileSigner, clock: FixedClock) -> None:
    new = generate_signer()
    approval = statement(old, new, clock, typ=RECOVERY_TYP)
    with pytest.raises(Refused, match=r"parties\.not-the-authority"):
        parties.recover_key(new.public.to_jwk(), proof(new, clock), approval)
    assert key(parties, old).revoked_at is None


def test_a_revocation_names_a_published_reason_and_a_compromise_its_beginning(
    parties: PartyService, old: FileSigner
) -> None:
    for reason, since in [
        ("because", None),
        ("key-compromise", None),
        ("lost", NOW),
        ("key-compromise", NOW + timedelta(days=1)),
        ("key-compromise", datetime(1969, 12, 31, tzinfo=UTC)),
        ("key-compromise", datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))),
        ("key-compromise", datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))),
    ]:
        with pytest.raises(Malformed):
            parties.revoke_key(LAND.id, old.public.kid, reason, compromised_since=since)
    with pytest.raises(Missing, match=r"parties\.key-unknown"):
        parties.revoke_key(LAND.id, "no-such-kid", "lost")
    assert key(parties, old).revoked_at is None


def test_a_key_speaks_for_one_party_under_one_id(parties: PartyService, old: FileSigner, clock: FixedClock) -> None:
    window = Party("svc:window", "Window", "窗口", PartyKind.consumer)
    parties.register_party(window)
    again = FileSigner(old._private, kid="another-id")
    parties.revoke_key(LAND.id, old.public.kid, "key-compromise", compromised_since=NOW)
    for signer, party in ((again, LAND), (old, window), (again, window)):
        told = proof(signer, clock, party.id)
        with pytest.raises(Conflict, match=r"parties\.key-of-another"):
            parties.register_key(signer.public.to_jwk(), told)
        with pytest.raises(Conflict, match=r"parties\.key-of-another"):
            parties.directory.register(party, signer.public.to_jwk())
    assert [each.public for each in parties.directory.find_keys(window.id)] == []


def test_the_beginning_of_a_compromise_moves_back_and_never_forward(
    parties: PartyService, old: FileSigner, clock: FixedClock
) -> None:
    clock.advance(days=9)
    parties.revoke_key(LAND.id, old.public.kid, "superseded")
    first = clock.now()
    clock.advance(days=1)
    for since, stands in [(5, 5), (7, 5), (3, 3)]:
        told = NOW + timedelta(days=since)
        parties.revoke_key(LAND.id, old.public.kid, "key-compromise", compromised_since=told)
        assert key(parties, old).compromised_since == NOW + timedelta(days=stands)
    assert key(parties, old).revoked_at == first
    assert parties.directory.is_compromised(LAND.id, old.public.kid)


def test_a_hub_puts_its_own_first_key_on_record_once(parties: PartyService, clock: FixedClock) -> None:
    first, later = generate_signer(), generate_signer()
    assert parties.introduce(first.public)
    assert not parties.introduce(first.public)
    assert not parties.introduce(later.public)
    assert parties.directory.key_for(first.public.kid, HUB) == first.public
    assert parties.directory.key_for(later.public.kid, HUB) is None
    assert [event["event"] for event in events(parties.database)] == ["party-registered", "key-registered"]
    rotated = proof(later, clock, HUB)
    parties.rotate_key(first.public.kid, later.public.to_jwk(), rotated, overlap=timedelta(days=1))
    assert parties.directory.key_for(later.public.kid, HUB) == later.public


def test_a_hub_that_the_operator_named_keeps_its_name(parties: PartyService) -> None:
    parties.register_party(Party(HUB, "County hub", "县枢纽", PartyKind.hub))
    parties.introduce(generate_signer().public)
    found = parties.directory.party_for(HUB)
    assert found is not None
    assert found.name_zh == "县枢纽"


def test_nodes_that_start_together_introduce_one_key(parties: PartyService) -> None:
    signers = [generate_signer() for _ in range(4)]
    with ThreadPoolExecutor(4) as nodes:
        introduced = list(nodes.map(lambda signer: parties.introduce(signer.public), signers))
    assert sorted(introduced) == [False, False, False, True]
