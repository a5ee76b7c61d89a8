"""Whether one piece (evidence, statement, paper brought earlier, result) is there for one person of a case."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Protocol

from hub.cases.model import (
    Brought,
    BroughtMaterial,
    Case,
    Commitment,
    Held,
    HeldBySubject,
    Option,
    Outcome,
    Participant,
    Question,
    Reason,
    Source,
    Statable,
    StatementAnswer,
    Wanted,
)
from hub.cases.rules.reasons import reason
from hub.catalogue.model import (
    BROUGHT_VCT,
    BroughtKind,
    Catalogue,
    Check,
    EvidenceType,
    Material,
    Matter,
    Names,
    Piece,
    PieceKind,
    StatementType,
    Supply,
)
from hub.kernel.clock import end_of, local_date
from hub.sharing.model import Allowed, NotAllowed, Owed, Reply

LICENCE = "licence"
PAPER_CLAIMS = ("kind", "title", "issuer", "issued_on", "valid_until", "content_digest", "media_type", "size")
"""What a service needs of a paper that another took in."""


class Found(IntEnum):
    """How well a piece is there, best first; a set is as good as its worst piece."""

    delivered = 0
    held = 1
    statement = 2
    brought = 3
    obtainable = 4
    question = 5
    lacking = 6
    cannot = 7


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found for one piece and one person."""

    found: Found
    reason: Reason
    sources: tuple[Source, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    questions: tuple[Question, ...] = ()
    could_have: bool = False

    @property
    def is_satisfied(self) -> bool:
        """True when the applicant need not bring it."""
        return self.found <= Found.obtainable


@dataclass(frozen=True)
class World:
    """Everything the checklist may look at; it asks nobody else."""

    catalogue: Catalogue
    matter: Matter
    case: Case
    now: datetime
    today: date
    held: HeldBySubject
    brought: Brought
    permission: Callable[[str], Allowed | NotAllowed]
    satisfies: Callable[[Held, Sequence[Check]], bool]
    state: Callable[[StatementType, str], StatementAnswer]
    delivered: Mapping[str, date]
    supplies: Sequence[Owed]
    gap_until: Callable[[int], date | None]
    party_names: Callable[[str], Names]
    takes_part: Callable[[str], bool]
    commitments: Sequence[Commitment] = ()

    @property
    def commitment_broken(self) -> bool:
        """True when an earlier promise of the applicant was found false."""
        return any(each.found_false_on for each in self.commitments)

    def role_names(self, role: str) -> Names:
        """What people call a role of the matter."""
        found = self.matter.role_for(role)
        return found.names if found else Names(role, role)

    def because_of(self, code: str, provider: str, **facts: object) -> Reason:
        """A reason that names a provider as people call it."""
        names = self.party_names(provider)
        return reason(code, provider=names.en, provider_zh=names.zh, **facts)


def find_piece(world: World, piece: Piece, material: Material) -> list[Finding]:
    """One finding for each person in the piece's role; one that says who is missing when nobody is named."""
    people = world.case.subjects_in(piece.about)
    role = world.matter.role_for(piece.about)
    least = role.at_least if role else 0
    found = [_for_person(world, piece, material, person) for person in people]
    if len(people) < least or not (people or piece.if_any):
        found.append(_nobody_named(world, piece.about))
    return found


def _nobody_named(world: World, role: str) -> Finding:
    names = world.role_names(role)
    why = reason("people-missing", role=names.en, role_zh=names.zh)
    return Finding(Found.question, why, questions=(Question(f"people:{role}", why.en, why.zh, ()),))


def _for_person(world: World, piece: Piece, material: Material, person: Participant) -> Finding:
    if person.subject_id is None:
        return _without_subject(world, person)
    match piece.kind:
        case PieceKind.evidence:
            finding = _evidence(world, piece, person, person.subject_id)
        case PieceKind.statement:
            finding = _statement(world, piece, person, person.subject_id)
        case PieceKind.brought:
            return _brought(world, piece.of_type, person, person.subject_id)
        case PieceKind.result:
            return _result(world, piece, person, person.subject_id)
    if finding.is_satisfied or finding.found is Found.question or not material.brings:
        return finding
    earlier = _brought(world, material.brings, person, person.subject_id)
    return earlier if earlier.is_satisfied else finding


def _without_subject(world: World, person: Participant) -> Finding:
    names = world.role_names(person.role)
    words: dict[str, object] = {"role": names.en, "role_zh": names.zh}
    if person.outcome is Outcome.under_review:
        return Finding(Found.lacking, reason("identity-under-review", **words))
    if person.outcome is Outcome.unknown:
        return Finding(Found.lacking, reason("person-unknown", **words))
    why = reason("identity-open", **words)
    question = Question(f"identity:{person.role}:{person.position}", why.en, why.zh, ())
    return Finding(Found.question, why, questions=(question,))


def _evidence(world: World, piece: Piece, person: Participant, subject_id: str) -> Finding:
    kind = world.catalogue.evidence_by_name[piece.of_type]
    usable, why = _usable(world, piece, world.held.get(subject_id, {}).get(kind.name, ()))
    if usable is None and why is None and kind.supply is not Supply.pushed:
        return _on_request(world, piece, (person, subject_id), kind)
    if usable is None:
        return Finding(Found.lacking, why or _not_held(world, person))
    allowed = world.permission(kind.vct)
    if isinstance(allowed, NotAllowed):
        return Finding(Found.lacking, reason("not-permitted"), could_have=True)
    words = world.because_of("held", usable.issuer, as_of=local_date(usable.as_of))
    return Finding(Found.held, words, (_source(kind.vct, person, usable),), (_want(kind.vct, piece, person),))


def _usable(world: World, piece: Piece, held: Sequence[Held]) -> tuple[Held | None, Reason | None]:
    """The newest that counts, or why the newest of all does not; neither where nothing is held."""
    why: Reason | None = None
    for each in held:
        if not _in_role(each, piece.role):
            continue
        if not each.is_valid_at(world.now):
            lack = _out_of_time(world, each)
        elif piece.fresh_days is not None and each.as_of < world.now - timedelta(days=piece.fresh_days):
            lack = reason("stale")
        elif piece.checks and not world.satisfies(each, piece.checks):
            lack = reason("checks-fail")
        else:
            return each, None
        why = why or lack
    return None, why


def _out_of_time(world: World, held: Held) -> Reason:
    if held.valid_until is not None and held.valid_until <= world.now:
        return world.because_of("expired", held.issuer, on=local_date(held.valid_until))
    return world.because_of("not-begun", held.issuer, on=local_date(held.valid_from or held.as_of))


def _not_held(world: World, person: Participant) -> Reason:
    names = world.role_names(person.role)
    return reason("not-held", role=names.en, role_zh=names.zh)


def _on_request(world: World, piece: Piece, who: tuple[Participant, str], kind: EvidenceType) -> Finding:
    """What the provider supplies when asked; what it did not find is to be brought."""
    person, subject_id = who
    if not world.takes_part(kind.provider):
        return Finding(Found.lacking, world.because_of("provider-away", kind.provider))
    if isinstance(world.permission(kind.vct), NotAllowed):
        return Finding(Found.lacking, world.because_of("not-permitted-to-ask", kind.provider))
    asked = [each for each in world.supplies if (each.subject_id, each.evidence_type) == (subject_id, kind.vct)]
    if asked and asked[-1].reply is Reply.nothing_found:
        return Finding(Found.lacking, world.because_of("nothing-found", kind.provider, on=asked[-1].answered_on))
    words = world.because_of("obtainable", kind.provider, days=kind.supply_days)
    if asked and asked[-1].reply is None:
        words = world.because_of("asked-for", kind.provider, on=asked[-1].raised_on, days=asked[-1].days)
    source = Source(kind.vct, person.role, person.position, kind.provider, is_on_request=True)
    return Finding(Found.obtainable, words, (source,), (_want(kind.vct, piece, person),))


def _statement(world: World, piece: Piece, person: Participant, subject_id: str) -> Finding:
    kind = world.catalogue.statement_by_name[piece.of_type]
    names = world.role_names(person.role)
    stated = world.state(kind, subject_id)
    if stated.answer is Statable.contradicted:
        return Finding(Found.cannot, reason("contradicted", role=names.en, role_zh=names.zh))
    if stated.answer is Statable.unheard:
        return Finding(Found.lacking, reason("registry-unheard"))
    if stated.answer is Statable.unknown:
        return Finding(Found.lacking, reason("cannot-state", role=names.en, role_zh=names.zh))
    question = _choice(world, kind, person, stated)
    if question:
        return Finding(Found.question, reason("which-one"), questions=(question,))
    if isinstance(world.permission(kind.vct), NotAllowed):
        return Finding(Found.lacking, reason("not-permitted"), could_have=True)
    oldest = min((each.as_of for each in stated.rests_on), default=None)
    source = Source(kind.vct, person.role, person.position, "hub", as_of=oldest)
    return Finding(Found.statement, reason("statement"), (source,), (_want(kind.vct, piece, person),))


def _choice(world: World, kind: StatementType, person: Participant, stated: StatementAnswer) -> Question | None:
    """The question which of several records is meant, unless the case already says."""
    if stated.answer is not Statable.several:
        return None
    question_id = f"choose:{kind.name}:{person.role}:{person.position}"
    if world.case.answers.get(question_id) in {each.evidence_id for each in stated.candidates}:
        return None
    options = tuple(
        Option(each.evidence_id, f"{each.issuer}, record {number}", f"{each.issuer}，第{number}条记录")
        for number, each in enumerate(stated.candidates, 1)
    )
    words = reason("which-one")
    return Question(question_id, words.en, words.zh, options)


def _brought(world: World, kind_id: str, person: Participant, subject_id: str) -> Finding:
    kind = world.catalogue.kind_by_id[kind_id]
    papers = [each for each in world.brought.get(subject_id, ()) if each.kind == kind_id]
    usable = next((each for each in papers if may_use_again(each, kind, world)), None)
    if usable is None:
        return Finding(Found.lacking, reason("brought-expired" if papers else "never-brought"))
    words = reason("brought-earlier", case=usable.case_number, on=usable.brought_on)
    source = Source(
        f"{BROUGHT_VCT}#{kind_id}",
        person.role,
        person.position,
        usable.consumer,
        usable.evidence_id,
        valid_until=end_of(usable.valid_until) if usable.valid_until else None,
        case_number=usable.case_number,
    )
    is_allowed = isinstance(world.permission(BROUGHT_VCT), Allowed)
    wanted = (Wanted(BROUGHT_VCT, person.role, person.position, PAPER_CLAIMS),) if is_allowed else ()
    return Finding(Found.brought, words, (source,), wanted)


class Setting(Protocol):
    """What the rule for using a paper again looks at; a ``World`` has it."""

    @property
    def matter(self) -> Matter:
        """What it would serve."""
        ...

    @property
    def now(self) -> datetime:
        """The instant."""
        ...

    @property
    def today(self) -> date:
        """The day."""
        ...

    @property
    def held(self) -> HeldBySubject:
        """What the registries' evidence says."""
        ...


def may_use_again(paper: BroughtMaterial, kind: BroughtKind, world: Setting) -> bool:
    """True when a paper brought earlier serves again.

    1. It is not withdrawn.
    2. Its kind serves this matter's purpose (State Council Order 716 article 7).
    3. It is within its validity and its kind's age.
    4. Its issuer is one that the kind accepts.
    5. No registry has newer evidence that replaces it.
    """
    since = paper.issued_on or paper.brought_on
    too_old = kind.max_age_days is not None and world.today > since + timedelta(days=kind.max_age_days)
    ended = paper.valid_until is not None and paper.valid_until < world.today
    other_issuer = bool(kind.issuers) and paper.issuer not in kind.issuers
    if paper.withdrawn or not kind.serves(world.matter.purpose) or too_old or ended or other_issuer:
        return False
    return not _is_superseded(paper, kind, world)


def _is_superseded(paper: BroughtMaterial, kind: BroughtKind, world: Setting) -> bool:
    held = world.held.get(paper.subject_id, {})
    return any(
        each.is_valid_at(world.now) and local_date(each.as_of) > paper.brought_on
        for name in kind.superseded_by
        for each in held.get(name, ())
    )


def _result(world: World, piece: Piece, person: Participant, subject_id: str) -> Finding:
    """The licence that another matter's approval issued, kept as evidence."""
    kind = world.catalogue.evidence_by_name[LICENCE]
    wanted = Check("matter", one_of=(piece.of_type,))
    licences = [each for each in world.held.get(subject_id, {}).get(LICENCE, ()) if world.satisfies(each, (wanted,))]
    usable, why = _usable(world, piece, licences)
    if usable is None:
        return Finding(Found.lacking, why or _not_held(world, person))
    words = world.because_of("held", usable.issuer, as_of=local_date(usable.as_of))
    return Finding(Found.held, words, (_source(kind.vct, person, usable),), (_want(kind.vct, piece, person),))


def _in_role(held: Held, role: str) -> bool:
    return not role or held.role.split(".")[0] == role


def _source(vct: str, person: Participant, held: Held) -> Source:
    return Source(
        vct, person.role, person.position, held.issuer, held.evidence_id, as_of=held.as_of, valid_until=held.valid_until
    )


def _want(vct: str, piece: Piece, person: Participant) -> Wanted:
    return Wanted(vct, person.role, person.position, piece.claims or ("*",))
