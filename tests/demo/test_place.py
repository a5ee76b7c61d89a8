"""The demo's directory belongs to one run of the demo at a time, and to nobody else."""

from pathlib import Path

import pytest

from hub.demo.place import taken
from hub.errors import Conflict


def test_an_earlier_run_is_cleared_away(tmp_path: Path) -> None:
    with taken(tmp_path / "demo") as place:
        place.bundle.write_text("{}")
        place.keys.mkdir()
    with taken(tmp_path / "demo") as place:
        assert not place.bundle.exists()
        assert not place.keys.exists()


def test_two_demos_in_one_directory_are_refused(tmp_path: Path) -> None:
    with taken(tmp_path / "demo"), pytest.raises(Conflict) as refusal, taken(tmp_path / "demo"):
        pytest.fail("the second got in")
    assert refusal.value.code == "demo.already-running"


def test_somebody_elses_files_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("five years of work")
    with pytest.raises(Conflict) as refusal, taken(tmp_path):
        pytest.fail("it was taken")
    assert refusal.value.code == "demo.not-its-directory"
    assert (tmp_path / "thesis.txt").read_text() == "five years of work"
