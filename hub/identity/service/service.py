"""The identity index 主体比对: whose record is this, why, and how to undo it."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from hub.audit.model import Entry
from hub.audit.store import append
from hub.errors import Malformed, Missing
from hub.identity.findings import Finding
from hub.identity.golden import Authority, standard_authority
from hub.identity.model import (
    Answer,
    Decision,
    Exported,
    GoldenValue,
    IdentityQuery,
    LinkEntry,
    Mention,
    Placement,
    Review,
)
from hub.identity.modelfile import Model
from hub.identity.outlook import OPEN, Outlook, Sought
from hub.identity.service.asking import Asking
from hub.identity.service.belonging import Belonging, Belongings
from hub.identity.service.finding import OwnersFindings
from hub.identity.service.parts import ACTOR, Follow, Parts, kinds_of
from hub.identity.service.placing import Placing
from hub.identity.service.rekeying import Rekeying
from hub.identity.service.showing import Showing
from hub.identity.service.stewarding import Stewarding, Word
from hub.identity.service.succeeding import Rows, Succeeding
from hub.identity.store import IndexStore, NewLink, ReviewStore, Session, Vault
from hub.identity.store.vault import mention_id_of
from hub.kernel.clock import Clock
from hub.kernel.ids import derived_id
from hub.proof.sealing import Blinder, KeyRing
from hub.storage.database import Database

if TYPE_CHECKING:
    from hub.identity.service.changes import ChangeSets

PAIRWISE = "pw"
_REMEMBERED = 100_000


def _follow_nothing(_session: Session, _moves: object) -> None:
    """For an index on which no other room depends."""


class IdentityService:
    """Whose each record is. Methods that take a session act inside the caller's transaction."""

    def __init__(  # noqa: PLR0913  # built once, by name, in bootstrap
        self,
        *,
        database: Database,
        blinder: Blinder,
        keyring: KeyRing,
        clock: Clock,
        models: Mapping[str, Model] | None = None,
        authority: Authority | None = None,
        follow: Follow = _follow_nothing,
        region_names: Sequence[str] = (),
        review_probable: bool = False,
    ) -> None:
        """Args beyond the obvious.

        follow: told of every mention that changed its subject, so that other rooms' rows follow in the same session.
        region_names: regions whose names organisations may leave out.
        review_probable: the hub-wide switch that makes every probabilistic link a review.
        """
        self.database = database
        self.review_probable = review_probable
        self._blinder = blinder
        self._clock = clock
        kinds = kinds_of(models, review_probable=review_probable)
        self._parts = Parts(clock, Vault(keyring, blinder), kinds, tuple(region_names), follow)
        self._asking = Asking(self._parts, authority or standard_authority())
        self._findings = OwnersFindings(self._parts, authority or standard_authority())
        self._showing = Showing(self._parts)
        self._stewarding = Stewarding(self._parts)
        self._given: set[str] = set()
        self._gone: WeakKeyDictionary[Session, Rows] = WeakKeyDictionary()

    @cached_property
    def changes(self) -> "ChangeSets":
        """Bulk runs over the index, as change sets that are applied or thrown away."""
        from hub.identity.service.changes import ChangeSets  # brings DuckDB, which nothing else here needs

        return ChangeSets(self.database, self._parts, review_probable=self.review_probable)

    @property
    def rekeying(self) -> Rekeying:
        """Look-up keys of everything in the index, made anew as this hub makes them."""
        return Rekeying(self.database, self._parts)

    def place(self, session: Session, mentions: Sequence[Mention]) -> list[Placement]:
        """Whose each mention is, in their order; links, reviews and log entry are kept in the session."""
        if not mentions:
            return []
        gone = self._gone.get(session)
        if gone is None:
            return Placing(self._parts, session).place(mentions)
        succeeding = Succeeding(self._parts, session)
        succeeding.inherit(mentions, gone)
        return succeeding.came(mentions, Placing(self._parts, session).place(mentions), gone)

    def forget(self, session: Session, records: Sequence[str], *, replaced: bool = False) -> None:
        """Nothing those records said is looked up any longer; their subjects' ids live on.

        Args:
            session: the caller's transaction.
            records: their references.
            replaced: the same records are about to say something else.
        """
        now = self._clock.now()
        index = IndexStore(session)
        index.lock()
        gone = index.withdraw(records, now)
        if not gone:
            return
        index.append(
            NewLink(subject, mention, None, "gone", subject, "withdrawn", None, "{}", '["withdrawn"]', "", ACTOR, now)
            for mention, subject in gone
        )
        ReviewStore(session).moot(mention for mention, _ in gone)
        if not replaced:
            rows = self._gone.setdefault(session, Rows())
            Succeeding(self._parts, session).withdrawn([mention for mention, _ in gone], rows)

    def subject_for(self, session: Session, query: IdentityQuery) -> Answer:
        """Exactly one subject whose number it is and with whom name or birth date agree, or why not."""
        return self._asking.subject_for(session, query)

    def subjects_for(self, session: Session, queries: Sequence[IdentityQuery]) -> list[Answer]:
        """The same for many queries at once, in a bounded number of statements."""
        return self._asking.subjects_for(session, queries)

    def in_question_with(self, session: Session, subject_id: str) -> list[str]:
        """Subjects that may be this one: a steward has not decided yet, or could not."""
        return ReviewStore(session).in_question_with(subject_id)

    def resolve(self, session: Session, subject_id: str) -> str | None:
        """The subject that answers for ``subject_id`` now; None when there never was one."""
        return IndexStore(session).resolve(subject_id)

    def survivors(self, session: Session, subject_ids: Sequence[str]) -> dict[str, str]:
        """The subject that answers now for each of those ids; in one statement."""
        return IndexStore(session).survivors(subject_ids) if subject_ids else {}

    def aliases(self, session: Session, subject_id: str) -> list[str]:
        """Every id whose records may stand for the subject: its own and all that were merged into it."""
        return IndexStore(session).aliases(subject_id)

    def pairwise_id(self, subject_id: str, consumer: str, session: Session | None = None) -> str:
        """The id under which ``consumer`` knows the subject; other consumers know it under others.

        It can be looked up from the commit of ``session`` on, or at once when there is none.
        """
        return self.pairwise_ids([subject_id], consumer, session)[subject_id]

    def pairwise_ids(self, subject_ids: Iterable[str], consumer: str, session: Session | None = None) -> dict[str, str]:
        """The same for several subjects, by subject; in one statement at most."""
        made = {each: derived_id(PAIRWISE, self._blinder.digest(f"pairwise.{consumer}", each)) for each in subject_ids}
        if session is not None:
            IndexStore(session).keep_pairwise(consumer, made)
        elif not self._given.issuperset(made.values()):
            with self.database.writing() as own:
                IndexStore(own).keep_pairwise(consumer, made)
            self._remember(made.values())
        return made

    def _remember(self, pairwise: Collection[str]) -> None:
        if len(self._given) + len(pairwise) > _REMEMBERED:
            self._given.clear()
        self._given.update(pairwise)

    def subject_of_pairwise(self, session: Session, consumer: str, pairwise: str) -> str | None:
        """The subject that answers now for the id which that consumer was given; None for any other id."""
        return self.subjects_of_pairwise(session, consumer, [pairwise]).get(pairwise)

    def subjects_of_pairwise(self, session: Session, consumer: str, pairwise: Sequence[str]) -> dict[str, str]:
        """The same for several ids, by id, in two statements; those that were never given are left out."""
        index = IndexStore(session)
        given = index.subjects_of_pairwise(consumer, pairwise)
        now = index.survivors(list(given.values())) if given else {}
        return {each: now[subject_id] for each, subject_id in given.items() if subject_id in now}

    def reviews(
        self, session: Session, sought: Sought = OPEN, *, limit: int = 100, after: str = "", opened: bool = True
    ) -> list[Review]:
        """The review items sought, those that block answers first, with both sides, opened unless codes will do."""
        return self._showing.reviews(session, sought, limit=limit, after=after, opened=opened)

    def outlook(self, session: Session, review_id: str) -> tuple[Outlook, ...]:
        """What each choice about a review item would do now.

        Raises:
            Missing: there is none of that id.
        """
        return self._showing.outlook(session, review_id)

    def review_counts(self, session: Session) -> dict[str, int]:
        """How many review items stand in each state."""
        return ReviewStore(session).counts()

    def require_review(self, session: Session, review_id: str) -> Review:
        """That review item.

        Raises:
            Missing: there is none of that id.
        """
        return self._showing.require_review(session, review_id)

    def decide(self, session: Session, review_id: str, decision: Decision, *, steward: str, note: str = "") -> Review:
        """The pair is decided for ever and what follows from it is done.

        Raises:
            Malformed: no decision of that name, or nobody signs it.
            Missing: no such item, or a record of the pair is gone.
            Conflict: somebody else decided first, or another decision on file forbids this one.
        """
        if decision not in list(Decision):
            raise Malformed(
                "identity.no-such-decision",
                "Decide link, different or unsure.",
                "复核决定须为 link、different 或 unsure。",
            )
        return self._stewarding.decide(session, review_id, Decision(decision), Word(steward, note, self._clock.now()))

    def join(  # noqa: PLR0913  # a word and whom it is about, by name
        self,
        session: Session,
        one: tuple[str, str],
        other: tuple[str, str],
        *,
        steward: str,
        note: str = "",
        overrule: bool = False,
    ) -> str:
        """The one subject that two mentions (record and role) belong to from now on, whatever the model says.

        ``overrule`` takes back that a steward called these very two different.

        Raises:
            Malformed: they are one mention.
            Missing: one of them is not in the index.
            Conflict: another decision on file forbids it.
        """
        pair = _pair(one, other)
        return self._stewarding.join(session, pair, Word(steward, note, self._clock.now()), overrule=overrule)

    def split(
        self, session: Session, one: tuple[str, str], other: tuple[str, str], *, steward: str, note: str = ""
    ) -> tuple[str, str]:
        """The subjects of two mentions (record and role) that were one and are kept apart from now on.

        Raises:
            Malformed: they are one mention.
            Missing: one of them is not in the index.
            Conflict: they are two subjects already.
        """
        pair = _pair(one, other)
        return self._stewarding.split(session, pair, Word(steward, note, self._clock.now()))

    def history(self, session: Session, record: str, role: str) -> list[LinkEntry]:
        """Everything that the link log says of a mention, oldest first."""
        return self._asking.history(session, record, role)

    def owner_at(self, session: Session, record: str, role: str, at: datetime) -> LinkEntry | None:
        """Whom the mention belonged to at that instant, and why."""
        return self._asking.owner_at(session, record, role, at)

    def whose(self, session: Session, record: str, role: str, at: datetime) -> Belonging | None:
        """Whom the mention belonged to at that instant, and the joins or splits that it follows from."""
        return Belongings(self._asking).at(session, record, role, at)

    def history_of_subject(self, session: Session, subject_id: str, *, opened: bool = False) -> list[LinkEntry]:
        """Everything that the link log says of a subject, oldest first; ``opened``: with stewards' notes."""
        return self._asking.history_of_subject(session, subject_id, opened=opened)

    def golden(self, session: Session, subject_id: str) -> tuple[GoldenValue, ...]:
        """The best-known value of each field of the subject."""
        return self._asking.golden(session, subject_id)

    def findings(
        self, session: Session, registry: str, *, after: str = "", limit: int = 100
    ) -> tuple[list[Finding], str]:
        """A page of what others contradict in that registry's records, for its owner, and where to go on.

        Raises:
            Malformed: ``after`` is no place that a page ended at.
        """
        return self._findings.page(session, registry, after=after, limit=limit)

    def note_reading(self, session: Session, review_ids: Sequence[str], *, reader: str) -> None:
        """That somebody was shown the people of those review items stands in the log; a reading is an access too."""
        if review_ids:
            digest = hashlib.sha256(" ".join(review_ids).encode()).hexdigest()
            claims = {"action": "reviews-read", "reviews": len(review_ids), "first": review_ids[0], "digest": digest}
            append(session, Entry("access", {**claims, "by": reader}))

    def note_subject_reading(self, session: Session, subject_id: str, *, reader: str) -> None:
        """That somebody was shown what is known of the subject stands in the log."""
        entry = Entry("access", {"action": "subject-read", "by": reader})
        append(session, entry.with_claims(subject=entry.commit(subject_id)))

    def require_subject(self, session: Session, subject_id: str) -> tuple[str, list[str]]:
        """The subject that answers for the id now, and every id that it answers for.

        Raises:
            Missing: there never was a subject of that id.
        """
        answering = self.resolve(session, subject_id)
        if answering is None:
            raise Missing("identity.no-such-subject", "There never was a subject of that id.", "没有该主体标识。")
        return answering, self.aliases(session, answering)

    def export(self, session: Session) -> Iterator[Exported]:
        """Every record and role with its subject, for checking the index against an outside truth."""
        return self._asking.export(session)

    def figures(self, session: Session) -> dict[str, int]:
        """How many subjects by kind, mentions, and lines of the link log."""
        return IndexStore(session).figures()


def _pair(one: tuple[str, str], other: tuple[str, str]) -> tuple[bytes, bytes]:
    if one == other:
        raise Malformed(
            "identity.one-and-the-same",
            "Name two records, or two roles of one.",
            "请给出两条登记信息，或同一登记信息中的两个角色。",
        )
    return mention_id_of(*one), mention_id_of(*other)
