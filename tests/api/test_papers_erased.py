"""What a person brought and took back is erased with the rest, by the days of the county, not of the database."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hub.exchange.store.erasure import Erased
from hub.identity.model import IdentityQuery
from tests.support.databases import Databases
from tests.support.office import AID, ANNA, AUTHORITY, BERT, PDF, Office, opened_office

ZHANG = IdentityQuery("resident", ANNA["number"], ANNA["name"])
MIDNIGHT = "2026-01-05T00:00:00+08:00"


@pytest.fixture
def office(databases: Databases, tmp_path: Path) -> Iterator[Office]:
    with opened_office(databases, tmp_path) as made:
        yield made


def bring(office: Office, who: dict[str, str], content: bytes = PDF, *, is_taken_back: bool = True) -> str:
    """A paper in a case of that person, taken back on 4 January when the case was withdrawn, too."""
    case = str(office.open(people={"applicant": [who]})["case"]["id"])
    subject = {"name": who["name"], "number": who["number"], "document_kind": "111"}
    office.bring(case, "income-proof", "income-proof", content=content, subject=subject)
    (paper,) = office.read(AID, f"/v1/cases/{case}/papers")
    if is_taken_back:
        office.post(AID, f"/v1/cases/{case}/papers/{paper['id']}/withdrawal")
        office.post(AID, f"/v1/cases/{case}/decision", {"action": "withdraw"})
    with office.up.hub.database.writing() as session:
        session.execute(text("UPDATE brought_material SET withdrawn_on = '2026-01-04' WHERE withdrawn_on IS NOT NULL"))
        session.execute(text("UPDATE case_file SET decided_on = '2026-01-04' WHERE decided_on IS NOT NULL"))
    return case


def erase(office: Office, before: str) -> Erased:
    return office.up.hub.erasures.erase(ZHANG, before=datetime.fromisoformat(before), basis="第四十七条", by=AUTHORITY)


def left(office: Office, query: str) -> Any:
    with office.up.hub.database.reading() as session:
        return session.execute(text(query)).scalar()


def test_a_paper_taken_back_is_erased_from_the_midnight_after_that_day(office: Office) -> None:
    bring(office, ANNA)
    before = erase(office, "2026-01-04T23:59:59+08:00")
    assert (before.file_parts, before.participants) == (0, 0)
    assert left(office, "SELECT count(*) FROM brought_chunk") == 1
    made = erase(office, MIDNIGHT)
    assert (made.file_parts, made.participants) == (1, 1)
    assert left(office, "SELECT count(*) FROM brought_chunk") == 0
    assert left(office, "SELECT count(*) FROM case_participant WHERE asked <> ''") == 0


def test_a_paper_that_somebody_else_brought_too_or_that_still_serves_is_left(office: Office) -> None:
    bring(office, ANNA)
    bring(office, BERT)
    assert erase(office, MIDNIGHT).file_parts == 0
    bring(office, ANNA, PDF + b"% another\n", is_taken_back=False)
    made = erase(office, MIDNIGHT)
    assert made.file_parts == 0
    assert left(office, "SELECT count(*) FROM brought_chunk") == 2
    assert left(office, "SELECT count(*) FROM case_participant WHERE asked <> ''") == 2
