"""Keeps grants 共享授权 and finds those of a consumer."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from hub.sharing.model import Grant
from hub.sharing.tables import GRANT

_COLUMNS = tuple(GRANT.c[each.name] for each in fields(Grant))


class GrantStore:
    """Grants, read and kept within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, grants: Iterable[Grant], *, at: datetime) -> None:
        """Each grant stands as given; one with the same id is replaced."""
        for grant in grants:
            values = {each.name: getattr(grant, each.name) for each in fields(Grant)}
            values |= {"claims": list(grant.claims), "matters": list(grant.matters), "kept_at": at}
            kept = insert(GRANT).values(**values)
            self._session.execute(kept.on_conflict_do_update(index_elements=["id"], set_=values))

    def end(self, grant_id: str, *, on: date) -> bool:
        """The grant counts no more from ``on``; False when there is none."""
        ended = self._session.execute(
            update(GRANT).where(GRANT.c.id == grant_id).values(ended_on=on).returning(GRANT.c.id)
        )
        return ended.scalar() is not None

    def grants_of(self, consumer: str) -> list[Grant]:
        """Every grant the consumer was given, also those not in force."""
        rows = self._session.execute(select(*_COLUMNS).where(GRANT.c.consumer == consumer).order_by(GRANT.c.id))
        return [
            Grant(**{**row._mapping, "claims": tuple(row.claims), "matters": tuple(row.matters)})  # noqa: SLF001  # SQLAlchemy's public name
            for row in rows
        ]
