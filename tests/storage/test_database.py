"""A database that does not let the hub in: callers learn that it is away, the operator learns why."""

import psycopg
import pytest
from sqlalchemy import URL, create_engine, text

from hub.cli.telling import tell_fault
from hub.errors import Malformed, Unavailable
from hub.storage.database import Database, away
from hub.storage.embedded import address_of
from hub.storage.migrate import migrate
from hub.storage.statements import cursor_of


def test_the_operator_reads_which_database_is_missing(server: URL, capsys: pytest.CaptureFixture[str]) -> None:
    database = Database(address_of(server.set(database="no_such_county")))
    with pytest.raises(Unavailable) as refusal, database.reading():
        pass
    tell_fault(refusal.value)
    assert refusal.value.code == "storage.database-refuses"
    assert 'database "no_such_county" does not exist' in capsys.readouterr().err
    assert "no_such_county" not in refusal.value.en + refusal.value.zh + str(refusal.value.facts)


def test_the_operator_reads_that_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    database = Database("postgresql://hub@127.0.0.1:1/hub", connect_seconds=2)
    with pytest.raises(Unavailable) as refusal, database.looking():
        pass
    assert refusal.value.code == "storage.database-away"
    tell_fault(refusal.value)
    assert "127.0.0.1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('FATAL:  password authentication failed for user "hub"', "storage.database-refuses"),
        ('致命错误:  用户 "hub" Password 认证失败', "storage.database-refuses"),
        ("FATAL:  sorry, too many clients already", "storage.database-refuses"),
        ("fe_sendauth: no password supplied", "storage.database-refuses"),
        ("FATAL:  the database system is starting up", "storage.database-away"),
        ("致命错误:  数据库系统启动中", "storage.database-away"),
        ("Connection refused\n\tIs the server running on that host?", "storage.database-away"),
        ("SSL error: certificate verify failed", "storage.database-away"),
        ("server closed the connection unexpectedly", "storage.database-away"),
    ],
)
def test_a_server_that_refuses_is_told_from_one_that_is_away(said: str, code: str) -> None:
    told = away(psycopg.OperationalError(f'connection failed: connection to server at "db", port 5432 failed: {said}'))
    assert told.code == code
    assert said in told.__notes__[0]


def test_a_database_user_without_rights_is_refused_and_not_a_fault_of_the_hub(server: URL) -> None:
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS reader_only"))
        connection.execute(text("CREATE ROLE reader_only LOGIN"))
    database = Database(address_of(server.set(username="reader_only")))
    with pytest.raises(Unavailable, match="refuses the hub") as refusal:
        migrate(database)
    database.close()
    with admin.connect() as connection:
        connection.execute(text("DROP ROLE reader_only"))
    admin.dispose()
    assert "permission denied" in refusal.value.__notes__[0]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://hub:se@cret@db/hub",
        "postgresql://hub:secret@db:port/hub",
        "postgresql://hub:secret@db/hub?conect_timeout=3",
        "mysql://hub:secret@db/hub",
        "db/hub",
    ],
)
def test_an_address_that_can_be_misread_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(Malformed, match="not a PostgreSQL address") as refusal:
        Database(url)
    assert "cret" not in f"{refusal.value.en}{refusal.value.zh}{refusal.value.facts}{refusal.value.__cause__}"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://hub:se%40cret@db/hub",
        "postgresql+psycopg://hub:a/b:c@[::1]:5432/hub?sslmode=require&application_name=county",
        "postgresql:///hub?host=/var/run/postgresql",
        "postgresql://hub@/hub?host=one:5432&host=two:5433&target_session_attrs=read-write",
    ],
)
def test_every_unmistakable_address_is_taken(url: str) -> None:
    Database(url).close()


def test_every_connection_notices_a_machine_that_vanished_unless_the_address_says_how(database: Database) -> None:
    plain = database.engine.url
    other = Database(plain.update_query_dict({"tcp_user_timeout": "7000"}).render_as_string(hide_password=False))
    for each, limit in ((database, "20000"), (other, "7000")):
        with each.looking() as cursor, each.reading() as session:
            for driver in (cursor.connection, cursor_of(session).connection):
                told = driver.info.get_parameters()
                assert (told["tcp_user_timeout"], told["keepalives_idle"]) == (limit, "10")
    other.close()


def test_a_full_disk_of_the_database_is_told_as_such_with_or_without_a_connection(database: Database) -> None:
    raised = text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$")
    with pytest.raises(Unavailable, match=r"storage\.database-full"), database.writing() as session:
        session.execute(raised)
    with pytest.raises(Unavailable, match=r"storage\.database-full"), database.looking() as cursor:
        cursor.execute(raised.text)
    said = "connection failed: FATAL:  could not write init file: No space left on device"
    assert away(psycopg.OperationalError(said)).code == "storage.database-full"


@pytest.mark.parametrize("asked", ["SELECT no_such_column FROM party", "SELECT 1 FROM no_such_table"])
def test_a_database_of_another_version_is_told_as_that(database: Database, asked: str) -> None:
    with pytest.raises(Unavailable, match=r"storage\.other-shape"), database.reading() as session:
        session.connection().exec_driver_sql(asked)
