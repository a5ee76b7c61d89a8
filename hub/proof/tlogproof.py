"""The receipt 回执: an entry's place in a signed tree, checked offline (C2SP tlog-proof v1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.errors import Malformed
from hub.proof.encoding import base64_decode, base64_text, malformed
from hub.proof.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from hub.proof.note import MAX_NOTE_BYTES, Note, parse_note
from hub.proof.policy import LogPolicy
from hub.proof.treehead import Checkpoint, parse_checkpoint_text, parse_decimal

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_PROOF: Final = 63


@dataclass(frozen=True)
class TlogProof:
    """Entry ``index``, its audit path, and the checkpoint of the tree it leads to."""

    index: int
    path: tuple[bytes, ...]
    note: Note
    extra: bytes | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says, not verified."""
        return parse_checkpoint_text(self.note.text)

    def __str__(self) -> str:
        extra = [] if self.extra is None else [f"extra {base64_text(self.extra)}"]
        lines = [HEADER, *extra, f"index {self.index}", *map(base64_text, self.path), "", str(self.note)]
        return "\n".join(lines)


def _bad_proof() -> Malformed:
    return malformed(
        "receipt", "The receipt is not of the form c2sp.org/tlog-proof@v1.", "回执格式不符合 tlog-proof@v1。"
    )


def parse_tlog_proof(content: bytes | str) -> TlogProof:
    """The receipt in ``content``, nothing verified.

    Raises:
        Malformed: any other bytes.
    """
    if len(content) > MAX_NOTE_BYTES:
        raise _bad_proof()
    try:
        text = content if isinstance(content, str) else content.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad_proof() from None
    head, separator, rest = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or lines.pop(0) != HEADER:
        raise _bad_proof()
    extra = base64_decode(lines.pop(0)[len("extra ") :]) if lines and lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index ") or len(lines) > MAX_PROOF + 1:
        raise _bad_proof()
    path = tuple(base64_decode(line) for line in lines[1:])
    if any(len(each) != HASH_BYTES for each in path):
        raise _bad_proof()
    return TlogProof(parse_decimal(lines[0].removeprefix("index ")), path, parse_note(rest), extra)


def verify_tlog_proof(content: bytes | str, *, entry: bytes, policy: LogPolicy) -> TlogProof:
    """The receipt of ``entry``: (1) parsed, (2) signed by the log, (3) cosigned by the quorum, (4) path leads to root.

    Raises:
        Malformed: bytes or signatures that are not what they claim.
        Refused: too few witnesses.
    """
    proof = parse_tlog_proof(content)  # 1
    checkpoint = policy.verify(proof.note)  # 2, 3
    verify_entry(proof.path, entry=entry, index=proof.index, checkpoint=checkpoint)  # 4
    return proof


def verify_entry(path: Sequence[bytes], *, entry: bytes, index: int, checkpoint: Checkpoint) -> None:
    """Returns when ``path`` leads from ``entry`` to the checkpoint's root."""
    verify_inclusion(leaf=leaf_hash(entry), index=index, size=checkpoint.size, proof=path, root=checkpoint.root)
