"""The subject's view 查询记录: who asked about me, when, for what, what came of it; each look is logged too."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlmodel import Session

from hub.audit.model import Entry
from hub.audit.store import AuditStore
from hub.errors import Conflict
from hub.exchange.service.lasting import lasting_receipt
from hub.exchange.service.parts import Receipts
from hub.exchange.store.accesses import AccessStore
from hub.exchange.views import (
    CARRIED,
    PAGE,
    VERSION,
    Line,
    is_withheld,
    line_erased,
    line_told,
    line_withheld,
    sealed_view,
)
from hub.identity.model import Answer, Found, IdentityQuery, NoneFound
from hub.kernel.clock import Clock
from hub.proof.encoding import b64url
from hub.proof.keys import Signer
from hub.proof.merkle import leaf_hash
from hub.proof.sealing import Blinder, KeyRing
from hub.storage.database import Database

CHAIN: Final = "view.chain"
Append = Callable[[Session, Entry], str]


class Identity(Protocol):
    """Who the person is; ``hub.identity`` has it."""

    def subject_for(self, session: Session, query: IdentityQuery) -> Answer:
        """Exactly one subject, or why not."""
        ...

    def aliases(self, session: Session, subject_id: str) -> list[str]:
        """Every id whose records may stand for the subject."""
        ...


@dataclass(frozen=True)
class ViewParts:
    """What views, deferrals and erasures stand on; ``limit`` is how long after an exchange any secrecy ends."""

    database: Database
    identity: Identity
    keyring: KeyRing
    blinder: Blinder
    log: Receipts
    signer: Signer
    hub: str
    clock: Clock
    limit: timedelta
    receipt_seconds: float = 10.0
    witness_seconds: float = 0.0

    def chain_name(self, subject_id: str) -> str:
        """What a chain is called outside: the same at every look, and nothing to look anything up by."""
        return b64url(self.blinder.key(CHAIN, subject_id))

    def keep_about(self, session: Session, subject_id: str, event: str, claims: Mapping[str, Any], told: Any) -> Entry:
        """An event about the subject is in the log and, as a line of its own, in the subject's view."""
        entry, line = self._chained(session, subject_id, Entry("access", {"event": event, **claims}), told)
        AccessStore(session, self.keyring).keep_line(subject_id, line)
        return entry

    def carry_over(self, session: Session, subject_id: str, exchange_id: str, content: bytes) -> None:
        """The exchange, whose log entry says ``content``, is a line of the subject's view too, by an entry of its own.

        That entry names the leaf of the first, so that what is shown must be what was logged when it was asked.
        """
        entry = Entry("access", {"event": CARRIED, "carried": b64url(leaf_hash(content))})
        _, line = self._chained(session, subject_id, entry, {})
        AccessStore(session, self.keyring).carry(subject_id, line, exchange_id)

    def _chained(self, session: Session, subject_id: str, entry: Entry, told: Mapping[str, Any]) -> tuple[Entry, Line]:
        """The entry, logged as the next about the subject, and the line that it is."""
        entry = entry.with_claims(subject=entry.commit(self.chain_name(subject_id)))
        if "basis" in told:
            entry = entry.with_claims(basis=entry.commit(told["basis"]))
        audit = AuditStore(session)
        entry = audit.chain(subject_id, entry)
        audit.append(entry)
        now = self.clock.now()
        line = {"kind": entry.claims["event"], "at": int(now.timestamp()), **told}
        return entry, Line(int(entry.claims["n"]), now, entry.entry_id, entry.content(), entry.salt, line)


