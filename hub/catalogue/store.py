"""Keeps editions of the catalogue 目录 and finds the one in force."""

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, insert, select, true, update
from sqlmodel import Session

from hub.catalogue.codec import catalogue_from, document_of
from hub.catalogue.model import Catalogue
from hub.catalogue.tables import EDITION


class Closing(StrEnum):
    """How a proposed edition ends that is not published: the authority declines it, or its proposer withdraws it."""

    declined = "declined"
    withdrawn = "withdrawn"


@dataclass(frozen=True, slots=True)
class EditionRecord:
    """When an edition was proposed and published or closed, and from when it counts.

    ``changed_on`` is the day of the change at the department that it follows (Order 809 article 17), None where it
    follows none; ``extended`` tells that the authority consented to more time for it.
    """

    edition_id: str
    digest: bytes
    effective_on: date
    proposed_at: datetime
    proposed_by: str
    published_at: datetime | None
    published_by: str | None
    changed_on: date | None = None
    extended: bool = False
    closed_as: Closing | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    reason: str | None = None

    @property
    def decided_at(self) -> datetime | None:
        """When it was published, declined or withdrawn; None while it waits."""
        return self.published_at or self.closed_at

    @property
    def reviewed_by(self) -> str | None:
        """Who published or declined it; None while it waits, and when it was withdrawn."""
        return self.closed_by if self.closed_as is Closing.declined else self.published_by


RECORD = tuple(each.name for each in fields(EditionRecord))


def digest_of(catalogue: Catalogue) -> bytes:
    """SHA-256 over the catalogue's document with sorted keys."""
    text = json.dumps(document_of(catalogue), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


class CatalogueStore:
    """Editions, read and kept within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, record: EditionRecord, catalogue: Catalogue) -> None:
        """The edition is kept, also one that says again what an earlier one said."""
        values = {each: getattr(record, each) for each in RECORD}
        self._session.execute(insert(EDITION).values(**values, content=document_of(catalogue)))

    def publish(self, edition_id: str, *, at: datetime, by: str, extended: bool) -> None:
        """The edition takes effect on its day."""
        published = {"published_at": at, "published_by": by, "extended": extended}
        self._session.execute(update(EDITION).where(EDITION.c.edition_id == edition_id).values(published))

    def close(self, record: EditionRecord) -> None:
        """The edition is not published any more."""
        closed = {each: getattr(record, each) for each in ("closed_as", "closed_at", "closed_by", "reason")}
        self._session.execute(update(EDITION).where(EDITION.c.edition_id == record.edition_id).values(closed))

    def in_force_on(self, day: date) -> str | None:
        """The id of the published edition that counts on ``day``, None before the first."""
        newest = (
            select(EDITION.c.edition_id)
            .where(EDITION.c.published_at.is_not(None), EDITION.c.effective_on <= day)
            .order_by(EDITION.c.effective_on.desc(), EDITION.c.published_at.desc())
        )
        return self._session.execute(newest.limit(1)).scalar()

    def catalogue_of(self, edition_id: str) -> Catalogue | None:
        """What the edition says, or None."""
        content = self._session.execute(select(EDITION.c.content).where(EDITION.c.edition_id == edition_id)).scalar()
        return None if content is None else catalogue_from(content)

    def record_of(self, edition_id: str, *, locked: bool = False) -> EditionRecord | None:
        """When the edition was proposed and what became of it, or None; held, when ``locked``, until the end."""
        return next(iter(self._records(EDITION.c.edition_id == edition_id, locked=locked)), None)

    def standing(self, digest: bytes, on: date) -> EditionRecord | None:
        """The edition with exactly this content that is in force on that day, or waits to be from that day on."""
        now = self.in_force_on(on)
        same = self._records(EDITION.c.digest == digest)
        waiting = (each for each in same if each.decided_at is None and each.effective_on == on)
        return next((each for each in same if each.edition_id == now), None) or next(waiting, None)

    def find_records(self) -> list[EditionRecord]:
        """Every edition, newest proposal first."""
        return self._records(true())

    def _records(self, condition: ColumnElement[bool], *, locked: bool = False) -> list[EditionRecord]:
        asked = select(*(EDITION.c[each] for each in RECORD)).where(condition).order_by(EDITION.c.proposed_at.desc())
        rows = self._session.execute(asked.with_for_update() if locked else asked).mappings()
        return [_record(dict(row)) for row in rows]


def _record(row: dict[str, Any]) -> EditionRecord:
    closed_as = row.pop("closed_as")
    return EditionRecord(**row, closed_as=Closing(closed_as) if closed_as else None)
