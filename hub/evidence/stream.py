"""A pushed batch as it arrives: bytes in pieces, unpacked under guard, cut into lines; never held whole."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from hub.errors import Malformed, Refused

GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
PIECE_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How large a batch may be; ``ratio`` is how many bytes one compressed byte may become on the whole."""

    line_bytes: int = 262_144
    total_bytes: int = 2 * 1024**3
    ratio: int = 100
    ratio_from_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class RawLine:
    """One line without its line break; ``content`` is None when the line was too long to keep."""

    number: int
    content: bytes | None


def unpacked(chunks: Iterable[bytes], limits: StreamLimits, *, gzip: bool) -> Iterator[bytes]:
    """The bytes of a batch, decompressed when ``gzip``, in pieces of at most 64 KiB.

    Raises:
        Malformed: not gzip, cut short, or followed by something else.
        Refused: larger than the limits, compressed or not.
    """
    total = 0
    for piece in _inflated(chunks, limits) if gzip else chunks:
        total += len(piece)
        if total > limits.total_bytes:
            raise Refused(
                "intake.too-large",
                "The batch is larger than this hub accepts; push smaller batches.",
                "批次超过本枢纽的上限；请拆分推送。",
                bytes=limits.total_bytes,
            )
        yield piece


def _inflated(chunks: Iterable[bytes], limits: StreamLimits) -> Iterator[bytes]:
    packer = zlib.decompressobj(GZIP_WINDOW)
    read = made = 0
    for chunk in chunks:
        read += len(chunk)
        waiting = chunk
        while waiting and not packer.eof:
            piece = _piece(packer, waiting)
            waiting = packer.unconsumed_tail
            made += len(piece)
            _check_ratio(read - len(waiting), made, limits)
            if piece:
                yield piece
        if packer.unused_data or (packer.eof and waiting):
            raise _bad_gzip("intake.gzip-trailing")
    if not packer.eof:
        raise _bad_gzip("intake.gzip-truncated")


def _piece(packer: "zlib._Decompress", waiting: bytes) -> bytes:
    try:
        return packer.decompress(waiting, PIECE_BYTES)
    except zlib.error:
        raise _bad_gzip("intake.gzip-damaged") from None


def _check_ratio(read: int, made: int, limits: StreamLimits) -> None:
    if made > limits.ratio_from_bytes and made > read * limits.ratio:
        raise Refused(
            "intake.decompression-bomb",
            "The batch unpacks to far more than any batch of evidence would; send it uncompressed.",
            "批次解压后远超正常凭证批次；请以不压缩方式推送。",
            ratio=limits.ratio,
        )


def _bad_gzip(code: str) -> Malformed:
    return Malformed(
        code,
        "The gzip content is damaged, cut short or followed by something else; nothing was kept. Send it again.",
        "gzip 内容损坏、不完整或带有多余内容，未保存任何内容；请重新发送。",
    )


class LineReader:
    """Cuts pieces into lines, numbered from 1, and digests every byte after the first line's break.

    ``has_ended`` once every line was handed out.
    """

    def __init__(self, pieces: Iterable[bytes], limits: StreamLimits) -> None:
        self._pieces = iter(pieces)
        self._limit = limits.line_bytes
        self._digest = hashlib.sha256()
        self._rest = b""
        self.has_ended = False
        self.lines_after_first = 0

    def first(self) -> bytes:
        """The first line, which holds the manifest.

        Raises:
            Malformed: it is empty or too long.
        """
        while (at := self._rest.find(b"\n")) < 0 and len(self._rest) <= self._limit and self._more():
            continue
        line = self._rest if at < 0 else self._rest[:at]
        if not line or len(line) > self._limit:
            raise Malformed(
                "intake.no-manifest",
                "The batch does not begin with a line that holds its manifest.",
                "批次首行不是清单。",
            )
        self._rest = b"" if at < 0 else self._rest[at + 1 :]
        self._digest.update(self._rest)
        return line

    def rest(self) -> Iterator[RawLine]:
        """Every further line."""
        pending, self._rest = self._rest, b""
        skipping = False
        while True:
            *whole, pending = pending.split(b"\n")
            for content in whole:
                yield self._line(None if skipping else content)
                skipping = False
            if len(pending) > self._limit:
                pending, skipping = b"", True
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._digest.update(piece)
            pending += piece
        if pending or skipping:
            yield self._line(None if skipping else pending)
        self.has_ended = True

    def digest(self) -> bytes:
        """SHA-256 of all bytes after the first line's break, once all lines were read."""
        if not self.has_ended:
            for _ in self.rest():
                continue
        return self._digest.digest()

    def _more(self) -> bool:
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._rest += piece
        return True

    def _line(self, content: bytes | None) -> RawLine:
        self.lines_after_first += 1
        too_long = content is None or len(content) > self._limit
        return RawLine(self.lines_after_first + 1, None if too_long else content)
