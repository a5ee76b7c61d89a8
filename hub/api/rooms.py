"""What the doors open onto: the services of one running hub, and how much one request may carry."""

from dataclasses import dataclass
from typing import Any, Final

from hub.kernel.clock import Clock
from hub.parties.directory import PartyDirectory
from hub.parties.service import PartyService
from hub.parties.tokens import TokenService
from hub.proof.keys import Signer
from hub.storage.database import Database

KIB: Final = 1024
MIB: Final = 1024 * KIB


@dataclass(frozen=True)
class Limits:
    """How much one request may carry, in bytes, and how long it may wait for its receipt."""

    json_bytes: int = 1 * MIB
    message_bytes: int = 64 * KIB
    upload_bytes: int = 20 * MIB
    batch_bytes: int = 2048 * MIB
    receipt_seconds: float = 10.0
    threads: int = 64


@dataclass(frozen=True)
class Hub:
    """The services of one hub; made by `hub.bootstrap`, read by the doors."""

    id: str
    url: str
    limits: Limits
    clock: Clock
    signer: Signer
    log_origin: str
    log_vkey: str
    database: Database
    parties: PartyDirectory
    party_service: PartyService
    tokens: TokenService
    log: Any
    intake: Any
    identity: Any
    catalogue: Any
    grants: Any
    cases: Any
    exchange: Any

    def start(self) -> None:
        """The sequencer runs afterwards, or waits to be elected."""
        self.log.start()

    def close(self) -> None:
        """The sequencer has stopped and every connection is closed."""
        self.log.stop()
        self.database.close()

    def readiness(self) -> dict[str, dict[str, Any]]:
        """Each check by name: ``ok`` and, where it helps, what was found."""
        return {"database": {"ok": self.database.is_ready()}}
