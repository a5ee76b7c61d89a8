"""What a log is made of: who signs it, what it signed last, and who witnesses it."""

from dataclasses import dataclass

from hub.audit.lastsigned import SignedStore
from hub.audit.witnessing import Collector
from hub.kernel.clock import Clock
from hub.proof.note import NoteSigner


@dataclass(frozen=True)
class LogParts:
    """What a log is made of; ``collector`` is None where no witness is asked."""

    signer: NoteSigner
    signed: SignedStore
    clock: Clock
    collector: Collector | None = None
    max_unwitnessed_seconds: float | None = None
