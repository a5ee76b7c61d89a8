"""What a steward's choice would do to evidence, open cases and what was released before, told before it is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlmodel import Session

from hub.cases.store.concerned import Concerned, concerned_with
from hub.evidence.model import HeldEvidence
from hub.evidence.store import EvidenceStore, Vault
from hub.exchange.recalls import RecallStore
from hub.identity.model import Decision, Move
from hub.identity.outlook import Outlook


class Index(Protocol):
    """What is asked of identity here; ``hub.identity`` has it."""

    def outlook(self, session: Session, review_id: str) -> Sequence[Outlook]:
        """What each choice would do to the index."""
        ...

    def aliases(self, session: Session, subject_id: str) -> list[str]:
        """The subject's id and every id merged into it."""
        ...


@dataclass(frozen=True, slots=True)
class MovingEvidence:
    """A piece of valid evidence that would be about another subject; ``to_subject`` is "" for one still to be made."""

    evidence_id: str
    type: str
    registry: str
    role: str
    from_subject: str
    to_subject: str


@dataclass(frozen=True, slots=True)
class ChangingCase:
    """An open case 在办件 that the choice matters to.

    ``subject_changes``: another id would answer for its participant. ``asked_again``: whom it means would be looked for
    once more by number and name. ``gains``, ``loses``: the types of evidence of which its checklist would find more or
    less.
    """

    case_id: str
    consumer: str
    number: str
    matter: str
    role: str
    subject_changes: bool
    asked_again: bool
    gains: tuple[str, ...]
    loses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """An outlook with what follows from it in the other rooms.

    ``released``: how many exchanges released something about the subject that would be split; where that was somebody
    else's evidence, their consumers would be told.
    """

    outlook: Outlook
    evidence: tuple[MovingEvidence, ...] = ()
    cases: tuple[ChangingCase, ...] = ()
    released: int = 0


@dataclass(frozen=True)
class Foresight:
    """Tells what would follow from a steward's choice; reads only."""

    identity: Index
    vault: Vault

    def foresee(self, session: Session, review_id: str) -> list[Foreseen]:
        """Each choice about a review item with what would follow from it now.

        Raises:
            Missing: there is none of that id.
        """
        return [self._foreseen(session, each) for each in self.identity.outlook(session, review_id)]

    def _foreseen(self, session: Session, outlook: Outlook) -> Foreseen:
        if not outlook.moves:
            return Foreseen(outlook)
        was = outlook.moves[0].from_subject
        left = self._ids(session, was)
        others = [each for subject in outlook.subjects if subject != was for each in self._ids(session, subject)]
        moved = {(move.registry, move.record, move.role): move for move in outlook.moves}
        held = EvidenceStore(session, self.vault).of_subjects([*left, *others])
        moving = [each for each in held if (each.registry, each.record, each.role) in moved]
        staying = [each for each in held if (each.registry, each.record, each.role) not in moved]
        change = _Change(outlook, frozenset(left), _types(moving), _types(staying))
        return Foreseen(
            outlook,
            tuple(_piece(each, moved[each.registry, each.record, each.role]) for each in moving),
            tuple(change.of(each) for each in concerned_with(session, [*left, *others])),
            len(RecallStore(session).released_about(left)) if change.is_split else 0,
        )

    def _ids(self, session: Session, subject_id: str) -> list[str]:
        return self.identity.aliases(session, subject_id) if subject_id else []


@dataclass(frozen=True, slots=True)
class _Change:
    """What a choice comes to for a case: a merge gives each side what the other held, a split takes it away."""

    outlook: Outlook
    left: frozenset[str]
    moving: tuple[str, ...]
    staying: tuple[str, ...]

    @property
    def is_split(self) -> bool:
        return self.outlook.decision is Decision.DIFFERENT

    def of(self, case: Concerned) -> ChangingCase:
        place = (case.case_id, case.consumer, case.number, case.matter, case.role)
        if self.is_split:
            leaves = case.subject_id in self.outlook.redirects or case.subject_id in self.outlook.subjects[1:]
            return ChangingCase(*place, leaves, not leaves, (), self.staying if leaves else self.moving)
        follows = case.subject_id in self.left
        return ChangingCase(*place, follows, False, self.staying if follows else self.moving, ())


def _piece(held: HeldEvidence, move: Move) -> MovingEvidence:
    return MovingEvidence(held.evidence_id, held.type, held.registry, held.role, move.from_subject, move.to_subject)


def _types(held: Sequence[HeldEvidence]) -> tuple[str, ...]:
    return tuple(sorted({each.type for each in held}))
