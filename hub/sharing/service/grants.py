"""Takes over grants 共享授权 given as data, suspends, resumes and ends them; every change is in the log."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlmodel import Session

from hub.audit.model import Entry
from hub.errors import Malformed, Missing
from hub.kernel.clock import Clock, local_date
from hub.kernel.reasons import is_reason
from hub.sharing.model import Grant, Standing
from hub.sharing.rules import turned
from hub.sharing.store import GrantStore
from hub.storage.database import Database

Append = Callable[[Session, Entry], object]


class SharingService:
    """Grants come in as checked data (``hub.sharing.reading``) and take effect at once."""

    def __init__(self, database: Database, clock: Clock, append: Append) -> None:
        self.database = database
        self.clock = clock
        self.append = append

    @property
    def today(self) -> date:
        """The day in the county."""
        return local_date(self.clock.now())

    def take_over(self, grants: Sequence[Grant], *, by: str) -> int:
        """Each grant stands as given, and as suspended or ended as it was; how many of them are new or different."""
        with self.database.writing() as session:
            store = GrantStore(session)
            known = store.with_ids(each.id for each in grants)
            changed = [new for new in (_as_it_stood(each, known) for each in grants) if known.get(new.id) != new]
            store.keep(changed, at=self.clock.now())
            for grant in changed:
                self.append(session, Entry("grant", _claims(grant.id, "granted", by) | {"consumer": grant.consumer}))
        return len(changed)

    def suspend(self, grant_id: str, reason: str, *, by: str) -> Grant:
        """Nothing is released by the grant until it is resumed; what was released stands (Order 809 article 27).

        Raises:
            Malformed, Missing, Conflict: nothing is suspended.
        """
        return self._turn(grant_id, Standing.suspended, by, reason)

    def resume(self, grant_id: str, *, by: str) -> Grant:
        """The grant counts again, for its period.

        Raises:
            Missing, Conflict: nothing is resumed.
        """
        return self._turn(grant_id, Standing.in_force, by)

    def end(self, grant_id: str, reason: str, *, by: str) -> Grant:
        """The grant counts no more, from today and for good.

        Raises:
            Malformed, Missing, Conflict: nothing is ended.
        """
        return self._turn(grant_id, Standing.ended, by, reason)

    def grants_of(self, consumer: str) -> list[Grant]:
        """What the consumer was given, by id."""
        with self.database.reading() as session:
            return GrantStore(session).grants_of(consumer)

    def grants_for(self, evidence_types: Iterable[str]) -> list[Grant]:
        """What was given of those types, by id."""
        with self.database.reading() as session:
            return GrantStore(session).of_types(evidence_types)

    def every_grant(self) -> list[Grant]:
        """What anybody was given, by id."""
        with self.database.reading() as session:
            return GrantStore(session).every()

    def _turn(self, grant_id: str, to: Standing, by: str, reason: str | None = None) -> Grant:
        if reason is not None and not is_reason(reason):
            raise Malformed(
                "sharing.no-reason",
                "Give the reason as a code such as other-purpose.",
                "请以代码填写理由，如 other-purpose。",
            )
        with self.database.writing() as session:
            store = GrantStore(session)
            grant = store.with_ids([grant_id]).get(grant_id)
            if grant is None:
                raise Missing(
                    "sharing.unknown-grant", "There is no such grant; see the list.", "没有此项共享授权；见授权列表。"
                )
            changed = replace(turned(grant, to, self.today), reason=reason or "")
            store.keep([changed], at=self.clock.now())
            told = {} if reason is None else {"reason": reason}
            action = "resumed" if to is Standing.in_force else to.value
            self.append(session, Entry("grant", _claims(grant_id, action, by) | {"consumer": grant.consumer} | told))
        return changed


def _as_it_stood(given: Grant, known: dict[str, Grant]) -> Grant:
    """A file says what is granted, never that a suspension or an end is taken back."""
    before = known.get(given.id)
    if before is None:
        return given
    return replace(given, suspended_on=before.suspended_on, ended_on=before.ended_on, reason=before.reason)


def _claims(grant_id: str, action: str, by: str) -> dict[str, Any]:
    return {"action": action, "grant": grant_id, "by": by}
