"""Agents 代办 act for a subject under a recorded mandate, and only within it."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from hub.audit.model import Entry
from hub.cases.model import Case, PersonAsked
from hub.cases.service.people import resolve
from hub.cases.service.surroundings import Surroundings
from hub.cases.store import Mandate, MandateStore
from hub.errors import Malformed, Missing, Refused
from hub.kernel.ids import new_id


@dataclass(frozen=True)
class MandateIn:
    """A mandate as a service records it."""

    subject: PersonAsked
    agent: PersonAsked
    matters: tuple[str, ...]
    valid_from: date
    valid_until: date


class Mandates:
    """Records and ends mandates."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def record(self, consumer: str, given: MandateIn) -> str:
        """The mandate's id; the agent may act from its first to its last day.

        Raises:
            Malformed: the period is reversed or no matter is named.
            Missing: subject or agent is not known exactly.
        """
        if given.valid_until < given.valid_from or not given.matters:
            raise Malformed("cases.bad-mandate", "A mandate names its matters and a period in order.", "委托内容有误。")
        around = self._around
        with around.database.writing() as session:
            subject = resolve(around, session, consumer, given.subject).subject_id
            agent = resolve(around, session, consumer, given.agent).subject_id
            if subject is None or agent is None:
                raise Missing(
                    "cases.mandate-unknown-person", "Subject or agent is not known exactly.", "委托人或代办人身份不明。"
                )
            mandate_id = new_id("man")
            MandateStore(session).keep(
                Mandate(subject, mandate_id, agent, given.matters, given.valid_from, given.valid_until, consumer)
            )
            around.append(session, Entry("case", {"action": "mandate-recorded", "mandate": mandate_id, "by": consumer}))
        return mandate_id

    def end(self, consumer: str, mandate_id: str) -> None:
        """The agent may act no more.

        Raises:
            Missing: this consumer recorded no such mandate in force.
        """
        around = self._around
        with around.database.writing() as session:
            store = MandateStore(session)
            known = store.mandate_of(mandate_id)
            if known is None or known.recorded_by != consumer or not store.end(mandate_id, on=around.today):
                raise Missing("cases.no-such-mandate", "There is no such mandate in force.", "没有有效的委托。")
            around.append(session, Entry("case", {"action": "mandate-ended", "mandate": mandate_id, "by": consumer}))


def require_mandate(session: Session, case: Case, today: date) -> None:
    """Whoever acts for the applicant may do so in this matter today; without an agent there is nothing to ask.

    Raises:
        Refused: ``cases.mandate-does-not-cover``.
    """
    if not case.mandate_id:
        return
    mandate = MandateStore(session).mandate_of(case.mandate_id)
    covers = mandate is not None and mandate.covers(case.matter, today)
    if not covers or mandate is None or mandate.subject_id != case.applicant.subject_id:
        raise Refused(
            "cases.mandate-does-not-cover",
            "The mandate ended, or is not for this applicant and matter; bring a current one.",
            "委托已失效或不适用于该申请人及事项。",
        )
