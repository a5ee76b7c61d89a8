"""Batches 推送批次 in the making: records wait in a file, are signed for one sequence number, go under one manifest."""

import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, Self

import orjson

from adapters.agent.hub_client import Cursor
from adapters.agent.references import status_place
from adapters.agent.rows import Aside
from hub.proof.jws import b64url, sign_jws
from hub.proof.keys import Signer
from hub.proof.sdjwt import issue_sd_jwts

MANIFEST_TYP: Final = "batch-manifest+jwt"
_JTI_BYTES: Final = 12
_SIGNED_AT_ONCE: Final = 200
_BUFFER: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues, for which registry, to which hub, under which address statuses are published."""

    signer: Signer
    department: str
    registry: str
    hub_id: str
    status_base: str
    as_of: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record that waits to be signed."""

    record: str
    content: str
    row: int
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Share:
    """What of the pending lines goes into one batch."""

    records: Sequence[str]
    withdrawals: Sequence[tuple[str, str]]
    asides: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.records) + len(self.withdrawals) + len(self.asides)


Place = tuple[IO[bytes], int, int, str]
"""Where a waiting record is written down: file, start, length; and what names its content."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A share that is under way: until it has arrived it may have to wait once more."""

    share: Share
    places: Mapping[str, Place]
    file: IO[bytes] | None


class Pending:
    """Lines to be sent, in files that are gone when the run ends; a record met again replaces its earlier form."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._file = self._new_file()
        self._files = [self._file]
        self._end = 0
        self._places: dict[str, Place] = {}
        self.withdrawals: list[tuple[str, str]] = []
        self.asides: list[bytes] = []

    def __enter__(self) -> Self:
        """The waiting lines."""
        return self

    def __exit__(self, *_fault: object) -> None:
        for file in self._files:
            file.close()

    @property
    def waiting_records(self) -> int:
        """How many records wait."""
        return len(self._places)

    def add(self, waiting: Waiting) -> bool:
        """The record is waiting; True when it takes the place of an earlier form of itself."""
        line = orjson.dumps([waiting.row, waiting.claims])
        start, self._end = self._end, self._end + len(line)
        self._file.write(line)
        replaced = self._places.pop(waiting.record, None) is not None
        self._places[waiting.record] = (self._file, start, len(line), waiting.content)
        return replaced

    def put_aside(self, aside: Aside, record: str | None) -> None:
        """The unusable row is waiting."""
        told = {"unusable": aside.reason, "row": aside.row, "record": record, "raw": aside.raw}
        self.asides.append(orjson.dumps(told))

    def drop_known(self, live: Mapping[str, str]) -> int:
        """Records that are live with the same content need not be sent; how many they were."""
        known = [record for record, place in self._places.items() if live.get(record) == place[-1]]
        for record in known:
            del self._places[record]
        return len(known)

    def contents(self) -> dict[str, str]:
        """Record → content of what waits."""
        return {record: place[-1] for record, place in self._places.items()}

    def share(self, most: int, *, with_asides: bool) -> Share:
        """The first lines, at most so many besides the rows put aside."""
        records = list(islice(self._places, most))
        return Share(records, self.withdrawals[: most - len(records)], self.asides if with_asides else ())

    def read(self, records: Iterable[str]) -> Iterator[Waiting]:
        """Those records, to be signed."""
        self._file.flush()
        for record in records:
            file, start, length, content = self._places[record]
            row, claims = orjson.loads(os.pread(file.fileno(), length, start))
            yield Waiting(record, content, row, claims)

    def take(self, share: Share) -> Taken:
        """The share waits no longer; what is added from now on does not touch it."""
        places = {record: self._places.pop(record) for record in share.records}
        del self.withdrawals[: len(share.withdrawals)]
        if share.asides:
            self.asides = []
        return Taken(share, places, self._begun_anew() if not self._places else None)

    def restore(self, taken: Taken) -> None:
        """The share waits again, before everything else, except for records that were met again meanwhile."""
        self._places = {**taken.places, **self._places}
        self.withdrawals[:0] = taken.share.withdrawals
        self.asides = [*taken.share.asides, *self.asides]

    def forget(self, taken: Taken) -> None:
        """The share is at the hub."""
        if taken.file is not None and all(place[0] is not taken.file for place in self._places.values()):
            self._files.remove(taken.file)
            taken.file.close()

    def _begun_anew(self) -> IO[bytes]:
        before, self._file, self._end = self._file, self._new_file(), 0
        self._files.append(self._file)
        return before

    def _new_file(self) -> IO[bytes]:
        return new_file(self.folder)


@dataclass(frozen=True, slots=True)
class Header:
    """What a manifest says besides its lines."""

    export: str
    vct: str
    mode: str
    present: int | None
    cursor: Any
    read: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A signed manifest, its digest, and the nameless file that holds its lines."""

    manifest: str
    digest: str
    body: IO[bytes]


