"""A department as intake meets it: it issues evidence, chains manifests, and pushes what a test tells it to."""

import hashlib
import itertools
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from hub.evidence.model import Shape
from hub.kernel.clock import Clock
from hub.proof.jws import b64url, sign_jws
from hub.proof.keys import FileSigner
from hub.proof.sdjwt import issue_sd_jwt

HUB = "hub:demo-county"
INDEXES = itertools.count()
"""No status index is given out twice."""


def opaque(text: str) -> str:
    """A reference as a department's record key would make it."""
    return b64url(hashlib.sha256(text.encode()).digest())


def encoded(lines: Iterable[Any]) -> bytes:
    """NDJSON; bytes stand for themselves."""
    return b"".join((line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines)


@dataclass
class Department:
    """One department with its key; remembers how far its chain has come."""

    id: str
    shape: Shape
    signer: FileSigner
    clock: Clock
    sequence: int = 0
    previous: str | None = None
    changed: dict[str, Any] = field(default_factory=dict)

    @property
    def status_uri(self) -> str:
        """Where the department's first status list is served."""
        return f"https://hub.example/v1/statuses/{self.shape.registry}/0"

    def clear(self, key: str, form: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
        """What stands in clear in the evidence of the record with that key."""
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.id,
            "vct": self.shape.vct,
            "iat": now,
            "jti": secrets.token_urlsafe(16),
            "registry": self.shape.registry,
            "export": self.shape.export,
            "record": opaque(key),
            "content": opaque(repr(sorted(form.items(), key=str))),
            "as_of": now,
            "status": {"status_list": {"idx": next(INDEXES), "uri": self.status_uri}},
        }
        return {name: claim for name, claim in (claims | changed).items() if claim is not None}

    def evidence(self, key: str, form: Mapping[str, Any], **changed: Any) -> str:
        """Signed evidence of one record."""
        source = {"key": key, "row": 1, "export": self.shape.export}
        return issue_sd_jwt(self.clear(key, form, **changed), {**form, "source": source}, signer=self.signer)

    def line(self, key: str, form: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
        """The line that carries the evidence of one record."""
        return {"evidence": self.evidence(key, form, **changed), "row": 1}

    def manifest(self, body: bytes, count: int, /, **changed: Any) -> str:
        """The next manifest of the chain over ``body``."""
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.id,
            "aud": HUB,
            "iat": now,
            "jti": secrets.token_urlsafe(16),
            "registry": self.shape.registry,
            "export": self.shape.export,
            "sequence": self.sequence + 1,
            "previous": self.previous,
            "lines": count,
            "digest": b64url(hashlib.sha256(body).digest()),
            "mode": "delta",
            "cursor": {"after": "2026-11-01"},
            "read": count,
        }
        return sign_jws(claims | changed, typ="batch-manifest+jwt", signer=self.signer)

    def batch(self, lines: Iterable[Any], /, **changed: Any) -> bytes:
        """A whole batch of those lines, next in the chain; ``changed`` are manifest claims."""
        told = list(lines)
        body = encoded(told)
        return self.manifest(body, len(told), **changed).encode() + b"\n" + body

    def went_through(self, batch: bytes) -> None:
        """The chain goes on after that batch."""
        self.sequence += 1
        self.previous = b64url(hashlib.sha256(batch.partition(b"\n")[0]).digest())


def withdrawn(key: str, reason: str = "gone") -> dict[str, str]:
    """The line that takes a record back."""
    return {"withdrawn": opaque(key), "reason": reason}


def cut(content: bytes, size: int = 4_096) -> Iterator[bytes]:
    """The content in pieces, as a network brings it."""
    return (content[at : at + size] for at in range(0, len(content), size))
