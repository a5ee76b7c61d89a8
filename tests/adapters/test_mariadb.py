"""A registry in MariaDB is read like any other: the same records as from the same county in SQLite."""

import getpass
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from adapters.simulator.county import make_county
from adapters.simulator.registries import publish
from tests.support.adapter_runs import by_name, hub_for, run

START_SECONDS = 60


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty database on a server of this test's own."""
    if not shutil.which("mariadbd"):
        pytest.skip("no MariaDB server on this machine (Debian's package is mariadb-server)")
    home = tmp_path_factory.mktemp("mariadb")
    me = ["--no-defaults", f"--datadir={home / 'data'}", f"--user={getpass.getuser()}"]
    made = ["mariadb-install-db", *me, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(made, check=True, capture_output=True, timeout=START_SECONDS)  # noqa: S603
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["mariadbd", *me, f"--socket={home / 's'}", f"--port={port}", "--bind-address=127.0.0.1"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:  # noqa: S603
        try:
            _make_database(home / "s")
            yield f"mariadb://root@127.0.0.1:{port}/county"
        finally:
            server.terminate()


def _make_database(place: Path) -> None:
    client = ["mariadb", "--no-defaults", "--user=root", f"--socket={place}", "--execute"]
    wanted = (
        "CREATE DATABASE county CHARACTER SET utf8mb4; CREATE USER IF NOT EXISTS root@'127.0.0.1';"
        " GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION"
    )
    end = time.monotonic() + START_SECONDS
    while subprocess.run([*client, wanted], capture_output=True, check=False).returncode:  # noqa: S603
        assert time.monotonic() < end, "the MariaDB server did not start"
        time.sleep(0.2)


@pytest.mark.parametrize("registry", ["civil_affairs", "land"])
def test_a_registry_in_mariadb_gives_the_same_records_as_in_sqlite(mariadb: str, tmp_path: Path, registry: str) -> None:
    county = make_county(120, 12, seed=5, on=date(2026, 11, 1))
    elsewhere = publish(county, tmp_path / "sqlite")
    publish(county, tmp_path / "mariadb", civil_url=mariadb, land_url=mariadb)
    plain = elsewhere.civil_url if registry == "civil_affairs" else elsewhere.land_url
    expected = run(hub_for(registry), registry, plain)
    found = run(hub_for(registry), registry, mariadb)
    assert found.read > 0
    assert (found.read, found.accepted, found.reasons) == (expected.read, expected.accepted, expected.reasons)


def test_a_death_taken_back_by_a_bit_is_taken_back(mariadb: str) -> None:
    engine = create_engine(make_url(mariadb).set(drivername="mariadb+pymysql"))
    with engine.begin() as connection:
        for statement in (
            "CREATE OR REPLACE TABLE swzx (xm VARCHAR(20), gmsfhm BIGINT, swrq DATE, cxbz BIT(1))",
            "INSERT INTO swzx VALUES ('张伟', 330199196605140016, '2026-03-02', b'1')",
            "INSERT INTO swzx VALUES ('李敏', 440524188001010014, '2026-03-03', b'0')",
        ):
            connection.execute(text(statement))
    hub = hub_for("funeral")
    run(hub, "funeral", mariadb)
    found = by_name(hub.claims("funeral", "cancellations"))
    assert (found["张伟"]["is_reversed"], found["李敏"]["is_reversed"]) == (True, False)


def test_a_view_is_read_by_a_user_who_may_select_and_nothing_else(mariadb: str) -> None:
    engine = create_engine(make_url(mariadb).set(drivername="mariadb+pymysql"))
    with engine.begin() as connection:
        for statement in (
            "CREATE OR REPLACE TABLE raw (a VARCHAR(20), b VARCHAR(20), c VARCHAR(20))",
            "INSERT INTO raw VALUES ('张伟', '330199196605140016', '桃源村')",
            "CREATE OR REPLACE VIEW shown AS SELECT a AS `姓名`, b AS `证件号码`, c AS `户籍地址` FROM raw",
            "CREATE USER IF NOT EXISTS reader@'127.0.0.1'",
            "GRANT SELECT ON county.shown TO reader@'127.0.0.1'",
        ):
            connection.execute(text(statement))
    address = make_url(mariadb).set(username="reader").render_as_string(hide_password=False)
    assert run(hub_for("civil_affairs"), "civil_affairs", address).accepted == 1


@pytest.mark.parametrize("written_in", ["gb18030", "utf-8"])
def test_chinese_kept_under_a_western_character_set_is_read_and_western_names_stay(
    mariadb: str, written_in: str
) -> None:
    rows = [("张伟", "女", written_in), ("Hans Müller", "男", "latin-1"), ("CONCEIÇÃO Maria", "女", "latin-1")]
    address = make_url(mariadb).set(drivername="mariadb+pymysql", database="western")
    with create_engine(make_url(mariadb).set(drivername="mariadb+pymysql")).begin() as connection:
        connection.execute(text("CREATE OR REPLACE DATABASE western CHARACTER SET latin1"))
        connection.execute(text("CREATE TABLE western.ry (xm CHAR(30), xb CHAR(6), zjhm CHAR(18), hjdz TEXT)"))
        for name, sex, encoding in rows:
            cells = (name.encode(encoding), *(cell.encode(written_in) for cell in (sex, "无", "桃源村")))
            kept = ", ".join(f"X'{cell.hex()}'" for cell in cells)
            connection.execute(text(f"INSERT INTO western.ry VALUES ({kept})"))
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", address.render_as_string(hide_password=False))
    found = by_name(hub.claims("civil_affairs", "residents"))
    assert {name: (one["sex"], one["household_address"]) for name, one in found.items()} == {
        "张伟": ("2", "桃源村"),
        "Hans Müller": ("1", "桃源村"),
        "CONCEIÇÃO Maria": ("2", "桃源村"),
    }
