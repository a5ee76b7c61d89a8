import threading
from typing import Any

import psycopg
import pytest

from hub.errors import Unavailable
from hub.evidence.store import EvidenceStore
from tests.exchange.world import RESIDENT, World

MOST = 2
"""Statements of one released exchange about a known pairwise id: what the decision must see, and what is kept of it."""
BY_NUMBER = 2
"""More, to find whose number it is."""
OWN_OF_THE_LOG = ("log_head", "log_published", "moved", "FROM log_entry")
"""What looking for a receipt sends."""


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that this thread sends from now on, but for the log's own."""
    sent: list[str] = []
    execute, thread = psycopg.Cursor.execute, threading.get_ident()

    def told(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
        if threading.get_ident() == thread and not any(part in str(query) for part in OWN_OF_THE_LOG):
            sent.append(str(query))
        return execute(self, query, *rest, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", told)
    return sent


def test_a_released_exchange_sends_two_statements(
    world: World, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pairwise = world.ask((RESIDENT, ["name"]))["subject"]
    world.hub.log.stop()
    object.__setattr__(world.hub.exchange._parts, "receipt_seconds", 0.01)
    monkeypatch.setattr(world.hub.exchange._parts._grants, "_seconds", 60)
    for subject, most in (({"pairwise": pairwise}, MOST), (None, MOST + BY_NUMBER)):
        named = {} if subject is None else {"subject": subject}
        request = world.request((RESIDENT, ["name"]), **named)
        statements.clear()
        with pytest.raises(Unavailable, match="no-receipt-yet"):
            world.hub.exchange.exchange(request)
        assert len(statements) <= most, "\n".join(statements)


def test_what_is_held_about_many_subjects_is_read_in_one_statement(world: World, statements: list[str]) -> None:
    with world.hub.database.reading() as session:
        statements.clear()
        EvidenceStore(session, world.hub.exchange._parts.vault).of_subjects([f"sub_{n}" for n in range(50)])
        assert len([each for each in statements if "evidence" in each]) == 1
