"""A witness 见证方: cosigns a log only as long as it grows, and remembers (C2SP tlog-witness v1).

Run by an institution of its own, on a machine of its own. It owns one small file for each log. The file is replaced and
flushed before a cosignature leaves, under a lock that also covers the check against it: after a crash the witness may
have kept a checkpoint that nobody saw cosigned, never the other way round.
"""

import fcntl
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.audit.lastsigned import replace_file
from hub.errors import HubError, Malformed
from hub.kernel.clock import Clock
from hub.proof.checkpoint import Checkpoint, parse_checkpoint
from hub.proof.encoding import base64_decode
from hub.proof.merkle import EMPTY_ROOT, HASH_BYTES, verify_consistency
from hub.proof.note import Cosigner, Note, NoteVerifier, parse_note, verify_note
from hub.proof.treehead import parse_claimed_checkpoint, parse_decimal

MAX_REQUEST_BYTES: Final = 262_144
MAX_PROOF_LINES: Final = 63
MAX_EVIDENCE: Final = 100
TEXT: Final = "text/plain; charset=utf-8"
SIZE: Final = "text/x.tlog.size"


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: str
    content_type: str = TEXT


@dataclass(frozen=True)
class Submission:
    """A log's request: from which size, with which proof, to which checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


def parse_submission(body: bytes) -> Submission:
    """The request in ``body``.

    Raises:
        Malformed: any other bytes.
    """
    head, separator, rest = body.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")
    if not separator or not lines[0].startswith("old ") or len(lines) > MAX_PROOF_LINES + 1:
        raise Malformed(
            "audit.bad-submission",
            "The request is not old size, proof and checkpoint.",
            "请求须依次为旧大小、证明和检查点。",
        )
    proof = tuple(base64_decode(line) for line in lines[1:])
    if any(len(each) != HASH_BYTES for each in proof):
        raise Malformed("audit.bad-submission", "A line of the proof is not a hash.", "证明行不是哈希值。")
    note = parse_note(rest)
    return Submission(parse_decimal(lines[0].removeprefix("old ")), proof, note, parse_claimed_checkpoint(note.text))


def origin_hash(origin: str) -> str:
    """The name under which monitors ask for a log's checkpoint."""
    return hashlib.sha256(origin.encode()).hexdigest()


class WitnessStore:
    """The newest cosigned checkpoint of each log, one file each; and what proves that a log showed two histories."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def newest(self, name: str) -> Note | None:
        """The note kept under an origin's hash."""
        try:
            return parse_note((self._directory / f"{name}.checkpoint").read_bytes())
        except FileNotFoundError:
            return None

    def keep(self, name: str, note: Note) -> None:
        """The note is on the disk."""
        replace_file(self._directory / f"{name}.checkpoint", str(note).encode())

    def keep_evidence(self, name: str, body: bytes) -> None:
        """A signed request that no honest log makes is kept, up to a hundred of each log."""
        folder = self._directory / "evidence"
        folder.mkdir(exist_ok=True)
        file = folder / f"{name}-{hashlib.sha256(body).hexdigest()[:16]}.request"
        if not file.exists() and len(list(folder.glob(f"{name}-*.request"))) < MAX_EVIDENCE:
            replace_file(file, body)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Nobody else, thread or process, reads or writes this log's checkpoint meanwhile."""
        with (self._directory / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Witness:
    """Knows the logs it follows by their keys, and signs with keys of its own."""

    def __init__(
        self, logs: Sequence[NoteVerifier], cosigners: Sequence[Cosigner], store: WitnessStore, clock: Clock
    ) -> None:
        self._logs = logs
        self._cosigners = cosigners
        self._store = store
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """The answer to ``POST add-checkpoint``: (1) form, (2) known log, (3) its signature, (4) sizes, (5) the size
        followed so far, (6) growth proved; then kept, then cosigned.
        """  # noqa: D205 - one sentence, numbered like the steps
        try:
            asked = parse_submission(body) if len(body) <= MAX_REQUEST_BYTES else None  # 1
        except Malformed as fault:
            return Answer(400, fault.en + "\n")
        if asked is None:
            return Answer(400, "The request is too large.\n")
        known = [log for log in self._logs if log.name == asked.checkpoint.origin]
        if not known:  # 2
            return Answer(404, "This log is not followed here.\n")
        if not self._is_signed(asked.note, known):  # 3
            return Answer(403, "The log's signature does not verify.\n")
        if asked.old > asked.checkpoint.size:  # 4
            return Answer(400, "The old size is beyond the checkpoint.\n")
        name = origin_hash(asked.checkpoint.origin)
        with self._store.locked(name):
            return self._followed(name, asked, known, body)

    def _is_signed(self, note: Note, known: Sequence[NoteVerifier]) -> bool:
        try:
            return bool(verify_note(note, known))
        except Malformed:
            return False

    def _followed(self, name: str, asked: Submission, known: Sequence[NoteVerifier], body: bytes) -> Answer:
        newest = self._store.newest(name)
        last = None if newest is None else parse_checkpoint(str(newest))[1]
        if asked.old != (last.size if last else 0):  # 5
            return Answer(409, f"{last.size if last else 0}\n", SIZE)
        if not _has_grown(last, asked):  # 6
            self._store.keep_evidence(name, body)
            return Answer(422, "The checkpoint does not continue the one cosigned before.\n")
        now = int(self._clock.now().timestamp())
        cosignatures = [each.cosign(asked.note.text, now) for each in self._cosigners]
        by_log = [each for each in asked.note.signatures if any(log.is_signer_of(each) for log in known)]
        self._store.keep(name, Note(asked.note.text, (*by_log, *cosignatures)))
        return Answer(200, "".join(each.line() for each in cosignatures))

    def checkpoint(self, name: str) -> Answer:
        """The answer to ``GET <hash of the origin>/checkpoint``."""
        newest = self._store.newest(name)
        if newest is None:
            return Answer(404, "No checkpoint of this log was cosigned here.\n")
        return Answer(200, str(newest))


def _has_grown(last: Checkpoint | None, asked: Submission) -> bool:
    new = asked.checkpoint
    if (new.size == 0) is not (new.root == EMPTY_ROOT):
        return False
    if last is None or last.size == 0:
        return not asked.proof
    try:
        verify_consistency(old=last.size, size=new.size, old_root=last.root, root=new.root, proof=asked.proof)
    except HubError:
        return False
    return True
