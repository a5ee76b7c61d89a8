"""Files of identities as registries write them: read whatever their types and encoding, or refused with a reason."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hub.errors import Malformed
from hub.identity.bulk.filing import Options, resolve_file
from hub.identity.modelfile import standard_model
from tests.identity.conftest import number_of

OPTIONS = Options(date(2026, 11, 1))
MODELS = {kind: standard_model(kind) for kind in ("resident", "legal_person")}
TWICE = (
    "record_id,kind,name,id_number,birth_date\n"
    "1,resident,张伟强,11010519491231002X,1949-12-31\n"
    "2,resident,張偉強,110105491231002,\n"
)

REFUSED = [
    ("", "identity.file-without-ids"),
    ("id,name\n1,张三\n", "identity.file-without-ids"),
    ("record_id,name\n1,张三\n1,李四\n", "identity.file-ids-doubled"),
    ("record_id,name\n,张三\n2,李四\n", "identity.file-ids-doubled"),
    ("record_id,kind,name\n1,robot,张三\n", "identity.no-such-kind"),
    ("record_id,address\n1,文三路1号\n", "identity.file-without-content"),
    ('record_id,name\n1,"张三\n', "identity.file-unreadable"),
    ("record_id,name\n1,张三,1,2\n2,李四\n", "identity.file-unreadable"),
]


def resolved(path: Path) -> Mapping[str, str]:
    out = path.with_name("out.parquet")
    resolve_file(path, out, MODELS, OPTIONS)
    rows = duckdb.connect().execute(f"SELECT record_id, subject FROM '{out}'").fetchall()
    assert [each.name for each in path.parent.iterdir() if "unfinished" in each.name] == []
    return dict(rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_in_the_encodings_of_the_field(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "in.CSV"
    path.write_bytes(TWICE.encode(encoding))
    assert len(set(resolved(path).values())) == 1


def test_columns_of_numbers_and_dates_are_read_as_what_they_show(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    number = number_of("1949-12-31", 2)
    duckdb.execute(
        "COPY (SELECT 1 AS RECORD_ID, '张伟强' AS Name, 13800001111.0::DOUBLE AS phone, DATE '1949-12-31' AS birth_date"
        f", 1.0 AS sex, 330106::BIGINT AS region_code, '{number}' AS id_number UNION ALL"
        f" SELECT 2, '张伟强', 13800001111, '1949-12-31', 1, 330106, NULL) TO '{path}' (FORMAT parquet)"
    )
    found = resolved(path)
    assert set(found) == {"1", "2"}
    assert len(set(found.values())) == 1


def test_a_file_without_records_has_no_subjects(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("record_id,kind,name\n", encoding="utf-8")
    assert resolved(path) == {}


@pytest.mark.parametrize("kind", ["person", "自然人", "RESIDENT", ""])
def test_kinds_are_known_by_their_usual_names(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "in.csv"
    path.write_text(f"record_id,kind,name\n1,{kind},张伟强\n2,法人,象棋协会\n", encoding="utf-8")
    assert len(resolved(path)) == 2


@pytest.mark.parametrize(("content", "code"), REFUSED)
def test_a_file_that_cannot_be_meant_is_refused_before_anything_is_written(
    tmp_path: Path, content: str, code: str
) -> None:
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Malformed) as caught:
        resolve_file(path, out, MODELS, OPTIONS)
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        ("record_id,name\n1,张三\n2\n", {"line": 3}),
        ("record_id,name\n1,张三\n2,李四\n1,王五\n", {"empty": 0, "doubled": 1, "records": [3]}),
        ("record_id,name\n1,张三\n,李四\n", {"empty": 1, "doubled": 0, "records": [2]}),
        ("record_id,kind,name\n1,法人,张三\n2,robot,李四\n", {"count": 1, "records": [2]}),
        ("record_id,name,Name\n1,张三,李四\n", {"line": 1, "doubled_columns": [3]}),
        ("1,张三,E12345678\n2,李四,\n", {"columns": [], "others": 3}),
        ("record_id;name\n1;张三\n", {"columns": [], "others": 1}),
        ("name,id\n张三,1\n2,李四,,,,王五\n", {"columns": ["name"], "others": 1}),
    ],
)
def test_what_is_wrong_is_told_by_place_and_repeats_nobody(
    tmp_path: Path, content: str, facts: Mapping[str, Any]
) -> None:
    path = tmp_path / "in.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Malformed) as caught:
        resolve_file(path, None, MODELS, OPTIONS)
    assert dict(caught.value.facts) == facts


def test_lists_and_records_inside_a_cell_are_refused_by_column(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    duckdb.execute(
        f"COPY (SELECT 1 AS record_id, ['张三'] AS name, {{'a': 1}} AS address) TO '{path}' (FORMAT parquet)"
    )
    with pytest.raises(Malformed) as caught:
        resolve_file(path, None, MODELS, OPTIONS)
    assert caught.value.facts["columns"] == ["address", "name"]


def test_numbers_that_were_held_as_fractions_are_refused_by_column(tmp_path: Path) -> None:
    """A program that knows no empty whole number writes a column of resident IDs with gaps as fractions."""
    path = tmp_path / "in.parquet"
    for kind, number, columns in (
        ("DOUBLE", "440524188001010014", ["id_number"]),
        ("HUGEINT", "440524188001010014", ["id_number"]),
        ("FLOAT", "440524880101001", ["id_number"]),
        ("DOUBLE", "440524880101001", []),
        ("BIGINT", "440524188001010014", []),
    ):
        duckdb.execute(
            f"COPY (SELECT * FROM (VALUES (1, '张三', {number}::{kind}, 'NaN'::DOUBLE), (2, '李四', NULL, 3e20))"
            f" AS t (record_id, name, id_number, remark)) TO '{path}' (FORMAT parquet)"
        )
        if columns:
            with pytest.raises(Malformed) as caught:
                resolve_file(path, None, MODELS, OPTIONS)
            assert caught.value.code == "identity.file-rounded"
            assert dict(caught.value.facts) == {"columns": columns, "records": [1]}
        else:
            assert resolve_file(path, None, MODELS, OPTIONS)["resident"].records == 2


def test_a_result_that_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(TWICE, encoding="utf-8")
    cases: dict[Path, str] = {
        tmp_path / "nowhere" / "out.csv": "identity.out-not-writable",
        path: "identity.out-is-source",
        tmp_path: "identity.out-not-writable",
    }
    for out, code in cases.items():
        with pytest.raises(Malformed) as caught:
            resolve_file(path, out, MODELS, OPTIONS)
        assert caught.value.code == code
    assert path.read_text(encoding="utf-8") == TWICE


def test_a_column_of_the_name_that_rows_are_counted_by_does_no_harm(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"id": 1, "n": 7}, {"id": 2, "n": 7}]
    path = tmp_path / "in.csv"
    lines = [f"{row['id']},{row['n']},张伟强,11010519491231002X" for row in rows]
    path.write_text("\n".join(["record_id,n,name,id_number", *lines, ""]), encoding="utf-8")
    assert len(set(resolved(path).values())) == 1
