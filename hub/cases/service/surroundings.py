"""What the deeds of cases 办件 stand on: the other rooms, as far as they are needed here."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol

from sqlmodel import Session

from hub.audit.model import Entry
from hub.cases.model import Case, CaseState, StatementAnswer
from hub.cases.rules.periods import Calendar, due_for, workdays_after
from hub.cases.rules.statable import HeldOfOne, Satisfies
from hub.cases.service.scanning import Scanner
from hub.cases.store import BroughtStore, CaseStore
from hub.catalogue.model import Matter, StatementType
from hub.catalogue.service import CatalogueService
from hub.errors import Conflict, Missing
from hub.evidence.model import HeldEvidence, Link
from hub.evidence.store import NewEvidence, Vault
from hub.identity.model import Answer, GoldenValue, IdentityQuery
from hub.kernel.clock import Clock, local_date
from hub.parties.model import Party
from hub.proof.keys import PublicKey
from hub.proof.sdjwt import SdJwt
from hub.proof.sealing import Blinder, KeyRing
from hub.storage.database import Database

StateRule = Callable[[StatementType, HeldOfOne, Satisfies, datetime], StatementAnswer]


class Identity(Protocol):
    """Whose records they are; ``hub.identity`` has it."""

    def subjects_for(self, session: Session, queries: Sequence[IdentityQuery]) -> Sequence[Answer]:
        """For each query exactly one subject, or why not; in a bounded number of statements."""
        ...

    def subjects_of_pairwise(self, session: Session, consumer: str, pairwise: Sequence[str]) -> Mapping[str, str]:
        """The subjects behind a consumer's own ids, by id, after merges; in a bounded number of statements."""
        ...

    def survivors(self, session: Session, subject_ids: Sequence[str]) -> Mapping[str, str]:
        """The subject that answers now for each id, after merges; in one statement."""
        ...

    def golden(self, session: Session, subject_id: str) -> Sequence[GoldenValue]:
        """Best-known values, each with its source."""
        ...


class EvidenceLookup(Protocol):
    """What is held; ``hub.evidence.store`` has it."""

    def of_subjects(self, subject_ids: Sequence[str], types: Iterable[str] | None = None) -> list[HeldEvidence]:
        """Valid evidence of those subjects, newest last, in one statement."""
        ...

    def open(self, held: HeldEvidence) -> SdJwt:
        """The evidence itself."""
        ...

    def keep(self, rows: Iterable[NewEvidence]) -> None:
        """The rows are kept."""
        ...

    def link(self, links: Iterable[Link]) -> None:
        """The links are kept."""
        ...

    def end(self, evidence_ids: Sequence[str], status: Any, reason: str, now: datetime) -> None:
        """Those pieces of evidence have that status from ``now``."""
        ...


@dataclass(frozen=True)
class Surroundings:
    """The rooms and tools every deed here uses."""

    database: Database
    clock: Clock
    catalogue: CatalogueService
    identity: Identity
    evidence: Callable[[Session], EvidenceLookup]
    key_for: Callable[[str | None, str | None], PublicKey | None]
    counts_since: Callable[[str, str], int]
    party_for: Callable[[str], Party | None]
    keyring: KeyRing
    blinder: Blinder
    calendar: Calendar
    scanner: Scanner
    append: Callable[[Session, Entry], object]
    can_state: StateRule
    registries_heard: Callable[[Session], Collection[str]]

    @property
    def today(self) -> date:
        """The day in the county."""
        return local_date(self.clock.now())

    @property
    def vault(self) -> Vault:
        """What opens evidence as stored."""
        return Vault(self.keyring, self.blinder)

    def brought(self, session: Session) -> BroughtStore:
        """Papers brought once, in this session."""
        return BroughtStore(session, self.keyring)

    def matter_of(self, case: Case) -> Matter:
        """The case's matter as it was when the case was opened."""
        return self.catalogue.catalogue_of(case.edition_id).matter_by_id[case.matter]

    def dated(self, case: Case) -> Case:
        """The case with its due date by the promised period, and that of its filing.

        Both are as the calendar says now: one loaded later sets the date that could not be told at the time.
        """
        matter, filing = self.matter_of(case), case.filing_due_on
        due = due_for(case.opened_on, matter.promised_days, case.suspensions, self.calendar, self.today)
        if case.state is CaseState.approved and case.decided_on and matter.filing_days is not None:
            filing = filing or workdays_after(case.decided_on, matter.filing_days, self.calendar)
        return replace(case, due=due, filing_due_on=filing)

    def record(
        self, session: Session, case: Case, action: str, by: str, codes: Mapping[str, Any] | None = None
    ) -> None:
        """What happened is a step of the case and an entry of the log, in one transaction."""
        codes = codes or {}
        CaseStore(session).step(case.case_id, action, at=self.clock.now(), by=by, codes=codes)
        claims = {"action": action, "case": case.case_id, "consumer": case.consumer, "matter": case.matter, "by": by}
        self.append(session, Entry("case", {**claims, **codes}))


def require_case(store: CaseStore, consumer: str, number: str, *, locked: bool = False) -> Case:
    """The consumer's case of that number.

    Raises:
        Missing: this consumer has no such case.
    """
    case = store.case_for(consumer, number, locked=locked)
    if case is None:
        raise no_such_case()
    return case


def no_such_case() -> Missing:
    """The error of a number under which this consumer opened nothing."""
    return Missing(
        "cases.no-such-case",
        "This consumer has no case of that number; open it first.",
        "本系统没有该编号的办件；请先建立办件。",
    )


def no_such_material() -> Missing:
    """The error of a material that the case's matter does not demand."""
    return Missing("cases.no-such-material", "The matter has no such material.", "该事项没有此材料。")


def require_open(case: Case) -> None:
    """The case has no result yet.

    Raises:
        Conflict: it has one.
    """
    if case.state.is_closed:
        raise Conflict(
            "cases.closed",
            "The case has its result; open a new one.",
            "该办件已有结果；请另建办件。",
            state=case.state.value,
        )
