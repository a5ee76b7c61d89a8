"""Change sets 变更集 of bulk runs: the whole index resolved anew, and only what differs proposed, applied or discarded.

For the doors: ``IdentityService.changes`` has ``propose()``, ``find()``, ``require(change_id)``,
``apply(change_id, steward)`` and ``discard(change_id, steward)``; each returns ``ChangeSet`` values, in transactions of
their own. An item is ``{"what": "join" | "split" | "review", "pair": [mention, mention], "subjects": [id, id],
"method": rule, "weight": bits}``; it holds no personal data. Intake goes on meanwhile: whatever an item rests on is
checked again when the set is applied, and what has changed since is skipped with its reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.audit.model import Entry
from hub.audit.store import append
from hub.errors import Conflict, Malformed, Missing
from hub.identity.bulk.loading import load_traits
from hub.identity.bulk.resolving import Resolving
from hub.identity.bulk.scratch import scratch_database
from hub.identity.compare import Traits
from hub.identity.rules import SCORE
from hub.identity.service.applying import Applying, Item
from hub.identity.service.differing import Differing, Indexed
from hub.identity.service.parts import Kind, Parts
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
        """Nothing of it is done; who says so twice is told the same twice.

        Raises:
            Missing: there is none of that id.
            Conflict: it was applied, or discarded by somebody else.
        """
        _signed(steward)
        with self._database.writing() as session:
            IndexStore(session).lock()
            kept = _require(ChangeStore(session), change_id)
            if not _is_said_again(kept, "discarded", steward):
                self._close(session, kept, "discarded", steward, [])
        return self.require(change_id)

    def apply(self, change_id: str, steward: str) -> ChangeSet:
        """All of it is done in one transaction but what has changed since, which is skipped with its reason.

        Who says so again, because no answer came, is told what was done and nothing is done twice.

        Raises:
            Missing: there is none of that id.
            Conflict: it was discarded, or applied by somebody else.
        """
        _signed(steward)
        with self._database.writing() as session:
            IndexStore(session).lock()
            kept = _require(ChangeStore(session), change_id)
            if not _is_said_again(kept, "applied", steward):
                _require_open(kept)
                applying = Applying(self._parts, session, steward)
                skipped = [item | {"why": why} for item in kept.items if (why := applying.done(item))]
                self._close(session, kept, "applied", steward, skipped)
        return self.require(change_id)

    def _close(self, session: Session, kept: KeptChanges, state: str, steward: str, skipped: Sequence[Item]) -> None:
        _require_open(kept)
        ChangeStore(session).close(kept.change_id, state, steward, self._parts.clock.now(), skipped)
        counts = {f"{what}s": count for what, count in _shown(kept).counts.items()}
        claims = {"action": f"changes-{state}", "change_set": kept.change_id, **counts, "skipped": len(skipped)}
        entry = Entry("link", claims)
        append(session, entry.with_claims(actor=entry.commit(steward)))

    def _differences(self, session: Session, kind: Kind) -> list[Item]:
        """What the bulk run over the mentions of one kind says otherwise than the index."""
        indexed = Indexed([], [], [])
        with scratch_database() as con:
            load_traits(con, kind.model, self._traits(session, kind, indexed))
            if not indexed.mention_ids:
                return []
            said = ChangeStore(session).said()
            words = self._words(session, kind, indexed, said)
            Resolving(con, kind.model, review_probable=self._review_probable, words=words).run()
            parted = {frozenset(each.subjects) for each in said if each.verdict == APART}
            return Differing(con, indexed, ChangeStore(session).asked(), words, parted).items()

    def _traits(self, session: Session, kind: Kind, indexed: Indexed) -> Iterator[tuple[str, Traits]]:
        for kept in IndexStore(session).all_mentions():
            traits = self._parts.vault.open_traits(kept.mention_id, kept.traits)
            if kept.kind != kind.model.kind or len(traits) != len(kind.model.columns):
                continue
            indexed.mention_ids.append(kept.mention_id)
            indexed.subjects.append(kept.subject_id)
            indexed.likenesses.append(kept.likeness)
            yield kept.mention_id.hex(), traits

    def _words(
        self, session: Session, kind: Kind, indexed: Indexed, said: Sequence[Said]
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


def _require(store: ChangeStore, change_id: str) -> KeptChanges:
    kept = store.changes_for(change_id)
    if kept is None:
        raise Missing("identity.no-such-changes", "There is no change set of that id.", "没有该变更集。")
    return kept


def _is_said_again(kept: KeptChanges, state: str, steward: str) -> bool:
    """True when the same steward decided the same before."""
    return (kept.state, kept.steward) == (state, steward)


def _require_open(kept: KeptChanges) -> None:
    """The index is locked while one decides, so ``kept`` is what the one before decided."""
    if kept.state != "open":
        raise Conflict(
            "identity.changes-decided",
            "This change set was applied or discarded before; propose a new one.",
            "该变更集已应用或已放弃，请重新生成。",
            change_set=kept.change_id,
            state=kept.state,
            decided_at=kept.decided_at.isoformat() if kept.decided_at else None,
        )


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
