"""The integrators' guide: every exchange runs as it stands there, against a hub that holds the applicant's record."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.exchange.verify import verify_bundle
from hub.proof.keys import FileSigner, PublicKey
from tests.docs.examples import ROOT, examples
from tests.support.desk import desk
from tests.support.running import Running

GUIDE = "docs/guides/integrators.md"


@pytest.fixture
def window(database_url: str, tmp_path: Path) -> Iterator[tuple[Running, Path]]:
    with desk(database_url, tmp_path) as opened:
        yield opened


def typed(words: list[str], up: Running, folder: Path) -> str:
    environment = {**os.environ, "HUB_URL": up.url, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(  # noqa: S603 - what the guide tells a reader to type
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=90
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def assert_proven(folder: Path) -> None:
    policy = json.loads((folder / "trust-policy.json").read_text(encoding="utf-8"))
    found = verify_bundle((folder / "bundle.json").read_bytes(), policy)
    assert found.failed is None
    released = [item for item in found.answer["evidence"] if item["presentation"]]
    assert "dept:civil-affairs" in {item["provider"] for item in released}


def test_the_exchange_in_python_runs_as_written(window: tuple[Running, Path]) -> None:
    up, folder = window
    (script,) = examples(GUIDE, "python")
    said = typed([sys.executable, "-c", script], up, folder)
    assert "户口簿及家庭成员身份证明 不必提交" in said
    assert_proven(folder)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl missing")
def test_the_key_pair_is_made_as_written_and_can_be_put_on_record(tmp_path: Path) -> None:
    text = (ROOT / GUIDE).read_text(encoding="utf-8")
    script = textwrap.dedent(text.split("   ```sh\n")[1].split("   ```")[0])
    subprocess.run(["sh", "-euc", script], cwd=tmp_path, check=True, capture_output=True)  # noqa: S603, S607 - as above
    told = json.loads((tmp_path / "service.jwk").read_text(encoding="utf-8"))
    assert PublicKey.from_jwk(told) == FileSigner.from_pem(tmp_path / "service.pem").public


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "openssl", "curl", "jq"))), reason="openssl, curl or jq missing")
def test_the_exchange_with_openssl_and_curl_runs_as_written(window: tuple[Running, Path]) -> None:
    up, folder = window
    (script,) = examples(GUIDE, "bash")
    said = typed(["bash", "-c", script], up, folder)
    assert "户口簿及家庭成员身份证明: " in said
    assert_proven(folder)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node missing")
def test_the_exchange_in_node_runs_as_written(window: tuple[Running, Path]) -> None:
    up, folder = window
    (script,) = examples(GUIDE, "js")
    (folder / "exchange.mjs").write_text(script, encoding="utf-8")
    said = typed(["node", "exchange.mjs"], up, folder)
    assert "户口簿及家庭成员身份证明: " in said
    assert_proven(folder)
