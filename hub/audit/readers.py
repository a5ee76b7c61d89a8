"""Where a log is verified from: the live database, a directory of tiles, or a hub over HTTP (a dump: ``dump``)."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

import httpx

from hub.audit.fetching import fetched
from hub.audit.model import Bookkeeping, StoredBundle
from hub.audit.refusals import no_checkpoint, no_tile
from hub.audit.store import LogStore
from hub.errors import HubError, Malformed, Missing, Unavailable
from hub.proof.checkpoint import parse_checkpoint
from hub.proof.merkle import HASH_BYTES, Frontier
from hub.proof.tiles import WIDTH, Tile, encode_entries, parse_entries, tile_width, tiles_of
from hub.storage.database import Database

BUNDLES_AT_ONCE: Final = 64
MOST_BYTES: Final = WIDTH * (2 + 0xFFFF)
"""The largest bundle of entries that the format has; tiles and checkpoints are smaller."""
MOST_MISSING: Final = 4_096
"""Bundles in a row, a million entries: behind them nothing is looked for."""
WITHIN_SECONDS: Final = 120.0
WITNESSED: Final = "witnessed-checkpoint"
_NOT_FOUND: Final = 404
_OK: Final = 200


class LogReader(Protocol):
    """What a log serves."""

    def checkpoint(self) -> bytes:
        """The newest signed checkpoint."""

    def witnessed_checkpoint(self) -> bytes | None:
        """The newest that the quorum of witnesses cosigned; None where there is none."""

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile.

        Raises:
            Missing: it is not there.
        """

    def bundles(self, size: int) -> Iterator[StoredBundle]:
        """Every entry bundle of a log of ``size`` that is there, in order, with its leaf tile."""


class TableReader(LogReader, Protocol):
    """A reader of the hub's own tables, which say more than the log serves."""

    def bookkeeping(self, size: int, levels: int) -> Bookkeeping:
        """What the tables say beside the entries of a log of ``size``."""


