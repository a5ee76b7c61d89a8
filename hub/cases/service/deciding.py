"""A case's way to its result: accepted, suspended and resumed, decided, and filed where approval was delegated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from hub.cases.model import Case, CaseState
from hub.cases.rules.periods import workdays_after
from hub.cases.service.licensing import keep_licence
from hub.cases.service.mandates import require_mandate
from hub.cases.service.surroundings import Surroundings, require_case, require_open
from hub.cases.store import CaseStore
from hub.errors import Conflict, Malformed
from hub.kernel.reasons import is_reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case stands, as the applicant may know it: state, days and what happened, no content."""

    state: CaseState
    steps: tuple[tuple[datetime, str], ...]
    licence_id: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a deed changes of a case, and the codes it leaves in the log."""

    values: Mapping[str, Any]
    codes: Mapping[str, Any] = field(default_factory=dict)


class Deciding:
    """The deeds on an open case, and the filing afterwards."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def accept(self, consumer: str, number: str) -> Case:
        """The case is formally accepted 受理.

        Raises:
            Conflict: it is not waiting for acceptance.
        """
        change = Change({"state": CaseState.accepted.value})
        return self._move((consumer, number), {CaseState.open}, "accepted", change)

    def suspend(self, consumer: str, number: str, reason: str) -> Case:
        """Working days do not count from today on, for a reason given as a code (``expert-opinion``, ``publicity``).

        Raises:
            Conflict: it is closed or suspended already.
        """
        since = {"since": self._around.today.isoformat(), "until": None, "reason": _code(reason)}
        return self._suspended(consumer, number, "suspended", lambda before: [*before, since])

    def resume(self, consumer: str, number: str) -> Case:
        """Working days count again from tomorrow on; the case stands as it stood before.

        Raises:
            Conflict: it is not suspended.
        """
        until = self._around.today.isoformat()
        return self._suspended(
            consumer, number, "resumed", lambda before: [*before[:-1], {**before[-1], "until": until}]
        )

    def _suspended(self, consumer: str, number: str, action: str, change: Any) -> Case:
        allowed = {CaseState.suspended} if action == "resumed" else {CaseState.open, CaseState.accepted}
        with self._around.database.writing() as session:
            store = CaseStore(session)
            case = self._require(store, (consumer, number), allowed)
            state = CaseState.suspended if action == "suspended" else _state_before(store, case)
            before = [
                {"since": each.since.isoformat(), "until": each.until and each.until.isoformat(), "reason": each.reason}
                for each in case.suspensions
            ]
            store.change(case.case_id, state=state.value, suspensions=change(before))
            self._around.record(session, case, action, consumer)
            return self._now(store, case)

    def approve(self, consumer: str, number: str, licence: str = "") -> Case:
        """The case is approved; ``licence``, an SD-JWT this consumer signed, is evidence for other matters afterwards.

        What a licence must be says ``keep_licence``. Where approval was delegated, the filing with the supervising
        department is due.

        Raises:
            Malformed, Refused, Conflict: nothing is decided.
        """
        around = self._around
        filing_days = self._filing_days(consumer, number)
        with around.database.writing() as session:
            store = CaseStore(session)
            case = self._require(store, (consumer, number), {CaseState.open, CaseState.accepted})
            licence_id = keep_licence(around, session, case, licence) if licence else ""
            due = None if filing_days is None else workdays_after(around.today, filing_days, around.calendar)
            store.change(
                case.case_id,
                state=CaseState.approved.value,
                decided_on=around.today,
                filing_due_on=due,
                licence_id=licence_id,
            )
            around.record(session, case, "approved", consumer, {"licence": licence_id} if licence_id else None)
            return self._now(store, case)

    def reject(self, consumer: str, number: str, reason: str) -> Case:
        """The case is rejected, for a reason given as a code."""
        values = {"state": CaseState.rejected.value, "decided_on": self._around.today}
        allowed = {CaseState.open, CaseState.accepted}
        return self._move((consumer, number), allowed, "rejected", Change(values, {"reason": _code(reason)}))

    def withdraw(self, consumer: str, number: str) -> Case:
        """The applicant takes the case back.

        Raises:
            Refused: the mandate of whoever acts for the applicant ended.
        """
        around = self._around
        values = {"state": CaseState.withdrawn.value, "decided_on": around.today}
        with around.database.writing() as session:
            store = CaseStore(session)
            allowed = {CaseState.open, CaseState.accepted, CaseState.suspended}
            case = self._require(store, (consumer, number), allowed)
            require_mandate(around, session, case)
            store.change(case.case_id, **values)
            around.record(session, case, "withdrawn", consumer)
            return self._now(store, case)

    def file(self, consumer: str, number: str) -> Case:
        """The result is filed 备案 with the supervising department.

        Raises:
            Conflict: there is nothing to file, or it is filed.
        """
        around = self._around
        with around.database.writing() as session:
            store = CaseStore(session)
            case = require_case(store, consumer, number, locked=True)
            if case.state is not CaseState.approved or case.filed_on or around.matter_of(case).filing_days is None:
                raise Conflict("cases.nothing-to-file", "There is no result waiting to be filed.", "没有待备案的结果。")
            store.change(case.case_id, filed_on=around.today)
            around.record(session, case, "filed", consumer)
            return self._now(store, case)

    def outcome_of(self, session: Session, case: Case) -> Outcome:
        """What the applicant may know."""
        steps = CaseStore(session).steps_of(case.case_id)
        return Outcome(case.state, tuple((at, action) for at, action, _, _ in steps), case.licence_id)

    def _move(self, place: tuple[str, str], allowed: set[CaseState], action: str, change: "Change") -> Case:
        with self._around.database.writing() as session:
            store = CaseStore(session)
            case = self._require(store, place, allowed)
            store.change(case.case_id, **change.values)
            self._around.record(session, case, action, case.consumer, change.codes)
            return self._now(store, case)

    def _require(self, store: CaseStore, place: tuple[str, str], allowed: set[CaseState]) -> Case:
        case = require_case(store, *place, locked=True)
        require_open(case)
        if case.state not in allowed:
            raise Conflict(
                "cases.not-now",
                f"This cannot be done while the case is {case.state.value}.",
                f"办件状态为“{case.state.zh}”，不能这样做。",
                state=case.state.value,
            )
        return case

    def _now(self, store: CaseStore, case: Case) -> Case:
        return self._around.dated(require_case(store, case.consumer, case.number))

    def _filing_days(self, consumer: str, number: str) -> int | None:
        """Read before the decision's transaction, which then never waits for a catalogue to be read."""
        with self._around.database.reading() as session:
            return self._around.matter_of(require_case(CaseStore(session), consumer, number)).filing_days


def _state_before(store: CaseStore, case: Case) -> CaseState:
    was_accepted = any(action == "accepted" for _, action, _, _ in store.steps_of(case.case_id))
    return CaseState.accepted if was_accepted else CaseState.open


def _code(text: str) -> str:
    """A reason as a code.

    Raises:
        Malformed: it is free text.
    """
    if not is_reason(text):
        raise Malformed(
            "cases.reason-not-a-code",
            "Give the reason as a code such as expert-opinion.",
            "请以代码填写原因，如 expert-opinion。",
        )
    return text
