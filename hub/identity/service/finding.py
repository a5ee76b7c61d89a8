"""Findings for the owner of a registry: each of its records against what others say of the same person."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from hub.errors import Malformed
from hub.identity.findings import Finding, contradictions_of
from hub.identity.golden import Authority, Saying
from hub.identity.service.parts import Parts
from hub.identity.store import KeptMention, Session
from hub.identity.store.findings import OwnerStore

CHUNK = 500
MOST_CHUNKS = 20


class OwnersFindings:
    """Reads the index for one owner at a time; writes nothing."""

    def __init__(self, parts: Parts, authority: Authority) -> None:
        self._parts = parts
        self._authority = authority

    def page(self, session: Session, registry: str, *, after: str = "", limit: int = 100) -> tuple[list[Finding], str]:
        """Findings up to the record with the ``limit``-th, and where to go on; "" when everything was seen.

        A page also ends after ten thousand records, so that a registry without a fault is read in steps as well.

        Raises:
            Malformed: ``after`` is no place that a page ended at.
        """
        store, last = OwnerStore(session), _place(after)
        found: list[Finding] = []
        for _ in range(MOST_CHUNKS):
            own = store.mentions_after(registry, last, CHUNK)
            for place, those in self._in(store, own):
                found += those
                if len(found) >= limit:
                    return found, place.hex()
            if len(own) < CHUNK:
                return found, ""
            last = own[-1].mention_id
        return found, last.hex()

    def _in(self, store: OwnerStore, own: list[KeptMention]) -> Iterator[tuple[bytes, list[Finding]]]:
        """Each of the owner's mentions with what is found about it."""
        sayings: dict[str, dict[bytes, Saying]] = defaultdict(dict)
        keys: dict[bytes, str] = {}
        for kept in store.mentions_of(each.subject_id for each in own):
            said = self._parts.vault.open_said(kept.mention_id, kept.sealed)
            at = datetime.fromisoformat(said["as_of"])
            sayings[kept.subject_id][kept.mention_id] = Saying(kept.registry_id, kept.export, at, said["fields"])
            keys[kept.mention_id] = said["key"]
        for kept in own:
            yield kept.mention_id, self._about(kept, keys[kept.mention_id], sayings[kept.subject_id])

    def _about(self, kept: KeptMention, key: str, sayings: dict[bytes, Saying]) -> list[Finding]:
        mine = sayings[kept.mention_id]
        others = [saying for mention_id, saying in sayings.items() if mention_id != kept.mention_id]
        place = kept.mention_id.hex()
        return [
            Finding(place, kept.export, kept.record, kept.role, key, kept.row, mine.as_of, each)
            for each in contradictions_of(mine, others, self._authority)
        ]


def _place(after: str) -> bytes:
    try:
        return bytes.fromhex(after)
    except ValueError:
        raise Malformed(
            "identity.no-such-place", "Go on from where a page of findings ended.", "请从上一页结束处继续。"
        ) from None
