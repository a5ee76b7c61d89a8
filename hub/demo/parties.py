"""Everyone who takes part in the demo, each with a throw-away key in the demo's directory."""

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub.api.rooms import Hub
from hub.kernel.clock import local_date
from hub.parties.model import Party, PartyKind
from hub.proof.encoding import b64url, b64url_decode
from hub.proof.keys import ED25519, ES256, FileSigner, generate_signer

HUB_ID: Final = "hub:demo-county"
LOG_ORIGIN: Final = "hub.demo-county/log"
OPERATOR: Final = "auth:data-bureau"

DEPARTMENTS: Final = (
    Party("dept:civil-affairs", "Civil Affairs Bureau", "民政局", PartyKind.department, "civil_affairs"),
    Party("dept:land", "Natural Resources Bureau", "自然资源局", PartyKind.department, "land"),
    Party("dept:marriage", "Marriage Registration Office", "婚姻登记处", PartyKind.department, "marriage"),
    Party("dept:funeral", "Funeral Administration", "殡葬管理所", PartyKind.department, "funeral"),
    Party("dept:low-income", "Low-Income Aid Centre", "低保中心", PartyKind.department, "low_income"),
)
SERVICES: Final = (
    Party("svc:low-income-aid", "Low-income aid window", "低保受理窗口", PartyKind.consumer),
    Party("svc:association-registration", "Association registration window", "社会组织登记窗口", PartyKind.consumer),
    Party("svc:marriage-registration", "Marriage registration window", "婚姻登记窗口", PartyKind.consumer),
    Party("svc:real-estate-window", "Real-estate window", "不动产登记窗口", PartyKind.consumer),
    Party("svc:funeral-subsidy", "Funeral subsidy window", "殡葬补贴窗口", PartyKind.consumer),
    Party("svc:entity-cancellation", "Cancellation window", "注销登记窗口", PartyKind.consumer),
)
OTHERS: Final = (
    Party("dept:market-supervision", "Market Supervision Bureau", "市场监督管理局", PartyKind.department),
    Party("dept:tax", "Tax Bureau", "税务局", PartyKind.department),
    Party("auth:data-bureau", "County Data Bureau", "县数据局", PartyKind.authority),
    Party("aud:county-audit", "County Audit Office", "县审计局", PartyKind.auditor),
    Party("portal:county-services", "County service portal", "县政务服务网", PartyKind.portal),
)
ITSELF: Final = Party(HUB_ID, "Data-sharing hub of the county", "县数据共享枢纽", PartyKind.hub)
WITNESSES: Final = ("witness.audit.demo-county", "witness.archive.demo-county")
EVERYONE: Final = (ITSELF, *DEPARTMENTS, *SERVICES, *OTHERS)


@dataclass(frozen=True)
class KeyCabinet:
    """The private keys of everyone, in one directory that only its owner reads; real parties keep theirs apart."""

    directory: Path

    def fill(self) -> None:
        """A new key for every party, the hub and the log, and the hub's secrets.

        Departments sign with ES256: what they issue by the thousand is verified in two thirds of Ed25519's time. Notes
        want Ed25519, and everyone else takes it.
        """
        self.directory.mkdir(mode=0o700, parents=True)
        for name in (*(party.id for party in (ITSELF, *SERVICES, *OTHERS)), "log", *WITNESSES):
            self._write(self.path_of(name), generate_signer(ED25519).to_pem())
        for party in DEPARTMENTS:
            self._write(self.path_of(party.id), generate_signer(ES256).to_pem())
            self._write(self._record_key_path(party.id), (_secret() + "\n").encode())

    def path_of(self, party: str) -> Path:
        """The PEM file of a party's private key."""
        return self.directory / f"{party.replace(':', '-')}.pem"

    def record_key_of(self, party: str) -> bytes:
        """The secret under which a department's records get their opaque names."""
        return b64url_decode(self._record_key_path(party).read_text(encoding="ascii").strip())

    def _record_key_path(self, party: str) -> Path:
        return self.path_of(party).with_suffix(".record-key")

    def signer_of(self, party: str) -> FileSigner:
        """The party's signer."""
        return FileSigner.from_pem(self.path_of(party))

    def environment(self) -> dict[str, str]:
        """The HUB_* variables that a hub with these keys needs, apart from its database and address."""
        return {
            "HUB_ID": HUB_ID,
            "HUB_LOG_ORIGIN": LOG_ORIGIN,
            "HUB_SIGNING_KEY": str(self.path_of(HUB_ID)),
            "HUB_LOG_KEY": str(self.path_of("log")),
            "HUB_SEAL_KEYS": f"demo-1:{_secret()}",
            "HUB_BLIND_KEY": _secret(),
        }

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)


def _secret() -> str:
    return b64url(secrets.token_bytes(32))


def register_everyone(hub: Hub, cabinet: KeyCabinet) -> None:
    """Every party and its key is on record, as an operator would do with `hub parties add`."""
    for party in EVERYONE:
        hub.party_service.register_party(party)
        hub.parties.register(party, cabinet.signer_of(party.id).public.to_jwk())


def trust_policy(hub: Hub, cabinet: KeyCabinet, witnesses: Sequence[str] = ()) -> Mapping[str, Any]:
    """What a verifier has to know beforehand: who signs, which log counts, and that all ``witnesses`` cosign it."""
    return {
        "version": 1,
        "hub": {"id": hub.id, "jwks": [hub.signer.public.to_jwk()], "log_vkey": hub.log_vkey, "origin": hub.log_origin},
        "parties": {party.id: _trusted(party, hub, cabinet) for party in EVERYONE},
        "witnesses": list(witnesses),
        "quorum": len(witnesses),
    }


def _trusted(party: Party, hub: Hub, cabinet: KeyCabinet) -> Mapping[str, Any]:
    """A party's key, and the types of evidence that the catalogue has it answer for."""
    catalogue = hub.catalogue.require_edition_on(local_date(hub.clock.now())).catalogue
    types = [each.vct for each in catalogue.evidence_types if each.provider == party.id]
    return {"jwks": [cabinet.signer_of(party.id).public.to_jwk()], "evidence": types}
