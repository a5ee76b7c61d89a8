"""The command line as a script calls it: arguments in, exit code and output back."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.cli.main import main
from hub.demo.parties import KeyCabinet


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output as JSON."""
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `hub …` in this process."""

    def command(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["hub", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, told.out, told.err)

    return command


@pytest.fixture
def installation(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyCabinet:
    """The HUB_* variables of a hub of this test alone; gives everyone's keys."""
    cabinet = KeyCabinet(tmp_path / "keys")
    cabinet.fill()
    variables = {**cabinet.environment(), "HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(tmp_path / "hub")}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return cabinet
