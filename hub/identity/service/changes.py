"""Change sets 变更集 of bulk runs: the whole index resolved anew, and only what differs proposed, applied or discarded.

For the doors: ``IdentityService.changes`` has ``propose()``, ``find()``, ``require(change_id)``,
``apply(change_id, steward)`` and ``discard(change_id, steward)``; each returns ``ChangeSet`` values, in transactions of
their own. An item is ``{"what": "join" | "split" | "review", "pair": [mention, mention], "subjects": [id, id],
"method": rule, "weight": bits}``; it holds no personal data. Intake goes on meanwhile: whatever an item rests on is
checked again when the set is applied, and what has changed since is skipped with its reason.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from hub.audit.model import Entry
from hub.audit.store import append
from hub.errors import Conflict, Malformed, Missing
from hub.identity.bulk.loading import load_traits
from hub.identity.bulk.resolving import Resolving
from hub.identity.bulk.scratch import scratch_database
from hub.identity.compare import Traits
from hub.identity.rules import SCORE, components
from hub.identity.service.applying import Applying, Item
from hub.identity.service.parts import Kind, Parts
from hub.identity.service.planning import Pair
from hub.identity.service.standing import APART, SAME
from hub.identity.store import IndexStore, Session
from hub.identity.store.changes import ChangeStore, KeptChanges, Said
from hub.kernel.ids import new_id
from hub.storage.database import Database


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What a bulk run would change, or did: ``skipped`` items carry the reason ``why``."""

    change_id: str
    state: str
    models: tuple[str, ...]
    items: tuple[Item, ...]
    skipped: tuple[Item, ...]
    proposed_at: datetime
    decided_at: datetime | None
    steward: str | None

    @property
    def counts(self) -> dict[str, int]:
        """How many items of each sort."""
        return {what: sum(item["what"] == what for item in self.items) for what in ("join", "split", "review")}


@dataclass(slots=True)
class _Indexed:
    """The living mentions of one kind as the run saw them, by their row."""

    mention_ids: list[bytes]
    subjects: list[str]
    likenesses: list[bytes]


class ChangeSets:
    """Bulk runs over the index in force."""

    def __init__(self, database: Database, parts: Parts, *, review_probable: bool = False) -> None:
        self._database = database
        self._parts = parts
        self._review_probable = review_probable

    def propose(self) -> ChangeSet:
        """Resolves the whole index with the models in force; an open change set says what would differ."""
        items: list[Item] = []
        with self._database.reading() as session:
            for kind in self._parts.kinds.values():
                items += self._differences(session, kind)
        change_id = new_id("chg")
        models = [kind.model.version for kind in self._parts.kinds.values()]
        with self._database.writing() as session:
            ChangeStore(session).keep(change_id, models, items, self._parts.clock.now())
        return self.require(change_id)

    def find(self, limit: int = 20) -> list[ChangeSet]:
        """The change sets, the youngest first."""
        with self._database.reading() as session:
            return [_shown(kept) for kept in ChangeStore(session).find(limit)]

    def require(self, change_id: str) -> ChangeSet:
        """That change set.

        Raises:
            Missing: there is none of that id.
        """
        with self._database.reading() as session:
            return _shown(_require(ChangeStore(session), change_id))

    def discard(self, change_id: str, steward: str) -> ChangeSet:
        """Nothing of it is done.

        Raises:
            Missing: there is none of that id.
            Conflict: it was applied or discarded before.
        """
        _signed(steward)
        with self._database.writing() as session:
            store = ChangeStore(session)
            _require(store, change_id)
            self._close(session, change_id, "discarded", steward, [])
        return self.require(change_id)

    def apply(self, change_id: str, steward: str) -> ChangeSet:
        """All of it is done in one transaction but what has changed since, which is skipped with its reason.

        Raises:
            Missing: there is none of that id.
            Conflict: it was applied or discarded before.
        """
        _signed(steward)
        with self._database.writing() as session:
            IndexStore(session).lock()
            kept = _require(ChangeStore(session), change_id)
            applying = Applying(self._parts, session, steward)
            skipped = [item | {"why": why} for item in kept.items if (why := applying.done(item))]
            self._close(session, change_id, "applied", steward, skipped)
        return self.require(change_id)

    def _close(self, session: Session, change_id: str, state: str, steward: str, skipped: Sequence[Item]) -> None:
        store = ChangeStore(session)
        if not store.close(change_id, state, steward, self._parts.clock.now(), skipped):
            raise Conflict(
                "identity.changes-decided",
                "This change set was applied or discarded before; propose a new one.",
                "该变更集已应用或已放弃，请重新生成。",
                change_set=change_id,
            )
        counts = {f"{what}s": count for what, count in _shown(_require(store, change_id)).counts.items()}
        entry = Entry(
            "link", {"action": f"changes-{state}", "change_set": change_id, **counts, "skipped": len(skipped)}
        )
        append(session, entry.with_claims(actor=entry.commit(steward)))

    def _differences(self, session: Session, kind: Kind) -> list[Item]:
        """What the bulk run over the mentions of one kind says otherwise than the index."""
        indexed = _Indexed([], [], [])
        with scratch_database() as con:
            load_traits(con, kind.model, self._traits(session, kind, indexed))
            if not indexed.mention_ids:
                return []
            said = ChangeStore(session).said()
            words = self._words(session, kind, indexed, said)
            Resolving(con, kind.model, review_probable=self._review_probable, words=words).run()
            parted = {frozenset(each.subjects) for each in said if each.verdict == APART}
            return _Differing(con, indexed, ChangeStore(session).asked(), words, parted).items()

    def _traits(self, session: Session, kind: Kind, indexed: _Indexed) -> Iterator[tuple[str, Traits]]:
        for kept in IndexStore(session).all_mentions():
            traits = self._parts.vault.open_traits(kept.mention_id, kept.traits)
            if kept.kind != kind.model.kind or len(traits) != len(kind.model.columns):
                continue
            indexed.mention_ids.append(kept.mention_id)
            indexed.subjects.append(kept.subject_id)
            indexed.likenesses.append(kept.likeness)
            yield kept.mention_id.hex(), traits

    def _words(
        self, session: Session, kind: Kind, indexed: _Indexed, said: Sequence[Said]
    ) -> Mapping[tuple[int, int], bool]:
        """What stewards said, and joins that rest on a record's own history, by row."""
        rows = {mention_id: row for row, mention_id in enumerate(indexed.mention_ids)}
        store = ChangeStore(session)
        methods = [SCORE, *(rule.rule for rule in kind.model.rules)]
        told = dict.fromkeys(store.joined_otherwise(methods), True)
        told |= {each.pair: each.verdict == SAME for each in said}
        pairs = ((rows.get(low), rows.get(high), same) for (low, high), same in told.items())
        return {
            (min(left, right), max(left, right)): same
            for left, right, same in pairs
            if left is not None and right is not None and left != right
        }


