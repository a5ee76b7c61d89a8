"""What the doors open onto: the services of one running hub."""

from dataclasses import dataclass
from typing import Any

from hub.api.limits import Limits
from hub.kernel.clock import Clock
from hub.parties.directory import PartyDirectory
from hub.parties.service import PartyService
from hub.parties.tokens import TokenService
from hub.proof.keys import Signer
from hub.storage.database import Database


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
    sharing: Any
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
