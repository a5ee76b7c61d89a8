"""The catalogue 目录 in use: propose an edition, see what it changes, publish or close it, look things up."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from threading import Lock
from typing import Any

from sqlmodel import Session

from hub.audit.model import Entry
from hub.catalogue.changes import Change, changes_between
from hub.catalogue.model import Catalogue, LifeEvent, Matter, Names
from hub.catalogue.reading import published_documents, read_catalogue
from hub.catalogue.replaceable import Replaceable, replaceable_materials
from hub.catalogue.schemas import Validator, validator_for
from hub.catalogue.store import CatalogueStore, Closing, EditionRecord, digest_of
from hub.errors import Conflict, Malformed, Missing, Refused
from hub.kernel.clock import Clock, local_date
from hub.kernel.ids import new_id
from hub.kernel.reasons import is_reason
from hub.storage.database import Database

Append = Callable[[Session, Entry], object]


@dataclass(frozen=True, slots=True)
class Edition:
    """A published edition and what it says."""

    edition_id: str
    catalogue: Catalogue


@dataclass(frozen=True, slots=True)
class Proposal:
    """A kept, not yet published edition and what publishing it would change."""

    edition_id: str
    effective_on: date
    changes: list[Change]


class CatalogueService:
    """Editions change only by propose and publish; a case keeps the edition it was opened under."""

    def __init__(self, database: Database, clock: Clock, append: Append, *, remember_seconds: float = 2.0) -> None:
        self.database = database
        self.clock = clock
        self.append = append
        self._remember_seconds = remember_seconds
        self._editions: dict[str, Catalogue] = {}
        self._current: dict[date, tuple[float, str]] = {}
        self._lock = Lock()

    def propose(self, catalogue: Catalogue, *, effective_on: date, by: str, changed_on: date | None = None) -> Proposal:
        """The edition is kept for review; says what it would change against what is in force that day.

        ``changed_on`` is the day of the change that it follows: Order 809 article 17 gives ten working days from it.

        Raises:
            Conflict: exactly this content is in force on that day already, or waits for it.
            Refused: the change is yet to come, or the edition's day is past.
        """
        self._require_to_come(effective_on)
        if changed_on and changed_on > local_date(self.clock.now()):
            raise Refused(
                "catalogue.change-to-come",
                "The change that an edition follows has happened; name its day, or leave it out.",
                "变更日期不得晚于今天；请填写实际变更日期，或不填。",
            )
        digest = digest_of(catalogue)
        with self.database.writing() as session:
            store = CatalogueStore(session)
            known = store.standing(digest, effective_on)
            if known:
                raise Conflict(
                    "catalogue.nothing-new",
                    f"Edition {known.edition_id} says exactly this for that day; nothing was changed.",
                    f"该日的版本 {known.edition_id} 与此完全相同；未作改动。",
                    edition=known.edition_id,
                )
            record = EditionRecord(new_id("cat"), digest, effective_on, self.clock.now(), by, None, None, changed_on)
            store.keep(record, catalogue)
            since = changed_on.isoformat() if changed_on else None
            self.append(session, Entry("catalogue", _claims(record, "proposed", by) | {"changed_on": since}))
        return Proposal(record.edition_id, effective_on, self.changes_of(catalogue, effective_on))

    def changes_of(self, catalogue: Catalogue, on: date) -> list[Change]:
        """What ``catalogue`` would change against the edition in force on that day."""
        now = self.edition_on(on)
        return changes_between(now.catalogue if now else Catalogue(), catalogue)

    def publish(self, edition_id: str, *, by: str, extended: bool = False) -> Edition:
        """The edition counts from its day on, for cases opened from then on.

        ``extended``: the authority had consented to five more working days for proposing it (article 17).

        Raises:
            Missing: no such proposal.
            Conflict: it was published, declined or withdrawn before.
            Refused: its day is past; what happened under the old edition stays under it.
        """
        with self.database.writing() as session:
            store = CatalogueStore(session)
            record = _waiting(store, edition_id)
            self._require_to_come(record.effective_on)
            store.publish(edition_id, at=self.clock.now(), by=by, extended=extended)
            self.append(session, Entry("catalogue", _claims(record, "published", by) | {"extended": extended}))
        with self._lock:
            self._current.clear()
        return Edition(edition_id, self.catalogue_of(edition_id))

    def decline(self, edition_id: str, reason: str, *, by: str) -> EditionRecord:
        """The authority does not publish it; its time for the review ends, and whoever proposed it reads why.

        Raises:
            Malformed: the reason is no code.
            Missing: no such proposal.
            Conflict: it was published, declined or withdrawn before.
        """
        return self._close(edition_id, Closing.declined, reason, by)

    def withdraw(self, edition_id: str, reason: str, *, by: str) -> EditionRecord:
        """Who proposed it takes it back, also when its day is past.

        Raises:
            Malformed, Missing, Conflict: as ``decline``.
            Refused: somebody else proposed it.
        """
        return self._close(edition_id, Closing.withdrawn, reason, by)

    def _close(self, edition_id: str, how: Closing, reason: str, by: str) -> EditionRecord:
        if not is_reason(reason):
            raise Malformed(
                "catalogue.reason-not-a-code",
                "Give the reason as a code such as basis-unclear.",
                "请以代码填写理由，如 basis-unclear。",
            )
        with self.database.writing() as session:
            store = CatalogueStore(session)
            record = _waiting(store, edition_id)
            if how is Closing.withdrawn and record.proposed_by != by:
                raise Refused(
                    "catalogue.not-your-proposal",
                    "Only who proposed an edition withdraws it; the authority declines it.",
                    "只有提出者可以撤回其提出的目录版本；主管部门可以不予发布。",
                )
            closed = replace(record, closed_as=how, closed_at=self.clock.now(), closed_by=by, reason=reason)
            store.close(closed)
            self.append(session, Entry("catalogue", _claims(record, how.value, by) | {"reason": reason}))
        return closed

    def _require_to_come(self, effective_on: date) -> None:
        if effective_on < local_date(self.clock.now()):
            raise Refused(
                "catalogue.effective-in-the-past",
                "An edition takes effect today or later; propose it with a new day.",
                "目录版本自今天或以后生效；请以新的日期提出。",
            )

    def publish_shipped(self, *, by: str) -> Edition:
        """The catalogue shipped with the program is in force unless something is already."""
        today = local_date(self.clock.now())
        now = self.edition_on(today)
        if now:
            return now
        shipped = read_catalogue(published_documents())
        with self.database.reading() as session:
            waiting = CatalogueStore(session).standing(digest_of(shipped), today)
        edition_id = waiting.edition_id if waiting else self.propose(shipped, effective_on=today, by=by).edition_id
        return self.publish(edition_id, by=by)

    def edition_on(self, day: date) -> Edition | None:
        """The edition in force on ``day``, None before the first; remembered for a few seconds."""
        with self._lock:
            remembered = self._current.get(day)
        if remembered and remembered[0] > time.monotonic():
            return Edition(remembered[1], self.catalogue_of(remembered[1]))
        with self.database.reading() as session:
            edition_id = CatalogueStore(session).in_force_on(day)
        if edition_id is None:
            return None
        with self._lock:
            self._current = {day: (time.monotonic() + self._remember_seconds, edition_id)}
        return Edition(edition_id, self.catalogue_of(edition_id))

    def require_edition_on(self, day: date) -> Edition:
        """The edition in force on ``day``.

        Raises:
            Missing: nothing is published for that day.
        """
        edition = self.edition_on(day)
        if edition is None:
            raise Missing(
                "catalogue.nothing-published",
                "No catalogue is in force; load one with `hub catalogue load`.",
                "尚无生效的目录；请用 hub catalogue load 载入。",
            )
        return edition

    def catalogue_of(self, edition_id: str) -> Catalogue:
        """What an edition says; editions never change, so each is read once.

        Raises:
            Missing: no such edition.
        """
        known = self._editions.get(edition_id)
        if known is None:
            with self.database.reading() as session:
                known = CatalogueStore(session).catalogue_of(edition_id)
            if known is None:
                raise _no_edition(edition_id)
            self._editions[edition_id] = known
        return known

    def matter(self, matter_id: str, on: date) -> Matter:
        """The matter as it can be applied for on ``on``.

        Raises:
            Missing: unknown, or not valid on that day.
        """
        return require_matter(self.require_edition_on(on).catalogue, matter_id, on)

    def matter_names(self, on: date) -> dict[str, Names]:
        """What people call the matters in force on ``on``, by id; none before the first edition."""
        edition = self.edition_on(on)
        return {each.id: each.names for each in edition.catalogue.matters} if edition else {}

    def event(self, event_id: str, on: date) -> LifeEvent:
        """The event of several matters 一件事.

        Raises:
            Missing: unknown.
        """
        return require_event(self.require_edition_on(on).catalogue, event_id)

    def replaceable(self, on: date, cases_in: Mapping[str, int]) -> list[Replaceable]:
        """Materials some registry could already replace; ``cases_in`` counts real cases a year by matter."""
        return replaceable_materials(self.require_edition_on(on).catalogue, cases_in, on)

    def records(self) -> list[EditionRecord]:
        """Every edition with its dates."""
        with self.database.reading() as session:
            return CatalogueStore(session).find_records()

    def record_of(self, edition_id: str) -> EditionRecord:
        """One edition with its dates.

        Raises:
            Missing: no such edition.
        """
        with self.database.reading() as session:
            record = CatalogueStore(session).record_of(edition_id)
        if record is None:
            raise _no_edition(edition_id)
        return record

    @staticmethod
    def validator_for(evidence_type: str) -> Validator:
        """A built validator of the type's standard form; see ``hub.catalogue.schemas``."""
        return validator_for(evidence_type)


