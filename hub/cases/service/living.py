"""A mandate 委托 ends with the life of whoever gave it or holds it (民法典 article 173)."""

from collections.abc import Sequence

from sqlmodel import Session

from hub.cases.rules.statable import DEATHS, standing_deaths
from hub.cases.service.checking import Checking, CheckMemory
from hub.cases.service.surroundings import Surroundings
from hub.cases.store.held import held_by
from hub.cases.store.merged import owners_of
from hub.errors import Refused


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
