"""Which record is meant 选择: what a case answered to ``choose:`` counts, and without an answer nobody guesses."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.cases.model import Held, Statable
from hub.cases.rules.checks import meets
from hub.cases.rules.statable import can_state
from hub.catalogue.model import Check, StatementType
from hub.evidence.model import HeldEvidence
from hub.exchange.service.stating import Refusal
from hub.exchange.store import Scene

_QUESTION = "choose"


class Choices:
    """What was chosen in a case about the subject of a request: by statement, the record meant."""

    def __init__(self, scene: Scene) -> None:
        own = {scene.subject_id, *(each.subject_id for each in scene.held)}
        people = {} if scene.case is None else scene.case.people
        answers = {} if scene.case is None else scene.case.answers
        told = ((question.split(":", 2), answer) for question, answer in answers.items())
        self._chosen = {
            parts[1]: answer
            for parts, answer in told
            if parts[0] == _QUESTION and len(parts) > 1 and people.get(parts[-1]) in own
        }

    def meant(self, held: Sequence[HeldEvidence]) -> list[HeldEvidence]:
        """Of evidence of one type, the records chosen; all of it where none of them was."""
        chosen = set(self._chosen.values())
        return [each for each in held if each.evidence_id in chosen] or list(held)

    def resting_on(
        self,
        kind: StatementType,
        held: Sequence[HeldEvidence],
        *,
        now: datetime,
        claims_of: Callable[[HeldEvidence], Mapping[str, Any]],
    ) -> list[HeldEvidence] | Refusal:
        """What the statement rests on, or why none is made.

        What it requires is not held, and nothing held contradicts it; or several records could be meant and none of
        them was chosen.
        """
        by_type: dict[str, list[HeldEvidence]] = {}
        for each in held:
            by_type.setdefault(each.type, []).append(each)

        def satisfies(each: Held, checks: Sequence[Check]) -> bool:
            return isinstance(each, HeldEvidence) and meets(claims_of(each), (), checks)

        found = can_state(kind, by_type, satisfies, now)
        if found.answer is Statable.unknown:
            return Refusal("exchange.cannot-state")
        if found.answer is not Statable.several:
            return list(held)
        others = {each.evidence_id for each in found.candidates} - {self._chosen.get(kind.name)}
        if len(others) == len(found.candidates):
            return Refusal("exchange.choice-needed")
        return [each for each in held if each.evidence_id not in others]
