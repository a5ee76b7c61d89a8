"""Keeps cases 办件 with their people, their materials' fate and what happened to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from hub.cases.model import Case, CaseState, Commitment, Item, Participant
from hub.cases.store.merged import owners_of
from hub.cases.store.reading import find_cases, find_lines, one_case
from hub.cases.tables import CASE, CASE_MATERIAL, CASE_STEP, COMMITMENT, PARTICIPANT
from hub.storage.statements import cursor_of

_NEXT_STEP: Final = """INSERT INTO case_step (case_id, position, at, action, codes, by)
SELECT %(case)s, coalesce(max(position), 0) + 1, %(at)s, %(action)s, %(codes)s, %(by)s
 FROM case_step WHERE case_id = %(case)s"""
_OPENING: Final = """INSERT INTO case_material (case_id, material, opening_state, opening_reason, could_have)
SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bool[]) ON CONFLICT DO NOTHING"""


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

    def case_for(self, consumer: str, number: str, *, locked: bool = False) -> Case | None:
        """The consumer's case of that number, or None; ``locked`` as for ``case_of``."""
        return one_case(self._session, "f.consumer = %s AND f.number = %s", [consumer, number], locked=locked)

    def case_of(self, case_id: str, *, locked: bool = False) -> Case | None:
        """The case, or None; ``locked`` keeps others from changing it until the transaction ends."""
        return one_case(self._session, "f.case_id = %s", [case_id], locked=locked)

    def with_query_code(self, query_code: bytes) -> Case | None:
        """The case a query code's digest names, or None."""
        return one_case(self._session, "f.query_code = %s", [query_code])

    def has_licence(self, licence_id: str) -> bool:
        """True when some case's approval has that identifier; nobody else takes it until the transaction ends."""
        lock = func.pg_advisory_xact_lock(func.hashtextextended(f"licence|{licence_id}", 0))
        self._session.execute(select(lock))
        found = select(CASE.c.case_id).where(CASE.c.licence_id == licence_id).limit(1)
        return self._session.execute(found).first() is not None

    def of_event(self, event_number: str) -> list[Case]:
        """The cases of one event 一件事, in the order in which they were opened."""
        return find_cases(self._session, "f.event_number = %s ORDER BY f.opened_at, f.matter", [event_number])

    def find_of(self, consumer: str, wanted: CaseFilter) -> list[Case]:
        """The consumer's cases that ``wanted`` describes, newest first, without their people."""
        where = "f.consumer = %s"
        values: tuple[Any, ...] = (consumer,)
        if wanted.event_number:
            where, values = f"{where} AND f.event_number = %s", (*values, wanted.event_number)
        if wanted.states:
            where, values = f"{where} AND f.state = ANY(%s)", (*values, [each.value for each in wanted.states])
        if wanted.before:
            where, values = f"{where} AND f.opened_at < %s", (*values, wanted.before)
        newest = f"{where} ORDER BY f.opened_at DESC, f.case_id LIMIT %s"
        return find_lines(self._session, newest, (*values, wanted.most))

    def opened_between(self, first: date, last: date) -> list[Case]:
        """Cases opened in a period, without their people."""
        opened = "f.opened_on BETWEEN %s AND %s ORDER BY f.opened_on, f.case_id"
        return find_lines(self._session, opened, [first, last])

    def waiting(self, delegated: Sequence[str]) -> list[Case]:
        """Cases without a result, and those approved but not yet filed, without their people.

        Of the matters ``delegated`` also those approved when no calendar told by when.
        """
        due = "f.filing_due_on IS NOT NULL OR f.state = 'approved' AND f.matter = ANY(%s)"
        open_states = [each.value for each in CaseState if not each.is_closed]
        where = f"f.state = ANY(%s) OR f.filed_on IS NULL AND ({due})"
        return find_lines(self._session, where, [open_states, delegated])

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

    def step(self, case_id: str, action: str, *, at: datetime, by: str, codes: Mapping[str, Any]) -> None:
        """What happened is kept as the case's next step. The caller holds the case's row or made it."""
        said = {"case": case_id, "at": at, "action": action, "codes": Jsonb(dict(codes)), "by": by}
        cursor_of(self._session).execute(_NEXT_STEP, said)

    def steps_of(self, case_id: str) -> list[tuple[datetime, str, Mapping[str, Any], str]]:
        """What happened to the case, oldest first: when, what, codes, by whom."""
        rows = self._session.execute(
            select(*CASE_STEP.c["at", "action", "codes", "by"])
            .where(CASE_STEP.c.case_id == case_id)
            .order_by(CASE_STEP.c.position)
        )
        return [(row.at, row.action, row.codes, row.by) for row in rows]

    def keep_opening(self, case_id: str, items: Sequence[Item]) -> None:
        """How each material stood at opening is kept, for the figures and for finding what was asked in vain."""
        states, reasons = [each.state.value for each in items], [each.reason.code for each in items]
        materials, could_have = [each.material_id for each in items], [each.could_have for each in items]
        cursor_of(self._session).execute(_OPENING, [case_id, materials, states, reasons, could_have])

    def deliver(self, case_id: str, material: str, *, on: date, kind: str, in_vain: str | None) -> None:
        """The material was handed in for this case; ``in_vain`` names the type the hub held meanwhile."""
        self._session.execute(
            update(CASE_MATERIAL)
            .where(CASE_MATERIAL.c.case_id == case_id, CASE_MATERIAL.c.material == material)
            .values(delivered_on=on, kind=kind, in_vain=func.coalesce(CASE_MATERIAL.c.in_vain, in_vain))
        )

    def delivered_in(self, case_id: str) -> dict[str, date]:
        """When which material of the case was handed in."""
        cursor = cursor_of(self._session)
        cursor.execute(
            "SELECT material, delivered_on FROM case_material WHERE case_id = %s AND delivered_on IS NOT NULL",
            [case_id],
        )
        return dict(cursor.fetchall())

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
        cursor = cursor_of(self._session)
        cursor.execute(
            "UPDATE commitment SET found_false_on = %s WHERE subject_id = ANY(%s) AND case_id = %s AND material = %s",
            [on, list(owners_of(self._session, [subject_id])), case_id, material],
        )
        return cursor.rowcount > 0

    def commitments_of(self, subject_id: str) -> list[Commitment]:
        """Everything the subject promised, in any case, also under an id that was merged into it."""
        return self.commitments_under(list(owners_of(self._session, [subject_id])))

    def commitments_under(self, subject_ids: Sequence[str]) -> list[Commitment]:
        """Everything that was promised under those very ids, in any case."""
        cursor = cursor_of(self._session)
        cursor.execute(
            "SELECT case_id, material, made_on, found_false_on FROM commitment WHERE subject_id = ANY(%s)",
            [list(subject_ids)],
        )
        return [Commitment(*row) for row in cursor.fetchall()]
