"""A process that verifies the lines of batches 验签进程 for the hub that started it (``-m hub.evidence.verifier``).

It reads tasks from its input and writes what each line holds to its output, until its input ends, as it does when the
hub is gone. It holds no secret, opens no connection and keeps nothing.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from struct import Struct
from typing import IO, Any, Final

import orjson

from hub.catalogue.schemas import validator_for
from hub.evidence.frames import frame_of
from hub.evidence.lines import Expectation, IssuerKey, read_lines
from hub.evidence.model import Shape
from hub.evidence.stream import RawLine
from hub.proof.keys import PublicKey

SIZES: Final = Struct(">II")
"""A task: the size of its head, the size of its lines one after the other; then both."""
REPLY: Final = Struct(">I")
"""A reply: its size; then it."""
TOO_LONG: Final = -1


def task_of(lines: list[RawLine], expected: Expectation) -> bytes:
    """The task to read those lines."""
    contents = [line.content for line in lines]
    head = {
        "shape": [expected.shape.type, expected.shape.vct, expected.shape.registry, expected.shape.export],
        "issuer": expected.issuer,
        "now": expected.now,
        "keys": {kid: {"jwk": key.public.to_jwk(), "since": key.since} for kid, key in expected.keys.items()},
        "lines": [line.number for line in lines],
        "sizes": [TOO_LONG if content is None else len(content) for content in contents],
    }
    spelled, body = orjson.dumps(head), b"".join(content for content in contents if content is not None)
    return b"".join((SIZES.pack(len(spelled), len(body)), spelled, body))


def serve(tasks: IO[bytes], replies: IO[bytes]) -> None:
    """Every task is answered, in order, until there are no more."""
    while len(sizes := tasks.read(SIZES.size)) == SIZES.size:
        head_size, body_size = SIZES.unpack(sizes)
        head, body = tasks.read(head_size), tasks.read(body_size)
        if len(body) != body_size:
            return
        reply = _answer(orjson.loads(head), body)
        replies.write(REPLY.pack(len(reply)))
        replies.write(reply)
        replies.flush()


def _answer(head: Mapping[str, Any], body: bytes) -> bytes:
    """What the lines hold."""
    name, vct, registry, export = head["shape"]
    shape = Shape(name, vct, registry, export, roles=())
    keys = {kid: IssuerKey(_key(orjson.dumps(told["jwk"])), told["since"]) for kid, told in head["keys"].items()}
    expected = Expectation(shape, head["issuer"], keys, validator_for(shape.type), datetime.fromisoformat(head["now"]))
    return frame_of(read_lines(_lines(head, body), expected))


@lru_cache(maxsize=256)
def _key(jwk: bytes) -> PublicKey:
    return PublicKey.from_jwk(orjson.loads(jwk))


def _lines(head: Mapping[str, Any], body: bytes) -> Iterator[RawLine]:
    at = 0
    for number, size in zip(head["lines"], head["sizes"], strict=True):
        if size == TOO_LONG:
            yield RawLine(number, None)
        else:
            yield RawLine(number, body[at : at + size])
            at += size


def main() -> None:
    """Serves whoever started this process; what a library prints goes to the error output instead."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
