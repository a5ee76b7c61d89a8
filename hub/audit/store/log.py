"""The sequenced log in the database: entries, tiles, head and checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Final

from sqlmodel import Session

from hub.audit.model import Published, StoredBundle, StoredEntry, StoredTile
from hub.audit.refusals import no_tile
from hub.audit.store import election
from hub.audit.store.driver import Statement, pipelined, run, statement
from hub.errors import Broken
from hub.proof.checkpoint import Checkpoint
from hub.proof.merkle import Frontier
from hub.proof.tiles import HEIGHT, WIDTH
from hub.storage.database import Database

HEAD_CHANNEL: Final = "hub_log_head"
QUEUE_CHANNEL: Final = "hub_log_queue"

_NOTICE_SILENCE = statement("SELECT set_config('idle_in_transaction_session_timeout', :limit, true)")
"""The head is not held by a node that hangs."""
_PLACE = statement("""
    WITH moved AS (
        DELETE FROM log_queue
        WHERE queue_id = ANY (ARRAY (SELECT queue_id FROM log_queue ORDER BY queue_id LIMIT :limit))
        RETURNING queue_id, entry_id, content, leaf
    ), placed AS (
        INSERT INTO log_entry ("index", entry_id, content, leaf)
        SELECT (SELECT size FROM log_head WHERE origin = :origin) + row_number() OVER (ORDER BY queue_id) - 1,
            entry_id, content, leaf
        FROM moved WHERE NOT EXISTS (SELECT 1 FROM log_entry e WHERE e.entry_id = moved.entry_id)
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM moved), (SELECT count(*) FROM placed)
""")
_READ_BACK = statement("""
    SELECT "index", entry_id, content, leaf FROM log_head
    CROSS JOIN LATERAL (SELECT * FROM log_entry WHERE "index" >= size ORDER BY "index" LIMIT :limit + 1) AS behind
    WHERE origin = :origin ORDER BY "index"
""")
"""The limit leads the planner to the index: for all that lies behind an unknown size it expects a third of the log."""
_ENTRIES = statement("""
    SELECT "index", entry_id, content, leaf FROM log_entry
    WHERE "index" >= :start AND "index" < :end ORDER BY "index"
""")
_BUNDLES = statement("""
    SELECT bundle, content, (SELECT hashes FROM log_tile WHERE level = 0 AND "index" = bundle), leaves, entry_ids
    FROM generate_series(CAST(:start AS bigint) / 256, (CAST(:end AS bigint) - 1) / 256) AS bundle
    CROSS JOIN LATERAL (
        SELECT
            string_agg(substring(int4send(octet_length(content)) FROM 3) || content, ''::bytea ORDER BY "index"),
            string_agg(leaf, ''::bytea ORDER BY "index"), string_agg(entry_id, ' ' ORDER BY "index")
        FROM log_entry
        WHERE "index" >= greatest(bundle * 256, :start) AND "index" < least(bundle * 256 + 256, :end)
    ) AS gathered (content, leaves, entry_ids)
    WHERE content IS NOT NULL
""")
"""Bundle by bundle, so that the index gives the order of entries; who reads the bundles puts them in theirs."""
_LEAVES = statement("""
    SELECT coalesce(string_agg(leaf, ''::bytea ORDER BY "index"), ''::bytea)
    FROM log_entry WHERE "index" >= :start AND "index" < :end
""")
_ROOTS = statement("""
    SELECT coalesce(string_agg(root, ''::bytea ORDER BY "index"), ''::bytea)
    FROM log_tile WHERE level = :level AND "index" >= :start AND "index" < :end
""")
_TILE = statement('SELECT hashes FROM log_tile WHERE level = :level AND "index" = :index')
_WRITE_TILE = statement('INSERT INTO log_tile (level, "index", hashes, root) VALUES (:level, :index, :hashes, :root)')
_READ_TILE = statement('SELECT hashes, root FROM log_tile WHERE level = :level AND "index" = :index')
_OPEN_HEAD = statement("""
    INSERT INTO log_head (origin, size, frontier) VALUES (:origin, 0, :frontier) ON CONFLICT (origin) DO NOTHING
