"""A mandate 委托 ends with the life of who gave it or holds it; no child acts under one (民法典 articles 18, 173)."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlmodel import Session

from hub.cases.rules.statable import DEATHS, standing_deaths
from hub.cases.service.checking import Checking, CheckMemory
from hub.cases.service.surroundings import Surroundings
from hub.cases.store.held import held_by
from hub.cases.store.merged import owners_of
from hub.errors import Refused
from hub.kernel.codes import birth_date_in, parse_identifier
from hub.kernel.identifiers import date_of_digits

FULL_AGE: Final = 18


def require_living(around: Surroundings, session: Session, subject_ids: Sequence[str]) -> None:
    """No registry records the death of any of them, unless it was taken back.

    Raises:
        Refused: ``cases.mandate-ended-by-death``.
    """
    held = held_by(session, owners_of(session, subject_ids), sorted(DEATHS))
    checking, now = Checking(CheckMemory(), around.vault, session, held), around.clock.now()
    if any(True for each in subject_ids for _ in standing_deaths(held.get(each, {}), checking, now)):
        raise Refused(
            "cases.mandate-ended-by-death",
            "A registry records the death of who gave the mandate or holds it, which ends it (Civil Code article 173); "
            "if that is wrong, object to the record; the applicant may go on in person or under another mandate.",
            "登记信息显示委托人或代办人已死亡，委托随之终止（民法典第一百七十三条）；如有误，请提出异议核实，"
            "申请人可本人办理或另行委托。",
        )


def require_grown(around: Surroundings, session: Session, agent_id: str, on: date) -> None:
    """No registry says that the agent is younger than eighteen ``on`` that day; an organisation has no age.

    Raises:
        Refused: ``cases.agent-is-a-minor``.
    """
    born = _born(around, session, agent_id)
    if born is not None and (on.year - FULL_AGE, on.month, on.day) < (born.year, born.month, born.day):
        raise Refused(
            "cases.agent-is-a-minor",
            "Whoever acts for others has full capacity, and the agent is not yet eighteen (Civil Code articles 17 to "
            "20); name another agent.",
            "代办人须具有完全民事行为能力，而登记信息显示其未满十八周岁（民法典第十七条至第二十条）；请另行委托。",
        )


def _born(around: Surroundings, session: Session, subject_id: str) -> date | None:
    """The best-known birth date, else the one that the best-known number states."""
    known = {each.field: str(each.value) for each in around.identity.golden(session, subject_id)}
    born = date_of_digits(known.get("birth_date", "").replace("-", ""))
    number = parse_identifier(known.get("number", ""))
    return born or (birth_date_in(number) if number and number.valid else None)
