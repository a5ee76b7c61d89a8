"""Reading and writing the log's tables; what an entry says is decided elsewhere."""

from hub.audit.store.election import Bell, Election, ring
from hub.audit.store.log import HEAD_CHANNEL, QUEUE_CHANNEL, Grown, LogStore, Taken
from hub.audit.store.queue import AuditStore, append

__all__ = [
    "HEAD_CHANNEL",
    "QUEUE_CHANNEL",
    "AuditStore",
    "Bell",
    "Election",
    "Grown",
    "LogStore",
    "Taken",
    "append",
    "ring",
]
