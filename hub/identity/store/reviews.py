"""Review items and stewards' verdicts, one of each for a pair of mentions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from hub.identity.outlook import OPEN, Sought
from hub.storage.statements import cursor_of


@dataclass(frozen=True, slots=True)
class NewReview:
    """A pair to be decided. Both ids in order."""

    review_id: str
    low_id: bytes
    high_id: bytes
    kind: str
    weight: float
    weights: str
    reasons: str
    blocking: bool
    opened_at: datetime
    model_version: str


@dataclass(frozen=True, slots=True)
class KeptReview:
    """A review item as it stands."""

    review_id: str
    low_id: bytes
    high_id: bytes
    kind: str
    weight: float
    weights: dict[str, float]
    reasons: list[str]
    blocking: bool
    state: str
    opened_at: datetime
    model_version: str
    steward: str | None
    decided_at: datetime | None
    note: bytes | None


_COLUMNS: Final = ", ".join(KeptReview.__slots__)
_CONDITIONS: Final = {
    "kind": "r.kind = %(kind)s",
    "registry": "EXISTS (SELECT FROM identity_mention m WHERE m.mention_id IN (r.low_id, r.high_id)"
    " AND m.registry_id = %(registry)s)",
    "opened_from": "r.opened_at >= %(opened_from)s",
    "opened_until": "r.opened_at <= %(opened_until)s",
    "least_weight": "r.weight >= %(least_weight)s",
    "most_weight": "r.weight <= %(most_weight)s",
}


@dataclass(frozen=True, slots=True)
class KeptWord:
    """A steward's word about two mentions of two subjects, with what names the records."""

    pair: tuple[bytes, bytes]
    verdict: str
    at: datetime
    review_id: str | None
    registries: tuple[str, ...]
    records: tuple[str, ...]
    roles: tuple[str, ...]