def require_event(catalogue: Catalogue, event_id: str) -> LifeEvent:
    """The event of ``catalogue``.

    Raises:
        Missing: unknown.
    """
    event = catalogue.event_by_id.get(event_id)
    if event is None:
        raise Missing(
            "catalogue.no-event", f"There is no event “{event_id}”.", f"没有一件事“{event_id}”。", event=event_id
        )
    return event


def require_matter(catalogue: Catalogue, matter_id: str, on: date) -> Matter:
    """The matter of ``catalogue`` that can be applied for on ``on``.

    Raises:
        Missing: unknown, or not valid on that day.
    """
    matter = require_known_matter(catalogue, matter_id)
    if not matter.is_valid_on(on):
        raise Missing(
            "catalogue.matter-not-valid",
            f"The matter “{matter_id}” cannot be applied for on {on}.",
            f"事项“{matter_id}”在 {on} 不能申请。",
            matter=matter_id,
        )
    return matter


def require_known_matter(catalogue: Catalogue, matter_id: str) -> Matter:
    """The matter of ``catalogue``, whenever it can be applied for.

    Raises:
        Missing: unknown.
    """
    matter = catalogue.matter_by_id.get(matter_id)
    if matter is None:
        known = ", ".join(sorted(catalogue.matter_by_id))
        raise Missing(
            "catalogue.no-matter",
            f"There is no matter “{matter_id}”; known are: {known}.",
            f"没有事项“{matter_id}”；已有：{known}。",
            matter=matter_id,
        )
    return matter


def _waiting(store: CatalogueStore, edition_id: str) -> EditionRecord:
    """The proposal that nobody decided on, held until the transaction ends: of two who decide the first one counts."""
    record = store.record_of(edition_id, locked=True)
    if record is None:
        raise _no_edition(edition_id)
    if record.published_at is not None:
        raise Conflict("catalogue.already-published", "This edition is published already.", "该目录版本已发布。")
    if record.closed_as is not None:
        raise Conflict(
            "catalogue.edition-closed",
            "This edition was declined or withdrawn; mend what its reason names, and propose it anew.",
            "该目录版本未予发布或已撤回；请按所列理由修改后重新提出。",
            closed_as=record.closed_as.value,
            reason=record.reason,
        )
    return record


def _no_edition(edition_id: str) -> Missing:
    return Missing("catalogue.no-edition", f"There is no edition {edition_id}.", f"没有目录版本 {edition_id}。")


def _claims(record: EditionRecord, action: str, by: str) -> dict[str, Any]:
    return {
        "action": action,
        "edition": record.edition_id,
        "digest": record.digest.hex(),
        "effective_on": record.effective_on.isoformat(),
        "by": by,
    }
