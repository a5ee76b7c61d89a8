"""Reading and writing the log's tables; what an entry says is decided elsewhere."""

from hub.audit.store.election import Bell, Election, ring
from hub.audit.store.log import HEAD_CHANNEL, QUEUE_CHANNEL, Grown, LogStore, Taken, full_tile, publish
from hub.audit.store.queue import LINK, QUEUE, AuditStore, append, queue_all, reused

__all__ = [
    "HEAD_CHANNEL",
    "LINK",
    "QUEUE",
    "QUEUE_CHANNEL",
    "AuditStore",
    "Bell",
    "Election",
    "Grown",
    "LogStore",
    "Taken",
    "append",
    "full_tile",
    "publish",
    "queue_all",
    "reused",
    "ring",
]
