"""The log read from a database dump 数据库转储: what pg_dump wrote, or COPY, without any database.

Plain dumps (also gzipped) are read as they are; custom, tar and directory dumps through ``pg_restore``, which must be
at hand for them. Entries are read in the order of the dump, which is that of the table: some disorder is put right.
"""

import gzip
import re
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Final, Self

from hub.audit.model import Bookkeeping, StoredBundle
from hub.audit.refusals import no_checkpoint, no_tile
from hub.errors import Malformed, Missing, Unavailable
from hub.proof.merkle import HASH_BYTES, Frontier
from hub.proof.tiles import WIDTH, Tile, encode_entries, tile_width

ENTRIES: Final = ("log_entry",)
BESIDE: Final = ("log_tile", "log_head", "log_published")
MOST_OPEN_BUNDLES: Final = 512
"""Bundles that may lie half read, 128 Ki entries; beyond that the oldest is given up as incomplete."""
_COPY = re.compile(rb'COPY (?:"?\w+"?\.)?"?(\w+)"? \(([^)]*)\) FROM stdin;\n')
_ESCAPES = {b"\\\\": b"\\", b"\\n": b"\n", b"\\t": b"\t", b"\\r": b"\r", b"\\b": b"\b", b"\\f": b"\f", b"\\v": b"\v"}
_ESCAPED = re.compile(rb"\\.")
_HEX: Final = b"\\\\x"
_NULL: Final = b"\\N"
_ARCHIVE: Final = b"PGDMP"
_GZIP: Final = b"\x1f\x8b"
_TAR_MARK: Final = (257, b"ustar")

Row = dict[str, bytes]


