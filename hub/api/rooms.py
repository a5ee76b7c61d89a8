"""What the doors open onto: the services of one running hub."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.api.limits import Limits
from hub.audit.reopening import Reopened
from hub.audit.service import Log
from hub.cases.service import CaseService
from hub.catalogue.service import CatalogueService
from hub.errors import HubError
from hub.evidence.service import IntakeService, StatusService
from hub.evidence.service.chronicle import Chronicle
from hub.exchange.service import ExchangeService
from hub.exchange.service.deferring import DeferralService
from hub.exchange.service.erasing import ErasureService
from hub.exchange.service.foreseeing import Foresight
from hub.exchange.service.recalling import Recalling
from hub.exchange.service.resealing import ResealService
from hub.exchange.service.searching import SearchService
from hub.exchange.service.viewing import ViewService
from hub.identity.service import IdentityService
from hub.kernel.clock import Clock
from hub.parties.directory import PartyDirectory
from hub.parties.service import PartyService
from hub.parties.tokens import TokenService
from hub.proof.keys import Signer
from hub.sharing.service import OwedService, SharingService
from hub.storage.database import Database
from hub.storage.keychecks import renew, require_same

LOG_NAME = "HUB_LOG_ORIGIN"
TRIAL = b"readiness"
"""What the key signs to show that it does: no message of any kind, so that nothing can be made of it."""


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
    check_values: Mapping[str, bytes]
    parties: PartyDirectory
    party_service: PartyService
    tokens: TokenService
    log: Log
    intake: IntakeService
    statuses: StatusService
    identity: IdentityService
    catalogue: CatalogueService
    sharing: SharingService
    owed: OwedService
    cases: CaseService
    exchange: ExchangeService
    search: SearchService
    views: ViewService
    deferrals: DeferralService
    erasures: ErasureService
    resealing: ResealService
    recalling: Recalling
    foresight: Foresight
    chronicle: Chronicle

    def require_same(self) -> None:
        """This node has the secrets, and writes the log, of those who wrote the database.

        Raises:
            Refused: it has others; nothing may be written with them.
        """
        require_same(self.database, self.check_values)

    def reopen_log(self) -> Reopened:
        """The log has the name of this node's settings, with all that the database holds; its old name has ended.

        Raises:
            Refused: the secrets are others than those under which the database was written.
            Conflict, Missing, Broken: as ``hub.audit.reopening`` says.
        """
        require_same(self.database, {name: value for name, value in self.check_values.items() if name != LOG_NAME})
        with self.database.writing() as session:
            made = self.log.reopen(session)
            renew(session, LOG_NAME, self.check_values[LOG_NAME])
        return made

    def start(self) -> None:
        """The sequencer runs afterwards, or waits to be elected."""
        self.log.start()

    def close(self) -> None:
        """The sequencer and the verifiers have stopped, every connection is closed."""
        self.log.stop()
        self.intake.close()
        self.database.close()

    def readiness(self) -> dict[str, dict[str, Any]]:
        """Each check by name: ``ok``, and what keeps this node from serving where it is not."""
        if (away := self.database.fault()) is not None:
            return {"database": {"ok": False, "problems": [_told(away)]}}
        faults = [_told(fault) for fault in self.log.problems()]
        identity = {"ok": True, "review_probable": self.identity.review_probable}
        log = {"ok": not faults, "problems": faults, "witnesses": self.log.witnesses()}
        return {"database": {"ok": True}, "log": log, "identity": identity, "key": self._own_key()}

    def _own_key(self) -> dict[str, Any]:
        """Whether the key that signs answers signs, is on record and counts: without that no answer can be verified."""
        own = self.signer.public
        if self.parties.key_for(own.kid, self.id) is not None:
            try:
                self.signer.sign(TRIAL)
            except HubError as away:
                return {"ok": False, "problems": [_told(away)]}
            return {"ok": True}
        told = {
            "code": "parties.own-key-not-on-record",
            "detail": "The hub signs with a key that is not on record, or that ended; rotate to it: `hub keys rotate`.",
            "detail_zh": "枢纽签名所用密钥未登记或已终止；请用 hub keys rotate 办理更换。",
        }
        return {"ok": False, "problems": [told]}


def _told(fault: HubError) -> dict[str, str]:
    return {"code": fault.code, "detail": fault.en, "detail_zh": fault.zh}
