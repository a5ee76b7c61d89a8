"""What a look at many people costs the database."""

import threading
from typing import Any

import psycopg
import pytest

from hub.cases.store.held import held_by
from tests.cases.conftest import NOW, PDF, County
from tests.cases.test_checklist import ASSOCIATION, known_resident

MATTER = "association-registration"
READ_AT_TIMES = ("catalogue_edition", "pg_catalog", "pg_type")
"""What is looked at once in a while, and by each new connection."""
OF_TABLES = ("FROM", "INTO", "UPDATE")
"""Words of statements about rows; a new connection also asks for schema, encoding and spelling of strings."""
MOST = 30
"""Statements of one deed, the checklist that it answers with included."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Every statement that this thread sends from now on for the case itself, with its values."""
    statements: list[tuple[str, Any]] = []
    own = threading.get_ident()
    execute = psycopg.Cursor.execute

    def told(self: Any, query: Any, params: Any = None, **more: Any) -> Any:
        words = str(query).upper().split() if threading.get_ident() == own else []
        if any(word in words for word in OF_TABLES) and not any(part in str(query) for part in READ_AT_TIMES):
            statements.append((str(query), params))
        return execute(self, query, params, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", told)
    return statements


def test_evidence_is_looked_up_by_id_also_in_tables_that_were_never_analysed(
    county: County, sent: list[tuple[str, Any]]
) -> None:
    county.hold("resident", "A")
    owners = {f"sub_{n}": f"sub_{n}" for n in range(50)}
    with county.database.reading() as session:
        sent.clear()
        county.around.evidence(session).of_subjects(list(owners), ["resident", "marriage-event"])
        held_by(session, owners, ["resident", "marriage-event"])
        county.around.brought(session).brought_under(owners)
    with county.database.looking() as cursor:
        for query, values in list(sent):
            cursor.execute(f"EXPLAIN {query}", values)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "pk_evidence on evidence" in plan, query


def statements_of_a_case(county: County, sent: list[tuple[str, Any]], members: int) -> list[int]:
    """Of opening a case with so many members, of looking at it, and of handing a paper in."""
    numbers = [f"M{each}" for each in range(members)]
    for each in numbers:
        county.hold("resident", each)
    number = f"A-{len(county.entries)}"
    today = NOW.date().isoformat()
    counts = []
    for deed in (
        lambda: county.open(ASSOCIATION, MATTER, number, *(("member_unit", each) for each in numbers)),
        lambda: county.cases.checklist(ASSOCIATION, number),
        lambda: county.bring(
            ASSOCIATION, number, "draft-charter", "draft-charter", PDF + number.encode(), issued_on=today
        ),
    ):
        sent.clear()
        deed()
        counts.append(len(sent))
    return counts


def test_a_case_of_many_people_takes_as_many_statements_as_one_of_few(
    county: County, sent: list[tuple[str, Any]]
) -> None:
    known_resident(county)
    statements_of_a_case(county, sent, 1)  # reads catalogue and keys
    few, many = (statements_of_a_case(county, sent, members) for members in (1, 50))
    assert many == few
    assert max(many) <= MOST, many
