"""Rows that replace rows 登记信息更替: a corrected number or a changed name comes as a withdrawal and a new record.

A registry whose rows have no key of their own tells of a change in this way. The rules that keep two rows of one list
apart do not hold between a row and the one that replaces it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from operator import itemgetter

from hub.audit.model import Entry
from hub.audit.store import append
from hub.identity.compare import Traits
from hub.identity.model import Mention, Move, Outcome, Placement
from hub.identity.rules import Verdict, as_json
from hub.identity.service.parts import ACTOR, Kind, Parts
from hub.identity.service.standing import APART, Standing, may_merge
from hub.identity.store import IndexStore, KeptMention, NewLink, NewReview, ReviewStore, Session
from hub.identity.store.vault import mention_id_of
from hub.identity.traits import Context
from hub.kernel.clock import local_date
from hub.kernel.ids import new_id

ROW_REPLACED = "row-replaced"
RECENT = timedelta(days=2)
"""A full export may take hours; its new rows come first, and what is gone is told at its end."""

_SAME_DAY = frozenset({"equal", "equal_round"})
_OTHER_NAME = frozenset({"different", "missing"})


@dataclass(frozen=True, slots=True)
class Row:
    """A mention as far as it may replace another, or be replaced."""

    mention_id: bytes
    subject_id: str
    kind: Kind
    traits: Traits

    def keys(self, export: str) -> list[tuple[str, str, str]]:
        """What it is looked up by among the rows of its export."""
        return [(export, self.kind.model.name, key) for key in self.kind.keys(self.traits)]


class Rows:
    """Rows of any exports, by what they are looked up by."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str, str], list[Row]] = defaultdict(list)

    def add(self, row: Row, export: str) -> None:
        """The row is found by what it is looked up by."""
        for key in row.keys(export):
            self._by_key[key].append(row)

    def beside(self, row: Row, export: str) -> list[Row]:
        """Those of the export that share a key with ``row``, which is none of them."""
        found = {each.mention_id: each for key in row.keys(export) for each in self._by_key.get(key, ())}
        found.pop(row.mention_id, None)
        return list(found.values())

    def mention_ids(self) -> set[bytes]:
        """Those of all the rows."""
        return {row.mention_id for rows in self._by_key.values() for row in rows}


