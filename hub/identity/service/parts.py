"""What the deeds of identity share: the matchers, the vault, the log, and who follows when a mention moves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from hub.identity.compare import LIST_MARK, Traits
from hub.identity.model import Mention, Move
from hub.identity.modelfile import Model, standard_model
from hub.identity.rules import Matcher
from hub.identity.store import Session, Vault
from hub.identity.traits import (
    CIRCUMSTANCES,
    NUMBERS,
    READERS,
    Context,
    KeyMaker,
    ValidNumber,
    family_of,
    key_maker,
    look_up_maker,
    valid_number_reader,
)
from hub.kernel.clock import Clock

Follow = Callable[[Session, Sequence[Move]], object]

HINT_ROLES = frozenset(("legal_representative",))
"""Roles that registries state by name alone: a hint of who it may be, never a link."""

FORMER_NUMBERS = "former_numbers"
"""Numbers that a record stated before, kept beside what it says now."""

ACTOR = "hub"

_SAME_NAME = frozenset(("equal", "equal_common", "equal_rare", "former"))
_SAME_DAY = frozenset(("equal", "equal_round"))


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of subject with everything that its model makes."""

    model: Model
    matcher: Matcher
    keys: KeyMaker
    look_ups: KeyMaker
    valid_number: ValidNumber

    @classmethod
    def of(cls, model: Model, *, review_probable: bool) -> "Kind":
        """The kind that ``model`` describes."""
        return cls(
            model,
            Matcher(model, review_probable=review_probable),
            key_maker(model.columns, model.keys),
            look_up_maker(model.columns, model.keys),
            valid_number_reader(model.columns),
        )

    def traits(self, mention: Mention, context: Context) -> Traits:
        """What of the mention is compared."""
        export = f"{mention.registry}/{mention.export}"
        listed = export if export in self.model.one_list_exports and mention.role == "self" else ""
        return READERS[self.model.kind].read(mention.fields, context, listed=listed, kin=mention.kin)

    def stated_otherwise(self, mention: Mention, context: Context) -> tuple[Traits, ...]:
        """What of the mention is compared for each further valid number that its cell holds or that it stated before.

        A masked or rounded number is none: thousands of a county share what is left of it.
        """
        if "number" not in self.model.columns:
            return ()
        lists = (mention.fields.get(name) for name in ("other_numbers", FORMER_NUMBERS))
        others = [each for told in lists if isinstance(told, list) for each in told]
        own = self.valid_number(self.traits(mention, context))
        read = [
            self.traits(replace(mention, fields={**mention.fields, "number": number, "document_kind": None}), context)
            for number in others
            if isinstance(number, str)
        ]
        return tuple(traits for traits in read if self.valid_number(traits) not in ("", own))

    def corrects(self, old: Traits, new: Traits) -> bool:
        """True when a record that said ``old`` and says ``new`` gives the same person another valid number.

        Name and birth date have to be the same, and each number's own birth date has to agree with them.
        """
        if "number" not in self.model.columns or self.valid_number(old) in ("", self.valid_number(new)):
            return False
        levels, born = self.matcher.verdict(old, new).levels, self.model.columns.index("born")
        is_same = levels["name"] in _SAME_NAME and levels["birth"] in _SAME_DAY
        return is_same and bool(self.valid_number(new)) and LIST_MARK not in old[born] + new[born]

    def with_number_of(self, traits: Traits, other: Traits) -> Traits:
        """The traits as if they stated the number of ``other``."""
        said = dict(zip(self.model.columns, traits, strict=True))
        theirs = dict(zip(self.model.columns, other, strict=True))
        said |= {column: theirs[column] for column in ("number", "number_state") if column in theirs}
        return tuple(said.values())

    def unlisted(self, traits: Traits) -> Traits:
        """The traits without the mark of a one-person list: between a row and its successor it says nothing."""
        place = self.model.columns.index("list")
        return (*traits[:place], "", *traits[place + 1 :])

    def stated_by(self, look_up: str) -> str:
        """The number or circumstance that a look-up rests on alone; nothing of one that holds more or something else.

        What too many share says nothing of anybody.
        """
        family = family_of(look_up)
        if family in CIRCUMSTANCES:
            return family
        first, *more = self.model.keys[int(family)]
        return first if first in NUMBERS and not more else ""


def kinds_of(models: Mapping[str, Model] | None, *, review_probable: bool) -> dict[str, Kind]:
    """Every kind by its name; the models that come with the hub unless others are given."""
    given = models or {kind: standard_model(kind) for kind in READERS}
    return {name: Kind.of(model, review_probable=review_probable) for name, model in given.items()}


@dataclass(frozen=True, slots=True)
class Parts:
    """What every deed of identity is given."""

    clock: Clock
    vault: Vault
    kinds: Mapping[str, Kind]
    region_names: tuple[str, ...]
    follow: Follow
