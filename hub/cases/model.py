"""Cases 办件 as values: who applies for what, what each material needs, and what need not be brought 免提交."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from hub.catalogue.model import APPLICANT, Names


class Outcome(StrEnum):
    """Whom the identity index found for a participant."""

    found = "found"
    unknown = "unknown"
    several = "several"
    under_review = "under_review"


@dataclass(frozen=True, slots=True)
class PersonAsked:
    """Who is meant, as the approval service says: its own pairwise id, or a number with what must agree with it."""

    pairwise: str = ""
    kind: str = ""
    number: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Whom the index found: one subject, or why not exactly one."""

    outcome: Outcome
    subject_id: str | None = None


@dataclass(frozen=True, slots=True)
class Participant:
    """Someone a case asks about, bound to a role of its matter."""

    role: str
    position: int
    outcome: Outcome
    subject_id: str | None


class CaseState(StrEnum):
    """Where a case stands."""

    open = "open"
    accepted = "accepted"
    suspended = "suspended"
    approved = "approved"
    rejected = "rejected"
    withdrawn = "withdrawn"

    @property
    def is_closed(self) -> bool:
        """True when a result stands."""
        return self in {CaseState.approved, CaseState.rejected, CaseState.withdrawn}

    @property
    def zh(self) -> str:
        """What a clerk calls it."""
        return {
            CaseState.open: "待受理",
            CaseState.accepted: "已受理",
            CaseState.suspended: "已中止",
            CaseState.approved: "已批准",
            CaseState.rejected: "不予批准",
            CaseState.withdrawn: "已撤回",
        }[self]


@dataclass(frozen=True, slots=True)
class Suspension:
    """Days that do not count, such as those an expert opinion takes; open when ``until`` is None."""

    since: date
    until: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class Due:
    """By when, or why nobody can say."""

    on: date | None
    problem: str = ""


@dataclass(frozen=True)
class Case:
    """One application as the hub holds it: number, matter, people, answers and dates."""

    case_id: str
    consumer: str
    number: str
    matter: str
    edition_id: str
    sub_item: str
    opened_on: date
    state: CaseState
    participants: tuple[Participant, ...]
    answers: Mapping[str, str]
    due: Due
    suspensions: tuple[Suspension, ...] = ()
    event_number: str = ""
    mandate_id: str = ""
    decided_on: date | None = None
    filing_due_on: date | None = None
    filed_on: date | None = None
    licence_id: str = ""

    def subjects_in(self, role: str) -> list[Participant]:
        """The participants of a role, in order."""
        return [each for each in self.participants if each.role == role]

    @property
    def subject_ids(self) -> tuple[str, ...]:
        """Every subject found, once."""
        return tuple(dict.fromkeys(each.subject_id for each in self.participants if each.subject_id))

    @property
    def applicant(self) -> Participant:
        """Who applies."""
        return self.subjects_in(APPLICANT)[0]


class Held(Protocol):
    """What the checklist reads of a piece of held evidence; ``hub.evidence`` has it."""

    @property
    def evidence_id(self) -> str:
        """Its id."""
        ...

    @property
    def subject_id(self) -> str:
        """Whose it is."""
        ...

    @property
    def role(self) -> str:
        """Where its subject stands in the record."""
        ...

    @property
    def type(self) -> str:
        """Its type identifier."""
        ...

    @property
    def issuer(self) -> str:
        """Who signed it."""
        ...

    @property
    def as_of(self) -> datetime:
        """When its source was read."""
        ...

    @property
    def valid_from(self) -> datetime | None:
        """When it begins, if not at once."""
        ...

    @property
    def valid_until(self) -> datetime | None:
        """When it ends, if it does."""
        ...

    def is_valid_at(self, at: datetime) -> bool:
        """True when it stands then."""
        ...


@dataclass(frozen=True, slots=True)
class BroughtMaterial:
    """A paper that was brought once, with what the rule for using it again needs."""

    material_id: str
    subject_id: str
    kind: str
    evidence_id: str
    issuer: str
    issued_on: date | None
    valid_until: date | None
    brought_on: date
    case_number: str
    consumer: str
    withdrawn: bool = False


