"""After a split 拆分: what was asked about somebody while they were taken for another is in their own view 查询记录."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from hub.exchange.bundle import spoken_claims
from hub.exchange.model import KeptExchange
from hub.exchange.recalls import RecallStore
from hub.exchange.service.recalling import Recalling, Record, Split, pieces_in
from hub.exchange.service.viewing import ViewParts
from hub.exchange.store import ExchangeStore
from hub.exchange.store.accesses import AccessStore


@dataclass(frozen=True)
class Parting:
    """Parts the views of subjects that are two again, in the transaction that parts them."""

    recalling: Recalling
    views: ViewParts

    def follow(self, session: Session, splits: Sequence[Split]) -> int:
        """How many exchanges are lines of somebody else's view from now on.

        An exchange concerns whom its request meant, and everybody whose evidence it showed, as records and numbers tell
        now that they are apart. Whoever it concerns has it in their view: by an entry of their own that names the leaf
        of the first, so that their chain stays one. From whoever it does not concern it is withheld. Of whom it cannot
        be told any more, it stays where it was.
        """
        return sum(self._part(session, split) for split in splits)

    def _part(self, session: Session, split: Split) -> int:
        access, identity = AccessStore(session, self.views.keyring), self.views.identity
        aliases = identity.aliases(session, split.subject_id)
        asked = access.asked_about(aliases)
        if not asked:
            return 0
        owners = sorted(set(split.owner_of.values()))
        records = RecallStore(session).records_about([*aliases, *owners])
        exchanges = ExchangeStore(session, self.views.keyring)
        carried = 0
        for kept in filter(None, map(exchanges.with_id, asked)):
            concerned = self._concerned(session, split, kept, records)
            for owner in sorted(concerned - {split.subject_id}):
                if not access.is_shown(kept.exchange_id, identity.aliases(session, owner)):
                    self.views.carry_over(session, owner, kept.exchange_id, kept.entry)
                    carried += 1
            if split.subject_id not in concerned:
                access.part(kept.exchange_id, min(concerned))
        return carried

    def _concerned(
        self, session: Session, split: Split, kept: KeptExchange, records: Mapping[bytes, Record]
    ) -> set[str]:
        """Which of the subjects of the split the exchange is about; never nobody."""
        request = spoken_claims(kept.request_jws)
        known = {split.subject_id, *split.owner_of.values()}
        shown = {record for piece in pieces_in(kept, records) for record in piece.records}
        concerned = {split.owner_of.get(record, split.subject_id) for record in shown}
        meant = self.recalling.meant_by(session, kept.consumer, request, known)
        if meant in known:
            concerned.add(str(meant))
        return concerned or {split.subject_id}
