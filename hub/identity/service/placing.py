"""Placing 归集: whose is each mention of a chunk, decided one after the other and kept by the thousand."""

from collections.abc import Iterable, Mapping, Sequence

from hub.identity.model import Mention, Move, Outcome, Placement
from hub.identity.rules import as_json
from hub.identity.service.drafting import Draft, Drafting
from hub.identity.service.neighbours import Neighbours
from hub.identity.service.parts import ACTOR, Kind, Parts
from hub.identity.service.pending import Pending
from hub.identity.service.standing import (
    BETWEEN,
    CHAIN,
    HOLDS_ANOTHER_NUMBER,
    JOINS_TWO,
    SAME,
    TORN,
    Assessed,
    Member,
    Standing,
    disagree,
    may_merge,
    regrouped,
)
from hub.identity.store import IndexStore, NewLink, NewMention, NewReview, NewSubject, Session
from hub.identity.traits import Context
from hub.kernel.clock import local_date
from hub.kernel.ids import new_id

_REVIEWS_PER_MENTION = 3
_NOTHING = "{}"
_ALONE = '["no-candidate"]'
_WAITS = '["waits-for-review"]'
TOO_FREQUENT = "key-too-frequent"
NAME_ONLY = "name-only"


class Placing:
    """One chunk under way, inside the caller's transaction."""

    def __init__(self, parts: Parts, session: Session) -> None:
        self._parts = parts
        self._session = session
        self._index = IndexStore(session)
        self._pending = Pending(parts, session, self._index)
        self._now = parts.clock.now()
        self._drafting = Drafting(parts, Context(local_date(self._now), parts.region_names))
        self._near = Neighbours(parts)

    def place(self, mentions: Sequence[Mention]) -> list[Placement]:
        """Whose each mention is, in their order; everything is kept, one entry is appended to the log."""
        drafts = [self._drafting.draft(mention) for mention in mentions]
        self._look(draft for draft in drafts if draft is not None)
        placed: dict[bytes, Placement] = {}
        for draft in drafts:
            if draft is not None and draft.mention_id not in placed:
                placed[draft.mention_id] = self._place(draft)
        self._pending.close()
        hint = Placement(None, Outcome.HINT, (NAME_ONLY,))
        return [hint if draft is None else self._settled(placed[draft.mention_id]) for draft in drafts]

    def _look(self, drafts: Iterable[Draft]) -> None:
        """Nobody else places, and everything that could matter to the chunk is at hand."""
        drafts = list(drafts)
        ids = [draft.mention_id for draft in drafts]
        keys = list(dict.fromkeys(key for draft in drafts for key in draft.keys))
        found = self._index.look(ids, keys, most=max(kind.model.key_cap for kind in self._parts.kinds.values()))
        self._near.take(found)

    def _place(self, draft: Draft) -> Placement:
        if self._near.is_unheard_of(draft):
            return Placement(self._alone(draft, _ALONE).subject_id, Outcome.NEW, ())
        draft = self._near.remembered(draft, self._drafting)
        heard, frequent = self._drafting.heard(draft, self._near.by_key)
        assessed = self._near.assessed(heard)
        links = sorted((each for each in assessed if each.outcome == "link"), key=lambda each: each.order)
        doubts = [each for each in assessed if each.outcome == "review"]
        others = [each for each in assessed if each.outcome != "link"]
        if torn := self._near.tears(heard, links, others):
            doubts += self._objected(draft, links, torn)
            links = []
        if claimed := self._near.claimed(heard, links, others):
            doubts += self._objected(draft, claimed, TORN)
            links = [each for each in links if each not in claimed]
        if links:
            return self._join(draft, links, doubts)
        released = [
            member for each in doubts if each.objection == HOLDS_ANOTHER_NUMBER for member in self._torn(draft, each)
        ]
        standing = self._alone(draft, _WAITS if doubts else _ALONE)
        for owner, likeness in released:
            leaving = owner.members.pop(likeness)
            for mention_id in leaving.mention_ids:
                self._release(draft, owner, {likeness: Member(leaving.traits, [mention_id], "")}, TORN)
        opened = self._open(draft, doubts)
        reasons = tuple(each.method for each in doubts) if opened else ((TOO_FREQUENT,) if frequent else ())
        return Placement(standing.subject_id, Outcome.REVIEW if opened else Outcome.NEW, reasons)

    def _objected(self, draft: Draft, links: Iterable[Assessed], objection: str) -> list[Assessed]:
        """Questions to a steward instead of links; none is about the draft beside itself."""
        found = (self._near.beside(draft, each) for each in links)
        return [Assessed(each.standing, "review", each.verdict, each.member, objection) for each in found if each]

    def _torn(self, draft: Draft, each: Assessed) -> list[tuple[Standing, bytes]]:
        """Members without a number that the mention, which has another, has as good a claim to as their subject."""
        words = self._near.words
        return [
            (each.standing, likeness)
            for likeness, member in each.standing.members.items()
            if not member.number
            and draft.kind.matcher.verdict(draft.traits, member.traits).outcome == "link"
            and not any(SAME in words[mine].values() for mine in member.mention_ids if mine in words)
        ]

    def _release(self, draft: Draft, owner: Standing, members: Mapping[bytes, Member], method: str) -> Standing:
        """A subject of their own for members that leave one, until a steward has decided.

        Mentions that touch two numbers stand alone, whichever number came first; what a number joins stays with it.
        """
        self._pending.write()
        subject_id = new_id("sub")
        standing = Standing(subject_id, owner.kind, (self._now.timestamp(), subject_id), dict(members))
        self._near.standings[subject_id] = standing
        self._index.keep([NewSubject(subject_id, owner.kind, self._now)], [])
        mention_ids = [mention_id for member in members.values() for mention_id in member.mention_ids]
        standing.spoken = owner.spoken.intersection(mention_ids)
        owner.spoken -= standing.spoken
        moved = self._index.move(mention_ids, subject_id)
        self._parts.follow(self._session, [Move(*row[:4], subject_id) for row in moved])
        for mention_id in mention_ids:
            self._log_move(mention_id, subject_id, owner.subject_id, draft.kind, method)
        for member in members.values():
            for key in self._drafting.keys(draft.kind, member.traits):
                self._near.by_key[key][subject_id] = None
        self._pending.counts["released"] += len(mention_ids)
        return standing

    def _unsettled(self, draft: Draft, standing: Standing) -> list[Assessed]:
        """Who leaves the subject that the draft joined by its number, because it had not been there to object.

        Whoever a number joined to what a record said before it changed stays: its registry says that both are one.
        """
        matcher, members = draft.kind.matcher, standing.members
        if not any(disagree(matcher, matcher.verdict(draft.traits, each.traits)) for each in members.values()):
            return []
        ids = {likeness: set(member.mention_ids) for likeness, member in members.items()}
        changed = draft.mention_id if self._near.is_known(draft) else b""
        held = self._index.held_by_number(set().union(*ids.values()), changed=changed)
        doubts = []
        for group in regrouped(matcher, members, self._near.words):
            inner = set().union(*(ids[likeness] for likeness in group))
            if draft.likeness in group or any((one in inner) != (other in inner) for one, other in held):
                continue
            leaving = {likeness: members.pop(likeness) for likeness in group}
            member = next(iter(leaving.values()))
            verdict = matcher.verdict(draft.traits, member.traits)
            alone = self._release(draft, standing, leaving, CHAIN)
            doubts.append(Assessed(alone, "review", verdict, member, CHAIN))
        return doubts

    def _join(self, draft: Draft, links: Sequence[Assessed], doubts: list[Assessed]) -> Placement:
        first, *others = links
        standing, matcher = first.standing, draft.kind.matcher
        self._keep(draft, standing.subject_id)
        self._log(draft, standing.subject_id, "linked", first)
        for other in others:
            if self._near.are_parted(standing, other.standing) or not may_merge(matcher, standing, other.standing):
                doubts += self._objected(draft, [other], JOINS_TWO)
            else:
                standing = self._merge(draft, standing, other)
        self._near.add(draft, standing)
        if first.verdict.is_by_number:
            doubts += self._unsettled(draft, standing)
        self._open(draft, [each for each in doubts if not self._near.are_parted(standing, each.standing)])
        self._pending.counts["linked"] += 1
        return Placement(standing.subject_id, Outcome.LINKED, first.reasons)

    def _merge(self, draft: Draft, one: Standing, link: Assessed) -> Standing:
        """The older of the two subjects answers for both from now on."""
        survivor, loser = sorted((one, link.standing), key=lambda each: each.order)
        self._pending.write()
        everyone = [each.mention_id for each in self._index.mentions_of(loser.subject_id, gone=True)]
        moved = self._index.move(everyone, survivor.subject_id)
        self._index.redirect(loser.subject_id, survivor.subject_id)
        self._log(draft, survivor.subject_id, "merged", link, from_subject=loser.subject_id)
        for *_, mention_id in moved:
            if mention_id != draft.mention_id:
                self._log_move(mention_id, survivor.subject_id, loser.subject_id, draft.kind, "merged")
        self._parts.follow(self._session, [Move(*row[:4], survivor.subject_id) for row in moved])
        for likeness, member in loser.members.items():
            for mention_id in member.mention_ids:
                survivor.add(likeness, member.traits, mention_id, member.number)
        survivor.spoken |= loser.spoken
        self._near.redirects[loser.subject_id] = survivor.subject_id
        self._pending.counts["merged"] += 1
        return survivor

    def _log_move(self, mention_id: bytes, to_subject: str, from_subject: str, kind: Kind, method: str) -> None:
        self._pending.links.append(
            NewLink(
                to_subject, mention_id, None, "moved", from_subject, method, None, _NOTHING, as_json([method]),
                kind.model.version, ACTOR, self._now,
            )
        )  # fmt: skip

    def _alone(self, draft: Draft, reason: str) -> Standing:
        subject_id = new_id("sub")
        self._pending.subjects.append(NewSubject(subject_id, draft.kind.model.kind, self._now))
        standing = Standing(subject_id, draft.kind.model.kind, (self._now.timestamp(), subject_id))
        self._near.add(draft, standing)
        self._near.standings[subject_id] = standing
        self._keep(draft, subject_id)
        self._pending.links.append(
            NewLink(
                subject_id, draft.mention_id, None, "new", None, "new", None, _NOTHING, reason,
                draft.kind.model.version, ACTOR, self._now,
            )
        )  # fmt: skip
        self._pending.counts["new"] += 1
        return standing

    def _keep(self, draft: Draft, subject_id: str) -> None:
        mention, vault = draft.mention, self._parts.vault
        said = {"fields": dict(mention.fields), "key": mention.key, "as_of": (mention.as_of or self._now).isoformat()}
        self._pending.mentions.append(
            NewMention(
                subject_id, draft.mention_id, mention.registry, mention.export, mention.record, mention.role,
                mention.kind, mention.row, draft.likeness, vault.seal_traits(draft.mention_id, draft.text),
                vault.seal_said(draft.mention_id, said), b"".join(draft.keys), self._now,
            )
        )  # fmt: skip
        for key in draft.keys:
            self._near.by_key[key][subject_id] = None

    def _log(
        self, draft: Draft, subject_id: str, action: str, each: Assessed, *, from_subject: str | None = None
    ) -> None:
        self._pending.links.append(
            NewLink(
                subject_id, draft.mention_id, self._other(draft, each), action, from_subject, each.method,
                each.verdict.weight, each.verdict.weights_json, each.reasons_json, draft.kind.model.version,
                ACTOR, self._now,
            )
        )  # fmt: skip

    def _other(self, draft: Draft, each: Assessed) -> bytes | None:
        other = each.member.mention_ids[0]
        return None if other == draft.mention_id else other

    def _open(self, draft: Draft, doubts: Sequence[Assessed]) -> int:
        """How many review items wait for the mention: the strongest of each kind of doubt, and never many.

        Of two that a steward called different, which one it is has to be asked of both.
        """
        strongest: dict[tuple[str, str], Assessed] = {}
        for each in sorted(doubts, key=lambda doubt: doubt.order):
            whose = each.standing.subject_id if each.method == BETWEEN else ""
            strongest.setdefault((each.method, whose), each)
        chosen = list(strongest.values())[:_REVIEWS_PER_MENTION]
        for each in chosen:
            low, high = sorted((draft.mention_id, each.member.mention_ids[0]))
            self._pending.reviews.append(
                NewReview(
                    new_id("rev"), low, high, draft.kind.model.kind, each.verdict.weight,
                    each.verdict.weights_json, each.reasons_json, each.verdict.blocking, self._now,
                    draft.kind.model.version,
                )
            )  # fmt: skip
        self._pending.counts["review"] += bool(chosen)
        return len(chosen)

    def _settled(self, placement: Placement) -> Placement:
        """The placement under the subject that answers at the end of the chunk."""
        resolved = self._near.resolved(placement.subject_id or "")
        if resolved == placement.subject_id:
            return placement
        return Placement(resolved, placement.outcome, placement.reasons)
