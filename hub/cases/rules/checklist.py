"""Once-only 免提交: which of a matter's materials the applicant need not bring, and why, and what is left to ask."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hub.cases.model import Checklist, Commitment, Item, ItemState, Option, Outcome, Question, Reason
from hub.cases.rules.pieces import Finding, Found, World, find_piece
from hub.cases.rules.reasons import SUB_ITEM, because, reason
from hub.cases.rules.statable import standing_deaths
from hub.catalogue.model import Condition, FormPart, Material, Otherwise, Way

_STATES = {
    Found.delivered: ItemState.delivered,
    Found.held: ItemState.held,
    Found.statement: ItemState.statement,
    Found.brought: ItemState.brought_earlier,
    Found.obtainable: ItemState.obtainable,
}


def checklist_of(world: World) -> Checklist:
    """Every material of the case's matter, in the catalogue's order, with its state and reason."""
    items = tuple(_item(world, material) for material in world.matter.materials)
    questions = {question.id: question for item in items for question in item.questions}
    return Checklist(
        case_id=world.case.case_id,
        number=world.case.number,
        matter=world.matter.id,
        version=world.matter.version,
        made_at=world.now,
        items=items,
        questions=tuple(questions.values()),
        notices=tuple(_notices(world)),
    )


def item_of(world: World, material_id: str) -> Item | None:
    """How one material of the case's matter stands, None when the matter has none of that id."""
    material = world.matter.material_for(material_id)
    return None if material is None else _item(world, material)


def _item(world: World, material: Material) -> Item:
    on = world.delivered.get(material.id)
    if on is not None:
        return _made(material, ItemState.delivered, reason("delivered", on=on))
    return _unless_needed(world, material) or _needed(world, material)


def _unless_needed(world: World, material: Material) -> Item | None:
    """The item of a material that is not demanded here, or not yet known to be; None when it is demanded."""
    if material.sub_items and not world.case.sub_item:
        return _made(material, ItemState.question, reason("sub-item-open"), questions=(_which_sub_item(world),))
    if material.sub_items and world.case.sub_item not in material.sub_items:
        chosen = next((each.names for each in world.matter.sub_items if each.id == world.case.sub_item), None)
        words = {"sub_item": chosen.en if chosen else "", "sub_item_zh": chosen.zh if chosen else ""}
        return _made(material, ItemState.not_needed, reason("not-this-sub-item", **words))
    condition = next((each for each in world.matter.conditions if each.id == material.when), None)
    if condition is None:
        return None
    words = {"condition": condition.names.en, "condition_zh": condition.names.zh}
    holds = _holds(world, condition)
    if holds is None:
        why = reason("condition-open", **words)
        question = Question(f"condition:{condition.id}", why.en, why.zh, ())
        return _made(material, ItemState.question, why, questions=(question,))
    return None if holds else _made(material, ItemState.not_needed, reason("condition-not-met", **words))


def _which_sub_item(world: World) -> Question:
    words = reason("sub-item-open")
    options = tuple(Option(each.id, each.names.en, each.names.zh) for each in world.matter.sub_items)
    return Question(SUB_ITEM, words.en, words.zh, options)


def _holds(world: World, condition: Condition) -> bool | None:
    """Whether a circumstance is given; None when only the applicant can say and has not."""
    said = world.case.answers.get(f"condition:{condition.id}")
    if said is not None:
        return said == "yes"
    if condition.role_present:
        return bool(world.case.subjects_in(condition.role_present))
    if condition.all_of:
        return _all_hold(world, condition.all_of)
    return {Otherwise.no: False, Otherwise.yes: True, Otherwise.question: None}[condition.unless_said]


def _all_hold(world: World, names: Sequence[str]) -> bool | None:
    parts = [_holds(world, each) for each in world.matter.conditions if each.id in names]
    return False if False in parts else None if None in parts else True


def _needed(world: World, material: Material) -> Item:
    if material.form is FormPart.lead:
        return _made(material, ItemState.to_sign, reason("form-lead"))
    if material.form is FormPart.part:
        return _made(material, ItemState.form, reason("form-part"))
    best = best_way(world, material)
    if best is None:
        return _to_ask(world, material, [reason("nobody-else")] if material.only_applicant else [], could_have=False)
    if best.found <= Found.obtainable:
        return _satisfied(world, material, best)
    if best.found is Found.question:
        return _made(
            material, ItemState.question, best.reasons[0], questions=best.questions, lacking=tuple(best.reasons)
        )
    return _unsatisfied(world, material, best)


