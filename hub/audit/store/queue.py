"""The queue 待定序队列: entries committed with their fact, waiting for an index."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from hub.audit.model import Entry
from hub.audit.store.driver import run, statement
from hub.errors import Conflict
from hub.proof.merkle import leaf_hash
from hub.storage.database import Database

_QUEUE = statement("""
    INSERT INTO log_queue (entry_id, content, leaf)
    SELECT CAST(:entry_id AS text), CAST(:content AS bytea), CAST(:leaf AS bytea)
    WHERE NOT EXISTS (SELECT 1 FROM log_entry WHERE entry_id = CAST(:entry_id AS text))
    ON CONFLICT (entry_id) DO NOTHING
""")
_QUEUE_ALL = statement(r"""
    INSERT INTO log_queue (entry_id, content, leaf)
    SELECT entry_id, convert_to(content, 'UTF8'), substring(:leaves FROM 32 * at::int - 31 FOR 32)
    FROM ROWS FROM (string_to_table(:entry_ids, E'\n'), string_to_table(:contents, E'\n'))
        WITH ORDINALITY AS brought (entry_id, content, at)
    WHERE (SELECT true FROM log_entry e WHERE e.entry_id = brought.entry_id) IS NULL
    ON CONFLICT (entry_id) DO NOTHING
""")
"""Three values for any number of entries, all printable ASCII: the driver spells arrays out item by item. Each id is
looked up by itself: NOT EXISTS is planned for a thousand of them, for which it reads a log of middling size whole.
"""
_LEAVES_OF = statement("""
    SELECT entry_id, leaf FROM log_entry WHERE entry_id = ANY (:entry_ids)
    UNION ALL SELECT entry_id, leaf FROM log_queue WHERE entry_id = ANY (:entry_ids)
""")
_LEAF_OF = statement("""
    SELECT leaf FROM log_entry WHERE entry_id = CAST(:entry_id AS text)
    UNION ALL SELECT leaf FROM log_queue WHERE entry_id = CAST(:entry_id AS text)
""")
_LOCK_CHAIN = statement("""
    INSERT INTO log_subject_chain (subject_id, count, last_leaf) VALUES (:subject_id, 1, ''::bytea)
    ON CONFLICT (subject_id) DO UPDATE SET count = log_subject_chain.count + 1
    RETURNING count, last_leaf
""")
LINK: Final = """
 INSERT INTO log_subject_chain AS chain (subject_id, count, last_leaf)
 SELECT subject_id, n, leaf FROM told WHERE subject_id IS NOT NULL ORDER BY subject_id
 ON CONFLICT (subject_id) DO UPDATE SET count = excluded.count, last_leaf = excluded.last_leaf
 WHERE chain.count = excluded.count - 1 RETURNING subject_id"""
"""A row for each entry of ``told`` that is the next about its subject; none, and nothing is changed, where another
came before. In the order of subjects, so that two such statements never wait for each other in a ring."""
QUEUE: Final = """
 INSERT INTO log_queue (entry_id, content, leaf) SELECT entry_id, content, leaf FROM new ORDER BY place"""
"""Queues the new entries of ``new``. Both are parts of a statement that keeps facts, and read rows of it."""
_MOVE_CHAIN = statement("UPDATE log_subject_chain SET last_leaf = :leaf WHERE subject_id = :subject_id")


class AuditStore:
    """Queues entries in the caller's transaction: fact and entry are kept together or not at all."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, entry: Entry) -> str:
        """The entry's id; it is in the log's queue once the caller's transaction commits, and once only.

        Raises:
            Broken: claims that are not codes.
            Conflict: an entry of this id says something else already.
        """
        content = entry.content()
        leaf = leaf_hash(content)
        kept = run(self._session, _QUEUE, entry_id=entry.entry_id, content=content, leaf=leaf)
        if not kept.rowcount:
            self._check_same(entry.entry_id, leaf)
        return entry.entry_id

    def _check_same(self, entry_id: str, leaf: bytes) -> None:
        if run(self._session, _LEAF_OF, entry_id=entry_id).fetchone() != (leaf,):
            raise reused()

    def chain(self, subject_id: str, entry: Entry) -> Entry:
        """``entry`` with its number ``n`` among the subject's entries and the link ``prev`` to the one before.

        Holds the subject's counter until the caller's transaction ends, so that no number is skipped or used twice.
        Append what this returns in the same transaction.
        """
        count, last_leaf = run(self._session, _LOCK_CHAIN, subject_id=subject_id).fetchone()
        chained = entry.chained(count, last_leaf)
        run(self._session, _MOVE_CHAIN, subject_id=subject_id, leaf=chained.leaf())
        return chained


def reused() -> Conflict:
    """The refusal of an entry whose id is taken."""
    return Conflict(
        "audit.entry-reused",
        "An entry of this id is in the log and says something else; append a new entry.",
        "该编号的日志条目已存在且内容不同；请追加新条目。",
    )


def queue_all(database: Database, entries: Sequence[Entry]) -> list[int]:
    """``entries`` are in the queue, each once, in one statement that is its own transaction; or in the log already.

    Returns the places of those that are not, because an entry of their id says something else.

    Raises:
        Unavailable: the database is away; the same entries again are safe.
    """
    entry_ids, leaves = [entry.entry_id for entry in entries], [entry.leaf() for entry in entries]
    brought = {
        "entry_ids": "\n".join(entry_ids),
        "contents": b"\n".join([entry.content() for entry in entries]).decode("ascii"),
        "leaves": b"".join(leaves),
    }
    with database.looking() as cursor:
        cursor.execute(_QUEUE_ALL, brought)
        if cursor.rowcount == len(entries):
            return []
        kept = dict(cursor.execute(_LEAVES_OF, {"entry_ids": entry_ids}).fetchall())
    return [at for at, entry_id in enumerate(entry_ids) if kept.get(entry_id) != leaves[at]]


def append(session: Session, entry: Entry) -> str:
    """``AuditStore(session).append(entry)``."""
    return AuditStore(session).append(entry)
