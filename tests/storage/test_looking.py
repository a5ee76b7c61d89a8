"""Connections for single statements: none that died is used twice, none is opened beyond the number allowed."""

import pytest
from sqlalchemy import text

from hub.errors import Unavailable
from hub.storage.database import Database
from hub.storage.looking import AllInUseError, Lookers

END_OTHERS = text(
    "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def end_all_of(database: Database) -> None:
    """The server has ended every connection of the database but one that is used once, and is gone."""
    alone = Database(database.engine.url.render_as_string(hide_password=False))
    with alone.writing() as session:
        session.execute(END_OTHERS)
    alone.close()


def looked(database: Database) -> int:
    with database.looking() as cursor:
        return int(cursor.execute("SELECT 1").fetchone()[0])  # type: ignore[index]


def test_a_look_is_no_transaction_and_its_connection_is_used_again(database: Database) -> None:
    with database.looking() as cursor:
        first = cursor.connection.info.backend_pid
        cursor.execute("CREATE TEMPORARY TABLE kept_at_once (n int)")
    with database.looking() as cursor:
        assert cursor.connection.info.backend_pid == first
        assert cursor.execute("SELECT count(*) FROM kept_at_once").fetchone() == (0,)


def test_a_restarted_database_costs_no_refusal_however_many_connections_were_open(database: Database) -> None:
    with database.looking(), database.looking(), database.looking():
        pass
    with database.reading(), database.reading():
        pass
    end_all_of(database)
    assert [looked(database) for _ in range(3)] == [1, 1, 1]
    end_all_of(database)
    with database.writing() as first, database.reading() as second:
        assert [session.execute(text("SELECT 1")).scalar() for session in (first, second)] == [1, 1]


def test_a_connection_that_ends_while_it_is_used_costs_one_refusal(database: Database) -> None:
    with pytest.raises(Unavailable, match=r"storage\.database-away"), database.looking() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert looked(database) == 1


def test_a_statement_that_fails_costs_its_connection_and_nothing_else(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.looking():
        raise ZeroDivisionError
    assert looked(database) == 1


def test_a_look_does_not_wait_behind_transactions(database: Database) -> None:
    sessions = [database.writing() for _ in range(database.engine.pool.size())]  # type: ignore[attr-defined]
    for each in sessions:
        each.__enter__().execute(text("SELECT 1"))
    assert looked(database) == 1
    for each in sessions:
        each.__exit__(None, None, None)


def test_who_finds_all_in_use_is_told_so(database: Database) -> None:
    with database.looking() as cursor:
        lookers = Lookers(lambda: cursor.connection, most=1, wait_seconds=0.05)
        with lookers.cursor(), pytest.raises(AllInUseError), lookers.cursor():
            pass
