"""The demo's directory: one run at a time, everything in it the demo's own, earlier runs cleared away."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.errors import Conflict, Unavailable

MARK: Final = ".made-by-hub-demo"
KEPT: Final = frozenset({MARK, ".lock", "postgres"})


@dataclass(frozen=True)
class Place:
    """Where one run of the demo keeps what it makes."""

    root: Path

    @property
    def keys(self) -> Path:
        """Throw-away private keys of every party."""
        return self.root / "keys"

    @property
    def registries(self) -> Path:
        """What the simulated registries hold."""
        return self.root / "registries"

    @property
    def witnesses(self) -> Path:
        """The witnesses' own stores, and the policy that names them."""
        return self.root / "witnesses"

    @property
    def bundle(self) -> Path:
        """The bundle that the story ends with."""
        return self.root / "bundle.json"

    @property
    def policy(self) -> Path:
        """The trust policy that verifies the bundle."""
        return self.root / "trust-policy.json"

    @property
    def applicant(self) -> Path:
        """Who applies for low-income aid, as the programs of the integrators' guide read it."""
        return self.root / "applicant.json"

    @property
    def figures(self) -> Path:
        """What happened, as figures."""
        return self.root / "figures.json"


@contextmanager
def taken(root: Path) -> Iterator[Place]:
    """The directory, cleared of an earlier run's work and held against another run until the block ends.

    Raises:
        Conflict: another demo uses it, or it holds files that no demo made.
        Unavailable: it cannot be written.
    """
    root = root.resolve()
    _require_own(root)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = os.open(root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        raise Unavailable(
            "demo.no-directory", "The demo's directory cannot be written.", "演示目录无法写入。", directory=str(root)
        ) from None
    try:
        _lock(lock, root)
        (root / MARK).touch()
        _clear(root)
        yield Place(root)
    finally:
        os.close(lock)


def _require_own(root: Path) -> None:
    if root.exists() and not (root / MARK).exists() and any(root.iterdir()):
        raise Conflict(
            "demo.not-its-directory",
            "The directory holds files that no demo made; name an empty one with --directory.",
            "该目录含有非演示文件；请用 --directory 指定空目录。",
            directory=str(root),
        )


def _lock(lock: int, root: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Conflict(
            "demo.already-running",
            "Another demo uses this directory; stop it, or name another one with --directory.",
            "另一演示正在使用该目录；请停止它，或用 --directory 另选目录。",
            directory=str(root),
        ) from None


def _clear(root: Path) -> None:
    for entry in root.iterdir():
        if entry.name in KEPT:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
