"""Spark with worker processes of its own comes to the same pairs, weights and subjects as one machine and as intake."""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hub.errors import Malformed
from hub.identity.bulk.filing import Options, resolve_file
from hub.identity.bulk.opening import open_file
from hub.identity.bulk.reading import read_traits
from hub.identity.bulk.resolving import Resolving
from hub.identity.bulk.spark import Cluster, Work, cluster_at, resolve_on_spark, rows_on, scored_on
from hub.identity.bulk.tables import Connection
from hub.identity.model import Mention
from hub.identity.modelfile import parse_model, standard_model
from hub.identity.rules import Matcher
from hub.identity.service import IdentityService
from hub.storage.database import Database
from tests.identity.conftest import number_of
from tests.identity.people import County
from tests.identity.test_bulk import fields_of, groups, write
from tests.identity.test_opening import REFUSED
from tests.identity.test_plain import RECORDS, TEXT

MASTER = "local-cluster[2,1,1024]"
OPTIONS = Options(date(2026, 11, 1), region_names=("杭州市",))
MODELS = {"resident": standard_model("resident"), "legal_person": standard_model("legal_person")}
HAS_SPARK = find_spec("pyspark") is not None and shutil.which("java") is not None
needs_spark = pytest.mark.skipif(not HAS_SPARK, reason="Spark needs the extra spark (pyspark) and Java")
pytestmark = pytest.mark.timeout(300)
Scored = dict[tuple[int, int], tuple[str, str, float]]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Two worker processes, opened once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        with cluster_at(MASTER)() as spark:
            yield lambda: nullcontext(spark)


def unopened() -> AbstractContextManager[Any]:
    pytest.fail("no cluster is opened for what cannot be meant")


