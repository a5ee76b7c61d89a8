"""After a split 拆分: who was shown somebody else's evidence under the link that proved wrong, and telling them so."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlmodel import Session

from hub.audit.model import Entry
from hub.cases.store.standing import standing_of
from hub.errors import Missing
from hub.evidence.store import Vault
from hub.exchange.bundle import spoken_claims
from hub.exchange.model import KeptExchange
from hub.exchange.recalls import Recall, RecallStore
from hub.exchange.service.parts import Identity
from hub.exchange.store import ExchangeStore
from hub.identity.model import Found, IdentityQuery, Move
from hub.kernel.clock import Clock
from hub.kernel.ids import new_id
from hub.proof.encoding import b64url_decode
from hub.proof.sdjwt import parse_trusted_sd_jwt
from hub.storage.database import Database

Record = tuple[str, str]
"""Registry and opaque reference."""
NOTICE: Final = "ntc"
PAGE: Final = 100


class Index(Identity, Protocol):
    """What else is asked of identity here; ``hub.identity`` has it."""

    def survivors(self, session: Session, subject_ids: Sequence[str]) -> Mapping[str, str]:
        """The subject that answers now for each of those ids."""
        ...

    def aliases(self, session: Session, subject_id: str) -> list[str]:
        """The subject's id and every id merged into it."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that an answer released, and the records it was made from."""

    type: str
    provider: str
    role: str | None
    as_of: int | None
    records: frozenset[Record]

    def said(self) -> dict[str, Any]:
        """As the notice names it: what the consumer has seen already."""
        return {"type": self.type, "provider": self.provider, "role": self.role, "as_of": self.as_of}


@dataclass(frozen=True, slots=True)
class Split:
    """One subject after a split: the records that left it, with whom they belong to now."""

    subject_id: str
    owner_of: Mapping[Record, str]

    def wrong_in(self, pieces: Iterable[Piece], meant: str) -> dict[str, list[Piece]]:
        """The pieces that are not about ``meant``, by whose they are."""
        wrong: dict[str, list[Piece]] = defaultdict(list)
        for piece in pieces:
            owners = {self.owner_of.get(record, self.subject_id) for record in piece.records}
            for owner in sorted(owners - {meant}):
                wrong[owner].append(piece)
        return wrong


