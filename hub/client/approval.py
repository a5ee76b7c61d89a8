"""The client that an approval system 审批系统 imports: open a case, read its checklist, ask, hand in papers."""

import hashlib
import json
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx

from hub.client.answers import Answer, verified_answer
from hub.client.channel import Channel, Identity
from hub.client.statuses import OwnStatuses
from hub.proof.jws import KeyFor, b64url, sign_jws
from hub.proof.sdjwt import issue_sd_jwt

REQUEST_TYP: Final = "evidence-request+jwt"
RESIDENT_ID: Final = "111"
CREDIT_CODE: Final = "001"
BROUGHT_VCT: Final = "urn:hub:evidence:brought-material:1"


@dataclass(frozen=True)
class Person:
    """Whom a case is about: a number with the name that must agree with it, and the birth date where it is known."""

    kind: str
    number: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: date | None = field(default=None, repr=False)

    def wire(self) -> dict[str, str]:
        """As the hub takes it."""
        members = {"kind": self.kind, "number": self.number, "name": self.name}
        return members | ({"birth_date": self.birth_date.isoformat()} if self.birth_date else {})


@dataclass(frozen=True)
class Paper:
    """A file that an applicant brought, and what the officer who took it in says about it."""

    kind: str
    content: bytes = field(repr=False)
    media_type: str
    title: str = ""
    issuer: str = ""
    issued_on: date | None = None
    valid_until: date | None = None

    @classmethod
    def from_file(cls, path: Path, kind: str, **said: Any) -> "Paper":
        """The paper in a file; its media type follows from the name."""
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return cls(kind, path.read_bytes(), media_type, **said)

    def claims(self, person: Person) -> dict[str, Any]:
        """The standard form of `schemas/evidence/brought-material.json`."""
        said = {
            "title": self.title,
            "issuer": self.issuer,
            "issued_on": self.issued_on.isoformat() if self.issued_on else "",
            "valid_until": self.valid_until.isoformat() if self.valid_until else "",
        }
        return {
            "kind": self.kind,
            "content_digest": hashlib.sha256(self.content).hexdigest(),
            "media_type": self.media_type,
            "size": len(self.content),
            "subject": {
                "name": person.name,
                "number": person.number,
                "document_kind": CREDIT_CODE if person.kind == "legal_person" else RESIDENT_ID,
            },
            **{name: text for name, text in said.items() if text},
        }


@dataclass(frozen=True)
class Case:
    """A case as the hub holds it; ``participants`` carry this service's own pairwise ids.

    ``checklist`` is how its materials stood when it was opened: to show it to the applicant asks nobody again.
    """

    id: str
    number: str
    matter: str
    participants: Sequence[Mapping[str, Any]]
    view: Mapping[str, Any] = field(repr=False)
    checklist: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def pairwise_of(self, role: str, position: int = 1) -> str | None:
        """The pairwise id of whoever has that role, or None when not exactly one subject was found."""
        for each in self.participants:
            if (each["role"], each["position"]) == (role, position):
                return str(each["pairwise"]) if each["pairwise"] else None
        return None


class ApprovalClient:
    """One approval service at one hub.

    ``key_for`` gives the keys that answers and evidence are verified with; it comes from the service's own trust
    policy, so that the hub cannot choose them.
    """

    def __init__(
        self, url: str, identity: Identity, key_for: KeyFor, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.channel = Channel(url, identity, transport=transport)
        self.identity = identity
        self.statuses = OwnStatuses(self.channel)
        self._key_for = key_for

    def close(self) -> None:
        """Every connection is closed afterwards."""
        self.channel.close()

    def open_case(
        self,
        number: str,
        matter: str,
        people: Mapping[str, Sequence[Person]],
        *,
        sub_item: str = "",
        answers: Mapping[str, str] | None = None,
    ) -> Case:
        """The case under the service's own ``number``; opening it again gives the same case."""
        wanted = {
            "number": number,
            "matter": matter,
            "sub_item": sub_item,
            "people": {role: [person.wire() for person in group] for role, group in people.items()},
            "answers": dict(answers or {}),
        }
        opened = self.channel.told("POST", "/v1/cases", json=wanted)
        view = opened["case"]
        return Case(view["id"], view["number"], view["matter"], view["participants"], view, opened["checklist"])

    def checklist(self, case: Case) -> dict[str, Any]:
        """Every material of the case's matter as of now: what need not be brought, and what must be."""
        found: dict[str, Any] = self.channel.told("GET", f"/v1/cases/{case.id}/checklist")
        return found

    def bring(self, case: Case, material: str, paper: Paper, person: Person) -> dict[str, Any]:
        """The paper is evidence afterwards, signed by this service, for this case and for later ones."""
        evidence = self._evidence_of(paper, person)
        form = {"material": material, "evidence": evidence}
        files = {"file": ("paper", paper.content, paper.media_type)}
        kept: dict[str, Any] = self.channel.told("POST", f"/v1/cases/{case.id}/materials", data=form, files=files)
        return kept

    def _evidence_of(self, paper: Paper, person: Person) -> str:
        clear = self.identity.claims() | {"vct": BROUGHT_VCT}
        clear = {name: clear[name] for name in ("iss", "vct", "iat", "jti")} | {"status": self.statuses.place()}
        return issue_sd_jwt(clear, paper.claims(person), signer=self.identity.signer)

    def ask(
        self,
        case: Case,
        subject: Mapping[str, str],
        wanted: Sequence[Mapping[str, Any]],
        *,
        basis: str,
        officer: str,
    ) -> Answer:
        """The hub's verified answer to a signed request for ``wanted`` ({"type", "claims"}) about ``subject``.

        A refusal is an answer too: signed, logged, with its reason code.
        """
        claims = self.identity.claims() | {
            "subject": dict(subject),
            "matter": case.matter,
            "case": case.number,
            "basis": basis,
            "officer": officer,
            "wanted": [dict(each) for each in wanted],
        }
        return self.send(sign_jws(claims, typ=REQUEST_TYP, signer=self.identity.signer))

    def send(self, request: str) -> Answer:
        """The verified answer to a request that was signed before; sent again, it gets the same answer."""
        headers = {"content-type": "application/jwt"}
        sent = self.channel.told("POST", "/v1/exchange", token=False, content=request.encode(), headers=headers)
        digest = b64url(hashlib.sha256(request.encode()).digest())
        asked = {"request_digest": digest, "hub": self.identity.hub_id}
        return verified_answer(sent["answer"], sent["receipt"], **asked, key_for=self._key_for)

    def bundle(self, answer: Answer) -> dict[str, Any]:
        """Everything that verifies the exchange offline, later and without the hub."""
        content = self.channel.call("GET", f"/v1/exchange/{answer.exchange}/bundle").content
        bundle: dict[str, Any] = json.loads(content)
        return bundle
