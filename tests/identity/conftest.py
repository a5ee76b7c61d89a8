"""An identity index on a real database, and people to place in it."""

import itertools
import json
import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from hub.identity.model import Mention, Move, Placement
from hub.identity.service import IdentityService
from hub.kernel.clock import FixedClock
from hub.kernel.codes import resident_id_check
from hub.proof.sealing import Blinder, KeyRing
from hub.storage.database import Database

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
_RECORDS = itertools.count(1)


def number_of(birth_date: str, sequence: int, region: str = "330106") -> str:
    """A valid resident ID."""
    body = f"{region}{birth_date.replace('-', '')}{sequence:03}"
    return body + resident_id_check(body)


ZHANG: dict[str, Any] = {
    "name": "张伟强",
    "sex": "1",
    "birth_date": "1980-05-06",
    "number": number_of("1980-05-06", 11),
    "phone": "13800001111",
    "region_code": "330106",
    "residence_address": "文三路1号2幢301室",
}


def mention(
    fields: dict[str, Any], registry: str = "marriage", role: str = "man", *, record: str = "", **more: Any
) -> Mention:
    """A mention of a person; without ``record`` of a record of its own."""
    exports = {"civil_affairs": "residents", "marriage": "events", "land": "rights", "funeral": "funerals"}
    kind = more.pop("kind", "resident")
    export = more.pop("export", exports.get(registry, "households"))
    return Mention(record or f"rec{next(_RECORDS)}", registry, export, role, kind, fields, **more)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


Entries = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def entries(database: Database) -> Entries:
    """What the log's queue says, entry by entry, the oldest first."""

    def queued() -> list[dict[str, Any]]:
        with database.reading() as session:
            found = session.execute(text("SELECT content FROM log_queue ORDER BY entry_id")).scalars()
            return [json.loads(bytes(each)) for each in found]

    return queued


@pytest.fixture
def moves() -> list[Move]:
    return []


Make = Callable[..., IdentityService]


@pytest.fixture
def make(database: Database, clock: FixedClock, moves: list[Move]) -> Make:
    secret = secrets.token_bytes(32)

    def made(**more: Any) -> IdentityService:
        return IdentityService(
            database=database,
            blinder=Blinder(secret),
            keyring=KeyRing("k1", {"k1": secret}),
            clock=clock,
            follow=lambda _session, found: moves.extend(found),
            **more,
        )

    return made


@pytest.fixture
def identity(make: Make) -> IdentityService:
    return make()


Place = Callable[..., list[Placement]]


@pytest.fixture
def place(identity: IdentityService, database: Database) -> Place:
    """Places mentions in a transaction of their own."""

    def placed(*mentions: Mention, by: IdentityService | None = None) -> list[Placement]:
        with database.writing() as session:
            return (by or identity).place(session, list(mentions))

    return placed


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that this test's own thread sends from now on."""
    seen: list[str] = []
    execute, thread = psycopg.Cursor.execute, threading.get_ident()

    def told(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
        if threading.get_ident() == thread:
            seen.append(str(query))
        return execute(self, query, *rest, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", told)
    return seen


def subjects(placements: Sequence[Placement]) -> list[str | None]:
    return [placement.subject_id for placement in placements]
