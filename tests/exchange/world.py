"""A hub as it runs, departments that push to it, and an approval service that asks."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from hub.api.rooms import Hub
from hub.bootstrap import build, published_shapes
from hub.cases.model import PersonAsked
from hub.cases.service.cases import Opening
from hub.cases.service.people import PersonIn
from hub.evidence.model import BatchAnswer
from hub.exchange.model import Exchanged
from hub.kernel.clock import Clock
from hub.parties.model import Party, PartyKind
from hub.proof.jws import sign_jws, verify_jws
from hub.proof.keys import FileSigner, generate_signer
from hub.settings import Settings
from hub.sharing.model import Grant
from hub.sharing.reading import shipped_grants
from tests.evidence.pushing import HUB, Department

AID = "svc:low-income-aid"
MATTER = "low-income-aid"
ZHANG = {"name": "张三", "number": "11010519491231002X", "document_kind": "111", "number_valid": True}
LI = {"name": "李梅", "number": "440524188001010014", "document_kind": "111", "number_valid": True}
RESIDENT = "urn:hub:evidence:resident:1"
LAND = "urn:hub:evidence:real-estate-right:1"
ALIVE, MARITAL = "urn:hub:statement:alive:1", "urn:hub:statement:marital-status:1"
LOW_INCOME, LAND_STATED = "urn:hub:statement:low-income-status:1", "urn:hub:statement:land-registered:1"
_DEPARTMENTS = {
    "civil_affairs": "dept:civil-affairs",
    "land": "dept:land",
    "marriage": "dept:marriage",
    "funeral": "dept:funeral",
    "low_income": "dept:low-income",
}


def settings_in(place: Path, database_url: str) -> Settings:
    """A hub of throw-away keys."""
    for name in ("hub", "log"):
        (place / f"{name}.pem").write_bytes(generate_signer("Ed25519").to_pem())
    return Settings(
        database_url=database_url,
        hub_id=HUB,
        public_url="https://hub.example",
        data_dir=place / "data",
        signing_key=place / "hub.pem",
        log_key=place / "log.pem",
        log_origin="hub.example/log",
        seal_keys={"k1": secrets.token_bytes(32)},
        blind_key=secrets.token_bytes(32),
    )


@dataclass
class World:
    """One county: its hub, its departments by registry, its services by id."""

    hub: Hub
    clock: Clock
    signers: dict[str, FileSigner] = field(default_factory=dict)
    chains: dict[str, Department] = field(default_factory=dict)

    def join(self, party: str, kind: PartyKind, registry: str | None = None) -> FileSigner:
        """The party is on record with a key of its own."""
        signer = self.signers.setdefault(party, generate_signer("Ed25519"))
        self.hub.parties.register(
            Party(party, party, party, kind, registry),
            signer.public.to_jwk(),
            valid_from=self.clock.now() - timedelta(days=1),
        )
        return signer

    def push(
        self, registry: str, export: str, *records: Mapping[str, Any], lines: list[Any] | None = None
    ) -> BatchAnswer:
        """The records come in as the export's next batch."""
        shape = next(each for each in published_shapes() if (each.registry, each.export) == (registry, export))
        chain = self.chains.get(registry)
        issuer = _DEPARTMENTS[registry]
        department = Department(issuer, shape, self.signers[issuer], self.clock)
        if chain is not None:
            department.sequence, department.previous = chain.sequence, chain.previous
        told = lines or [department.line(f"{export}|{sorted(form.items())!r}", form) for form in records]
        batch = department.batch(told)
        answer = self.hub.intake.accept(registry, [batch])
        department.went_through(batch)
        self.chains[registry] = department
        return answer

    def grant(self, type_: str, *claims: str, consumer: str = AID, matter: str = MATTER) -> None:
        """The consumer may have those claims."""
        today = self.clock.now().date()
        grant = Grant(
            id=f"{consumer}|{type_}|{matter}".replace(":", "-"),
            consumer=consumer,
            evidence_type=type_,
            claims=claims,
            matters=(matter,),
            basis="《社会救助暂行办法》",
            scenario="test",
            valid_from=today - timedelta(days=1),
            valid_until=today + timedelta(days=1),
            signed_off_by="test",
        )
        self.hub.sharing.take_over([grant], by="test")

    def open_case(self, number: str, person: Mapping[str, Any] = ZHANG, *, consumer: str = AID) -> None:
        """The service has a case of that number about the person."""
        asked = PersonAsked(kind="resident", number=person["number"], name=person["name"])
        self.hub.cases.open(consumer, Opening(number, MATTER, (PersonIn("applicant", asked),)))

    def request(self, *wanted: tuple[str, list[str]], signer: FileSigner | None = None, **changed: Any) -> str:
        """A signed evidence request; ``changed`` are claims."""
        consumer = changed.get("iss", AID)
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": consumer,
            "aud": HUB,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
            "subject": {"kind": "resident", "number": ZHANG["number"], "name": ZHANG["name"]},
            "matter": MATTER,
            "case": "2026-0001",
            "basis": "《社会救助暂行办法》第十一条",
            "officer": "王科员",
            "wanted": [{"type": vct, "claims": patterns} for vct, patterns in wanted or [(RESIDENT, ["name"])]],
        }
        claims = {name: claim for name, claim in (claims | changed).items() if claim is not None}
        return sign_jws(claims, typ="evidence-request+jwt", signer=signer or self.signers[consumer])

    def ask(self, *wanted: tuple[str, list[str]], **changed: Any) -> dict[str, Any]:
        """The claims of the answer to such a request."""
        return self.read(self.hub.exchange.exchange(self.request(*wanted, **changed)))

    def read(self, exchanged: Exchanged) -> dict[str, Any]:
        """The verified claims of an answer."""
        message = verify_jws(
            exchanged.answer_jws,
            typ="evidence-answer+jwt",
            key_for=lambda kid, _: self.hub.signer.public if kid == self.hub.signer.public.kid else None,
            max_bytes=4_000_000,
        )
        return dict(message.claims)

    def policy(self) -> dict[str, Any]:
        """The trust policy that a verifier of this county holds."""
        return {
            "version": 1,
            "hub": {
                "id": HUB,
                "jwks": {"keys": [self.hub.signer.public.to_jwk()]},
                "log_vkey": self.hub.log_vkey,
                "origin": self.hub.log_origin,
            },
            "parties": {party: {"jwks": {"keys": [signer.public.to_jwk()]}} for party, signer in self.signers.items()},
            "witnesses": [],
            "quorum": 0,
        }


