"""The catalogue 目录 as values: evidence types, what is brought once, matters 事项 with their materials 材料."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Final

APPLICANT: Final = "applicant"
"""The role that every matter has: whoever applies."""


class SharingClass(StrEnum):
    """Order 809 article 14: on what terms a provider shares."""

    unconditional = "unconditional"
    conditional = "conditional"
    withheld = "withheld"


class Supply(StrEnum):
    """How evidence of a type reaches the hub."""

    pushed = "pushed"
    live = "live"
    on_request = "on_request"


@dataclass(frozen=True, slots=True)
class Names:
    """A name as people read it, in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A provision 法律依据 that a material, a type or a grant rests on."""

    id: str
    names: Names


@dataclass(frozen=True, slots=True)
class Terms:
    """What Order 809 articles 13–15 require an entry to say about sharing."""

    sharing_class: SharingClass
    sharing_mode: str
    format: str
    update_frequency: str
    classification: str
    grade: str
    conditions_of_use: str = ""
    scope: str = ""
    purposes: tuple[str, ...] = ()
    withheld_basis: str = ""
    secrecy_assessed_on: date | None = None
    personal_information_assessed_on: date | None = None
    signed_off_by: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceType:
    """A kind of evidence 凭证类型: its schema, who answers for it and on what terms it is shared."""

    name: str
    version: int
    names: Names
    schema: str
    provider: str
    terms: Terms
    registry: str = ""
    supply: Supply = Supply.pushed
    supply_days: int = 0
    sensitive: tuple[str, ...] = ()
    roles: tuple[str, ...] = ("self",)
    replaces: tuple[str, ...] = ()

    @property
    def vct(self) -> str:
        """The type identifier that stands in the evidence itself."""
        return f"urn:hub:evidence:{self.name}:{self.version}"


@dataclass(frozen=True, slots=True)
class StatementType:
    """A statement 派生证明 the hub can make, and what must be held for it."""

    name: str
    version: int
    names: Names
    rests_on: tuple[str, ...]
    requires: tuple[str, ...] = ()
    contradicted_by: tuple[str, ...] = ()
    does_not_prove: Names = Names("", "")
    replaces: tuple[str, ...] = ()

    @property
    def vct(self) -> str:
        """The type identifier that stands in the statement itself."""
        return f"urn:hub:statement:{self.name}:{self.version}"


BROUGHT_VCT: Final = "urn:hub:evidence:brought-material:1"
"""The type identifier of every paper brought once; its kind stands inside."""


@dataclass(frozen=True, slots=True)
class BroughtKind:
    """A kind of paper that may be brought once and used again, and the rule for using it again."""

    id: str
    names: Names
    media_types: tuple[str, ...]
    max_age_days: int | None
    purposes: tuple[str, ...]
    issuers: tuple[str, ...] = ()
    max_bytes: int = 20 * 1024 * 1024
    superseded_by: tuple[str, ...] = ()

    def serves(self, purpose: str) -> bool:
        """State Council Order 716 article 7: what was given for one purpose serves no unrelated one."""
        return purpose in self.purposes


@dataclass(frozen=True, slots=True)
class Check:
    """What one claim of the evidence must say for it to count."""

    claim: str
    one_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    present: bool | None = None
    at_least: int | None = None


class PieceKind(StrEnum):
    """What an element of a way is made of."""

    evidence = "evidence"
    statement = "statement"
    brought = "brought"
    result = "result"


@dataclass(frozen=True, slots=True)
class Piece:
    """One element of a way: evidence of a type about whoever has a role in the case."""

    kind: PieceKind
    of_type: str
    about: str
    role: str = ""
    checks: tuple[Check, ...] = ()
    claims: tuple[str, ...] = ()
    fresh_days: int | None = None
    if_any: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """One set of pieces that together satisfy a material."""

    pieces: tuple[Piece, ...]


class FormPart(StrEnum):
    """How a declaration belongs to the matter's one form 一张表单."""

    none = "none"
    lead = "lead"
    part = "part"


@dataclass(frozen=True, slots=True)
class Material:
    """What a matter demands 申请材料, why, in how many copies, and every way to satisfy it."""

    id: str
    names: Names
    basis: tuple[str, ...]
    ways: tuple[Way, ...] = ()
    brings: str = ""
    copies: int = 1
    originals: int = 0
    seals: tuple[str, ...] = ()
    when: str = ""
    sub_items: tuple[str, ...] = ()
    only_applicant: bool = False
    form: FormPart = FormPart.none
    commitment: bool = False
    gap_days: int | None = None
    without_sharing: str = ""

    @property
    def ways_to_satisfy(self) -> tuple[Way, ...]:
        """``ways``; where none is named, the applicant's own paper of the kind, unless each case has one of its own."""
        if self.ways or self.only_applicant or not self.brings:
            return self.ways
        return (Way((Piece(PieceKind.brought, self.brings, about=APPLICANT),)),)

    @property
    def kinds_taken(self) -> frozenset[str]:
        """The kinds of paper that may be brought for it."""
        pieces = (piece for way in self.ways for piece in way.pieces)
        kinds = {piece.of_type for piece in pieces if piece.kind is PieceKind.brought}
        return frozenset(kinds | ({self.brings} if self.brings else set()))


