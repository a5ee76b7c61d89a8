"""Exchanges as auditors read them: found page by page, or streamed with bounded memory; nothing sealed is opened."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from hub.exchange.flags import Look
from hub.exchange.searching import FoundExchange, Place, Search, officer_name
from hub.storage.statements import cursor_of, streaming_cursor

_FOUND: Final = """
SELECT exchange_id, at, consumer, matter, case_ref, outcome, reason, types, providers, pairwise, officer, entry_id,
 erased_by FROM exchange WHERE """
_LOOKS: Final = """
SELECT x.exchange_id, x.at, x.consumer, x.officer, a.subject_id, p.pairwise, x.case_ref, x.types, x.reason
FROM exchange x
LEFT JOIN subject_access a ON a.exchange_id = x.exchange_id AND a.at >= %(since)s AND a.at < %(until)s
 AND a.sealed IS NULL
LEFT JOIN identity_pairwise p ON p.subject_id = a.subject_id AND p.consumer = x.consumer
WHERE x.at >= %(since)s AND x.at < %(until)s AND x.erased_by IS NULL
 AND (%(consumer)s::text IS NULL OR x.consumer = %(consumer)s)
ORDER BY x.consumer, x.officer, x.at, x.exchange_id"""
_ASKED: Final = """
SELECT consumer, type, count(*) FROM exchange, unnest(types) AS type
WHERE at >= %(since)s AND at < %(until)s AND (%(consumer)s::text IS NULL OR consumer = %(consumer)s)
GROUP BY consumer, type"""
_CRITERIA: Final = {
    "consumer": "consumer = %s",
    "provider": "providers @> ARRAY[%s]::text[]",
    "matter": "matter = %s",
    "case": "case_ref = %s",
    "outcome": "outcome = %s",
    "pairwise": "pairwise = %s",
    "type": "types @> ARRAY[%s]::text[]",
}


class AuditingStore:
    """Exchanges in one session, for reading."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(self, search: Search, after: Place | None, limit: int) -> list[FoundExchange]:
        """At most ``limit`` exchanges, the newest first, from after that place on."""
        condition, values = _condition(search)
        if after is not None:
            condition, values = f"{condition} AND (at, exchange_id) < (%s, %s)", [*values, after.at, after.exchange]
        cursor = cursor_of(self._session)
        cursor.execute(f"{_FOUND}{condition} ORDER BY at DESC, exchange_id DESC LIMIT %s", [*values, limit])
        return [_found(row) for row in cursor.fetchall()]

    def stream(self, search: Search) -> Iterator[FoundExchange]:
        """Every exchange, the oldest first; the database hands over some thousand at a time."""
        condition, values = _condition(search)
        with streaming_cursor(self._session, f"{_FOUND}{condition} ORDER BY at, exchange_id", values) as rows:
            for row in rows:
                yield _found(row)

    def looks(self, since: datetime, until: datetime, consumer: str | None) -> Iterator[Look]:
        """Who asked about whom in that period, officer by officer, each in order of time."""
        values = {"since": since, "until": until, "consumer": consumer}
        with streaming_cursor(self._session, _LOOKS, values) as rows:
            for exchange, at, asker, officer, subject, pairwise, case, types, reason in rows:
                yield Look(exchange, at, asker, officer_name(officer), subject, pairwise, case, tuple(types), reason)

    def asked(self, since: datetime, until: datetime, consumer: str | None) -> dict[tuple[str, str], int]:
        """How often each consumer asked for each type in that period."""
        cursor = cursor_of(self._session)
        cursor.execute(_ASKED, {"since": since, "until": until, "consumer": consumer})
        return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def _condition(search: Search) -> tuple[str, list[Any]]:
    told = {name: getattr(search, name) for name in _CRITERIA}
    named = {name: value for name, value in told.items() if value is not None}
    conditions = ["at >= %s", "at < %s", *(_CRITERIA[name] for name in named)]
    return " AND ".join(conditions), [search.since, search.until, *named.values()]


def _found(row: Sequence[Any]) -> FoundExchange:
    exchange, at, consumer, matter, case, outcome, reason, types, providers, pairwise, officer, entry, erased = row
    return FoundExchange(
        exchange=exchange,
        at=at,
        consumer=consumer,
        matter=matter,
        case=case,
        outcome=outcome,
        reason=reason,
        types=tuple(types),
        providers=tuple(providers),
        pairwise=pairwise,
        officer=officer_name(officer),
        entry=entry,
        erased_by=erased,
    )
