"""Where the log is kept; entries and tiles are only ever added."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, Identity, LargeBinary, SmallInteger, Text
from sqlmodel import Field

from hub.storage.metadata import Row


class QueuedEntryRow(Row, table=True):
    """An entry that is committed with its fact and waits for its index."""

    __tablename__ = "log_queue"

    queue_id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    entry_id: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    leaf: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class LogEntryRow(Row, table=True):
    """An entry at its index."""

    __tablename__ = "log_entry"

    index: int = Field(sa_column=Column("index", BigInteger, primary_key=True, autoincrement=False))
    entry_id: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    leaf: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class LogTileRow(Row, table=True):
    """A full tile of the tree; what is narrower is read from below."""

    __tablename__ = "log_tile"

    level: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    index: int = Field(sa_column=Column("index", BigInteger, primary_key=True, autoincrement=False))
    hashes: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    root: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class LogHeadRow(Row, table=True):
    """The size of the log and the right edge of its tree; whoever sequences holds this row."""

    __tablename__ = "log_head"

    origin: str = Field(primary_key=True)
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    frontier: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PublishedCheckpointRow(Row, table=True):
    """The newest signed checkpoint, and the newest with a quorum of witnesses."""

    __tablename__ = "log_published"

    origin: str = Field(primary_key=True)
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    note: str = Field(sa_column=Column(Text, nullable=False))
    published_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    witnessed_size: int | None = Field(default=None, sa_column=Column(BigInteger))
    witnessed_note: str | None = Field(default=None, sa_column=Column(Text))
    witnessed_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    unwitnessed_since: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class SubjectChainRow(Row, table=True):
    """How many entries tell of one subject, and the leaf of the last of them."""

    __tablename__ = "log_subject_chain"

    subject_id: str = Field(primary_key=True)
    count: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_leaf: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
