"""Joining a log that others signed 接续日志: a node takes over what was published, when nothing speaks against it.

A node whose store of the last signed checkpoint is empty cannot tell a new node from one that forgot: signing on might
make a second history. So an operator says so, once, and: (1) the store is empty; (2) the published checkpoint is this
log's, by its signature; (3) a quorum of witnesses answers, or the operator answers for there being none; (4) the
database continues the published checkpoint, each that a witness holds, and each that the operator brings; (5) the
largest of them is kept as the last signed one. Crash before 5: nothing has changed. After 5: the node has joined.
"""

from collections.abc import Iterable, Sequence

from hub.audit.lastsigned import SignedStore
from hub.audit.store import LogStore
from hub.audit.witnessing import Collector
from hub.errors import Broken, Conflict, Missing, Refused
from hub.proof.checkpoint import Checkpoint, verify_checkpoint
from hub.proof.merkle import range_root
from hub.proof.note import NoteVerifier
from hub.proof.tiles import subtree_reader
from hub.storage.database import Database

REMEDY = "Restore a backup that holds them all, or begin a new log (`hub audit reopen`)."
REMEDY_ZH = "请恢复完整备份，或另立日志（hub audit reopen）。"


def adopt(  # noqa: PLR0913 - what is asked, each by name
    database: Database,
    log: NoteVerifier,
    signed: SignedStore,
    *,
    collector: Collector | None,
    brought: Sequence[Checkpoint] = (),
    is_alone: bool = False,
) -> Checkpoint:
    """The checkpoint from which this node signs on, steps 1 to 5 of this module.

    ``is_alone``: the operator vouches that no witness needs to be asked.

    Raises:
        Conflict: this node has signed before; what it signed stays.
        Missing: nothing is published yet: this node may simply start.
        Refused: too few witnesses answer.
        Broken: somebody holds a checkpoint that the database does not continue.
    """
    if signed.last() is not None:  # 1
        raise Conflict(
            "audit.signed-before",
            "This node knows what was signed last, and goes on from there; there is nothing to take over.",
            "本节点已有最后签名的检查点，无需接续。",
        )
    with database.reading() as session:
        published = LogStore(session, log.name).published()
    if published is None:
        raise Missing(
            "audit.no-checkpoint",
            "Nothing was published under this origin in this database; start the hub, and it opens the log.",
            "该数据库尚未以此名称公布过检查点；请启动枢纽，它会建立日志。",
        )
    known = [verify_checkpoint(published.note, [log]), *brought]  # 2
    known += _remembered(collector, log, is_alone=is_alone)  # 3
    require_continued(database, log.name, known)  # 4
    latest = max(known, key=lambda each: each.size)
    signed.swap(None, latest)  # 5
    return latest


def _remembered(collector: Collector | None, log: NoteVerifier, *, is_alone: bool) -> tuple[Checkpoint, ...]:
    memory = None if collector is None else collector.remembered(log)
    if not is_alone and (memory is None or not memory.is_quorum):
        raise Refused(
            "audit.witnesses-silent",
            "Too few witnesses answer to say what was signed last. Set HUB_WITNESS_POLICY and try again when they are "
            "back; where the log has no witnesses, say so with --without-witnesses and bring every checkpoint of it "
            "that was kept elsewhere with --earlier.",
            "应答的见证方不足，无法确认最后签名的检查点。请设置 HUB_WITNESS_POLICY 并待其恢复；"
            "若本日志没有见证方，请以 --without-witnesses 说明，并以 --earlier 提供他处保存的检查点。",
        )
    return () if memory is None else memory.checkpoints


def require_continued(database: Database, origin: str, known: Iterable[Checkpoint]) -> None:
    """Returns when the log in the database begins with each of ``known``.

    Raises:
        Broken: ``audit.behind-witness``.
    """
    with database.reading() as session:
        store = LogStore(session, origin)
        size = store.head().size
        subtree = subtree_reader(store, size)
        for each in known:
            if each.origin != origin or each.size > size or range_root(subtree, 0, each.size) != each.root:
                raise Broken(
                    "audit.behind-witness",
                    f"A signed checkpoint of {each.size} entries of the log {each.origin} is known that this database "
                    f"does not continue (it holds {size}). Nothing is signed. {REMEDY}",
                    f"日志 {each.origin} 有一个含 {each.size} 条的已签名检查点，本数据库（{size} 条）与之不连续，"
                    f"停止签名。{REMEDY_ZH}",
                    size=size,
                    witnessed=each.size,
                )
