"""An approval service's desk: a hub that holds one resident's record, and a folder with key and policy."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.agent.push import push
from hub.demo.parties import trust_policy
from hub.sharing.reading import shipped_grants
from tests.support.running import Running, running

SERVICE = "svc:low-income-aid"
APPLICANT = {"kind": "resident", "number": "11010519491231002X", "name": "张三"}
ROSTER = """姓名,性别,民族,出生日期,证件类型,证件号码,户籍地址,更新时间
张三,女,汉,1949-12-31,身份证,11010519491231002X,某街 1 号,2026-01-02
"""


@contextmanager
def desk(database_url: str, place: Path) -> Iterator[tuple[Running, Path]]:
    """The hub, and the folder with ``service.pem``, ``trust-policy.json`` and ``applicant.json``."""
    with running(database_url, place) as up:
        edition = up.hub.catalogue.publish_shipped(by="auth:data-bureau")
        up.hub.sharing.take_over(shipped_grants(edition.catalogue), by="auth:data-bureau")
        roster = place / "residents.csv"
        roster.write_text(ROSTER, encoding="utf-8")
        signer = up.cabinet.signer_of("dept:civil-affairs")
        push("civil_affairs", roster, hub_url=up.url, signer=signer, record_key=bytes(32))
        folder = place / "desk"
        folder.mkdir()
        (folder / "service.pem").write_bytes(up.cabinet.signer_of(SERVICE).to_pem())
        (folder / "trust-policy.json").write_text(json.dumps(trust_policy(up.hub, up.cabinet)), encoding="utf-8")
        (folder / "applicant.json").write_text(json.dumps(APPLICANT), encoding="utf-8")
        yield up, folder
