"""Files as counties really send them: any encoding, any shape around the table, damage that costs only its own row."""

import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from adapters.mapping.load import default_mapping
from adapters.sources.open import read_source
from hub.errors import Malformed, Missing, Refused
from tests.support.adapter_runs import by_name, hub_for, lines, run, workbook

ROSTER = ["姓名", "证件号码", "出生日期", "户籍地址"]
ZHANG = ["张伟", "330199196605140016", "1966-05-14", "桃源村1号"]
LI = ["李娜", "33019919580312002X", "1958-03-12", "桃源村2号"]
WANG = ["王芳", "330199199106210028", "1991-06-21", "桃源村3号"]
CIVIL = default_mapping("civil_affairs")
ROSTER_LINES = [ROSTER, ZHANG]
AID = ["序号", "地区", "户主姓名", "身份证号", "低保证号", "保障类别", "家庭补差"]


def names(hub: object, registry: str = "civil_affairs", export: str = "residents") -> set[str]:
    return set(by_name(hub.claims(registry, export)))


def test_a_file_that_changes_encoding_half_way_is_read_to_its_end(tmp_path: Path) -> None:
    rows = [",".join(row).encode(code) for row, code in ((ROSTER, "gbk"), (ZHANG, "gbk"), (LI, "utf-8"), (WANG, "gbk"))]
    (tmp_path / "r.csv").write_bytes(b"\r\n".join(rows))
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", tmp_path)
    assert names(hub) == {"张伟", "李娜", "王芳"}
    assert report.exports[0].findings["encoding-differs"] == 1


def test_a_line_in_no_encoding_goes_back_to_its_owner_with_its_row(tmp_path: Path) -> None:
    good = [",".join(row).encode() for row in (ROSTER, ZHANG, LI)]
    (tmp_path / "r.csv").write_bytes(b"\n".join([*good[:2], b"\xff\xfe\x81\x20,x,y,z", good[2]]))
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", tmp_path)
    assert names(hub) == {"张伟", "李娜"}
    assert report.reasons == {"row.encoding": 1}
    [aside] = hub.put_aside("civil_affairs")["residents"]
    assert aside["row"] == 2
    assert "\ufffd" in aside["raw"]["姓名"]


def test_a_nul_inside_a_cell_is_taken_out_and_told(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, ["张\x00伟", *ZHANG[1:]]])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    assert by_name(hub.claims("civil_affairs", "residents"))["张伟"]["quality"] == ["nul-removed"]


def test_an_open_quotation_mark_costs_one_row(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, ['"张伟', *ZHANG[1:]], LI, WANG])
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", tmp_path)
    assert names(hub) == {"李娜", "王芳"}
    assert report.reasons == {"row.quote": 1}


def test_a_quotation_mark_before_more_text_than_any_cell_holds_costs_one_row(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, [f'"张伟{"无" * 140_000}', *ZHANG[1:]], LI, WANG])
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", tmp_path)
    assert names(hub) == {"李娜", "王芳"}
    assert report.reasons == {"row.quote": 1}


def test_a_carriage_return_within_a_row_ends_neither_the_row_nor_the_run(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, ['"张伟"', *ZHANG[1:3], "桃源村\r1号"], LI])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    assert names(hub) == {"张伟", "李娜"}
    assert by_name(hub.claims("civil_affairs", "residents"))["张伟"]["household_address"] == "桃源村 1号"


def test_a_quoted_cell_may_hold_commas_and_line_breaks(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(
        ",".join(ROSTER) + '\n张伟,330199196605140016,1966-05-14,"桃源村,\n""东""头"\n', encoding="utf-8"
    )
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    assert by_name(hub.claims("civil_affairs", "residents"))["张伟"]["household_address"] == '桃源村,\n"东"头'


def test_a_row_with_another_number_of_cells_is_not_guessed_at(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, ZHANG, ["李娜", "李,娜", *LI[1:]], WANG[:2]])
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", tmp_path)
    assert names(hub) == {"张伟"}
    assert report.reasons == {"row.column-count": 2}


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_found_by_the_header(tmp_path: Path, delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (ROSTER, ZHANG))
    (tmp_path / "r.txt").write_text(text, encoding="gb18030")
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    assert names(hub) == {"张伟"}


def test_database_null_marks_are_nothing(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, ["张伟", "330199196605140016", r"\N", "NULL"]])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    found = by_name(hub.claims("civil_affairs", "residents"))["张伟"]
    assert not {"birth_date", "household_address"} & found.keys()


