"""Cells in standard form: people packed into one cell, months in titles, codes in every spelling."""

from typing import Any

import pytest

from adapters.mapping.load import default_mapping
from adapters.standard.folding import fit, folded_code, folded_header, header_unit, is_null
from adapters.standard.holders import unpack_holders
from adapters.standard.packed import acquaint_head, holds_head, unpack_members
from adapters.standard.people import code_for, put_identifier, put_organisation_numbers
from adapters.standard.scalars import (
    month_told,
    read_account,
    read_area,
    read_date,
    read_instant,
    read_marriage_certificate,
    read_money,
    read_month,
    read_region,
)
from adapters.standard.unusable import UnusableRow

CODES = default_mapping("low_income").codes
A, B = "330199201201010016", "330199198002020022"


@pytest.mark.parametrize(
    "cell",
    [
        f"小明/儿子/{A}；陈芳/妻子/{B}",
        f"小明,儿子,{A};陈芳,妻子,{B}",
        f"小明、儿子、{A}、陈芳、妻子、{B}",
        f"小明 儿子 {A}\n陈芳 妻子 {B}",
        f"小明(儿子){A}、陈芳（妻子）{B}",
        f"儿子小明{A}".replace("儿子小明", "小明(儿子)") + f"，陈芳 妻 {B}",
        f"1.小明 子 {A} 2.陈芳 妻 {B}".replace(" 2.", "；2."),
        f"姓名：小明，关系：子，身份证号：{A}；姓名：陈芳，关系：妻，身份证号：{B}",
        f"小明|子|{A}|陈芳|妻|{B}",
        f"{A}/小明/子;{B}/陈芳/妻",
    ],
)
def test_members_are_unpacked_however_they_are_separated(cell: str) -> None:
    members, is_clear = unpack_members(cell, CODES["relation"])
    assert is_clear
    assert [(one["name"], one["relation"], one["number"]) for one in members] == [("小明", "20", A), ("陈芳", "12", B)]


def test_members_without_numbers_or_relations_are_members_all_the_same() -> None:
    members, is_clear = unpack_members("小明、陈芳、阿依古丽·买买提", CODES["relation"])
    assert is_clear
    assert [one["name"] for one in members] == ["小明", "陈芳", "阿依古丽·买买提"]
    members, _ = unpack_members("小明/子/无；陈芳/妻/330199********0022", CODES["relation"])
    assert [one["name"] for one in members] == ["小明", "陈芳"]
    assert "number" not in members[0]
    assert members[1]["quality"] == ["number-masked"]


def test_an_unknown_relation_stays_as_written() -> None:
    members, _ = unpack_members(f"小明/外甥孙/{A};陈芳/妻/{B}", CODES["relation"])
    assert members[0]["relation"] == "外甥孙"


@pytest.mark.parametrize("separator", ["、", "/", ";", ",", "；", "，", "\n"])
def test_co_owners_are_paired_with_their_numbers(separator: str) -> None:
    holders = unpack_holders({"name": f"小明{separator}陈芳", "number": f"{A}{separator}{B}", "share": ""}, "111")
    assert [(one["name"], one["number"]) for one in holders] == [("小明", A), ("陈芳", B)]


def test_co_owners_and_numbers_of_another_count_are_not_guessed_at() -> None:
    with pytest.raises(UnusableRow) as refused:
        unpack_holders({"name": "小明、陈芳、王五", "number": f"{A}、{B}"}, "111")
    assert refused.value.code == "row.holders-unpaired"
    assert [one["name"] for one in unpack_holders({"name": "小明、陈芳", "number": "无"}, None)] == ["小明", "陈芳"]


def test_a_missing_number_keeps_its_place_among_co_owners() -> None:
    holders = unpack_holders({"name": "小明;陈芳", "number": f";{B}"}, "111")
    assert [one.get("number") for one in holders] == [None, B]
    holders = unpack_holders({"name": "小明;陈芳", "number": f"330199 20120101 0016;{B}"}, "111")
    assert [one["number"] for one in holders] == [A, B]
    holders = unpack_holders({"name": "小明、陈芳", "number": f"{A} {B}"}, "111")
    assert [one["number"] for one in holders] == [A, B]


def test_a_company_with_a_comma_in_its_name_is_one_holder() -> None:
    [holder] = unpack_holders({"name": "青溪县茶业(集团)有限公司,", "number": "91330106MA2ABCD139"}, None)
    assert (holder["document_kind"], holder["number"]) == ("001", "91330106MA2ABCD139")


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("青溪县2026年10月城乡低保发放名册", "2026-10"),
        ("2026年 9 月份", "2026-09"),
        ("二〇二六年十一月发放表", "2026-11"),
        ("低保202610", "2026-10"),
        ("2026-03", "2026-03"),
        ("2026.3", "2026-03"),
        ("2026-11-05", "2026-11"),
        ("2020年1月", "2020-01"),
        ("发放名册", None),
        ("20200301", "2020-03"),
        ("低保20261031导出", "2026-10"),
        ("制表日期：2026年11月5日 2026年10月低保", "2026-10"),
    ],
)
def test_months_are_found_in_titles(text: str, month: str | None) -> None:
    assert read_month(text)[0] == month