def bundle_tiles(size: int) -> Iterator[Tile]:
    """The entry bundles of a log of ``size``."""
    for index in range(-(-size // WIDTH)):
        yield Tile(None, index, tile_width(0, index, size))


def until_nothing_follows(found: Iterable[StoredBundle | None]) -> Iterator[StoredBundle]:
    """What is there of bundles in order, until too many in a row are not: the size that a checkpoint claims is whatever
    its writer wrote, and nobody counts up to it.
    """  # noqa: D205 - one sentence
    missing = 0
    for bundle in found:
        missing = 0 if bundle is not None else missing + 1
        if bundle is not None:
            yield bundle
        elif missing == MOST_MISSING:
            return


class DatabaseReader:
    """Reads the hub's own tables."""

    def __init__(self, database: Database, origin: str) -> None:
        self._database = database
        self._origin = origin

    def checkpoint(self) -> bytes:
        """The newest signed checkpoint."""
        with self._database.reading() as session:
            published = LogStore(session, self._origin).published()
        if published is None:
            raise no_checkpoint("The database", "数据库")
        return published.note.encode()

    def witnessed_checkpoint(self) -> bytes | None:
        """The newest that the quorum cosigned, or None."""
        with self._database.reading() as session:
            published = LogStore(session, self._origin).published()
        return published.witnessed_note.encode() if published and published.witnessed_note else None

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile."""
        with self._database.reading() as session:
            store = LogStore(session, self._origin)
            if tile.level is None:
                found = store.bundles(tile.index * WIDTH, tile.index * WIDTH + tile.width)
                if not found:
                    raise no_tile(tile.path())
                return found[0].content
            return store.hashes(tile.level, tile.index, tile.width)

    def bundles(self, size: int) -> Iterator[StoredBundle]:
        """Every entry bundle; the database gathers the next ones while the caller reads these."""
        return until_nothing_follows(self._found(size))

    def _found(self, size: int) -> Iterator[StoredBundle | None]:
        step = BUNDLES_AT_ONCE * WIDTH
        nothing = [None] * BUNDLES_AT_ONCE
        with ThreadPoolExecutor(max_workers=1) as pool:
            ahead: list[Future[list[StoredBundle]]] = []
            for first in range(0, size, step):
                ahead.append(pool.submit(self._gather, first, min(size, first + step)))
                if len(ahead) > 1:
                    yield from ahead.pop(0).result() or nothing
            for each in ahead:
                yield from each.result()

    def _gather(self, start: int, end: int) -> list[StoredBundle]:
        with self._database.reading() as session:
            return LogStore(session, self._origin).bundles(start, end)

    def bookkeeping(self, size: int, levels: int) -> Bookkeeping:
        """What the database says beside the tree: gaps, roots kept beside full tiles, and the head."""
        with self._database.reading() as session:
            store = LogStore(session, self._origin)
            roots = tuple(store.roots(level) for level in range(levels))
            head: Frontier | None
            try:
                head = store.head()
            except HubError:
                head = None
            return Bookkeeping(tuple(store.misplaced(size)), roots, head)


class DirectoryReader:
    """Reads files laid out as C2SP tlog-tiles gives them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def checkpoint(self) -> bytes:
        """The file ``checkpoint``."""
        content = self._file("checkpoint")
        if content is None:
            raise no_checkpoint("The directory", "目录")
        return content

    def witnessed_checkpoint(self) -> bytes | None:
        """The file ``witnessed-checkpoint``, or None."""
        return self._file(WITNESSED)

    def tile(self, tile: Tile) -> bytes:
        """The file of the tile; where only the full one is kept, the beginning of it."""
        content = self._file(tile.path())
        if content is not None:
            return content
        full = self._file(Tile(tile.level, tile.index).path())
        if full is None:
            raise no_tile(tile.path())
        if tile.level is None:
            return _first_entries(full, tile.width)
        return full if len(full) > WIDTH * HASH_BYTES else full[: tile.width * HASH_BYTES]

    def _file(self, path: str) -> bytes | None:
        """What the file holds, as far as any file of a log goes; None where there is none, or a pipe, say."""
        try:
            file = self._directory / path
            if not file.is_file():
                return None
            with file.open("rb") as opened:
                return opened.read(MOST_BYTES + 1)
        except OSError:
            return None

    def bundles(self, size: int) -> Iterator[StoredBundle]:
        """Every entry bundle that is there."""
        return until_nothing_follows(_bundle(self, tile) for tile in bundle_tiles(size))


def _first_entries(bundle: bytes, number: int) -> bytes:
    try:
        return encode_entries(parse_entries(bundle)[:number])
    except Malformed:
        return bundle


class HttpReader:
    """Reads a live hub; ``prefix`` is the log's URL, ``token`` an access token with scope ``audit``."""

    def __init__(self, prefix: str, *, token: str | None = None, client: httpx.Client | None = None) -> None:
        self._prefix = prefix.rstrip("/")
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._client = client or httpx.Client(timeout=30.0)

    def checkpoint(self) -> bytes:
        """``<prefix>/checkpoint``."""
        return self._fetch("checkpoint")

    def witnessed_checkpoint(self) -> bytes | None:
        """``<prefix>/witnessed-checkpoint``, or None."""
        try:
            return self._fetch(WITNESSED)
        except Missing:
            return None

    def receipt(self, entry: str | int) -> bytes:
        """``<prefix>/receipt/…``: the receipt of an entry by its id or index."""
        return self._fetch(f"receipt/{entry}")

    def tile(self, tile: Tile) -> bytes:
        """``<prefix>/tile/…``."""
        return self._fetch(tile.path())

    def bundles(self, size: int) -> Iterator[StoredBundle]:
        """Every entry bundle that is there; several are fetched at once."""
        return until_nothing_follows(self._found(size))

    def _found(self, size: int) -> Iterator[StoredBundle | None]:
        tiles = bundle_tiles(size)
        with ThreadPoolExecutor(max_workers=4) as pool:
            while chunk := list(islice(tiles, BUNDLES_AT_ONCE)):
                yield from pool.map(partial(_bundle, self), chunk)

    def _fetch(self, path: str) -> bytes:
        try:
            url = f"{self._prefix}/{path}"
            answer, content = fetched(self._client, "GET", url, within_seconds=WITHIN_SECONDS, headers=self._headers)
        except httpx.HTTPError as fault:
            raise Unavailable(
                "audit.log-away", "The log does not answer; try again later.", "日志服务无应答，请稍后重试。"
            ) from fault
        if answer.status_code == _NOT_FOUND:
            raise no_tile(path)
        if answer.status_code != _OK:
            raise Malformed(
                "audit.log-refuses",
                f"The log answers {answer.status_code} for {path}; an access token with scope audit may be needed.",
                f"日志对 {path} 返回 {answer.status_code}；可能需要具有 audit 权限的令牌。",
                status=answer.status_code,
            )
        if answer.headers.get("content-type", "").startswith("text/html"):
            raise Malformed(
                "audit.not-a-log",
                "The address answers with a page for people, not as a log does; check the address.",
                "该地址返回的是网页，而不是日志；请核对地址。",
            )
        return content


def _bundle(reader: LogReader, tile: Tile) -> StoredBundle | None:
    """The entry bundle with its leaf tile, or None where the bundle is missing."""
    try:
        content = reader.tile(tile)
    except Missing:
        return None
    try:
        leaves = reader.tile(Tile(0, tile.index, tile.width))
    except Missing:
        leaves = None
    return StoredBundle(tile.index, content, leaves)


def export_tiles(reader: LogReader, directory: Path) -> tuple[int, int]:
    """``directory`` holds the log as files, the checkpoints last; returns its size and how many files were written.

    Full tiles that are there already are kept, so that an export grows.
    """
    written = 0
    checkpoints = {WITNESSED: reader.witnessed_checkpoint(), "checkpoint": reader.checkpoint()}
    size = parse_checkpoint(checkpoints["checkpoint"] or b"")[1].size
    for tile in tiles_of(size):
        path = directory / tile.path()
        if tile.width == WIDTH and path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(reader.tile(tile))
        written += 1
    for name, note in checkpoints.items():
        if note is not None:
            (directory / name).write_bytes(note)
            written += 1
    return size, written