def test_a_workbook_with_title_unit_and_total_rows(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["青溪县2026年10月城乡低保发放名册"])
    sheet.merge_cells("A1:G1")
    sheet.append(["", "", "", "", "", "", "单位：元"])
    sheet.append(AID)
    sheet.append([1, "柳河镇", "张伟", "330199196605140016", "DB1", "城市", "1,234.50元"])
    sheet.append(["合计", None, None, None, None, None, "=SUM(G4:G4)"])
    sheet.append(["制表人：某某", None, None, "审核：某某"])
    book.save(tmp_path / "低保.xlsx")
    hub = hub_for("low_income")
    report = run(hub, "low_income", tmp_path)
    [household] = hub.claims("low_income", "households")
    assert (household["month"], household["top_up_fen"]) == ("2026-10", 123450)
    assert report.exports[0].skipped == {"title": 2, "header": 1, "total": 1, "footer": 1}
    assert report.read == 1


def test_two_header_rows_and_a_row_of_units(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["2026年11月低保"])
    sheet.append(["序号", "地区", "户主", None, "低保证号", "保障类别", "保障金额", None])
    sheet.append([None, None, "户主姓名", "身份证号", None, None, "家庭补差", "分类施保金"])
    sheet.append([None, None, None, None, None, None, "万元", "元"])
    sheet.append([1, "柳河镇", "张伟", "330199196605140016", "DB1", "农村", 0.06, 130])
    book.save(tmp_path / "a.xlsx")
    hub = hub_for("low_income")
    run(hub, "low_income", tmp_path)
    [household] = hub.claims("low_income", "households")
    assert (household["top_up_fen"], household["category_aid_fen"], household["month"]) == (60000, 13000, "2026-11")


def test_cells_of_every_type_and_dates_as_text(tmp_path: Path) -> None:
    rows = [
        ROSTER,
        ["张伟", 330199196605140016, datetime(1966, 5, 14), "一"],  # noqa: DTZ001 - a workbook knows no zone
        ["李娜", "'33019919580312002X", 21256, "二"],
        ["王芳", 3.30199199106210e17, "1991年6月21日", True],
    ]
    workbook(tmp_path / "r.xlsx", rows)
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    found = by_name(hub.claims("civil_affairs", "residents"))
    assert found["张伟"]["birth_date"] == "1966-05-14"
    assert (found["李娜"]["number"], found["李娜"]["birth_date"]) == ("33019919580312002X", "1958-03-12")
    assert "number" not in found["王芳"]
    assert found["王芳"]["quality"] == ["number-rounded-by-spreadsheet"]
    assert found["王芳"]["number_written"] == "330199199106210000"


def test_formulas_count_by_their_stored_result_and_literals_by_themselves(tmp_path: Path) -> None:
    workbook(tmp_path / "r.xlsx", [ROSTER, ["张伟", '="330199196605140016"', "1966-05-14", "=A1&B1"]])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    found = by_name(hub.claims("civil_affairs", "residents"))["张伟"]
    assert found["number"] == "330199196605140016"
    assert found["quality"] == ["formula-without-result"]


def test_a_sheet_whose_dimension_lies_is_read_whole(tmp_path: Path) -> None:
    path = workbook(tmp_path / "w.xlsx", [ROSTER, ZHANG, LI])
    lying = tmp_path / "lying.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(lying, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            if member.endswith("sheet1.xml"):
                content = content.replace(b'<dimension ref="A1:D3" />', b'<dimension ref="A1"/>')
                assert b'ref="A1"/>' in content
            new.writestr(member, content)
    path.unlink()
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    assert names(hub) == {"张伟", "李娜"}


def test_several_files_of_one_export_are_one_snapshot_and_strangers_are_named(tmp_path: Path) -> None:
    lines(tmp_path / "柳河.csv", [ROSTER, ZHANG], "gb18030")
    (tmp_path / "sub").mkdir()
    workbook(tmp_path / "sub" / "城关.xlsx", [ROSTER, LI])
    lines(tmp_path / "other.csv", [["甲", "乙"], ["1", "2"]])
    (tmp_path / ".hidden.csv").write_text("x", encoding="utf-8")
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", tmp_path)
    assert names(hub) == {"张伟", "李娜"}
    assert {one["name"]: one["reason"] for one in report.ignored} == {
        "other.csv": "no export has these columns",
    }


