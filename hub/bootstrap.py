"""The one place that builds things: from settings to a hub with every service wired."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

from hub.api.rooms import Hub
from hub.audit import tables as audit_tables
from hub.audit.lastsigned import SignedFile
from hub.audit.parts import LogParts
from hub.audit.service import Log
from hub.audit.store import append
from hub.audit.witnessing import Collector
from hub.cases import tables as cases_tables
from hub.cases.rules.statable import can_state
from hub.cases.service import CaseService, Surroundings
from hub.cases.service.following import follow_split
from hub.cases.service.scanning import ClamdScanner, Scanner, SignatureScanner
from hub.catalogue import tables as catalogue_tables
from hub.catalogue.schemas import DIRECTORY, evidence_schema, validator_for
from hub.catalogue.service import CatalogueService
from hub.evidence import tables as evidence_tables
from hub.evidence.model import Shape
from hub.evidence.rules import shape_of
from hub.evidence.service import IntakeService, StatusService, Verifiers
from hub.evidence.service.chronicle import Chronicle
from hub.evidence.store import BatchStore, EvidenceStore, Vault
from hub.exchange import tables as exchange_tables
from hub.exchange.flags import parse_rules, standard_rules
from hub.exchange.service import ExchangeService, Parts
from hub.exchange.service.deferring import DeferralService
from hub.exchange.service.erasing import ErasureService
from hub.exchange.service.foreseeing import Foresight
from hub.exchange.service.parting import Parting
from hub.exchange.service.recalling import Recalling
from hub.exchange.service.resealing import ResealService
from hub.exchange.service.searching import SearchService
from hub.exchange.service.viewing import ViewParts, ViewService
from hub.exchange.store import log_size_before
from hub.identity import tables as identity_tables
from hub.identity.golden import Authority
from hub.identity.model import Move
from hub.identity.service import IdentityService
from hub.identity.store.vault import Vault as IdentityVault
from hub.kernel.clock import Clock
from hub.kernel.workdays import WorkdayCalendar
from hub.parties import tables as parties_tables
from hub.parties.directory import PartyDirectory
from hub.parties.service import PartyService
from hub.parties.tokens import TokenService
from hub.proof.note import NoteSigner
from hub.proof.pkcs11 import open_signer
from hub.proof.policy import parse_policy
from hub.proof.sealing import Blinder, KeyRing, check_value
from hub.settings import Settings, named
from hub.sharing import tables as sharing_tables
from hub.sharing.service import OwedService, SharingService
from hub.storage import tables as storage_tables
from hub.storage.clock import DatabaseClock
from hub.storage.database import Database

tables: Final = (
    audit_tables,
    cases_tables,
    catalogue_tables,
    evidence_tables,
    exchange_tables,
    identity_tables,
    parties_tables,
    sharing_tables,
    storage_tables,
)
"""Every module that defines tables; migrations compare the database with them."""


def build(settings: Settings, clock: Clock | None = None) -> Hub:
    """The hub that ``settings`` describe; nothing runs in it before ``start``, and nothing is asked of the network.

    Raises:
        Malformed: a key file holds no usable key.
    """
    return _Builder(settings, clock).hub()


def published_shapes() -> list[Shape]:
    """What the published schemas say about each type of evidence."""
    names = sorted(file.stem for file in (DIRECTORY / "evidence").glob("*.json"))
    return [shape_of(evidence_schema(name)) for name in names]


class _Builder:
    def __init__(self, settings: Settings, clock: Clock | None) -> None:
        self.settings = settings
        self.database = Database(settings.database_url, pool_size=settings.pool_size)
        clock = self.clock = clock or DatabaseClock(self.database)
        with named("HUB_SIGNING_KEY"):
            self.signer = open_signer(settings.signing_key, settings.device)
        with named("HUB_LOG_KEY"):
            log_key = open_signer(settings.log_key, settings.device)
        with named("HUB_LOG_ORIGIN"):
            self.log_signer = NoteSigner(settings.log_origin, log_key)
        self.keyring = KeyRing(next(iter(settings.seal_keys)), settings.seal_keys)
        self.blinder = Blinder(settings.blind_key)
        self.vault = Vault(self.keyring, self.blinder)
        self.directory = PartyDirectory(self.database, clock=clock)
        self.catalogue = CatalogueService(self.database, clock, append)
        self.shapes = published_shapes()

    def hub(self) -> Hub:
        settings = self.settings
        return Hub(
            id=settings.hub_id,
            url=settings.public_url,
            limits=settings.limits,
            clock=self.clock,
            signer=self.signer,
            log_origin=settings.log_origin,
            log_vkey=self.log_signer.verifier.vkey,
            database=self.database,
            check_values=self._check_values,
            parties=self.directory,
            party_service=PartyService(
                self.database, self.directory, append, settings.hub_id, self.clock, log_size_at=log_size_before
            ),
            tokens=TokenService(self.database, self.directory, self.signer, settings.hub_id, self.clock),
            log=self.log,
            intake=self._intake(),
            statuses=StatusService(self.database, self.directory, append, self.clock),
            identity=self.identity,
            catalogue=self.catalogue,
            sharing=SharingService(self.database, self.clock, append),
            owed=OwedService(self.database, self.clock, append),
            cases=CaseService(self._surroundings),
            exchange=self._exchange(),
            search=self._search(),
            views=ViewService(self._view_parts),
            deferrals=DeferralService(self._view_parts, self.directory),
            erasures=ErasureService(self._view_parts),
            resealing=ResealService(self.database, self.keyring, append, settings.hub_id),
            recalling=self.recalling,
            foresight=Foresight(self.identity, self.vault),
            chronicle=Chronicle(self.vault, {shape.type: shape for shape in self.shapes}),
        )

    @property
    def _check_values(self) -> dict[str, bytes]:
        """The check value of each secret, and of the log's name, by the setting that gives it."""
        return {
            "HUB_BLIND_KEY": self.blinder.check_value,
            "HUB_LOG_ORIGIN": check_value(self.settings.log_origin.encode()),
            **{f"HUB_SEAL_KEYS {name}": value for name, value in self.keyring.check_values.items()},
        }

    @cached_property
    def log(self) -> Log:
        settings = self.settings
        collector = None
        if settings.witness_policy is not None:
            with named("HUB_WITNESS_POLICY"):
                collector = Collector(parse_policy(settings.witness_policy.read_bytes()), self.clock)
        with named("HUB_DATA_DIR"):
            settings.data_dir.mkdir(parents=True, exist_ok=True)
        parts = LogParts(
            self.log_signer,
            SignedFile(settings.data_dir / "last-signed-checkpoint"),
            self.clock,
            collector,
            None if collector is None else float(settings.max_unwitnessed_age_seconds),
        )
        return Log(self.database, parts)

    @cached_property
    def identity(self) -> IdentityService:
        return IdentityService(
            database=self.database,
            blinder=self.blinder,
            keyring=self.keyring,
            clock=self.clock,
            follow=self._follow,
            region_names=self.settings.region_names,
            review_probable=self.settings.review_probable,
            authority=self._authority(),
        )

    def _authority(self) -> Authority | None:
        rules = self.settings.golden_rules
        with named("HUB_GOLDEN_RULES"):
            return None if rules is None else Authority.parse(rules.read_text(encoding="utf-8"))

    def _follow(self, session: Any, moves: Sequence[Move]) -> None:
        """Evidence, open cases and those who were shown something follow identity, in its transaction."""
        EvidenceStore(session, self.vault).follow(moves)
        if splits := self.recalling.splits(session, moves):
            follow_split(self._surroundings, session, self.recalling.parted(session, splits))
            self.recalling.follow(session, splits)
            Parting(self.recalling, self._view_parts).follow(session, splits)

    @cached_property
    def recalling(self) -> Recalling:
        return Recalling(self.database, self.identity, self.vault, self.clock, append)

    def _intake(self) -> IntakeService:
        return IntakeService(
            database=self.database,
            directory=self.directory,
            identity=self.identity,
            vault=self.vault,
            shapes={(shape.registry, shape.export): shape for shape in self.shapes if shape.export},
            validator_for=validator_for,
            append=append,
            hub=self.settings.hub_id,
            clock=self.clock,
            verifiers=Verifiers(self.settings.verifiers),
            folder=self.settings.data_dir,
        )

    @cached_property
    def _surroundings(self) -> Surroundings:
        return Surroundings(
            database=self.database,
            clock=self.clock,
            catalogue=self.catalogue,
            identity=self.identity,
            evidence=self._evidence,
            key_for=self.directory.key_for,
            counts_since=self.directory.counts_since,
            party_for=self.directory.party_for,
            keyring=self.keyring,
            blinder=self.blinder,
            calendar=self._calendar(),
            scanner=self._scanner(),
            append=append,
            can_state=can_state,
            registries_heard=lambda session: BatchStore(session).freshness(),
        )

    def _calendar(self) -> WorkdayCalendar:
        """What the library knows; every year that the operator's file names is as it says."""
        more = self.settings.workdays
        with named("HUB_WORKDAYS"):
            standard = WorkdayCalendar.standard()
            return standard if more is None else standard.with_more(WorkdayCalendar.parse(more.read_text("utf-8-sig")))

    @property
    def _evidence(self) -> Callable[[Any], EvidenceStore]:
        return lambda session: EvidenceStore(session, self.vault)

    def _scanner(self) -> Scanner:
        if self.settings.scanner is None:
            return SignatureScanner()
        host, _, port = self.settings.scanner.rpartition(":")
        return ClamdScanner(host, int(port))

    @property
    def _witness_seconds(self) -> float:
        """How long what is kept for years waits for the witnesses' cosignatures."""
        return 0.0 if self.settings.witness_policy is None else self.settings.limits.receipt_seconds

    def _exchange(self) -> ExchangeService:
        return ExchangeService(
            Parts(
                database=self.database,
                directory=self.directory,
                catalogue=self.catalogue,
                identity=self.identity,
                vault=self.vault,
                shapes={shape.type: shape for shape in self.shapes},
                signer=self.signer,
                log=self.log,
                hub=self.settings.hub_id,
                clock=self.clock,
                receipt_seconds=self.settings.limits.receipt_seconds,
                witness_seconds=self._witness_seconds,
            )
        )

    def _search(self) -> SearchService:
        rules = self.settings.flag_rules
        with named("HUB_FLAG_RULES"):
            flags = standard_rules() if rules is None else parse_rules(rules.read_bytes())
        return SearchService(
            database=self.database,
            vault=IdentityVault(self.keyring, self.blinder),
            log=self.log,
            clock=self.clock,
            rules=flags,
            receipt_seconds=self.settings.limits.receipt_seconds,
            witness_seconds=self._witness_seconds,
        )

    @cached_property
    def _view_parts(self) -> ViewParts:
        return ViewParts(
            database=self.database,
            identity=self.identity,
            keyring=self.keyring,
            blinder=self.blinder,
            log=self.log,
            signer=self.signer,
            hub=self.settings.hub_id,
            clock=self.clock,
            limit=timedelta(days=self.settings.max_deferral_days),
            receipt_seconds=self.settings.limits.receipt_seconds,
            witness_seconds=self._witness_seconds,
        )
