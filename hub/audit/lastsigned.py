"""What was signed last 最后签名的检查点, kept apart from the database: a restored backup cannot make us sign a fork.

The file's owner is this node; nodes that share a disk share the file. It is replaced before a checkpoint leaves the
house, so after a crash it may name a checkpoint that nobody has seen, never the other way round.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from hub.errors import Broken, Malformed, Unavailable
from hub.proof.treehead import Checkpoint, parse_checkpoint_text

SLOT_BYTES: Final = 1_024


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
    """A file of two slots, written in turn and flushed: a torn write spoils one, the other still holds its checkpoint.

    A slot is a checkpoint's text after its SHA-256 in hex; people read the file with ``cat``.
    """

    def __init__(self, path: Path, *, flush: Callable[[int], None] = os.fdatasync) -> None:
        self._path = path
        self._flush = flush

    def last(self) -> Checkpoint | None:
        """The larger checkpoint of the two slots, or None when nothing was ever kept.

        Raises:
            Broken: neither slot holds one.
            Unavailable: the disk does not give it.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise self._not_kept(fault) from fault
        return self._larger(content)[1]

    def _larger(self, content: bytes) -> tuple[int, Checkpoint | None]:
        held = [(slot, _in_slot(content[slot * SLOT_BYTES : (slot + 1) * SLOT_BYTES])) for slot in (0, 1)]
        found = [(slot, checkpoint) for slot, checkpoint in held if checkpoint is not None]
        if not found and len(content) <= SLOT_BYTES:
            return 1, None  # the first write was torn: nothing has left the house under it
        if not found:
            raise Broken(
                "audit.last-signed-damaged",
                f"{self._path.name} is damaged; restore it, or ask a witness for the last checkpoint and write that.",
                f"{self._path.name} 已损坏；请恢复，或向见证方索取最后检查点后写入。",
            )
        return max(found, key=lambda each: each[1].size)

    def swap(self, old: Checkpoint | None, new: Checkpoint) -> None:
        """``new`` is in the file and on the disk, if ``old`` was the last in it.

        Raises:
            Broken: another process signed in between, or ``new`` is smaller.
            Unavailable: the disk does not take it; what was kept still is.
        """
        try:
            self._swap(old, new)
        except OSError as fault:
            raise self._not_kept(fault) from fault

    def _not_kept(self, fault: OSError) -> Unavailable:
        reason = os.strerror(fault.errno or 0)
        return Unavailable(
            "audit.last-signed-unkept",
            f"The store of the last signed checkpoint, {self._path.name}, can be neither read nor written ({reason}); "
            "nothing is signed until it can. What was acknowledged stays; make room or restore access.",
            f"最后签名检查点的存储 {self._path.name} 无法读写（{reason}）；恢复之前停止签名。"
            "已确认的内容不受影响；请清理空间或恢复访问权限。",
        )

    def _swap(self, old: Checkpoint | None, new: Checkpoint) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self._path.exists()
        with self._path.open("ab", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            content = self._path.read_bytes()
            slot, kept = self._larger(content)
            if kept != old or (kept is not None and new.size <= kept.size):
                raise Broken(
                    "audit.signed-elsewhere",
                    "Another process signed a checkpoint meanwhile; this one starts over from what it signed.",
                    "其他进程已签署检查点；本进程将从其重新开始。",
                )
            self._write(1 - slot, new)
        if is_new:
            flush_folder(self._path.parent)

    def _write(self, slot: int, checkpoint: Checkpoint) -> None:
        with self._path.open("r+b", buffering=0) as file:
            try:
                file.seek(slot * SLOT_BYTES)
                file.write(_slot(checkpoint))
                self._flush(file.fileno())
            except OSError:
                file.seek(slot * SLOT_BYTES)  # else what is not on the disk would be read back as kept
                file.write(b"\0" * SLOT_BYTES)
                raise


def _slot(checkpoint: Checkpoint) -> bytes:
    text = checkpoint.text().encode()
    content = hashlib.sha256(text).hexdigest().encode() + b"\n" + text
    if len(content) >= SLOT_BYTES:
        raise Broken("audit.origin-too-long", "The log's origin is too long to be kept.", "日志来源名称过长。")
    return content.ljust(SLOT_BYTES - 1, b" ") + b"\n"


def _in_slot(content: bytes) -> Checkpoint | None:
    digest, _, padded = content.partition(b"\n")
    text = padded.rstrip(b" \n") + b"\n"
    if hashlib.sha256(text).hexdigest().encode() != digest:
        return None
    try:
        return parse_checkpoint_text(text.decode())
    except (Malformed, UnicodeDecodeError):
        return None


def replace_file(path: Path, content: bytes, *, flush: Callable[[int], None] = os.fsync) -> None:
    """``path`` holds ``content`` and nothing else, now and after a power cut; or still what it held before."""
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        flush(file.fileno())
    fresh.replace(path)
    flush_folder(path.parent, flush=flush)


def flush_folder(path: Path, *, flush: Callable[[int], None] = os.fsync) -> None:
    """The names in the folder survive a power cut."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flush(folder)
    finally:
        os.close(folder)
