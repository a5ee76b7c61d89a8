"""What was signed last 最后签名的检查点, kept apart from the database: a restored backup cannot make us sign a fork.

The file's owner is this node; nodes that share a disk share the file. It is replaced before a checkpoint leaves the
house, so after a crash it may name a checkpoint that nobody has seen, never the other way round.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from hub.errors import Broken, Malformed
from hub.proof.treehead import Checkpoint, parse_checkpoint_text


class SignedStore(Protocol):
    """Where the last signed checkpoint is kept."""

    def last(self) -> Checkpoint | None:
        """The checkpoint signed last, or None when nothing was ever signed."""

    def swap(self, old: Checkpoint | None, new: Checkpoint) -> None:
        """``new`` is kept durably, if ``old`` is what was kept until now.

        Raises:
            Broken: something else was kept.
        """


class SignedFile:
    """One checkpoint's text in a file, replaced whole and flushed to the disk."""

    def __init__(self, path: Path, *, flush: Callable[[int], None] = os.fsync) -> None:
        self._path = path
        self._flush = flush

    def last(self) -> Checkpoint | None:
        """The checkpoint in the file, or None when there is none.

        Raises:
            Broken: the file holds something else.
        """
        try:
            return parse_checkpoint_text(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (Malformed, UnicodeDecodeError):
            raise Broken(
                "audit.last-signed-damaged",
                f"{self._path.name} is damaged; restore it, or ask a witness for the last checkpoint and write that.",
                f"{self._path.name} 已损坏；请恢复，或向见证方索取最后检查点后写入。",
            ) from None

    def swap(self, old: Checkpoint | None, new: Checkpoint) -> None:
        """``new`` is in the file and on the disk, if ``old`` was in it.

        Raises:
            Broken: another process signed in between.
        """
        with self._locked():
            if self.last() != old:
                raise Broken(
                    "audit.signed-elsewhere",
                    "Another process signed a checkpoint meanwhile; this one starts over from what it signed.",
                    "其他进程已签署检查点；本进程将从其重新开始。",
                )
            self._replace(new.text().encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _replace(self, content: bytes) -> None:
        replace_file(self._path, content, flush=self._flush)


def replace_file(path: Path, content: bytes, *, flush: Callable[[int], None] = os.fsync) -> None:
    """``path`` holds ``content`` and nothing else, now and after a power cut; or still what it held before."""
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        flush(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flush(folder)
    finally:
        os.close(folder)
