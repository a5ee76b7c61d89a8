"""Batches over HTTP: kept whole or not at all, whatever happens on the way."""

import gzip
import hashlib
import json
import secrets
import socket
import zlib
from typing import Any

import httpx
import pytest

from hub.demo.parties import HUB_ID
from hub.proof.encoding import b64url
from hub.proof.jws import sign_jws
from tests.support.running import Running

NDJSON = {"content-type": "application/x-ndjson"}
UNUSABLE = {"code": "row.required-empty", "column": "姓名", "en": "No name.", "zh": "缺姓名。"}


def _line(row: int) -> bytes:
    line = {"unusable": UNUSABLE, "row": row, "record": None, "raw": {"姓名": "", "序号": str(row)}}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _batch(up: Running, registry: str, lines: int, *, party: str | None = None, **changed: Any) -> bytes:
    department = f"dept:{registry.replace('_', '-')}"
    at = up.hub.intake.cursor(registry)
    body = b"".join(_line(row) for row in range(1, lines + 1))
    claims = {
        "iss": party or department,
        "aud": HUB_ID,
        "iat": int(up.hub.clock.now().timestamp()),
        "jti": secrets.token_urlsafe(12),
        "registry": registry,
        "export": {"land": "rights", "marriage": "events", "funeral": "funerals"}[registry],
        "sequence": at.sequence + 1,
        "previous": at.manifest_digest,
        "lines": lines,
        "digest": b64url(hashlib.sha256(body).digest()),
        "mode": "delta",
        "present": None,
        "cursor": None,
        "read": lines,
    }
    signer = up.cabinet.signer_of(party or department)
    return sign_jws(claims | changed, typ="batch-manifest+jwt", signer=signer).encode() + b"\n" + body


def _push(http: httpx.Client, registry: str, content: Any, **headers: str) -> httpx.Response:
    return http.post(f"/v1/registries/{registry}/batches", content=content, headers={**NDJSON, **headers})


def test_a_batch_is_taken_in_and_the_same_again_gets_the_same_answer(served_hub: Running, http: httpx.Client) -> None:
    batch = _batch(served_hub, "land", 3)
    first = _push(http, "land", batch)
    assert first.status_code == 200, first.text
    assert (first.json()["quarantined"], first.json()["reasons"]) == (3, {"row.required-empty": 3})
    again = _push(http, "land", batch)
    assert again.json() == first.json() | {"duplicate": True}
    assert served_hub.hub.intake.cursor("land").sequence == first.json()["sequence"]


def test_a_batch_may_be_packed(served_hub: Running, http: httpx.Client) -> None:
    packed = gzip.compress(_batch(served_hub, "land", 2))
    answer = _push(http, "land", packed, **{"content-encoding": "gzip"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("spoil", "encoding", "refusal"),
    [
        (lambda batch: gzip.compress(batch)[:-9], "gzip", (400, "intake.gzip-truncated")),
        (lambda batch: gzip.compress(batch) + b"more", "gzip", (400, "intake.gzip-trailing")),
        (lambda batch: b"\x1f\x8b" + batch, "gzip", (400, "intake.gzip-damaged")),
        (lambda batch: batch, "br", (415, "api.content-encoding")),
        (lambda batch: batch[:-5], "identity", (400, "intake.digest-differs")),
        (lambda batch: batch + b"{}\n", "identity", (400, "intake.digest-differs")),
        (lambda _batch: b"", "identity", (400, "intake.no-manifest")),
        (lambda _batch: b"\n\n", "identity", (400, "intake.no-manifest")),
        (lambda batch: b"=" + batch, "identity", (400, "proof.base64url")),
    ],
)
def test_a_damaged_batch_leaves_nothing(
    served_hub: Running, http: httpx.Client, spoil: Any, encoding: str, refusal: tuple[int, str]
) -> None:
    before = served_hub.hub.intake.cursor("funeral")
    answer = _push(http, "funeral", spoil(_batch(served_hub, "funeral", 2)), **{"content-encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == refusal
    assert served_hub.hub.intake.cursor("funeral") == before
    assert served_hub.hub.intake.quarantine_of("funeral") == []


def test_a_decompression_bomb_is_refused_early(served_hub: Running, http: httpx.Client) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    manifest = _batch(served_hub, "funeral", 0)
    bomb = packer.compress(manifest) + b"".join(packer.compress(bytes(1 << 20)) for _ in range(300)) + packer.flush()
    answer = _push(http, "funeral", bomb, **{"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (403, "intake.decompression-bomb")


def test_another_content_type_is_refused(served_hub: Running, http: httpx.Client) -> None:
    answer = http.post(
        "/v1/registries/land/batches", content=_batch(served_hub, "land", 1), headers={"content-type": "text/csv"}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "api.content-type")


def test_a_department_cannot_push_into_anothers_registry(served_hub: Running, http: httpx.Client) -> None:
    answer = _push(http, "marriage", _batch(served_hub, "marriage", 1, party="dept:land"))
    assert (answer.status_code, answer.json()["code"]) == (403, "intake.not-your-registry")


def test_a_gap_names_the_number_that_is_missing(served_hub: Running, http: httpx.Client) -> None:
    answer = _push(http, "marriage", _batch(served_hub, "marriage", 1, sequence=7))
    assert (answer.status_code, answer.json()["code"]) == (409, "intake.sequence-gap")
    assert answer.json()["expected"] == served_hub.hub.intake.cursor("marriage").sequence + 1


def _raw(up: Running, length: int, *more: str) -> socket.socket:
    """A connection on which the head of a push has been sent and its body has not."""
    host, _, port = up.url.removeprefix("http://").partition(":")
    line = socket.create_connection((host, int(port)), timeout=20)
    head = ["POST /v1/registries/marriage/batches HTTP/1.1", f"host: {host}", "content-type: application/x-ndjson"]
    line.sendall("\r\n".join([*head, f"content-length: {length}", *more, "", ""]).encode())
    return line


def test_a_sender_that_goes_away_half_way_leaves_nothing_and_may_come_back(
    served_hub: Running, http: httpx.Client
) -> None:
    batch = _batch(served_hub, "marriage", 400)
    before = served_hub.hub.intake.cursor("marriage")
    with _raw(served_hub, len(batch)) as line:
        line.sendall(batch[: len(batch) // 2])
    assert served_hub.hub.intake.cursor("marriage") == before
    answer = _push(http, "marriage", batch)
    assert answer.status_code == 200, answer.text
    assert answer.json()["quarantined"] == 400


def test_a_body_that_announces_too_much_is_refused_before_it_is_sent(served_hub: Running) -> None:
    with _raw(served_hub, served_hub.hub.limits.batch_bytes + 1, "expect: 100-continue") as line:
        answer = line.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413 ")
    assert '"api.body-too-large"' in answer
