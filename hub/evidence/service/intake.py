"""The door of intake 接收: manifest first, then line by line, then digest and count, then one commit."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Final

from sqlmodel import Session

from hub.audit.model import Entry
from hub.errors import Conflict, Malformed, Missing, Refused
from hub.evidence.frames import lines_in
from hub.evidence.lines import Expectation, IssuerKey, Validate
from hub.evidence.manifest import MANIFEST_BYTES, MANIFEST_TYP, manifest_in
from hub.evidence.model import BatchAnswer, Cursor, Line, Manifest, QuarantineItem, Shape
from hub.evidence.service.batch import Identity, Intake
from hub.evidence.service.spool import Spool
from hub.evidence.service.verifiers import Verifiers
from hub.evidence.store import BatchStore, EvidenceStore, QuarantineStore, Vault
from hub.evidence.stream import LineReader, StreamLimits, unpacked
from hub.kernel.clock import Clock
from hub.parties.directory import PartyDirectory
from hub.proof.encoding import b64url
from hub.proof.jws import verify_jws
from hub.storage.database import Database

Append = Callable[[Session, Entry], str]
FUTURE: Final = timedelta(minutes=5)
AHEAD: Final = 1
"""So many batches of a registry may arrive while the one before them is taken in."""


@dataclass(frozen=True)
class IntakeService:
    """Takes batches in for one hub. ``shapes`` says, by (registry, export), what evidence is expected.

    ``folder`` is where large batches wait, sealed, until they have arrived.
    """

    database: Database
    directory: PartyDirectory
    identity: Identity
    vault: Vault
    shapes: Mapping[tuple[str, str], Shape]
    validator_for: Callable[[str], Validate]
    append: Append
    hub: str
    clock: Clock
    limits: StreamLimits = field(default_factory=StreamLimits)
    verifiers: Verifiers = field(default_factory=lambda: Verifiers(0))
    folder: Path | None = None

    def accept(self, registry: str, chunks: Iterable[bytes], *, gzip: bool = False) -> BatchAnswer:
        """What became of the batch in ``chunks``; everything of it is kept in one transaction, or nothing.

        (1) The first line is a manifest, signed for this hub. (2) Its signer answers for the registry. (3) A batch
        known already is answered as before. (4) It is the next of the chain, or the one after that. (5) The lines
        arrive and wait; they are verified meanwhile. (6) Digest and count of the lines are the manifest's. (7) Now it
        is the next of the chain: the one before was kept. (8) Every line, once it is verified, is taken in or put
        aside. (9) Cursor, answer and log entry join the rest.

        Until (7) the batch holds up nobody: while it arrives and is verified, the one before is placed. From then on it
        waits for nothing but its last verifications: whose the records are is decided for one batch after the other.

        Raises:
            Malformed: 1, 6, or damaged bytes.
            Refused: 2, or larger than the limits.
            Conflict: 4 and 7, saying what is expected.
            Unavailable: the database is away, or other batches of the registry are being taken in.
        """
        reader = LineReader(unpacked(chunks, self.limits, gzip=gzip), self.limits)
        manifest = self._manifest(registry, reader.first())  # 1, 2
        with self.database.reading() as session:
            batches = BatchStore(session)
            stands = batches.cursor_for(registry)  # first: who is kept between the two is known then
            known = _answered(batches, manifest)  # 3
            if known is not None:
                return known
            _check_chain(manifest, stands, ahead=AHEAD)  # 4
        expected = self._expectation(manifest)
        with Spool(self.folder) as waiting, closing(self.verifiers.frames(reader.rest(), expected)) as frames:
            _arrive(manifest, reader, frames, waiting)  # 5, 6
            lines = chain(waiting.lines(), chain.from_iterable(map(lines_in, frames)))
            return self._kept(manifest, expected, lines)

    def _kept(self, manifest: Manifest, expected: Expectation, lines: Iterable[Line]) -> BatchAnswer:
        with self.database.writing() as session:
            batches = BatchStore(session)
            stands = batches.lock(manifest.registry)
            known = _answered(batches, manifest)
            if known is not None:
                return known
            _check_chain(manifest, stands)  # 7
            intake = Intake(session, manifest, expected, self.vault, self.identity)
            intake.take(lines)  # 8
            answer = intake.finish()
            entry_id = self.append(session, Entry("batch", _entry(manifest, answer)))  # 9
            batches.keep(manifest, answer, entry_id, self.clock.now())
        return answer

    def close(self) -> None:
        """The processes that verify have ended."""
        self.verifiers.close()

    def cursor(self, registry: str) -> Cursor:
        """Where the registry's adapter goes on."""
        with self.database.reading() as session:
            return BatchStore(session).cursor_for(registry)

    def records(self, registry: str, export: str) -> Iterator[tuple[str, str]]:
        """Every (record, content) of the export that stands, by record; read page by page."""
        last = ""
        while True:
            with self.database.reading() as session:
                page = EvidenceStore(session, self.vault).records_after(registry, export, last)
            yield from page
            if not page:
                return
            last = page[-1][0]

    def quarantine_of(self, registry: str, *, offset: int = 0, limit: int = 1_000) -> list[QuarantineItem]:
        """A page of what was put aside, for the registry's owner."""
        with self.database.reading() as session:
            return QuarantineStore(session, self.vault).items(registry, offset=offset, limit=limit)

    def quarantined(self, registry: str) -> int:
        """How many records of the registry are put aside."""
        with self.database.reading() as session:
            return QuarantineStore(session, self.vault).count(registry)

    def _manifest(self, registry: str, line: bytes) -> Manifest:
        message = verify_jws(line, typ=MANIFEST_TYP, key_for=self.directory.key_for, max_bytes=MANIFEST_BYTES)
        if message.claims.get("aud") != self.hub:
            raise Refused("intake.foreign-audience", "The batch is addressed to another hub.", "批次是发给其他枢纽的。")
        manifest = manifest_in(message, line.decode("ascii"))
        if manifest.registry != registry or self.directory.signers_registry(registry) != manifest.issuer:
            raise Refused(
                "intake.not-your-registry",
                "The signer of this batch does not answer for the registry it is pushed to.",
                "批次签名方不是该登记库的负责部门。",
                registry=registry,
            )
        if manifest.read_at > self.clock.now() + FUTURE:
            raise Refused(
                "intake.from-the-future",
                "The batch comes from the future; check the clock.",
                "批次时间晚于当前；请校对时钟。",
            )
        return manifest

    def _expectation(self, manifest: Manifest) -> Expectation:
        shape = self.shapes.get((manifest.registry, manifest.export))
        if shape is None:
            raise Missing(
                "intake.unknown-export",
                "No evidence type is published for this export of the registry.",
                "该登记库的此导出项未发布凭证类型。",
                export=manifest.export,
            )
        now = self.clock.now()
        return Expectation(
            shape,
            manifest.issuer,
            self._keys_of(manifest.issuer),
            self.validator_for(shape.type),
            now,
        )

    def _keys_of(self, issuer: str) -> dict[str, IssuerKey]:
        """The issuer's keys, looked up once: what a batch is held to does not change under it."""
        counting = self.directory.counting_keys(issuer)
        return {kid: IssuerKey(key.public, int(key.valid_from.timestamp())) for kid, key in counting.items()}


