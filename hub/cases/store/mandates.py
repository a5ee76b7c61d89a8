"""Keeps mandates: who may act for whom 代办, for which matters, how long."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import RowMapping, insert, select, update
from sqlmodel import Session

from hub.cases.tables import MANDATE


@dataclass(frozen=True, slots=True)
class Mandate:
    """That ``agent_id`` may act for ``subject_id``."""

    subject_id: str
    mandate_id: str
    agent_id: str
    matters: tuple[str, ...]
    valid_from: date
    valid_until: date
    recorded_by: str
    ended_on: date | None = None

    def covers(self, matter: str, on: date) -> bool:
        """True when the agent may act in that matter on that day."""
        ended = self.ended_on is not None and self.ended_on <= on
        return matter in self.matters and self.valid_from <= on <= self.valid_until and not ended


class MandateStore:
    """Mandates, read and kept within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, mandate: Mandate) -> None:
        """The mandate is recorded."""
        self._session.execute(
            insert(MANDATE).values(
                subject_id=mandate.subject_id,
                mandate_id=mandate.mandate_id,
                agent_id=mandate.agent_id,
                matters=list(mandate.matters),
                valid_from=mandate.valid_from,
                valid_until=mandate.valid_until,
                recorded_by=mandate.recorded_by,
            )
        )

    def mandate_of(self, mandate_id: str) -> Mandate | None:
        """The mandate, or None."""
        found = self._session.execute(select(MANDATE).where(MANDATE.c.mandate_id == mandate_id))
        row = found.mappings().one_or_none()
        return None if row is None else _mandate(row)

    def recorded_by(self, consumer: str, *, on: date) -> list[Mandate]:
        """The consumer's mandates in force on a day, the one that ends first leading."""
        rows = self._session.execute(
            select(MANDATE)
            .where(
                MANDATE.c.recorded_by == consumer,
                MANDATE.c.valid_from <= on,
                MANDATE.c.valid_until >= on,
                MANDATE.c.ended_on.is_(None),
            )
            .order_by(MANDATE.c.valid_until, MANDATE.c.mandate_id)
        )
        return [_mandate(row) for row in rows.mappings()]

    def end(self, mandate_id: str, *, on: date) -> bool:
        """The agent may act no more from ``on``; False when there is no such mandate in force."""
        ended = (
            update(MANDATE)
            .where(MANDATE.c.mandate_id == mandate_id, MANDATE.c.ended_on.is_(None))
            .values(ended_on=on)
            .returning(MANDATE.c.mandate_id)
        )
        return self._session.execute(ended).scalar() is not None


def _mandate(row: RowMapping) -> Mandate:
    return Mandate(**{**row, "matters": tuple(row["matters"])})
