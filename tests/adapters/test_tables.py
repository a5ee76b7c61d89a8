"""Database tables: typed columns, views and copies, half a join, a database that is not there."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from adapters.conformance.trial import sample
from adapters.mapping.load import default_mapping, load_mapping
from adapters.sources.engines import open_engine, text_of
from adapters.sources.open import read_source
from hub.errors import Malformed, Missing, Refused, Unavailable
from tests.support.adapter_runs import by_name, hub_for, lines, run


def database(path: Path, *statements: str) -> str:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return f"sqlite:///{path}"


ROSTER = 'CREATE TABLE {} ("姓名" TEXT, "证件号码" TEXT, "出生日期" {}, "户籍地址" TEXT)'
ROW = "INSERT INTO {} VALUES ('张伟', '330199196605140016', '{}', '桃源村')"


def test_a_sqlite_file_needs_no_url(tmp_path: Path) -> None:
    database(tmp_path / "r.db", ROSTER.format("x", "DATE"), ROW.format("x", "19660514"))
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path / "r.db")
    assert by_name(hub.claims("civil_affairs", "residents"))["张伟"]["birth_date"] == "1966-05-14"


def test_text_in_gb18030_inside_sqlite_is_read(tmp_path: Path) -> None:
    path = tmp_path / "r.db"
    database(path, ROSTER.format("x", "TEXT"), 'ALTER TABLE x ADD COLUMN "性别" TEXT')
    with closing(sqlite3.connect(path)) as connection:
        row = [cell.encode("gb18030") for cell in ("张伟", "330199196605140016", "1966-05-14", "桃源村", "女")]
        connection.execute(f"INSERT INTO x VALUES ({', '.join(['CAST(? AS TEXT)'] * len(row))})", row)
        connection.commit()
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", f"sqlite:///{path}")
    found = by_name(hub.claims("civil_affairs", "residents"))["张伟"]
    assert (found["household_address"], found["sex"]) == ("桃源村", "2")  # a lone 女 is UTF-8 by chance


@pytest.mark.parametrize("written", ["Zoë", "Иван", "1·2", "12.5 m²", "ئەلى", "张伟"])
def test_text_in_utf_8_stays_what_it_is(written: str) -> None:
    assert text_of(written.encode()) == written


def test_the_width_of_a_padded_column_is_no_part_of_a_records_key(database_url: str) -> None:
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE hjrk (姓名 char(20), 证件号码 char(18), 出生日期 date, 户籍地址 char(50))")
        )
        connection.execute(text(ROW.format("hjrk", "1966-05-14")))
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", database_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE hjrk ALTER COLUMN 证件号码 TYPE char(30), ALTER COLUMN 姓名 TYPE text"))
    engine.dispose()
    report = run(hub, "civil_affairs", database_url)
    assert (report.total("unchanged"), report.accepted, report.withdrawn) == (1, 0, 0)


def test_a_photograph_that_no_claim_is_made_of_costs_no_record(tmp_path: Path) -> None:
    path = tmp_path / "r.db"
    database(path, ROSTER.format("x", "TEXT"), ROW.format("x", "1966-05-14"), 'ALTER TABLE x ADD COLUMN "照片" BLOB')
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('UPDATE x SET "照片" = ?', [b"\xff\xd8\xff\x00"])
        connection.commit()
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", f"sqlite:///{path}")
    assert by_name(hub.claims("civil_affairs", "residents"))["张伟"]["birth_date"] == "1966-05-14"
    assert "照片" in report.exports[0].unknown_columns


def test_views_and_backups_beside_a_table_are_not_read_twice(tmp_path: Path) -> None:
    url = database(
        tmp_path / "r.db",
        ROSTER.format("people", "TEXT"),
        ROW.format("people", "1966-05-14"),
        "CREATE VIEW v AS SELECT * FROM people",
        "CREATE TABLE people_bak AS SELECT * FROM people",
        "CREATE TABLE users (id INT, login TEXT)",
    )
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", url)
    assert report.read == 1
    assert {one["name"] for one in report.ignored} == {"v", "people_bak", "users"}


def test_a_view_alone_is_read(tmp_path: Path) -> None:
    url = database(
        tmp_path / "r.db",
        "CREATE TABLE raw (a TEXT, b TEXT, c TEXT)",
        "INSERT INTO raw VALUES ('张伟', '330199196605140016', '桃源村')",
        'CREATE VIEW v AS SELECT a AS "姓名", b AS "证件号码", c AS "户籍地址" FROM raw',
    )
    hub = hub_for("civil_affairs")
    assert run(hub, "civil_affairs", url).accepted == 1


def test_a_broken_view_beside_the_table_is_named_and_left_alone(tmp_path: Path) -> None:
    url = database(
        tmp_path / "r.db",
        ROSTER.format("people", "TEXT"),
        ROW.format("people", "1966-05-14"),
        "CREATE TABLE gone (a TEXT)",
        "CREATE VIEW v AS SELECT a FROM gone",
        "DROP TABLE gone",
    )
    report = run(hub_for("civil_affairs"), "civil_affairs", url)
    assert report.accepted == 1
    assert {one["name"] for one in report.ignored} == {"v"}


def test_a_broken_view_where_views_are_what_is_read_ends_the_run(tmp_path: Path) -> None:
    url = database(
        tmp_path / "r.db",
        "CREATE TABLE raw (a TEXT, b TEXT, c TEXT)",
        'CREATE VIEW east AS SELECT a AS "姓名", b AS "证件号码", c AS "户籍地址" FROM raw',
        "CREATE TABLE gone (a TEXT)",
        'CREATE VIEW west AS SELECT a AS "姓名", a AS "证件号码", a AS "户籍地址" FROM gone',
        "DROP TABLE gone",
    )
    with pytest.raises(Unavailable, match="west"):
        run(hub_for("civil_affairs"), "civil_affairs", url)


def test_half_of_a_join_is_refused_and_withdraws_nothing(tmp_path: Path) -> None:
    lines(tmp_path / "q.csv", [["QLRMC", "ZJH", "BDCDYH", "BDCQZH"], ["张伟", "330199196605140016", "1", "2"]])
    with pytest.raises(Missing) as refused:
        run(hub_for("land"), "land", tmp_path)
    assert (refused.value.code, refused.value.facts["part"]) == ("adapters.part-missing", "FDCQ")


def land(folder: Path, unit: str, certificate: str) -> Path:
    folder.mkdir(exist_ok=True)
    lines(folder / "q.csv", [["QLRMC", "ZJH", "BDCDYH", "BDCQZH"], ["张伟", "330199196605140016", unit, certificate]])
    plain = ["330199001000GB00007F00000001", "浙(2019)青溪县不动产权第0000183号"]
    lines(folder / "f.csv", [["BDCDYH", "BDCQZH", "QLLX", "JZMJ"], [*plain, "4", "100"]])
    return folder


@pytest.mark.parametrize(
    ("unit", "certificate"),
    [
        ("330199001000GB00007F00000001", "浙(2019)青溪县不动产权第0000183号"),
        ("330199 001000 GB00007 F00000001", "浙（2019）青溪县不动产权第 0000183 号"),
        ("330199001000gb00007f00000001", "浙〔2019〕青溪县不动产权第183号"),
        ("330199001000GB00007F00000001", "0000183"),
        ("330199001000GB00007F00000001", "第0000183号"),
    ],
)
def test_units_and_certificates_are_joined_however_they_are_written(
    unit: str, certificate: str, tmp_path: Path
) -> None:
    hub = hub_for("land")
    report = run(hub, "land", land(tmp_path / "x", unit, certificate))
    assert (report.accepted, report.unusable) == (1, 0)
    assert hub.claims("land", "rights")[0]["certificate"] == "浙(2019)青溪县不动产权第0000183号"


@pytest.mark.parametrize(
    ("unit", "certificate", "codes"),
    [
        ("330199001000GB00007F00000002", "浙(2019)青溪县不动产权第0000183号", {"row.incomplete": 2}),
        ("330199001000GB00007F00000001", "0000184", {"row.incomplete": 2}),
        ("", "0000184", {"row.join-empty": 1, "row.incomplete": 1}),
    ],
)
def test_halves_without_each_other_go_back_on_both_sides(
    unit: str, certificate: str, codes: dict[str, int], tmp_path: Path
) -> None:
    report = run(hub_for("land"), "land", land(tmp_path / "x", unit, certificate))
    assert (report.accepted, report.reasons) == (0, codes)


def test_a_missing_sqlite_file_is_told_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(Missing) as refused:
        read_source(f"sqlite:///{tmp_path / 'none.db'}", default_mapping("land"))
    assert refused.value.code == "adapters.source-missing"
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("wrong", [{"username": "nobody_here"}, {"database": "no_such_database"}])
def test_a_database_that_lets_nobody_in_is_not_waited_for(database_url: str, wrong: dict[str, str]) -> None:
    url = make_url(database_url).set(**wrong).render_as_string(hide_password=False)
    with pytest.raises(Refused) as refused:
        read_source(url, default_mapping("land"))
    assert refused.value.code == "adapters.source-login"


def test_a_url_that_is_none_and_a_database_that_is_away_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Malformed) as malformed:
        run(hub_for("land"), "land", "oracul://x")
    assert malformed.value.code == "adapters.database-url"
    with pytest.raises(Unavailable) as away:
        run(hub_for("land"), "land", "postgresql://nobody@127.0.0.1:9/none?connect_timeout=2")
    assert away.value.code == "adapters.source-away"
    with pytest.raises(Unavailable):
        run(hub_for("land"), "land", "mariadb://nobody@127.0.0.1:9/none?connect_timeout=2")
    with pytest.raises(Missing) as missing:
        run(hub_for("land"), "land", tmp_path / "nothing")
    assert missing.value.code == "adapters.source-missing"


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql+psycopg2://h/d", "postgresql+psycopg"),
        ("postgresql+asyncpg://h/d", "postgresql+psycopg"),
        ("POSTGRESQL://h/d", "postgresql+psycopg"),
        ("mysql+mysqldb://h/d", "mysql+pymysql"),
        ("mariadb+mariadbconnector://h/d", "mariadb+pymysql"),
        ("sqlite+pysqlite:///x.db", "sqlite"),
    ],
)
def test_a_url_may_name_another_driver_for_a_database_that_is_read(url: str, driver: str) -> None:
    assert open_engine(url).url.drivername == driver


@pytest.fixture
def postgres(database_url: str) -> Iterator[tuple[str, Engine]]:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA registry"))
    yield database_url, engine
    engine.dispose()


def test_typed_columns_of_postgresql_and_a_delta_by_the_time_of_change(
    postgres: tuple[str, Engine], tmp_path: Path
) -> None:
    url, engine = postgres
    [sheet] = sample("marriage")
    columns = ", ".join(
        f'"{name}" {"timestamp" if name == "updated_at" else "date" if name == "OP_DATE" else "text"}'
        for name in sheet.headers
    )
    marks = ", ".join(f":c{place}" for place in range(len(sheet.headers)))
    insert = text(f"INSERT INTO registry.events VALUES ({marks})")
    rows = [{f"c{place}": cell for place, cell in enumerate(row)} for row in sheet.rows[:4]]
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE registry.events ({columns})"))
        connection.execute(insert, rows)
    path = tmp_path / "m.yaml"
    path.write_text("version: 1\nregistry: marriage\nextends: default\nsources: {tables: {schema: registry}}\n")
    mapping = load_mapping(path, "marriage")
    hub = hub_for("marriage")
    assert run(hub, "marriage", url, mapping=mapping).accepted == 4
    with engine.begin() as connection:
        place = sheet.headers.index("updated_at")
        connection.execute(insert, [rows[0] | {"c0": "HY900", f"c{place}": "2026-03-01 10:00:00"}])
    report = run(hub, "marriage", url, mapping=mapping)
    assert (report.read, report.accepted, report.total("unchanged")) == (2, 1, 1)


def test_a_day_kept_as_an_instant_is_the_same_day_and_key_whatever_zone_the_session_counts_in(
    postgres: tuple[str, Engine], tmp_path: Path
) -> None:
    url, engine = postgres
    with engine.begin() as connection:
        connection.execute(text(ROSTER.format("public.x", "timestamptz")))
        connection.execute(text(ROW.format("public.x", "1966-05-14 00:00:00+08")))
    hub, keys = hub_for("civil_affairs"), set()
    for zone in ("UTC", "Asia/Shanghai", "America/New_York"):
        with engine.begin() as connection:
            connection.execute(text(f"ALTER DATABASE \"{make_url(url).database}\" SET TimeZone = '{zone}'"))
        run(hub, "civil_affairs", url)
        [record] = hub.claims("civil_affairs", "residents")
        assert record["birth_date"] == "1966-05-14"
        keys.add(record["source"]["key"])
    assert keys == {"330199196605140016|张伟|1966-05-14 00:00:00+08:00"}


def test_tables_in_another_schema_are_told_with_the_setting_that_names_it(postgres: tuple[str, Engine]) -> None:
    url, engine = postgres
    with engine.begin() as connection:
        connection.execute(text(ROSTER.format("registry.roster", "date")))
    unlike = f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3Dnowhere"
    with pytest.raises(Missing) as refused:
        run(hub_for("civil_affairs"), "civil_affairs", unlike)
    told = "a schema with tables; name it in the mapping: sources: {tables: {schema: …}}"
    assert f"registry: {told}" in refused.value.facts["found"]


def test_mappings_of_tables_default_to_the_default_schema() -> None:
    assert default_mapping("land").tables.schema is None


def test_days_without_an_end_and_before_the_first_year_cost_no_row(
    postgres: tuple[str, Engine], tmp_path: Path
) -> None:
    url, engine = postgres
    values = ("'1966-05-14', '2026-10-08 09:12:33+08'", "'infinity', 'infinity'", "'0044-03-15 BC', '-infinity'")
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE registry.hjrk (姓名 text, 证件号码 text, 出生日期 date, 更新时间 timestamptz,"
                " 户籍地址 jsonb)"
            )
        )
        for name, days in zip("甲乙丙", values, strict=True):
            connection.execute(text(f"INSERT INTO registry.hjrk VALUES ('张{name}', '无', {days}, '[\"桃源\"]')"))
    path = tmp_path / "m.yaml"
    path.write_text("version: 1\nregistry: civil_affairs\nextends: default\nsources: {tables: {schema: registry}}\n")
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", url, mapping=load_mapping(path, "civil_affairs"))
    found = by_name(hub.claims("civil_affairs", "residents"))
    assert (report.read, report.unusable) == (3, 0)
    assert (found["张甲"]["birth_date"], found["张甲"]["updated_on"]) == ("1966-05-14", "2026-10-08")
    assert not {"birth_date", "updated_on"} & {*found["张乙"], *found["张丙"]}
    assert found["张甲"]["household_address"] == "桃源"


def test_a_table_that_the_user_may_not_read_is_named(postgres: tuple[str, Engine], tmp_path: Path) -> None:
    reader = f"reader_{secrets.token_hex(4)}"
    url, engine = postgres
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE registry.closed (姓名 text, 证件号码 text, 出生日期 date, 户籍地址 text)")
        )
        connection.execute(text(f"CREATE ROLE {reader} LOGIN; GRANT USAGE ON SCHEMA registry TO {reader}"))
    path = tmp_path / "m.yaml"
    path.write_text("version: 1\nregistry: civil_affairs\nextends: default\nsources: {tables: {schema: registry}}\n")
    mapping = load_mapping(path, "civil_affairs")
    address = make_url(url).set(username=reader).render_as_string(hide_password=False)
    with pytest.raises(Refused, match=r"may not read (closed|hjrk)") as refused:
        run(hub_for("civil_affairs"), "civil_affairs", address, mapping=mapping)
    assert refused.value.code == "adapters.source-forbidden"


def test_a_view_that_the_user_was_given_instead_of_the_table_behind_it_is_read_beside_other_tables(
    postgres: tuple[str, Engine], tmp_path: Path
) -> None:
    reader = f"reader_{secrets.token_hex(4)}"
    url, engine = postgres
    columns = "姓名 char(9), 证件号码 char(30), 出生日期 text, 户籍地址 text"
    shown = "姓名, 证件号码, 出生日期, 户籍地址"
    with engine.begin() as connection:
        for statement in (
            f"CREATE TABLE registry.closed ({columns}, gone boolean)",
            f"CREATE TABLE registry.open ({columns})",
            "INSERT INTO registry.closed VALUES ('张甲', '330199196605140016', '', '', false)",
            "INSERT INTO registry.closed VALUES ('张丙', '', '', '', true)",
            "INSERT INTO registry.open VALUES ('张乙', '440524188001010014', '', '')",
            f"CREATE VIEW registry.v_closed AS SELECT {shown} FROM registry.closed WHERE NOT gone",
            "CREATE VIEW registry.v_open AS SELECT * FROM registry.open",
            f"CREATE ROLE {reader} LOGIN; GRANT USAGE ON SCHEMA registry TO {reader}",
            f"GRANT SELECT ON registry.open, registry.v_open, registry.v_closed TO {reader}",
        ):
            connection.execute(text(statement))
    path = tmp_path / "m.yaml"
    path.write_text("version: 1\nregistry: civil_affairs\nextends: default\nsources: {tables: {schema: registry}}\n")
    address = make_url(url).set(username=reader).render_as_string(hide_password=False)
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", address, mapping=load_mapping(path, "civil_affairs"))
    assert set(by_name(hub.claims("civil_affairs", "residents"))) == {"张甲", "张乙"}
    assert {one["name"] for one in report.ignored} == {"closed", "v_open"}


def test_a_damaged_database_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "none.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    url = database(tmp_path / "cut.db", ROSTER.format("residents", "TEXT"), *[ROW.format("residents", "x" * 999)] * 99)
    content = bytearray((tmp_path / "cut.db").read_bytes())
    content[4096 * 6 : 4096 * 12] = b"\xab" * 4096 * 6
    (tmp_path / "cut.db").write_bytes(content)
    hub = hub_for("civil_affairs")
    for source in (str(tmp_path / "none.db"), url):
        with pytest.raises(Malformed) as refused:
            run(hub, "civil_affairs", source)
        assert refused.value.code == "adapters.database-damaged"
    assert not hub.live("civil_affairs", "residents")
