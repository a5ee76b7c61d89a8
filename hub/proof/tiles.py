"""The tree as files of 256 hashes, and the entries beside them (C2SP tlog-tiles)."""

import re
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from hub.errors import Malformed
from hub.proof.encoding import malformed
from hub.proof.merkle import HASH_BYTES, Subtree, complete_root

WIDTH: Final = 256
HEIGHT: Final = 8
MAX_LEVEL: Final = 7
"""Level 7 spans 2^64 entries."""
MAX_ENTRY_BYTES: Final = 65_535
_PATH = re.compile(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True)
class Tile:
    """Tile ``index`` of ``level`` (None: entries), ``width`` wide."""

    level: int | None
    index: int
    width: int = WIDTH

    def path(self) -> str:
        """``tile/<L>/<N>[.p/<W>]``."""
        level = "entries" if self.level is None else str(self.level)
        suffix = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{index_path(self.index)}{suffix}"


def index_path(index: int) -> str:
    """1234067 as ``x001/x234/067``."""
    groups = [f"{index % 1000:03d}"]
    while index >= 1000:  # noqa: PLR2004 - three digits a step
        index //= 1000
        groups.append(f"x{index % 1000:03d}")
    return "/".join(reversed(groups))


def parse_tile_path(path: str) -> Tile:
    """The tile that ``path`` names.

    Raises:
        Malformed: any other path.
    """
    found = _PATH.fullmatch(path)
    if found is None or len(path) > 64:  # noqa: PLR2004 - longer than any path of 2^63 entries
        raise _bad_path()
    level, spelled, width = found.groups()
    index = int(spelled.replace("x", "").replace("/", ""))
    tile = Tile(None if level == "entries" else int(level), index, int(width or WIDTH))
    if tile.path() != path or (width and tile.width >= WIDTH):
        raise _bad_path()
    return tile


def _bad_path() -> Malformed:
    return malformed("tile-path", "The path names no tile.", "路径未指向任何分片。")


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile and entry bundle that a tree of ``size`` is served as, the widest each."""
    for index, width in _widths(size):
        yield Tile(None, index, width)
    for level in range(MAX_LEVEL + 1):
        hashes = size >> (HEIGHT * level)
        for index, width in _widths(hashes):
            yield Tile(level, index, width)


def _widths(count: int) -> Iterator[tuple[int, int]]:
    yield from ((index, WIDTH) for index in range(count // WIDTH))
    if count % WIDTH:
        yield count // WIDTH, count % WIDTH


def tile_width(level: int, index: int, size: int) -> int:
    """How many hashes tile ``index`` of ``level`` holds in a tree of ``size``: 0 to 256."""
    return max(0, min(WIDTH, (size >> (HEIGHT * level)) - index * WIDTH))


class TileReader(Protocol):
    """Where tiles come from: a database, a directory, a server."""

    def hashes(self, level: int, index: int, width: int) -> bytes:
        """At least the first ``width`` hashes of the tile, 32 bytes each.

        Raises:
            Missing: the tile is not there.
        """


def subtree_reader(tiles: TileReader, size: int, memo: MutableMapping[tuple[int, int], bytes] | None = None) -> Subtree:
    """Roots of complete subtrees of a tree of ``size``, each worked out once.

    ``memo`` may outlive the reader: a complete subtree never changes while its tree grows.
    """
    known: MutableMapping[tuple[int, int], bytes] = {} if memo is None else memo

    @lru_cache(maxsize=64)
    def tile(level: int, index: int) -> bytes:
        width = tile_width(level, index, size)
        content = tiles.hashes(level, index, width)
        if len(content) < width * HASH_BYTES:
            raise malformed("tile", "A tile is narrower than the tree demands.", "分片宽度不足。")
        return content

    def subtree(start: int, end: int) -> bytes:
        found = known.get((start, end))
        if found is None:
            level, rest = divmod((end - start).bit_length() - 1, HEIGHT)
            index, at = divmod(start >> (HEIGHT * level), WIDTH)
            content = tile(level, index)
            found = complete_root(content[at * HASH_BYTES : (at + (1 << rest)) * HASH_BYTES])
            known[start, end] = found
        return found

    return subtree


def hash_at(content: bytes, offset: int) -> bytes:
    """The hash at ``offset`` of a tile."""
    return content[offset * HASH_BYTES : (offset + 1) * HASH_BYTES]


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """An entry bundle: each entry after its length in two bytes.

    Raises:
        Malformed: an entry is longer than 65,535 bytes.
    """
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise malformed("entry-size", "An entry is longer than 65,535 bytes.", "日志条目超过 65535 字节。")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_entries(bundle: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        Malformed: lengths that do not add up, or more than 256 entries.
    """
    entries: list[bytes] = []
    at, end = 0, len(bundle)
    while at < end:
        start = at + 2
        at = start + (bundle[at] << 8 | bundle[start - 1]) if start <= end else start
        if at > end or len(entries) == WIDTH:
            raise malformed("entries", "The entry bundle is cut or too long.", "条目包被截断或过长。")
        entries.append(bundle[start:at])
    return entries
