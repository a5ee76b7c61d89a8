"""The integrators' guide: both exchanges run as they stand there, against a hub that holds the applicant's record."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.agent.push import push
from hub.demo.parties import trust_policy
from hub.exchange.verify import verify_bundle
from hub.sharing.reading import shipped_grants
from tests.docs.examples import ROOT, examples
from tests.support.running import Running, running

GUIDE = "docs/guides/integrators.md"
ROSTER = """姓名,性别,民族,出生日期,证件类型,证件号码,户籍地址,更新时间
张三,女,汉,1949-12-31,身份证,11010519491231002X,某街 1 号,2026-01-02
"""


@pytest.fixture
def window(database_url: str, tmp_path: Path) -> Iterator[tuple[Running, Path]]:
    """A hub that holds 张三's roster entry, and a folder with the service's key and trust policy."""
    with running(database_url, tmp_path) as up:
        edition = up.hub.catalogue.publish_shipped(by="auth:data-bureau")
        up.hub.sharing.take_over(shipped_grants(edition.catalogue), by="auth:data-bureau")
        roster = tmp_path / "residents.csv"
        roster.write_text(ROSTER, encoding="utf-8")
        signer = up.cabinet.signer_of("dept:civil-affairs")
        push("civil_affairs", roster, hub_url=up.url, signer=signer, record_key=bytes(32))
        desk = tmp_path / "desk"
        desk.mkdir()
        (desk / "service.pem").write_bytes(up.cabinet.signer_of("svc:low-income-aid").to_pem())
        (desk / "trust-policy.json").write_text(json.dumps(trust_policy(up.hub, up.cabinet)), encoding="utf-8")
        yield up, desk


def typed(words: list[str], up: Running, desk: Path) -> str:
    ran = subprocess.run(  # noqa: S603 - what the guide tells a reader to type
        words, cwd=desk, env={**os.environ, "HUB_URL": up.url, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False, timeout=90,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def assert_proven(desk: Path) -> None:
    policy = json.loads((desk / "trust-policy.json").read_text(encoding="utf-8"))
    found = verify_bundle((desk / "bundle.json").read_bytes(), policy)
    assert found.failed is None
    released = [item for item in found.answer["evidence"] if item["presentation"]]
    assert "dept:civil-affairs" in {item["provider"] for item in released}


def test_the_exchange_in_python_runs_as_written(window: tuple[Running, Path]) -> None:
    up, desk = window
    (script,) = examples(GUIDE, "python")
    said = typed([sys.executable, "-c", script], up, desk)
    assert "户口簿及家庭成员身份证明 不必提交" in said
    assert_proven(desk)


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "openssl", "curl", "jq"))), reason="openssl, curl or jq missing")
def test_the_exchange_with_openssl_and_curl_runs_as_written(window: tuple[Running, Path]) -> None:
    up, desk = window
    (script,) = examples(GUIDE, "bash")
    said = typed(["bash", "-c", script], up, desk)
    assert "户口簿及家庭成员身份证明: " in said
    assert_proven(desk)
