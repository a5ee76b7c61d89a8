"""Stewardship 人工复核: pairs decided, subjects joined and split; a steward's word outranks the model for ever."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.audit.model import Entry
from hub.errors import Conflict, Malformed, Missing
from hub.identity.model import Decision, Move, Review, ReviewState, Side
from hub.identity.rules import as_json, components
from hub.identity.service.parts import Parts
from hub.identity.service.standing import APART, SAME
from hub.identity.store import IndexStore, KeptMention, KeptReview, NewLink, NewSubject, ReviewStore, Session
from hub.kernel.ids import new_id

STEWARD = "steward"
_LONGEST_NOTE = 2000
_EFFECTS = {
    Decision.LINK: "the two subjects become one; the younger id redirects",
    Decision.DIFFERENT: "they stay or become two, and are never joined automatically",
    Decision.UNSURE: "nothing changes; the pair is not asked again",
}


@dataclass(frozen=True, slots=True)
class Word:
    """Who decided, and the note they left."""

    steward: str
    note: str = ""

    def __post_init__(self) -> None:
        if not self.steward or len(self.note) > _LONGEST_NOTE:
            raise Malformed(
                "identity.decision-unsigned",
                "A decision carries the steward's name and a note of at most 2,000 characters.",
                "复核决定须有数据管理员署名，备注不超过 2000 字。",
            )


class Stewarding:
    """Decisions inside the caller's transaction; each is a line of the link log and an entry of the audit log."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def reviews(
        self, session: Session, state: str = "open", *, kind: str | None = None, limit: int = 100, after: str = ""
    ) -> list[Review]:
        """Items in that state, those that block answers first, each with both sides opened."""
        found = ReviewStore(session).find(state, kind=kind, limit=limit, after=after)
        index = IndexStore(session)
        return [self._opened(index, kept) for kept in found]

    def require_review(self, session: Session, review_id: str) -> Review:
        """That item with both sides opened.

        Raises:
            Missing: there is none of that id.
        """
        return self._opened(IndexStore(session), _require(ReviewStore(session), review_id))

    def decide(self, session: Session, review_id: str, decision: Decision, word: Word) -> Review:
        """The pair is decided and what follows from it is done.

        Raises:
            Missing: no such item, or a record of the pair has been withdrawn.
            Conflict: somebody else decided first, or another decision on file forbids this one.
        """
        index, reviews = IndexStore(session), ReviewStore(session)
        index.lock()
        kept = _require(reviews, review_id)
        now = self._parts.clock.now()
        note = self._parts.vault.seal_note(review_id, word.note) if word.note else None
        if not reviews.close(review_id, decision.value, steward=word.steward, at=now, note=note):
            raise _decided(kept)
        pair = (kept.low_id, kept.high_id)
        if decision is Decision.LINK:
            self._join(session, pair, word, kept)
            reviews.keep_verdict(pair, SAME, steward=word.steward, at=now)
        elif decision is Decision.DIFFERENT:
            reviews.keep_verdict(pair, APART, steward=word.steward, at=now)
            self._part(session, pair, word)
        self._tell(session, "review", {"review": review_id, "decision": decision.value}, word)
        return self.require_review(session, review_id)

    def join(self, session: Session, pair: tuple[bytes, bytes], word: Word) -> str:
        """The one subject that two mentions belong to afterwards, whatever the model says of them.

        Raises:
            Missing: one of them is not in the index.
            Conflict: another decision on file forbids it.
        """
        index = IndexStore(session)
        index.lock()
        self._join(session, pair, word, None)
        ReviewStore(session).keep_verdict(pair, SAME, steward=word.steward, at=self._parts.clock.now())
        subject_id = index.mentions(pair)[pair[0]].subject_id
        self._tell(session, "link", {"action": "joined", "subject": subject_id}, word)
        return subject_id

    def _join(self, session: Session, pair: tuple[bytes, bytes], word: Word, kept: KeptReview | None) -> None:
        index = IndexStore(session)
        left, right = _both(index, pair)
        if left.subject_id == right.subject_id:
            return
        _refuse_parted(ReviewStore(session), left.subject_id, right.subject_id)
        age = index.subjects([left.subject_id, right.subject_id])
        survivor, loser = sorted((left.subject_id, right.subject_id), key=lambda each: (age[each][1], each))
        moving = [each.mention_id for each in index.mentions_of(loser, gone=True)]
        index.redirect(loser, survivor)
        mover = left if left.subject_id == loser else right
        anchor = right if mover is left else left
        line = self._line(survivor, mover.mention_id, "decided", word, from_subject=loser, other=anchor.mention_id)
        if kept is not None:
            line.weight, line.weights, line.model_version = kept.weight, as_json(kept.weights), kept.model_version
        index.append([line])
        self._move(session, moving, survivor, word, "merged")
        ReviewStore(session).moot_within(survivor)

    def _part(self, session: Session, pair: tuple[bytes, bytes], word: Word) -> None:
        """Two mentions called different stand under two subjects afterwards, each with what is linked to it."""
        index = IndexStore(session)
        kept = index.mentions(pair)
        if len(kept) == len(pair) and kept[pair[0]].subject_id == kept[pair[1]].subject_id:
            self._divide(session, kept[pair[0]].subject_id, pair, word)

    def split(self, session: Session, record_role: tuple[bytes, bytes], word: Word) -> tuple[str, str]:
        """The subjects of two mentions that were one subject and are two now, kept apart for ever.

        The link log is replayed without the joins that held them together: each side keeps what was linked to it, and
        an id that had been merged away answers for its own again.

        Raises:
            Missing: one of them is not in the index.
            Conflict: they are not one subject.
        """
        index = IndexStore(session)
        index.lock()
        left, right = _both(index, record_role)
        if left.subject_id != right.subject_id:
            raise Conflict(
                "identity.not-one",
                "The two records belong to two subjects already.",
                "两条登记信息已分属两个主体。",
            )
        ReviewStore(session).keep_verdict(record_role, APART, steward=word.steward, at=self._parts.clock.now())
        self._divide(session, left.subject_id, record_role, word)
        found = index.mentions(record_role)
        self._tell(session, "link", {"action": "split", "subject": left.subject_id}, word)
        return found[record_role[0]].subject_id, found[record_role[1]].subject_id

    def _divide(self, session: Session, subject_id: str, pair: tuple[bytes, bytes], word: Word) -> None:
        index = IndexStore(session)
        mentions = {each.mention_id: each for each in index.mentions_of(subject_id, gone=True)}
        edges = [edge for edge in index.edges_among(mentions) if edge[2] in mentions]
        cut, groups = _parted(list(mentions), edges, pair)
        index.append([self._undoing(subject_id, edge, word) for edge in cut])
        founder = min(mentions.values(), key=lambda each: (each.added_at, each.mention_id)).mention_id
        staying = _home_of(index, subject_id, groups, founder)
        for group in groups:
            if group is not staying:
                home = self._home(index, subject_id, group, mentions[group[0]].kind)
                self._move(session, group, home, word, "split")

    def _home(self, index: IndexStore, subject_id: str, group: Sequence[bytes], kind: str) -> str:
        """The id under which the group stood before it was merged, in force again; else a new one."""
        merged = set(index.aliases(subject_id)) - {subject_id}
        for mention_id in group:
            former = [line["subject_id"] for line in index.log_of(mention_id=mention_id)]
            for each in reversed(former):
                if each in merged:
                    index.redirect(each, None)
                    return str(each)
        fresh = new_id("sub")
        index.keep([NewSubject(fresh, kind, self._parts.clock.now())], [])
        return fresh

    def _move(self, session: Session, mention_ids: Sequence[bytes], to_subject: str, word: Word, why: str) -> None:
        index = IndexStore(session)
        moved = index.move(mention_ids, to_subject)
        index.append(self._line(to_subject, row[4], "moved", word, from_subject=row[3], reason=why) for row in moved)
        self._parts.follow(session, [Move(*row[:4], to_subject) for row in moved])

    def _line(  # noqa: PLR0913  # a line has that many parts
        self,
        subject_id: str,
        mention_id: bytes,
        action: str,
        word: Word,
        *,
        from_subject: str | None = None,
        other: bytes | None = None,
        reason: str = "",
    ) -> NewLink:
        reasons = as_json([STEWARD, reason] if reason else [STEWARD])
        return NewLink(
            subject_id, mention_id, other, action, from_subject, STEWARD, None, "{}", reasons, "", word.steward,
            self._parts.clock.now(),
        )  # fmt: skip

    def _undoing(self, subject_id: str, edge: tuple[int, bytes, bytes], word: Word) -> NewLink:
        line = self._line(subject_id, edge[1], "undone", word, other=edge[2])
        line.undoes = edge[0]
        return line

    def _tell(self, session: Session, kind: str, claims: dict[str, str], word: Word) -> None:
        entry = Entry(kind, {})
        self._parts.append(session, entry.with_claims(**claims, actor=entry.commit(word.steward)))

    def _opened(self, index: IndexStore, kept: KeptReview) -> Review:
        mentions = index.mentions((kept.low_id, kept.high_id))
        sides = [self._side(index, mentions.get(each)) for each in (kept.low_id, kept.high_id)]
        return Review(
            review_id=kept.review_id,
            state=ReviewState(kept.state),
            left=sides[0],
            right=sides[1],
            weight=kept.weight,
            weights=kept.weights,
            reasons=tuple(kept.reasons),
            opened_at=kept.opened_at,
            model_version=kept.model_version,
            steward=kept.steward,
            decided_at=kept.decided_at,
            note=self._parts.vault.open_note(kept.review_id, kept.note) if kept.note else "",
            effects={decision.value: effect for decision, effect in _EFFECTS.items()},
        )

    def _side(self, index: IndexStore, kept: KeptMention | None) -> Side:
        if kept is None:
            return Side("", "", "", "", {}, 0)
        said = self._parts.vault.open_said(kept.mention_id, kept.sealed)
        count = len(index.mentions_of(kept.subject_id))
        return Side(kept.subject_id, kept.registry_id, kept.export, kept.role, said["fields"], count)