def test_a_file_without_header_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    workbook(tmp_path / "r.xlsx", [ZHANG, LI])
    hub = hub_for("civil_affairs")
    with pytest.raises(Missing) as refused:
        run(hub, "civil_affairs", tmp_path)
    assert refused.value.code == "adapters.nothing-recognised"
    assert hub.chain("civil_affairs").sequence == 0


def test_what_only_looks_like_a_workbook_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "r.xlsx").write_bytes(b"PK\x03\x04 nothing of the kind")
    with pytest.raises(Malformed) as refused:
        run(hub_for("civil_affairs"), "civil_affairs", tmp_path)
    assert refused.value.code == "adapters.workbook"


def test_a_file_that_cannot_be_read_withdraws_nothing(tmp_path: Path) -> None:
    lines(tmp_path / "a.csv", [ROSTER, ZHANG])
    workbook(tmp_path / "b.xlsx", [ROSTER, LI])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    (tmp_path / "b.xlsx").write_bytes((tmp_path / "b.xlsx").read_bytes()[:-300])
    with pytest.raises(Malformed):
        run(hub, "civil_affairs", tmp_path)
    (tmp_path / "b.xlsx").unlink()
    (tmp_path / "b.xls").write_bytes(b"\xd0\xcf\x11\xe0 an old workbook")
    with pytest.raises(Malformed) as refused:
        run(hub, "civil_affairs", tmp_path)
    assert refused.value.code == "adapters.old-workbook"
    assert names(hub) == {"张伟", "李娜"}


def test_duplicate_keys_are_kept_told_apart_and_reported(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, ZHANG, [*ZHANG[:3], "另一处"], ZHANG])
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", tmp_path)
    assert len(hub.live("civil_affairs", "residents")) == 3
    assert (report.exports[0].duplicates, report.exports[0].duplicate_rows) == (2, [2, 3])


def test_a_repeated_deceased_corrects_the_first(tmp_path: Path) -> None:
    header = ["DEAD_ID", "NAME", "ID_CARD", "DEATH_DATE"]
    lines(tmp_path / "1.csv", [header, ["B1", "张伟", ZHANG[1], "2026-01-02"], ["B1", "张伟", ZHANG[1], "2026-01-03"]])
    hub = hub_for("funeral")
    report = run(hub, "funeral", tmp_path)
    [deceased] = hub.claims("funeral", "funerals")
    assert deceased["died_on"] == "2026-01-03"
    assert report.exports[0].corrected == 1
    lines(tmp_path / "2.csv", [header, ["B1", "张伟", ZHANG[1], "2026-01-04"]])
    again = run(hub, "funeral", tmp_path)
    [deceased] = hub.claims("funeral", "funerals")
    assert deceased["died_on"] == "2026-01-04"
    assert (again.read, again.withdrawn) == (1, 0)


def test_the_file_of_the_later_day_corrects_whatever_the_names_sort_to(tmp_path: Path) -> None:
    header = ["DEAD_ID", "NAME", "ID_CARD", "DEATH_DATE"]
    for name, day in (("登记-20261211", "04"), ("登记-本年", "03"), ("登记-历年", "01"), ("登记-上年", "02")):
        lines(tmp_path / f"{name}.csv", [header, ["B1", "张伟", ZHANG[1], f"2026-01-{day}"]])
    hub = hub_for("funeral")
    run(hub, "funeral", tmp_path)
    assert [claims["died_on"] for claims in hub.claims("funeral", "funerals")] == ["2026-01-04"]


def test_a_file_without_a_byte_beside_others_is_a_hole_in_a_snapshot(tmp_path: Path) -> None:
    (tmp_path / "补充.csv").touch()
    with pytest.raises(Malformed) as refused:
        read_source(tmp_path, CIVIL)
    assert refused.value.code == "adapters.file-empty"
    assert "补充.csv" in refused.value.en
    lines(tmp_path / "花名册.csv", ROSTER_LINES)
    contents = read_source(tmp_path, CIVIL)
    assert [table.name for table in contents.tables] == ["花名册.csv"]
    assert [hole.code for hole in contents.holes] == ["adapters.file-empty"]


@pytest.mark.parametrize("registry", ["land", "low_income"])
def test_where_files_mean_nothing_without_each_other_an_empty_one_ends_the_run(tmp_path: Path, registry: str) -> None:
    lines(tmp_path / "QLR.csv", [["QLRMC", "ZJH", "BDCQZH", "BDCDYH"], ["张伟", "1", "2", "3"]])
    (tmp_path / "补充.csv").touch()
    with pytest.raises(Malformed) as refused:
        read_source(tmp_path, default_mapping(registry))
    assert refused.value.code == "adapters.file-empty"


