"""Whether held evidence meets a requirement: it is opened only the first time anybody asks."""

from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Final

from sqlmodel import Session

from hub.cases.model import Held
from hub.cases.rules.checks import meets
from hub.cases.store.held import HeldNow, HeldPiece, sealed_of
from hub.catalogue.model import Check
from hub.catalogue.schemas import evidence_schema
from hub.evidence.model import Shape
from hub.evidence.rules import shape_of
from hub.evidence.store import Vault

REMEMBERED: Final = 100_000
_Key = tuple[bytes, str, tuple[Check, ...]]


class CheckMemory:
    """Remembers whether evidence met a requirement: yes or no by its digest, never what it says."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._known: OrderedDict[_Key, bool] = OrderedDict()
        self._lock = Lock()

    def known(self, key: _Key) -> bool | None:
        """What came out before, None when nobody asked yet."""
        return self._known.get(key)

    def keep(self, key: _Key, met: bool) -> None:  # noqa: FBT001 - it is the value
        """What came out is known afterwards."""
        with self._lock:
            self._known[key] = met
            if len(self._known) > self._size:
                self._known.popitem(last=False)


class Checking:
    """The requirements of one look; what nobody remembers is read for every piece of the type in one statement."""

    def __init__(self, memory: CheckMemory, vault: Vault, session: Session, held: HeldNow) -> None:
        self._memory = memory
        self._vault = vault
        self._session = session
        self._held = held
        self._sealed: dict[str, dict[str, bytes]] = {}

    def __call__(self, held: Held, checks: Sequence[Check]) -> bool:
        """Whether the evidence meets the checks."""
        if not isinstance(held, HeldPiece):
            return False
        key = (held.digest, held.role, tuple(checks))
        met = self._memory.known(key)
        if met is None:
            sealed = self._sealed_of(held.type).get(held.evidence_id)
            if sealed is None:  # taken away since
                return False
            claims = self._vault.open(held.evidence_id, sealed).claims
            met = meets(claims, _shape(held.type).path_of(held.role), checks)
            self._memory.keep(key, met)
        return met

    def _sealed_of(self, name: str) -> dict[str, bytes]:
        if name not in self._sealed:
            pieces = {each.evidence_id for of_one in self._held.values() for each in of_one.get(name, ())}
            self._sealed[name] = sealed_of(self._session, pieces)
        return self._sealed[name]


@cache
def _shape(name: str) -> Shape:
    return shape_of(evidence_schema(name))
