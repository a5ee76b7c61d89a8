"""What stewards are shown 复核展示: pairs side by side, and what each choice would do; nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hub.errors import HubError, Missing
from hub.identity.model import Decision, Move, Review, ReviewState, Side
from hub.identity.outlook import OPEN, Answering, Outlook, Sought
from hub.identity.service.parts import Parts
from hub.identity.service.planning import Pair, Planner
from hub.identity.store import IndexStore, KeptMention, KeptReview, ReviewStore, Session

_NOBODY = Side("", "", "", "", {}, 0)
_EFFECTS = {
    Decision.LINK: "the two subjects become one; the younger id redirects",
    Decision.DIFFERENT: "they stay or become two, and are never joined automatically",
    Decision.UNSURE: "nothing changes; the pair is not asked again",
}


class Showing:
    """Review items and their outlook, read from the index."""

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
        return self._shown(session, [require_kept(ReviewStore(session), review_id)], opened=True)[0]

    def outlook(self, session: Session, review_id: str) -> tuple[Outlook, ...]:
        """What each choice would do now; nothing is written, and nobody is kept waiting.

        Raises:
            Missing: there is no such item.
        """
        kept = require_kept(ReviewStore(session), review_id)
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


def require_kept(reviews: ReviewStore, review_id: str) -> KeptReview:
    """The item as it is kept.

    Raises:
        Missing: there is none of that id.
    """
    kept = reviews.review_for(review_id)
    if kept is None:
        raise Missing("identity.no-such-review", "There is no review item of that id.", "没有该复核项。")
    return kept


def _move(kept: KeptMention, to_subject: str) -> Move:
    return Move(kept.registry_id, kept.record, kept.role, kept.subject_id, to_subject)
