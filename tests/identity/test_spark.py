"""Spark with worker processes of its own comes to the same subjects, reasons and weights as one machine."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.identity.people import write_records

pytest.importorskip("pyspark", reason="pyspark is not installed; the extra spark brings it")
pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed; Spark needs it"),
    pytest.mark.timeout(600),
]

HUB = str(Path(sys.executable).with_name("hub"))


def _resolved(source: Path, out: Path, *more: str) -> dict[str, tuple[str, ...]]:
    words = [HUB, "identity", "resolve", str(source), "--out", str(out), *more]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=500, check=False)  # noqa: S603
    assert ended.returncode == 0, ended.stderr
    with out.open(encoding="utf-8") as file:
        return {row["record_id"]: (row["subject"], row["probability"], row["reasons"]) for row in csv.DictReader(file)}


def test_a_cluster_of_processes_comes_to_what_one_machine_comes_to(tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    write_records(source, 3000, seed=8)
    alone = _resolved(source, tmp_path / "duckdb.csv")
    together = _resolved(
        source, tmp_path / "spark.csv", "--executor", "spark", "--spark-master", "local-cluster[2,1,1024]"
    )
    assert len({subject for subject, *_ in alone.values()}) < len(alone)
    assert together == alone