@dataclass(frozen=True)
class Recalling:
    """Finds wrong releases when identity moves evidence, tells their consumers, and shows auditors what was told."""

    database: Database
    identity: Index
    vault: Vault
    clock: Clock
    append: Callable[[Session, Entry], str]

    def follow(self, session: Session, splits: Sequence[Split]) -> list[Recall]:
        """What was moved apart had been released wrongly in these exchanges; each is a notice and an entry."""
        return [recall for split in splits for recall in self._recalled(session, split)]

    def parted(self, session: Session, splits: Sequence[Split]) -> list[str]:
        """The subjects that evidence left for somebody else, with the ids that they answer for."""
        return [alias for each in splits for alias in self.identity.aliases(session, each.subject_id)]

    def notices_of(self, consumer: str, *, waiting: bool = True, after: str = "", limit: int = PAGE) -> list[Recall]:
        """A page of what the consumer was told, the oldest first."""
        with self.database.reading() as session:
            return RecallStore(session).find(consumer=consumer, waiting=waiting, after=after, limit=limit)

    def recalls(
        self, *, consumer: str | None = None, waiting: bool = False, after: str = "", limit: int = PAGE
    ) -> list[Recall]:
        """A page of all that was found, for auditors, the oldest first."""
        with self.database.reading() as session:
            return RecallStore(session).find(consumer=consumer, waiting=waiting, after=after, limit=limit)

    def acknowledge(self, consumer: str, notice_id: str) -> Recall:
        """The consumer knows; saying so again changes nothing.

        Raises:
            Missing: no such notice of this consumer.
        """
        with self.database.writing() as session:
            store = RecallStore(session)
            found = store.recall_for(notice_id)
            if found is None or found.consumer != consumer:
                raise Missing("exchange.no-such-notice", "You were sent no notice of that id.", "没有发给您的该通知。")
            if store.acknowledge(notice_id, by=consumer, at=self.clock.now()):
                claims = {"action": "notice-acknowledged", "notice": notice_id, "consumer": consumer}
                self.append(session, Entry("link", claims))
            return store.recall_for(notice_id) or found

    def splits(self, session: Session, moves: Sequence[Move]) -> list[Split]:
        """The subjects that records left for somebody else, with who has each of them now.

        A merge moves evidence too, and parts nobody: its old id is answered for by the new one.
        """
        ids = {each for move in moves for each in (move.from_subject, move.to_subject)}
        now = self.identity.survivors(session, sorted(ids))
        left: dict[str, dict[Record, str]] = defaultdict(dict)
        for move in moves:
            if now.get(move.from_subject) != now.get(move.to_subject):
                left[move.from_subject][move.registry, move.record] = move.to_subject
        return [Split(subject_id, owner_of) for subject_id, owner_of in left.items()]

    def _recalled(self, session: Session, split: Split) -> list[Recall]:
        store = RecallStore(session)
        aliases = self.identity.aliases(session, split.subject_id)
        exchanges = store.released_about(aliases)
        if not exchanges:
            return []
        about = [*aliases, *sorted(set(split.owner_of.values()))]
        records = store.records_about(about)
        kept = ExchangeStore(session, self.vault.keyring)
        opened = [each for exchange_id in exchanges if (each := kept.with_id(exchange_id)) is not None]
        return [recall for each in opened for recall in self._wrong_in(session, split, each, records)]

    def _wrong_in(
        self, session: Session, split: Split, kept: KeptExchange, records: Mapping[bytes, Record]
    ) -> list[Recall]:
        request = spoken_claims(kept.request_jws)
        known = {split.subject_id, *split.owner_of.values()}
        meant = self.meant_by(session, kept.consumer, request, known)
        wrong = split.wrong_in(pieces_in(kept, records), meant if meant in known else split.subject_id)
        found = [
            self._recall(kept, request, (meant or split.subject_id, owner), pieces) for owner, pieces in wrong.items()
        ]
        return [recall for recall, entry in found if self._told(session, recall, entry)]

    def meant_by(self, session: Session, consumer: str, request: Mapping[str, Any], known: set[str]) -> str | None:
        """Which of those ``known`` the request was about, as number, name and case tell now that they are apart."""
        said = request["subject"]
        if "pairwise" not in said:
            query = IdentityQuery(said["kind"], said["number"], said["name"], said.get("birth_date"))
            answer = self.identity.subject_for(session, query)
            return answer.subject_id if isinstance(answer, Found) else None
        named = self.identity.subject_of_pairwise(session, consumer, said["pairwise"])
        case = standing_of(session, consumer, request["case"])
        in_case = known.intersection(case.subject_ids if case else ())
        return in_case.pop() if named not in in_case and len(in_case) == 1 else named

    def _recall(
        self, kept: KeptExchange, request: Mapping[str, Any], whose: tuple[str, str], pieces: Sequence[Piece]
    ) -> tuple[Recall, Entry]:
        notice_id = new_id(NOTICE)
        entry = Entry(
            "link",
            {
                "action": "release-recalled",
                "notice": notice_id,
                "consumer": kept.consumer,
                "exchange": kept.exchange_id,
                "recalled": sorted({piece.type for piece in pieces}),
                "providers": sorted({piece.provider for piece in pieces}),
            },
        )
        recall = Recall(
            notice_id=notice_id,
            consumer=kept.consumer,
            exchange_id=kept.exchange_id,
            found_at=self.clock.now(),
            matter=request["matter"],
            case_ref=request["case"],
            pairwise=spoken_claims(kept.answer_jws)["subject"],
            meant_subject=whose[0],
            owner_subject=whose[1],
            items=[piece.said() for piece in pieces],
            entry_id=entry.entry_id,
        )
        return recall, entry

    def _told(self, session: Session, recall: Recall, entry: Entry) -> bool:
        if not RecallStore(session).keep(recall):
            return False
        self.append(session, entry)
        return True


def pieces_in(kept: KeptExchange, records: Mapping[bytes, Record]) -> list[Piece]:
    """What the answer released; ``records`` names, by the digest of its evidence, what a statement may rest on."""
    released = (item for item in spoken_claims(kept.answer_jws)["evidence"] if item["presentation"] is not None)
    return [
        Piece(item["type"], item["provider"], item["role"], item["as_of"], _records_in(item, records))
        for item in released
    ]


def _records_in(item: Mapping[str, Any], records: Mapping[bytes, Record]) -> frozenset[Record]:
    """The records behind one presentation: evidence names its own; a statement names digests of what it rests on."""
    claims = parse_trusted_sd_jwt(item["presentation"]).claims
    if "record" in claims:
        return frozenset({(claims["registry"], claims["record"])})
    digests = (b64url_decode(source["digest"]) for source in claims.get("sources", ()))
    return frozenset(records[digest] for digest in digests if digest in records)