def _arrive(manifest: Manifest, reader: LineReader, frames: Iterable[bytes], waiting: Spool) -> None:
    """All lines are here, those that were verified meanwhile in ``waiting``, and they are the manifest's."""
    for frame in frames:
        waiting.add(frame)
        if reader.has_ended or reader.lines_after_first > manifest.lines:
            break
    is_longer = reader.lines_after_first > manifest.lines  # then the rest is not read: it may be a bomb
    if is_longer or (reader.lines_after_first, b64url(reader.digest())) != (manifest.lines, manifest.body_digest):
        raise Malformed(
            "intake.digest-differs",
            "The lines are not those that the manifest names; nothing was kept. Send the batch again.",
            "批次内容与清单不符，未保存任何内容；请重新发送。",
            lines=reader.lines_after_first,
            expected=manifest.lines,
        )


def _answered(batches: BatchStore, manifest: Manifest) -> BatchAnswer | None:
    """What the batch was answered before, or None.

    Raises:
        Conflict: another batch was accepted under its number.
    """
    known = batches.answer_for(manifest.registry, manifest.sequence)
    if known is None:
        return None
    digest, answer = known
    if digest != manifest.digest:
        raise Conflict(
            "intake.sequence-reused",
            "Another batch was accepted under this number; read the cursor and push under the next one.",
            "该序号已接收其他批次；请读取游标后使用下一序号。",
            sequence=manifest.sequence,
        )
    return replace(answer, duplicate=True)


def _check_chain(manifest: Manifest, stands: Cursor, *, ahead: int = 0) -> None:
    """The batch is the next of the chain, or follows so many that may be under way."""
    expected = stands.sequence + 1
    if expected < manifest.sequence <= expected + ahead:
        return
    if manifest.sequence != expected:
        raise Conflict(
            "intake.sequence-gap",
            "The batch is not the next one; push the missing number first.",
            "批次序号不连续；请先推送缺失的序号。",
            expected=expected,
            sequence=manifest.sequence,
        )
    if manifest.previous != stands.manifest_digest:
        raise Conflict(
            "intake.chain-broken",
            "The batch does not follow the last one accepted here; read the cursor and sign again.",
            "批次没有接续枢纽最近接收的批次；请读取游标后重新签名。",
            expected=stands.manifest_digest,
        )


def _entry(manifest: Manifest, answer: BatchAnswer) -> dict[str, str | int]:
    return {
        "registry": manifest.registry,
        "department": manifest.issuer,
        "export": manifest.export,
        "mode": manifest.mode.value,
        "sequence": manifest.sequence,
        "manifest_digest": manifest.digest,
        "lines": manifest.lines,
        "accepted": answer.accepted,
        "unchanged": answer.unchanged,
        "withdrawn": answer.withdrawn,
        "quarantined": answer.quarantined,
    }
