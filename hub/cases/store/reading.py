"""Reads cases 办件, each with its people, straight through the driver: every deed and every checklist begins so."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from psycopg import Cursor
from sqlmodel import Session

from hub.cases.model import Case, CaseState, Due, Outcome, Participant, Suspension
from hub.storage.statements import cursor_of

_COLUMNS: Final = """f.case_id, f.consumer, f.number, f.matter, f.edition_id, f.sub_item, f.opened_on, f.state,
 f.answers, f.suspensions, f.event_number, f.mandate_id, f.decided_on, f.filing_due_on, f.filed_on, f.licence_id"""
_PEOPLE: Final = """(SELECT json_agg(json_build_array(p.role, p.position, p.outcome, p.subject_id)
 ORDER BY p.role, p.position) FROM case_participant p WHERE p.case_id = f.case_id)"""
_WITH_PEOPLE: Final = f"SELECT {_COLUMNS}, {_PEOPLE} FROM case_file f WHERE "
_WITHOUT: Final = f"SELECT {_COLUMNS}, NULL FROM case_file f WHERE "


def one_case(session: Session, where: str, values: Sequence[Any], *, locked: bool = False) -> Case | None:
    """The case that ``where`` says of ``f``, or None; ``locked`` keeps others from changing it in this transaction."""
    cursor = cursor_of(session)
    if locked:  # in a statement of its own: the next one sees whatever the transaction waited for
        cursor.execute(f"SELECT FROM case_file f WHERE {where} FOR UPDATE", values)
    found = _cases(cursor.execute(_WITH_PEOPLE + where, values))
    return found[0] if found else None


def find_cases(session: Session, where: str, values: Sequence[Any]) -> list[Case]:
    """Every case that ``where``, and what follows it, says of ``f``."""
    return _cases(cursor_of(session).execute(_WITH_PEOPLE + where, values))


def find_lines(session: Session, where: str, values: Sequence[Any]) -> list[Case]:
    """The same without the people of each."""
    return _cases(cursor_of(session).execute(_WITHOUT + where, values))


def _cases(rows: Cursor[Any]) -> list[Case]:
    return [_case(*row) for row in rows.fetchall()]


def _case(*row: Any) -> Case:
    """The case; its due date is computed by whoever has calendar and matter."""
    (case_id, consumer, number, matter, edition_id, sub_item, opened_on, state, answers, suspensions, *rest) = row
    event_number, mandate_id, decided_on, filing_due_on, filed_on, licence_id, people = rest
    return Case(
        case_id=case_id,
        consumer=consumer,
        number=number,
        matter=matter,
        edition_id=edition_id,
        sub_item=sub_item,
        opened_on=opened_on,
        state=CaseState(state),
        participants=tuple(_participant(*each) for each in people or ()),
        answers=answers,
        due=Due(None, "not-computed"),
        suspensions=tuple(_suspension(each) for each in suspensions),
        event_number=event_number,
        mandate_id=mandate_id,
        decided_on=decided_on,
        filing_due_on=filing_due_on,
        filed_on=filed_on,
        licence_id=licence_id,
    )


def _participant(role: str, position: int, outcome: str, subject_id: str | None) -> Participant:
    return Participant(role, position, Outcome(outcome), subject_id)


def _suspension(value: Mapping[str, str | None]) -> Suspension:
    until = value["until"]
    return Suspension(
        date.fromisoformat(str(value["since"])), date.fromisoformat(until) if until else None, str(value["reason"])
    )
