"""Intake on a real database, with departments that push to it and an identity that goes by the number alone."""

import itertools
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from hub.audit.store import append
from hub.catalogue.schemas import evidence_schema, validator_for
from hub.evidence.rules import shape_of
from hub.evidence.service import IntakeService
from hub.evidence.store import Vault
from hub.evidence.stream import StreamLimits
from hub.identity.model import Mention, Outcome, Placement
from hub.kernel.clock import Clock, FixedClock
from hub.parties.directory import PartyDirectory
from hub.parties.model import Party, PartyKind
from hub.proof.keys import generate_signer
from hub.proof.sealing import Blinder, KeyRing
from hub.storage.database import Database
from tests.evidence.pushing import HUB, Department

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
SHAPES = {
    (shape.registry, shape.export): shape
    for shape in map(
        shape_of,
        map(evidence_schema, ("resident", "funeral", "household-cancellation", "low-income-household")),
    )
}


class ByNumber:
    """Identity as a county with perfect numbers would need it: one number, one subject."""

    def __init__(self) -> None:
        self.subjects: dict[str, str] = {}
        self.forgotten: list[str] = []
        self._count = itertools.count(1)

    def place(self, _session: Session, mentions: Sequence[Mention]) -> list[Placement]:
        return [self._placed(mention) for mention in mentions]

    def forget(self, _session: Session, records: Sequence[str], *, replaced: bool = False) -> None:
        del replaced  # a number stays its owner's whatever row states it
        self.forgotten += records

    def _placed(self, mention: Mention) -> Placement:
        number = str(mention.fields.get("number") or f"{mention.record}|{mention.role}")
        known = number in self.subjects
        subject = self.subjects.setdefault(number, f"sub_{next(self._count):026d}")
        return Placement(subject, Outcome.LINKED if known else Outcome.NEW)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def identity() -> ByNumber:
    return ByNumber()


@pytest.fixture
def vault() -> Vault:
    return new_vault()


def new_vault() -> Vault:
    """Sealing with keys that nobody else has."""
    return Vault(KeyRing("k1", {"k1": secrets.token_bytes(32)}), Blinder(secrets.token_bytes(32)))


@pytest.fixture
def intake(database: Database, clock: FixedClock, identity: ByNumber, vault: Vault) -> IntakeService:
    return intake_over(database, clock, identity, vault)


def intake_over(database: Database, clock: Clock, identity: ByNumber, vault: Vault) -> IntakeService:
    """Intake as one process of the hub has it."""
    return IntakeService(
        database=database,
        directory=PartyDirectory(database, clock=clock, lifetime_seconds=0),
        identity=identity,
        vault=vault,
        shapes=SHAPES,
        validator_for=validator_for,
        append=append,
        hub=HUB,
        clock=clock,
        limits=StreamLimits(line_bytes=65_536),
    )


@pytest.fixture
def department(intake: IntakeService, clock: FixedClock) -> Callable[[str, str], Department]:
    """Makes the department that answers for an export, with its key on record."""
    signers = {registry: generate_signer("Ed25519") for registry, _ in SHAPES}

    def make(registry: str, export: str) -> Department:
        party = Party(f"dept:{registry.replace('_', '-')}", registry, registry, PartyKind.department, registry)
        intake.directory.register(party, signers[registry].public.to_jwk())
        return Department(party.id, SHAPES[registry, export], signers[registry], clock)

    return make


@pytest.fixture
def civil(department: Callable[[str, str], Department]) -> Department:
    return department("civil_affairs", "residents")
