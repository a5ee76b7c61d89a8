"""What a checkpoint 检查点 says: the log's origin, size and root (C2SP tlog-checkpoint)."""

import re
from dataclasses import dataclass
from typing import Final

from hub.errors import Malformed
from hub.proof.encoding import base64_decode, base64_text, malformed
from hub.proof.merkle import EMPTY_ROOT, HASH_BYTES

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_LINES: Final = 3


def _bad_checkpoint(en: str, zh: str) -> Malformed:
    return malformed("checkpoint", en, zh)


def parse_decimal(text: str) -> int:
    """A whole number in ASCII without leading zeroes.

    Raises:
        Malformed: any other text.
    """
    if not _DECIMAL.fullmatch(text):
        raise malformed("decimal", "A number is not plain decimal.", "数字不是规范的十进制。")
    return int(text)


@dataclass(frozen=True)
class Checkpoint:
    """The tree of the log ``origin`` at ``size`` entries has ``root`` (32 bytes)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The text to sign."""
        lines = (self.origin, str(self.size), base64_text(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def parse_checkpoint_text(text: str) -> Checkpoint:
    """The checkpoint that a note's text describes.

    Raises:
        Malformed: any other text, or a root that cannot belong to its size.
    """
    checkpoint = parse_claimed_checkpoint(text)
    if (checkpoint.size == 0) is not (checkpoint.root == EMPTY_ROOT):
        raise _bad_checkpoint("The root does not belong to a tree of that size.", "根与树大小不符。")
    return checkpoint


def parse_claimed_checkpoint(text: str) -> Checkpoint:
    """The same, whatever root an empty tree claims: a witness must tell that fault from bad bytes.

    Raises:
        Malformed: any other text.
    """
    lines = text.split("\n")
    if len(lines) <= _LINES or lines.pop() or not all(lines):
        raise _bad_checkpoint("A checkpoint has three lines, none empty.", "检查点须有三行且不得为空行。")
    root = base64_decode(lines[2])
    if len(root) != HASH_BYTES:
        raise _bad_checkpoint("The root is not 32 bytes.", "根不是 32 字节。")
    return Checkpoint(lines[0], parse_decimal(lines[1]), root, tuple(lines[_LINES:]))