""")
_LOCK_HEAD = statement("SELECT size, frontier FROM log_head WHERE origin = :origin FOR UPDATE")
_HEAD = statement("SELECT size, frontier FROM log_head WHERE origin = :origin")
_MOVE_HEAD = statement("""
    UPDATE log_head SET size = :size, frontier = :frontier WHERE origin = :origin AND size = :old
""")
_OTHER = statement("""
    SELECT origin FROM log_head WHERE NOT EXISTS (SELECT 1 FROM log_head WHERE origin = :origin) FOR UPDATE
""")
_RENAME_HEAD = statement("UPDATE log_head SET origin = :origin WHERE origin = :after")
_FORGET_PUBLISHED = statement("DELETE FROM log_published WHERE origin = :after")
_INDEXES = statement('SELECT entry_id, "index" FROM log_entry WHERE entry_id = ANY (:entry_ids)')
_NOTIFY = statement("SELECT pg_notify(:channel, :origin)")
_PUBLISH = statement("""
    WITH kept AS (
        INSERT INTO log_published (origin, size, note, published_at, unwitnessed_since)
        VALUES (:origin, :size, :note, :at, :at)
        ON CONFLICT (origin) DO UPDATE SET size = :size, note = :note, published_at = :at,
            unwitnessed_since = CASE WHEN log_published.witnessed_size = :size THEN NULL
                ELSE coalesce(log_published.unwitnessed_since, :at) END
        WHERE log_published.size < :size
    )
    SELECT set_config('synchronous_commit', 'off', true), pg_notify(:channel, :origin)
""")
_WITNESS = statement("""
    UPDATE log_published SET witnessed_size = :size, witnessed_note = :note, witnessed_at = :at,
        note = CASE WHEN size = :size THEN :note ELSE note END,
        unwitnessed_since = CASE WHEN size = :size THEN NULL ELSE :at END
    WHERE origin = :origin AND size >= :size AND coalesce(witnessed_size, 0) <= :size
""")
_SPAN = statement('SELECT count(*), coalesce(min("index"), 0), coalesce(max("index"), -1) FROM log_entry')
_MISPLACED = statement("""
    SELECT before + 1 FROM (
        SELECT "index" AS place, lag("index", 1, -1) OVER (ORDER BY "index") AS before FROM log_entry
    ) placed WHERE place <> before + 1
    UNION ALL SELECT max("index") + 1 FROM log_entry HAVING coalesce(max("index"), -1) + 1 < :size
    ORDER BY 1
""")
_GROWN = statement("""
    SELECT size, note, witnessed_size, witnessed_note,
        (SELECT coalesce(string_agg(leaf, ''::bytea ORDER BY "index"), ''::bytea)
         FROM log_entry WHERE "index" >= :known AND "index" < size AND size <= :most),
        (SELECT coalesce(string_agg(entry_id, ' ' ORDER BY "index"), '')
         FROM log_entry WHERE "index" >= :known AND "index" < size AND size <= :most)
    FROM log_published WHERE origin = :origin
""")
_PUBLISHED = statement("""
    SELECT size, note, published_at, witnessed_size, witnessed_note, witnessed_at, unwitnessed_since
    FROM log_published WHERE origin = :origin
