"""Stewardship 人工复核: pairs decided, subjects joined and split; a steward's word outranks the model for ever."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.audit.model import Entry
from hub.errors import Conflict, HubError, Malformed, Missing
from hub.identity.model import Decision, Move, Review, ReviewState, Side
from hub.identity.outlook import OPEN, Answering, Outlook, Sought
from hub.identity.rules import as_json
from hub.identity.service.parts import Parts
from hub.identity.service.planning import Pair, Planner
from hub.identity.service.standing import APART, SAME
from hub.identity.store import (
    IndexStore,
    KeptMention,
    KeptReview,
    NewLink,
    NewSubject,
    ReviewStore,
    Session,
)
from hub.kernel.ids import new_id

STEWARD = "steward"
_LONGEST_NOTE = 2000
_NOBODY = Side("", "", "", "", {}, 0)
_EFFECTS = {
    Decision.LINK: "the two subjects become one; the younger id redirects",
    Decision.DIFFERENT: "they stay or become two, and are never joined automatically",
    Decision.UNSURE: "nothing changes; the pair is not asked again",
}


@dataclass(frozen=True, slots=True)
class Word:
    """Who decided when, and the note they left."""

    steward: str
    note: str
    at: datetime

    def __post_init__(self) -> None:
        if not self.steward.strip() or len(self.note) > _LONGEST_NOTE:
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
        self, session: Session, sought: Sought = OPEN, *, limit: int = 100, after: str = "", opened: bool = True
    ) -> list[Review]:
        """The items sought, those that block answers first, with both sides, opened unless only codes are wanted."""
        found = ReviewStore(session).find(sought, limit=limit, after=after)
        return self._shown(session, found, opened=opened)

    def require_review(self, session: Session, review_id: str) -> Review:
        """That item with both sides opened.

        Raises:
            Missing: there is none of that id.
        """
        return self._shown(session, [_require(ReviewStore(session), review_id)], opened=True)[0]

    def outlook(self, session: Session, review_id: str) -> tuple[Outlook, ...]:
        """What each choice would do now; nothing is written, and nobody is kept waiting.

        Raises:
            Missing: there is no such item.
        """
        kept = _require(ReviewStore(session), review_id)
        pair = (kept.low_id, kept.high_id)
        return (self._if_linked(session, pair), self._if_different(session, pair), Outlook(Decision.UNSURE))

    def _if_linked(self, session: Session, pair: Pair) -> Outlook:
        try:
            plan = Planner(session).joining(pair)
        except HubError as refusal:
            return Outlook(Decision.LINK, refusal)
        if plan is None:
            return self._unmoved(session, Decision.LINK, pair)
        index = IndexStore(session)
        return Outlook(
            Decision.LINK,
            None,
            (plan.survivor,),
            {plan.loser: plan.survivor},
            tuple(_move(each, plan.survivor) for each in plan.moving),
            self._answering(session, dict.fromkeys(index.aliases(plan.loser), plan.survivor)),
        )

    def _if_different(self, session: Session, pair: Pair) -> Outlook:
        plan = Planner(session).parting(pair)
        if plan is None:
            return self._unmoved(session, Decision.DIFFERENT, pair)
        home = plan.home or ""
        answering = {each: to or home for each, to in plan.redirects.items()}
        alike = dict.fromkeys(IndexStore(session).aliases(home), home) if home else {}
        return Outlook(
            Decision.DIFFERENT,
            None,
            (plan.subject_id, home),
            answering,
            tuple(_move(each, home) for each in plan.moving),
            self._answering(session, alike | answering),
            len(plan.overruled),
        )

    def _unmoved(self, session: Session, decision: Decision, pair: Pair) -> Outlook:
        """The decision stands for ever and changes nothing now."""
        found = Planner(session).both(pair)
        return Outlook(decision, None, tuple(dict.fromkeys(each.subject_id for each in found)))

    def _answering(self, session: Session, by_subject: dict[str, str]) -> tuple[Answering, ...]:
        given = ReviewStore(session).pairwise_of(by_subject)
        return tuple(Answering(consumer, pairwise, by_subject[subject]) for subject, consumer, pairwise in given)

    def decide(self, session: Session, review_id: str, decision: Decision, word: Word) -> Review:
        """The pair is decided and what follows from it is done.

        Raises:
            Missing: no such item, or a record of the pair has been withdrawn.
            Conflict: somebody else decided first, or another decision on file forbids this one.
        """
        index, reviews = IndexStore(session), ReviewStore(session)
        index.lock()
        kept = _require(reviews, review_id)
        note = self._parts.vault.seal_note(review_id, word.note) if word.note else None
        if not reviews.close(review_id, decision.value, steward=word.steward, at=word.at, note=note):
            raise _decided(kept)
        pair = (kept.low_id, kept.high_id)
        if decision is Decision.LINK:
            self._join(session, pair, word, kept)
            reviews.keep_verdict(pair, SAME, steward=word.steward, at=word.at)
        elif decision is Decision.DIFFERENT:
            reviews.keep_verdict(pair, APART, steward=word.steward, at=word.at)
            self._part(session, pair, word)
        self._tell(session, "review", {"review": review_id, "decision": decision.value}, word)
        return self.require_review(session, review_id)

    def join(self, session: Session, pair: Pair, word: Word) -> str:
        """The one subject that two mentions belong to afterwards, whatever the model says of them.

        Raises:
            Missing: one of them is not in the index.
            Conflict: another decision on file forbids it.
        """
        index = IndexStore(session)
        index.lock()
        self._join(session, pair, word, None)
        ReviewStore(session).keep_verdict(pair, SAME, steward=word.steward, at=word.at)
        subject_id = index.mentions(pair)[pair[0]].subject_id
        self._tell(session, "link", {"action": "joined"}, word, subject_id)
        return subject_id

    def _join(self, session: Session, pair: Pair, word: Word, kept: KeptReview | None) -> None:
        plan = Planner(session).joining(pair)
        if plan is None:
            return
        index = IndexStore(session)
        index.redirect(plan.loser, plan.survivor)
        line = self._line(plan.survivor, plan.mover, "decided", word, from_subject=plan.loser, other=plan.anchor)
        if kept is not None:
            line.weight, line.weights, line.model_version = kept.weight, as_json(kept.weights), kept.model_version
        index.append([line])
        self._move(session, [each.mention_id for each in plan.moving], plan.survivor, word, "merged")
        ReviewStore(session).moot_within(plan.survivor)

    def split(self, session: Session, pair: Pair, word: Word) -> tuple[str, str]:
        """The subjects of two mentions that were one subject and are two now, kept apart for ever.

        Raises:
            Missing: one of them is not in the index.
            Conflict: they are not one subject.
        """
        index = IndexStore(session)
        index.lock()
        left, right = Planner(session).both(pair)
        if left.subject_id != right.subject_id:
            raise Conflict(
                "identity.not-one",
                "The two records belong to two subjects already.",
                "两条登记信息已分属两个主体。",
            )
        ReviewStore(session).keep_verdict(pair, APART, steward=word.steward, at=word.at)
        self._part(session, pair, word)
        found = index.mentions(pair)
        self._tell(session, "link", {"action": "split"}, word, left.subject_id)
        return found[pair[0]].subject_id, found[pair[1]].subject_id

    def _part(self, session: Session, pair: Pair, word: Word) -> None:
        """The two stand under two subjects afterwards, each with what is linked to it."""
        plan = Planner(session).parting(pair)
        if plan is None:
            return
        index, reviews = IndexStore(session), ReviewStore(session)
        for overruled in plan.overruled:
            reviews.keep_verdict(overruled, APART, steward=word.steward, at=word.at)
        index.append([self._undoing(plan.subject_id, join, word) for join in plan.cut])
        home = plan.home or _new_subject(index, plan.kind, word.at)
        if plan.home:
            index.redirect(plan.home, None)
        for each, to in plan.redirects.items():
            index.redirect(each, to or home)
        self._move(session, [each.mention_id for each in plan.moving], home, word, "split")

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
            word.at,
        )  # fmt: skip

    def _undoing(self, subject_id: str, edge: tuple[int, bytes, bytes], word: Word) -> NewLink:
        line = self._line(subject_id, edge[1], "undone", word, other=edge[2])
        line.undoes = edge[0]
        return line

    def _tell(
        self, session: Session, kind: str, claims: dict[str, str], word: Word, subject_id: str | None = None
    ) -> None:
        """The log says what was done in codes; who did it and to whom, under the entry's salt."""
        entry = Entry(kind, claims)
        whose = {} if subject_id is None else {"subject": entry.commit(subject_id)}
        self._parts.append(session, entry.with_claims(**whose, actor=entry.commit(word.steward)))

    def _shown(self, session: Session, found: Sequence[KeptReview], *, opened: bool) -> list[Review]:
        mentions = IndexStore(session).mentions({each for kept in found for each in (kept.low_id, kept.high_id)})
        sizes = ReviewStore(session).sizes(each.subject_id for each in mentions.values())
        sides = {
            each.mention_id: self._side(each, sizes.get(each.subject_id, 0), opened=opened)
            for each in mentions.values()
        }
        return [self._review(kept, sides, opened=opened) for kept in found]

    def _review(self, kept: KeptReview, sides: Mapping[bytes, Side], *, opened: bool) -> Review:
        return Review(
            review_id=kept.review_id,
            state=ReviewState(kept.state),
            left=sides.get(kept.low_id, _NOBODY),
            right=sides.get(kept.high_id, _NOBODY),
            weight=kept.weight,
            weights=kept.weights,
            reasons=tuple(kept.reasons),
            opened_at=kept.opened_at,
            model_version=kept.model_version,
            steward=kept.steward,
            decided_at=kept.decided_at,
            note=self._parts.vault.open_note(kept.review_id, kept.note) if kept.note and opened else "",
            effects={decision.value: effect for decision, effect in _EFFECTS.items()},
        )

    def _side(self, kept: KeptMention, size: int, *, opened: bool) -> Side:
        side = Side(kept.subject_id, kept.registry_id, kept.export, kept.role, {}, size, kept.record)
        if not opened:
            return side
        said = self._parts.vault.open_said(kept.mention_id, kept.sealed)
        return replace(side, fields=said["fields"], as_of=said["as_of"])


def _require(reviews: ReviewStore, review_id: str) -> KeptReview:
    kept = reviews.review_for(review_id)
    if kept is None:
        raise Missing("identity.no-such-review", "There is no review item of that id.", "没有该复核项。")
    return kept


def _decided(kept: KeptReview) -> Conflict:
    """The item is locked while a steward decides, so ``kept`` is what the one before decided."""
    return Conflict(
        "identity.decided-already",
        "This pair was decided before, or waits no longer; read its present state.",
        "该复核项已有决定或已失效，请先查看当前状态。",
        review=kept.review_id,
        decision=kept.state,
        decided_at=kept.decided_at.isoformat() if kept.decided_at else None,
    )


def _new_subject(index: IndexStore, kind: str, at: datetime) -> str:
    fresh = new_id("sub")
    index.keep([NewSubject(fresh, kind, at)], [])
    return fresh


def _move(kept: KeptMention, to_subject: str) -> Move:
    return Move(kept.registry_id, kept.record, kept.role, kept.subject_id, to_subject)