class DumpReader:
    """Reads the log of ``origin`` (the only one there, by default) out of a dump; close it, or use it as a context."""

    def __init__(self, path: Path, *, origin: str | None = None, pg_restore: str = "pg_restore") -> None:
        self._path = path
        self._pg_restore = pg_restore
        self._published: dict[str, bytes] = {}
        self._witnessed: dict[str, bytes] = {}
        self._heads: dict[str, tuple[int, bytes]] = {}
        self._places: dict[tuple[int, int], int] = {}
        self._roots: dict[int, dict[int, bytes]] = {}
        self._misplaced: list[int] = []
        self._leaves: dict[int, bytes] = {}
        self._tiles: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the reader
        try:
            self._scan()
        except BaseException:
            self.close()
            raise
        self._origin = origin or next(iter(self._published), "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_fault: object) -> None:
        self.close()

    def close(self) -> None:
        """What was set aside on the disk is gone."""
        self._tiles.close()

    # --- what a reader serves ------------------------------------------------------------------------------------

    def checkpoint(self) -> bytes:
        """The newest signed checkpoint."""
        note = self._published.get(self._origin)
        if note is None:
            raise no_checkpoint("The dump", "转储")
        return note

    def witnessed_checkpoint(self) -> bytes | None:
        """The newest that the quorum cosigned, or None."""
        return self._witnessed.get(self._origin)

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile of hashes: a full one as it was kept, else from what was kept below."""
        if tile.level is None:
            raise no_tile(tile.path())
        kept = self._kept_tile(tile.level, tile.index)
        if kept is None and tile.level:
            roots, first = self._roots.get(tile.level - 1, {}), tile.index * WIDTH
            kept = b"".join(roots.get(at, b"") for at in range(first, first + tile.width))
        if kept is None:
            kept = self._leaves.get(tile.index, b"")
        if len(kept) < tile.width * HASH_BYTES:
            raise no_tile(tile.path())
        return kept[: tile.width * HASH_BYTES]

    def bundles(self, size: int) -> Iterator[StoredBundle]:
        """Every entry bundle that is there, complete or not, in order."""
        open_bundles: dict[int, dict[int, Row]] = {}
        following = 0
        with closing(self._rows(ENTRIES)) as rows:
            for _, row in rows:
                at = _number(row["index"])
                bundle = open_bundles.setdefault(at // WIDTH, {}) if following * WIDTH <= at < size else None
                if bundle is None or at in bundle:
                    self._misplaced.append(at)
                    continue
                bundle[at] = row
                while open_bundles and self._is_next(open_bundles, following, size):
                    following = min(open_bundles)
                    yield self._bundle(following, open_bundles.pop(following), size)
                    following += 1
        for index in sorted(open_bundles):
            yield self._bundle(index, open_bundles[index], size)

    def _is_next(self, open_bundles: dict[int, dict[int, Row]], following: int, size: int) -> bool:
        is_whole = len(open_bundles.get(following, ())) == tile_width(0, following, size)
        return is_whole or len(open_bundles) > MOST_OPEN_BUNDLES

    def _bundle(self, index: int, rows: dict[int, Row], size: int) -> StoredBundle:
        width = tile_width(0, index, size)
        self._misplaced += [at for at in range(index * WIDTH, index * WIDTH + width) if at not in rows]
        ordered = [rows[at] for at in sorted(rows)]
        leaves = b"".join(_octets(row["leaf"]).ljust(HASH_BYTES, b"\0")[:HASH_BYTES] for row in ordered)
        if len(ordered) == width:
            self._leaves = {index: leaves}
        return StoredBundle(
            index,
            encode_entries([_octets(row["content"]) for row in ordered]),
            self._kept_tile(0, index),
            leaves,
            " ".join(_spelled(row["entry_id"]) for row in ordered),
        )

    def bookkeeping(self, size: int, levels: int) -> Bookkeeping:
        """What the dump says beside the tree; call it after the bundles were read."""
        roots = tuple(_joined(self._roots.get(level, {})) for level in range(levels))
        return Bookkeeping(tuple(sorted(self._misplaced)), roots, self._head(size))

    def _head(self, size: int) -> Frontier | None:
        said, content = self._heads.get(self._origin, (size, b""))
        try:
            frontier = Frontier.from_bytes(content)
        except Malformed:
            return None
        return frontier if frontier.size == said else None

    # --- the dump ------------------------------------------------------------------------------------------------

    def _scan(self) -> None:
        """Everything but the entries is known afterwards; tiles lie in a file of their own."""
        found: set[str] = set()
        with closing(self._rows(BESIDE)) as rows:
            for table, row in rows:
                found.add(table)
                if table == "log_published":
                    origin = _spelled(row["origin"])
                    self._published[origin] = _text(row["note"])
                    if (witnessed := row.get("witnessed_note", _NULL)) != _NULL:
                        self._witnessed[origin] = _text(witnessed)
                elif table == "log_head":
                    self._heads[_spelled(row["origin"])] = _number(row["size"]), _octets(row["frontier"])
                else:
                    self._keep_tile(row)
        if "log_published" not in found:
            raise Malformed(
                "audit.bad-dump",
                "The file holds no log that pg_dump wrote with its rows as COPY (its default): found no log_published.",
                "该文件不含 pg_dump 以 COPY 形式导出的日志：未找到 log_published。",
            )

    def _keep_tile(self, row: Row) -> None:
        level, index, hashes = _number(row["level"]), _number(row["index"]), _octets(row["hashes"])
        self._roots.setdefault(level, {})[index] = _octets(row["root"]).ljust(HASH_BYTES, b"\0")[:HASH_BYTES]
        if len(hashes) == WIDTH * HASH_BYTES:
            self._places[level, index] = self._tiles.seek(0, 2)
            self._tiles.write(hashes)

    def _kept_tile(self, level: int, index: int) -> bytes | None:
        place = self._places.get((level, index))
        if place is None:
            return None
        self._tiles.seek(place)
        return self._tiles.read(WIDTH * HASH_BYTES)

    def _rows(self, tables: Sequence[str]) -> Generator[tuple[str, Row]]:
        """The rows of ``tables`` that have as many columns as their table; a damaged one shows as missing."""
        with self._plain(tables) as lines:
            for line in lines:
                header = _COPY.fullmatch(line)
                if header is None:
                    continue
                table = header[1].decode()
                columns = [name.strip(b' "').decode() for name in header[2].split(b",")]
                for copied in lines:
                    if copied == b"\\.\n":
                        break
                    values = copied.rstrip(b"\n").split(b"\t") if table in tables else []
                    if len(values) == len(columns):
                        yield table, dict(zip(columns, values, strict=True))

    @contextmanager
    def _plain(self, tables: Sequence[str]) -> Iterator[IO[bytes]]:
        try:
            start = b"" if self._path.is_dir() else self._start()
        except OSError:
            raise Missing("audit.no-dump", "The dump cannot be read.", "转储文件无法读取。") from None
        mark = start[_TAR_MARK[0] :][: len(_TAR_MARK[1])]
        if self._path.is_dir() or start.startswith(_ARCHIVE) or mark == _TAR_MARK[1]:
            with self._restored(tables) as lines:
                yield lines
        elif start.startswith(_GZIP):
            with gzip.open(self._path) as lines:
                yield lines  # type: ignore[misc] # reads bytes by line like any other
        else:
            with self._path.open("rb") as lines:
                yield lines

    def _start(self) -> bytes:
        with self._path.open("rb") as file:
            return file.read(512)

    @contextmanager
    def _restored(self, tables: Sequence[str]) -> Iterator[IO[bytes]]:
        program = shutil.which(self._pg_restore)
        if program is None:
            raise Unavailable(
                "audit.no-pg-restore",
                "A dump of this format is read through pg_restore, which is not installed; install the PostgreSQL "
                "client programs, or make a plain dump (pg_dump --format=plain).",
                "该格式的转储须由 pg_restore 读取，而它没有安装；请安装 PostgreSQL 客户端程序，"
                "或改用纯文本转储（pg_dump --format=plain）。",
            )
        words = [program, "--data-only", "--file=-", *(f"--table={table}" for table in tables), str(self._path)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603
            assert process.stdout is not None  # noqa: S101 - it was asked for
            try:
                yield process.stdout
            except GeneratorExit:
                process.kill()
                raise
            finally:
                process.stdout.close()
        if process.returncode > 0:
            raise Malformed(
                "audit.bad-dump",
                "pg_restore cannot read the dump; it must be no older than the pg_dump that wrote it.",
                "pg_restore 无法读取该转储；其版本不得低于生成转储的 pg_dump。",
            )


def _spelled(value: bytes) -> str:
    return _text(value).decode("utf-8", "replace")


def _text(value: bytes) -> bytes:
    """A text column as it was, without COPY's escapes."""
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[0], found[0][1:]), value)


def _number(value: bytes) -> int:
    """A whole number, or -1 for what is none: no index and no size."""
    return int(value) if value.isdigit() else -1


def _octets(value: bytes) -> bytes:
    """A bytea column; nothing for what is not spelled as COPY spells it, so that its place is named as changed."""
    digits = value[len(_HEX) :]
    try:
        content = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return b""
    return content if value.startswith(_HEX) and content.hex().encode() == digits else b""


def _joined(roots: dict[int, bytes]) -> bytes:
    return b"".join(roots.get(at, b"\0" * HASH_BYTES) for at in range(max(roots, default=-1) + 1))
