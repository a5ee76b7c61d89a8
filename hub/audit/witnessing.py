"""Asking witnesses 见证方 to cosign the newest checkpoint (C2SP tlog-witness, the log's side)."""

import hashlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Final

import httpx

from hub.audit.fetching import fetched
from hub.errors import Malformed
from hub.kernel.clock import Clock
from hub.proof.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from hub.proof.encoding import base64_text, strict_json
from hub.proof.merkle import Subtree, consistency_proof
from hub.proof.note import MAX_NOTE_BYTES, Note, NoteSignature, NoteVerifier, parse_signature_lines
from hub.proof.policy import LogPolicy, Witness
from hub.proof.treehead import parse_decimal

ADD_CHECKPOINT: Final = "add-checkpoint"
SIZE_TYPE: Final = "text/x.tlog.size"
PROBLEM: Final = "application/problem+json"
MAX_SKEW_SECONDS: Final = 300
_CONFLICT: Final = 409
_UNCONTINUED: Final = 422
_OK: Final = 200
_NOT_FOUND: Final = 404
GRACE_SECONDS: Final = 0.25
_LONGEST: Final = 60.0
_SAID: Final = 200


@dataclass(frozen=True)
class Reply:
    """What a witness answered."""

    status: int
    content_type: str
    body: str

    def said(self) -> str:
        """What an operator reads of it: the code of a problem (RFC 9457), or how the body begins."""
        with suppress(Malformed):
            told = strict_json(self.body.encode()) if self.content_type.startswith(PROBLEM) else None
            if isinstance(told, dict) and isinstance(told.get("code"), str):
                return str(told["code"])[:_SAID]
        return self.body[:_SAID].strip()


Post = Callable[[str, bytes | None], Reply]


class HttpPost:
    """Posts (or, without a body, gets) and keeps its connections; who is away answers with status 0."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def __call__(self, url: str, body: bytes | None) -> Reply:
        """What the witness behind ``url`` answers."""
        with self._lock:
            client = self._client = self._client or httpx.Client(timeout=self._timeout_seconds)
        try:
            answer, told = fetched(
                client,
                "GET" if body is None else "POST",
                url,
                most_bytes=MAX_NOTE_BYTES,
                within_seconds=self._timeout_seconds,
                content=body,
                headers={} if body is None else {"content-type": "text/plain; charset=utf-8"},
            )
        except (httpx.HTTPError, RuntimeError) as fault:  # a client closed meanwhile raises the latter
            return Reply(0, "", type(fault).__name__)
        return Reply(answer.status_code, answer.headers.get("content-type", ""), told.decode("utf-8", "replace"))

    def close(self) -> None:
        """The connections are closed; the next call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()


@dataclass(frozen=True)
class Question:
    """What a witness is asked to cosign, and what proves growth to it."""

    note_text: str
    checkpoint: Checkpoint
    subtree: Subtree

    def body(self, old: int) -> bytes:
        """The request for a witness that has followed up to ``old``."""
        proof = consistency_proof(self.subtree, old, self.checkpoint.size)
        return "\n".join([f"old {old}", *map(base64_text, proof), "", self.note_text]).encode()


@dataclass(frozen=True)
class Memory:
    """The checkpoints that witnesses hold, and whether a quorum of them has answered."""

    checkpoints: tuple[Checkpoint, ...]
    is_quorum: bool


