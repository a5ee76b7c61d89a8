"""Files that the command line writes: private ones readable by their owner alone, none overwritten by accident."""

import os
import stat
from pathlib import Path
from typing import TextIO

from hub.errors import Conflict, Malformed, Missing, Refused


def keep_private(path: Path, content: bytes) -> None:
    """``content`` stands in a new file that only its owner reads.

    Raises:
        Conflict: a file of that name exists.
        Refused: nothing can be written there.
    """
    _make_folder(path)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(
            "cli.file-exists",
            "A file of that name exists; name another one or remove it yourself.",
            "同名文件已存在；请另行命名或自行删除。",
            path=str(path),
        ) from None
    except OSError:
        raise not_writable(path) from None
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise not_writable(path) from None


def not_writable(path: Path) -> Refused:
    """The error of a place where nothing can be written."""
    return Refused("cli.not-writable", "Nothing can be written there.", "该处无法写入。", path=str(path))


def content_of(path: Path, *, most_bytes: int) -> bytes:
    """The bytes of a file of at most ``most_bytes``.

    Raises:
        Missing: no such readable file.
        Malformed: it is larger.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError:
        raise Missing("cli.no-such-file", "The file cannot be read.", "文件无法读取。", path=str(path)) from None
    if len(content) > most_bytes:
        raise Malformed(
            "cli.file-too-large", "The file is larger than it may be.", "文件超过允许的大小。", path=str(path)
        )
    return content


def private_text(path: Path) -> TextIO:
    """A text file, new or emptied, that only its owner reads."""
    _make_folder(path)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError:
        raise not_writable(path) from None
    return os.fdopen(handle, "w", encoding="utf-8")


def is_exposed(path: Path) -> bool:
    """True when a file is there that others than its owner may read."""
    try:
        return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:
        return False