def _require(reviews: ReviewStore, review_id: str) -> KeptReview:
    kept = reviews.review_for(review_id)
    if kept is None:
        raise Missing("identity.no-such-review", "There is no review item of that id.", "没有该复核项。")
    return kept


def _decided(kept: KeptReview) -> Conflict:
    return Conflict(
        "identity.decided-already",
        "This pair was decided before, or waits no longer; read its present state.",
        "该复核项已有决定或已失效，请先查看当前状态。",
        review=kept.review_id,
    )


def _both(index: IndexStore, pair: Iterable[bytes]) -> tuple[KeptMention, KeptMention]:
    left, right = pair
    found = index.mentions((left, right))
    if left not in found or right not in found:
        raise Missing(
            "identity.record-gone", "A record of the pair is not in the index any more.", "相关登记信息已撤回。"
        )
    return found[left], found[right]


def _refuse_parted(reviews: ReviewStore, one: str, other: str) -> None:
    """Raises Conflict when a steward has called a mention of the one and a mention of the other different."""
    said = [row for row in reviews.verdicts_between(one, other) if row[2] == APART]
    if said:
        raise Conflict(
            "identity.kept-apart",
            "Two records of these subjects were called different by a steward; undo that decision first.",
            "已有数据管理员判定其中两条登记信息不是同一主体；请先撤销该决定。",
            decided_on=said[0][4].date().isoformat(),
        )


