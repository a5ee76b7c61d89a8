"""What a chunk has come to and is not yet written 待写入: kept together, and told to the audit log in one entry."""

import hashlib
from collections import Counter

from hub.audit.model import Entry
from hub.audit.store import append
from hub.identity.service.parts import ACTOR, Parts
from hub.identity.store import IndexStore, NewLink, NewMention, NewReview, NewSubject, ReviewStore, Session


class Pending:
    """Rows of one chunk, inside the caller's transaction."""

    def __init__(self, parts: Parts, session: Session, index: IndexStore) -> None:
        self._parts = parts
        self._session = session
        self._index = index
        self.subjects: list[NewSubject] = []
        self.mentions: list[NewMention] = []
        self.links: list[NewLink] = []
        self.reviews: list[NewReview] = []
        self.counts: Counter[str] = Counter()
        self._digest = hashlib.sha256()

    def write(self) -> None:
        """Everything so far is in the index; nothing is pending."""
        if self.subjects or self.mentions or self.links:
            self._index.keep(self.subjects, self.mentions)
            self._index.append(self.links)
        self._written()

    def close(self) -> None:
        """Everything is in the index, and the log has one entry for the chunk; of one record in one statement."""
        if len(self.mentions) == len(self.links) == 1 and len(self.subjects) <= 1:
            mention, link, is_new = self.mentions[0], self.links[0], bool(self.subjects)
            self._written()
            self._index.keep_one(mention, link, self._entry(), is_new=is_new)
            return
        self.write()
        if self.counts:
            append(self._session, self._entry())

    def _written(self) -> None:
        for link in self.links:
            self._digest.update(f"{link.action}|{link.subject_id}|{link.mention_id.hex()}|{link.reasons}\n".encode())
        if self.reviews:
            ReviewStore(self._session).open(self.reviews)
        self.subjects, self.mentions, self.links, self.reviews = [], [], [], []

    def _entry(self) -> Entry:
        """How many of each sort, and the digest of the lines added to the link log."""
        claims = {**self.counts, "lines": self._digest.hexdigest(), "actor": ACTOR}
        claims["models"] = [kind.model.version for kind in self._parts.kinds.values()]
        return Entry("link", claims)
