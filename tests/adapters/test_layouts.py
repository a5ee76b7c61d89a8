"""However a database lays its tables out, each record is read once and whole."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import URL

from hub.errors import Malformed
from tests.adapters.test_tables import database
from tests.support.adapter_runs import by_name, hub_for, lines, run

COLUMNS = '("姓名" TEXT, "证件号码" TEXT, "出生日期" TEXT, "户籍地址" TEXT)'
ROW = "INSERT INTO {} VALUES ('张伟', '330199196605140016', '1966-05-14', '桃源村')"
UNIT = "330199001000GB00007F00000001"
CERTIFICATE = "浙(2019)青溪县不动产权第0000183号"


def execute(url: str, *statements: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.mark.parametrize(
    "made",
    [
        (
            f'CREATE TABLE roster {COLUMNS} PARTITION BY LIST ("户籍地址")',
            "CREATE TABLE roster_a PARTITION OF roster FOR VALUES IN ('桃源村')",
            "CREATE TABLE roster_b PARTITION OF roster DEFAULT",
            ROW.format("roster"),
        ),
        (f"CREATE TABLE roster {COLUMNS}", "CREATE TABLE roster_a () INHERITS (roster)", ROW.format("roster_a")),
        (
            f"CREATE TABLE raw {COLUMNS}",
            'ALTER TABLE raw RENAME "证件号码" TO n',
            ROW.format("raw"),
            'CREATE MATERIALIZED VIEW kept AS SELECT "姓名", n AS "证件号码", "出生日期", "户籍地址" FROM raw',
        ),
    ],
    ids=["partitions", "inheritance", "materialised view"],
)
def test_each_row_of_a_postgresql_is_read_once(database_url: str, made: tuple[str, ...]) -> None:
    execute(database_url, *made)
    report = run(hub_for("civil_affairs"), "civil_affairs", database_url)
    assert (report.read, report.accepted) == (1, 1)


def test_arrays_and_objects_of_postgresql_are_read_as_packed_cells(database_url: str) -> None:
    members = '[{"name": "李敏", "relation": "妻", "id": "440524188001010014"}]'
    execute(
        database_url,
        'CREATE TABLE d ("月份" TEXT, "户主" TEXT, "身份证号" TEXT, "低保证号" TEXT, "家庭成员" JSONB, "地址" TEXT[])',
        f"INSERT INTO d VALUES ('2026-10', '张伟', '330199196605140016', 'D1', '{members}', '{{桃源村,杏花村}}')",
    )
    hub = hub_for("low_income")
    run(hub, "low_income", database_url)
    (found,) = hub.claims("low_income", "households")
    (member,) = found["members"]
    assert (member["name"], member["relation"], member["number"]) == ("李敏", "12", "440524188001010014")
    assert found["residence_address"] == "桃源村、杏花村"


@pytest.fixture(params=["SQL_ASCII"])
def undeclared(database_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a PostgreSQL that keeps bytes under another encoding's name, or none; they are GB18030."""
    there = make_url(database_url).set(drivername="postgresql+psycopg")
    engine = create_engine(there, isolation_level="AUTOCOMMIT")
    name = f"{there.database}_bytes"
    with engine.connect() as connection:
        made = f"ENCODING '{request.param}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        connection.execute(text(f'CREATE DATABASE "{name}" {made}'))
    address = make_url(database_url).set(database=name)
    _write_bytes(address, request.param)
    yield address.render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    engine.dispose()


def _write_bytes(address: URL, declared: str) -> None:
    cells = [cell.encode("gb18030") for cell in ("张伟", "330199196605140016", "1966-05-14", "桃源村")]
    taken = ", ".join([f"convert_from(%s, '{declared}')"] * len(cells))
    url = address.update_query_dict({"client_encoding": "utf8"}).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE roster (xm TEXT, zjhm TEXT, csrq TEXT, hjdz TEXT)")
        connection.exec_driver_sql(f"INSERT INTO roster VALUES ({taken})", tuple(cells))
    engine.dispose()


def test_a_postgresql_that_declares_no_encoding_is_read_in_the_one_that_its_url_names(undeclared: str) -> None:
    hub = hub_for("civil_affairs")
    with pytest.raises(Malformed) as refused:
        run(hub, "civil_affairs", undeclared)
    assert refused.value.code == "adapters.database-encoding"
    separator = "&" if "?" in undeclared else "?"
    run(hub, "civil_affairs", f"{undeclared}{separator}client_encoding=gb18030")
    assert by_name(hub.claims("civil_affairs", "residents"))["张伟"]["household_address"] == "桃源村"


@pytest.mark.parametrize("undeclared", ["LATIN1"], indirect=True)
def test_a_postgresql_that_declares_a_western_encoding_is_read_by_the_bytes_that_it_keeps(undeclared: str) -> None:
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", undeclared)
    assert by_name(hub.claims("civil_affairs", "residents"))["张伟"]["household_address"] == "桃源村"


def test_holders_and_rights_joined_in_one_view_are_the_same_records_as_apart(tmp_path: Path) -> None:
    path = tmp_path / "r.db"
    url = database(
        path,
        "CREATE TABLE QLR (QLRMC TEXT, ZJZL TEXT, ZJH TEXT, BDCDYH TEXT, BDCQZH TEXT)",
        "CREATE TABLE FDCQ (BDCDYH TEXT, BDCQZH TEXT, QLLX TEXT, JZMJ REAL, QSZT TEXT)",
        f"INSERT INTO QLR VALUES ('张伟', '1', '330199196605140016', '{UNIT}', '{CERTIFICATE}')",
        f"INSERT INTO FDCQ VALUES ('{UNIT}', '{CERTIFICATE}', '4', 89.5, '1')",
        "CREATE VIEW v AS SELECT q.*, QLLX, JZMJ, QSZT FROM QLR q JOIN FDCQ USING (BDCDYH, BDCQZH)",
    )
    hub = hub_for("land")
    beside = run(hub, "land", url)
    assert (beside.read, beside.accepted) == (1, 1)
    with closing(sqlite3.connect(path)) as connection:
        for statement in ("CREATE TABLE w AS SELECT * FROM v", "DROP VIEW v", "DROP TABLE QLR", "DROP TABLE FDCQ"):
            connection.execute(statement)
    alone = run(hub, "land", url)
    assert (alone.read, alone.accepted, alone.withdrawn) == (1, 0, 0)


def test_a_file_that_joins_holders_and_rights_is_read(tmp_path: Path) -> None:
    head = ["BDCDYH", "BDCQZH", "QLRMC", "ZJH", "QLLX", "JZMJ(亩)"]
    lines(tmp_path / "land.csv", [head, [UNIT, CERTIFICATE, "张伟", "330199196605140016", "9", "3"]])
    hub = hub_for("land")
    run(hub, "land", tmp_path)
    (found,) = hub.claims("land", "rights")
    assert (found["holders"][0]["name"], found["right_kind"], found["area_cm2"]) == ("张伟", "9", 20000000)
