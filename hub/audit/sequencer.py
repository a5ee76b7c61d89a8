"""The one sequencer 定序: queued entries get dense indexes, and the tree that holds them is signed.

A turn: (1) lock the head, (2) refuse a head that contradicts what was signed last, (3) move a batch from queue to log,
(4) read the stored bytes back and hash them, (5) write full tiles, (6) compare and swap the head, COMMIT; then
(7) keep the new checkpoint in the store of signed ones, (8) sign, (9) publish. A crash before 6 leaves the batch in the
queue; a crash after 6 leaves a head that the next turn signs first. Two at once wait for each other at 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hub.audit.growing import Edge, Nodes
from hub.audit.lastsigned import SignedStore
from hub.audit.store import LogStore, Taken, publish
from hub.errors import Broken
from hub.kernel.clock import Clock
from hub.proof.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from hub.proof.merkle import Frontier, leaf_hash, range_root
from hub.proof.note import NoteSigner
from hub.proof.tiles import subtree_reader
from hub.storage.database import Database

MAX_BATCH: Final = 1_000
Step = Callable[[str], None]


def _no_step(_name: str) -> None:
    """Nothing happens between steps, except in a test of faults."""


@dataclass(frozen=True)
class Turn:
    """What one turn published: the tree's edge, what is known below it, the signed note, the ids of the new entries."""

    edge: Edge
    nodes: Nodes
    note: str
    entry_ids: tuple[str, ...]


class Sequencer:
    """Grows one log; any number may run, one at a time has the head."""

    def __init__(  # noqa: PLR0913 - the parts it is made of, each by name
        self,
        database: Database,
        signer: NoteSigner,
        *,
        signed: SignedStore,
        clock: Clock,
        max_batch: int = MAX_BATCH,
        step: Step = _no_step,
    ) -> None:
        self._database = database
        self._signer = signer
        self._signed = signed
        self._clock = clock
        self._max_batch = max_batch
        self._step = step
        self._edge: Edge | None = None
        self.origin = signer.verifier.name

    def turn(self) -> Turn | None:
        """One batch sequenced and published, or None when the queue was empty and all is published.

        Raises:
            Broken: head, store of signed checkpoints or stored bytes contradict each other; nothing was signed.
            Unavailable: the database is away.
        """
        with self._database.writing() as session:
            store = LogStore(session, self.origin)
            if self._edge is None:
                store.open()
            batch = store.take(self._max_batch)  # 1, 3, 4
            signed = self._signed.last()  # only now: whoever held the head before may have signed
            self._step("placed")
            self._check_head(store, batch.head, signed, is_published=batch.published is not None)  # 2
            self._check_entries(batch)  # 4
            edge, nodes = self._edge_at(store, batch.head), Nodes()
            if batch.placed:
                tiles = edge.grow(batch.leaves, nodes)
                store.grow(batch.head.size, edge.frontier, tiles)  # 5, 6
            self._step("head moved")
        self._step("committed")
        self._edge = edge
        if not batch.taken and batch.published is not None and batch.published.size == edge.frontier.size:
            return None
        return Turn(edge, nodes, self._publish(signed, edge), batch.entry_ids)

    def estranged(self) -> Broken | None:
        """Why this node, which does not sequence, could not; None when it knows what another one has published.

        It keeps that as if it had signed it itself. Else its store would know less than was signed, and a restored
        backup could pass for the log here.

        Raises:
            Unavailable: the database is away.
        """
        try:
            self._follow()
        except Broken as fault:
            return fault
        return None

    def _follow(self) -> None:
        signed = self._signed.last()
        with self._database.reading() as session:
            store = LogStore(session, self.origin)
            published = store.published()
            if published is None or (signed is not None and published.size == signed.size):
                return
            latest = verify_checkpoint(published.note, [self._signer.verifier])
            frontier = Frontier.of(subtree_reader(store, latest.size), latest.size)
            self._check_head(store, frontier, signed, is_published=True)
        if signed is not None and frontier.root() == latest.root:
            self._signed.swap(signed, latest)

    def _check_head(self, store: LogStore, head: Frontier, signed: Checkpoint | None, *, is_published: bool) -> None:
        if signed is None:
            if is_published:
                raise Broken(
                    "audit.last-signed-missing",
                    "Checkpoints of this log were published, but this node's store of the last signed one is empty: "
                    "restore that file; or, when this node is new, run `hub audit adopt`, which asks the witnesses and "
                    "takes over what was published.",
                    "本日志已公布检查点，但本节点最后签名检查点的存储为空：请恢复该文件；"
                    "若为新节点，请运行 hub audit adopt，经见证方确认后接续。",
                )
            return
        if signed.origin != self.origin:
            raise Broken(
                "audit.foreign-last-signed",
                f"The store of the last signed checkpoint is that of the log {signed.origin}. Keep that folder as it "
                "is, and give this node an empty HUB_DATA_DIR, then run `hub audit adopt`.",
                f"最后签名检查点的存储属于日志 {signed.origin}。请原样保留该文件夹，为本节点另设空的 HUB_DATA_DIR，"
                "再运行 hub audit adopt。",
            )
        if head.size < signed.size:
            raise _restored(head.size, signed.size)
        root = head.root() if head.size == signed.size else range_root(subtree_reader(store, head.size), 0, signed.size)
        if root != signed.root:
            raise Broken(
                "audit.fork",
                f"The first {signed.size} entries are not those that were signed; nothing more is signed. Restore the "
                "database from a backup that holds them, or begin a new log (`hub audit reopen`).",
                f"前 {signed.size} 条日志与已签名的不符，停止签名。请恢复含有原条目的备份，"
                "或另立日志（hub audit reopen）。",
                size=signed.size,
            )

    def _edge_at(self, store: LogStore, frontier: Frontier) -> Edge:
        known = self._edge
        if known is not None and known.frontier.to_bytes() == frontier.to_bytes():
            return known.copy()
        return Edge(frontier.copy(), store.edge(frontier.size))

    def _check_entries(self, batch: Taken) -> None:
        start = batch.head.size
        if batch.indexes != tuple(range(start, start + batch.placed)):
            raise _damaged(start)
        for index, content, leaf in zip(batch.indexes, batch.contents, batch.leaves, strict=True):
            if leaf_hash(content) != leaf:
                raise _damaged(index)

    def _publish(self, signed: Checkpoint | None, edge: Edge) -> str:
        checkpoint = Checkpoint(self.origin, edge.frontier.size, edge.frontier.root())
        if checkpoint != signed:
            self._signed.swap(signed, checkpoint)  # 7
        self._step("kept as signed")
        note = str(sign_checkpoint(checkpoint, self._signer))  # 8
        publish(self._database, checkpoint, note, self._clock.now())  # 9
        self._step("published")
        return note


def _restored(size: int, signed: int) -> Broken:
    return Broken(
        "audit.behind-last-signed",
        f"The database holds {size} entries, but a checkpoint of {signed} was signed: it was restored from an old "
        "backup. Nothing is signed. Restore a backup that holds them all, or begin a new log (`hub audit reopen`).",
        f"数据库仅有 {size} 条日志，而已签名检查点含 {signed} 条：数据库由旧备份恢复，停止签名。"
        "请恢复完整备份，或另立日志（hub audit reopen）。",
        size=size,
        signed=signed,
    )


def _damaged(index: int) -> Broken:
    return Broken(
        "audit.entry-damaged",
        f"The bytes stored for entry {index} are not those that were queued; nothing was signed. "
        "Check disk and database.",
        f"第 {index} 条日志的存储内容与入队时不符，未签名。请检查磁盘与数据库。",
        index=index,
    )
