"""Look-up keys made anew 重建检索键: what an older hub placed is found as what is placed today.

What a record says is read once more, as this hub reads it, and the record is looked up by what the model in force asks
for. Nobody moves by it: whether records that find each other now belong together, the next bulk run proposes. Intake
goes on meanwhile, and a portion is a short transaction; done twice, nothing changes the second time.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hub.audit.model import Entry
from hub.audit.store import append
from hub.errors import Broken, Malformed
from hub.identity.compare import LIST_MARK
from hub.identity.model import Mention
from hub.identity.service.drafting import Drafting
from hub.identity.service.parts import ACTOR, Parts
from hub.identity.store import IndexStore, Session
from hub.identity.store.keeping import keys_in
from hub.identity.store.rekeying import KeyedMention, KeyStore, Rekeyed
from hub.identity.traits import Context
from hub.kernel.clock import local_date
from hub.storage.database import Database

PORTION = 500
REKEYED = "rekeyed"


@dataclass(frozen=True, slots=True)
class Portion:
    """So many records were read, so many are looked up by other keys now, so many do not open; and where to go on."""

    read: int
    rekeyed: int
    damaged: int
    place: str


class Rekeying:
    """The keys of the index in force, in transactions of their own."""

    def __init__(self, database: Database, parts: Parts) -> None:
        self._database = database
        self._parts = parts

    def count(self, after: str = "") -> int:
        """How many records come after that place.

        Raises:
            Malformed: no portion ended there.
        """
        with self._database.reading() as session:
            return KeyStore(session).count(_place(after))

    def portions(self, after: str = "") -> Iterator[Portion]:
        """Each portion as it is done, from that place on; every living record is looked up as today's once this ended.

        Killed at any moment it leaves each record whole; run again, it goes on, from a place or from the beginning.

        Raises:
            Malformed: no portion ended there.
        """
        last = _place(after)
        while True:
            with self._database.reading() as session:
                kept = KeyStore(session).mentions_after(last, PORTION)
            if not kept:
                return
            last = kept[-1].mention_id
            yield self._portion(kept, last.hex())

    def _portion(self, kept: Sequence[KeyedMention], place: str) -> Portion:
        drafting = Drafting(self._parts, Context(local_date(self._parts.clock.now()), self._parts.region_names))
        fresh: list[Rekeyed] = []
        damaged = 0
        for each in kept:
            try:
                fresh += self._anew(drafting, each)
            except Broken as fault:
                if fault.code == "proof.sealing-key-missing":
                    raise
                damaged += 1
        return Portion(len(kept), self._write(fresh) if fresh else 0, damaged, place)

    def _anew(self, drafting: Drafting, kept: KeyedMention) -> Iterable[Rekeyed]:
        """What is kept of the mention instead; nothing when it is looked up as it should be."""
        vault = self._parts.vault
        said = vault.open_said(kept.mention_id, kept.sealed)
        mention = Mention(
            kept.record, kept.registry_id, kept.export, kept.role, kept.kind, said["fields"], kin=self._kin(kept)
        )
        draft = drafting.draft(mention)
        if draft is None:
            return ()
        had, has = keys_in(kept.keys), list(draft.keys)
        if draft.likeness == kept.likeness and set(had) == set(has):
            return ()
        lost, come = set(had).difference(has), set(has).difference(had)
        traits = vault.seal_traits(kept.mention_id, draft.text)
        return (
            Rekeyed(
                kept.mention_id, kept.added_at, draft.likeness, traits, b"".join(has), tuple(lost), tuple(come)
            ),
        )  # fmt: skip

    def _kin(self, kept: KeyedMention) -> tuple[str, ...]:
        """The relatives' numbers, which stand beside the record and were read with it."""
        columns = self._parts.kinds[kept.kind].model.columns
        traits = self._parts.vault.open_traits(kept.mention_id, kept.traits)
        named = dict(zip(columns, traits, strict=True)) if len(traits) == len(columns) else {}
        return tuple(filter(None, named.get("kin", "").split(LIST_MARK)))

    def _write(self, fresh: Sequence[Rekeyed]) -> int:
        with self._database.writing() as session:
            IndexStore(session).lock()
            written = KeyStore(session).write(fresh)
            if written:
                self._tell(session, written)
        return len(written)

    def _tell(self, session: Session, written: Sequence[bytes]) -> None:
        models = [kind.model.version for kind in self._parts.kinds.values()]
        claims = {"action": REKEYED, "mentions": len(written), "actor": ACTOR, "models": models}
        digest = hashlib.sha256(b"".join(written)).hexdigest()
        append(session, Entry("link", {**claims, "digest": digest}))


def _place(after: str) -> bytes:
    try:
        return bytes.fromhex(after)
    except ValueError:
        raise Malformed(
            "identity.no-such-place", "Go on from where a portion ended.", "请从上一批结束处继续。"
        ) from None
