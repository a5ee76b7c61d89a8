"""What is installed is whole: a wheel holds every file that the program reads, not the code alone."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.architecture.modules import ROOT

FOLDERS = ("hub", "adapters", "schemas")
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
NOT_KEPT = shutil.ignore_patterns("__pycache__")


def test_a_wheel_holds_every_file_of_the_program_with_its_schemas(tmp_path: Path) -> None:
    source, made = tmp_path / "source", tmp_path / "made"
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, source / folder, ignore=NOT_KEPT)
    for file in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / file, source)
    made.mkdir()
    command = [sys.executable, "-c", BUILD, str(made)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)  # noqa: S603 - our own
    (wheel,) = made.iterdir()
    kept = {
        file.relative_to(source).as_posix()
        for folder in FOLDERS
        for file in (source / folder).rglob("*")
        if file.is_file()
    }
    with ZipFile(wheel) as packed:
        assert kept - set(packed.namelist()) == set()
    assert "schemas/evidence/resident.json" in kept
