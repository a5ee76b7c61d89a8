"""Rows that go back to their owner: where they stand, why, and what to do about it, without what they hold."""

import json
from pathlib import Path

from openpyxl import Workbook

from tests.support.adapter_runs import hub_for, lines, run, workbook

ROSTER = ["姓名", "证件号码", "出生日期", "户籍地址"]
ZHANG = ["张伟", "330199196605140016", "1966-05-14", "桃源村1号"]
NAMELESS = ["", "33019919580312002X", "1958-03-12", "桃源村2号"]


def test_a_row_that_goes_back_says_in_which_file_and_sheet_it_stands(tmp_path: Path) -> None:
    lines(tmp_path / "城关.csv", [ROSTER, ZHANG, NAMELESS])
    workbook(tmp_path / "柳河.xlsx", [ROSTER, NAMELESS], sheet="名册")
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", tmp_path)
    told = report.exports[0].unusable_rows
    assert [(one["table"], one["row"], one["column"]) for one in told] == [
        ("城关.csv", 2, "姓名"),
        ("柳河.xlsx#名册", 1, "姓名"),
    ]
    assert all("fill it in" in one["en"] and "补填" in one["zh"] for one in told)
    assert not any(cell and cell in json.dumps(report.to_json(), ensure_ascii=False) for cell in NAMELESS)
    asides = hub.put_aside("civil_affairs")["residents"]
    assert [one["raw"]["@table"] for one in asides] == ["城关.csv", "柳河.xlsx#名册"]


def test_half_a_joined_record_says_in_which_table_it_stands(tmp_path: Path) -> None:
    unit, certificate = "320684413219GB00029F00010002", "苏(2017)海门市不动产权第0000183号"
    lines(tmp_path / "qlr.csv", [["QLRMC", "ZJH", "BDCDYH", "BDCQZH"], ["张伟", ZHANG[1], unit, certificate]])
    lines(tmp_path / "fdcq.csv", [["BDCDYH", "BDCQZH", "QLLX"], [unit, certificate, "4"], [unit, "无证", "4"]])
    report = run(hub_for("land"), "land", tmp_path)
    assert [(one["table"], one["row"]) for one in report.exports[0].unusable_rows] == [("fdcq.csv", 2)]


def test_a_holder_whose_right_is_lost_or_damaged_keeps_the_last_good_evidence(tmp_path: Path) -> None:
    unit, certificate = "320684413219GB00029F00010002", "苏(2017)海门市不动产权第0000183号"
    lines(tmp_path / "qlr.csv", [["QLRMC", "ZJH", "BDCDYH", "BDCQZH"], ["张伟", ZHANG[1], unit, certificate]])
    rights = [["BDCDYH", "BDCQZH", "QLLX", "FDZL"], [unit, certificate, "4", "村"]]
    path = lines(tmp_path / "fdcq.csv", rights, "gb18030")
    hub = hub_for("land")
    run(hub, "land", tmp_path)
    for content in (path.read_bytes().replace("村".encode("gb18030"), b"\xff"), b"BDCDYH,BDCQZH,QLLX,FDZL\r\n"):
        path.write_bytes(content)
        report = run(hub, "land", tmp_path)
        assert (report.reasons["row.incomplete"], report.withdrawn) == (1, 0)
        assert len(hub.live("land", "rights")) == 1


def test_land_without_a_certificate_is_found_by_its_unit_and_says_that_there_is_none(tmp_path: Path) -> None:
    units = [f"320684413219GB00029F0001000{place}" for place in range(3)]
    holders = [[ZHANG[0], ZHANG[1], units[0], "无"], ["王芳", "", units[0], "/"], ["李娜", "", units[1], "未发证"]]
    lines(tmp_path / "qlr.csv", [["QLRMC", "ZJH", "BDCDYH", "BDCQZH"], *holders, ["赵云", "", units[2], ""]])
    rights = [[units[0], "—", "4"], [units[1], "无", "4"], [units[1], "无", "23"], [units[2], "", "4"]]
    lines(tmp_path / "fdcq.csv", [["BDCDYH", "BDCQZH", "QLLX"], *rights])
    hub = hub_for("land")
    report = run(hub, "land", tmp_path)
    kept = hub.claims("land", "rights")
    assert {one["holders"][0]["name"] for one in kept} == {"张伟", "王芳"}
    assert not any("certificate" in one for one in kept)
    assert report.reasons == {"row.join-ambiguous": 1, "row.incomplete": 2, "row.join-empty": 2}


def test_a_needed_cell_with_a_formula_that_nobody_worked_out_is_said_to_be_one(tmp_path: Path) -> None:
    workbook(tmp_path / "r.xlsx", [ROSTER, ['="张"&"伟"', *ZHANG[1:]]])
    report = run(hub_for("civil_affairs"), "civil_affairs", tmp_path)
    assert report.reasons == {"row.formula": 1}


def test_sheets_of_one_workbook_named_by_months_are_a_snapshot_each(tmp_path: Path) -> None:
    header = ["户主姓名", "身份证号", "低保证号", "保障类别"]
    book = Workbook()
    for name, households in (("9月", ("DB1", "DB2")), ("10月", ("DB1",))):
        page = book.create_sheet(name)
        page.append(header)
        for household in households:
            page.append(["张伟", ZHANG[1], household, "城市"])
    book.save(tmp_path / "2026年低保.xlsx")
    hub = hub_for("low_income")
    run(hub, "low_income", tmp_path)
    assert [(one["month"], one["certificate"]) for one in hub.claims("low_income", "households")] == [
        ("2026-10", "DB1")
    ]
