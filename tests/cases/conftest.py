"""A county for the case tests: real evidence on a real database, a simulated identity index, a real log queue."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlmodel import Session

from hub.audit.model import Entry
from hub.audit.store import append
from hub.cases.model import PersonAsked
from hub.cases.rules.statable import can_state
from hub.cases.service import CaseService, Opening, PersonIn, Surroundings, Upload
from hub.cases.service.scanning import SignatureScanner
from hub.catalogue.model import APPLICANT, Catalogue
from hub.catalogue.reading import published_documents, read_catalogue
from hub.catalogue.service import CatalogueService
from hub.evidence.model import Link
from hub.evidence.store import EvidenceStore, NewEvidence, Vault
from hub.identity.model import Answer, Found, GoldenValue, IdentityQuery, NoneFound, Several, UnderReview
from hub.identity.tables import SubjectRow
from hub.kernel.clock import FixedClock
from hub.kernel.ids import new_id
from hub.kernel.workdays import WorkdayCalendar
from hub.parties.model import Party, PartyKind
from hub.proof.keys import FileSigner, PublicKey, generate_signer
from hub.proof.sdjwt import issue_sd_jwt
from hub.proof.sealing import Blinder, KeyRing
from hub.sharing.model import Grant
from hub.sharing.reading import shipped_grants
from hub.sharing.service import SharingService
from hub.storage.database import Database
from tests.support.databases import Databases

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
CIVIL = Party("dept:civil-affairs", "Civil Affairs Bureau", "民政局", PartyKind.department)
MARKET, TAX = (Party(f"dept:{name}", name, name, PartyKind.department) for name in ("market-supervision", "tax"))
KNOWN_PARTIES = {each.id: each for each in (CIVIL, MARKET, TAX)}
PDF = b"%PDF-1.7\n" + b"1 0 obj << >> endobj\n" * 20


@cache
def shipped_once() -> tuple[Catalogue, list[Grant]]:
    """The shipped catalogue and grants, read once for all tests."""
    catalogue = read_catalogue(published_documents())
    return catalogue, shipped_grants(catalogue)


class Index:
    """A simulated identity index: numbers it knows, and numbers it answers with something else."""

    def __init__(self) -> None:
        self.subjects: dict[str, str] = {}
        self.odd: dict[str, Answer] = {}
        self.known: dict[str, list[GoldenValue]] = {}
        self.merged: dict[str, str] = {}

    def subjects_for(self, _session: Session, queries: Sequence[IdentityQuery]) -> list[Answer]:
        return [self._answer(query.number) for query in queries]

    def _answer(self, number: str) -> Answer:
        known = self.subjects.get(number)
        return self.odd.get(number) or (Found(known) if known else NoneFound())

    def subjects_of_pairwise(self, _session: Session, consumer: str, pairwise: Sequence[str]) -> dict[str, str]:
        given = {self.pairwise_id(each, consumer): each for each in self.subjects.values()}
        return {each: given[each] for each in pairwise if each in given}

    def survivors(self, _session: Session, subject_ids: Sequence[str]) -> dict[str, str]:
        return {each: self.merged.get(each, each) for each in subject_ids}

    def pairwise_id(self, subject_id: str, consumer: str) -> str:
        return f"pw_{hashlib.sha256(f'{subject_id}|{consumer}'.encode()).hexdigest()[:26]}"

    def golden(self, _session: Session, subject_id: str) -> Sequence[GoldenValue]:
        return self.known.get(subject_id, [])


@dataclass
class County:
    """Everything a case test needs, with short words for what happens in it."""

    database: Database
    clock: FixedClock
    index: Index
    around: Surroundings
    cases: CaseService
    catalogue: CatalogueService
    signers: dict[str, FileSigner]
    entries: list[Entry] = field(default_factory=list)

    def subject(self, number: str) -> str:
        return self.index.subjects.setdefault(number, new_id("sub"))

    def hold(self, kind: str, numbers: Mapping[str, str] | str, **claims: Any) -> str:
        """Evidence of a type about one number, or about several numbers by role; its id."""
        role_of = {"funeral": "deceased", "household-cancellation": "deceased"}.get(kind, "self")
        people = {numbers: role_of} if isinstance(numbers, str) else {number: role for role, number in numbers.items()}
        evidence_id, issuer = new_id("ev"), claims.pop("issuer", "dept:civil-affairs")
        as_of = claims.pop("as_of", self.clock.now() - timedelta(hours=3))
        token = issue_sd_jwt(
            {"iss": issuer, "vct": f"urn:hub:evidence:{kind}:1", "iat": int(as_of.timestamp()), "jti": evidence_id},
            claims or {"name": "某"},
            signer=self.signer(issuer),
        ).encode()
        digest = hashlib.sha256(token).digest()
        row = NewEvidence(
            evidence_id, "test", kind, evidence_id, "", kind, issuer, "", 1, 1, as_of, None, None, as_of, None, None,
            False, None, digest, self.around.keyring.seal(token, context=f"evidence|{evidence_id}"),
        )  # fmt: skip
        with self.database.writing() as session:
            store = self.around.evidence(session)
            store.keep([row])
            store.link([Link(self.subject(number), evidence_id, role) for number, role in people.items()])
        return evidence_id

    def merge(self, loser: str, survivor: str) -> None:
        """Both numbers are one subject's from now on."""
        was, now = self.subject(loser), self.subject(survivor)
        with self.database.writing() as session:
            for subject_id, into in ((was, now), (now, None)):
                row = SubjectRow(subject_id=subject_id, kind="resident", created_at=NOW, merged_into=into)
                session.merge(row)
        self.index.merged |= {was: now} | {each: now for each, into in self.index.merged.items() if into == was}

    def signer(self, party: str) -> FileSigner:
        if party not in self.signers:
            self.signers[party] = generate_signer()
        return self.signers[party]

    def open(self, consumer: str, matter: str, number: str, *more: tuple[str, str], **opening: Any) -> Any:
        people = (person(APPLICANT, "A"), *(person(role, who) for role, who in more))
        given = {"people": people, **opening}
        return self.cases.open(consumer, Opening(number=number, matter=matter, **given))

    @property
    def instant(self) -> int:
        """Now, in whole seconds since 1970."""
        return int(self.clock.now().timestamp())

    def paper(self, consumer: str, claims: dict[str, Any], content: bytes = PDF) -> str:
        form = {
            "kind": "income-proof",
            "content_digest": hashlib.sha256(content).hexdigest(),
            "media_type": "application/pdf",
            "size": len(content),
            "subject": {"name": "某", "number": "A"},
            **claims,
        }
        clear = {
            "iss": consumer,
            "vct": "urn:hub:evidence:brought-material:1",
            "iat": form.pop("iat", self.instant),
            "jti": new_id("ev"),
        }
        return issue_sd_jwt(clear, form, signer=self.signer(consumer))

    def bring(self, consumer: str, number: str, material: str, kind: str, content: bytes = PDF, **claims: Any) -> Any:
        token = self.paper(consumer, {"kind": kind, **claims}, content)
        return self.cases.bring(consumer, number, Upload(material, token, [content]))


