"""Mapping files: a county's own names in a few lines, and complaints that name the line."""

from pathlib import Path

import pytest

from adapters.mapping.load import ADAPTERS, REGISTRIES, default_mapping, load_mapping
from hub.errors import Malformed, Missing
from tests.support.adapter_runs import by_name, hub_for, lines, run

COUNTY = """
version: 1
registry: civil_affairs
extends: default
codes:
  sex: {甲: 1, 乙: 2}
exports:
  residents:
    columns:
      姓名: [RYMC]
      证件号码: RYZJ
      出生日期: [SR]
    claims:
      birth_date: {from: 出生日期, as: date, order: dmy}
      phone: null
"""


def mapping_of(text: str, tmp_path: Path) -> object:
    path = tmp_path / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path, "civil_affairs")


@pytest.mark.parametrize("registry", REGISTRIES)
def test_default_mappings_are_whole(registry: str) -> None:
    mapping = default_mapping(registry)
    assert mapping.registry == registry
    assert mapping.department == f"dept:{registry.replace('_', '-')}"


def test_a_county_goes_in_with_a_mapping_of_its_own_names(tmp_path: Path) -> None:
    mapping = mapping_of(COUNTY, tmp_path)
    folder = tmp_path / "export"
    folder.mkdir()
    header = ["RYMC", "RYZJ", "SR", "性别", "户籍地址", "联系电话"]
    lines(folder / "x.csv", [header, ["张伟", "330199196605140016", "14/05/1966", "甲", "桃源村", "120"]])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", folder, mapping=mapping)  # type: ignore[arg-type]
    found = by_name(hub.claims("civil_affairs", "residents"))["张伟"]
    assert (found["birth_date"], found["sex"], "phone" in found) == ("1966-05-14", "1", False)


def test_an_export_that_a_county_leaves_out_is_not_read(tmp_path: Path) -> None:
    mapping = mapping_of(f"{COUNTY}  organisations: null\n", tmp_path)
    folder = tmp_path / "export"
    folder.mkdir()
    lines(folder / "x.csv", [["RYMC", "RYZJ", "户籍地址"], ["张伟", "330199196605140016", "桃源村"]])
    lines(folder / "y.csv", [["sorgId", "cnName", "uscCode"], ["1", "青溪县茶业协会", "5133010650001234X2"]])
    report = run(hub_for("civil_affairs"), "civil_affairs", folder, mapping=mapping)  # type: ignore[arg-type]
    assert report.accepted == 1
    assert [one["name"] for one in report.ignored] == ["y.csv"]


def test_another_mapping_reads_delta_files_anew(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    header = ["DEAD_ID", "NAME", "SEX", "ID_CARD", "DEATH_DATE"]
    lines(folder / "x.csv", [header, ["B1", "张伟", "甲", "330199196605140016", "2026-01-02"]])
    hub = hub_for("funeral")
    first = run(hub, "funeral", folder)
    assert first.exports[0].findings == {"sex-unknown-code": 1}
    path = tmp_path / "m.yaml"
    path.write_text("version: 1\nregistry: funeral\nextends: default\ncodes:\n  sex: {甲: 1}\n", encoding="utf-8")
    second = run(hub, "funeral", folder, mapping=load_mapping(path, "funeral"))
    assert second.accepted == 1
    assert hub.claims("funeral", "funerals")[0]["sex"] == "1"


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("version: 1", "version: 2"), 2, "version"),
        (("registry: civil_affairs", "registry: land"), 3, "registry"),
        (("order: dmy", "order: ymdd"), 14, "order"),
        (("as: date", "as: dates"), 14, "as"),
        (("from: 出生日期", "from: 出生地"), 14, "'出生地' is not a column"),
        (("      phone: null", "      phones: 联系电话"), 15, "has no such claim"),
        (("      phone: null", "      sex: {from: 性别, as: code, codes: sexes}"), 15, "no code table 'sexes'"),
        (("      phone: null", "      phone: {from: 联系电话, as: code}"), 15, "needs 'codes'"),
        (("      phone: null", "      phone: {from: 联系电话, unit: 元}"), 15, "no unit of text"),
        (("      出生日期: [SR]", "      姓名: [SR]"), 12, "twice"),
        (("exports:", "exprots:"), 7, "exprots"),
        (("columns:", "columns: ["), 12, "not YAML"),
    ],
)
def test_complaints_name_the_line(change: tuple[str, str], line: int, said: str, tmp_path: Path) -> None:
    with pytest.raises(Malformed) as refused:
        mapping_of(COUNTY.replace(*change), tmp_path)
    assert refused.value.code == "adapters.mapping"
    assert said in refused.value.en
    assert refused.value.facts["line"] == line or said in ("version", "not YAML", "exprots")