class _Differing:
    """A finished run beside the index that it was made from."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        indexed: _Indexed,
        asked: set[Pair],
        words: Mapping[tuple[int, int], bool],
        parted: Collection[frozenset[str]],
    ) -> None:
        self._con = con
        self._indexed = indexed
        self._asked = asked
        self._words = words
        self._parted = parted

    def items(self) -> list[Item]:
        roots = self._held_together(dict(self._con.execute("SELECT n, root FROM assigned").fetchall()))
        return [*self._joins(roots), *self._splits(roots), *self._reviews()]

    def _held_together(self, roots: Mapping[int, int]) -> dict[int, int]:
        """The roots, one for what a steward or a record's own history joined, though it holds two numbers."""
        subjects = self._indexed.subjects
        told = [pair for pair, same in self._words.items() if same and subjects[pair[0]] == subjects[pair[1]]]
        joined = components(sorted(set(roots.values())), [(roots[left], roots[right]) for left, right in told])
        first = {root: group[0] for group in joined for root in group}
        return {row: first[root] for row, root in roots.items()}

    def _joins(self, roots: Mapping[int, int]) -> Iterator[Item]:
        """The strongest link between every two subjects that one cluster holds.

        But none of a subject that fits two which a steward called different, as none is made at intake.
        """
        subjects = self._indexed.subjects
        links = "SELECT a, b, method, weight FROM scored WHERE outcome = 'link' ORDER BY weight DESC, a, b"
        joined: dict[frozenset[str], tuple[int, int, str, float]] = {}
        beside: dict[str, set[str]] = defaultdict(set)
        for left, right, method, weight in self._con.execute(links).fetchall():
            one, other = subjects[left], subjects[right]
            if one != other:
                beside[one].add(other)
                beside[other].add(one)
                joined.setdefault(frozenset((one, other)), (left, right, method, weight))
        for left, right, method, weight in joined.values():
            if roots[left] == roots[right] and not self._fits_two(subjects[left], subjects[right], beside):
                yield self._item("join", left, right, method, weight)

    def _fits_two(self, one: str, other: str, beside: Mapping[str, Collection[str]]) -> bool:
        """True when whoever is joined would leave somebody behind that a steward called different from the other."""
        return any(
            frozenset((its, third)) in self._parted
            for mine, its in ((one, other), (other, one))
            for third in (mine, *beside[mine])
        )

    def _splits(self, roots: Mapping[int, int]) -> Iterator[Item]:
        """Subjects of which the run makes several: the first mention of the subject beside the first of each other."""
        groups: dict[str, dict[int, int]] = {}
        for row, subject in enumerate(self._indexed.subjects):
            groups.setdefault(subject, {}).setdefault(roots[row], row)
        for firsts in groups.values():
            first, *others = firsts.values()
            for other in others:
                yield self._item("split", first, other, "no-link", 0.0)

    def _reviews(self) -> Iterator[Item]:
        """What waits and was not asked before, unless a steward has called two of the subjects' records different."""
        subjects = self._indexed.subjects
        rows = self._con.execute("SELECT a, b, method, weight FROM waiting ORDER BY a, b").fetchall()
        for left, right, method, weight in rows:
            low, high = sorted((self._indexed.mention_ids[left], self._indexed.mention_ids[right]))
            between = frozenset((subjects[left], subjects[right]))
            if (low, high) not in self._asked and len(between) > 1 and between not in self._parted:
                yield self._item("review", left, right, method, weight)

    def _item(self, what: str, left: int, right: int, method: str, weight: float) -> Item:
        pair = (left, right)
        return {
            "what": what,
            "pair": [self._indexed.mention_ids[row].hex() for row in pair],
            "subjects": [self._indexed.subjects[row] for row in pair],
            "likeness": [self._indexed.likenesses[row].hex() for row in pair],
            "method": method,
            "weight": weight,
        }


def _require(store: ChangeStore, change_id: str) -> KeptChanges:
    kept = store.changes_for(change_id)
    if kept is None:
        raise Missing("identity.no-such-changes", "There is no change set of that id.", "没有该变更集。")
    return kept


def _signed(steward: str) -> None:
    if not steward.strip():
        raise Malformed(
            "identity.changes-unsigned", "Whoever applies or discards a change set signs it.", "变更集须署名办理。"
        )


def _shown(kept: KeptChanges) -> ChangeSet:
    return ChangeSet(
        kept.change_id, kept.state, tuple(kept.models), tuple(kept.items), tuple(kept.skipped), kept.proposed_at,
        kept.decided_at, kept.steward,
    )  # fmt: skip
