"""The export of the next day: cut short, under other names of columns, lying there twice."""

from pathlib import Path

import pytest

from hub.errors import Malformed, Refused
from tests.support.adapter_runs import hub_for, lines, run

HEAD = ["姓名", "证件号码", "出生日期", "户籍地址"]
ROWS = [[f"张{chr(0x4E00 + place)}", f"X{place:08}", "1966-05-14", "桃源村"] for place in range(40)]


@pytest.mark.parametrize("cut", [12, 700])
def test_a_snapshot_that_ends_in_the_middle_of_a_row_withdraws_nothing(tmp_path: Path, cut: int) -> None:
    hub = hub_for("civil_affairs")
    path = lines(tmp_path / "r.csv", [HEAD, *ROWS], "gb18030")
    run(hub, "civil_affairs", tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(Malformed) as refused:
        run(hub, "civil_affairs", tmp_path)
    assert refused.value.code == "adapters.file-cut"
    assert len(hub.claims("civil_affairs", "residents")) == len(ROWS)


def test_a_last_row_without_the_end_of_its_line_is_read(tmp_path: Path) -> None:
    path = lines(tmp_path / "r.csv", [HEAD, *ROWS])
    path.write_bytes(path.read_bytes().rstrip())
    assert run(hub_for("civil_affairs"), "civil_affairs", tmp_path).accepted == len(ROWS)


def test_a_key_column_under_a_name_that_the_mapping_does_not_know_renames_no_record(tmp_path: Path) -> None:
    hub = hub_for("civil_affairs")
    lines(tmp_path / "r.csv", [HEAD, *ROWS])
    run(hub, "civil_affairs", tmp_path)
    lines(tmp_path / "r.csv", [[*HEAD[:2], "生于何日", HEAD[3]], *ROWS])
    with pytest.raises(Refused) as refused:
        run(hub, "civil_affairs", tmp_path)
    assert (refused.value.code, refused.value.facts["left"]) == ("adapters.shrunken-snapshot", 0)
    assert run(hub, "civil_affairs", tmp_path, allow_shrink=True).withdrawn == len(ROWS)


def test_a_copy_of_a_file_beside_it_is_named_and_not_read(tmp_path: Path) -> None:
    hub = hub_for("civil_affairs")
    for name in ("r.csv", "副本.csv"):
        lines(tmp_path / name, [HEAD, *ROWS])
    lines(tmp_path / "other.csv", [HEAD, *[["李", *row[1:]] for row in ROWS]])
    report = run(hub, "civil_affairs", tmp_path)
    assert (report.read, report.accepted) == (2 * len(ROWS), 2 * len(ROWS))
    assert [one["name"] for one in report.ignored] in (["r.csv"], ["副本.csv"])
    assert not any(
        "quality" in one and "duplicate-key" in one["quality"] for one in hub.claims("civil_affairs", "residents")
    )
