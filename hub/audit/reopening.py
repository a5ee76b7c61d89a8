"""A new log after one that cannot go on 另立日志: what the database still holds becomes the beginning of another log.

The old log's last signed checkpoint names entries that are lost: whatever is signed under its name now is a fork. So
the entries that are left get a new name, under which nothing was ever signed. (1) This node has signed nothing under
the new name. (2) No node is at work on the old one. (3) The database's tiles make up the tree that its head says it
holds. (4) One transaction gives the head its new name and queues an entry that says after which log, and after how many
of its entries, this one begins. Crash before the end of 4: nothing has changed.
"""

from dataclasses import dataclass

from sqlmodel import Session

from hub.audit.lastsigned import SignedStore
from hub.audit.model import Entry
from hub.audit.store import AuditStore, Election, LogStore
from hub.errors import Broken, Conflict, Missing
from hub.proof.encoding import b64url
from hub.proof.merkle import range_root
from hub.proof.tiles import subtree_reader
from hub.storage.database import Database


@dataclass(frozen=True)
class Reopened:
    """The log that ended, and with how many of its entries the new one begins."""

    after: str
    size: int


def reopen(database: Database, session: Session, origin: str, signed: SignedStore) -> Reopened:
    """The log of the database is called ``origin`` once the caller's transaction commits; steps 1 to 4 of this module.

    Raises:
        Conflict: this node has signed before; or a node is at work on the log as it was called.
        Missing: the database holds no log, or one of that name already.
        Broken: what is stored is not the tree that the head tells of.
    """
    if signed.last() is not None:  # 1
        raise Conflict(
            "audit.reopened-beside",
            "HUB_DATA_DIR holds what was signed last. Keep that folder as it is, and give this node an empty one for "
            "the new log.",
            "HUB_DATA_DIR 中已有最后签名的检查点。请原样保留该文件夹，并为新日志另设空文件夹。",
        )
    store = LogStore(session, origin)
    after = store.other()
    if after is None:
        raise Missing(
            "audit.nothing-to-reopen",
            "The database holds no log under another name than HUB_LOG_ORIGIN; set the new name, or start the hub.",
            "数据库中没有其他名称的日志；请将 HUB_LOG_ORIGIN 设为新名称，或直接启动枢纽。",
        )
    election = Election(database, after)
    try:
        if not election.stand():  # 2
            raise Conflict(
                "audit.log-in-use",
                f"A node is at work on the log {after}; stop every node first.",
                f"仍有节点在使用日志 {after}；请先停止所有节点。",
            )
        head = LogStore(session, after).head()
        if range_root(subtree_reader(store, head.size), 0, head.size) != head.root():  # 3
            raise Broken(
                "audit.head-damaged",
                "The log's head is not the tree that is stored; run `hub audit verify` and restore another backup.",
                "日志头与存储内容不符；请运行 hub audit verify，并恢复其他备份。",
            )
        told = {"event": "log-opened", "after": after, "size": head.size, "root": b64url(head.root())}
        AuditStore(session).append(Entry("log", told))  # 4
        store.take_over(after)
    finally:
        election.leave()
    return Reopened(after, head.size)
