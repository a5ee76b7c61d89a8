from typing import Any

import psycopg
import pytest

from hub.evidence.store import EvidenceStore
from tests.exchange.world import RESIDENT, World

MOST = 9
"""Statements of one released exchange: who (2), case, evidence, subject counter (2), exchange, entry; one spare."""


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that the driver sends from now on, but for the log's own sequencing."""
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def told(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
        if "log_head" not in str(query) and "log_published" not in str(query) and "moved" not in str(query):
            sent.append(str(query))
        return execute(self, query, *rest, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", told)
    return sent


def test_a_released_exchange_sends_few_statements(world: World, statements: list[str]) -> None:
    world.ask((RESIDENT, ["name"]))
    world.hub.log.stop()
    statements.clear()
    object.__setattr__(world.hub.exchange._parts, "receipt_seconds", 0.01)
    with pytest.raises(Exception, match="no-receipt-yet"):
        world.hub.exchange.exchange(world.request((RESIDENT, ["name"])))
    world.hub.log.start()
    assert len(statements) <= MOST, "\n".join(statements)


def test_what_is_held_about_many_subjects_is_read_in_one_statement(world: World, statements: list[str]) -> None:
    with world.hub.database.reading() as session:
        statements.clear()
        EvidenceStore(session, world.hub.exchange._parts.vault).of_subjects([f"sub_{n}" for n in range(50)])
        assert len([each for each in statements if "evidence" in each]) == 1