def person(role: str, number: str) -> PersonIn:
    return PersonIn(role, PersonAsked(kind="111", number=number, name="某"))


@pytest.fixture(scope="session")
def published(server: URL, databases: Databases) -> Iterator[Databases]:
    """Databases with the shipped catalogue and grants in them."""
    with databases.lent() as url:
        database = Database(url)
        catalogue = CatalogueService(database, FixedClock(NOW), append)
        shipped, grants = shipped_once()
        catalogue.publish(catalogue.propose(shipped, effective_on=NOW.date(), by="hub:test").edition_id, by="hub:test")
        SharingService(database, FixedClock(NOW), append).take_over(grants, by="hub:test")
        database.close()
        clones = Databases(server, str(make_url(url).database))
        yield clones
        clones.close()


@pytest.fixture
def database_url(published: Databases) -> Iterator[str]:
    """The URL of a database with the shipped catalogue and grants."""
    with published.lent() as url:
        yield url


@pytest.fixture
def county(database: Database) -> County:
    clock, index = FixedClock(NOW), Index()
    entries: list[Entry] = []
    signers: dict[str, FileSigner] = {}

    def log(session: Session, entry: Entry) -> object:
        entries.append(entry)
        return append(session, entry)

    def key_for(kid: str | None, iss: str | None) -> PublicKey | None:
        return signers[iss].public if iss in signers else None

    keyring, blinder = KeyRing("k1", {"k1": b"k" * 32}), Blinder(b"b" * 32)
    catalogue = CatalogueService(database, clock, log)
    evidence: Callable[[Session], EvidenceStore] = lambda session: EvidenceStore(session, Vault(keyring, blinder))  # noqa: E731
    around = Surroundings(
        database=database,
        clock=clock,
        catalogue=catalogue,
        identity=index,
        evidence=evidence,
        key_for=key_for,
        counts_since=lambda _party, _kid: int(NOW.timestamp()),
        party_for=KNOWN_PARTIES.get,
        keyring=keyring,
        blinder=blinder,
        calendar=WorkdayCalendar.standard(),
        scanner=SignatureScanner(),
        append=log,
        can_state=can_state,
        registries_heard=lambda _session: {each.registry for each in shipped_once()[0].evidence_types},
    )
    return County(database, clock, index, around, CaseService(around), catalogue, signers, entries)


UNDER_REVIEW = UnderReview(("rev_1",))
SEVERAL = Several(2)
