"""Subjects, mentions, keys and the link log, read and written by the thousand inside the caller's transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from hub.audit.model import Entry
from hub.identity.rules import NUMBER_FIELDS
from hub.identity.store.keeping import LINK_COLUMNS, copy_in, copy_links, keep_one, keys_in
from hub.identity.store.looking import LOOK, MENTIONS_PER_KEY, KeptBefore, Looked, look_values
from hub.identity.store.rows import KeptMention, NewLink, NewMention, NewSubject
from hub.proof.sealing import BLIND_KEY_BYTES
from hub.storage.statements import cursor_of

LOCK: Final = 4_715_002_001
"""Advisory lock of whoever places: two that place at once would each make a subject of the same person."""


_LOCK: Final = f"SELECT pg_advisory_xact_lock({LOCK})"
_TAKE: Final = "DELETE FROM identity_mention WHERE mention_id = ANY(%s) RETURNING mention_id, sealed"
_HITS: Final = (
    "SELECT DISTINCT q.key, m.subject_id FROM (SELECT substring(%s::bytea FROM n * %s + 1 FOR %s) AS key"
    " FROM generate_series(0, %s) n) q"
    " CROSS JOIN LATERAL (SELECT k.mention_id FROM identity_key k WHERE k.key = q.key LIMIT %s) h"
    " JOIN identity_mention m ON m.mention_id = h.mention_id"
)
_SUBJECTS: Final = "SELECT subject_id, kind, created_at, merged_into FROM identity_subject WHERE subject_id = ANY(%s)"
_MEMBERS: Final = (
    "SELECT subject_id, mention_id, likeness, traits FROM identity_mention"
    " WHERE subject_id = ANY(%s) AND gone_at IS NULL ORDER BY added_at, mention_id"
)


def _hits_values(keys: Sequence[bytes]) -> list[Any]:
    return [b"".join(keys), BLIND_KEY_BYTES, BLIND_KEY_BYTES, len(keys) - 1, MENTIONS_PER_KEY]


_KEPT: Final = ", ".join(f"m.{name}" for name in KeptMention.__slots__)


class IndexStore:
    """The index inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._cursor = cursor_of(session)

    def lock(self) -> None:
        """Nobody else places, merges or splits until this transaction ends."""
        self._cursor.execute(_LOCK)

    def hits(self, keys: Sequence[bytes]) -> list[tuple[bytes, str]]:
        """The subjects behind each key.

        The keys travel as one value: an array of thousands would cost the driver more than the look-up.
        """
        self._cursor.execute(_HITS, _hits_values(keys))
        return self._cursor.fetchall()

    def look(self, mention_ids: Sequence[bytes], keys: Sequence[bytes], *, most: int) -> Looked:
        """``lock``, and whatever matters to those mentions with those keys.

        Earlier versions of the mentions are no longer in the index. Subjects behind a key that more than ``most`` share
        are not read.
        """
        self._cursor.execute(_LOCK, prepare=True)
        found = Looked()
        self._cursor.execute(LOOK, look_values(mention_ids, keys, most), binary=True, prepare=True)
        found.take(self._cursor.fetchall(), keys)
        found.said = self._take(found.before)
        return found

    def members(self, subject_ids: Iterable[str]) -> list[tuple[str, bytes, bytes, bytes]]:
        """Subject, mention, likeness and sealed traits of every living mention of those subjects."""
        self._cursor.execute(_MEMBERS, [list(subject_ids)])
        return self._cursor.fetchall()

    def subjects(self, subject_ids: Iterable[str]) -> dict[str, tuple[str, datetime, str | None]]:
        """Kind, age and successor of those subjects."""
        self._cursor.execute(_SUBJECTS, [list(subject_ids)])
        return {row[0]: row[1:] for row in self._cursor.fetchall()}

    def mentions_of(self, subject_id: str, *, gone: bool = False) -> list[KeptMention]:
        """The mentions of a subject; with ``gone`` also those withdrawn or replaced."""
        condition = "" if gone else " AND m.gone_at IS NULL"
        self._cursor.execute(
            f"SELECT {_KEPT} FROM identity_mention m WHERE m.subject_id = %s{condition}"
            " ORDER BY m.added_at, m.mention_id",
            [subject_id],
        )
        return [KeptMention(*row) for row in self._cursor.fetchall()]

    def mentions(self, mention_ids: Iterable[bytes]) -> dict[bytes, KeptMention]:
        """Those mentions, gone or not."""
        self._cursor.execute(
            f"SELECT {_KEPT} FROM identity_mention m WHERE m.mention_id = ANY(%s)", [list(mention_ids)]
        )
        return {found.mention_id: found for found in (KeptMention(*row) for row in self._cursor.fetchall())}

    def _take(self, before: Sequence[KeptBefore]) -> dict[bytes, bytes]:
        if not before:
            return {}
        self._cursor.execute(_TAKE, [[row[1] for row in before]])
        said = dict(self._cursor.fetchall())
        self.drop_keys([(key, row[1]) for row in before for key in keys_in(row[3])])
        return said

    def withdraw(self, records: Sequence[str], now: datetime) -> list[tuple[bytes, str]]:
        """Mention and subject of those records' mentions; they are looked up no more."""
        self._cursor.execute(
            "WITH old AS (SELECT mention_id, keys FROM identity_mention WHERE record = ANY(%s) AND gone_at IS NULL"
            " FOR UPDATE) UPDATE identity_mention m SET gone_at = %s, keys = '' FROM old"
            " WHERE m.mention_id = old.mention_id RETURNING m.mention_id, m.subject_id, old.keys",
            [list(records), now],
        )
        rows = self._cursor.fetchall()
        self.drop_keys([(key, row[0]) for row in rows for key in keys_in(row[2])])
        return [(row[0], row[1]) for row in rows]

    def drop_keys(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        """Those mentions are looked up by those keys no more."""
        if pairs:
            self._cursor.execute(
                "DELETE FROM identity_key k USING unnest(%s::bytea[], %s::bytea[]) AS gone(key, mention_id)"
                " WHERE k.key = gone.key AND k.mention_id = gone.mention_id",
                [[key for key, _ in pairs], [mention_id for _, mention_id in pairs]],
            )

    def keep_one(self, mention: NewMention, link: NewLink, entry: Entry, *, is_new: bool) -> None:
        """One mention and its line of the link log, ``is_new``: with its subject; ``entry`` is in the log's queue."""
        keep_one(self._cursor, mention, link, entry, is_new=is_new)

    def keep(self, subjects: Iterable[NewSubject], mentions: Sequence[NewMention]) -> None:
        """Subjects, mentions and their keys are kept."""
        copy_in(self._cursor, subjects, mentions)

    def append(self, links: Iterable[NewLink]) -> None:
        """The lines stand in the link log."""
        copy_links(self._cursor, links)

    def move(self, mention_ids: Sequence[bytes], to_subject: str) -> list[tuple[str, str, str, str, bytes]]:
        """Registry, record, role, former subject and id of the mentions that changed to ``to_subject``."""
        self._cursor.execute(
            "WITH old AS (SELECT mention_id, subject_id FROM identity_mention WHERE mention_id = ANY(%s)"
            " AND subject_id <> %s FOR UPDATE) UPDATE identity_mention m SET subject_id = %s FROM old"
            " WHERE m.mention_id = old.mention_id"
            " RETURNING m.registry_id, m.record, m.role, old.subject_id, m.mention_id",
            [list(mention_ids), to_subject, to_subject],
        )
        return self._cursor.fetchall()

    def redirect(self, loser: str, survivor: str | None) -> None:
        """Whoever asks for ``loser`` is answered by ``survivor``; with None it answers for itself again."""
        self._cursor.execute("UPDATE identity_subject SET merged_into = %s WHERE subject_id = %s", [survivor, loser])

    def resolve(self, subject_id: str) -> str | None:
        """The subject that answers for ``subject_id`` now; None when there never was one."""
        self._cursor.execute(
            "WITH RECURSIVE way AS (SELECT subject_id, merged_into FROM identity_subject WHERE subject_id = %s"
            " UNION SELECT s.subject_id, s.merged_into FROM identity_subject s"
            " JOIN way ON s.subject_id = way.merged_into)"
            " SELECT subject_id FROM way WHERE merged_into IS NULL",
            [subject_id],
        )
        row = self._cursor.fetchone()
        return row[0] if row else None

    def survivors(self, subject_ids: Sequence[str]) -> dict[str, str]:
        """The subject that answers now for each of those ids; one statement, ids that never were are left out."""
        self._cursor.execute(
            "WITH RECURSIVE way AS (SELECT subject_id AS asked, subject_id, merged_into FROM identity_subject"
            " WHERE subject_id = ANY(%s) UNION SELECT way.asked, s.subject_id, s.merged_into FROM identity_subject s"
            " JOIN way ON s.subject_id = way.merged_into) SELECT asked, subject_id FROM way WHERE merged_into IS NULL",
            [list(subject_ids)],
        )
        return dict(self._cursor.fetchall())

    def aliases(self, subject_id: str) -> list[str]:
        """The subject and every id that was ever merged into it."""
        self._cursor.execute(
            "WITH RECURSIVE way AS (SELECT subject_id FROM identity_subject WHERE subject_id = %s"
            " UNION SELECT s.subject_id FROM identity_subject s JOIN way ON s.merged_into = way.subject_id)"
            " SELECT subject_id FROM way ORDER BY subject_id",
            [subject_id],
        )
        return [row[0] for row in self._cursor.fetchall()]

    def log_of(self, *, subject_id: str | None = None, mention_id: bytes | None = None) -> list[dict[str, Any]]:
        """The lines of the link log about a subject or a mention, oldest first."""
        self._cursor.execute(
            f"SELECT seq, {', '.join(LINK_COLUMNS)} FROM identity_link"
            " WHERE (%s::text IS NULL OR subject_id = %s OR from_subject = %s)"
            " AND (%s::bytea IS NULL OR mention_id = %s) ORDER BY seq",
            [subject_id, subject_id, subject_id, mention_id, mention_id],
        )
        return [dict(zip(("seq", *LINK_COLUMNS), row, strict=True)) for row in self._cursor.fetchall()]

    def edges_among(self, mention_ids: Iterable[bytes]) -> list[tuple[int, bytes, bytes]]:
        """The joins that hold those mentions together and were not undone: sequence number and both ends."""
        ids = list(mention_ids)
        self._cursor.execute(
            "SELECT l.seq, l.mention_id, l.other_id FROM identity_link l WHERE l.mention_id = ANY(%s)"
            " AND l.other_id IS NOT NULL AND l.action IN ('linked', 'merged', 'decided') AND NOT EXISTS"
            " (SELECT FROM identity_link u WHERE u.undoes = l.seq AND u.mention_id = l.mention_id) ORDER BY l.seq",
            [ids],
        )
        return self._cursor.fetchall()

    def held_by_number(self, mention_ids: Iterable[bytes], *, changed: bytes) -> list[tuple[bytes, bytes]]:
        """Both ends of the joins in force among those mentions by an equal number that an end stated before it changed.

        ``changed`` is changing now, and not kept yet.
        """
        ids = list(mention_ids)
        self._cursor.execute(
            "SELECT l.mention_id, l.other_id FROM identity_link l WHERE l.mention_id = ANY(%(ids)s)"
            " AND l.other_id = ANY(%(ids)s) AND l.action IN ('linked', 'merged', 'decided')"
            " AND l.reasons ?| %(equal)s AND NOT EXISTS"
            " (SELECT FROM identity_link u WHERE u.undoes = l.seq AND u.mention_id = l.mention_id)"
            " AND (%(changed)s IN (l.mention_id, l.other_id) OR EXISTS (SELECT FROM identity_mention m"
            " WHERE m.mention_id IN (l.mention_id, l.other_id) AND m.added_at > l.at))",
            {"ids": ids, "equal": [f"{field}:equal" for field in NUMBER_FIELDS], "changed": changed},
        )
        return self._cursor.fetchall()

    def all_mentions(self, page: int = 5_000) -> Iterator[KeptMention]:
        """Every living mention, page by page in the order of its id."""
        last = b""
        while True:
            self._cursor.execute(
                f"SELECT {_KEPT} FROM identity_mention m WHERE m.mention_id > %s AND m.gone_at IS NULL"
                " ORDER BY m.mention_id LIMIT %s",
                [last, page],
            )
            rows = self._cursor.fetchall()
            yield from (KeptMention(*row) for row in rows)
            if len(rows) < page:
                return
            last = rows[-1][1]

    def figures(self) -> dict[str, int]:
        """How many subjects stand, by kind, how many mentions, how many lines in the log."""
        self._cursor.execute(
            "SELECT kind, count(*) FROM identity_subject s WHERE merged_into IS NULL AND EXISTS"
            " (SELECT FROM identity_mention m WHERE m.subject_id = s.subject_id) GROUP BY kind"
            " UNION ALL SELECT 'mentions', count(*) FROM identity_mention WHERE gone_at IS NULL"
            " UNION ALL SELECT 'log', count(*) FROM identity_link"
        )
        return dict(self._cursor.fetchall())

    def keep_pairwise(self, consumer: str, pairwise: Mapping[str, str]) -> None:
        """The consumer's ids, by subject, can be looked up."""
        self._cursor.execute(
            "INSERT INTO identity_pairwise (subject_id, consumer, pairwise)"
            " SELECT given.subject_id, %s, given.pairwise"
            " FROM unnest(%s::text[], %s::text[]) given (subject_id, pairwise) ORDER BY 1 ON CONFLICT DO NOTHING",
            [consumer, list(pairwise), list(pairwise.values())],
        )

    def subjects_of_pairwise(self, consumer: str, pairwise: Sequence[str]) -> dict[str, str]:
        """The subjects that the ids were given to, by id."""
        self._cursor.execute(
            "SELECT pairwise, subject_id FROM identity_pairwise WHERE consumer = %s AND pairwise = ANY(%s)",
            [consumer, list(pairwise)],
        )
        return dict(self._cursor.fetchall())
