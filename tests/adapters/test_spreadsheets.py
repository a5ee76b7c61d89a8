"""What clerks do with a sheet: apostrophes before codes, a second table below the first, numbers kept as numbers."""

import re
import zipfile
from datetime import UTC, datetime
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


def _rewritten(path: Path, changes: dict[str, list[tuple[str, str]]]) -> None:
    """The workbook with something replaced in some of its members, as other programs write them."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, pairs in changes.items():
        for old, new in pairs:
            assert re.search(old.encode(), members[name])
            members[name] = re.sub(old.encode(), new.encode(), members[name])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_looks_and_notes_that_no_program_minds_do_not_keep_a_workbook_from_being_read(tmp_path: Path) -> None:
    workbook(
        tmp_path / "r.xlsx", [HEAD, [*ZHANG[:3], datetime(1966, 5, 14, tzinfo=UTC).replace(tzinfo=None), *ZHANG[4:]]]
    )
    looks = [
        ("<fills.*</fills>", '<fills count="1"><fill/></fills>'),
        ("<fonts.*</fonts>", '<fonts><font><color rgb="red"/></font></fonts>'),
    ]
    times = [("<dcterms:modified[^>]*>[^<]*<", '<dcterms:modified xsi:type="dcterms:W3CDTF">2026-9-1 8:30<')]
    _rewritten(tmp_path / "r.xlsx", {"xl/styles.xml": looks, "docProps/core.xml": times})
    hub = hub_for("civil_affairs")
    assert run(hub, "civil_affairs", tmp_path).accepted == 1
    (found,) = hub.claims("civil_affairs", "residents")
    assert found["birth_date"] == "1966-05-14"


def test_a_formula_without_a_result_is_told_also_where_the_program_names_its_tags_otherwise(tmp_path: Path) -> None:
    """The Open XML SDK and others write every tag with a prefix, and no results of formulas."""
    workbook(tmp_path / "r.xlsx", [HEAD, [*ZHANG[:3], "=D9", *ZHANG[4:]]])
    prefixed = [("<(/?)(?=[a-z])", r"<\1x:"), (' xmlns="', ' xmlns:x="')]
    _rewritten(tmp_path / "r.xlsx", {"xl/worksheets/sheet1.xml": prefixed})
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    (found,) = hub.claims("civil_affairs", "residents")
    assert "formula-without-result" in found["quality"]