class Otherwise(StrEnum):
    """What an unanswered condition means for the checklist."""

    no = "no"
    yes = "yes"
    question = "question"


@dataclass(frozen=True, slots=True)
class Condition:
    """A circumstance that decides whether a material is demanded."""

    id: str
    names: Names
    unless_said: Otherwise = Otherwise.no
    role_present: str = ""
    all_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """Who besides the applicant a matter asks about, such as founding units or a deceased spouse."""

    id: str
    names: Names
    subject_kind: str
    at_least: int = 0
    at_most: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of deciding a case and the working days it may take."""

    id: str
    names: Names
    days: int


@dataclass(frozen=True, slots=True)
class SubItem:
    """A variant 情形 of a matter with its own materials."""

    id: str
    names: Names


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of the matter's form that may be filled from the golden record."""

    id: str
    names: Names
    about: str
    source: str


@dataclass(frozen=True, slots=True)
class Result:
    """What approval issues, and by when it is filed with the supervising department where approval is delegated."""

    names: Names
    licence_type: str = ""
    filed_with: str = ""
    filing_days: int | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """What one can apply for 政务服务事项."""

    id: str
    version: str
    names: Names
    authority: str
    consumers: tuple[str, ...]
    purpose: str
    valid_from: date
    roles: tuple[Role, ...]
    materials: tuple[Material, ...]
    statutory_days: int
    promised_days: int
    valid_until: date | None = None
    bases: tuple[str, ...] = ()
    sub_items: tuple[SubItem, ...] = ()
    conditions: tuple[Condition, ...] = ()
    steps: tuple[Step, ...] = ()
    form_fields: tuple[FormField, ...] = ()
    result: Result | None = None
    high_risk: bool = False
    applicant_must_live: bool = True
    cases_per_year: int = 0
    visits_before: int = 0

    @property
    def filing_days(self) -> int | None:
        """Within how many working days an approval is filed 备案 elsewhere; None where approving is not delegated."""
        return self.result.filing_days if self.result and self.result.filed_with else None

    def role_for(self, role_id: str) -> Role | None:
        """The role with that id, or None."""
        return next((role for role in self.roles if role.id == role_id), None)

    def material_for(self, material_id: str) -> Material | None:
        """The material with that id, or None."""
        return next((material for material in self.materials if material.id == material_id), None)

    def is_valid_on(self, day: date) -> bool:
        """True when the matter can be applied for on that day."""
        return self.valid_from <= day and not self.has_ended_on(day)

    def has_ended_on(self, day: date) -> bool:
        """True when its last day is over."""
        return self.valid_until is not None and self.valid_until < day


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """One event 一件事 that needs several matters, applied for together.

    Any consumer of its matters may take it in, and whoever ``taken_by`` names, such as a service hall.
    """

    id: str
    names: Names
    matters: tuple[str, ...]
    taken_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """One edition of everything published, with look-ups by id."""

    evidence_types: tuple[EvidenceType, ...] = ()
    statements: tuple[StatementType, ...] = ()
    kinds: tuple[BroughtKind, ...] = ()
    bases: tuple[LegalBasis, ...] = ()
    matters: tuple[Matter, ...] = ()
    events: tuple[LifeEvent, ...] = ()
    purposes: Mapping[str, Names] = field(default_factory=dict)

    @cached_property
    def evidence_by_name(self) -> Mapping[str, EvidenceType]:
        """Evidence types by short name."""
        return {each.name: each for each in self.evidence_types}

    @cached_property
    def statement_by_name(self) -> Mapping[str, StatementType]:
        """Statement types by short name."""
        return {each.name: each for each in self.statements}

    @cached_property
    def kind_by_id(self) -> Mapping[str, BroughtKind]:
        """Kinds brought once, by id."""
        return {each.id: each for each in self.kinds}

    @cached_property
    def basis_by_id(self) -> Mapping[str, LegalBasis]:
        """Legal bases by id."""
        return {each.id: each for each in self.bases}

    @cached_property
    def matter_by_id(self) -> Mapping[str, Matter]:
        """Matters by id."""
        return {each.id: each for each in self.matters}

    @cached_property
    def event_by_id(self) -> Mapping[str, LifeEvent]:
        """Events of several matters, by id."""
        return {each.id: each for each in self.events}

    @cached_property
    def registries_stated(self) -> frozenset[str]:
        """The registries that any statement rests on."""
        return frozenset().union(*map(self.registries_of, self.statements))

    def registries_of(self, statement: StatementType) -> frozenset[str]:
        """The registries whose evidence the statement rests on."""
        types = (self.evidence_by_name.get(name) for name in statement.rests_on)
        return frozenset(each.registry for each in types if each is not None and each.registry)

    def type_for(self, vct: str) -> EvidenceType | StatementType | None:
        """The evidence or statement type that the identifier ``vct`` names, or None."""
        return self._by_vct.get(vct)

    @cached_property
    def _by_vct(self) -> Mapping[str, EvidenceType | StatementType]:
        return {each.vct: each for each in self.evidence_types} | {each.vct: each for each in self.statements}
