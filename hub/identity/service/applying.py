"""Applying a change set: each item checked against the index as it stands now, then done, in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hub.errors import HubError
from hub.identity.model import Move
from hub.identity.rules import as_json
from hub.identity.service.parts import Parts
from hub.identity.service.planning import Pair, Planner
from hub.identity.service.standing import HOLDS_ANOTHER_NUMBER
from hub.identity.store import IndexStore, NewLink, NewReview, NewSubject, ReviewStore, Session
from hub.identity.traits import are_compatible
from hub.kernel.ids import new_id

BULK: Final = "bulk"
Item = dict[str, Any]


class Applying:
    """Items done one after the other inside one transaction."""

    def __init__(self, parts: Parts, session: Session, steward: str) -> None:
        self._parts = parts
        self._session = session
        self._steward = steward
        self._index = IndexStore(session)
        self._now = parts.clock.now()
        self._does: Mapping[str, Callable[[Item, Pair], str]] = {
            "join": self._join,
            "split": self._split,
            "review": self._review,
        }

    def done(self, item: Item) -> str:
        """Why the item was not done; nothing when it was."""
        pair = (bytes.fromhex(item["pair"][0]), bytes.fromhex(item["pair"][1]))
        found = self._index.mentions(pair)
        if any(each not in found or found[each].gone_at for each in pair):
            return "record-gone"
        if [found[each].likeness.hex() for each in pair] != item["likeness"]:
            return "record-changed"
        now = [self._index.resolve(found[each].subject_id) for each in pair]
        before = [self._index.resolve(each) for each in item["subjects"]]
        if now != before:
            return "subject-changed"
        return self._does[item["what"]](item, pair)

    def _join(self, item: Item, pair: Pair) -> str:
        try:
            plan = Planner(self._session).joining(pair)
        except HubError as fault:
            return fault.code
        if plan is None:
            return ""
        if not are_compatible(self._numbers(plan.survivor), self._numbers(plan.loser)):
            return HOLDS_ANOTHER_NUMBER
        self._index.redirect(plan.loser, plan.survivor)
        self._index.append(
            [self._line(plan.survivor, plan.mover, "merged", item, other=plan.anchor, from_subject=plan.loser)]
        )
        self._move([each.mention_id for each in plan.moving], plan.survivor, item)
        ReviewStore(self._session).moot_settled([plan.survivor])
        return ""

    def _numbers(self, subject_id: str) -> set[str]:
        """The valid numbers that the subject's records state by now."""
        kind = self._parts.kinds[self._index.subjects([subject_id])[subject_id][0]]
        opened = (self._parts.vault.open_traits(row[1], row[3]) for row in self._index.members([subject_id]))
        return {number for traits in opened if (number := kind.valid_number(traits))}

    def _split(self, item: Item, pair: Pair) -> str:
        try:
            plan = Planner(self._session).parting(pair)
        except HubError as fault:
            return fault.code
        if plan is None:
            return ""
        if plan.overruled:
            return "steward-called-them-one"
        for seq, mention_id, other in plan.cut:
            line = self._line(plan.subject_id, mention_id, "undone", item, other=other)
            line.undoes = seq
            self._index.append([line])
        home = plan.home or new_id("sub")
        if plan.home:
            self._index.redirect(plan.home, None)
        else:
            self._index.keep([NewSubject(home, plan.kind, self._now)], [])
        for each, to in plan.redirects.items():
            self._index.redirect(each, to or home)
        self._move([each.mention_id for each in plan.moving], home, item)
        return ""

    def _review(self, item: Item, pair: Pair) -> str:
        found = self._index.mentions(pair)
        kind = self._parts.kinds[found[pair[0]].kind]
        traits = [self._parts.vault.open_traits(each, found[each].traits) for each in pair]
        verdict = kind.matcher.verdict(traits[0], traits[1])
        low, high = sorted(pair)
        ReviewStore(self._session).open(
            [
                NewReview(
                    new_id("rev"), low, high, kind.model.kind, verdict.weight, verdict.weights_json,
                    as_json((BULK, *verdict.reasons)), verdict.blocking, self._now, kind.model.version,
                )
            ]
        )  # fmt: skip
        del item
        return ""

    def _move(self, mention_ids: Sequence[bytes], to_subject: str, item: Item) -> None:
        moved = self._index.move(mention_ids, to_subject)
        self._index.append(self._line(to_subject, row[4], "moved", item, from_subject=row[3]) for row in moved)
        self._parts.follow(self._session, [Move(*row[:4], to_subject) for row in moved])

    def _line(  # noqa: PLR0913  # a line has that many parts
        self,
        subject_id: str,
        mention_id: bytes,
        action: str,
        item: Item,
        *,
        other: bytes | None = None,
        from_subject: str | None = None,
    ) -> NewLink:
        version = "+".join(sorted(kind.model.version for kind in self._parts.kinds.values()))
        return NewLink(
            subject_id, mention_id, other, action, from_subject, item["method"], item["weight"], "{}",
            as_json((BULK, item["method"])), version, self._steward, self._now,
        )  # fmt: skip
