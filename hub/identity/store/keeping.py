"""New subjects, mentions, keys and lines of the link log on their way in: chunks by COPY, one record in one go."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from psycopg import Cursor

from hub.audit.model import Entry
from hub.audit.store import QUEUE
from hub.identity.store.rows import NewLink, NewMention, NewSubject, link_row, mention_row, subject_row
from hub.proof.sealing import BLIND_KEY_BYTES

_MENTION_TYPES: Final = {
    "subject_id": "text", "mention_id": "bytea", "registry_id": "text", "export": "text", "record": "text",
    "role": "text", "kind": "text", "row": "int4", "likeness": "bytea", "traits": "bytea", "sealed": "bytea",
    "keys": "bytea", "added_at": "timestamptz",
}  # fmt: skip
LINK_COLUMNS: Final = (
    "subject_id", "mention_id", "other_id", "action", "from_subject", "method", "weight", "weights", "reasons",
    "model_version", "actor", "at", "undoes",
)  # fmt: skip
_COPY_MENTIONS: Final = f"COPY identity_mention ({', '.join(_MENTION_TYPES)}) FROM STDIN (FORMAT BINARY)"
_COPY_LINKS: Final = f"COPY identity_link ({', '.join(LINK_COLUMNS)}) FROM STDIN"
_COPY_SUBJECTS: Final = "COPY identity_subject (subject_id, kind, created_at) FROM STDIN (FORMAT BINARY)"
_COPY_KEYS: Final = "COPY identity_key (key, mention_id) FROM STDIN (FORMAT BINARY)"
_KEYS_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_KEYS_END: Final = b"\xff\xff"
_TWO_FIELDS: Final = (2).to_bytes(2, "big")

_KEEP_ONE: Final = (
    "WITH new AS (SELECT 0 AS place, %(entry_id)s::text AS entry_id, %(content)s::bytea AS content,"
    f" %(leaf)s::bytea AS leaf), queued AS ({QUEUE}),"
    " s AS (INSERT INTO identity_subject (subject_id, kind, created_at)"
    " SELECT %(subject_id)s::text, %(kind)s::text, %(added_at)s::timestamptz WHERE %(is_new)s::bool),"
    f" m AS (INSERT INTO identity_mention ({', '.join(_MENTION_TYPES)})"
    f" VALUES ({', '.join(f'%({name})s::{kind}' for name, kind in _MENTION_TYPES.items())})),"
    f" l AS (INSERT INTO identity_link ({', '.join(LINK_COLUMNS)}) VALUES ("
    + ", ".join(f"%({name})s{'::text' if name == 'subject_id' else ''}" for name in LINK_COLUMNS)
    + f")) INSERT INTO identity_key (key, mention_id) SELECT substring(%(keys)s FROM n * {BLIND_KEY_BYTES} + 1"
    f" FOR {BLIND_KEY_BYTES}), %(mention_id)s FROM generate_series(0, %(last)s::int) n"
)


def keys_in(keys: bytes) -> list[bytes]:
    """The keys that stand one after the other."""
    return [keys[place : place + BLIND_KEY_BYTES] for place in range(0, len(keys), BLIND_KEY_BYTES)]


def keep_one(cursor: Cursor[Any], mention: NewMention, link: NewLink, entry: Entry, *, is_new: bool) -> None:
    """One mention and its line of the link log, ``is_new``: with its subject; ``entry`` is in the log's queue."""
    values = dict(zip(LINK_COLUMNS, link_row(link), strict=True))
    values |= dict(zip(_MENTION_TYPES, mention_row(mention), strict=True))
    values |= {"is_new": is_new, "last": len(mention.keys) // BLIND_KEY_BYTES - 1}
    values |= {"entry_id": entry.entry_id, "content": entry.content(), "leaf": entry.leaf()}
    cursor.execute(_KEEP_ONE, values, prepare=True)


def copy_in(cursor: Cursor[Any], subjects: Iterable[NewSubject], mentions: Sequence[NewMention]) -> None:
    """Subjects, mentions and their keys are kept."""
    with cursor.copy(_COPY_SUBJECTS) as copy:
        copy.set_types(["text", "text", "timestamptz"])
        for each in subjects:
            copy.write_row(subject_row(each))
    with cursor.copy(_COPY_MENTIONS) as copy:
        copy.set_types(list(_MENTION_TYPES.values()))
        for new in mentions:
            copy.write_row(mention_row(new))
    with cursor.copy(_COPY_KEYS) as copy:
        copy.write(_KEYS_BEGIN + b"".join(_key_rows(mentions)) + _KEYS_END)


def _key_rows(mentions: Iterable[NewMention]) -> Iterator[bytes]:
    """The rows of ``_COPY_KEYS`` as PostgreSQL writes them (binary COPY): the driver would take ten times as long."""
    key_length = BLIND_KEY_BYTES.to_bytes(4, "big")
    for each in mentions:
        last = len(each.mention_id).to_bytes(4, "big") + each.mention_id
        yield from (_TWO_FIELDS + key_length + key + last for key in keys_in(each.keys))


def copy_links(cursor: Cursor[Any], links: Iterable[NewLink]) -> None:
    """The lines stand in the link log."""
    with cursor.copy(_COPY_LINKS) as copy:
        for each in links:
            copy.write_row(link_row(each))
