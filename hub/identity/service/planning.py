"""What joining or parting two mentions comes to, found before anything is written; the same plan is shown and done."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from hub.errors import Conflict, Missing
from hub.identity.rules import components
from hub.identity.service.standing import APART, SAME
from hub.identity.store import IndexStore, KeptMention, KeptWord, ReviewStore, Session

Pair = tuple[bytes, bytes]
Join = tuple[int, bytes, bytes]
"""A line of the link log that holds two mentions together: its number and both."""


@dataclass(frozen=True, slots=True)
class Joining:
    """Two subjects become one: ``loser`` redirects to ``survivor``; ``mover`` is the one of the pair that moves."""

    survivor: str
    loser: str
    mover: bytes
    anchor: bytes
    moving: tuple[KeptMention, ...]


@dataclass(frozen=True, slots=True)
class Parting:
    """One subject becomes two: ``moving`` leaves for ``home`` (None: an id still to be made); ``cut`` is undone.

    ``redirects``: of the ids that had been merged into the subject, those that somebody else answers for from then on;
    None stands for the home. ``overruled``: pairs that a steward called the same before.
    """

    subject_id: str
    kind: str
    home: str | None
    cut: tuple[Join, ...]
    moving: tuple[KeptMention, ...]
    redirects: Mapping[str, str | None] = field(default_factory=dict)
    overruled: tuple[Pair, ...] = ()


class Planner:
    """Reads the index; writes nothing."""

    def __init__(self, session: Session) -> None:
        self._index = IndexStore(session)
        self._reviews = ReviewStore(session)

    def both(self, pair: Pair) -> tuple[KeptMention, KeptMention]:
        """The two mentions.

        Raises:
            Missing: one of them is not in the index.
        """
        found = self._index.mentions(pair)
        if len(found) < len(pair):
            raise Missing(
                "identity.record-gone", "A record of the pair is not in the index any more.", "相关登记信息已撤回。"
            )
        return found[pair[0]], found[pair[1]]

    def joining(self, pair: Pair, *, overrule: bool = False) -> Joining | None:
        """What makes the two one subject; None when they are.

        Args:
            pair: the mentions.
            overrule: whatever a steward said of this very pair does not count.

        Raises:
            Missing: one of them is not in the index.
            Conflict: a steward has called a mention of the one and a mention of the other different.
        """
        left, right = self.both(pair)
        if left.subject_id == right.subject_id:
            return None
        for word in self._reviews.words_between(left.subject_id, right.subject_id):
            if word.verdict == APART and not (overrule and set(word.pair) == set(pair)):
                raise _kept_apart(word)
        age = self._index.subjects([left.subject_id, right.subject_id])
        survivor, loser = sorted((left.subject_id, right.subject_id), key=lambda each: (age[each][1], each))
        mover, anchor = (left, right) if left.subject_id == loser else (right, left)
        moving = tuple(self._index.mentions_of(loser, gone=True))
        return Joining(survivor, loser, mover.mention_id, anchor.mention_id, moving)

    def parting(self, pair: Pair) -> Parting | None:
        """What makes the two mentions of one subject two subjects' again; None when they are.

        The link log is replayed without the joins that held the pair together, the youngest on each way from the one
        to the other. Each side keeps what was linked to it; an id that had been merged away answers for its own again,
        as do those that had been merged into it before.

        Raises:
            Missing: one of them is not in the index.
        """
        left, right = self.both(pair)
        if left.subject_id != right.subject_id:
            return None
        return _Division(self._index, self._reviews, left.subject_id, pair).parting()


class _Division:
    """One subject under division."""

    def __init__(self, index: IndexStore, reviews: ReviewStore, subject_id: str, pair: Pair) -> None:
        self._index = index
        self._reviews = reviews
        self._subject_id = subject_id
        self._pair = pair
        self._mentions = {each.mention_id: each for each in index.mentions_of(subject_id, gone=True)}

    def parting(self) -> Parting:
        cut, groups = self._cut()
        staying = self._staying(groups)
        moving = next(group for group in groups if group is not staying and set(group) & set(self._pair))
        home, redirects = self._homes(set(moving))
        return Parting(
            self._subject_id,
            self._mentions[moving[0]].kind,
            home,
            tuple(cut),
            tuple(self._mentions[each] for each in moving),
            redirects,
            self._overruled(cut),
        )

    def _cut(self) -> tuple[list[Join], list[list[bytes]]]:
        """The joins to undo, of each way the youngest, until the pair is apart; and the groups that remain."""
        standing = [join for join in self._index.edges_among(self._mentions) if join[2] in self._mentions]
        cut: list[Join] = []
        while way := _way_between(standing, self._pair):
            youngest = max(way)
            cut.append(youngest)
            standing.remove(youngest)
        return cut, components(list(self._mentions), [(left, right) for _, left, right in standing])

    def _overruled(self, cut: Sequence[Join]) -> tuple[Pair, ...]:
        """Pairs that a steward called the same and whose join is undone; the younger word stands."""
        undone = {frozenset(join[1:]) for join in cut} - {frozenset(self._pair)}
        said = self._reviews.verdicts_about(list(self._mentions)) if undone else []
        return tuple((low, high) for low, high, word in said if word == SAME and frozenset((low, high)) in undone)

    def _staying(self, groups: Sequence[list[bytes]]) -> list[bytes]:
        """Of the two sides the one that keeps the id: where its first mention stands, else the longest known."""
        sides = [group for group in groups if set(group) & set(self._pair)]
        founder = self._founders.get(self._subject_id)
        for side in sides:
            if founder in side:
                return side
        return min(sides, key=lambda side: min((self._mentions[each].added_at, each) for each in side))

    @cached_property
    def _aliases(self) -> list[str]:
        return [each for each in self._index.aliases(self._subject_id) if each != self._subject_id]

    @cached_property
    def _founders(self) -> dict[str, bytes]:
        return self._reviews.founders([self._subject_id, *self._aliases])

    def _homes(self, moving: set[bytes]) -> tuple[str | None, dict[str, str | None]]:
        """The id that the leaving side has, and who answers from then on for every id that was merged."""
        leaving = [each for each in self._aliases if self._founders.get(each) in moving]
        known = self._index.subjects(self._aliases)
        into = {each: known[each][2] for each in self._aliases}
        uppermost = [each for each in leaving if into[each] not in leaving]
        home = min(uppermost, key=lambda each: (known[each][1], each), default=None)
        redirects: dict[str, str | None] = {each: home for each in uppermost if each != home}
        redirects |= {each: self._subject_id for each in self._aliases if each not in leaving and into[each] in leaving}
        return home, redirects


def _way_between(joins: Iterable[Join], pair: Pair) -> list[Join]:
    """The joins on one shortest way from the one to the other; nothing when there is none."""
    beside: dict[bytes, list[Join]] = defaultdict(list)
    for join in joins:
        beside[join[1]].append(join)
        beside[join[2]].append(join)
    reached: dict[bytes, Join | None] = {pair[0]: None}
    queue = [pair[0]]
    for node in queue:
        for join in beside[node]:
            other = join[2] if join[1] == node else join[1]
            if other not in reached:
                reached[other] = join
                queue.append(other)
    way: list[Join] = []
    node = pair[1]
    while (step := reached.get(node)) is not None:
        way.append(step)
        node = step[2] if step[1] == node else step[1]
    return way


def _kept_apart(word: KeptWord) -> Conflict:
    return Conflict(
        "identity.kept-apart",
        "Two records of these subjects were called different by a steward; to take that back, join those two by name"
        " and say that the earlier decision is overruled.",
        "已有数据管理员判定其中两条登记信息不是同一主体；如要撤销，请直接归并这两条登记信息，并注明推翻原决定。",
        decided_on=word.at.date().isoformat(),
        review=word.review_id,
        registries=list(word.registries),
        records=list(word.records),
        roles=list(word.roles),
    )