@contextmanager
def county(settings: Settings, clock: Clock) -> Iterator[World]:
    """A running hub with its catalogue, shipped grants, five departments and one service."""
    hub = build(settings, clock)
    world = World(hub, clock)
    hub.parties.register(
        Party(HUB, "Hub", "平台", PartyKind.hub), hub.signer.public.to_jwk(), valid_from=clock.now() - timedelta(days=1)
    )
    for registry, department in _DEPARTMENTS.items():
        world.join(department, PartyKind.department, registry)
    world.join(AID, PartyKind.consumer)
    edition = hub.catalogue.publish_shipped(by="test")
    hub.sharing.take_over(shipped_grants(edition.catalogue), by="test")
    hub.start()
    try:
        yield world
    finally:
        hub.close()


def family(world: World) -> None:
    """Zhang and Li, married, with a flat, on the low-income list; nobody has died."""
    home = {"household_address": "某县某路1号", "head_number": ZHANG["number"], "birth_date": "1949-12-31"}
    zhang = {**ZHANG, **home, "relation_to_head": "02", "phone": "13800000000", "sex": "2"}
    li = {**LI, **home, "relation_to_head": "10", "birth_date": "1880-01-01"}
    world.push("civil_affairs", "residents", zhang, li)
    world.push(
        "marriage",
        "events",
        {
            "event": "marriage",
            "event_on": "1975-05-01",
            "certificate": "J110105-1975-000001",
            "man": LI,
            "woman": ZHANG,
        },
    )
    flat = {
        "unit": "320684413219GB00029F00010002",
        "certificate": "苏(2017)海门市不动产权第0000183号",
        "right_kind": "4",
        "registered_status": "current",
        "location": "某县某路1号",
        "sharing": "joint",
        "holders": [ZHANG | {"holder_kind": "person"}, LI | {"holder_kind": "person"}],
    }
    world.push("land", "rights", flat)
    world.push("funeral", "funerals")
    world.push("funeral", "cancellations")
    household = {"month": "2026-10", "certificate": "A1", "category": "urban", "head": ZHANG, "members": [LI]}
    world.push("low_income", "households", household)
