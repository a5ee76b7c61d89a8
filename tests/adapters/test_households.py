"""Households of a workbook however the rows of their members and the groups of its header are laid out."""

from pathlib import Path

import pytest

from tests.support.adapter_runs import hub_for, run, workbook

HOUSEHOLD = [1, "张伟", "330199196605140016", "D0001", "城市"]
WIFE = ["李敏", "妻", "440524188001010014"]
SON = ["张小军", "子", "11010519491231002X"]
HEAD = ["序号", "户主姓名", "身份证号", "低保证号", "保障类别", "家庭成员", "成员关系", "成员身份证号"]
GROUPS = ["序号", "户主信息", None, "低保证号", "保障类别", "家庭成员信息", None, None]
BELOW = [None, "姓名", "身份证号", None, None, "姓名", "与户主关系", "身份证号"]


@pytest.mark.parametrize(
    "rows",
    [
        [HEAD, [*HOUSEHOLD, *WIFE], [None] * 5 + SON],
        [HEAD, [*HOUSEHOLD, *WIFE], [*HOUSEHOLD, *SON]],
        [HEAD, [*HOUSEHOLD, *WIFE], [2, *HOUSEHOLD[1:], *SON]],
        [HEAD, [*HOUSEHOLD, *WIFE], [2, "〃", "〃", "〃", "〃", *SON]],
        [GROUPS, BELOW, [*HOUSEHOLD, *WIFE], [None] * 5 + SON],
    ],
    ids=["merged", "repeated", "numbered", "as above", "groups"],
)
def test_the_rows_of_one_household_are_one_record(tmp_path: Path, rows: list[list[object]]) -> None:
    workbook(tmp_path / "低保.xlsx", [["2026年10月低保名单"], *rows])
    hub = hub_for("low_income")
    report = run(hub, "low_income", tmp_path)
    (found,) = hub.claims("low_income", "households")
    assert (report.unusable, found["head"]["name"], "quality" in found) == (0, "张伟", False)
    told = [(member["name"], member["relation"], member["number"]) for member in found["members"]]
    assert told == [("李敏", "12", WIFE[2]), ("张小军", "20", SON[2])]


def test_two_households_are_two_though_their_members_stand_below_each_other(tmp_path: Path) -> None:
    other = [2, "王芳", "11010519491231002X", "D0002", "城市"]
    workbook(tmp_path / "2026-10.xlsx", [HEAD, [*HOUSEHOLD, *WIFE], [*other, *WIFE], [*other, *WIFE]])
    hub = hub_for("low_income")
    run(hub, "low_income", tmp_path)
    found = [one["certificate"] for one in hub.claims("low_income", "households")]
    assert sorted(found) == ["D0001", "D0002", "D0002"]


def test_nobody_is_called_as_above(tmp_path: Path) -> None:
    workbook(tmp_path / "2026-10.xlsx", [HEAD, [1, "〃", "330199196605140016", "D0001", "城市", None, None, None]])
    report = run(hub_for("low_income"), "low_income", tmp_path)
    assert (report.accepted, report.reasons) == (0, {"row.required-empty": 1})


@pytest.mark.parametrize(
    "cell",
    [
        "李敏|妻|440524188001010014#张小军|子|11010519491231002X",
        "李敏_妻_440524188001010014&张小军_子_11010519491231002X",
        '[{"n": "李敏", "r": "妻", "i": "440524188001010014"}, {"n": "张小军", "r": "子", "i": "11010519491231002X"}]',
    ],
)
def test_signs_between_members_are_no_part_of_a_name(tmp_path: Path, cell: str) -> None:
    workbook(tmp_path / "2026-10.xlsx", [HEAD[:6], [*HOUSEHOLD, cell]])
    hub = hub_for("low_income")
    run(hub, "low_income", tmp_path)
    (found,) = hub.claims("low_income", "households")
    told = [(member["name"], member["relation"], member["number"]) for member in found["members"]]
    assert told == [("李敏", "12", WIFE[2]), ("张小军", "20", SON[2])]


def test_names_and_then_as_many_numbers_are_paired_in_their_order(tmp_path: Path) -> None:
    cell = "李敏、张小军（440524188001010014、11010519491231002X）"
    workbook(tmp_path / "2026-10.xlsx", [HEAD[:6], [*HOUSEHOLD, cell]])
    hub = hub_for("low_income")
    run(hub, "low_income", tmp_path)
    (found,) = hub.claims("low_income", "households")
    assert [(one["name"], one["number"]) for one in found["members"]] == [("李敏", WIFE[2]), ("张小军", SON[2])]
