"""The log's signed size and root 检查点 (C2SP tlog-checkpoint)."""

from collections.abc import Sequence

from hub.proof.encoding import malformed
from hub.proof.note import Note, NoteSigner, NoteVerifier, parse_note, verify_note
from hub.proof.treehead import Checkpoint, parse_checkpoint_text

__all__ = ["Checkpoint", "parse_checkpoint", "parse_checkpoint_text", "sign_checkpoint", "verify_checkpoint"]


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> Note:
    """The checkpoint as a note under the log's key."""
    text = checkpoint.text()
    return Note(text, (signer.sign(text),))


def parse_checkpoint(content: bytes | str) -> tuple[Note, Checkpoint]:
    """The note and what it says, nothing verified.

    Raises:
        Malformed: any other bytes.
    """
    note = parse_note(content)
    return note, parse_checkpoint_text(note.text)


def verify_checkpoint(content: bytes | str, logs: Sequence[NoteVerifier]) -> Checkpoint:
    """The checkpoint in ``content``: (1) parsed, (2) signed by one of ``logs``, (3) whose name is its origin.

    Raises:
        Malformed: otherwise.
    """
    note, checkpoint = parse_checkpoint(content)  # 1
    signers = verify_note(note, [log for log in logs if log.name == checkpoint.origin])  # 2, 3
    if not signers:
        raise malformed(
            "unknown-log",
            "No key trusted for this log signed the checkpoint.",
            "检查点未经受信任的日志密钥签名。",
        )
    return checkpoint
