"""Files of identities resolved from the command line."""

import csv
import json
import subprocess
import sys
from pathlib import Path

HUB = str(Path(sys.executable).with_name("hub"))
ROWS = [
    ("r1", "resident", "张伟强", "11010519491231002X", "1949-12-31"),
    ("r2", "resident", "張偉強", "110105491231002", ""),
    ("r3", "resident", "王小明", "440524188001010014", "1880-01-01"),
]


def _file(place: Path, header: tuple[str, ...]) -> Path:
    path = place / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *ROWS])
    return path


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HUB, "identity", *words], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603


def test_a_file_is_resolved_into_subjects_with_reasons(tmp_path: Path) -> None:
    source = _file(tmp_path, ("record_id", "kind", "name", "id_number", "birth_date"))
    out = tmp_path / "out.csv"
    ended = _run("resolve", str(source), "--out", str(out), "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["resident"]["records"] == 3
    with out.open(encoding="utf-8") as file:
        subjects = {row["record_id"]: row["subject"] for row in csv.DictReader(file)}
    assert subjects["r1"] == subjects["r2"] != subjects["r3"]


def test_a_file_without_record_ids_says_what_is_missing(tmp_path: Path) -> None:
    source = _file(tmp_path, ("id", "kind", "name", "id_number", "birth_date"))
    ended = _run("resolve", str(source), "--out", str(tmp_path / "out.csv"))
    assert ended.returncode == 2
    assert "record_id" in ended.stderr
