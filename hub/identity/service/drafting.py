"""Drafts: mentions as they are heard 读入: what of them is compared, and by what they are looked up."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.identity.compare import Traits
from hub.identity.model import Mention
from hub.identity.service.parts import FORMER_NUMBERS, HINT_ROLES, Kind, Parts
from hub.identity.store.vault import mention_id_of
from hub.identity.traits import COLUMN_MARK, NUMBERS, Context, without


@dataclass(slots=True)
class Draft:
    """A mention ready to be placed."""

    mention: Mention
    mention_id: bytes
    kind: Kind
    traits: Traits
    text: str
    number: str
    keys: dict[bytes, str]
    """The text of each look-up key."""
    likeness: bytes
    otherwise: tuple[Traits, ...] = ()
    """The traits as if each further number that the record states were its number."""


class Drafting:
    """Makes drafts of mentions; reads nothing."""

    def __init__(self, parts: Parts, context: Context) -> None:
        self._parts = parts
        self._context = context

    def draft(self, mention: Mention) -> Draft | None:
        """The mention ready to be placed; None for somebody named by name alone where that is a hint only."""
        kind = self._parts.kinds[mention.kind]
        if mention.role in HINT_ROLES and not mention.fields.get("number"):
            return None
        traits = kind.traits(mention, self._context)
        text = COLUMN_MARK.join(traits)
        mention_id = mention_id_of(mention.record, mention.role)
        number, keys = kind.valid_number(traits), self.keys(kind, traits)
        likeness = self._parts.vault.key(kind.model.name, text)
        draft = Draft(mention, mention_id, kind, traits, text, number, keys, likeness)
        further = mention.fields.get("other_numbers") or mention.fields.get(FORMER_NUMBERS)
        return self._with_others(draft) if number and further else draft

    def keys(self, kind: Kind, traits: Traits) -> dict[bytes, str]:
        """The look-up keys, each with its text."""
        key, name = self._parts.vault.key, kind.model.name
        return {key(name, text): text for text in kind.look_ups(traits)}

    def _with_others(self, draft: Draft) -> Draft:
        """The draft with its further numbers; who states an old and a new number is found by either."""
        otherwise = draft.kind.stated_otherwise(draft.mention, self._context)
        keys = dict(draft.keys)
        for traits in otherwise:
            mine = self.keys(draft.kind, traits)
            keys |= {key: text for key, text in mine.items() if draft.kind.stated_by(text) in NUMBERS}
        return replace(draft, keys=keys, otherwise=otherwise)

    def remembering(self, draft: Draft, old: Traits, fields: Mapping[str, Any]) -> Draft:
        """The draft with the numbers that its record stated before, when it told of the same person.

        One record key whose number changed is a correction or a number issued anew: the registry says so by the key.

        Args:
            draft: the mention.
            old: what was compared of it before.
            fields: what it said before.
        """
        stated = list(fields.get(FORMER_NUMBERS, ()))
        if draft.kind.corrects(old, draft.traits):
            stated.append(fields["number"])
        if not stated:
            return draft
        mention = replace(draft.mention, fields={**draft.mention.fields, FORMER_NUMBERS: list(dict.fromkeys(stated))})
        draft = replace(draft, mention=mention)
        return self._with_others(draft) if draft.number else draft

    def heard(self, draft: Draft, behind: Mapping[bytes, Collection[str]]) -> tuple[Draft, bool]:
        """The draft by what says something, and whether it states what too many do.

        A number that so many subjects hold is a placeholder, whatever its check digit; a phone or an address is an
        office's. The draft is heard as if it stated none, as a bulk run hears it.

        Args:
            draft: the mention.
            behind: the subjects behind each key.
        """
        kind = draft.kind
        frequent = {key for key in draft.keys if len(behind.get(key, ())) > kind.model.key_cap}
        if not frequent:
            return draft, False
        shared = {column for key in frequent if (column := kind.stated_by(draft.keys[key]))}
        traits = without(kind.model.columns, draft.traits, shared) if shared else draft.traits
        keys = {key: text for key, text in self.keys(kind, traits).items() if key not in frequent}
        return replace(draft, traits=traits, number=kind.valid_number(traits), keys=keys, otherwise=()), True
