"""What the deeds of exchange stand on, and what they remember for a moment."""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, Protocol, TypeVar

from sqlmodel import Session

from hub.audit.model import Entry, PlacedEntry, Receipt
from hub.catalogue.service import CatalogueService
from hub.evidence.model import Shape
from hub.evidence.store import BatchStore, Vault
from hub.identity.model import Answer, IdentityQuery
from hub.kernel.clock import Clock
from hub.parties.directory import PartyDirectory
from hub.proof.keys import Signer
from hub.sharing.model import Grant
from hub.sharing.store import GrantStore
from hub.storage.database import Database

REMEMBER_SECONDS = 1.0

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Identity(Protocol):
    """Whose records they are; ``hub.identity`` has it."""

    def subject_for(self, session: Session, query: IdentityQuery) -> Answer:
        """Exactly one subject, or why not."""
        ...

    def subject_of_pairwise(self, session: Session, consumer: str, pairwise: str) -> str | None:
        """The subject behind a consumer's own id, after merges."""
        ...

    def resolve(self, session: Session, subject_id: str) -> str | None:
        """The subject that answers for ``subject_id`` now."""
        ...

    def in_question_with(self, session: Session, subject_id: str) -> list[str]:
        """Subjects that may be this one, as long as no steward has said so or otherwise."""
        ...

    def pairwise_id(self, subject_id: str, consumer: str) -> str:
        """The consumer's own id of the subject, on record from now on."""
        ...


class Receipts(Protocol):
    """What exchange asks of the log; ``hub.audit`` has it."""

    def receipt_for(self, entry_id: str, within_seconds: float) -> Receipt:
        """The receipt of a committed entry, once the log holds it."""
        ...

    def append(self, entry: Entry, within_seconds: float) -> Receipt:
        """The receipt of an entry that tells of no fact kept elsewhere."""
        ...

    def prove(self, entry: str | int, *, is_witnessed: bool = False) -> Receipt:
        """The receipt under the newest checkpoint (or the newest with a quorum)."""
        ...

    def placed(self, entry_ids: Sequence[str], size: int) -> list[PlacedEntry]:
        """Those of the entries that the tree of ``size`` holds, in its order."""
        ...

    def require_witnessed(self) -> None:
        """Returns when the log is witnessed recently enough for evidence to be released."""
        ...


class Remembered(Generic[K, T]):
    """Values read once and used for ``seconds``: a change made elsewhere is seen after that at the latest."""

    def __init__(self, seconds: float = REMEMBER_SECONDS, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._values: dict[K, tuple[float, T]] = {}
        self._reading = Lock()

    def value(self, key: K, read: Callable[[], T]) -> T:
        """The value under ``key``, by ``read`` when it is not remembered."""
        if (known := self._fresh(key)) is None:
            with self._reading:  # one reads for all that came meanwhile
                if (known := self._fresh(key)) is None:
                    known = self._monotonic(), read()
                    self._values[key] = known
        return known[1]

    def _fresh(self, key: K) -> tuple[float, T] | None:
        known = self._values.get(key)
        return known if known is not None and self._monotonic() - known[0] < self._seconds else None


@dataclass(frozen=True)
class Parts:
    """The rooms and tools of one hub's exchange; ``hub`` is its party id, ``signer`` its key for answers."""

    database: Database
    directory: PartyDirectory
    catalogue: CatalogueService
    identity: Identity
    vault: Vault
    shapes: Mapping[str, Shape]
    signer: Signer
    log: Receipts
    hub: str
    clock: Clock
    receipt_seconds: float = 10.0
    witness_seconds: float = 0.0
    remember_seconds: float = REMEMBER_SECONDS
    _grants: Remembered[str, list[Grant]] = field(init=False, repr=False)
    _fresh: Remembered[str, Mapping[str, Mapping[str, int]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_grants", Remembered(self.remember_seconds))
        object.__setattr__(self, "_fresh", Remembered(self.remember_seconds))

    def grants_of(self, consumer: str) -> list[Grant]:
        """The consumer's grants."""
        return self._grants.value(consumer, lambda: self._read_grants(consumer))

    def _read_grants(self, consumer: str) -> list[Grant]:
        with self.database.reading() as session:
            return GrantStore(session).grants_of(consumer)

    def freshness(self) -> Mapping[str, Mapping[str, int]]:
        """When each export of each registry was last read at its source."""
        return self._fresh.value("", self._read_freshness)

    def _read_freshness(self) -> Mapping[str, Mapping[str, int]]:
        with self.database.reading() as session:
            return BatchStore(session).freshness()
