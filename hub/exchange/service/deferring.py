"""Lawful secrecy 延迟告知: an inspection under way stays out of its subjects' view; for a time, and logged."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from hub.audit.model import Entry
from hub.audit.store import append
from hub.errors import Conflict, Malformed, Missing, Refused
from hub.exchange.rules import require_nameless
from hub.exchange.service.viewing import ViewParts
from hub.exchange.store.accesses import AccessStore
from hub.exchange.views import Deferral
from hub.kernel.clock import local_date
from hub.kernel.ids import new_id
from hub.parties.directory import PartyDirectory
from hub.parties.model import PartyKind
from hub.proof.encoding import b64url

MAX_BASIS: Final = 300
MAX_CASE: Final = 300
MOST: Final = 500
ASKING: Final = frozenset({PartyKind.consumer, PartyKind.department})


@dataclass(frozen=True)
class DeferralService:
    """Orders of the authority 主管部门 that keep the exchanges of one case out of their subjects' view for a time."""

    parts: ViewParts
    directory: PartyDirectory

    def order(self, consumer: str, case: str, *, until: datetime, basis: str, by: str) -> Deferral:
        """What was and is asked for that case stays out of its subjects' view until then; a later order extends it.

        It says how many exchanges it found: none of a case that has some shows a wrong number.

        (1) The instant lies ahead, and no further than the limit. (2) The order names its basis. (3) The consumer is
        known. (4) Order and log entry are kept in one transaction. Whatever is ordered, a line is shown once the limit
        after its exchange is over, so no chain of extensions hides anything for longer.

        Raises:
            Malformed, Refused: 1, 2. Missing: 3.
        """
        now = self.parts.clock.now()
        self._check_time(until, now)  # 1
        _check_texts(case, basis)  # 2
        require_nameless([case], local_date(now))
        if self.directory.require_party(consumer).kind not in ASKING:  # 3
            raise Missing("exchange.deferral-consumer", "No such consumer asks here.", "没有该需求方。")
        deferral = Deferral(new_id("def"), consumer, case, until, now, by, None, "")
        with self.parts.database.writing() as session:
            store = self._store(session)
            before = [each for each in store.deferrals(consumer, case, locked=True) if _is_in_force(each, now)]
            event = "deferral-extended" if before else "deferral-ordered"
            entry = self._entry(event, deferral, by).with_claims(until=int(until.timestamp()))
            entry = entry.with_claims(basis=entry.commit(basis), limit_days=self.parts.limit.days)
            deferral = replace(deferral, entry_id=entry.entry_id)
            append(session, entry)  # 4
            store.keep_deferral(deferral, {"basis": basis, "salt": b64url(entry.salt)})
            return replace(deferral, exchanges=store.count_of(consumer, case))

    def end(self, deferral_id: str, *, by: str) -> Deferral:
        """The secrecy of that order's case ends now, before its time; every line is there at the next look.

        Raises:
            Missing: no such order.
            Conflict: it is over.
        """
        now = self.parts.clock.now()
        with self.parts.database.writing() as session:
            store = self._store(session)
            known = store.deferral_for(deferral_id)
            if known is None:
                raise Missing("exchange.no-such-deferral", "No such order is on record.", "没有该延迟告知决定。")
            orders = store.deferrals(known.consumer, known.case, locked=True)
            if not any(_is_in_force(each, now) for each in orders):
                raise Conflict("exchange.deferral-over", "The secrecy of this case is over.", "延迟告知已终止。")
            append(session, self._entry("deferral-ended", known, by))
            store.end_deferrals(known.consumer, known.case, now)
        return replace(known, ended_at=now)

    def find(self) -> list[Deferral]:
        """The newest orders, those that are over included; for auditors and the authority."""
        with self.parts.database.reading() as session:
            return self._store(session).find_deferrals(MOST)

    def _store(self, session: Session) -> AccessStore:
        return AccessStore(session, self.parts.keyring)

    def _check_time(self, until: datetime, now: datetime) -> None:
        if until.tzinfo is None or until <= now:
            raise Malformed(
                "exchange.deferral-until",
                "Secrecy ends at an instant to come, given with its offset.",
                "延迟告知的终止须为将来的、带时区的时刻。",
            )
        if until > now + self.parts.limit:
            raise Refused(
                "exchange.deferral-too-long",
                f"Secrecy lasts {self.parts.limit.days} days at most; order a nearer end.",
                f"延迟告知最长 {self.parts.limit.days} 天；请改为更早的终止时刻。",
                most_days=self.parts.limit.days,
            )

    @staticmethod
    def _entry(event: str, deferral: Deferral, by: str) -> Entry:
        claims: dict[str, Any] = {"event": event, "deferral": deferral.deferral_id, "consumer": deferral.consumer}
        entry = Entry("access", {**claims, "by": by})
        return entry.with_claims(case=entry.commit(deferral.case))


def _is_in_force(deferral: Deferral, now: datetime) -> bool:
    return deferral.ended_at is None and now < deferral.until


def _check_texts(case: str, basis: str) -> None:
    if not 0 < len(case) <= MAX_CASE or not 0 < len(basis.strip()) <= MAX_BASIS:
        raise Malformed(
            "exchange.deferral-texts",
            f"Name the case, and the provision or decision that orders secrecy, in at most {MAX_BASIS} characters.",
            f"请写明办件号及法律依据或决定文书，最长 {MAX_BASIS} 字。",
        )