class ItemState(StrEnum):
    """What the applicant has to do about a material; only the last five make work for him."""

    held = "held"
    statement = "statement"
    obtainable = "obtainable"
    brought_earlier = "brought_earlier"
    delivered = "delivered"
    form = "form"
    committed = "committed"
    commitment = "commitment"
    not_needed = "not_needed"
    question = "question"
    to_sign = "to_sign"
    gap = "gap"
    to_bring = "to_bring"
    cannot = "cannot"


ASKED = frozenset({ItemState.to_sign, ItemState.gap, ItemState.to_bring, ItemState.cannot})
SPARED = frozenset({ItemState.held, ItemState.statement, ItemState.obtainable, ItemState.brought_earlier})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a material stands as it does: a code, and the words for it in both languages."""

    code: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Source:
    """One piece that satisfies a material, or would: of what type, about whom, from whom, how fresh."""

    type: str
    about: str
    position: int
    provider: str = ""
    evidence_id: str = ""
    as_of: datetime | None = None
    valid_until: datetime | None = None
    case_number: str = ""
    is_on_request: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the approval service puts into its evidence request for this material."""

    type: str
    about: str
    position: int
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """One possible answer to a question."""

    id: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Question:
    """What must be known before a material can be decided, and the possible answers."""

    id: str
    en: str
    zh: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One material of the checklist."""

    material_id: str
    names: Names
    state: ItemState
    reason: Reason
    basis: tuple[str, ...]
    copies: int
    originals: int
    seals: tuple[str, ...]
    kind: str
    sources: tuple[Source, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    lacking: tuple[Reason, ...] = ()
    questions: tuple[Question, ...] = ()
    gap_until: date | None = None
    no_commitment: Reason | None = None
    could_have: bool = False

    @property
    def is_asked(self) -> bool:
        """True when the applicant must hand something in or sign it."""
        return self.state in ASKED

    @property
    def is_spared(self) -> bool:
        """True when it is satisfied without asking 免提交."""
        return self.state in SPARED


@dataclass(frozen=True, slots=True)
class Checklist:
    """For a case: every material of its matter and how it stands 材料清单."""

    case_id: str
    number: str
    matter: str
    version: str
    made_at: datetime
    items: tuple[Item, ...]
    questions: tuple[Question, ...] = ()
    notices: tuple[Reason, ...] = ()

    @property
    def demanded(self) -> int:
        """How many materials the matter demands here."""
        return sum(item.state is not ItemState.not_needed for item in self.items)

    @property
    def asked(self) -> tuple[Item, ...]:
        """The materials that make work for the applicant."""
        return tuple(item for item in self.items if item.is_asked)

    @property
    def spared(self) -> tuple[Item, ...]:
        """The materials satisfied without asking."""
        return tuple(item for item in self.items if item.is_spared)

    def item_for(self, material_id: str) -> Item | None:
        """The item of a material, or None."""
        return next((item for item in self.items if item.material_id == material_id), None)

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """Everything one evidence request for this case should ask for, each once, claims together."""
        together: dict[tuple[str, str, int], dict[str, None]] = {}
        for want in (want for item in self.items for want in item.wanted):
            together.setdefault((want.type, want.about, want.position), {}).update(dict.fromkeys(want.claims))
        return tuple(Wanted(*key, tuple(claims)) for key, claims in together.items())


class Statable(StrEnum):
    """Whether the registries can state something about a subject."""

    yes = "yes"
    unknown = "unknown"
    unheard = "unheard"
    contradicted = "contradicted"
    several = "several"


@dataclass(frozen=True, slots=True)
class StatementAnswer:
    """Whether a statement can be made, what it would rest on, and between which records someone must choose."""

    answer: Statable
    rests_on: tuple[Held, ...] = ()
    candidates: tuple[Held, ...] = ()


Claims = Mapping[str, Any]
Opened = Callable[[Held], Claims]


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a subject promised in writing 告知承诺, in which case, and when it was found false, if it was."""

    case_id: str
    material_id: str
    made_on: date
    found_false_on: date | None = None


Brought = Mapping[str, Sequence[BroughtMaterial]]
HeldBySubject = Mapping[str, Mapping[str, Sequence[Held]]]
