"""What is answered to the questions of a checklist 材料清单, in the form in which the case keeps it."""

from collections.abc import Mapping
from typing import Final

from hub.cases.model import Question
from hub.cases.rules.checklist import checklist_of
from hub.cases.rules.pieces import World
from hub.cases.rules.reasons import SUB_ITEM
from hub.cases.service.opening import no_such_question, require_conditions, require_sub_item
from hub.catalogue.model import Check, Matter

_TELLS_APART: Final = ("event_on", "certificate")
"""What the applicant knows of a record: the hub compares it, and shows of no record what it says."""


def is_choice(question_id: str) -> bool:
    """True when the question is which of several records is meant: only the checklist knows the answers."""
    return question_id.startswith("choose:")


def require_plain(given: Mapping[str, str], matter: Matter) -> None:
    """Situation and conditions, as far as they are answered, are the matter's own.

    Raises:
        Malformed: ``cases.unknown-sub-item``, ``cases.unknown-question`` or ``cases.unknown-answer``.
    """
    if SUB_ITEM in given:
        require_sub_item(matter, given[SUB_ITEM])
    require_conditions({key: said for key, said in given.items() if key != SUB_ITEM and not is_choice(key)}, matter)


def chosen_records(given: Mapping[str, str], world: World) -> dict[str, str | None]:
    """For each question which record is meant, the id of the one that is named, None where none or several are.

    Raises:
        Malformed: ``cases.unknown-question``, when the checklist asks no such question.
    """
    asked = {each.id: each for each in checklist_of(world).questions}
    return {key: _chosen(_require(asked, key), said, world) for key, said in given.items() if is_choice(key)}


def _require(asked: Mapping[str, Question], key: str) -> Question:
    if key not in asked:
        raise no_such_question(key)
    return asked[key]


def _chosen(question: Question, said: str, world: World) -> str | None:
    """The option of that id, else the only one whose record has that day or that number."""
    options = {each.id for each in question.options}
    if said in options:
        return said
    several = (each for of_one in world.held.values() for held in of_one.values() for each in held)
    checks = [(Check(claim, one_of=(said.strip(),)),) for claim in _TELLS_APART]
    candidates = {each.evidence_id: each for each in several if each.evidence_id in options}
    meant = [key for key, each in candidates.items() if any(world.satisfies(each, check) for check in checks)]
    return meant[0] if len(meant) == 1 else None
