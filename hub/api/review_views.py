"""What the stewards' calls take and answer, and how a review item becomes it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StringConstraints

from hub.api.strict import View, Wire, example
from hub.errors import Fact, HubError
from hub.exchange.service.foreseeing import Foreseen
from hub.identity.model import LONGEST_NOTE, Review, Side
from hub.identity.outlook import side_by_side

MOST = 200
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Note = Annotated[str, StringConstraints(max_length=LONGEST_NOTE)]


class DecisionWire(Wire):
    """A steward's word; it outranks the machine's for ever."""

    model_config = example(decision="different", steward="Li Hua", note="twins")

    decision: Literal["link", "different", "unsure"]
    steward: Text
    note: Note = ""


class MentionWire(Wire):
    """Somebody in one role of one record."""

    model_config = example(record="b8ZkQm1rT0u5", role="woman")

    record: Annotated[str, StringConstraints(max_length=100)]
    role: Annotated[str, StringConstraints(max_length=60)] = "self"


class PairWire(Wire):
    """Two mentions, and the steward who says what they are."""

    model_config = example(
        one={"record": "b8ZkQm1rT0u5", "role": "self"},
        other={"record": "Xw3mPq9sK2vL", "role": "man"},
        steward="Li Hua",
    )

    one: MentionWire
    other: MentionWire
    steward: Text
    note: Note = ""


class JoinWire(PairWire):
    """Two mentions that are one subject's; ``overrule``: although a steward called these very two different."""

    overrule: StrictBool = False


class SideView(View):
    """One of the two mentions; `fields` is empty where only codes were asked for."""

    subject: str
    registry: str
    export: str
    record: str
    role: str
    as_of: str
    fields: Mapping[str, Any]
    mentions: int


class ComparedView(View):
    """One compared field: what either side states, on which level they agree, and what that weighs in bits."""

    field: str
    left: Mapping[str, Any]
    right: Mapping[str, Any]
    level: str
    weight: float


class ReviewView(View):
    """A pair that a steward must decide: weight by field in bits, why it is here, and what each decision means."""

    id: str
    state: str
    left: SideView
    right: SideView
    compared: list[ComparedView]
    weight: float
    weights: Mapping[str, float]
    reasons: list[str]
    effects: Mapping[str, str]
    opened_at: datetime
    model_version: str
    steward: str | None
    decided_at: datetime | None
    note: str


class RefusalView(View):
    """Why a choice is not open: what on file forbids it."""

    code: str
    detail: str
    detail_zh: str
    facts: Mapping[str, Fact]


class MovingEvidenceView(View):
    """A piece of evidence that would be about another subject; `to_subject` is empty for one still to be made."""

    evidence_id: str
    type: str
    registry: str
    role: str
    from_subject: str
    to_subject: str


class ChangingCaseView(View):
    """An open case that the choice matters to, and the types of evidence that its checklist gains and loses."""

    case_id: str
    consumer: str
    number: str
    matter: str
    role: str
    subject_changes: bool
    asked_again: bool
    gains: Sequence[str]
    loses: Sequence[str]


class PairwiseView(View):
    """A consumer's own id of somebody, and the subject that would answer for it."""

    consumer: str
    pairwise: str
    subject_id: str


class CountsView(View):
    """How much each list of an outlook holds; the lists themselves end after 200 lines."""

    mentions: int
    evidence: int
    cases: int
    pairwise: int


class OutlookView(View):
    """What one choice would do now."""

    decision: str
    refusal: RefusalView | None
    subjects: Annotated[list[str], Field(description="Who would answer for the two sides; empty for a new subject.")]
    redirects: Annotated[Mapping[str, str], Field(description="Ids that another subject would answer for.")]
    overrules: Annotated[int, Field(description="Earlier words of stewards that it would take back.")]
    counts: CountsView
    evidence: list[MovingEvidenceView]
    cases: list[ChangingCaseView]
    pairwise: list[PairwiseView]
    released: Annotated[
        int, Field(description="Exchanges about the subject to be split; who was shown a stranger's evidence is told.")
    ]


class ItemView(ReviewView):
    """A review item with all that a steward should see before deciding."""

    outlook: list[OutlookView]


def review_view(review: Review) -> ReviewView:
    """The item as it is listed."""
    return ReviewView(**_members(review))


def item_view(review: Review, foreseen: Iterable[Foreseen]) -> ItemView:
    """The item with what each choice would do."""
    return ItemView(**_members(review), outlook=[_outlook(each) for each in foreseen])


def _members(review: Review) -> dict[str, Any]:
    return {
        "id": review.review_id,
        "state": review.state,
        "left": _side(review.left),
        "right": _side(review.right),
        "compared": [ComparedView.model_validate(each) for each in side_by_side(review)],
        "weight": review.weight,
        "weights": review.weights,
        "reasons": list(review.reasons),
        "effects": review.effects,
        "opened_at": review.opened_at,
        "model_version": review.model_version,
        "steward": review.steward,
        "decided_at": review.decided_at,
        "note": review.note,
    }


def _side(side: Side) -> SideView:
    return SideView(
        subject=side.subject_id,
        registry=side.registry,
        export=side.export,
        record=side.record,
        role=side.role,
        as_of=side.as_of,
        fields=side.fields,
        mentions=side.mentions,
    )


def _outlook(foreseen: Foreseen) -> OutlookView:
    outlook = foreseen.outlook
    return OutlookView(
        decision=outlook.decision.value,
        refusal=_refusal(outlook.refusal),
        subjects=list(outlook.subjects),
        redirects=outlook.redirects,
        overrules=outlook.overrules,
        counts=CountsView(
            mentions=len(outlook.moves),
            evidence=len(foreseen.evidence),
            cases=len(foreseen.cases),
            pairwise=len(outlook.pairwise),
        ),
        evidence=[MovingEvidenceView.model_validate(each) for each in foreseen.evidence[:MOST]],
        cases=[ChangingCaseView.model_validate(each) for each in foreseen.cases[:MOST]],
        pairwise=[PairwiseView.model_validate(each) for each in outlook.pairwise[:MOST]],
        released=foreseen.released,
    )


def _refusal(refusal: HubError | None) -> RefusalView | None:
    if refusal is None:
        return None
    return RefusalView(code=refusal.code, detail=refusal.en, detail_zh=refusal.zh, facts=refusal.facts)
