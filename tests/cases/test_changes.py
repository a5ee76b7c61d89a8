"""What the database keeps of each subject's newest change of evidence: no unseen change carries an old stamp."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import psycopg
import pytest
from sqlalchemy import URL

import hub.bootstrap
from hub.storage.database import Database
from hub.storage.embedded import address_of, fresh_database
from hub.storage.migrate import migrate
from tests.cases.conftest import County

FUNCTIONS = """
SELECT proname, prosrc, proconfig FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prolang <> 0
AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e') ORDER BY proname"""
TRIGGERS = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname"
CHANGES = "SELECT change FROM evidence_change WHERE subject_id = %s ORDER BY change"
WITHDRAW = "UPDATE evidence SET status = 'withdrawn' WHERE evidence_id = %s"
MOVE = "UPDATE evidence_link SET subject_id = %s WHERE evidence_id = %s"
LINK = "INSERT INTO evidence_link (subject_id, evidence_id, role) VALUES (%s, %s, 'self')"


@pytest.fixture
def other(database_url: str) -> Iterator[psycopg.Connection]:
    """Somebody else's transaction."""
    with psycopg.connect(database_url) as connection:
        yield connection


def changes(county: County, subject: str) -> list[int]:
    with county.database.looking() as cursor:
        return [row[0] for row in cursor.execute(CHANGES, [subject]).fetchall()]


def told(county: County, query: str, values: list[object]) -> None:
    with county.database.looking() as cursor:
        cursor.execute(query, values)


def test_migrations_lead_to_the_triggers_of_the_program(server: URL, database: Database) -> None:
    assert hub.bootstrap.tables
    migrated = Database(address_of(fresh_database(server, f"m_{secrets.token_hex(6)}")))
    migrate(migrated)
    found = []
    for each in (migrated, database):
        with each.looking() as cursor:
            found.append([cursor.execute(query).fetchall() for query in (FUNCTIONS, TRIGGERS)])
    migrated.close()
    assert found[0] == found[1]
    assert [len(rows) for rows in found[0]] == [3, 5]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (WITHDRAW, ["evidence"]),
        (LINK, ["subject", "new"]),
        ("DELETE FROM evidence_link WHERE evidence_id = %s", ["evidence"]),
        ("DELETE FROM evidence WHERE evidence_id = %s", ["evidence"]),
        (MOVE, ["other", "evidence"]),
    ],
)
def test_whatever_changes_what_is_held_about_somebody_is_a_change(
    county: County, query: str, values: list[str]
) -> None:
    evidence = county.hold("resident", "A")
    said = {"subject": county.subject("A"), "other": county.subject("B"), "evidence": evidence, "new": "ev_new"}
    before = changes(county, said["subject"])
    told(county, query, [said[each] for each in values])
    (after,) = changes(county, said["subject"])
    assert before < [after]
    assert bool(changes(county, said["other"])) is ("other" in values), "whoever has it now changed too"


def test_sealing_anew_and_other_peoples_evidence_change_nothing(county: County) -> None:
    evidence, subject = county.hold("resident", "A"), county.subject("A")
    before = changes(county, subject)
    told(county, "UPDATE evidence SET sealed = '\\x00' WHERE evidence_id = %s", [evidence])
    county.hold("resident", "B")
    assert changes(county, subject) == before


def test_two_who_change_at_once_do_not_wait_and_each_is_seen_when_he_commits(
    county: County, other: psycopg.Connection
) -> None:
    first, second = county.hold("resident", "A"), county.hold("marriage-event", "A")
    subject = county.subject("A")
    seen = [changes(county, subject)]
    other.execute(WITHDRAW, [first])
    assert changes(county, subject) == seen[0], "nobody sees what is not committed"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(told, county, WITHDRAW, [second]).result(10)
    seen.append(changes(county, subject))
    other.commit()
    seen.append(changes(county, subject))
    county.hold("resident", "A")
    seen.append(changes(county, subject))
    assert len({tuple(each) for each in seen}) == len(seen)
    assert len(seen[-1]) == 1, "what is past is taken away"


def test_evidence_that_ends_while_it_moves_to_somebody_else_is_a_change_of_whoever_has_it_then(
    county: County, other: psycopg.Connection
) -> None:
    evidence, subject = county.hold("resident", "A"), county.subject("B")
    other.execute(MOVE, [subject, evidence])
    moved = [row[0] for row in other.execute(CHANGES, [subject]).fetchall()]
    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(told, county, WITHDRAW, [evidence])
        assert not wait([ending], timeout=0.3).done, "it waits to hear whose it is"
        other.commit()
        ending.result(10)
    assert [] < moved < changes(county, subject)
