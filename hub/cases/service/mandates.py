"""Agents 代办 act for a subject under a recorded mandate, and only within it."""

from dataclasses import dataclass, replace
from datetime import date

from sqlmodel import Session

from hub.audit.model import Entry
from hub.cases.model import Case, PersonAsked
from hub.cases.service.living import require_grown, require_living
from hub.cases.service.people import resolve
from hub.cases.service.surroundings import Surroundings, require_case, require_open
from hub.cases.store import CaseStore, Mandate, MandateStore
from hub.catalogue.service import require_known_matter
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
            Malformed: the period is reversed, no matter is named, or somebody is to act for themselves.
            Missing: subject or agent is not known exactly, or a matter is not in the catalogue.
            Refused: its last day is over, subject or agent is recorded dead, or the agent is a minor on its first day.
        """
        if given.valid_until < given.valid_from or not given.matters:
            raise Malformed(
                "cases.bad-mandate",
                "A mandate names its matters and a period in order.",
                "委托须写明事项，且起止时间不得颠倒。",
            )
        around = self._around
        if given.valid_until < around.today:
            raise Refused(
                "cases.mandate-over",
                "The mandate's last day is over; bring a current one.",
                "委托期限已届满；请提供有效的委托。",
            )
        known = around.catalogue.require_edition_on(around.today).catalogue
        for matter in given.matters:
            require_known_matter(known, matter)
        with around.database.writing() as session:
            subject = resolve(around, session, consumer, given.subject).subject_id
            agent = resolve(around, session, consumer, given.agent).subject_id
            if subject is None or agent is None:
                raise Missing(
                    "cases.mandate-unknown-person",
                    "Subject or agent is not known exactly.",
                    "无法确定委托人或代办人是谁。",
                )
            if subject == agent:
                raise Malformed(
                    "cases.mandate-to-oneself",
                    "Nobody needs a mandate to act for themselves; name the agent.",
                    "委托人与代办人为同一人，无需委托；请填写代办人。",
                )
            require_living(around, session, (subject, agent))
            require_grown(around, session, agent, max(given.valid_from, around.today))
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

    def in_force(self, consumer: str) -> list[Mandate]:
        """The mandates this consumer recorded that an agent may act under today, the one that ends first leading."""
        with self._around.database.reading() as session:
            return MandateStore(session).recorded_by(consumer, on=self._around.today)

    def act_under(self, consumer: str, number: str, mandate_id: str) -> Case:
        """From now on the case is acted for under that mandate; an empty one: the applicant acts in person.

        Raises:
            Missing, Conflict: no such case, or it has its result.
            Refused: the mandate does not cover the case.
        """
        around = self._around
        with around.database.writing() as session:
            store = CaseStore(session)
            case = replace(require_case(store, consumer, number, locked=True), mandate_id=mandate_id)
            require_open(case)
            require_mandate(around, session, case)
            store.change(case.case_id, mandate_id=mandate_id)
            around.record(session, case, "agent-changed", consumer, {"mandate": mandate_id} if mandate_id else None)
            return around.dated(case)


def require_actable(around: Surroundings, session: Session, case: Case) -> None:
    """The case has no result yet, and whoever acts for the applicant still may.

    Raises:
        Conflict: the case has its result.
        Refused: ``cases.mandate-does-not-cover``.
    """
    require_open(case)
    require_mandate(around, session, case)


def require_mandate(around: Surroundings, session: Session, case: Case) -> None:
    """Whoever acts for the applicant may do so in this matter today; without an agent there is nothing to ask.

    Raises:
        Refused: ``cases.mandate-does-not-cover``, ``cases.mandate-ended-by-death`` or ``cases.agent-is-a-minor``.
    """
    if not case.mandate_id:
        return
    mandate = MandateStore(session).mandate_of(case.mandate_id)
    if (
        mandate is None
        or not mandate.covers(case.matter, around.today)
        or not _is_about(around, session, mandate, case)
    ):
        raise Refused(
            "cases.mandate-does-not-cover",
            "The mandate ended, or is not for this applicant and matter; bring a current one.",
            "委托已终止，或不适用于该申请人及事项；请提供有效的委托。",
        )
    require_living(around, session, (mandate.subject_id, mandate.agent_id))
    require_grown(around, session, mandate.agent_id, around.today)


def _is_about(around: Surroundings, session: Session, mandate: Mandate, case: Case) -> bool:
    """True when the mandate is the applicant's, also after one of the two subjects was merged into another."""
    applicant = case.applicant.subject_id
    if applicant is None or mandate.subject_id == applicant:
        return applicant is not None
    now = around.identity.survivors(session, (applicant, mandate.subject_id))
    return now.get(applicant, applicant) == now.get(mandate.subject_id, mandate.subject_id)
