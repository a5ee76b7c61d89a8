"""Subjects as they stand while a chunk is placed: who they are, what they hold, and whether a mention fits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final, Literal

from hub.identity.compare import Traits
from hub.identity.rules import Matcher, Verdict, as_json, partition
from hub.identity.traits import KeyMaker, are_compatible

APART: Final = "apart"
SAME: Final = "same"

HOLDS_ANOTHER_NUMBER: Final = "subject-holds-another-number"
HELD_APART: Final = "one-registry-holds-both"
CHAIN: Final = "others-of-the-subject-disagree"
BY_STEWARD: Final = "steward"
JOINS_TWO: Final = "would-join-two-subjects"
TORN: Final = "touches-two-numbers"
BETWEEN: Final = "fits-two-kept-apart"
SAME_RECORD: Final = "same-record"
STATES_ANOTHER_NUMBER: Final = "states-another-number"
STATES_BOTH_NUMBERS: Final = "states-both-numbers"

_RANK: Final = {"link": 3, "review": 2, "open": 1, "apart": 0}


@dataclass(slots=True)
class Member:
    """Mentions of a subject that are alike in everything that is compared."""

    traits: Traits
    mention_ids: list[bytes]
    number: str
    _keys: frozenset[str] | None = None

    def paired_by(self, keys: KeyMaker) -> frozenset[str]:
        """The keys by which its kind's model pairs it; made once, for everybody who lives at one address asks."""
        if self._keys is None:
            self._keys = frozenset(keys(self.traits))
        return self._keys


@dataclass(slots=True)
class Standing:
    """A subject with its members; ``order`` puts older subjects first.

    ``spoken``: its mentions of which stewards have spoken, withdrawn ones too: what was said of them holds for whoever
    is left.
    """

    subject_id: str
    kind: str
    order: tuple[float, str]
    members: dict[bytes, Member] = field(default_factory=dict)
    spoken: set[bytes] = field(default_factory=set)

    @property
    def numbers(self) -> set[str]:
        """The valid numbers that its mentions state."""
        return {member.number for member in self.members.values() if member.number}

    def add(self, likeness: bytes, traits: Traits, mention_id: bytes, number: str) -> None:
        """The mention is one of its members."""
        known = self.members.get(likeness)
        if known is None:
            self.members[likeness] = Member(traits, [mention_id], number)
        else:
            known.mention_ids.append(mention_id)


@dataclass(frozen=True, slots=True)
class Assessed:
    """What a mention and a subject come to: the verdict on the member that speaks for it most, and what objects."""

    standing: Standing
    outcome: Literal["link", "review", "apart", "open"]
    verdict: Verdict
    member: Member
    objection: str = ""

    @property
    def order(self) -> tuple[bool, bool, float, tuple[float, str]]:
        """Best first: by a steward's word, then by number, then by weight, then the older subject."""
        return (
            self.objection != BY_STEWARD,
            not self.verdict.is_by_number,
            -self.verdict.weight,
            self.standing.order,
        )

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, as codes."""
        return (self.objection, *self.verdict.reasons) if self.objection else self.verdict.reasons

    @property
    def reasons_json(self) -> str:
        """The reasons as they stand in the log."""
        return as_json(self.reasons) if self.objection else self.verdict.reasons_json

    @property
    def method(self) -> str:
        """What decided."""
        return self.objection or self.verdict.method


def assess(
    matcher: Matcher, traits: Traits, number: str, standing: Standing, words: Mapping[bytes, str]
) -> Assessed | None:
    """What a mention with ``traits`` comes to against the whole of a subject; None for a subject without members.

    ``words``: what a steward has said of the mention and another, by the other's id.
    """
    best: tuple[int, float] = (-1, 0.0)
    chosen: tuple[Verdict, Member] | None = None
    verdicts: list[tuple[Verdict, Member]] = []
    for member in standing.members.values():
        verdict = matcher.verdict(traits, member.traits)
        verdicts.append((verdict, member))
        rank = (_RANK[verdict.outcome], verdict.weight)
        if rank > best:
            best, chosen = rank, (verdict, member)
    if chosen is None:
        return None
    verdict, member = chosen
    said = words and _said(words, standing)
    if said:
        return Assessed(standing, "link" if said == SAME else "apart", verdict, member, BY_STEWARD)
    if verdict.outcome != "link":
        return Assessed(standing, verdict.outcome, verdict, member)
    objection = _objection(matcher, verdict, verdicts, number, standing)
    return Assessed(standing, "review" if objection else "link", verdict, member, objection)


def _said(words: Mapping[bytes, str], standing: Standing) -> str | None:
    """Apart outranks same: what was called different is never joined through a third."""
    said = {words[each] for each in standing.spoken if each in words}
    return APART if APART in said else SAME if said else None


def _objection(
    matcher: Matcher, verdict: Verdict, verdicts: list[tuple[Verdict, Member]], number: str, standing: Standing
) -> str:
    """Why a subject as a whole does not take in what one of its members would; empty when it does."""
    if number and not are_compatible([number], standing.numbers):
        return HOLDS_ANOTHER_NUMBER
    if any(each.levels.get("list") == "same" and each.outcome != "link" for each, _ in verdicts):
        return HELD_APART
    if not verdict.is_by_number and any(disagree(matcher, each) for each, _ in verdicts):
        return CHAIN
    return ""


def disagree(matcher: Matcher, verdict: Verdict) -> bool:
    """True of two mentions that are apart by far and have no number in common: nothing but a number joins them."""
    return verdict.outcome == "apart" and verdict.weight < matcher.model.fracture_bits and not verdict.is_by_number


def regrouped(
    matcher: Matcher, members: Mapping[bytes, Member], words: Mapping[bytes, Mapping[bytes, str]]
) -> list[list[bytes]]:
    """The subjects that members come to when all are looked at together, as a bulk run does, in any order.

    Args:
        matcher: the model at work.
        members: by what they are alike in.
        words: what stewards have said of two mentions.
    """
    links: list[tuple[bytes, bytes, float]] = []
    apart: list[tuple[bytes, bytes]] = []
    for (one, left), (other, right) in combinations(members.items(), 2):
        verdict = matcher.verdict(left.traits, right.traits)
        said = {
            words[each][its]
            for each in left.mention_ids
            if each in words
            for its in right.mention_ids
            if its in words[each]
        }
        if SAME in said or (verdict.outcome == "link" and APART not in said):
            links.append((one, other, verdict.weight))
        elif APART in said or disagree(matcher, verdict):
            apart.append((one, other))
    return partition(
        list(members),
        links,
        number_of=lambda each: members[each].number,
        kept_apart=apart,
        order_of=lambda each: members[each].traits,
    )


def may_merge(matcher: Matcher, one: Standing, other: Standing) -> bool:
    """True when nothing in either subject speaks against their being one."""
    if not are_compatible(one.numbers, other.numbers):
        return False
    for left in one.members.values():
        for right in other.members.values():
            verdict = matcher.verdict(left.traits, right.traits)
            if verdict.levels.get("list") == "same" and verdict.outcome != "link":
                return False
            if verdict.outcome == "apart" and verdict.weight < matcher.model.fracture_bits:
                return False
    return True
