"""Marriage 婚姻: what the registry's interface serves, kept in an event store of one SQLite file."""
# ruff: noqa: PLR2004  # shares, ages and lengths are this module's content, and stand where they are used

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from adapters.simulator.lexicon import ETHNICITY_NAMES, VILLAGE_WORDS
from adapters.simulator.model import MALE, MarriageEvent, Person, Village
from adapters.simulator.pen import Clerk, Pen
from adapters.simulator.place import COUNTY, COUNTY_CODE
from adapters.simulator.truth import Roles, TruthBook

REGISTRY: Final = "marriage"
_SPOUSE_FIELDS: Final = [
    "NAME",
    "BIRTH",
    "CERT_TYPE",
    "CERT_NUM",
    "NATION",
    "FOLK",
    "DEGREE",
    "REG_SJ",
    "REG_DS",
    "REG_QX",
    "REG_JX",
]
COLUMNS: Final = (
    *["ID", "CERT_NO", "OP_TYPE", "OP_DATE", "DEPT_CODE", "DEPT_NAME"],
    *(f"{name}_MAN" for name in _SPOUSE_FIELDS),
    *(f"{name}_WOMAN" for name in _SPOUSE_FIELDS),
    "updated_at",
)
_AT_ONCE: Final = 1000
_SCHEMA: Final = """
CREATE TABLE event (id TEXT PRIMARY KEY, updated_at TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX event_order ON event (updated_at, id);
"""


_encode = json.JSONEncoder(ensure_ascii=False).encode


class EventStore:
    """The events in the order in which the interface serves them: (``updated_at``, ``ID``)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store = sqlite3.connect(path, check_same_thread=False)

    @classmethod
    def create(cls, path: Path) -> "EventStore":
        """An empty store in place of any earlier one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        made = cls(path)
        made._store.executescript(_SCHEMA)
        return made

    def keep(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add or replace events by ``ID``."""
        lines = [(row["ID"], row["updated_at"], _encode(row)) for row in rows]
        with self._store:
            self._store.executemany("INSERT OR REPLACE INTO event VALUES (?, ?, ?)", lines)

    def total(self, since: str = "") -> int:
        """How many events changed at or after ``since``."""
        found: tuple[int] = self._one("SELECT count(*) FROM event WHERE updated_at >= ?", since)
        return found[0]

    def page(self, start: int, limit: int, since: str = "") -> list[dict[str, Any]]:
        """Up to ``limit`` events from the ``start``-th on."""
        query = "SELECT body FROM event WHERE updated_at >= ? ORDER BY updated_at, id LIMIT ? OFFSET ?"
        with closing(self._store.execute(query, (since, limit, start))) as rows:
            return [json.loads(body) for (body,) in rows]

    def touch(self, place: int) -> str | None:
        """Somebody corrects the event at a place under way: a new ``updated_at`` moves it to the end."""
        rows = self.page(place, 1)
        if not rows:
            return None
        latest = datetime.fromisoformat(self._one("SELECT max(updated_at) FROM event")[0])
        row = {**rows[0], "updated_at": f"{latest + timedelta(seconds=1):%Y-%m-%d %H:%M:%S}"}
        self.keep([row])
        return str(row["ID"])

    def close(self) -> None:
        """Release the file."""
        self._store.close()

    def _one(self, query: str, *values: str) -> Any:
        with closing(self._store.execute(query, values)) as rows:
            return rows.fetchone()


class Marriage:
    """Writes the event store."""

    def __init__(self, store: EventStore, clerk: Clerk, truth: TruthBook) -> None:
        self._store, self._clerk = store, clerk
        self.page = truth.page(REGISTRY, "events", "events")
        self._waiting: list[dict[str, Any]] = []
        self._truths: list[tuple[str, str, Roles, tuple[str, ...]]] = []

    def write(self, village: Village) -> None:
        """Write a village's registered events, and marriages that somebody registered with the dead."""
        for event in village.marriages:
            if event.registered:
                self._event(village, event)
                self._after_death(village, event)

    def close(self) -> None:
        """Write what waits, and the truth in the interface's order."""
        self._store.keep(self._waiting)
        self._waiting = []
        for _, identity, roles, dirt in sorted(self._truths):
            self.page.row((identity,), roles, dirt)

    def _event(self, village: Village, event: MarriageEvent, *marks: str) -> None:
        man, woman = village.people[event.man], village.people[event.woman]
        row, dirt = self._clerk.write(
            f"marriage|{event.id}", (man.id, woman.id), lambda pen: event_row(pen, event, man, woman)
        )
        self._truths.append((row["updated_at"], event.id, (("man", man.id), ("woman", woman.id)), (*marks, *dirt)))
        self._waiting.append(row)
        if len(self._waiting) >= _AT_ONCE:
            self._store.keep(self._waiting)
            self._waiting = []

    def _after_death(self, village: Village, event: MarriageEvent) -> None:
        death = village.deaths.get(event.man) or village.deaths.get(event.woman)
        if event.kind != "IA" or death is None or death.reversed_on or death.known_on:
            return
        struck, _ = self._clerk.write(
            f"after-death|{event.id}", (event.man, event.woman), lambda pen: pen.strikes("meaning_married_after_death")
        )
        if struck:
            on = death.on + timedelta(days=15)
            number = event.certificate.removesuffix("号")
            late = replace(event, id=f"{event.id}S", on=on, certificate=f"{number[:-6]}{900000 + int(number[-5:])}")
            self._event(village, late, "meaning_married_after_death")


def event_row(pen: Pen, event: MarriageEvent, man: Person, woman: Person) -> dict[str, Any]:
    """An event as the interface gives it, each spouse in columns of their own."""
    missing = pen.strikes("record_required_missing")
    row = {
        "ID": event.id,
        "CERT_NO": event.certificate,
        "OP_TYPE": event.kind,
        "OP_DATE": "" if missing else pen.date(event.on),
        "DEPT_CODE": f"{COUNTY_CODE}001",
        "DEPT_NAME": f"{COUNTY}民政局婚姻登记处",
    }
    for person, other in ((man, woman), (woman, man)):
        suffix = "MAN" if person.sex == MALE else "WOMAN"
        cells = {
            "NAME": pen.name(person, required=False),
            "BIRTH": pen.birth_date(person),
            "CERT_TYPE": person.document_kind,
            "CERT_NUM": pen.number(person, earlier=True, other=other),
            "NATION": "156",
            "FOLK": person.ethnicity if pen.rng.random() < 0.9 else ETHNICITY_NAMES[person.ethnicity],
            "DEGREE": pen.rng.choice(("初中", "高中", "大专", "本科", "")),
            "REG_SJ": "浙江省",
            "REG_DS": "东江市",
            "REG_QX": COUNTY,
            "REG_JX": f"{pen.rng.choice(VILLAGE_WORDS)}村",
        }
        row.update({f"{name}_{suffix}": value for name, value in cells.items()})
    row["updated_at"] = f"{event.changed_at:%Y-%m-%d %H:%M:%S}"
    return row