class Collector:
    """Collects cosignatures until the policy's quorum is reached; remembers how far each witness has followed."""

    def __init__(
        self,
        policy: LogPolicy,
        clock: Clock,
        *,
        post: Post | None = None,
        pause_seconds: float = 1.0,
        timeout_seconds: float = 3.0,
    ) -> None:
        self.policy = policy
        self.pause_seconds = pause_seconds
        self.complaints: dict[str, str] = {}
        self.forgetful: dict[str, int] = {}
        self._clock = clock
        self._http = HttpPost(timeout_seconds)
        self._post = post or self._http
        self._followed: dict[str, int] = {}
        self._by_url: dict[str, list[Witness]] = defaultdict(list)
        for witness in policy.witnesses.values():
            if witness.url:
                self._by_url[witness.url].append(witness)
        self._busy: set[str] = set()
        self._pool = ThreadPoolExecutor(max_workers=2 * len(self._by_url) + 1, thread_name_prefix="log-witness")

    def close(self) -> None:
        """The connections to the witnesses are closed, until they are asked again."""
        self._http.close()

    @property
    def is_contradicted(self) -> bool:
        """True when a witness says that it holds more, or something else, than it was shown last."""
        return any(each.startswith((str(_CONFLICT), str(_UNCONTINUED))) for each in list(self.complaints.values()))

    def told(self) -> dict[str, str]:
        """By the name of each witness that there is something to say of: what it answered, or what it forgot."""
        said = {
            url: f"It answers as if new, after {size} entries; see that it gets its store back, or a new key."
            for url, size in list(self.forgetful.items())
        }
        said |= list(self.complaints.items())
        return {name: said[each.url] for name, each in self.policy.witnesses.items() if each.url in said}

    def cosigned(self, note_text: str, subtree: Subtree) -> str | None:
        """The note with the cosignatures of a quorum and of who else is as quick, or None when it was not reached.

        A cosignature of another text, under another key or far from our clock counts for nothing. A slow witness holds
        up nobody: it is asked again once it has answered.
        """
        note, checkpoint = parse_checkpoint(note_text)
        question = Question(note_text, checkpoint, subtree)
        free = [url for url in self._by_url if url not in self._busy]
        self._busy.update(free)
        waiting = {self._pool.submit(self._answered, url, question) for url in free}
        ends = inf
        while waiting and (pause := ends - time.monotonic()) > 0:
            done, waiting = wait(waiting, timeout=min(pause, _LONGEST), return_when=FIRST_COMPLETED)
            note = note.with_signatures(signature for each in done for signature in each.result())
            if ends == inf and self._has_quorum(note):
                ends = time.monotonic() + GRACE_SECONDS
        return str(note) if self._has_quorum(note) else None

    def _has_quorum(self, note: Note) -> bool:
        return self.policy.has_quorum(frozenset(self.policy.cosigners(note)))

    def _answered(self, url: str, question: Question) -> list[NoteSignature]:
        try:
            return self._ask(url, question)
        finally:
            self._busy.discard(url)

    def remembered(self, log: NoteVerifier) -> Memory:
        """What the witnesses hold of ``log``, each checkpoint under the log's own signature; who is away is not
        waited for.
        """  # noqa: D205 - one sentence
        path = f"{hashlib.sha256(log.name.encode()).hexdigest()}/checkpoint"
        asked = {url: self._pool.submit(self._post, f"{url.rstrip('/')}/{path}", None) for url in self._by_url}
        found, answered = [], set()
        for url, reply in ((url, each.result()) for url, each in asked.items()):
            try:
                if reply.status == _OK:
                    found.append(verify_checkpoint(reply.body, [log]))
            except Malformed as fault:
                self.complaints[url] = fault.code
                continue
            if reply.status in (_OK, _NOT_FOUND):
                answered |= {each.verifier for each in self._by_url[url]}
        names = {name for name, each in self.policy.witnesses.items() if each.verifier in answered}
        return Memory(tuple(found), self.policy.has_quorum(frozenset(names)))

    def _ask(self, url: str, question: Question) -> list[NoteSignature]:
        try:
            reply = self._submitted(url, question)
            if reply.status != _OK:
                self.complaints[url] = f"{reply.status} {reply.said()}"
                return []
            fresh = self._checked(url, reply, question.checkpoint)
        except Malformed as fault:
            self.complaints[url] = fault.code
            return []
        self._followed[url] = question.checkpoint.size
        self.complaints.pop(url, None)
        return fresh

    def _submitted(self, url: str, question: Question) -> Reply:
        target = f"{url.rstrip('/')}/{ADD_CHECKPOINT}"
        old = min(self._followed.get(url, 0), question.checkpoint.size)
        reply = self._post(target, question.body(old))
        if reply.status == _CONFLICT and reply.content_type.startswith(SIZE_TYPE):
            followed = parse_decimal(reply.body.removesuffix("\n"))
            if followed < old:
                self.forgetful[url] = old
            if followed <= question.checkpoint.size:
                reply = self._post(target, question.body(followed))
        return reply

    def _checked(self, url: str, reply: Reply, checkpoint: Checkpoint) -> list[NoteSignature]:
        """The cosignatures of this witness, made now: receipts show their time as when it had seen the entries."""
        told = []
        for signature in parse_signature_lines(reply.body):
            for witness in self._by_url[url]:
                if witness.verifier.is_signer_of(signature):
                    witness.verifier.verify(checkpoint.text(), signature)
                    told.append(signature)
        if not told:
            raise Malformed(
                "audit.witness-other-key",
                "The witness cosigns with no key that the witness policy names; ask it for its key and name that.",
                "见证方所用密钥不在见证策略中；请向其核实公钥并更新策略。",
            )
        now = self._clock.now().timestamp()
        fresh = [each for each in told if abs(each.timestamp - now) <= MAX_SKEW_SECONDS]
        if not fresh:
            raise Malformed(
                "audit.witness-clock",
                "The witness's clock is minutes away from this machine's; set both by one time.",
                "见证方的时钟与本机相差数分钟；请按同一时间源校准。",
            )
        return fresh
