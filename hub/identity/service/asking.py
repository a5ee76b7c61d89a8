"""Answers about identity: who answers to a number, whose a record was on a day, what is best known of a subject."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
from hub.identity.service.parts import ACTOR, Kind, Parts
from hub.identity.store import IndexStore, KeptMention, ReviewStore, Session
from hub.identity.store.vault import mention_id_of, note_of
from hub.identity.traits import Context
from hub.kernel.clock import local_date

_QUERY = "query"
_COMES_OR_GOES = frozenset({"new", "linked", "gone"})
"""A withdrawn record may still move, as its subject is merged or parted; it does not come back by that."""
_AGREEING_NAMES = frozenset(
    ("equal", "equal_common", "equal_rare", "equal_full", "former", "sound", "wildcard", "stem", "contains")
)


@dataclass(frozen=True, slots=True)
class _Sought:
    """A query as the index is asked: its traits, and the look-up keys of its numbers."""

    kind: Kind
    traits: Traits
    keys: Sequence[bytes]


_Holders = dict[bytes, dict[str, list[Traits]]]


class Asking:
    """Reads the index; writes nothing."""

    def __init__(self, parts: Parts, authority: Authority) -> None:
        self._parts = parts
        self._authority = authority

    def subject_for(self, session: Session, query: IdentityQuery) -> Answer:
        """Exactly one subject whose number it is and with whom name or birth date agree, or why not."""
        return self.subjects_for(session, [query])[0]

    def subjects_for(self, session: Session, queries: Sequence[IdentityQuery]) -> list[Answer]:
        """The answer to each query; two statements for all of them, and one for each that finds several subjects."""
        sought = [_unusable(query) or self._sought(query) for query in queries]
        holders = self._holders(IndexStore(session), [each for each in sought if isinstance(each, _Sought)])
        return [_answer(session, each, holders) if isinstance(each, _Sought) else each for each in sought]

    def _sought(self, query: IdentityQuery) -> _Sought:
        kind = self._parts.kinds[query.kind]
        traits = kind.traits(_mention(query), self._context())
        numbers = _only_numbers(kind, traits)
        return _Sought(kind, traits, [self._parts.vault.key(kind.model.name, text) for text in kind.keys(numbers)])

    def _context(self) -> Context:
        return Context(local_date(self._parts.clock.now()), self._parts.region_names)

    def _holders(self, index: IndexStore, sought: Sequence[_Sought]) -> _Holders:
        """The subjects under the numbers, by look-up key, with what their mentions say."""
        keys = list(dict.fromkeys(key for each in sought for key in each.keys))
        found: _Holders = {}
        if not keys:
            return found
        hits = index.hits(keys)
        said: dict[str, list[Traits]] = {}
        for subject_id, mention_id, _, sealed in index.members({subject_id for _, subject_id in hits}):
            said.setdefault(subject_id, []).append(self._parts.vault.open_traits(mention_id, sealed))
        for key, subject_id in hits:
            if subject_id in said:
                found.setdefault(key, {})[subject_id] = said[subject_id]
        return found

    def history(self, session: Session, record: str, role: str) -> list[LinkEntry]:
        """Everything that the link log says of a record's mention, oldest first."""
        lines = IndexStore(session).log_of(mention_id=mention_id_of(record, role))
        return [_entry(line) for line in lines]

    def owner_at(self, session: Session, record: str, role: str, at: datetime) -> LinkEntry | None:
        """Whom the mention belonged to at that instant and why; None before it came and after it was withdrawn."""
        lines = [line for line in self.history(session, record, role) if line.at <= at and line.action != "undone"]
        stays = [line.action for line in lines if line.action in _COMES_OR_GOES]
        return lines[-1] if lines and stays[-1:] != ["gone"] else None

    def history_of_subject(self, session: Session, subject_id: str, *, opened: bool = False) -> list[LinkEntry]:
        """Everything that the link log says of a subject, oldest first; ``opened``: with stewards' notes."""
        lines = [_entry(line) for line in IndexStore(session).log_of(subject_id=subject_id)]
        found = ReviewStore(session).notes_at({line.at for line in lines}) if opened else []
        notes = {at: self._parts.vault.open_note(note_of(low, high), note) for at, low, high, note in found}
        return [replace(line, note=notes.get(line.at, "")) if line.actor != ACTOR else line for line in lines]

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


def _unusable(query: IdentityQuery) -> NoneFound | None:
    if not query.number:
        return NoneFound("number-needed")
    return None if query.name or query.birth_date else NoneFound("nothing-to-agree")


def _answer(session: Session, sought: _Sought, holders: _Holders) -> Answer:
    subjects = {subject: said for key in sought.keys for subject, said in holders.get(key, {}).items()}
    if not subjects:
        return NoneFound()
    agreeing = sorted(subject for subject, said in subjects.items() if _agrees(sought.kind, sought.traits, said))
    if len(agreeing) == 1:
        return Found(agreeing[0])
    if not agreeing:
        return NoneFound("does-not-agree")
    reviews = ReviewStore(session).open_between(agreeing)
    return UnderReview(tuple(reviews)) if reviews else Several(len(agreeing))


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
