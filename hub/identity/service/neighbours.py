"""Neighbours 邻近主体: the subjects that matter to a chunk, and what a mention comes to against each of them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from hub.identity.compare import Traits
from hub.identity.rules import Verdict
from hub.identity.service.drafting import Draft, Drafting
from hub.identity.service.parts import Kind, Parts
from hub.identity.service.standing import (
    APART,
    BETWEEN,
    BY_STEWARD,
    SAME_RECORD,
    STATES_ANOTHER_NUMBER,
    STATES_BOTH_NUMBERS,
    TORN,
    Assessed,
    Member,
    Standing,
    assess,
)
from hub.identity.store.looking import Looked
from hub.identity.traits import CIRCUMSTANCES, are_compatible, family_of


class Neighbours:
    """Everybody in the index whom a chunk could concern, as they stand while it is placed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.standings: dict[str, Standing] = {}
        self.by_key: dict[bytes, dict[str, None]] = defaultdict(dict)
        self.words: dict[bytes, dict[bytes, str]] = defaultdict(dict)
        self.redirects: dict[str, str] = {}
        self._previous: dict[bytes, tuple[str, Traits]] = {}
        self._said: dict[bytes, bytes] = {}

    def take(self, found: Looked) -> None:
        """Whoever was found is at hand."""
        self.by_key.update(found.hits)
        self._stand_up(found)
        self._said = found.said
        own = {mention_id for _, mention_id, *_ in found.before}
        for subject_id, mention_id, sealed, _ in found.before:
            if sealed:  # an erasure may have taken what it said
                self._previous[mention_id] = (subject_id, self._parts.vault.open_traits(mention_id, sealed))
        for low, high, word, here, subject_id in found.words:
            self.words[low][high] = self.words[high][low] = word
            if subject_id in self.standings and here not in own:
                self.standings[subject_id].spoken.add(here)

    def add(self, draft: Draft, standing: Standing) -> None:
        """The draft is one of the subject's members."""
        standing.add(draft.likeness, draft.traits, draft.mention_id, draft.number)
        if draft.mention_id in self.words:
            standing.spoken.add(draft.mention_id)

    def _stand_up(self, found: Looked) -> None:
        for subject_id, (kind, created_at) in found.subjects.items():
            self.standings[subject_id] = Standing(subject_id, kind, (created_at.timestamp(), subject_id))
        opened: dict[tuple[str, bytes], Member] = {}
        for subject_id, mention_id, likeness, sealed in found.members:
            standing = self.standings[subject_id]
            if (subject_id, likeness) in opened:
                opened[subject_id, likeness].mention_ids.append(mention_id)
                continue
            traits = self._parts.vault.open_traits(mention_id, sealed)
            standing.add(likeness, traits, mention_id, self._parts.kinds[standing.kind].valid_number(traits))
            opened[subject_id, likeness] = standing.members[likeness]

    def is_known(self, draft: Draft) -> bool:
        """True when the draft's record was here before."""
        return draft.mention_id in self._previous

    def is_unheard_of(self, draft: Draft) -> bool:
        """True of most: nobody else states any of it, and no steward has spoken of it."""
        known = self.is_known(draft) or draft.mention_id in self.words
        return not known and self.by_key.keys().isdisjoint(draft.keys)

    def resolved(self, subject_id: str) -> str:
        """The subject that answers for it by now."""
        while subject_id in self.redirects:
            subject_id = self.redirects[subject_id]
        return subject_id

    def before(self, draft: Draft) -> Traits | None:
        """What the draft's record said before, as far as it is compared; None of a record that is new."""
        _, old = self._previous.get(draft.mention_id, ("", None))
        return old if old is not None and len(old) == len(draft.traits) else None

    def remembered(self, draft: Draft, drafting: Drafting) -> Draft:
        """The draft with the numbers that its record stated before, where it tells of the same person still."""
        old = self.before(draft)
        if old is None:
            return draft
        said = self._parts.vault.open_said(draft.mention_id, self._said[draft.mention_id])
        return drafting.remembering(draft, old, said["fields"])

    def assessed(self, draft: Draft) -> list[Assessed]:
        """Every subject that a key points at, assessed."""
        candidates = self._candidates(draft)
        words = self.words.get(draft.mention_id, {})
        for other in words:
            candidates.update(dict.fromkeys(self._holding(other)))
        found = [self._assess(draft, subject_id, words) for subject_id in candidates]
        kept = [each for each in found if each is not None]
        continued = self._continued(draft, kept)
        if continued is None:
            return kept
        return [continued, *(each for each in kept if each.standing is not continued.standing)]

    def _candidates(self, draft: Draft) -> dict[str, None]:
        """The subjects that share a key of the model with the draft; a circumstance alone points at nobody."""
        told: dict[str, None] = {}
        beside: dict[str, None] = {}
        for key, text in draft.keys.items():
            behind = (self.resolved(each) for each in self.by_key.get(key, ()))
            (beside if family_of(text) in CIRCUMSTANCES else told).update(dict.fromkeys(behind))
        others = [each for each in beside if each not in told]
        if others:
            keys = frozenset(draft.kind.keys(draft.traits))
            told.update(dict.fromkeys(each for each in others if self._shares(draft.kind, each, keys)))
        return told

    def _shares(self, kind: Kind, subject_id: str, keys: frozenset[str]) -> bool:
        standing = self.standings[subject_id]
        return standing.kind == kind.model.kind and any(
            not keys.isdisjoint(member.paired_by(kind.keys)) for member in standing.members.values()
        )

    def _assess(self, draft: Draft, subject_id: str, words: dict[bytes, str]) -> Assessed | None:
        standing = self.standings[subject_id]
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
        return any(self.resolved(each) == standing.subject_id for key in numbers for each in self.by_key.get(key, ()))

    def _holding(self, mention_id: bytes) -> list[str]:
        return [each.subject_id for each in self.standings.values() if mention_id in each.spoken]

    def _continued(self, draft: Draft, assessed: list[Assessed]) -> Assessed | None:
        """The subject that the record belonged to before it changed, unless the record now tells of somebody else.

        Where others of the subject state another valid number, its own earlier one has to be theirs, or a steward is
        asked.
        """
        old = self.before(draft)
        if old is None:
            return None
        standing = self.standings[self.resolved(self._previous[draft.mention_id][0])]
        if standing.kind != draft.kind.model.kind:
            return None
        verdict = draft.kind.matcher.verdict(old, draft.traits)
        same_name = verdict.levels["name"] not in ("different", "missing")
        if not same_name and not verdict.is_by_number:
            return None
        current = next((each for each in assessed if each.standing is standing), None)
        if current is not None and current.objection:
            return None
        if draft.number and not are_compatible([draft.number], standing.numbers):
            return self._by_another_number(draft, standing) or self._of_another_number(draft, standing)
        return Assessed(standing, "link", verdict, Member(old, [draft.mention_id], ""), SAME_RECORD)

    def _of_another_number(self, draft: Draft, standing: Standing) -> Assessed:
        """A question about the record and whoever else of its subject states another number."""
        numbered = [member for member in standing.members.values() if member.number]
        verdict, member = _nearest(draft, numbered)
        return Assessed(standing, "review", verdict, member, STATES_ANOTHER_NUMBER)

    def beside(self, draft: Draft, each: Assessed) -> Assessed | None:
        """The same seen beside another record: where it was an earlier version of the draft, beside who is nearest.

        None where the subject has nobody else.
        """
        if draft.mention_id not in each.member.mention_ids:
            return each
        if not each.standing.members:
            return None
        verdict, member = _nearest(draft, each.standing.members.values())
        return replace(each, verdict=verdict, member=member)

    def tears(self, draft: Draft, links: Sequence[Assessed], others: Sequence[Assessed]) -> str:
        """Why nobody but a steward says whose the draft is, which fits subjects that are two for certain; else "".

        They are two when they hold two numbers, of which the draft has none, or when a steward called them different.
        It fits one of ``others`` too where nothing but a list that holds both speaks against it: the row may replace
        that one.
        """
        said = {each.objection for each in links}
        if BY_STEWARD in said:
            return ""
        pairs = [(one.standing, other.standing) for one, other in combinations(links, 2)]
        if not draft.number and any(not are_compatible(one.numbers, other.numbers) for one, other in pairs):
            return TORN
        if SAME_RECORD in said:
            return ""
        parted = [(one, other) for one in links for other in others if self.are_parted(one.standing, other.standing)]
        replaces = any(_may_replace(draft, other.standing) for _, other in parted)
        return BETWEEN if replaces or any(self.are_parted(*pair) for pair in pairs) else ""

    def claimed(self, draft: Draft, links: Sequence[Assessed], others: Sequence[Assessed]) -> list[Assessed]:
        """Links to subjects without a number that are as well of one of ``others``, which holds another than the draft.

        Whoever touches two numbers stands alone until a steward has decided, also when a third record comes to one.
        """
        numbers = {draft.number}.union(*(each.standing.numbers for each in links)) - {""}
        rivals = [
            each.standing
            for each in others
            if numbers and each.standing.numbers and not are_compatible(numbers, each.standing.numbers)
        ]
        return [
            each
            for each in links
            if not each.standing.numbers
            and each.objection not in (BY_STEWARD, SAME_RECORD)
            and any(self._touches(draft.kind, each.standing, rival) for rival in rivals)
        ]

    def _touches(self, kind: Kind, one: Standing, other: Standing) -> bool:
        return not self.are_parted(one, other) and any(
            kind.matcher.verdict(mine.traits, its.traits).outcome == "link"
            for mine in one.members.values()
            for its in other.members.values()
        )

    def are_parted(self, one: Standing, other: Standing) -> bool:
        """True when a steward has called a mention of the one and a mention of the other different."""
        return any(self.words[mine].get(its) == APART for mine in one.spoken for its in other.spoken)


def _may_replace(draft: Draft, standing: Standing) -> bool:
    """True when a member of the subject stands on one list with the draft and would be linked if it did not."""
    kind = draft.kind
    unlisted = kind.unlisted(draft.traits)
    return any(
        kind.matcher.verdict(draft.traits, each.traits).levels.get("list") == "same"
        and kind.matcher.verdict(unlisted, each.traits).outcome == "link"
        for each in standing.members.values()
    )


def _nearest(draft: Draft, members: Iterable[Member]) -> tuple[Verdict, Member]:
    """Of members, the one that speaks most for being the draft's."""
    judged = [(draft.kind.matcher.verdict(draft.traits, member.traits), member) for member in members]
    return max(judged, key=lambda each: each[0].weight)