class Succeeding:
    """Finds the rows that replace withdrawn ones, inside the caller's transaction."""

    def __init__(self, parts: Parts, session: Session) -> None:
        self._parts = parts
        self._session = session
        self._index = IndexStore(session)
        self._reviews = ReviewStore(session)
        self._now = parts.clock.now()
        self._merged: dict[str, str] = {}
        self._opened = 0

    def withdrawn(self, mention_ids: Iterable[bytes], gone: Rows) -> None:
        """The rows join ``gone``; one that came shortly before and replaces one of them continues its subject."""
        rows = [(_export(kept), self._row(kept)) for kept in self._index.mentions(mention_ids).values()]
        spoken = self._reviews.called_different([row.mention_id for _, row in rows])
        came = self._came_before([row for _, row in rows], spoken)
        for export, old in rows:
            gone.add(old, export)
            beside = came.beside(old, export)
            if old.mention_id in spoken and (new := _nearest(old, beside)):
                self._reviews.pass_on_different(old.mention_id, new.mention_id)
            self._continue(old, [new for new in beside if new.subject_id != old.subject_id])
        self._tell()

    def inherit(self, mentions: Sequence[Mention], gone: Rows) -> None:
        """Whoever a row of ``gone`` was called different from, the row that replaces it is different from too.

        Told before the mentions are placed: what was called different would else be joined as if nobody had spoken.
        """
        spoken = self._reviews.called_different(gone.mention_ids())
        for mention in mentions if spoken else ():
            new = self._coming(mention, "")
            old = _nearest(new, gone.beside(new, f"{mention.registry}/{mention.export}"))
            if old is not None and old.mention_id in spoken:
                self._reviews.pass_on_different(old.mention_id, new.mention_id)

    def came(self, mentions: Sequence[Mention], placements: Sequence[Placement], gone: Rows) -> list[Placement]:
        """The placements, where a mention that stands alone and replaces a row of ``gone`` has that row's subject."""
        for mention, placed in zip(mentions, placements, strict=True):
            if placed.subject_id is None or placed.outcome is Outcome.LINKED:
                continue
            new = self._coming(mention, placed.subject_id)
            for old in gone.beside(new, f"{mention.registry}/{mention.export}"):
                self._continue(old, [new])
        self._tell()
        return [self._settled(each) for each in placements]

    def _coming(self, mention: Mention, subject_id: str) -> Row:
        kind = self._parts.kinds[mention.kind]
        traits = kind.traits(mention, Context(local_date(self._now), self._parts.region_names))
        return Row(mention_id_of(mention.record, mention.role), subject_id, kind, kind.unlisted(traits))

    def _settled(self, placed: Placement) -> Placement:
        now = self._merged.get(placed.subject_id or "")
        return placed if now is None else replace(placed, subject_id=now, outcome=Outcome.LINKED)

    def _row(self, kept: KeptMention) -> Row:
        kind = self._parts.kinds[kept.kind]
        traits = self._parts.vault.open_traits(kept.mention_id, kept.traits)
        return Row(kept.mention_id, kept.subject_id, kind, kind.unlisted(traits))

    def _came_before(self, rows: Sequence[Row], spoken: Collection[bytes]) -> Rows:
        """Living rows that came lately and share a key with one of those.

        They stand under subjects made lately, or under the subject of one of ``spoken``.
        """
        keys = {
            self._parts.vault.key(row.kind.model.name, key) for row in rows for key in row.kind.look_ups(row.traits)
        }
        near = {subject for _, subject in self._index.hits(list(keys))} if keys else set()
        near -= {row.subject_id for row in rows}
        since = self._now - RECENT
        fresh = [each for each, (_, made_at, _) in self._index.subjects(near).items() if made_at >= since]
        fresh += {row.subject_id for row in rows if row.mention_id in spoken}
        ids = [mention_id for _, mention_id, _, _ in self._index.members(fresh)] if fresh else []
        came = Rows()
        for kept in self._index.mentions(ids).values():
            if kept.added_at >= since:
                came.add(self._row(kept), _export(kept))
        return came

    def _continue(self, old: Row, candidates: Sequence[Row]) -> None:
        """The best of the candidates goes on as the old row's subject, or a steward is asked whether it does."""
        judged = [(new, new.kind.matcher.verdict(old.traits, new.traits)) for new in candidates if new.kind is old.kind]
        likely = [(new, verdict) for new, verdict in judged if _is_likely(verdict)]
        if not likely:
            return
        new, verdict = max(likely, key=lambda pair: (pair[1].outcome == "link", pair[1].weight, pair[0].mention_id))
        if new.subject_id in self._merged or self._are_apart(old, new):
            return
        if verdict.outcome == "link" and self._may_be_one(old, new):
            self._merge(old, new, verdict)
        else:
            self._ask(old, new, verdict)

    def _are_apart(self, old: Row, new: Row) -> bool:
        words = self._reviews.words_between(old.subject_id, new.subject_id)
        return any(word.verdict == APART for word in words)

    def _may_be_one(self, old: Row, new: Row) -> bool:
        """True when nobody else of either subject objects; rows that stand side by side on one list still do."""
        return may_merge(old.kind.matcher, self._standing(old), self._standing(new))

    def _standing(self, row: Row) -> Standing:
        standing = Standing(row.subject_id, row.kind.model.kind, (0.0, row.subject_id))
        for _, mention_id, likeness, sealed in self._index.members([row.subject_id]):
            traits = self._parts.vault.open_traits(mention_id, sealed)
            standing.add(likeness, traits, mention_id, row.kind.valid_number(traits))
        return standing

    def _merge(self, old: Row, new: Row, verdict: Verdict) -> None:
        survivor, loser = old.subject_id, new.subject_id
        moving = [each.mention_id for each in self._index.mentions_of(loser, gone=True)]
        moved = self._index.move(moving, survivor)
        self._index.redirect(loser, survivor)
        self._index.append(
            [
                self._line(new, "merged", (survivor, loser), old.mention_id, verdict),
                *(self._line(replace(new, mention_id=row[4]), "moved", (survivor, loser)) for row in moved),
            ]
        )
        self._parts.follow(self._session, [Move(*row[:4], survivor) for row in moved])
        self._reviews.moot_settled([survivor])
        self._merged[loser] = survivor

    def _line(
        self, row: Row, action: str, way: tuple[str, str], other: bytes | None = None, verdict: Verdict | None = None
    ) -> NewLink:
        """``way``: the subject that goes on, and the one that it takes in."""
        weight, weights = (verdict.weight, verdict.weights_json) if verdict else (None, "{}")
        reasons = as_json((ROW_REPLACED, *(verdict.reasons if verdict else ())))
        return NewLink(
            way[0], row.mention_id, other, action, way[1], ROW_REPLACED, weight, weights, reasons,
            row.kind.model.version, ACTOR, self._now,
        )  # fmt: skip

    def _ask(self, old: Row, new: Row, verdict: Verdict) -> None:
        low, high = sorted((old.mention_id, new.mention_id))
        model = old.kind.model
        self._opened += self._reviews.open(
            [
                NewReview(
                    new_id("rev"), low, high, model.kind, verdict.weight, verdict.weights_json,
                    as_json((ROW_REPLACED, *verdict.reasons)), False, self._now, model.version,
                )
            ]
        )  # fmt: skip

    def _tell(self) -> None:
        if self._merged or self._opened:
            claims = {"action": ROW_REPLACED, "merged": len(self._merged), "review": self._opened, "actor": ACTOR}
            append(self._session, Entry("link", claims))


def _nearest(row: Row, others: Iterable[Row]) -> Row | None:
    """Whoever of the others would be linked with the row if they stood on two lists, and speaks most for it."""
    judged = [(row.kind.matcher.verdict(row.traits, each.traits), each) for each in others if each.kind is row.kind]
    likely = [(verdict.weight, each.mention_id, each) for verdict, each in judged if verdict.outcome == "link"]
    return max(likely, key=itemgetter(0, 1))[2] if likely else None


def _is_likely(verdict: Verdict) -> bool:
    """True when the pair would link or wait for a steward elsewhere, or differs in nothing but a number issued anew."""
    levels = verdict.levels
    reissued = levels["name"] not in _OTHER_NAME and levels.get("birth") in _SAME_DAY
    return verdict.outcome in {"link", "review"} or reissued


def _export(kept: KeptMention) -> str:
    return f"{kept.registry_id}/{kept.export}"
