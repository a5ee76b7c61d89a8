"""A real adapter pushes to a served hub, and signs the status lists of what it pushed."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adapters.agent.model import PushReport
from adapters.agent.push import Options, push
from hub.demo.parties import HUB_ID
from hub.proof.statuslist import StatusList, verify_status_list
from tests.support.running import Running, running

SAMPLE = Path(__file__).parents[2] / "adapters" / "civil_affairs" / "samples" / "residents.csv"
DEPARTMENT = "dept:civil-affairs"
RECORD_KEY = secrets.token_bytes(32)


@pytest.fixture
def up(database_url: str, tmp_path: Path) -> Iterator[Running]:
    with running(database_url, tmp_path / "hub") as served:
        yield served


def pushed(up: Running, source: Path) -> PushReport:
    signer = up.cabinet.signer_of(DEPARTMENT)
    options = Options(hub_id=HUB_ID)
    return push("civil_affairs", source, hub_url=up.url, signer=signer, record_key=RECORD_KEY, options=options)


def served(up: Running) -> StatusList:
    answer = httpx.get(f"{up.url}/v1/statuses/civil_affairs/0")
    assert answer.headers["content-type"] == "application/statuslist+jwt"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    return verify_status_list(answer.content, key_for=up.hub.parties.key_for)


def test_what_a_push_takes_back_is_flipped_on_the_list_that_its_department_signed(up: Running, tmp_path: Path) -> None:
    source = tmp_path / "residents.csv"
    source.write_bytes(SAMPLE.read_bytes())
    assert pushed(up, source).status_lists == 1
    first = served(up)
    assert (first.issuer, dict(first.statuses.set_indexes())) == (DEPARTMENT, {})
    lines = SAMPLE.read_bytes().splitlines(keepends=True)
    source.write_bytes(b"".join([*lines[:1], *lines[2:]]))
    report = pushed(up, source)
    second = served(up)
    flips = dict(second.statuses.set_indexes())
    assert (report.withdrawn, report.status_lists, len(flips)) == (1, 1, 1)
    assert second.issued_at > first.issued_at
    source.write_bytes(b"".join(lines))
    pushed(up, source)
    assert dict(served(up).statuses.set_indexes()) == flips


def test_a_list_that_nobody_handed_in_is_missing_and_a_foreign_one_refused(up: Running) -> None:
    address = f"{up.url}/v1/statuses/land/7"
    assert httpx.get(address).json()["code"] == "status.no-such-list"
    headers = {"content-type": "application/statuslist+jwt"}
    assert httpx.put(address, content=b"a.b.c", headers=headers).status_code == 400
    assert httpx.get(f"{up.url}/v1/statuses/land").json()["code"] == "parties.no-token"
