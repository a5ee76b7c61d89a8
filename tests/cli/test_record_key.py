"""The file that names a department's records, when it holds something else."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize("content", ["short", "AAAA", "=" * 43, ""])
def test_a_record_key_that_is_none_is_named(run: Run, tmp_path: Path, content: str) -> None:
    run("keys", "generate", "--out", tmp_path / "land.pem")
    (tmp_path / "land.record-key").write_text(content, encoding="ascii")
    ran = run("push", "land", "--source", tmp_path, "--hub", "http://127.0.0.1:9", "--key", tmp_path / "land.pem")
    assert ran.code == 2
    assert "cli.record-key" in ran.err
    assert "land.record-key" in ran.err
