"""Lawful erasure 依法删除: payloads and salts of a subject are gone, the log stays whole, and the view says so."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from hub.errors import Malformed, Missing
from hub.exchange.service.viewing import ViewParts
from hub.exchange.store.accesses import AccessStore
from hub.exchange.store.erasure import Erased, Period, erase
from hub.identity.model import Found, IdentityQuery

MAX_BASIS: Final = 300


@dataclass(frozen=True)
class ErasureService:
    """Erases on the order of the authority."""

    parts: ViewParts

    def erase(self, whom: IdentityQuery | str, *, before: datetime, basis: str, by: str) -> Erased:
        """What was asked and answered about the person before that instant is gone, with the salts of its log entries.

        ``whom``: the person, or an exchange about somebody of whom no record is left to find the person by.

        (1) The order names its basis and an instant that is over. (2) The person is exactly one subject. (3) The order
        is an entry of the log and a line of the subject's view. (4) Exchanges, evidence that ended, records withdrawn,
        papers taken back and who was meant in decided cases are erased; what stands, what is about somebody else too,
        and exchanges that lawful secrecy keeps out of the view are not. All in one transaction. The database keeps no
        copy; its backups do until they are gone.

        Raises:
            Malformed: 1. Missing: 2.
        """
        self._check(before, basis)  # 1
        with self.parts.database.writing() as session:
            subject_id = self._subject(session, whom)  # 2
            subjects = self.parts.identity.aliases(session, subject_id)
            claims = {"by": by, "before": int(before.timestamp())}
            told = {"by": by, "basis": basis}
            order = self.parts.keep_about(session, subject_id, "erased", claims, told)  # 3
            now = self.parts.clock.now()
            period = Period(before, now, now - self.parts.limit)
            return erase(session, subjects, period, order.entry_id)  # 4

    def _subject(self, session: Session, whom: IdentityQuery | str) -> str:
        if isinstance(whom, str):
            found = AccessStore(session, self.parts.keyring).subject_of(whom)
        else:
            answer = self.parts.identity.subject_for(session, whom)
            found = answer.subject_id if isinstance(answer, Found) else None
        if found is None:
            raise Missing(
                "exchange.erasure-nobody",
                "What the order names belongs to no one subject; nothing was erased.",
                "所指对象未对应唯一主体，未删除任何内容。",
            )
        return found

    def _check(self, before: datetime, basis: str) -> None:
        if before.tzinfo is None or before > self.parts.clock.now() or not 0 < len(basis.strip()) <= MAX_BASIS:
            raise Malformed(
                "exchange.erasure-order",
                "An erasure names an instant that is over, with its offset, and its legal basis.",
                "删除决定须写明已过去的、带时区的时刻及法律依据。",
            )


def told(erased: Erased) -> dict[str, int]:
    """How much was erased, as the interface and the command line show it."""
    return asdict(erased)
