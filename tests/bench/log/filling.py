"""A valid log of any size, filled in by the database itself: entries, tiles, head, signed checkpoint."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import text

from hub.audit.growing import Edge
from hub.audit.lastsigned import SignedFile
from hub.audit.model import StoredTile
from hub.audit.store import LogStore, publish
from hub.proof.checkpoint import Checkpoint, sign_checkpoint
from hub.proof.merkle import HASH_BYTES, Frontier, complete_root
from hub.proof.note import NoteSigner
from hub.proof.tiles import WIDTH, subtree_reader
from hub.storage.database import Database

STEP = 65_536
ENTRIES = text(r"""
    WITH made AS (
        SELECT number, 'ent_' || lpad(to_hex(number), 26, '0') AS entry_id
        FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) number
    ), spelled AS (
        SELECT number, entry_id, convert_to('{"id":"' || entry_id || '","kind":"exchange","number":' || number
            || ',"outcome":"released","v"\:1}', 'UTF8') AS content FROM made
    ), hashed AS MATERIALIZED (
        SELECT number, entry_id, content, sha256('\x00'::bytea || content) AS leaf FROM spelled ORDER BY number
    ), kept AS (
        INSERT INTO log_entry ("index", entry_id, content, leaf) SELECT * FROM hashed
    )
    SELECT string_agg(leaf, ''::bytea ORDER BY number) FROM hashed GROUP BY number / 256 ORDER BY number / 256
""")
TILE = text('INSERT INTO log_tile (level, "index", hashes, root) VALUES (:level, :index, :hashes, :root)')
UNIQUE = "uq_log_entry_entry_id"


@dataclass(frozen=True)
class Filled:
    """A log as it lies in its database: its size and its signed checkpoint."""

    size: int
    note: str


def fill(database: Database, signer: NoteSigner, signed: SignedFile, size: int) -> Filled:
    """An empty database holds a valid log of ``size`` entries, signed and published."""
    origin = signer.verifier.name
    with database.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE log_entry DROP CONSTRAINT {UNIQUE}"))

    def step(first: int) -> list[bytes]:
        with database.engine.begin() as connection:
            last = min(size, first + STEP) - 1
            bundles = [bytes(row[0]) for row in connection.execute(ENTRIES, {"first": first, "last": last})]
            return _keep_tiles(connection, 0, first // WIDTH, bundles)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        roots = [root for made in pool.map(step, range(0, size, STEP)) for root in made]
    with database.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE log_entry ADD CONSTRAINT {UNIQUE} UNIQUE (entry_id)"))
        for level in range(1, 8):
            above = [b"".join(roots[at : at + WIDTH]) for at in range(0, len(roots), WIDTH)]
            roots = _keep_tiles(connection, level, 0, above)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (FREEZE, ANALYZE) log_entry, log_tile"))
        connection.execute(text("CHECKPOINT"))
    return _signed(database, signer, signed, origin, size)


def _keep_tiles(connection: object, level: int, first: int, contents: list[bytes]) -> list[bytes]:
    """The full ones of these tiles are stored; their roots."""
    full = [content for content in contents if len(content) == WIDTH * HASH_BYTES]
    tiles = [StoredTile(level, first + at, content, complete_root(content)) for at, content in enumerate(full)]
    if tiles:
        rows = [{"level": each.level, "index": each.index, "hashes": each.hashes, "root": each.root} for each in tiles]
        connection.execute(TILE, rows)  # type: ignore[attr-defined]
    return [each.root for each in tiles]


def _signed(database: Database, signer: NoteSigner, signed: SignedFile, origin: str, size: int) -> Filled:
    from hub.kernel.clock import SystemClock

    with database.writing() as session:
        store = LogStore(session, origin)
        store.open()
        edge = Edge(Frontier.of(subtree_reader(store, size), size), store.edge(size))
        store.grow(0, edge.frontier, [])
        checkpoint = Checkpoint(origin, size, edge.frontier.root())
        note = str(sign_checkpoint(checkpoint, signer))
        signed.swap(None, checkpoint)
    publish(database, checkpoint, note, SystemClock().now())
    return Filled(size, note)
