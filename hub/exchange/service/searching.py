"""What auditors 审计员 do: search, have unusual patterns flagged, take exports; they read, and change nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from hub.audit.model import Entry
from hub.errors import Malformed
from hub.exchange.detecting import Rarity, flagged
from hub.exchange.flags import Flag, Rule, standard_rules
from hub.exchange.searching import MOST, PAGE, FoundPage, Place, Search, parse_place, require_bounded
from hub.exchange.service.exporting import Export, write_export
from hub.exchange.service.lasting import lasting_receipt
from hub.exchange.service.neighbours import Neighbours
from hub.exchange.service.parts import Receipts
from hub.exchange.store.auditing import AuditingStore
from hub.identity.store.vault import Vault
from hub.kernel.clock import Clock
from hub.proof.encoding import b64url
from hub.storage.database import Database

MOST_FLAGS: Final = 1_000


@dataclass(frozen=True)
class Flagged:
    """The hits, at most ``MOST_FLAGS``; ``is_cut`` says that there were more."""

    flags: tuple[Flag, ...]
    is_cut: bool


@dataclass(frozen=True)
class SearchService:
    """What one hub shows its auditors; ``rules`` say what is unusual."""

    database: Database
    vault: Vault
    log: Receipts
    clock: Clock
    rules: Sequence[Rule] = standard_rules()
    receipt_seconds: float = 10.0
    witness_seconds: float = 0.0

    def page(self, search: Search, *, after: str | None = None, limit: int = PAGE) -> FoundPage:
        """A page of the exchanges that ``search`` names, the newest first.

        Raises:
            Malformed: a page of that size, or from that place on, there is not.
        """
        if not 0 < limit <= MOST:
            raise Malformed(
                "exchange.search-limit",
                f"A page holds 1 to {MOST} exchanges.",
                f"每页 1 至 {MOST} 条。",
                most=MOST,
            )
        place = None if after is None else parse_place(after)
        with self.database.reading() as session:
            found = AuditingStore(session).page(search, place, limit + 1)
        shown = tuple(found[:limit])
        ends = Place(shown[-1].at, shown[-1].exchange).text() if len(found) > limit else None
        return FoundPage(shown, ends)

    def flags(self, search: Search) -> Flagged:
        """What is unusual in the period (and of the consumer, when named) by the rules, told as they state it.

        What began before the period and went on in it is told whole: so that two periods side by side miss nothing.
        Memory holds one officer's window and the hits; the requests stream by.

        Raises:
            Malformed: the period is too long.
        """
        require_bounded(search.since, search.until)
        begins = search.since - max((rule.within for rule in self.rules), default=timedelta(0))
        with self.database.reading() as session:
            store = AuditingStore(session)
            looks = store.looks(begins, search.until, search.consumer)
            rarities = [
                Rarity(rule, self._before(store, rule, search), since=search.since)
                for rule in self.rules
                if _is_rarity(rule)
            ]
            if any("address" in rule.per for rule in self.rules):
                looks = Neighbours(session, self.vault).placed(looks)
            for rarity in rarities:
                looks = rarity.watch(looks)
            within = (flag for flag in flagged(self.rules, looks) if flag.until >= search.since)
            hits = list(islice(within, MOST_FLAGS + 1))
            for _rest in looks:  # those after the last hit that is shown, so that rarities saw them all
                continue
        hits += [flag for rarity in rarities for flag in rarity.flags()]
        return Flagged(tuple(hits[:MOST_FLAGS]), len(hits) > MOST_FLAGS)

    @staticmethod
    def _before(store: AuditingStore, rule: Rule, search: Search) -> dict[tuple[str, str], int]:
        begins: datetime = search.since - timedelta(days=rule.numbers["baseline_days"])
        return store.asked(begins, search.since, search.consumer)

    def export(self, search: Search, kind: str, *, by: str) -> Export:
        """Every exchange that ``search`` names in a file, whose digest is an entry of the log when this returns.

        Raises:
            Malformed: another kind of file.
            Unavailable: the entry has no receipt yet; nothing is handed out.
        """
        with self.database.reading() as session:
            export = write_export(AuditingStore(session).stream(search), kind)
        try:
            entry = Entry("access", self._claims(search, export, by))
            self.log.append(entry, self.receipt_seconds)
            lasting_receipt(self.log, entry.entry_id, self.receipt_seconds, self.witness_seconds)
        except BaseException:
            export.file.close()
            raise
        return export.logged(entry.entry_id)

    @staticmethod
    def _claims(search: Search, export: Export, by: str) -> dict[str, Any]:
        return {
            "event": "exported",
            "by": by,
            "format": export.kind,
            "rows": export.rows,
            "digest": b64url(export.digest),
            "search": search.told(),
        }


def _is_rarity(rule: Rule) -> bool:
    return rule.measure == "rarity"
