import gzip
import hashlib
import os
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import HubError, Malformed
from hub.evidence.stream import LineReader, StreamLimits, unpacked

LIMITS = StreamLimits(line_bytes=64, total_bytes=1024 * 1024, ratio=20, ratio_from_bytes=1024)


def cut(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


@given(st.binary(max_size=400), st.integers(1, 60))
def test_bytes_come_through_gzip_unchanged_however_they_are_cut(content: bytes, size: int) -> None:
    packed = gzip.compress(content)
    assert b"".join(unpacked(cut(packed, size), LIMITS, gzip=True)) == content


@pytest.mark.parametrize("kept", [0, 1, 9, 10, 11, 30, -8, -1])
def test_truncated_gzip_is_malformed(kept: int) -> None:
    packed = gzip.compress(os.urandom(100))[:kept]
    with pytest.raises(Malformed, match=r"intake\.gzip-truncated"):
        list(unpacked([packed], LIMITS, gzip=True))


@pytest.mark.parametrize("tail", [b"x", gzip.compress(b"more", mtime=0)], ids=["a letter", "another member"])
@pytest.mark.parametrize("size", [1, 1000])
def test_something_after_the_gzip_content_is_malformed(tail: bytes, size: int) -> None:
    with pytest.raises(Malformed, match=r"intake\.gzip-trailing"):
        list(unpacked(cut(gzip.compress(b"abc") + tail, size), LIMITS, gzip=True))


def test_damaged_gzip_is_malformed() -> None:
    with pytest.raises(Malformed, match=r"intake\.gzip-damaged"):
        list(unpacked([b'{"evidence": "plain text"}\n'], LIMITS, gzip=True))
    packed = bytearray(gzip.compress(os.urandom(200)))
    packed[-6] ^= 1
    with pytest.raises(Malformed, match=r"intake\.gzip-damaged"):
        list(unpacked([bytes(packed)], LIMITS, gzip=True))


def test_a_decompression_bomb_is_refused_before_it_unfolds() -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    tracemalloc.start()
    with pytest.raises(HubError, match=r"intake\.decompression-bomb"):
        list(unpacked([bomb], replace(LIMITS, total_bytes=32 * 1024 * 1024), gzip=True))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


def test_a_small_bomb_of_empty_lines_is_refused_before_many_of_them_are_read() -> None:
    bomb = gzip.compress(b"\n" * (1 << 20))
    with pytest.raises(HubError, match=r"intake\.decompression-bomb"):
        list(unpacked([bomb], StreamLimits(), gzip=True))


def test_a_slowly_growing_bomb_is_refused_by_its_absolute_size() -> None:
    packer = zlib.compressobj(level=0, wbits=31)
    packed = packer.compress(os.urandom(2 * 1024 * 1024)) + packer.flush()
    with pytest.raises(HubError, match=r"intake\.too-large"):
        list(unpacked(cut(packed, 5000), LIMITS, gzip=True))
    with pytest.raises(HubError, match=r"intake\.too-large"):
        list(unpacked([bytes(1000)] * 2000, LIMITS, gzip=False))


@given(st.lists(st.binary(max_size=70).map(lambda each: each.replace(b"\n", b".")), max_size=8), st.integers(1, 90))
def test_lines_and_digest_do_not_depend_on_how_the_bytes_were_cut(lines: list[bytes], size: int) -> None:
    body = b"".join(line + b"\n" for line in lines)
    reader = LineReader(cut(b"manifest\n" + body, size), LIMITS)
    assert reader.first() == b"manifest"
    assert [line.content for line in reader.rest()] == [line if len(line) <= 64 else None for line in lines]
    assert reader.digest() == hashlib.sha256(body).digest()
    assert reader.lines_after_first == len(lines)


def test_a_line_too_long_is_skipped_without_being_held() -> None:
    def endless() -> Iterator[bytes]:
        yield b"manifest\n"
        for _ in range(64):
            yield bytes(64 * 1024)
        yield b"\nshort\n"

    reader = LineReader(endless(), LIMITS)
    reader.first()
    tracemalloc.start()
    lines = list(reader.rest())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(line.number, line.content) for line in lines] == [(2, None), (3, b"short")]
    assert peak < 1024 * 1024


def test_a_last_line_without_its_break_still_counts() -> None:
    reader = LineReader([b"manifest\na\nb"], LIMITS)
    reader.first()
    assert [line.content for line in reader.rest()] == [b"a", b"b"]
    assert reader.digest() == hashlib.sha256(b"a\nb").digest()


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 65, b"x" * 65 + b"\n"])
def test_a_batch_without_a_manifest_line_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed, match=r"intake\.no-manifest"):
        LineReader([content], LIMITS).first()


def test_a_batch_of_a_manifest_alone_has_no_lines() -> None:
    reader = LineReader([b"manifest\n"], LIMITS)
    reader.first()
    assert list(reader.rest()) == []
    assert reader.digest() == hashlib.sha256(b"").digest()


def test_fifty_megabytes_without_a_line_break_are_not_read_to_their_end() -> None:
    read = []

    def body() -> Iterator[bytes]:
        for number in range(800):
            read.append(number)
            yield bytes(64 * 1024)

    limits = StreamLimits()
    with pytest.raises(Malformed, match=r"intake\.no-manifest"):
        LineReader(unpacked(body(), limits, gzip=False), limits).first()
    assert len(read) <= 6


def test_fifty_megabytes_in_one_line_after_the_manifest_are_counted_and_not_held() -> None:
    def body() -> Iterator[bytes]:
        yield b"manifest\n"
        yield from (bytes(64 * 1024) for _ in range(800))

    limits = StreamLimits()
    reader = LineReader(unpacked(body(), limits, gzip=False), limits)
    reader.first()
    tracemalloc.start()
    assert [line.content for line in reader.rest()] == [None]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 1024 * 1024
