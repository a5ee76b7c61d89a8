"""Where other people's programs are, or why a test cannot run."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
GO_PACKAGES = Path("/usr/share/gocode")


def missing(what: str) -> None:
    """Skips the test, saying so."""
    pytest.skip(f"not installed: {what}")


def node_program() -> list[str]:
    """The words that run the jose cross-check."""
    found = shutil.which("node")
    if not found or not (HERE / "jose" / "node_modules" / "jose").is_dir():
        missing("node, or npm ci in tests/crosscheck/jose")
    return [str(found), str(HERE / "jose" / "verify.mjs")]


def go_program(folder: Path) -> Path:
    """The Go cross-check, built into ``folder``."""
    if not shutil.which("go") or not (GO_PACKAGES / "src/golang.org/x/mod/sumdb").is_dir():
        missing("golang-go, golang-golang-x-mod-dev")
    made = folder / "crosscheck"
    build = {"GO111MODULE": "off", "GOPATH": str(GO_PACKAGES), "GOCACHE": str(folder / "cache"), "GOFLAGS": ""}
    words = ["go", "build", "-o", str(made), str(HERE / "go" / "main.go")]
    subprocess.run(words, check=True, env={**os.environ, **build})  # noqa: S603 - our own program
    return made
