"""What a look at many people costs the database."""

from typing import Any

import psycopg
import pytest

from tests.cases.conftest import County


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Every statement sent from now on, with its values."""
    statements: list[tuple[str, Any]] = []
    execute = psycopg.Cursor.execute

    def told(self: Any, query: Any, params: Any = None, **more: Any) -> Any:
        statements.append((str(query), params))
        return execute(self, query, params, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", told)
    return statements


def test_links_are_read_before_evidence_also_of_tables_that_were_never_analysed(
    county: County, sent: list[tuple[str, Any]]
) -> None:
    county.hold("resident", "A")
    with county.database.reading() as session:
        sent.clear()
        county.around.evidence(session).of_subjects([f"sub_{n}" for n in range(50)], ["resident", "marriage-event"])
    (asked,) = sent
    with county.database.looking() as cursor:
        cursor.execute(f"EXPLAIN {asked[0]}", asked[1])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "pk_evidence on evidence" in plan, "each piece by its id, for every link found"
