"""Keeps grants 共享授权, and what providers owe an answer to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from hub.sharing.model import CONSENT, Grant, Owed, Owing, Reply
from hub.sharing.tables import GRANT, OWED
from hub.storage.statements import cursor_of

_OWED_NAMES: Final = tuple(each.name for each in fields(Owed))
_OWED: Final = tuple(OWED.c[name] for name in _OWED_NAMES)
_GRANT_NAMES: Final = tuple(each.name for each in fields(Grant))
_CHOSEN: Final = select(*(GRANT.c[name] for name in _GRANT_NAMES)).order_by(GRANT.c.id)
_GRANTS_OF: Final = f"SELECT {', '.join(_GRANT_NAMES)} FROM sharing_grant WHERE consumer = %s ORDER BY id"
_SUPPLIES: Final = f"""SELECT {", ".join(_OWED_NAMES)} FROM sharing_owed
WHERE subject_id = ANY(%s) AND consumer = %s AND kind = %s ORDER BY raised_on, owed_id"""


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

    def with_ids(self, ids: Iterable[str]) -> dict[str, Grant]:
        """Those that there are, by id; held until the transaction ends so that no other change comes between."""
        found = _CHOSEN.where(GRANT.c.id.in_(list(ids))).with_for_update()
        return {grant.id: grant for grant in map(_grant, self._session.execute(found))}

    def of_types(self, evidence_types: Iterable[str]) -> list[Grant]:
        """Every grant of those types, also those not in force."""
        found = _CHOSEN.where(GRANT.c.evidence_type.in_(list(evidence_types)))
        return [_grant(row) for row in self._session.execute(found)]

    def every(self) -> list[Grant]:
        """Every grant there ever was."""
        return [_grant(row) for row in self._session.execute(_CHOSEN)]

    def grants_of(self, consumer: str) -> list[Grant]:
        """Every grant the consumer was given, also those not in force."""
        cursor = cursor_of(self._session)
        cursor.execute(_GRANTS_OF, [consumer])
        return [_grant(row) for row in cursor.fetchall()]


class OwedStore:
    """Applications, objections and supplies, read and kept within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, owed: Owed) -> None:
        """The question is kept."""
        values = {each.name: getattr(owed, each.name) for each in fields(Owed)}
        values |= {"kind": owed.kind.value, "asked": dict(owed.asked), "reply": owed.reply, "lacking": []}
        self._session.execute(insert(OWED).values(**values))

    def owed_of(self, owed_id: str, *, locked: bool = False) -> Owed | None:
        """The question, or None; ``locked`` keeps others from answering it until the transaction ends."""
        asked = select(*_OWED).where(OWED.c.owed_id == owed_id)
        row = self._session.execute(asked.with_for_update() if locked else asked).one_or_none()
        return None if row is None else _owed(row)

    def of_provider(self, provider: str, kind: Owing, *, is_open: bool) -> list[Owed]:
        """What the provider was asked, the oldest first; only what waits for its answer when ``is_open``."""
        found = (OWED.c.provider == provider) & (OWED.c.kind == kind.value)
        return self._find(found & OWED.c.answered_on.is_(None) if is_open else found)

    def of_consumer(self, consumer: str, kind: Owing) -> list[Owed]:
        """What the consumer asked, the oldest first."""
        return self._find((OWED.c.consumer == consumer) & (OWED.c.kind == kind.value))

    def supplies_for(self, subject_ids: Sequence[str], consumer: str) -> list[Owed]:
        """The consumer's supplies about those subjects, the oldest first; one statement."""
        cursor = cursor_of(self._session)
        cursor.execute(_SUPPLIES, [list(subject_ids), consumer, Owing.supply.value])
        return [_owed(row) for row in cursor.fetchall()]

    def between(self, first: date, last: date) -> list[Owed]:
        """What waits for an answer, and what was raised in a period."""
        return self._find(OWED.c.answered_on.is_(None) | OWED.c.raised_on.between(first, last))

    def consented(self) -> list[Owed]:
        """Applications that were consented to and whose grants were not ended, the oldest first."""
        of_consent = GRANT.c.id == literal(CONSENT).concat(OWED.c.owed_id)
        ended = select(GRANT.c.id).where(of_consent, GRANT.c.ended_on.is_not(None))
        given = (OWED.c.kind == Owing.application.value) & (OWED.c.reply == Reply.consented.value)
        return self._find(given & ~ended.exists())

    def send_back(self, owed_id: str, *, on: date, lacking: Sequence[str]) -> None:
        """The application waits for its applicant to add what it is lacking."""
        returned = update(OWED).where(OWED.c.owed_id == owed_id)
        self._session.execute(returned.values(returned_on=on, lacking=list(lacking)))

    def complete(self, owed_id: str, *, on: date, asked: Mapping[str, Any]) -> None:
        """The application asks for this, from that day."""
        completed = update(OWED).where(OWED.c.owed_id == owed_id)
        self._session.execute(completed.values(completed_on=on, asked=dict(asked)))

    def extend(self, owed_id: str, *, on: date, days: int) -> None:
        """The question may take ``days`` working days in all."""
        self._session.execute(update(OWED).where(OWED.c.owed_id == owed_id).values(extended_on=on, days=days))

    def answer(self, owed_id: str, *, on: date, reply: Reply, reason: str) -> None:
        """The question is answered."""
        answered = update(OWED).where(OWED.c.owed_id == owed_id)
        self._session.execute(answered.values(answered_on=on, reply=reply.value, reason=reason))

    def _find(self, condition: ColumnElement[bool]) -> list[Owed]:
        rows = self._session.execute(select(*_OWED).where(condition).order_by(OWED.c.raised_on, OWED.c.owed_id))
        return [_owed(row) for row in rows]


def _grant(row: Sequence[Any]) -> Grant:
    values = dict(zip(_GRANT_NAMES, row, strict=True))
    return Grant(**{**values, "claims": tuple(values["claims"]), "matters": tuple(values["matters"])})


def _owed(row: Sequence[Any]) -> Owed:
    values = dict(zip(_OWED_NAMES, row, strict=True))
    reply = Reply(values["reply"]) if values["reply"] else None
    read = {"kind": Owing(values["kind"]), "reply": reply, "lacking": tuple(values["lacking"])}
    return Owed(**{**values, **read})