def test_a_file_that_cannot_be_opened_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "花名册.csv").symlink_to("/proc/self/mem")
    with pytest.raises(Refused) as refused:
        read_source(tmp_path, CIVIL)
    assert refused.value.code == "adapters.file-unreadable"


def test_what_windows_leaves_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    lines(tmp_path / "花名册.csv", ROSTER_LINES)
    (tmp_path / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    (tmp_path / "desktop.ini").write_text("[.ShellClassInfo]")
    (tmp_path / "原件.zip").write_bytes(b"PK\x03\x04")
    contents = read_source(tmp_path, CIVIL)
    assert {one.name: one.reason for one in contents.ignored} == {
        "Thumbs.db": "not a table",
        "desktop.ini": "not a table",
        "原件.zip": "packed; unpack it first",
    }


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<html><table></table></html>"])
def test_a_workbook_of_the_old_kind_ends_the_run(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "花名册.xls").write_bytes(content)
    with pytest.raises(Malformed) as refused:
        read_source(tmp_path, CIVIL)
    assert refused.value.code == "adapters.old-workbook"


def test_a_table_without_a_header_is_refused_and_its_rows_are_not_repeated(tmp_path: Path) -> None:
    lines(tmp_path / "花名册.csv", [["张伟", "330199196605140016", "1966-05-14", "某地"]])
    with pytest.raises(Missing) as refused:
        read_source(tmp_path, CIVIL)
    told = str(refused.value) + str(refused.value.facts)
    assert refused.value.code == "adapters.nothing-recognised"
    assert "张伟" not in told
    assert "3301" not in told


def test_a_table_that_lacks_a_column_is_refused_by_that_column(tmp_path: Path) -> None:
    lines(tmp_path / "花名册.csv", [["证件号码", "出生日期", "户籍地址", "性别"], ["330199196605140016", "", "", ""]])
    with pytest.raises(Missing) as refused:
        read_source(tmp_path, CIVIL)
    assert "without 姓名" in str(refused.value.facts["found"])


def test_an_empty_folder_and_an_empty_source_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Missing) as empty:
        read_source(tmp_path, CIVIL)
    with pytest.raises(Malformed) as unsaid:
        read_source("", CIVIL)
    assert (empty.value.code, unsaid.value.code) == ("adapters.source-without-tables", "adapters.source-empty")


@pytest.mark.parametrize(
    "written",
    [
        {"序号": "合计：", "家庭补差": "300"},
        {"序号": "合计（1户）", "家庭补差": "300"},
        {"序号": "桃源乡小计", "家庭补差": "300"},
        {"户主姓名": "合计", "家庭补差": "300"},
        {"序号": "合计", "户主姓名": "1", "家庭补差": "300.00"},
        {"序号": "小 计：", "户主姓名": "1户", "低保证号": "-", "家庭补差": "¥1,300元"},
        {"地区": "总计", "户主姓名": "1", "身份证号": "1人"},
        {"序号": "总户数：1", "身份证号": "总金额：300元"},
        {"序号": "合计大写：叁佰元整"},
        {"序号": "主要领导签字：", "低保证号": "分管领导签字：", "保障类别": "经办人签字："},
        {"序号": "2026年10月31日"},
        {"序号": "——以下空白——"},
        {"户主姓名": "制表人：王芳", "身份证号": "审核人：李强", "家庭补差": "填表日期：2026年9月28日"},
        {"序号": "制表人：", "户主姓名": "王芳", "身份证号": "审核人：", "低保证号": "李强", "保障类别": "2026.9.28"},
        {"户主姓名": "共 1 条记录"},
        {"户主姓名": "(1 行受影响)"},
        {"序号": "2"},
        {"家庭补差": "300"},
    ],
)
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_what_stands_below_a_table_is_no_record(tmp_path: Path, kind: str, written: dict[str, str]) -> None:
    table = [AID, ["1", "桃源乡", *LI[:2], "DB1", "城市", "300"], [written.get(column, "") for column in AID]]
    path = tmp_path / f"低保2026年10月.{kind}"
    workbook(path, table) if kind == "xlsx" else lines(path, table)
    report = run(hub_for("low_income"), "low_income", path)
    assert (report.accepted, report.unusable) == (1, 0)


