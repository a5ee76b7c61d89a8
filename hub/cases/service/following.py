"""Cases after a split: whoever an approval service meant by number and name is looked for once more."""

from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import Session

from hub.cases.model import Case
from hub.cases.service.people import asked_again
from hub.cases.service.surroundings import Surroundings
from hub.cases.store import CaseStore
from hub.cases.store.concerned import concerned_with, move_papers

REBOUND = "participant-rebound"
BY_HUB = "hub"


def follow_split(around: Surroundings, session: Session, subject_ids: Sequence[str]) -> list[str]:
    """The open cases whose participants are somebody else now; ``subject_ids`` stood for more than one person.

    A participant whom the service named by its own pairwise id stays: the id answers for whom it always did.
    """
    store = CaseStore(session)
    rebound: list[str] = []
    for case_id in dict.fromkeys(each.case_id for each in concerned_with(session, subject_ids)):
        case = store.case_of(case_id, locked=True)
        if case is not None and _rebind(around, session, case, frozenset(subject_ids)):
            rebound.append(case_id)
    return rebound


def _rebind(around: Surroundings, session: Session, case: Case, subject_ids: frozenset[str]) -> int:
    """How many of the case's people are somebody else now."""
    store = CaseStore(session)
    before = {person: person.subject_id for person in case.participants if person.subject_id in subject_ids}
    answers = asked_again(around, session, case, [replace(person, subject_id=None) for person in before])
    now = around.identity.survivors(session, list(subject_ids))
    changed = 0
    for was, answer in zip(before.values(), answers, strict=True):
        if was is None or answer.subject_id == now.get(was):
            continue
        store.bind(case.case_id, answer)
        changed += 1
        if answer.subject_id is not None:
            move_papers(session, case.case_id, was, answer.subject_id)
    if changed:
        around.record(session, case, REBOUND, BY_HUB, {"people": changed})
    return changed
