"""Placing 归集: whose is each mention of a chunk, decided one after the other and kept by the thousand."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from hub.identity.model import Mention, Move, Outcome, Placement
from hub.identity.rules import as_json
from hub.identity.service.drafting import Draft, Drafting
from hub.identity.service.parts import ACTOR, Kind, Parts
from hub.identity.service.pending import Pending
from hub.identity.service.standing import (
    APART,
    BY_STEWARD,
    CHAIN,
    HOLDS_ANOTHER_NUMBER,
    JOINS_TWO,
    SAME,
    SAME_RECORD,
    STATES_BOTH_NUMBERS,
    TORN,
    Assessed,
    Member,
    Standing,
    assess,
    disagree,
    may_merge,
    regrouped,
)
from hub.identity.store import IndexStore, NewLink, NewMention, NewReview, NewSubject, Session
from hub.identity.store.looking import Looked
from hub.identity.traits import CIRCUMSTANCES, Context, are_compatible, family_of
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
        self._standings: dict[str, Standing] = {}
        self._by_key: dict[bytes, dict[str, None]] = defaultdict(dict)
        self._previous: dict[bytes, tuple[str, bytes]] = {}
        self._words: dict[bytes, dict[bytes, str]] = defaultdict(dict)
        self._redirects: dict[str, str] = {}

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
        self._by_key.update(found.hits)
        self._stand_up(found)
        self._previous = {mention_id: (subject_id, traits) for subject_id, mention_id, traits, _ in found.before}
        for low, high, word in found.words:
            self._words[low][high] = self._words[high][low] = word

    def _stand_up(self, found: Looked) -> None:
        for subject_id, (kind, created_at) in found.subjects.items():
            self._standings[subject_id] = Standing(subject_id, kind, (created_at.timestamp(), subject_id))
        opened: dict[tuple[str, bytes], Member] = {}
        for subject_id, mention_id, likeness, sealed in found.members:
            standing = self._standings[subject_id]
            if (subject_id, likeness) in opened:
                opened[subject_id, likeness].mention_ids.append(mention_id)
                continue
            traits = self._parts.vault.open_traits(mention_id, sealed)
            standing.add(likeness, traits, mention_id, self._parts.kinds[standing.kind].valid_number(traits))
            opened[subject_id, likeness] = standing.members[likeness]

    def _place(self, draft: Draft) -> Placement:
        if self._is_unheard_of(draft):
            return Placement(self._alone(draft, _ALONE).subject_id, Outcome.NEW, ())
        heard, frequent = self._drafting.heard(draft, self._by_key)
        assessed = self._assessed(heard)
        links = sorted((each for each in assessed if each.outcome == "link"), key=lambda each: each.order)
        doubts = [each for each in assessed if each.outcome == "review"]
        if not heard.number and self._is_torn(links):
            doubts += [self._objected(each, TORN) for each in links]
            links = []
        if links:
            return self._join(draft, links, doubts)
        released = [
            member for each in doubts if each.objection == HOLDS_ANOTHER_NUMBER for member in self._torn(draft, each)
        ]
        standing = self._alone(draft, _WAITS if doubts else _ALONE)
        for owner, likeness in released:
            torn = owner.members.pop(likeness)
            for mention_id in torn.mention_ids:
                self._release(draft, owner, {likeness: Member(torn.traits, [mention_id], "")}, TORN)
        opened = self._open(draft, doubts)
        reasons = tuple(each.method for each in doubts) if opened else ((TOO_FREQUENT,) if frequent else ())
        return Placement(standing.subject_id, Outcome.REVIEW if opened else Outcome.NEW, reasons)

    def _is_unheard_of(self, draft: Draft) -> bool:
        """True of most: nobody else states any of it, and no steward has spoken of it."""
        known = draft.mention_id in self._previous or draft.mention_id in self._words
        return not known and self._by_key.keys().isdisjoint(draft.keys)

    def _candidates(self, draft: Draft) -> dict[str, None]:
        """The subjects that share a key of the model with the draft; a circumstance alone points at nobody."""
        told: dict[str, None] = {}
        beside: dict[str, None] = {}
        for key, text in draft.keys.items():
            behind = (self._resolved(each) for each in self._by_key.get(key, ()))
            (beside if family_of(text) in CIRCUMSTANCES else told).update(dict.fromkeys(behind))
        others = [each for each in beside if each not in told]
        if others:
            keys = frozenset(draft.kind.keys(draft.traits))
            told.update(dict.fromkeys(each for each in others if self._shares(draft.kind, each, keys)))
        return told

    def _shares(self, kind: Kind, subject_id: str, keys: frozenset[str]) -> bool:
        standing = self._standings[subject_id]
        return standing.kind == kind.model.kind and any(
            not keys.isdisjoint(kind.keys(member.traits)) for member in standing.members.values()
        )

    def _assessed(self, draft: Draft) -> list[Assessed]:
        """Every subject that a key points at, assessed."""
        candidates = self._candidates(draft)
        words = self._words.get(draft.mention_id, {})
        for other in words:
            candidates.update(dict.fromkeys(self._holding(other)))
        found = [self._assess(draft, subject_id, words) for subject_id in candidates]
        kept = [each for each in found if each is not None]
        continued = self._continued(draft, kept)
        if continued is None:
            return kept
        return [continued, *(each for each in kept if each.standing is not continued.standing)]

    def _assess(self, draft: Draft, subject_id: str, words: dict[bytes, str]) -> Assessed | None:
        standing = self._standings[subject_id]
        if standing.kind != draft.kind.model.kind:
            return None
        found = assess(draft.kind.matcher, draft.traits, draft.number, standing, words)
        if found is None or found.outcome == "link" or found.objection == BY_STEWARD or not draft.number:
            return found
        return self._by_another_number(draft, standing) or found

    def _by_another_number(self, draft: Draft, standing: Standing) -> Assessed | None:
        """A link where one of the two states the other's number beside its own: a corrected number in one row.

        A subject that stands behind the draft's number without a member of that number states it as a further one.
        """
        kind, numbers = draft.kind, standing.numbers
        pairs = [(traits, member.traits, member) for traits in draft.otherwise for member in standing.members.values()]
        if numbers and draft.number not in numbers and self._is_behind(standing, draft):
            pairs += [
                (draft.traits, kind.with_number_of(member.traits, draft.traits), member)
                for member in standing.members.values()
            ]
        for one, other, member in pairs:
            verdict = kind.matcher.verdict(one, other)
            if verdict.outcome == "link" and verdict.is_by_number:
                return Assessed(standing, "link", verdict, member, STATES_BOTH_NUMBERS)
        return None

    def _is_behind(self, standing: Standing, draft: Draft) -> bool:
        numbers = (key for key, text in draft.keys.items() if draft.kind.stated_by(text) == "number")
        return any(self._resolved(each) == standing.subject_id for key in numbers for each in self._by_key.get(key, ()))

    def _holding(self, mention_id: bytes) -> list[str]:
        return [
            standing.subject_id
            for standing in self._standings.values()
            if any(mention_id in member.mention_ids for member in standing.members.values())
        ]

    def _continued(self, draft: Draft, assessed: list[Assessed]) -> Assessed | None:
        """The subject that the record belonged to before it changed, unless the record now tells of somebody else."""
        if draft.mention_id not in self._previous:
            return None
        subject_id, sealed = self._previous[draft.mention_id]
        standing = self._standings[self._resolved(subject_id)]
        old = self._parts.vault.open_traits(draft.mention_id, sealed)
        verdict = draft.kind.matcher.verdict(old, draft.traits) if len(old) == len(draft.traits) else None
        if verdict is None or standing.kind != draft.kind.model.kind:
            return None
        same_name = verdict.levels["name"] not in ("different", "missing")
        if not same_name and not verdict.is_by_number:
            return None
        current = next((each for each in assessed if each.standing is standing), None)
        if current is not None and current.objection:
            return None
        if draft.number and not are_compatible([draft.number], standing.numbers):
            return None
        member = Member(old, [draft.mention_id], "")
        return Assessed(standing, "link", verdict, member, SAME_RECORD)

    def _is_torn(self, links: Sequence[Assessed]) -> bool:
        return any(
            not are_compatible(one.standing.numbers, other.standing.numbers)
            for place, one in enumerate(links)
            for other in links[place + 1 :]
        )

    def _objected(self, each: Assessed, objection: str) -> Assessed:
        return Assessed(each.standing, "review", each.verdict, each.member, objection)

    def _torn(self, draft: Draft, each: Assessed) -> list[tuple[Standing, bytes]]:
        """Members without a number that the mention, which has another, has as good a claim to as their subject."""
        return [
            (each.standing, likeness)
            for likeness, member in each.standing.members.items()
            if not member.number
            and draft.kind.matcher.verdict(draft.traits, member.traits).outcome == "link"
            and not any(SAME in self._words[mine].values() for mine in member.mention_ids if mine in self._words)
        ]

    def _release(self, draft: Draft, owner: Standing, members: Mapping[bytes, Member], method: str) -> Standing:
        """A subject of their own for members that leave one, until a steward has decided.

        Mentions that touch two numbers stand alone, whichever number came first; what a number joins stays with it.
        """
        self._pending.write()
        subject_id = new_id("sub")
        standing = Standing(subject_id, owner.kind, (self._now.timestamp(), subject_id), dict(members))
        self._standings[subject_id] = standing
        self._index.keep([NewSubject(subject_id, owner.kind, self._now)], [])
        mention_ids = [mention_id for member in members.values() for mention_id in member.mention_ids]
        moved = self._index.move(mention_ids, subject_id)
        self._parts.follow(self._session, [Move(*row[:4], subject_id) for row in moved])
        for mention_id in mention_ids:
            self._log_move(mention_id, subject_id, owner.subject_id, draft.kind, method)
        for member in members.values():
            for key in self._drafting.keys(draft.kind, member.traits):
                self._by_key[key][subject_id] = None
        self._pending.counts["released"] += len(mention_ids)
        return standing

    def _unsettled(self, draft: Draft, standing: Standing) -> list[Assessed]:
        """Who leaves the subject that the draft joined by its number, because it had not been there to object."""
        matcher = draft.kind.matcher
        if not any(disagree(matcher, matcher.verdict(draft.traits, each.traits)) for each in standing.members.values()):
            return []
        doubts = []
        for group in regrouped(matcher, standing.members, self._words):
            if draft.likeness not in group:
                leaving = {likeness: standing.members.pop(likeness) for likeness in group}
                member = next(iter(leaving.values()))
                verdict = matcher.verdict(draft.traits, member.traits)
                alone = self._release(draft, standing, leaving, CHAIN)
                doubts.append(Assessed(alone, "review", verdict, member, CHAIN))
        return doubts

    def _join(self, draft: Draft, links: Sequence[Assessed], doubts: list[Assessed]) -> Placement:
        first, *others = links
        standing = first.standing
        self._keep(draft, standing.subject_id)
        self._log(draft, standing.subject_id, "linked", first)
        for other in others:
            if self._is_parted(standing, other.standing) or not may_merge(draft.kind.matcher, standing, other.standing):
                doubts.append(self._objected(other, JOINS_TWO))
            else:
                standing = self._merge(draft, standing, other)
        standing.add(draft.likeness, draft.traits, draft.mention_id, draft.number)
        if first.verdict.is_by_number:
            doubts += self._unsettled(draft, standing)
        self._open(draft, [each for each in doubts if not self._is_parted(standing, each.standing)])
        self._pending.counts["linked"] += 1
        return Placement(standing.subject_id, Outcome.LINKED, first.reasons)

    def _is_parted(self, one: Standing, other: Standing) -> bool:
        """True when a steward has called a mention of the one and a mention of the other different."""
        ids = {each for member in other.members.values() for each in member.mention_ids}
        return any(
            self._words[mine].get(each) == APART
            for member in one.members.values()
            for mine in member.mention_ids
            if mine in self._words
            for each in self._words[mine]
            if each in ids
        )

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
        self._redirects[loser.subject_id] = survivor.subject_id
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
        standing.add(draft.likeness, draft.traits, draft.mention_id, draft.number)
        self._standings[subject_id] = standing
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
            self._by_key[key][subject_id] = None

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
        """How many review items wait for the mention: the strongest of each kind of doubt, and never many."""
        strongest: dict[str, Assessed] = {}
        for each in sorted(doubts, key=lambda doubt: doubt.order):
            strongest.setdefault(each.method, each)
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

    def _resolved(self, subject_id: str) -> str:
        while subject_id in self._redirects:
            subject_id = self._redirects[subject_id]
        return subject_id

    def _settled(self, placement: Placement) -> Placement:
        """The placement under the subject that answers at the end of the chunk."""
        resolved = self._resolved(placement.subject_id or "")
        if resolved == placement.subject_id:
            return placement
        return Placement(resolved, placement.outcome, placement.reasons)