@pytest.mark.parametrize(
    ("texts", "saved", "month"),
    [
        (["", "10月", "2026年低保"], "2026-11-22", "2026-10"),
        (["低保发放表", "Sheet1", "9月", "2026年"], "2026-11-22", "2026-09"),
        (["Sheet1", "12月低保"], "2026-01-03", "2025-12"),
        (["10月发放表 制表日期：2026年11月5日", "Sheet1"], "2026-11-05", "2026-10"),
        (["Sheet1", "低保20261031"], "2026-12-01", "2026-10"),
        (["1-10月汇总", "2026年"], "2026-11-22", "2026-11"),
        (["Sheet1", "名册"], "2026-11-22", "2026-11"),
    ],
)
def test_a_month_is_put_together_from_what_stands_around_the_table(texts: list[str], saved: str, month: str) -> None:
    assert read_month(month_told(texts, saved))[0] == month


def test_amounts_areas_and_units() -> None:
    assert read_money("1,234.50元", "万元") == (123450, None)
    assert read_money("3", "万元") == (3000000, None)
    assert read_area("0.3亩", "平方米") == (2000000, None)
    assert read_area("-3", "平方米") == (None, "unreadable")
    assert read_money("很多", "元") == (None, "unreadable")
    assert header_unit("家庭补差（万元）") == "万元"
    assert header_unit("面积(㎡)") == "㎡"
    assert folded_header(" *家庭补差\n(万元) ") == "家庭补差"


def test_days_in_the_order_the_mapping_says() -> None:
    assert read_date("14/05/1966", "dmy") == ("1966-05-14", None)
    assert read_date("05/14/1966", "mdy") == ("1966-05-14", None)
    assert read_date("长期") == (None, "open")
    assert read_date("2026-02-30") == (None, "unreadable")
    assert read_date("1900-01-01") == (None, None)
    assert read_instant("2026/5/6 9:08") == ("2026-05-06 09:08:00", None) or read_instant("2026/5/6 09:08")[0]


def test_codes_in_every_spelling() -> None:
    assert [code_for(CODES["sex"], one) for one in ("1", "01", "男", "男性", "m", "1.0", "x")] == ["1"] * 6 + [None]
    assert [code_for(CODES["ethnicity"], one) for one in ("汉", "汉族", "01", "1", "维吾尔族")] == ["01"] * 4 + ["05"]


@pytest.mark.parametrize("cell", ["1-男", "男(1)", "1 男性", "01.男", "(1)男", "1|男", "男/1", "1:男", "1男"])
def test_a_code_beside_its_name_is_understood(cell: str) -> None:
    assert code_for(CODES["sex"], folded_code(cell)) == "1"


@pytest.mark.parametrize("cell", ["1-女", "男/2", "1-2", "男-女", "1-其他", "-男1-"])
def test_a_code_beside_the_name_of_another_is_no_code(cell: str) -> None:
    assert code_for(CODES["sex"], folded_code(cell)) is None


@pytest.mark.parametrize("cell", ['="2012-04-01"', ' ="2012-04-01" ', '="2012-04-01 "'])
def test_a_cell_guarded_from_the_spreadsheet_is_read_without_its_guard(cell: str) -> None:
    assert fit(cell) == "2012-04-01"


@pytest.mark.parametrize(
    "cell", ["330424", "330424 海盐县", "海盐县(330424)", "330424-浙江省海盐县", "海盐县", "330424甲"]
)
def test_a_region_is_read_from_its_code_its_name_or_both(cell: str) -> None:
    assert read_region(cell) == ("330424", None)


@pytest.mark.parametrize("cell", ["330424海宁市", "330424、330421", "33042", "3号330424"])
def test_a_region_whose_code_and_name_differ_is_read_as_neither(cell: str) -> None:
    assert read_region(cell) == (None, "unreadable")


def test_a_word_for_nothing_is_no_marriage_certificate() -> None:
    assert read_marriage_certificate("无") == (None, None)
    assert read_marriage_certificate("j330424－2019－000001") == ("J330424-2019-000001", None)


def test_several_or_damaged_numbers_are_kept_beside_the_one_that_counts() -> None:
    target: dict[str, Any] = {}
    put_identifier(target, f"{A}(旧{B})", "111")
    assert (target["number"], target["other_numbers"]) == (A, [B])
    target = {}
    put_identifier(target, "330199********0022", "111")
    assert target == {"quality": ["number-masked"], "number_written": "330199********0022"}


def test_organisation_numbers_are_told_by_their_form() -> None:
    target: dict[str, Any] = {}
    put_organisation_numbers(target, ["", "5133010650001234X2", "110108000000016"])
    assert target["credit_code"] == target["number"] == "5133010650001234X2"
    assert target["registration_number"] == "110108000000016"


def test_text_is_made_fit_to_keep() -> None:
    assert fit("\u3000张\x00伟\t ") == "张伟"
    assert fit("a\ud800b") == "a\ufffdb"
    assert read_account(" 6200 0000 0000 0001.0") == ("6200000000000001", None)
    assert read_account("6.2E+18")[1] == "rounded"
    assert read_region("３３０１９９") == ("330199", None)


def test_a_head_written_among_the_members_keeps_its_place_and_lends_it_its_number() -> None:
    members, _ = unpack_members(f"小明/子/{A};王强/本人;陈芳/妻/{B}", CODES["relation"])
    head = {"name": "王强", "number": "330106197001010013", "number_valid": True, "document_kind": "111"}
    acquaint_head(members, head)
    assert [one["name"] for one in members] == ["小明", "王强", "陈芳"]
    assert members[1]["number"] == head["number"]
    assert holds_head(members, head)
    assert not holds_head([members[0], members[2]], head)


@pytest.mark.parametrize("mark", ["#VALUE!", "#N/A", "\\N", "NULL", ""])
def test_marks_of_databases_and_errors_of_spreadsheets_say_nothing(mark: str) -> None:
    assert is_null(mark)