@pytest.mark.parametrize("name", ["15", "12.5", "2026-01-02", "-"])
def test_a_number_is_nobody_s_name(tmp_path: Path, name: str) -> None:
    table = [["姓名", "证件号码", "户籍地址"], [name, ZHANG[1], "桃源村"], [*ZHANG[:2], "桃源村"]]
    lines(tmp_path / "a.csv", table)
    report = run(hub_for("civil_affairs"), "civil_affairs", tmp_path / "a.csv")
    assert (report.accepted, report.unusable) == (1, 1)


def test_a_record_that_repeats_the_strokes_between_the_columns_is_no_header(tmp_path: Path) -> None:
    record = ["张伟", "+", ZHANG[1], "+", "桃源村", "+"]
    lines(tmp_path / "a.csv", [["姓名", "+", "证件号码", "+", "户籍地址", "+"], record])
    assert run(hub_for("civil_affairs"), "civil_affairs", tmp_path / "a.csv").accepted == 1


def test_a_row_that_lacks_its_key_but_says_more_goes_back_to_its_owner(tmp_path: Path) -> None:
    table = [AID, ["1", "桃源乡", *LI[:2], "DB1", "城市", "300"], ["2", "桃源乡", "", "", "", "城市", "300"]]
    report = run(hub_for("low_income"), "low_income", workbook(tmp_path / "低保2026年10月.xlsx", table))
    assert (report.accepted, report.unusable) == (1, 1)


def test_the_number_2020_1_is_january_or_october_and_read_as_neither(tmp_path: Path) -> None:
    header = [*AID, "起始保障年月"]
    wang, zhang = (["1", "桃源", name, number, f"D{name}", "城市"] for name, number in (WANG[:2], ZHANG[:2]))
    table = [["2026年10月低保"], header, [*wang, 2020.1, 2020.1], [*zhang, "100", "2020.1"]]
    hub = hub_for("low_income")
    run(hub, "low_income", workbook(tmp_path / "d.xlsx", table))
    told = {one["head"]["name"]: one for one in hub.claims("low_income", "households")}
    assert "starts_month" not in told["王芳"]
    assert told["王芳"]["quality"] == ["starts-month-unreadable"]
    assert told["王芳"]["top_up_fen"] == 202010
    assert told["张伟"]["starts_month"] == "2020-01"


HOUSEHOLD = ["户主姓名", "身份证号", "低保证号", "家庭补差"]


def members_of(hub: object) -> dict[str, list[tuple[str | None, ...]]]:
    return {
        one["head"]["name"]: [
            (member.get("name"), member.get("relation"), member.get("number")) for member in one.get("members", ())
        ]
        for one in hub.claims("low_income", "households")
    }


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_members_below_a_household_whose_cells_are_merged_downwards_are_its_members(tmp_path: Path, kind: str) -> None:
    table = [
        [*HOUSEHOLD, "家庭成员姓名", "与户主关系", "家庭成员身份证号"],
        ["张伟", ZHANG[1], "D1", "300", "张伟", "户主", ZHANG[1]],
        ["", "", "", "", "李娜", "妻", ""],
        ["", "", "", "", "张小", "子", WANG[1]],
        ["王芳", WANG[1], "D2", "200", "", "", ""],
        ["", "", "", "", "王小", "女", LI[1]],
        ["合计", "", "", "500", "", "", ""],
    ]
    path = tmp_path / f"低保2026年10月.{kind}"
    workbook(path, table) if kind == "xlsx" else lines(path, table)
    hub = hub_for("low_income")
    report = run(hub, "low_income", path)
    assert (report.read, report.unusable) == (2, 0)
    assert members_of(hub) == {
        "张伟": [("张伟", "02", ZHANG[1]), ("李娜", "12", None), ("张小", "20", WANG[1])],
        "王芳": [("王小", "30", LI[1])],
    }


def test_a_row_below_a_household_that_says_more_than_members_goes_back(tmp_path: Path) -> None:
    table = [
        [*HOUSEHOLD, "家庭成员"],
        ["张伟", ZHANG[1], "D1", "300", f"张伟 户主 {ZHANG[1]}"],
        ["", "", "", "", f"李娜 妻 {LI[1]}"],
        ["", "", "", "200", f"王芳 女 {WANG[1]}"],
    ]
    hub = hub_for("low_income")
    report = run(hub, "low_income", workbook(tmp_path / "低保2026年10月.xlsx", table))
    assert (report.accepted, report.unusable) == (1, 1)
    assert members_of(hub) == {"张伟": [("张伟", "02", ZHANG[1]), ("李娜", "12", LI[1])]}
