"""Keeps cases 办件 with their people, their materials' fate and what happened to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from hub.cases.model import Case, CaseState, Commitment, Due, Item, Outcome, Participant, Suspension
from hub.cases.store.merged import known_as
from hub.cases.tables import CASE, CASE_MATERIAL, CASE_STEP, COMMITMENT, PARTICIPANT


@dataclass(frozen=True)
class NewCase:
    """A case to keep: what the model holds, and what only storage knows."""

    case: Case
    opened_at: datetime
    query_code: bytes
    asked: Mapping[tuple[str, int], bytes]


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which of its cases a consumer wants to see, and at most how many."""

    states: tuple[CaseState, ...] = ()
    event_number: str = ""
    before: datetime | None = None
    most: int = 100


@dataclass(frozen=True, slots=True)
class MaterialFate:
    """What became of one material of one case."""

    material: str
    opening_state: str
    opening_reason: str
    could_have: bool
    delivered_on: date | None
    kind: str | None
    in_vain: str | None


class CaseStore:
    """Cases, read and kept within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, new: NewCase) -> bool:
        """The case is kept with its people; False, and nothing kept, when its number is taken."""
        case = new.case
        kept = insert(CASE).values(
            case_id=case.case_id,
            consumer=case.consumer,
            number=case.number,
            matter=case.matter,
            edition_id=case.edition_id,
            sub_item=case.sub_item,
            opened_on=case.opened_on,
            opened_at=new.opened_at,
            state=case.state.value,
            answers=dict(case.answers),
            suspensions=[],
            event_number=case.event_number,
            mandate_id=case.mandate_id,
            query_code=new.query_code,
            licence_id="",
        )
        done = self._session.execute(kept.on_conflict_do_nothing().returning(CASE.c.case_id)).scalar()
        if done is None:
            return False
        self.keep_people(case.case_id, case.participants, new.asked)
        return True

    def keep_people(self, case_id: str, people: Iterable[Participant], asked: Mapping[tuple[str, int], bytes]) -> None:
        """The participants are kept as further people of the case."""
        rows = [
            {
                "case_id": case_id,
                "role": each.role,
                "position": each.position,
                "outcome": each.outcome.value,
                "subject_id": each.subject_id,
                "asked": asked[each.role, each.position],
            }
            for each in people
        ]
        if rows:
            self._session.execute(insert(PARTICIPANT), rows)

    def case_for(self, consumer: str, number: str) -> Case | None:
        """The consumer's case of that number, or None."""
        return self._one((CASE.c.consumer == consumer) & (CASE.c.number == number))

    def case_of(self, case_id: str, *, locked: bool = False) -> Case | None:
        """The case, or None; ``locked`` keeps others from changing it until the transaction ends."""
        return self._one(CASE.c.case_id == case_id, locked=locked)

    def with_query_code(self, query_code: bytes) -> Case | None:
        """The case a query code's digest names, or None."""
        return self._one(CASE.c.query_code == query_code)

    def of_event(self, event_number: str) -> list[Case]:
        """The cases of one event 一件事, in order of their matter."""
        return self._many(CASE.c.event_number == event_number)

    def find_of(self, consumer: str, wanted: CaseFilter) -> list[Case]:
        """The consumer's cases that ``wanted`` describes, newest first, without their people."""
        asked = select(CASE).where(CASE.c.consumer == consumer)
        if wanted.event_number:
            asked = asked.where(CASE.c.event_number == wanted.event_number)
        if wanted.states:
            asked = asked.where(CASE.c.state.in_([each.value for each in wanted.states]))
        if wanted.before:
            asked = asked.where(CASE.c.opened_at < wanted.before)
        rows = self._session.execute(asked.order_by(CASE.c.opened_at.desc(), CASE.c.case_id).limit(wanted.most))
        return [_case(row, ()) for row in rows.mappings()]

    def opened_between(self, first: date, last: date) -> list[Case]:
        """Cases opened in a period, without their people."""
        rows = self._session.execute(
            select(CASE).where(CASE.c.opened_on.between(first, last)).order_by(CASE.c.opened_on, CASE.c.case_id)
        )
        return [_case(row, ()) for row in rows.mappings()]

    def undecided(self) -> list[Case]:
        """Cases without a result, and those approved but not yet filed, without their people."""
        open_states = [each.value for each in CaseState if not each.is_closed]
        waiting = CASE.c.filing_due_on.is_not(None) & CASE.c.filed_on.is_(None)
        rows = self._session.execute(select(CASE).where(CASE.c.state.in_(open_states) | waiting))
        return [_case(row, ()) for row in rows.mappings()]

    def _one(self, condition: ColumnElement[bool], *, locked: bool = False) -> Case | None:
        asked = select(CASE).where(condition)
        row = self._session.execute(asked.with_for_update() if locked else asked).mappings().one_or_none()
        return None if row is None else _case(row, self._people([row["case_id"]]).get(row["case_id"], ()))

    def _many(self, condition: ColumnElement[bool]) -> list[Case]:
        rows = self._session.execute(select(CASE).where(condition).order_by(CASE.c.matter)).mappings().all()
        people = self._people([row["case_id"] for row in rows])
        return [_case(row, people.get(row["case_id"], ())) for row in rows]

    def _people(self, case_ids: Sequence[str]) -> dict[str, tuple[Participant, ...]]:
        rows = self._session.execute(
            select(*PARTICIPANT.c["case_id", "role", "position", "outcome", "subject_id"])
            .where(PARTICIPANT.c.case_id.in_(case_ids))
            .order_by(PARTICIPANT.c.role, PARTICIPANT.c.position)
        )
        found: dict[str, tuple[Participant, ...]] = {}
        for case_id, role, position, outcome, subject_id in rows:
            person = Participant(role, position, Outcome(outcome), subject_id)
            found[case_id] = (*found.get(case_id, ()), person)
        return found

    def asked_of(self, case_id: str) -> dict[tuple[str, int], bytes]:
        """Who was meant by each participant, sealed."""
        rows = self._session.execute(
            select(*PARTICIPANT.c["role", "position", "asked"]).where(PARTICIPANT.c.case_id == case_id)
        )
        return {(role, position): asked for role, position, asked in rows}

    def bind(self, case_id: str, person: Participant) -> None:
        """The participant stands as now resolved."""
        self._session.execute(
            update(PARTICIPANT)
            .where(
                PARTICIPANT.c.case_id == case_id,
                PARTICIPANT.c.role == person.role,
                PARTICIPANT.c.position == person.position,
            )
            .values(outcome=person.outcome.value, subject_id=person.subject_id)
        )

    def change(self, case_id: str, **values: Any) -> None:
        """Columns of the case are as given."""
        self._session.execute(update(CASE).where(CASE.c.case_id == case_id).values(**values))

    def step(self, case_id: str, action: str, *, at: datetime, by: str, codes: Mapping[str, Any]) -> int:
        """What happened is kept as the case's next step; its position. The caller holds the case's row or made it."""
        last = select(func.coalesce(func.max(CASE_STEP.c.position), 0)).where(CASE_STEP.c.case_id == case_id)
        position = int(self._session.execute(last).scalar_one()) + 1
        self._session.execute(
            insert(CASE_STEP).values(case_id=case_id, position=position, at=at, action=action, codes=dict(codes), by=by)
        )
        return position

    def steps_of(self, case_id: str) -> list[tuple[datetime, str, Mapping[str, Any], str]]:
        """What happened to the case, oldest first: when, what, codes, by whom."""
        rows = self._session.execute(
            select(*CASE_STEP.c["at", "action", "codes", "by"])
            .where(CASE_STEP.c.case_id == case_id)
            .order_by(CASE_STEP.c.position)
        )
        return [(row.at, row.action, row.codes, row.by) for row in rows]

    def keep_opening(self, case_id: str, items: Iterable[Item]) -> None:
        """How each material stood at opening is kept, for the figures and for finding what was asked in vain."""
        rows = [
            {
                "case_id": case_id,
                "material": item.material_id,
                "opening_state": item.state.value,
                "opening_reason": item.reason.code,
                "could_have": item.could_have,
            }
            for item in items
        ]
        self._session.execute(insert(CASE_MATERIAL).on_conflict_do_nothing(), rows)

    def deliver(self, case_id: str, material: str, *, on: date, kind: str, in_vain: str | None) -> None:
        """The material was handed in for this case; ``in_vain`` names the type the hub held meanwhile."""
        self._session.execute(
            update(CASE_MATERIAL)
            .where(CASE_MATERIAL.c.case_id == case_id, CASE_MATERIAL.c.material == material)
            .values(delivered_on=on, kind=kind, in_vain=func.coalesce(CASE_MATERIAL.c.in_vain, in_vain))
        )

    def delivered_in(self, case_id: str) -> dict[str, date]:
        """When which material of the case was handed in."""
        rows = self._session.execute(
            select(*CASE_MATERIAL.c["material", "delivered_on"]).where(
                CASE_MATERIAL.c.case_id == case_id, CASE_MATERIAL.c.delivered_on.is_not(None)
            )
        )
        return {row.material: row.delivered_on for row in rows}

    def fates_in(self, case_ids: Sequence[str]) -> dict[str, list[MaterialFate]]:
        """What became of the materials of those cases."""
        rows = self._session.execute(
            select(CASE_MATERIAL).where(CASE_MATERIAL.c.case_id.in_(case_ids)).order_by(CASE_MATERIAL.c.material)
        )
        found: dict[str, list[MaterialFate]] = {}
        for case_id, *fate in rows:
            found.setdefault(case_id, []).append(MaterialFate(*fate))
        return found

    def commit_to(self, subject_id: str, case_id: str, material: str, *, on: date) -> None:
        """The subject promised in writing 告知承诺."""
        self._session.execute(
            insert(COMMITMENT)
            .values(subject_id=subject_id, case_id=case_id, material=material, made_on=on)
            .on_conflict_do_nothing()
        )

    def find_false(self, subject_id: str, case_id: str, material: str, *, on: date) -> bool:
        """The promise was found false; False when there is no such promise."""
        way = known_as([subject_id])
        found = self._session.execute(
            update(COMMITMENT)
            .where(
                COMMITMENT.c.subject_id.in_(select(way.c.was)),
                COMMITMENT.c.case_id == case_id,
                COMMITMENT.c.material == material,
            )
            .values(found_false_on=on)
            .returning(COMMITMENT.c.case_id)
        )
        return found.scalar() is not None

    def commitments_of(self, subject_id: str) -> list[Commitment]:
        """Everything the subject promised, in any case, also under an id that was merged into it."""
        way = known_as([subject_id])
        rows = self._session.execute(
            select(*COMMITMENT.c["case_id", "material", "made_on", "found_false_on"]).join_from(
                way, COMMITMENT, COMMITMENT.c.subject_id == way.c.was
            )
        )
        return [Commitment(*row) for row in rows]


def _case(row: RowMapping, people: tuple[Participant, ...]) -> Case:
    """The case; its due date is computed by whoever has calendar and matter."""
    return Case(
        case_id=row["case_id"],
        consumer=row["consumer"],
        number=row["number"],
        matter=row["matter"],
        edition_id=row["edition_id"],
        sub_item=row["sub_item"],
        opened_on=row["opened_on"],
        state=CaseState(row["state"]),
        participants=people,
        answers=row["answers"],
        due=Due(None, "not-computed"),
        suspensions=tuple(_suspension(each) for each in row["suspensions"]),
        event_number=row["event_number"],
        mandate_id=row["mandate_id"],
        decided_on=row["decided_on"],
        filing_due_on=row["filing_due_on"],
        filed_on=row["filed_on"],
        licence_id=row["licence_id"],
    )


def _suspension(value: Mapping[str, str | None]) -> Suspension:
    until = value["until"]
    return Suspension(
        date.fromisoformat(str(value["since"])), date.fromisoformat(until) if until else None, str(value["reason"])
    )