@dataclass(frozen=True)
class ViewService:
    """Shows subjects their view, through whoever has identified them."""

    parts: ViewParts
    page: int = field(default=PAGE)

    def open(self, query: IdentityQuery, *, by: str, after: Mapping[str, int] | None = None) -> dict[str, Any]:
        """The sealed view of whoever the query names, as it stood before this look; of nobody known, an empty one.

        (1) The person is exactly one subject. (2) Its lines are read, chain by chain, but for what lawful secrecy keeps
        back. (3) The look itself is logged: it is the next line of the next view. (4) Each line gets its receipt. (5)
        The hub seals what it shows and how many lines there are.

        Raises:
            Conflict: 1: it takes a steward's decision to tell who it is.
            Unavailable: 3, 4: a receipt is not there yet.
        """
        parts, now = self.parts, self.parts.clock.now()
        with parts.database.reading() as session:
            subject_id = self._subject(session, query)  # 1
            chains = [] if subject_id is None else self._chains(session, subject_id, after or {}, now)  # 2
        if subject_id is not None:
            with parts.database.writing() as session:
                entry = parts.keep_about(session, subject_id, "view-opened", {"by": by}, {"by": by})  # 3
            lasting_receipt(parts.log, entry.entry_id, parts.receipt_seconds, parts.witness_seconds)
        view = {
            "version": VERSION,
            "hub": parts.hub,
            "at": int(now.timestamp()),
            "deferral_days": parts.limit.days,
            "chains": [self._shown(chain) for chain in chains],  # 4
        }
        return sealed_view(view, parts.signer)  # 5

    def _subject(self, session: Session, query: IdentityQuery) -> str | None:
        match self.parts.identity.subject_for(session, query):
            case Found(subject_id):
                return subject_id
            case NoneFound():
                return None
        raise Conflict(
            "exchange.view-under-review",
            "Whose view this is has to be decided by a steward first; come back then.",
            "查询记录属于谁，须先由数据管理员决定；决定之后请再来。",
        )

    def _chains(self, session: Session, subject_id: str, after: Mapping[str, int], now: datetime) -> list["_Chain"]:
        store = AccessStore(session, self.parts.keyring)
        found = store.chains(self.parts.identity.aliases(session, subject_id))
        return [self._chain(store, chain, after.get(self.parts.chain_name(chain[0]), 0), now) for chain in found]

    def _chain(self, store: AccessStore, chain: tuple[str, int], after: int, now: datetime) -> "_Chain":
        subject_id, count = chain
        lines = (
            store.lines(subject_id, max(0, after - 1), self.page + 1)
            if after
            else store.lines(subject_id, 0, self.page)
        )
        before, lines = (lines[:1], lines[1:]) if after else ([], lines)
        orders = {(line.consumer, line.case): store.deferrals(line.consumer, line.case) for line in lines if line.case}
        withheld = frozenset(
            line.n
            for line in lines
            if line.parted_to is not None
            or (line.case and is_withheld(line.at, orders[line.consumer, line.case], now, self.parts.limit))
        )
        erasures = {line.erased_by: store.entry(line.erased_by) for line in lines if line.erased_by}
        return _Chain(
            name=self.parts.chain_name(subject_id),
            first=after + 1,
            previous=leaf_hash(before[0].entry) if before else b"",
            count=count,
            lines=tuple(lines),
            withheld=withheld,
            erasures=erasures,
        )

    def _shown(self, chain: "_Chain") -> dict[str, Any]:
        return {
            "chain": chain.name,
            "first": chain.first,
            "previous": b64url(chain.previous),
            "count": chain.count,
            "lines": [self._line(chain, line) for line in chain.lines],
        }

    def _line(self, chain: "_Chain", line: Line) -> dict[str, Any]:
        if line.n in chain.withheld:
            return line_withheld(line)
        if line.erased_by is not None:
            erasure = (chain.erasures[line.erased_by], self._receipt(line.erased_by))
            return line_erased(line, self._receipt(line.entry_id), erasure)
        carried = "" if line.carried is None else self._receipt(line.carried.entry_id)
        return line_told(line, self._receipt(line.entry_id), carried)

    def _receipt(self, entry_id: str) -> str:
        return lasting_receipt(self.parts.log, entry_id, self.parts.receipt_seconds, 0.0)


@dataclass(frozen=True)
class _Chain:
    """One chain as read: its lines, which of them are withheld, and the entries that ordered erasures."""

    name: str
    first: int
    previous: bytes
    count: int
    lines: Sequence[Line]
    withheld: frozenset[int]
    erasures: Mapping[str, bytes]