@pytest.mark.parametrize(
    ("registry", "change", "said"),
    [
        ("land", "exports: {rights: {claims: {unit: null}}}", "needs 'unit'"),
        ("low_income", "exports: {households: {claims: {head.name: null}}}", "needs 'head.name'"),
        ("funeral", "exports: {cancelations: null}", "no such export"),
        ("land", "exports: {rights: null}", "names no export"),
        (
            "land",
            "exports: {rights: {claims: {registered_on: {from: FDCQ.DJSJ, as: money, unit: 元}}}}",
            "wants string",
        ),
        ("low_income", "exports: {households: {claims: {persons: {from: 保障人数, as: text}}}}", "wants integer"),
        ("land", "codes: {right-status: {注销: ended}}", "gives 'ended'"),
        ("land", "exports: {rights: {snapshot: unit}}", "must hold claim:unit"),
        ("land", "exports: {rights: {mode: delta}}", "read in full"),
        ("land", "exports: {rights: {claims: {holders: {packed: {colour: QLR.DH}}}}}", "colour"),
        (
            "funeral",
            "exports: {cancellations: {claims: {householder_name: {from: hzxm, as: person-name}}}}",
            "'name' only",
        ),
        ("funeral", "exports: {cancellations: {key: [" + "[" * 5000, "too deeply"),
        ("land", "codes: &all {right-kind: *all}", "alias"),
        ("land", "codes: {right-knd: {林权: 9}}", "no claim reads this code table"),
        ("land", "codes: {right-kind: {林权: 77}}", "gives '77'"),
        ("land", "exports: {rights: {parts: {QLRR: {columns: {ZJH: [身份证号]}}}}}", "none of the two parts"),
        ("land", "exports: {rights: {parts: {QLR: {columns: {ZJH: [权 利人]}}}}}", "is a name of QLRMC too"),
    ],
)
def test_what_could_never_become_evidence_is_refused_before_a_row_is_read(
    registry: str, change: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"version: 1\nregistry: {registry}\nextends: default\n{change}\n", encoding="utf-8")
    with pytest.raises(Malformed) as refused:
        load_mapping(path, registry)
    assert (refused.value.code, said in refused.value.en) == ("adapters.mapping", True), refused.value.en


def test_a_part_that_nothing_marks_would_take_any_table_and_is_refused(tmp_path: Path) -> None:
    text = (ADAPTERS / "low_income" / "mapping.yaml").read_text(encoding="utf-8")
    path = tmp_path / "m.yaml"
    path.write_text(
        "".join(one for one in text.splitlines(keepends=True) if "recognised_by" not in one), encoding="utf-8"
    )
    with pytest.raises(Malformed) as refused:
        load_mapping(path, "low_income")
    assert "'recognised_by' is missing" in refused.value.en


def test_a_code_that_is_none_is_named_where_the_mapping_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(
        "version: 1\nregistry: land\nextends: default\ncodes:\n  right-kind: {林权: 77}\n", encoding="utf-8"
    )
    with pytest.raises(Malformed) as refused:
        load_mapping(path, "land")
    assert (refused.value.facts["line"], refused.value.facts["path"]) == (5, "codes.right-kind.林权")


def test_an_empty_mapping_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("# nothing yet\n", encoding="utf-8")
    with pytest.raises(Malformed, match="is empty"):
        load_mapping(tmp_path / "m.yaml", "land")


def test_a_missing_file_and_an_unknown_registry_are_said(tmp_path: Path) -> None:
    with pytest.raises(Missing) as refused:
        load_mapping(tmp_path / "none.yaml", "land")
    assert refused.value.code == "adapters.mapping-missing"
    with pytest.raises(Missing) as refused:
        default_mapping("weather")
    assert refused.value.code == "adapters.registry-unknown"


def test_leading_zeros_and_words_like_no_stay_what_they_are(tmp_path: Path) -> None:
    text = COUNTY.replace("{甲: 1, 乙: 2}", "{01: 2, no: 1, 否: 0}")
    mapping = mapping_of(text, tmp_path)
    sex = mapping.codes["sex"]  # type: ignore[attr-defined]
    assert (sex["01"], sex["no"], sex["否"]) == ("2", "1", "0")