class ReviewStore:
    """Reviews and verdicts inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._cursor = cursor_of(session)

    def open(self, reviews: Sequence[NewReview]) -> int:
        """How many pairs wait that did not wait before; a pair that was decided stays decided."""
        if not reviews:
            return 0
        self._cursor.executemany(
            "INSERT INTO identity_review (review_id, low_id, high_id, kind, weight, weights, reasons, blocking, state,"
            " opened_at, model_version) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'open', %s, %s)"
            " ON CONFLICT (low_id, high_id) DO UPDATE SET state = 'open', opened_at = EXCLUDED.opened_at,"
            " weight = EXCLUDED.weight, weights = EXCLUDED.weights, reasons = EXCLUDED.reasons"
            " WHERE identity_review.state = 'moot'",
            [
                (
                    each.review_id, each.low_id, each.high_id, each.kind, each.weight, each.weights, each.reasons,
                    each.blocking, each.opened_at, each.model_version,
                )
                for each in reviews
            ],
        )  # fmt: skip
        return self._cursor.rowcount

    def review_for(self, review_id: str) -> KeptReview | None:
        """That item."""
        self._cursor.execute(f"SELECT {_COLUMNS} FROM identity_review WHERE review_id = %s", [review_id])
        row = self._cursor.fetchone()
        return KeptReview(*row) if row else None

    def find(self, sought: Sought = OPEN, *, limit: int = 100, after: str = "") -> list[KeptReview]:
        """The items sought, those that block answers first, then oldest first, from after an item on."""
        values = {name: getattr(sought, name) for name in Sought.__slots__}
        conditions = [text for name, text in _CONDITIONS.items() if values[name] is not None]
        if after:
            conditions.append(
                "(NOT r.blocking, r.opened_at, r.review_id) > (SELECT NOT a.blocking, a.opened_at, a.review_id"
                " FROM identity_review a WHERE a.review_id = %(after)s)"
            )
        self._cursor.execute(
            f"SELECT {_COLUMNS} FROM identity_review r WHERE {' AND '.join(['r.state = %(state)s', *conditions])}"
            " ORDER BY NOT r.blocking, r.opened_at, r.review_id LIMIT %(limit)s",
            {**values, "after": after, "limit": limit},
        )
        return [KeptReview(*row) for row in self._cursor.fetchall()]

    def sizes(self, subject_ids: Iterable[str]) -> dict[str, int]:
        """How many living mentions each of those subjects holds."""
        self._cursor.execute(
            "SELECT subject_id, count(*) FROM identity_mention WHERE subject_id = ANY(%s) AND gone_at IS NULL"
            " GROUP BY subject_id",
            [list(set(subject_ids))],
        )
        return dict(self._cursor.fetchall())

    def counts(self) -> dict[str, int]:
        """How many items stand in each state."""
        self._cursor.execute("SELECT state, count(*) FROM identity_review GROUP BY state")
        return dict(self._cursor.fetchall())

    def open_between(self, subject_ids: Sequence[str]) -> list[str]:
        """Open items whose two sides belong to those subjects."""
        self._cursor.execute(
            "SELECT r.review_id FROM identity_review r JOIN identity_mention l ON l.mention_id = r.low_id"
            " JOIN identity_mention h ON h.mention_id = r.high_id WHERE r.state = 'open'"
            " AND l.subject_id = ANY(%(ids)s) AND h.subject_id = ANY(%(ids)s) ORDER BY r.review_id",
            {"ids": list(subject_ids)},
        )
        return [row[0] for row in self._cursor.fetchall()]

    def in_question_with(self, subject_id: str) -> list[str]:
        """The other subjects of items about this one that no steward has decided, or none could."""
        self._cursor.execute(
            "WITH own AS (SELECT mention_id FROM identity_mention WHERE subject_id = %(id)s AND gone_at IS NULL),"
            " undecided AS (SELECT low_id, high_id FROM identity_review WHERE state IN ('open', 'unsure')),"
            " pair AS (SELECT high_id AS other_id FROM undecided JOIN own ON mention_id = low_id"
            " UNION SELECT low_id FROM undecided JOIN own ON mention_id = high_id)"
            " SELECT DISTINCT m.subject_id FROM pair JOIN identity_mention m ON m.mention_id = other_id"
            " WHERE m.gone_at IS NULL AND m.subject_id <> %(id)s ORDER BY 1",
            {"id": subject_id},
        )
        return [row[0] for row in self._cursor.fetchall()]

    def close(self, review_id: str, state: str, *, steward: str, at: datetime, note: bytes | None) -> bool:
        """True when the item was open and is decided now; False when somebody else was first."""
        self._cursor.execute(
            "UPDATE identity_review SET state = %s, steward = %s, decided_at = %s, note = %s"
            " WHERE review_id = %s AND state = 'open'",
            [state, steward, at, note, review_id],
        )
        return bool(self._cursor.rowcount)

    def moot(self, mention_ids: Iterable[bytes]) -> None:
        """Open items about those mentions wait no longer."""
        ids = list(mention_ids)
        self._cursor.execute(
            "UPDATE identity_review SET state = 'moot'"
            " WHERE state = 'open' AND (low_id = ANY(%s) OR high_id = ANY(%s))",
            [ids, ids],
        )

    def moot_settled(self, subject_ids: Iterable[str]) -> None:
        """Open items about those subjects whose two sides are one by now, or called different, wait no longer."""
        self._cursor.execute(
            "UPDATE identity_review r SET state = 'moot' FROM identity_mention l, identity_mention h"
            " WHERE r.state = 'open' AND l.mention_id = r.low_id AND h.mention_id = r.high_id"
            " AND (l.subject_id = ANY(%(ids)s) OR h.subject_id = ANY(%(ids)s)) AND (l.subject_id = h.subject_id"
            " OR EXISTS (SELECT FROM identity_verdict v JOIN identity_mention x ON x.mention_id = v.low_id"
            " JOIN identity_mention y ON y.mention_id = v.high_id WHERE v.verdict = 'apart' AND"
            " (x.subject_id, y.subject_id) IN ((l.subject_id, h.subject_id), (h.subject_id, l.subject_id))))",
            {"ids": list(subject_ids)},
        )

    def keep_verdict(
        self, pair: tuple[bytes, bytes], verdict: str, *, steward: str, at: datetime, note: bytes | None = None
    ) -> None:
        """The steward's word stands, over any earlier one."""
        low, high = sorted(pair)
        self._cursor.execute(
            "INSERT INTO identity_verdict (low_id, high_id, verdict, steward, at, note)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (low_id, high_id) DO UPDATE SET verdict = EXCLUDED.verdict,"
            " steward = EXCLUDED.steward, at = EXCLUDED.at, note = EXCLUDED.note",
            [low, high, verdict, steward, at, note],
        )

    def notes_at(self, instants: Iterable[datetime]) -> list[tuple[datetime, bytes, bytes, bytes]]:
        """Instant, pair and note of every word in force that was noted at one of those instants."""
        self._cursor.execute(
            "SELECT at, low_id, high_id, note FROM identity_verdict WHERE at = ANY(%s) AND note IS NOT NULL",
            [list(instants)],
        )
        return self._cursor.fetchall()

    def verdicts_about(self, mention_ids: Sequence[bytes]) -> list[tuple[bytes, bytes, str]]:
        """Every verdict with one of those mentions on either side."""
        self._cursor.execute(
            "SELECT low_id, high_id, verdict FROM identity_verdict"
            " WHERE low_id = ANY(%(ids)s) OR high_id = ANY(%(ids)s)",
            {"ids": list(mention_ids)},
        )
        return self._cursor.fetchall()

    def called_different(self, mention_ids: Iterable[bytes]) -> set[bytes]:
        """Those of the mentions that a steward has called different from another."""
        ids = list(mention_ids)
        words = self.verdicts_about(ids)
        return {each for *pair, verdict in words if verdict == "apart" for each in pair}.intersection(ids)

    def pass_on_different(self, old_id: bytes, new_id: bytes) -> None:
        """Whatever ``old_id`` was called different from, ``new_id`` is too, by the same steward's word.

        But for what is one with ``new_id`` by now.
        """
        self._cursor.execute(
            "INSERT INTO identity_verdict (low_id, high_id, verdict, steward, at)"
            " SELECT least(other, %(new)s), greatest(other, %(new)s), verdict, steward, at FROM (SELECT v.*,"
            " CASE WHEN low_id = %(old)s THEN high_id ELSE low_id END AS other FROM identity_verdict v"
            " WHERE verdict = 'apart' AND (low_id = %(old)s OR high_id = %(old)s)) said WHERE other <> %(new)s"
            " AND NOT EXISTS (SELECT FROM identity_mention o JOIN identity_mention n USING (subject_id)"
            " WHERE o.mention_id = other AND n.mention_id = %(new)s)"
            " ON CONFLICT DO NOTHING",
            {"old": old_id, "new": new_id},
        )

    def words_between(self, one: str, other: str) -> list[KeptWord]:
        """Verdicts across two subjects, the oldest first."""
        self._cursor.execute(
            "SELECT v.low_id, v.high_id, v.verdict, v.at, r.review_id,"
            " l.registry_id, h.registry_id, l.record, h.record, l.role, h.role"
            " FROM identity_verdict v JOIN identity_mention l ON l.mention_id = v.low_id"
            " JOIN identity_mention h ON h.mention_id = v.high_id"
            " LEFT JOIN identity_review r ON r.low_id = v.low_id AND r.high_id = v.high_id"
            " WHERE (l.subject_id = %(a)s AND h.subject_id = %(b)s) OR (l.subject_id = %(b)s AND h.subject_id = %(a)s)"
            " ORDER BY v.at, v.low_id, v.high_id",
            {"a": one, "b": other},
        )
        return [
            KeptWord((low, high), verdict, at, review_id, tuple(names[:2]), tuple(names[2:4]), tuple(names[4:]))
            for low, high, verdict, at, review_id, *names in self._cursor.fetchall()
        ]

    def founders(self, subject_ids: Iterable[str]) -> dict[str, bytes]:
        """The mention that each of those ids was first given to."""
        self._cursor.execute(
            "SELECT DISTINCT ON (subject_id) subject_id, mention_id FROM identity_link WHERE subject_id = ANY(%s)"
            " ORDER BY subject_id, seq",
            [list(subject_ids)],
        )
        return dict(self._cursor.fetchall())

    def pairwise_of(self, subject_ids: Iterable[str]) -> list[tuple[str, str, str]]:
        """Subject, consumer and id of every pairwise id that was given out for those subjects."""
        self._cursor.execute(
            "SELECT subject_id, consumer, pairwise FROM identity_pairwise WHERE subject_id = ANY(%s)"
            " ORDER BY consumer, subject_id",
            [list(subject_ids)],
        )
        return self._cursor.fetchall()