def organisations(count: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(3)  # noqa: S311  # made-up registers
    names = ("杭州某某科技有限公司", "某某科技（杭州）有限公司", "某某科技", "象棋协会", "杭州市象棋协会", "")
    codes = ("91330106MA2ABCD139", "91330106MA2ABCD130", "91350100M000100Y43", "")
    for place in range(count):
        yield {
            "record_id": f"o{place}",
            "kind": "法人",
            "name": chance.choice(names),
            "credit_code": chance.choice(codes),
            "registration_number": chance.choice(("110108000000016", "")),
            "legal_representative": chance.choice(("张三", "李四", "")),
            "phone": chance.choice(("05718800112", "13800001111", "")),
        }


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People written down four times each, and organisations, in the encoding of the field."""
    people = [row | {"kind": "自然人"} for row in County(5).records(500, duplicates=3.0)]
    path = write(tmp_path_factory.mktemp("register") / "all.csv", [*people, *organisations(60)])
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    return path


def compared(con: Connection) -> Scored:
    rows = con.execute("SELECT a, b, method, outcome, weight FROM scored").fetchall()
    return {(a, b): (method, outcome, weight) for a, b, method, outcome, weight in rows}


def assert_same(one: Scored, other: Scored) -> None:
    assert one.keys() == other.keys()
    for pair, (method, outcome, weight) in one.items():
        assert other[pair] == (method, outcome, pytest.approx(weight, abs=0.002)), pair


@pytest.mark.parametrize("kind", list(MODELS))
@needs_spark
def test_thousands_of_pairs_weigh_the_same_on_spark_in_sql_and_in_python(
    kind: str, register: Path, cluster: Cluster
) -> None:
    model = MODELS[kind]
    con = duckdb.connect()
    source = open_file(con, register)
    total = con.execute("SELECT count(*) FROM raw").fetchall()[0][0]
    read_traits(source, model, OPTIONS.today, OPTIONS.region_names)
    Resolving(con, model).run()
    columns = ", ".join(f'"{each}"' for each in model.columns)
    traits = {n: tuple(said) for n, *said in con.execute(f"SELECT n, {columns} FROM traits").fetchall()}
    in_sql = compared(con)
    con.close()
    with cluster() as spark:
        work = Work(register, model, OPTIONS)
        read = rows_on(spark, work, total)
        assert dict(read.collect()) == traits
        found = scored_on(read, work).collect()
    matcher = Matcher(model)
    verdicts = {pair: matcher.verdict(traits[pair[0]], traits[pair[1]]) for pair in in_sql}
    assert len(in_sql) > (3000 if kind == "resident" else 300)
    assert_same(in_sql, {(a, b): (method, outcome, weight) for a, b, method, weight, outcome in found})
    assert_same(in_sql, {pair: (each.method, each.outcome, each.weight) for pair, each in verdicts.items()})


def resolved(path: Path) -> Mapping[str, tuple[str, ...]]:
    with path.open(encoding="utf-8") as file:
        return {row["record_id"]: (row["subject"], row["probability"], row["reasons"]) for row in csv.DictReader(file)}


@needs_spark
def test_both_kinds_of_a_file_become_the_subjects_that_one_machine_makes_of_them(
    register: Path, tmp_path: Path, cluster: Cluster
) -> None:
    alone, together = tmp_path / "alone.csv", tmp_path / "together.csv"
    expected = resolve_file(register, alone, MODELS, OPTIONS)
    found = resolve_on_spark(register, together, MODELS, OPTIONS, cluster)
    assert resolved(together) == resolved(alone)
    for kind, figures in found.items():
        said = expected[kind]
        assert (figures.records, figures.subjects, figures.pairs) == (said.records, said.subjects, said.pairs)
        assert (figures.links, figures.reviews, figures.torn_clusters) == (said.links, said.reviews, said.torn_clusters)


@needs_spark
def test_records_one_by_one_in_any_order_come_to_the_subjects_that_spark_makes_of_all(
    tmp_path: Path, identity: IdentityService, database: Database, cluster: Cluster
) -> None:
    rows = list(County(13).records(400))
    out = tmp_path / "out.csv"
    path = write(tmp_path / "in.csv", rows)
    duckdb.execute(f"COPY (SELECT * FROM read_csv('{path}', all_varchar = true)) TO '{path}.parquet' (FORMAT parquet)")
    resolve_on_spark(tmp_path / "in.csv.parquet", out, MODELS, OPTIONS, cluster)
    random.Random(4).shuffle(rows)  # noqa: S311  # an order
    with database.writing() as session:
        for row in rows:
            said = Mention(row["record_id"], "file", "file", "self", "resident", fields_of(row), key=row["record_id"])
            identity.place(session, [said])
    with database.reading() as session:
        one_by_one = groups((each.key, each.subject) for each in identity.export(session))
    assert one_by_one == groups((record, said[0]) for record, said in resolved(out).items())


@needs_spark
def test_a_phone_that_too_many_share_says_nothing_on_spark_either(tmp_path: Path, cluster: Cluster) -> None:
    rows = [row | {"phone": "13800001111", "id_number": ""} for row in County(4).records(300)]
    path = write(tmp_path / "in.csv", rows)
    alone, together = tmp_path / "alone.csv", tmp_path / "together.csv"
    resolve_file(path, alone, MODELS, OPTIONS)
    found = resolve_on_spark(path, together, MODELS, OPTIONS, cluster)
    assert found["resident"].pairs < len(rows)
    assert resolved(together) == resolved(alone)


@needs_spark
def test_keys_that_too_many_share_find_the_same_pairs_on_spark(tmp_path: Path, cluster: Cluster) -> None:
    paid = {"name": "张伟强", "birth_date": "1980-05-06", "id_number": number_of("1980-05-06", 11)}
    varied = [paid | {"phone": f"138{place % 450:08}", "sex": "1"} for place in range(900)]
    alike = [{"name": "王芳", "birth_date": "1990-01-01", "phone": "13900001111", "region_code": "330106"}] * 60
    other = [row | {"name": "李小红"} for row in varied[:30]]
    rows = [row | {"record_id": f"c{place}"} for place, row in enumerate([*varied, *alike, *other])]
    path = write(tmp_path / "in.csv", rows)
    alone, together = tmp_path / "alone.csv", tmp_path / "together.csv"
    expected = resolve_file(path, alone, MODELS, OPTIONS)["resident"]
    found = resolve_on_spark(path, together, MODELS, OPTIONS, cluster)["resident"]
    assert (found.pairs, found.links, found.reviews) == (expected.pairs, expected.links, expected.reviews)
    assert found.subjects == 3
    assert resolved(together) == resolved(alone)


@needs_spark
def test_a_model_of_other_columns_and_a_file_without_records_run_on_spark(tmp_path: Path, cluster: Cluster) -> None:
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text(RECORDS, encoding="utf-8")
    found = resolve_on_spark(path, out, {"plain": parse_model(TEXT)}, OPTIONS, cluster)
    assert (found["plain"].records, found["plain"].subjects) == (4, 3)
    path.write_text("record_id,kind,name\n", encoding="utf-8")
    assert resolve_on_spark(path, out, MODELS, OPTIONS, cluster)["resident"].records == 0
    assert resolved(out) == {}


@needs_spark
def test_the_command_of_a_clusters_operator_comes_to_what_one_machine_comes_to(register: Path, tmp_path: Path) -> None:
    alone, together = tmp_path / "alone.csv", tmp_path / "together.csv"
    resolve_file(register, alone, MODELS, Options(OPTIONS.today))
    hub = Path(sys.executable).with_name("hub")
    words = [str(hub), "identity", "resolve", str(register), "--out", str(together), "--json", "--executor", "spark"]
    more = ["--spark-master", MASTER, "--spark-conf", f"spark.pyspark.python={sys.executable}"]
    ended = subprocess.run(  # noqa: S603
        [*words, *more], capture_output=True, text=True, check=False, env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"}
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["resident"]["links"] > 1000
    assert resolved(together) == resolved(alone)


@pytest.mark.parametrize(("content", "code"), REFUSED)
def test_a_file_that_cannot_be_meant_is_refused_before_a_cluster_is_opened(
    tmp_path: Path, content: str, code: str
) -> None:
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Malformed) as caught:
        resolve_on_spark(path, out, MODELS, OPTIONS, unopened)
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == [path]


def test_lists_inside_a_cell_are_refused_before_a_cluster_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    duckdb.execute(f"COPY (SELECT 1 AS record_id, ['张三'] AS name) TO '{path}' (FORMAT parquet)")
    with pytest.raises(Malformed) as caught:
        resolve_on_spark(path, tmp_path / "out.csv", MODELS, OPTIONS, unopened)
    assert caught.value.code == "identity.file-nested"
    assert caught.value.facts["columns"] == ["name"]
