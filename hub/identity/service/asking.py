"""Answers about identity: who answers to a number, whose a record was on a day, what is best known of a subject."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hub.identity.compare import Traits
from hub.identity.golden import Authority, Saying, golden_record
from hub.identity.model import (
    Answer,
    Exported,
    Found,
    GoldenValue,
    IdentityQuery,
    LinkEntry,
    Mention,
    NoneFound,
    Several,
    UnderReview,
)
from hub.identity.rules import Verdict
from hub.identity.service.parts import Kind, Parts
from hub.identity.store import IndexStore, KeptMention, ReviewStore, Session
from hub.identity.store.vault import mention_id_of
from hub.identity.traits import Context
from hub.kernel.clock import local_date

_QUERY = "query"
_AGREEING_NAMES = frozenset(
    ("equal", "equal_common", "equal_rare", "equal_full", "former", "sound", "wildcard", "stem", "contains")
)


class Asking:
    """Reads the index; writes nothing."""

    def __init__(self, parts: Parts, authority: Authority) -> None:
        self._parts = parts
        self._authority = authority

    def subject_for(self, session: Session, query: IdentityQuery) -> Answer:
        """Exactly one subject whose number it is and with whom name or birth date agree, or why not."""
        if not query.number:
            return NoneFound("number-needed")
        if not query.name and not query.birth_date:
            return NoneFound("nothing-to-agree")
        kind = self._parts.kinds[query.kind]
        traits = kind.traits(_mention(query), self._context())
        index = IndexStore(session)
        subjects = self._holders(index, kind, traits)
        if not subjects:
            return NoneFound()
        agreeing = sorted({subject for subject, members in subjects.items() if _agrees(kind, traits, members)})
        if len(agreeing) == 1:
            return Found(agreeing[0])
        if not agreeing:
            return NoneFound("does-not-agree")
        reviews = ReviewStore(session).open_between(agreeing)
        return UnderReview(tuple(reviews)) if reviews else Several(len(agreeing))

    def _context(self) -> Context:
        return Context(local_date(self._parts.clock.now()), self._parts.region_names)

    def _holders(self, index: IndexStore, kind: Kind, traits: Traits) -> dict[str, list[Traits]]:
        """The subjects under the number, with what their mentions say."""
        numbers = _only_numbers(kind, traits)
        keys = [self._parts.vault.key(kind.model.name, text) for text in kind.keys(numbers)]
        subject_ids = {subject_id for _, subject_id in index.hits(keys)}
        found: dict[str, list[Traits]] = {}
        for subject_id, mention_id, _, sealed in index.members(subject_ids):
            found.setdefault(subject_id, []).append(self._parts.vault.open_traits(mention_id, sealed))
        return found

    def history(self, session: Session, record: str, role: str) -> list[LinkEntry]:
        """Everything that the link log says of a record's mention, oldest first."""
        lines = IndexStore(session).log_of(mention_id=mention_id_of(record, role))
        return [_entry(line) for line in lines]

    def owner_at(self, session: Session, record: str, role: str, at: datetime) -> LinkEntry | None:
        """Whom the mention belonged to at that instant and why; None before it came and after it was withdrawn."""
        lines = [line for line in self.history(session, record, role) if line.at <= at and line.action != "undone"]
        return lines[-1] if lines and lines[-1].action != "gone" else None

    def history_of_subject(self, session: Session, subject_id: str) -> list[LinkEntry]:
        """Everything that the link log says of a subject, oldest first."""
        return [_entry(line) for line in IndexStore(session).log_of(subject_id=subject_id)]

    def golden(self, session: Session, subject_id: str) -> tuple[GoldenValue, ...]:
        """The best-known value of each field of the subject that answers for ``subject_id``."""
        index = IndexStore(session)
        resolved = index.resolve(subject_id) or subject_id
        mentions = index.mentions_of(resolved)
        return golden_record([self._saying(each) for each in mentions], self._authority)

    def _saying(self, kept: KeptMention) -> Saying:
        said = self._parts.vault.open_said(kept.mention_id, kept.sealed)
        return Saying(kept.registry_id, kept.export, datetime.fromisoformat(said["as_of"]), said["fields"])

    def export(self, session: Session) -> Iterator[Exported]:
        """Every record and role with the subject that it belongs to."""
        for kept in IndexStore(session).all_mentions():
            said = self._parts.vault.open_said(kept.mention_id, kept.sealed)
            yield Exported(kept.registry_id, said["key"], kept.row, kept.role, kept.subject_id)


def _mention(query: IdentityQuery) -> Mention:
    fields: dict[str, Any] = {"number": query.number, "name": query.name, "birth_date": query.birth_date}
    return Mention(_QUERY, _QUERY, _QUERY, _QUERY, query.kind, fields)


def _only_numbers(kind: Kind, traits: Traits) -> Traits:
    wanted = {"number", "number_state", "credit", "credit_state", "organisation", "registration"}
    return tuple(value if column in wanted else "" for column, value in zip(kind.model.columns, traits, strict=True))


def _agrees(kind: Kind, query: Traits, members: list[Traits]) -> bool:
    return any(_agrees_with(kind.matcher.verdict(query, member)) for member in members)


def _agrees_with(verdict: Verdict) -> bool:
    """An equal number with name or birth date; or the name, where the number is one that the subject had before."""
    if verdict.is_by_number:
        return verdict.outcome == "link"
    return verdict.levels["name"] in _AGREEING_NAMES


def _entry(line: dict[str, Any]) -> LinkEntry:
    return LinkEntry(
        link_id=f"lnk_{line['seq']}",
        at=line["at"],
        action=line["action"],
        subject_id=line["subject_id"],
        from_subject=line["from_subject"],
        method=line["method"],
        weight=line["weight"],
        weights=line["weights"],
        reasons=tuple(line["reasons"]),
        model_version=line["model_version"],
        actor=line["actor"],
    )
