"""What is said to open a case 办件, what is answered, and what makes an opening usable."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from hub.cases.model import Case, Checklist
from hub.cases.service.people import PersonIn, require_roles
from hub.cases.service.surroundings import Surroundings
from hub.cases.store import CaseStore
from hub.catalogue.model import Catalogue, Matter
from hub.catalogue.service import require_matter
from hub.errors import Conflict, Malformed, Missing, Refused
from hub.kernel.naming import names_somebody

MAX_NUMBER: Final = 64


@dataclass(frozen=True)
class Opening:
    """What the approval service says to open a case."""

    number: str
    matter: str
    people: tuple[PersonIn, ...]
    sub_item: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    mandate_id: str = ""
    event_number: str = ""


@dataclass(frozen=True)
class Opened:
    """The case, its checklist, and the code by which the applicant asks how it stands."""

    case: Case
    checklist: Checklist
    query_code: str
    is_new: bool


def usable_in(around: Surroundings, consumer: str, opening: Opening) -> tuple[str, Matter]:
    """The edition and matter that the opening fits: today's, else those that its case was opened under before.

    A part of an event that a failure left unopened goes by the edition of the event's first part.

    Raises:
        Malformed, Refused: as for ``require_usable``.
        Missing: there is no such matter today.
    """
    edition = around.catalogue.require_edition_on(around.today)
    try:
        return edition.edition_id, _usable(edition.catalogue, consumer, opening, around.today)
    except (Malformed, Missing, Refused):
        with around.database.reading() as session:
            store = CaseStore(session)
            parts = store.of_event(opening.event_number) if opening.event_number else []
            known = store.case_for(consumer, opening.number) or next(iter(parts), None)
        if known is None or known.edition_id == edition.edition_id:
            raise
        kept = around.catalogue.catalogue_of(known.edition_id)
        return known.edition_id, _usable(kept, consumer, opening, known.opened_on)


def _usable(catalogue: Catalogue, consumer: str, opening: Opening, on: date) -> Matter:
    matter = require_matter(catalogue, opening.matter, on)
    require_usable(opening, matter, consumer, on)
    return matter


def require_usable(opening: Opening, matter: Matter, consumer: str, today: date) -> None:
    """The opening says everything a case of this matter needs, and this consumer decides it.

    Raises:
        Malformed: number, sub-item, role or answer is unusable.
        Refused: the matter is another consumer's.
    """
    number = opening.number
    if not number or len(number) > MAX_NUMBER or not number.isprintable():
        raise Malformed(
            "cases.bad-number",
            f"A case number has 1 to {MAX_NUMBER} printable characters.",
            f"办件编号须为 1 至 {MAX_NUMBER} 个可打印字符。",
        )
    asked = [text for each in opening.people for text in (each.asked.number, each.asked.name)]
    if any(names_somebody(each, today, asked) for each in (number, opening.event_number)):
        raise Malformed(
            "cases.number-names-somebody",
            "A case number holds a person's number or name, and case numbers are not sealed; open it under another.",
            "办件编号含有个人号码或姓名，而编号以明文保存；请改用其他编号。",
        )
    if consumer not in matter.consumers:
        raise Refused(
            "cases.not-your-matter",
            "This matter is decided by another service.",
            "该事项由其他审批系统办理。",
            matter=matter.id,
        )
    if opening.sub_item:
        require_sub_item(matter, opening.sub_item)
    require_roles(matter, opening.people)
    require_conditions(dict(opening.answers), matter)


def require_sub_item(matter: Matter, sub_item: str) -> None:
    """The situation 情形 is one of the matter's.

    Raises:
        Malformed: ``cases.unknown-sub-item``.
    """
    known = [each.id for each in matter.sub_items]
    if sub_item not in known:
        raise Malformed(
            "cases.unknown-sub-item",
            f"There is no sub-item “{sub_item}”; use: {', '.join(known) or 'none'}.",
            f"该事项没有“{sub_item}”这一情形；可用：{'、'.join(known) or '无'}。",
        )


def require_conditions(answers: dict[str, str], matter: Matter) -> None:
    """Every answer is yes or no to a condition of the matter.

    Raises:
        Malformed: ``cases.unknown-question`` or ``cases.unknown-answer``.
    """
    known = {f"condition:{each.id}" for each in matter.conditions}
    for key, value in answers.items():
        if key not in known:
            raise no_such_question(key)
        if value not in {"yes", "no"}:
            raise Malformed("cases.unknown-answer", "Answer yes or no.", "请回答是（yes）或否（no）。", question=key)


def no_such_question(key: str) -> Malformed:
    """The error of a question the case does not ask, or of an answer it does not offer."""
    return Malformed(
        "cases.unknown-question",
        "The case asks no such question, or offers no such answer; see its checklist.",
        "办件没有这个问题，或没有这个选项；请查看材料清单。",
        question=key[:80],
    )


def number_in_use() -> Conflict:
    """The error of a number that stands for something else already."""
    return Conflict(
        "cases.number-in-use",
        "This number is in use for another matter or other people; open the case under its own number.",
        "该办件编号已用于其他事项或人员；请用本办件自己的编号。",
    )


def is_same_case(case: Case, asked: Case) -> bool:
    """True when both are for the same matter and part of the same event or of none, and name no two situations."""
    is_same_situation = asked.sub_item in {"", case.sub_item}
    return is_same_situation and (case.matter, case.event_number) == (asked.matter, asked.event_number)


def require_nothing_new(case: Case, asked: Case) -> None:
    """An opening that is sent again says nothing which the open case would not keep.

    Raises:
        Conflict: ``cases.answers-differ`` or ``cases.mandate-differs``.
    """
    differing = sorted(key for key, said in asked.answers.items() if case.answers.get(key) != said)
    if differing:
        raise Conflict(
            "cases.answers-differ",
            f"The case is open, with other answers to: {', '.join(differing)}. Nothing was changed; answer there.",
            f"该办件已建立，以下问题的回答与此不同：{'、'.join(differing)}。未作更改；请通过该办件的回答接口提交。",
            case=case.case_id,
        )
    if asked.mandate_id and asked.mandate_id != case.mandate_id:
        raise Conflict(
            "cases.mandate-differs",
            "The case is open, under another mandate or none. Nothing was changed; name the agent at the case.",
            "该办件已建立，所依据的委托与此不同。未作更改；请在该办件中变更代办人。",
            case=case.case_id,
        )
