"""Cases 办件 as the hub answers: how each stands, and the checklist 材料清单."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from hub.api.strict import View
from hub.cases.model import BroughtMaterial, Case, Checklist, Item, Participant, Question, Reason, Source, Wanted


class ParticipantView(View):
    """Someone a case asks about; ``pairwise`` is the consumer's own id of the subject when exactly one was found."""

    role: str
    position: int
    outcome: str
    pairwise: str | None


class CaseView(View):
    """A case as the hub holds it; `due_problem` says why nobody can tell the due date.

    `event` says who took in the event 一件事 that the case is part of and under which number, as LEAD|NUMBER.
    """

    id: str
    number: str
    matter: str
    sub_item: str
    opened_on: date
    state: str
    due_on: date | None
    due_problem: str
    decided_on: date | None
    filing_due_on: date | None
    filed_on: date | None
    licence: str
    event: str
    mandate: str
    participants: list[ParticipantView]


class CaseLine(View):
    """A case in the list of a service's own."""

    id: str
    number: str
    matter: str
    state: str
    opened_on: date
    due_on: date | None
    event: str


class PaperView(View):
    """A paper that someone of the case brought and did not take back."""

    id: str
    kind: str
    issuer: str
    issued_on: date | None
    valid_until: date | None
    brought_on: date
    case_number: str
    taken_in_by: str


class OpenedView(View):
    """The case, its checklist, and the code by which the applicant asks how it stands."""

    case: CaseView
    checklist: "ChecklistView"
    query_code: str
    is_new: bool


class PrefilledView(View):
    """A field of the matter's form with its value and where that is from."""

    field_id: str
    en: str
    zh: str
    about: str
    position: int
    value: Any
    registry: str
    as_of: datetime | None


class StepView(View):
    """Something that happened to a case."""

    at: datetime
    action: str


class StatusView(View):
    """How a case stands, as its applicant may know it."""

    matter: str
    state: str
    due_on: date | None
    licence: str
    steps: list[StepView]


class ReasonView(View):
    """A code, and the words for it in both languages."""

    code: str
    en: str
    zh: str


class SourceView(View):
    """One piece that satisfies a material, or would."""

    type: str
    about: str
    position: int
    provider: str
    as_of: datetime | None
    valid_until: datetime | None
    case_number: str


class WantedView(View):
    """What an evidence request for this case asks for about one participant."""

    type: str
    about: str
    position: int
    claims: list[str]


class OptionView(View):
    """One possible answer."""

    id: str
    en: str
    zh: str


class QuestionView(View):
    """What must be known before a material can be decided."""

    id: str
    en: str
    zh: str
    options: list[OptionView]


class ItemView(View):
    """One material: its state, why, from where, and what is still lacking."""

    material: str
    en: str
    zh: str
    state: str
    is_asked: bool
    is_spared: bool
    reason: ReasonView
    basis: list[str]
    copies: int
    originals: int
    seals: list[str]
    brings: str
    sources: list[SourceView]
    wanted: list[WantedView]
    lacking: list[ReasonView]
    questions: list[QuestionView]
    gap_until: date | None
    no_commitment: Annotated[
        ReasonView | None, Field(description="Why a written promise is not possible; only where something is asked.")
    ]


class ChecklistView(View):
    """Every material of the case's matter; ``wanted`` is what the case's evidence requests should ask for."""

    case: str
    number: str
    matter: str
    version: str
    made_at: datetime
    demanded: int
    spared: int
    asked: int
    items: list[ItemView]
    wanted: list[WantedView]
    questions: list[QuestionView]
    notices: list[ReasonView]


def case_view(case: Case, pairwise: Mapping[str, str]) -> CaseView:
    """The view of a case; ``pairwise`` gives the consumer's own id for each subject id."""
    return CaseView(
        id=case.case_id,
        number=case.number,
        matter=case.matter,
        sub_item=case.sub_item,
        opened_on=case.opened_on,
        state=case.state,
        due_on=case.due.on,
        due_problem=case.due.problem,
        decided_on=case.decided_on,
        filing_due_on=case.filing_due_on,
        filed_on=case.filed_on,
        licence=case.licence_id,
        event=case.event_number,
        mandate=case.mandate_id,
        participants=[_participant(each, pairwise) for each in case.participants],
    )


def case_line(case: Case) -> CaseLine:
    """A case in a list."""
    return CaseLine(
        id=case.case_id,
        number=case.number,
        matter=case.matter,
        state=case.state,
        opened_on=case.opened_on,
        due_on=case.due.on,
        event=case.event_number,
    )


def paper_view(paper: BroughtMaterial) -> PaperView:
    """The view of a paper brought."""
    return PaperView(
        id=paper.material_id,
        kind=paper.kind,
        issuer=paper.issuer,
        issued_on=paper.issued_on,
        valid_until=paper.valid_until,
        brought_on=paper.brought_on,
        case_number=paper.case_number,
        taken_in_by=paper.consumer,
    )


def _participant(each: Participant, pairwise: Mapping[str, str]) -> ParticipantView:
    own = pairwise.get(each.subject_id) if each.subject_id else None
    return ParticipantView(role=each.role, position=each.position, outcome=each.outcome, pairwise=own)


def checklist_view(made: Checklist) -> ChecklistView:
    """The view of a checklist."""
    return ChecklistView(
        case=made.case_id,
        number=made.number,
        matter=made.matter,
        version=made.version,
        made_at=made.made_at,
        demanded=made.demanded,
        spared=len(made.spared),
        asked=len(made.asked),
        items=[_item(item) for item in made.items],
        wanted=[_wanted(each) for each in made.wanted],
        questions=[_question(each) for each in made.questions],
        notices=_reasons(made.notices),
    )


def _item(item: Item) -> ItemView:
    return ItemView(
        material=item.material_id,
        en=item.names.en,
        zh=item.names.zh,
        state=item.state,
        is_asked=item.is_asked,
        is_spared=item.is_spared,
        reason=_reason(item.reason),
        basis=list(item.basis),
        copies=item.copies,
        originals=item.originals,
        seals=list(item.seals),
        brings=item.kind,
        sources=[_source(each) for each in item.sources],
        wanted=[_wanted(each) for each in item.wanted],
        lacking=_reasons(item.lacking),
        questions=[_question(each) for each in item.questions],
        gap_until=item.gap_until,
        no_commitment=_reason(item.no_commitment) if item.no_commitment else None,
    )


def _reason(reason: Reason) -> ReasonView:
    return ReasonView(code=reason.code, en=reason.en, zh=reason.zh)


def _reasons(reasons: Sequence[Reason]) -> list[ReasonView]:
    return [_reason(each) for each in reasons]


def _source(source: Source) -> SourceView:
    return SourceView(
        type=source.type,
        about=source.about,
        position=source.position,
        provider=source.provider,
        as_of=source.as_of,
        valid_until=source.valid_until,
        case_number=source.case_number,
    )


def _wanted(wanted: Wanted) -> WantedView:
    return WantedView(type=wanted.type, about=wanted.about, position=wanted.position, claims=list(wanted.claims))


def _question(question: Question) -> QuestionView:
    options = [OptionView(id=each.id, en=each.en, zh=each.zh) for each in question.options]
    return QuestionView(id=question.id, en=question.en, zh=question.zh, options=options)
