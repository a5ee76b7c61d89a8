"""People of one address 同一地址, known by a keyed digest that is made when it is asked for and kept nowhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from sqlmodel import Session

from hub.exchange.flags import Look
from hub.identity.modelfile import standard_model
from hub.identity.store import IndexStore
from hub.identity.store.vault import Vault

PORTION: Final = 1_000
REMEMBERED: Final = 50_000
RESIDENT: Final = "resident"


@dataclass
class Neighbours:
    """The addresses of the people looked up: opened for a moment, and only their digests go on."""

    session: Session
    vault: Vault
    _known: dict[str, frozenset[bytes]] = field(default_factory=dict, init=False)

    def placed(self, looks: Iterable[Look]) -> Iterator[Look]:
        """``looks`` with the addresses of whom they are about; an address counts when it names a house."""
        arriving = iter(looks)
        while portion := list(islice(arriving, PORTION)):
            self._learn({look.subject for look in portion if look.subject} - self._known.keys())
            for look in portion:
                yield replace(look, addresses=self._known.get(look.subject or "", frozenset()))
            if len(self._known) > REMEMBERED:
                self._known.clear()

    def _learn(self, subject_ids: set[str]) -> None:
        if not subject_ids:
            return
        place = standard_model(RESIDENT).columns.index("address")
        index = IndexStore(self.session)
        residents = [each for each, (kind, *_) in index.subjects(subject_ids).items() if kind == RESIDENT]
        found: dict[str, set[bytes]] = {}
        for subject_id, mention_id, _likeness, sealed in index.members(residents):
            address = self.vault.open_traits(mention_id, sealed)[place]
            if any(each.isdecimal() for each in address):
                found.setdefault(subject_id, set()).add(self.vault.blinder.key("audit.address", address))
        self._known.update((each, frozenset(found.get(each, ()))) for each in subject_ids)
