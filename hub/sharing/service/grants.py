"""Takes over grants 共享授权 given as data, and ends them; every change is in the log."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from sqlmodel import Session

from hub.audit.model import Entry
from hub.errors import Missing
from hub.kernel.clock import Clock, local_date
from hub.sharing.model import Grant
from hub.sharing.store import GrantStore
from hub.storage.database import Database

Append = Callable[[Session, Entry], object]


class SharingService:
    """Grants come in as checked data (``hub.sharing.reading``) and take effect at once."""

    def __init__(self, database: Database, clock: Clock, append: Append) -> None:
        self.database = database
        self.clock = clock
        self.append = append

    def take_over(self, grants: Sequence[Grant], *, by: str) -> int:
        """Each grant stands; the number of those that are new or different."""
        with self.database.writing() as session:
            store = GrantStore(session)
            known = {
                grant.id: grant
                for consumer in {each.consumer for each in grants}
                for grant in store.grants_of(consumer)
            }
            changed = [grant for grant in grants if known.get(grant.id) != grant]
            store.keep(changed, at=self.clock.now())
            for grant in changed:
                self.append(session, Entry("grant", _claims(grant.id, "granted", by) | {"consumer": grant.consumer}))
        return len(changed)

    def end(self, grant_id: str, *, by: str, on: date | None = None) -> None:
        """The grant counts no more, from today or from ``on``.

        Raises:
            Missing: no such grant.
        """
        with self.database.writing() as session:
            if not GrantStore(session).end(grant_id, on=on or local_date(self.clock.now())):
                raise Missing(
                    "sharing.unknown-grant",
                    f"There is no grant {grant_id}.",
                    f"没有共享授权 {grant_id}。",
                    grant=grant_id,
                )
            self.append(session, Entry("grant", _claims(grant_id, "ended", by)))


def _claims(grant_id: str, action: str, by: str) -> dict[str, Any]:
    return {"action": action, "grant": grant_id, "by": by}
