"""Stewardship 人工复核: pairs decided, subjects joined and split; a steward's word outranks the model for ever."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.audit.model import Entry
from hub.audit.store import append
from hub.errors import Conflict, Malformed
from hub.identity.model import LONGEST_NOTE, LONGEST_STEWARD, Decision, Move, Review
from hub.identity.rules import as_json
from hub.identity.service.parts import Parts
from hub.identity.service.planning import Pair, Planner
from hub.identity.service.showing import Showing, require_kept
from hub.identity.service.standing import APART, SAME
from hub.identity.store import IndexStore, KeptReview, NewLink, NewSubject, ReviewStore, Session
from hub.identity.store.vault import note_of
from hub.kernel.ids import new_id

STEWARD = "steward"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Word:
    """Who decided when, and the note they left."""

    steward: str
    note: str
    at: datetime

    def __post_init__(self) -> None:
        signed = self.steward.strip() and len(self.steward) <= LONGEST_STEWARD and is_one_line(self.steward)
        if not signed or len(self.note) > LONGEST_NOTE:
            raise Malformed(
                "identity.decision-unsigned",
                "A decision carries the steward's name, in one line, and a note of at most 1,000 characters.",
                "复核决定须有数据管理员署名（一行），备注不超过 1000 字。",
            )


class Stewarding:
    """Decisions inside the caller's transaction; each is a line of the link log and an entry of the audit log."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def decide(self, session: Session, review_id: str, decision: Decision, word: Word) -> Review:
        """The pair is decided and what follows from it is done.

        Raises:
            Missing: no such item, or a record of the pair has been withdrawn.
            Conflict: somebody else decided first, or another decision on file forbids this one.
        """
        index, reviews = IndexStore(session), ReviewStore(session)
        index.lock()
        kept = require_kept(reviews, review_id)
        note = self._parts.vault.seal_note(review_id, word.note) if word.note else None
        if not reviews.close(review_id, decision.value, steward=word.steward, at=word.at, note=note):
            raise _decided(kept)
        pair = (kept.low_id, kept.high_id)
        if decision is Decision.LINK:
            self._join(session, pair, word, kept)
        elif decision is Decision.DIFFERENT:
            self._part(session, pair, word)
        self._tell(session, "review", {"review": review_id, "decision": decision.value}, word)
        return Showing(self._parts).require_review(session, review_id)

    def join(self, session: Session, pair: Pair, word: Word, *, overrule: bool = False) -> str:
        """The one subject that two mentions belong to afterwards, whatever the model says of them.

        Args:
            session: the caller's transaction.
            pair: the mentions.
            word: who says so.
            overrule: take back that a steward called this very pair different.

        Raises:
            Missing: one of them is not in the index.
            Conflict: another decision on file forbids it.
        """
        index = IndexStore(session)
        index.lock()
        self._join(session, pair, word, None, overrule=overrule)
        subject_id = index.mentions(pair)[pair[0]].subject_id
        self._tell(session, "link", {"action": "joined"}, word, subject_id)
        return subject_id

    def _join(
        self, session: Session, pair: Pair, word: Word, kept: KeptReview | None, *, overrule: bool = False
    ) -> None:
        plan = Planner(session).joining(pair, overrule=overrule)
        self._keep_word(session, pair, SAME, word)
        if plan is None:
            return
        index = IndexStore(session)
        index.redirect(plan.loser, plan.survivor)
        line = self._line(plan.survivor, plan.mover, "decided", word, from_subject=plan.loser, other=plan.anchor)
        if kept is not None:
            line.weight, line.weights, line.model_version = kept.weight, as_json(kept.weights), kept.model_version
        index.append([line])
        self._move(session, [each.mention_id for each in plan.moving], plan.survivor, word, "merged")
        ReviewStore(session).moot_settled([plan.survivor])

    def _keep_word(self, session: Session, pair: Pair, verdict: str, word: Word) -> None:
        low, high = sorted(pair)
        note = self._parts.vault.seal_note(note_of(low, high), word.note) if word.note else None
        ReviewStore(session).keep_verdict((low, high), verdict, steward=word.steward, at=word.at, note=note)

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
        self._part(session, pair, word)
        found = index.mentions(pair)
        self._tell(session, "link", {"action": "split"}, word, left.subject_id)
        return found[pair[0]].subject_id, found[pair[1]].subject_id

    def _part(self, session: Session, pair: Pair, word: Word) -> None:
        """The two stand under two subjects afterwards, each with what is linked to it."""
        index, reviews = IndexStore(session), ReviewStore(session)
        plan = Planner(session).parting(pair)
        self._keep_word(session, pair, APART, word)
        if plan is None:
            reviews.moot_settled(each.subject_id for each in Planner(session).both(pair))
            return
        for overruled in plan.overruled:
            reviews.keep_verdict(overruled, APART, steward=word.steward, at=word.at)
        index.append([self._undoing(plan.subject_id, join, word) for join in plan.cut])
        home = plan.home or _new_subject(index, plan.kind, word.at)
        if plan.home:
            index.redirect(plan.home, None)
        for each, to in plan.redirects.items():
            index.redirect(each, to or home)
        self._move(session, [each.mention_id for each in plan.moving], home, word, "split")
        reviews.moot_settled([plan.subject_id, home])

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
        append(session, entry.with_claims(**whose, actor=entry.commit(word.steward)))


def is_one_line(text: str) -> bool:
    """True of a text without line breaks, control characters, and what turns the direction of writing."""
    return not any(unicodedata.category(each) in _UNSEEN for each in text)


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
