"""An office with everything published: a served hub with catalogue, grants and one county's few invented people."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.agent.push import Options, push
from hub.client.channel import Channel
from hub.kernel.clock import Clock
from hub.kernel.ids import new_id
from hub.proof.sdjwt import issue_sd_jwt
from hub.sharing.reading import shipped_grants
from tests.support.databases import Databases
from tests.support.running import Running, running

AID, FUNERAL, ESTATE = "svc:low-income-aid", "svc:funeral-subsidy", "svc:real-estate-window"
AUTHORITY, AUDITOR, LAND = "auth:data-bureau", "aud:county-audit", "dept:land"
ANNA = {"kind": "resident", "number": "11010519491231002X", "name": "张三"}
BERT = {"kind": "resident", "number": "440524188001010014", "name": "李四"}
STRANGER = {"kind": "resident", "number": "330106199003078213", "name": "王五"}
PDF = b"%PDF-1.7\n" + b"1 0 obj << >> endobj\n" * 20
ROSTER = """姓名,性别,民族,出生日期,证件类型,证件号码,户籍地址,更新时间
张三,女,汉,1949-12-31,身份证,11010519491231002X,某街 1 号,2026-01-02
李四,男,汉,1880-01-01,身份证,440524188001010014,某街 2 号,2026-01-02
"""


@dataclass(frozen=True)
class Office:
    """A running hub, and channels for whoever calls."""

    up: Running
    channels: dict[str, Channel]

    def at(self, party: str) -> Channel:
        """The party's channel, opened once."""
        if party not in self.channels:
            self.channels[party] = self.up.channel(party)
        return self.channels[party]

    def hang_up(self) -> None:
        """Every channel is closed; the next call begins with a new token."""
        while self.channels:
            self.channels.popitem()[1].close()

    def post(self, party: str, path: str, json: Any = None) -> Any:
        """What the hub answers, as JSON; None when it says nothing."""
        answer = self.at(party).call("POST", path, json=json) if json is not None else self.at(party).call("POST", path)
        return answer.json() if answer.content else None

    def read(self, party: str, path: str, **params: str) -> Any:
        """What the hub answers, as JSON."""
        return self.at(party).call("GET", path, params=params).json()

    def open(self, matter: str = "low-income-aid", party: str = AID, **more: Any) -> dict[str, Any]:
        """A new case of 张三 unless ``people`` says otherwise; the whole answer."""
        case = {"number": f"T-{secrets.token_hex(6)}", "matter": matter, "people": {"applicant": [ANNA]}, **more}
        opened: dict[str, Any] = self.post(party, "/v1/cases", case)
        return opened

    def bring(self, case: str, material: str, kind: str, *, party: str = AID, **said: Any) -> dict[str, Any]:
        """A paper is handed in; ``content``, ``filename``, ``subject`` and claims of its evidence may be given."""
        content, filename = said.pop("content", PDF), said.pop("filename", "paper.pdf")
        form = {"material": material, "evidence": self.paper(party, {"kind": kind, **said}, content)}
        files = {"file": (filename, content, said.get("media_type", "application/pdf"))}
        answer = self.at(party).call("POST", f"/v1/cases/{case}/materials", data=form, files=files)
        kept: dict[str, Any] = answer.json()
        return kept

    @property
    def instant(self) -> int:
        """Now at the hub, in whole seconds since 1970."""
        return int(self.up.hub.clock.now().timestamp())

    def paper(self, party: str, claims: Mapping[str, Any], content: bytes = PDF) -> str:
        """The evidence that the party signs for a paper about 张三 unless ``subject`` says otherwise."""
        form = {
            "content_digest": hashlib.sha256(content).hexdigest(),
            "media_type": "application/pdf",
            "size": len(content),
            "subject": {"name": ANNA["name"], "number": ANNA["number"], "document_kind": "111"},
            **claims,
        }
        clear = {"iss": party, "vct": "urn:hub:evidence:brought-material:1", "iat": self.instant, "jti": new_id("ev")}
        return issue_sd_jwt(clear, form, signer=self.up.cabinet.signer_of(party))


@contextmanager
def opened_office(databases: Databases, place: Path, clock: Clock | None = None) -> Iterator[Office]:
    """The office on a database of its own, which is gone afterwards."""
    with databases.lent() as url, running(url, place, clock=clock) as up:
        edition = up.hub.catalogue.publish_shipped(by=AUTHORITY)
        up.hub.sharing.take_over(shipped_grants(edition.catalogue), by=AUTHORITY)
        push_roster(up, place, ROSTER)
        office = Office(up, {})
        yield office
        office.hang_up()


def push_roster(up: Running, place: Path, roster: str) -> None:
    """Civil affairs pushes its roster as it is now."""
    file = place / "residents.csv"
    file.write_text(roster, encoding="utf-8")
    signer = up.cabinet.signer_of("dept:civil-affairs")
    push("civil_affairs", file, hub_url=up.url, signer=signer, record_key=bytes(32), options=Options(clock=up.clock))


@pytest.fixture(scope="module")
def office(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office for all tests of a module."""
    with opened_office(databases, tmp_path_factory.mktemp("office")) as made:
        yield made