@dataclass(frozen=True, slots=True)
class WayFound:
    """How well one set of pieces is there: as well as its worst piece."""

    findings: tuple[Finding, ...]

    @property
    def found(self) -> Found:
        """The state of the whole set; one that is about nobody in the case lacks nothing."""
        return max((each.found for each in self.findings), default=Found.held)

    @property
    def reasons(self) -> list[Reason]:
        """Why, from the pieces that decide it, each once."""
        return list(dict.fromkeys(each.reason for each in self.findings if each.found is self.found))

    @property
    def questions(self) -> tuple[Question, ...]:
        """What must be answered first."""
        return tuple(dict.fromkeys(question for each in self.findings for question in each.questions))

    @property
    def lacking(self) -> int:
        """How many pieces are not there."""
        return sum(not each.is_satisfied for each in self.findings)

    @property
    def could_have(self) -> bool:
        """True when the hub holds every piece, though the consumer may not have each yet."""
        return all(each.is_satisfied or each.could_have for each in self.findings)


def best_way(world: World, material: Material) -> WayFound | None:
    """The way that asks least of the applicant, rather one that lacks a permission only; None without any."""
    found = [_way(world, way, material) for way in material.ways_to_satisfy]
    return min(found, key=lambda each: (each.found, not each.could_have, each.lacking), default=None)


def _way(world: World, way: Way, material: Material) -> WayFound:
    return WayFound(tuple(finding for piece in way.pieces for finding in find_piece(world, piece, material)))


def _nobody_concerned(world: World, material: Material) -> Reason:
    """That nobody in the case has a role that the material is about."""
    names = list(dict.fromkeys(world.role_names(piece.about) for way in material.ways for piece in way.pieces))
    return reason(
        "nobody-concerned", role=", ".join(each.en for each in names), role_zh="、".join(each.zh for each in names)
    )


def _satisfied(world: World, material: Material, best: WayFound) -> Item:
    if not best.findings:
        return _made(material, ItemState.not_needed, _nobody_concerned(world, material))
    return _made(
        material,
        _STATES[best.found],
        best.reasons[0],
        sources=tuple(source for each in best.findings for source in each.sources),
        wanted=tuple(want for each in best.findings for want in each.wanted),
    )


def _unsatisfied(world: World, material: Material, best: WayFound) -> Item:
    if best.found is Found.cannot:
        refused = _no_commitment(world, material)
        words = because("cannot", best.reasons)
        return _made(material, ItemState.cannot, words, lacking=tuple(best.reasons), no_commitment=refused)
    return replace(_to_ask(world, material, best.reasons, could_have=best.could_have), questions=best.questions)


def _to_ask(world: World, material: Material, why: list[Reason], *, could_have: bool) -> Item:
    """Promise in writing, hand in later, or bring now, in that order."""
    lacking = tuple(why)
    refused = _no_commitment(world, material)
    promised = _promised(world, material)
    if promised:
        return _made(material, ItemState.committed, reason("committed", on=promised.made_on), lacking=lacking)
    if refused is None:
        return _made(material, ItemState.commitment, reason("commitment"), lacking=lacking, could_have=could_have)
    if material.commitment:
        why = [*why, refused]
    until = world.gap_until(material.gap_days) if material.gap_days else None
    if material.gap_days and until is None:
        why = [*why, reason("no-calendar")]
    asked = {"lacking": lacking, "could_have": could_have, "no_commitment": refused}
    if until is not None:
        return _made(material, ItemState.gap, because("gap", why, on=until), gap_until=until, **asked)
    words = reason("nobody-else") if material.only_applicant else because("to-bring", why)
    return _made(material, ItemState.to_bring, words, **asked)


def _promised(world: World, material: Material) -> Commitment | None:
    """What the applicant promised in this case instead of the material, unless it was found false."""
    here = (each for each in world.commitments if each.case_id == world.case.case_id and not each.found_false_on)
    return next((each for each in here if each.material_id == material.id), None)


def _no_commitment(world: World, material: Material) -> Reason | None:
    """Why the applicant may not promise in writing instead of bringing it; None when he may."""
    if world.matter.high_risk:
        return reason("commitment-high-risk")
    if not material.commitment:
        return reason("commitment-not-offered")
    return reason("commitment-broken") if world.commitment_broken else None


def _made(material: Material, state: ItemState, why: Reason, **more: object) -> Item:
    return Item(
        material_id=material.id,
        names=material.names,
        state=state,
        reason=why,
        basis=material.basis,
        copies=material.copies,
        originals=material.originals,
        seals=material.seals,
        kind=material.brings,
        **more,  # type: ignore[arg-type]
    )


def _notices(world: World) -> Iterable[Reason]:
    applicant = world.case.applicant
    if world.matter.applicant_must_live and applicant.subject_id and is_recorded_dead(world, applicant.subject_id):
        yield reason("applicant-recorded-dead")
    for person in world.case.participants:
        if person.outcome is Outcome.unknown:
            names = world.role_names(person.role)
            yield reason("participant-unknown", role=names.en, role_zh=names.zh)


def is_recorded_dead(world: World, subject_id: str) -> bool:
    """True when a registry records the subject's death and has not taken it back."""
    return any(standing_deaths(world.held.get(subject_id, {}), world.satisfies, world.now))
