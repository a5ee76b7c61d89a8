"""Where a log is verified from: the live database, a directory of tiles, or a hub over HTTP."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol

import httpx

from hub.audit.model import StoredBundle
from hub.audit.store import LogStore
from hub.errors import HubError, Malformed, Missing, Unavailable
from hub.proof.merkle import Frontier
from hub.proof.tiles import HEIGHT, WIDTH, Tile, hash_at, tile_width, tiles_of
from hub.storage.database import Database

BUNDLES_AT_ONCE: Final = 64
_NOT_FOUND: Final = 404
_OK: Final = 200


class LogReader(Protocol):
    """The three things a log serves."""

    def checkpoint(self) -> bytes:
        """The newest signed checkpoint."""

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile.

        Raises:
            Missing: it is not there.
        """

    def bundles(self, size: int) -> Iterator[tuple[int, bytes]]:
        """Every entry bundle of a log of ``size`` that is there: (bundle index, bytes), in order."""


def _no_tile(tile: Tile) -> Missing:
    return Missing("audit.no-such-tile", f"There is no {tile.path()}.", f"缺少 {tile.path()}。")


def bundle_tiles(size: int) -> Iterator[Tile]:
    """The entry bundles of a log of ``size``."""
    for index in range((size + WIDTH - 1) // WIDTH):
        yield Tile(None, index, tile_width(0, index, size))


class DatabaseReader:
    """Reads the hub's own tables."""

    def __init__(self, database: Database, origin: str) -> None:
        self._database = database
        self._origin = origin
        self._beside: StoredBundle | None = None

    def checkpoint(self) -> bytes:
        """The newest signed checkpoint."""
        with self._database.reading() as session:
            published = LogStore(session, self._origin).published()
        if published is None:
            raise Missing("audit.no-checkpoint", "The log has published no checkpoint yet.", "日志尚未公布检查点。")
        return published.note.encode()

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile."""
        with self._database.reading() as session:
            store = LogStore(session, self._origin)
            if tile.level is None:
                found = store.bundles(tile.index * WIDTH, tile.index * WIDTH + tile.width)
                if not found:
                    raise _no_tile(tile)
                return found[0].content
            return store.hashes(tile.level, tile.index, tile.width)

    def bundles(self, size: int) -> Iterator[tuple[int, bytes]]:
        """Every entry bundle; the database gathers the next 64 while the caller reads these."""
        step = BUNDLES_AT_ONCE * WIDTH
        with ThreadPoolExecutor(max_workers=1) as pool:
            ahead = pool.submit(self._gather, 0, min(size, step))
            for start in range(0, size, step):
                gathered = ahead.result()
                ahead = pool.submit(self._gather, start + step, min(size, start + 2 * step))
                for bundle in gathered:
                    self._beside = bundle
                    yield bundle.index, bundle.content

    def _gather(self, start: int, end: int) -> list[StoredBundle]:
        if start >= end:
            return []
        with self._database.reading() as session:
            return LogStore(session, self._origin).bundles(start, end)

    def beside(self, leaves: bytes, entry_ids: list[str]) -> Iterator[tuple[int, str, str]]:
        """What is kept beside the entries of the bundle read last and does not belong to them."""
        kept = self._beside
        if kept is None:
            return
        first = kept.index * WIDTH
        if kept.leaves != leaves:
            for at in range(kept.count):
                if hash_at(kept.leaves, at) != hash_at(leaves, at):
                    yield first + at, "the leaf stored beside the entry is not its hash", "条目旁所存叶哈希与条目不符"
        if kept.entry_ids != " ".join(entry_ids):
            for at, (stored, inside) in enumerate(zip(kept.entry_ids.split(" "), entry_ids, strict=False)):
                if stored != inside:
                    yield (
                        first + at,
                        "the id stored beside the entry is not the one inside it",
                        "条目旁所存编号与条目内编号不符",
                    )

    def bookkeeping(
        self, size: int, frontier: Frontier, roots: Sequence[Sequence[bytes]]
    ) -> Iterator[tuple[int | None, str, str]]:
        """What the database says beside the tree and gets wrong: (index, English, Chinese).

        Gaps, the roots kept beside full tiles, and the head.
        """
        with self._database.reading() as session:
            store = LogStore(session, self._origin)
            for index in store.misplaced(size):
                yield (
                    index,
                    "an entry is missing at this index, or lies beyond the head",
                    "此处缺条目，或条目超出日志头",
                )
            for level, derived in enumerate(roots[1:]):
                stored = store.roots(level)
                for at, root in enumerate(derived):
                    if hash_at(stored, at) != root:
                        yield (
                            at << (HEIGHT * (level + 1)),
                            "the root kept beside a tile is not its root",
                            "分片旁所存根不符",
                        )
            yield from self._head(store, size, frontier)

    def _head(self, store: LogStore, size: int, frontier: Frontier) -> Iterator[tuple[int | None, str, str]]:
        try:
            head = store.head()
        except HubError:
            yield None, "the head contradicts itself", "日志头自相矛盾"
            return
        if head.size < size:
            yield head.size, "the head is behind the signed checkpoint", "日志头落后于已签名检查点"
        elif head.size == size and head.to_bytes() != frontier.to_bytes():
            yield None, "the head does not follow from the entries", "日志头与条目不符"


class DirectoryReader:
    """Reads files laid out as C2SP tlog-tiles gives them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def checkpoint(self) -> bytes:
        """The file ``checkpoint``."""
        try:
            return (self._directory / "checkpoint").read_bytes()
        except OSError:
            raise Missing("audit.no-checkpoint", "The directory holds no checkpoint.", "目录中没有检查点。") from None

    def tile(self, tile: Tile) -> bytes:
        """The file of the tile; where only the full one is kept, the beginning of it."""
        for candidate in (tile, Tile(tile.level, tile.index)):
            try:
                return (self._directory / candidate.path()).read_bytes()
            except OSError:
                continue
        raise _no_tile(tile)

    def bundles(self, size: int) -> Iterator[tuple[int, bytes]]:
        """Every entry bundle that is there."""
        for tile in bundle_tiles(size):
            try:
                yield tile.index, self.tile(tile)
            except Missing:
                continue


class HttpReader:
    """Reads a live hub; ``prefix`` is the log's URL, ``token`` an access token with scope ``audit``."""

    def __init__(self, prefix: str, *, token: str | None = None, client: httpx.Client | None = None) -> None:
        self._prefix = prefix.rstrip("/")
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._client = client or httpx.Client(timeout=30.0)

    def checkpoint(self) -> bytes:
        """``<prefix>/checkpoint``."""
        return self._fetch("checkpoint")

    def tile(self, tile: Tile) -> bytes:
        """``<prefix>/tile/…``."""
        return self._fetch(tile.path())

    def bundles(self, size: int) -> Iterator[tuple[int, bytes]]:
        """Every entry bundle that is there."""
        for tile in bundle_tiles(size):
            try:
                yield tile.index, self.tile(tile)
            except Missing:
                continue

    def _fetch(self, path: str) -> bytes:
        try:
            answer = self._client.get(f"{self._prefix}/{path}", headers=self._headers)
        except httpx.HTTPError as fault:
            raise Unavailable(
                "audit.log-away", "The log does not answer; try again later.", "日志服务无应答，请稍后重试。"
            ) from fault
        if answer.status_code == _NOT_FOUND:
            raise Missing("audit.no-such-tile", f"The log serves no {path}.", f"日志未提供 {path}。")
        if answer.status_code != _OK:
            raise Malformed(
                "audit.log-refuses",
                f"The log answers {answer.status_code} for {path}; an access token with scope audit may be needed.",
                f"日志对 {path} 返回 {answer.status_code}；可能需要具有 audit 权限的令牌。",
                status=answer.status_code,
            )
        return answer.content


def export_tiles(reader: LogReader, directory: Path, size: int, checkpoint: bytes) -> int:
    """``directory`` holds the log up to ``size`` as files, the checkpoint last; returns how many files were written.

    Full tiles that are there already are kept, so that an export grows.
    """
    written = 0
    for tile in tiles_of(size):
        path = directory / tile.path()
        if tile.width == WIDTH and path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(reader.tile(tile))
        written += 1
    (directory / "checkpoint").write_bytes(checkpoint)
    return written + 1
