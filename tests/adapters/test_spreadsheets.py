"""What clerks do with a sheet: apostrophes before codes, a second table below the first, numbers kept as numbers."""

from pathlib import Path

import pytest

from tests.support.adapter_runs import by_name, hub_for, run, workbook

HEAD = ["姓名", "性别", "证件号码", "出生日期", "户籍地址", "网格编码"]
ZHANG = ["张伟", "男", "330199196605140016", "1966-05-14", "桃源村", "G1"]
LI = ["李敏", "女", "440524188001010014", "1880-01-01", "杏花村", "G2"]


def test_an_apostrophe_before_a_value_is_no_part_of_it(tmp_path: Path) -> None:
    workbook(tmp_path / "r.xlsx", [HEAD, [f"'{cell}" for cell in ZHANG]])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    (found,) = hub.claims("civil_affairs", "residents")
    told = [found[name] for name in ("name", "sex", "number", "birth_date", "household_address", "grid_code")]
    assert told == ["张伟", "1", *ZHANG[2:]]


def test_a_table_below_another_is_read_by_its_own_order_of_columns(tmp_path: Path) -> None:
    other = [2, 0, 5, 4, 3, 1]
    rows = [HEAD, ZHANG, [None], [HEAD[place] for place in other], [LI[place] for place in other]]
    workbook(tmp_path / "r.xlsx", rows)
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", tmp_path)
    found = by_name(hub.claims("civil_affairs", "residents"))
    assert (report.read, report.unusable) == (2, 0)
    for row, sex in ((ZHANG, "1"), (LI, "2")):
        told = [found[row[0]][name] for name in ("sex", "number", "birth_date", "household_address", "grid_code")]
        assert told == [sex, *row[2:]]


@pytest.mark.parametrize("number", [532331200009171045.0, 440524188001010014.0])
def test_a_number_kept_as_a_number_is_no_number_of_a_person(tmp_path: Path, number: float) -> None:
    workbook(tmp_path / "r.xlsx", [HEAD, [*ZHANG[:2], number, *ZHANG[3:]]])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    (found,) = hub.claims("civil_affairs", "residents")
    assert found.get("number_valid", False) is False
    assert set(found["quality"]) & {"number-in-scientific-notation", "number-rounded-by-spreadsheet"}


def test_a_carriage_return_that_was_pasted_is_no_part_of_a_value(tmp_path: Path) -> None:
    """Workbooks write what XML cannot hold as _xHHHH_ (ECMA-376 part 1, 22.9.2.19)."""
    pasted = [f"{cell}_x000D_\n" for cell in ZHANG]
    workbook(tmp_path / "r.xlsx", [HEAD, pasted])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    (found,) = hub.claims("civil_affairs", "residents")
    assert [found[name] for name in ("name", "number", "household_address", "grid_code")] == [
        ZHANG[0],
        *ZHANG[2:3],
        *ZHANG[4:],
    ]