""")


@dataclass(frozen=True)
class Grown:
    """The published checkpoints, and the leaves and ids (one space between) that the newest has beyond a known size."""

    size: int
    note: str
    witnessed_size: int | None
    witnessed_note: str | None
    leaves: bytes
    entry_ids: str


@dataclass(frozen=True)
class Taken:
    """What one turn found: head, published checkpoint, how many left the queue, how many are new; the new entries, as
    they were read back, one column each.
    """  # noqa: D205 - one sentence

    head: Frontier
    published: Published | None
    taken: int
    placed: int
    indexes: tuple[int, ...] = ()
    entry_ids: tuple[str, ...] = ()
    contents: tuple[bytes, ...] = field(default=(), repr=False)
    leaves: tuple[bytes, ...] = field(default=(), repr=False)


class LogStore:
    """The sequenced log: entries, tiles, head and checkpoints."""

    def __init__(self, session: Session, origin: str) -> None:
        self._session = session
        self._origin = origin

    def _all(self, sql: Statement, **values: Any) -> list[Any]:
        return list(run(self._session, sql, **values).fetchall())

    def _one(self, sql: Statement, **values: Any) -> Any:
        row = run(self._session, sql, **values).fetchone()
        return None if row is None else row[0]

    def open(self) -> None:
        """The log has a head, empty at first."""
        run(self._session, _OPEN_HEAD, origin=self._origin, frontier=Frontier().to_bytes())

    def take(self, limit: int) -> Taken:
        """Up to ``limit`` queued entries lie in the log behind the head, which is held until the transaction ends.

        The entries are read back from where they are stored. The statements that write travel together; the last goes
        by itself, for only after such a one does the server notice silence (a pipeline ends with a flush).
        """
        with pipelined(self._session):
            run(self._session, _NOTICE_SILENCE, limit=f"{election.SILENCE_SECONDS}s")
            head = run(self._session, _LOCK_HEAD, origin=self._origin)
            published = run(self._session, _PUBLISHED, origin=self._origin)
            placed = run(self._session, _PLACE, origin=self._origin, limit=limit)
        stored = run(self._session, _READ_BACK, origin=self._origin, limit=limit)
        taken, new = placed.fetchone()
        columns = zip(*stored.fetchall(), strict=True)
        return Taken(_frontier(head.fetchall()), _published(published.fetchall()), taken, new, *columns)

    def head(self) -> Frontier:
        """The right edge of the tree, as it is committed."""
        return _frontier(self._all(_HEAD, origin=self._origin))

    def other(self) -> str | None:
        """The name of the log that the database holds under another one; held until the transaction ends."""
        found: str | None = self._one(_OTHER, origin=self._origin)
        return found

    def take_over(self, after: str) -> None:
        """The entries of the log ``after`` are this one's, of which nothing is published yet."""
        run(self._session, _RENAME_HEAD, origin=self._origin, after=after)
        run(self._session, _FORGET_PUBLISHED, after=after)

    def entries(self, start: int, end: int) -> list[StoredEntry]:
        """The stored entries [start, end)."""
        return [StoredEntry._make(row) for row in self._all(_ENTRIES, start=start, end=end)]

    def bundles(self, start: int, end: int) -> list[StoredBundle]:
        """The entries [start, end) in bundles, in order.

        The database would sort megabytes in a file to put the few of them in order.
        """
        return [StoredBundle(*row) for row in sorted(self._all(_BUNDLES, start=start, end=end), key=itemgetter(0))]

    def leaves(self, start: int, end: int) -> bytes:
        """The stored leaf hashes [start, end)."""
        return bytes(self._one(_LEAVES, start=start, end=end))

    def grow(self, old: int, frontier: Frontier, tiles: Sequence[StoredTile]) -> None:
        """Full tiles are stored and read back, and the head is at the frontier instead of at ``old``.

        Raises:
            Broken: a tile is read back as something else, or the head was not at ``old``.
        """
        stored = []
        with pipelined(self._session):
            for tile in tiles:
                place = {"level": tile.level, "index": tile.index}
                run(self._session, _WRITE_TILE, hashes=tile.hashes, root=tile.root, **place)
                stored.append((tile, run(self._session, _READ_TILE, **place)))
        edge = {"old": old, "size": frontier.size, "frontier": frontier.to_bytes()}
        moved = run(self._session, _MOVE_HEAD, origin=self._origin, **edge)
        if any(read.fetchone() != (tile.hashes, tile.root) for tile, read in stored):
            raise Broken(
                "audit.tile-damaged",
                "A tile is not stored as it was written; check the disk.",
                "分片存储异常；请检查磁盘。",
            )
        if moved.rowcount != 1:
            raise Broken("audit.head-moved", "The log's head moved while it was locked.", "日志头在锁定期间发生变化。")

    def hashes(self, level: int, index: int, width: int) -> bytes:
        """The first ``width`` hashes of a tile: from its row when it is full, else from what lies below.

        Raises:
            Missing: the log is not that large.
        """
        content = self._one(_TILE, level=level, index=index)
        if content is None:
            start = index * WIDTH
            below = {"start": start, "end": start + width}
            content = self._one(_ROOTS, level=level - 1, **below) if level else self._one(_LEAVES, **below)
        found = bytes(content)[: width * 32]
        if len(found) < width * 32:
            raise no_tile()
        return found

    def edge(self, size: int) -> list[list[bytes]]:
        """The hashes of the partial tile at each level of a tree of ``size``, lowest level first."""
        levels = []
        for level in range(8):
            count = size >> (HEIGHT * level)
            start = count - count % WIDTH
            levels.append(_split(self.hashes(level, start // WIDTH, count - start) if count > start else b""))
        return levels

    def indexes(self, entry_ids: Sequence[str]) -> dict[str, int]:
        """The index of each of ``entry_ids`` that is in the log."""
        return {row[0]: row[1] for row in self._all(_INDEXES, entry_ids=list(entry_ids))}

    def misplaced(self, size: int) -> list[int]:
        """Where the indexes have a gap, or end too early; one that is there twice the table does not allow."""
        count, first, last = run(self._session, _SPAN).fetchone()
        if first == 0 and last + 1 == count >= size:
            return []
        return [row[0] for row in self._all(_MISPLACED, size=size)]

    def roots(self, level: int) -> bytes:
        """The roots kept beside the full tiles of ``level``."""
        return bytes(self._one(_ROOTS, level=level, start=0, end=2**62))

    def published(self) -> Published | None:
        """The checkpoints published last."""
        return _published(self._all(_PUBLISHED, origin=self._origin))

    def grown(self, known: int, *, most: int) -> Grown | None:
        """The newest published checkpoint with what it has beyond ``known`` entries, from one snapshot.

        What is new is left out where it is more than ``most`` entries.
        """
        rows = self._all(_GROWN, origin=self._origin, known=known, most=known + most)
        return Grown(*rows[0]) if rows else None

    def keep_witnessed(self, size: int, note: str, at: datetime) -> None:
        """The checkpoint of ``size`` has its quorum."""
        run(self._session, _WITNESS, origin=self._origin, size=size, note=note, at=at)
        self.notify(HEAD_CHANNEL)

    def notify(self, channel: str) -> None:
        """The nodes that listen on ``channel`` wake when the transaction commits."""
        run(self._session, _NOTIFY, channel=channel, origin=self._origin)


def publish(database: Database, checkpoint: Checkpoint, note: str, at: datetime) -> None:
    """The signed checkpoint is public and the other nodes hear of it; an older one changes nothing.

    One statement, its own transaction. Needs no flush of its own: a lost row is signed again, to the same bytes.

    Raises:
        Unavailable: the database is away.
    """
    told = {"origin": checkpoint.origin, "size": checkpoint.size, "note": note, "at": at, "channel": HEAD_CHANNEL}
    with database.looking() as cursor:
        cursor.execute(_PUBLISH, told)


def full_tile(database: Database, level: int, index: int) -> bytes | None:
    """The hashes of a full tile, or None when it is not full; one statement outside any transaction.

    Raises:
        Unavailable: the database is away.
    """
    with database.looking() as cursor:
        found = cursor.execute(_TILE, {"level": level, "index": index}).fetchone()
    return None if found is None else bytes(found[0])


def _published(rows: list[Any]) -> Published | None:
    if not rows:
        return None
    size, note, at, witnessed_size, witnessed_note, witnessed_at, since = rows[0]
    return Published(
        size, note, at.timestamp(), witnessed_size, witnessed_note, _seconds(witnessed_at), _seconds(since)
    )


def _frontier(rows: list[Any]) -> Frontier:
    if not rows:
        return Frontier()
    size, content = rows[0]
    frontier = Frontier.from_bytes(content)
    if frontier.size != size:
        raise Broken(
            "audit.head-damaged",
            "The log's head contradicts itself; run the verification and restore the head from a backup.",
            "日志头自相矛盾；请运行核验并从备份恢复。",
        )
    return frontier


def _split(content: bytes) -> list[bytes]:
    return [content[at : at + 32] for at in range(0, len(content), 32)]


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.astimezone(UTC).timestamp()