def new_file(folder: Path | None) -> IO[bytes]:
    """An empty file without a name: nothing of it stays on the disk, whatever ends the run."""
    return tempfile.TemporaryFile(buffering=_BUFFER, dir=folder)


def build(  # noqa: PLR0913 - what a manifest is made of
    issuer: Issuer, pending: Pending, share: Share, header: Header, *, after: Cursor, now: datetime
) -> Batch:
    """The batch that follows ``after``: every waiting record issued, its lines digested, the manifest signed."""
    sequence = after.sequence + 1
    body = new_file(pending.folder)
    digest, lines = hashlib.sha256(), 0
    for line in _lines(issuer, (pending, share), header, (sequence, int(now.timestamp()))):
        body.write(line)
        digest.update(line)
        lines += 1
    claims: dict[str, Any] = {
        "iss": issuer.department,
        "aud": issuer.hub_id,
        "iat": int(now.timestamp()),
        "jti": secrets.token_urlsafe(_JTI_BYTES),
        "registry": issuer.registry,
        "export": header.export,
        "sequence": sequence,
        "previous": after.manifest_digest,
        "lines": lines,
        "digest": b64url(digest.digest()),
        "mode": header.mode,
        "cursor": header.cursor,
        "read": header.read,
    }
    if header.present is not None:
        claims["present"] = header.present
    manifest = sign_jws(claims, typ=MANIFEST_TYP, signer=issuer.signer)
    return Batch(manifest, b64url(hashlib.sha256(manifest.encode("ascii")).digest()), body)


_EVIDENCE: Final = b'{"evidence"'


def _lines(issuer: Issuer, what: tuple[Pending, Share], header: Header, when: tuple[int, int]) -> Iterator[bytes]:
    pending, share = what
    sequence, issued_at = when
    clear = {
        "iss": issuer.department,
        "vct": header.vct,
        "iat": issued_at,
        "registry": issuer.registry,
        "export": header.export,
        "as_of": issuer.as_of,
    }
    reading = enumerate(pending.read(share.records))
    while some := list(islice(reading, _SIGNED_AT_ONCE)):
        told = [
            (
                {
                    **clear,
                    "jti": secrets.token_urlsafe(_JTI_BYTES),
                    "record": waiting.record,
                    "content": waiting.content,
                    "status": status_place(issuer.status_base, issuer.registry, sequence, position),
                },
                waiting.claims,
            )
            for position, waiting in some
        ]
        for (_, waiting), token in zip(some, issue_sd_jwts(told, signer=issuer.signer), strict=True):
            yield b'%s:"%s","row":%d}\n' % (_EVIDENCE, token.encode("ascii"), waiting.row)
    for record, reason in share.withdrawals:
        yield orjson.dumps({"withdrawn": record, "reason": reason}) + b"\n"
    for aside in share.asides:
        yield aside + b"\n"