def _parted(
    nodes: list[bytes], edges: list[tuple[int, bytes, bytes]], pair: tuple[bytes, bytes]
) -> tuple[list[tuple[int, bytes, bytes]], list[list[bytes]]]:
    """The joins to undo, the youngest on the way first, until the pair is apart; and the groups that remain."""
    standing, cut = list(edges), list[tuple[int, bytes, bytes]]()
    while True:
        groups = components(nodes, [(left, right) for _, left, right in standing])
        way = _way_between(standing, pair)
        if not way:
            return cut, groups
        youngest = max(way)
        cut.append(youngest)
        standing.remove(youngest)


def _way_between(edges: list[tuple[int, bytes, bytes]], pair: tuple[bytes, bytes]) -> list[tuple[int, bytes, bytes]]:
    """The joins on one way from the one to the other; nothing when there is none."""
    reached: dict[bytes, list[tuple[int, bytes, bytes]]] = {pair[0]: []}
    queue = [pair[0]]
    for node in queue:
        for edge in edges:
            if node in edge[1:]:
                other = edge[2] if edge[1] == node else edge[1]
                if other not in reached:
                    reached[other] = [*reached[node], edge]
                    queue.append(other)
    return reached.get(pair[1], [])


def _home_of(index: IndexStore, subject_id: str, groups: list[list[bytes]], founder: bytes) -> list[bytes]:
    """The group that keeps the id: the one in which the id's first mention stands."""
    for group in groups:
        for mention_id in group:
            lines = index.log_of(mention_id=mention_id)
            if lines and lines[0]["subject_id"] == subject_id and lines[0]["action"] == "new":
                return group
    return next(group for group in groups if founder in group)
