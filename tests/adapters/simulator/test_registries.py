import csv
import json
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import URL, create_engine, text

from adapters.simulator.civil_affairs import ORGANISATION_COLUMNS, ROSTER_COLUMNS
from adapters.simulator.county import County, make_county
from adapters.simulator.dirt import USUAL, Dirt
from adapters.simulator.evolve import evolve
from adapters.simulator.funeral import CANCELLATION_COLUMNS, FUNERAL_COLUMNS
from adapters.simulator.land import HOLDER_COLUMNS, RIGHT_COLUMNS
from adapters.simulator.low_income import COLUMNS
from adapters.simulator.marriage_rows import COLUMNS as EVENT_COLUMNS
from adapters.simulator.marriage_rows import EventStore
from adapters.simulator.registries import Published, Shape, publish
from adapters.simulator.truth import read_truth
from hub.errors import Malformed
from hub.storage.embedded import ensure_database

Rows = list[dict[str, object]]


@pytest.fixture(scope="module")
def county() -> County:
    return make_county()


@pytest.fixture(scope="module")
def published(county: County, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(county, tmp_path_factory.mktemp("county"), shape=Shape(roster_file="csv"))


@pytest.fixture(scope="module")
def truth(published: Published) -> Rows:
    return list(read_truth(published.truth))


def rows_of(url: str, table: str) -> Rows:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = [dict(row) for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings()]
    engine.dispose()
    return found


def events_of(published: Published) -> Rows:
    store = EventStore(published.marriage_events)
    found = store.page(0, 1_000_000)
    store.close()
    return found


def lines_of(path: Path, encoding: str) -> list[list[str]]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file))


def sheet_of(path: Path) -> list[tuple[object, ...]]:
    workbook = load_workbook(path, read_only=True)
    found = list(workbook.worksheets[0].iter_rows(values_only=True))
    workbook.close()
    return found


def key(row: dict[str, object], *columns: str) -> str:
    return "|".join("" if row[column] is None else str(row[column]) for column in columns)


def test_civil_affairs_holds_the_roster_and_the_organisations_under_their_real_columns(published: Published) -> None:
    roster = rows_of(published.civil_url, "居民花名册")
    organisations = rows_of(published.civil_url, "SOM_ORGAN")
    assert list(roster[0]) == ROSTER_COLUMNS
    assert list(organisations[0]) == ORGANISATION_COLUMNS
    assert len(ROSTER_COLUMNS) == 15
    assert {row["sorgType"] for row in organisations} == {"社团", "民非", "基金会"}
    assert {row["sorgStatus"] for row in organisations} == {"正常", "在册", "注销", "撤销"}


def test_land_is_two_tables_that_join_by_unit_and_certificate(published: Published) -> None:
    holders, rights = rows_of(published.land_url, "QLR"), rows_of(published.land_url, "FDCQ")
    assert list(holders[0]) == HOLDER_COLUMNS
    assert list(rights[0]) == RIGHT_COLUMNS
    assert {row["QSZT"] for row in rights} == {"1", "2"}
    assert {"4", "6", "9", "23"} == {row["QLLX"] for row in rights}
    joined = {(row["BDCDYH"], row["BDCQZH"]) for row in rights} & {(row["BDCDYH"], row["BDCQZH"]) for row in holders}
    assert len(joined) > 0.7 * len(rights)


def test_funeral_is_a_folder_of_three_shapes_and_the_police_list(published: Published) -> None:
    folder = published.funeral_folder
    old = lines_of(folder / "火化登记-历年.csv", "gb18030")
    assert old[0] == FUNERAL_COLUMNS
    with pytest.raises(UnicodeDecodeError):
        (folder / "火化登记-历年.csv").read_text(encoding="utf-8")
    assert (folder / "火化登记-上年.csv").read_bytes().startswith(b"\xef\xbb\xbfDEAD_ID")
    this_year = sheet_of(folder / "火化登记-本年.xlsx")
    assert list(this_year[0]) == FUNERAL_COLUMNS
    assert isinstance(this_year[1][FUNERAL_COLUMNS.index("START_TIME")], datetime)
    police = lines_of(folder / "死亡注销名单.csv", "gb18030")
    assert police[0] == CANCELLATION_COLUMNS
    assert {row[CANCELLATION_COLUMNS.index("cxbz")] for row in police[1:]} == {"0", "1"}


def test_low_income_is_a_workbook_a_month_with_title_unit_header_and_total(published: Published) -> None:
    earlier, latest = published.low_income_workbooks
    assert (earlier.name, latest.name) == ("低保发放名册-2026-10.xlsx", "低保发放名册-2026-11.xlsx")
    sheet = load_workbook(earlier).worksheets[0]
    assert "A1:R1" in {str(one) for one in sheet.merged_cells.ranges}
    rows = sheet_of(earlier)
    assert rows[0][0] == "青溪县2026年10月最低生活保障金发放名册"
    assert rows[1][-1] == "单位：元"
    assert list(rows[2]) == COLUMNS
    assert rows[-1][0] == "合计"
    assert rows[-1][COLUMNS.index("保障人数")] == sum(int(str(row[7])) for row in rows[3:-1])


def test_the_latest_workbook_has_two_header_rows_whose_cells_together_name_each_column(published: Published) -> None:
    sheet = load_workbook(published.low_income_workbooks[-1]).worksheets[0]
    merged = {str(one) for one in sheet.merged_cells.ranges}
    assert {"A1:R1", "A3:A4", "C3:D3", "H3:J3", "M3:O3"} <= merged
    upper, lower = ([cell.value for cell in sheet[row]] for row in (3, 4))
    assert [low or high for low, high in zip(lower, upper, strict=True)] == COLUMNS


def test_marriage_events_carry_every_field_of_both_spouses(published: Published) -> None:
    events = events_of(published)
    assert tuple(events[0]) == EVENT_COLUMNS
    assert {row["OP_TYPE"] for row in events} == {"IA", "IB", "IC"}
    order = [(row["updated_at"], row["ID"]) for row in events]
    assert order == sorted(order)
    assert max(Counter(row["updated_at"] for row in events).values()) > 100


def test_the_roster_can_also_be_a_file(published: Published) -> None:
    assert published.roster_file is not None
    lines = lines_of(published.roster_file, "gb18030")
    assert lines[0] == ROSTER_COLUMNS
    assert len(lines) - 1 == published.rows["residents"]


def test_the_truth_names_somebody_for_every_row_of_every_table(published: Published, truth: Rows) -> None:
    known = {(one["export"], one["key"], one["row"]) for one in truth}
    for place, row in enumerate(rows_of(published.civil_url, "居民花名册"), 1):
        assert ("residents", key(row, "证件号码", "姓名", "出生日期"), place) in known
    for place, row in enumerate(rows_of(published.civil_url, "SOM_ORGAN"), 1):
        assert ("organisations", row["sorgId"], place) in known
    for place, row in enumerate(rows_of(published.land_url, "QLR"), 1):
        assert ("rights", key(row, "BDCDYH", "BDCQZH", "QLRMC", "ZJH"), place) in known
    for place, event in enumerate(events_of(published), 1):
        assert ("events", event["ID"], place) in known


def test_the_truth_names_somebody_for_every_row_of_every_file(published: Published, truth: Rows) -> None:
    known = {(one["source"], one["key"], one["row"]) for one in truth}
    for path in sorted(published.funeral_folder.iterdir()):
        lines = lines_of(path, "gb18030" if "上年" not in path.name else "utf-8-sig") if path.suffix == ".csv" else []
        for place, line in enumerate(lines[1:] or sheet_of(path)[1:] if path.suffix == ".xlsx" else lines[1:], 1):
            named = dict(zip(CANCELLATION_COLUMNS if "注销" in path.name else FUNERAL_COLUMNS, line, strict=True))
            columns = ("gmsfhm", "xm", "swrq", "cxbz") if "注销" in path.name else ("DEAD_ID",)
            assert (path.name, key(named, *columns), place) in known
    workbook = published.low_income_workbooks[0]
    for place, line in enumerate(sheet_of(workbook)[3:-1], 1):
        named = dict(zip(COLUMNS, line, strict=True))
        assert (workbook.name, "2026-10|" + key(named, "低保证号", "身份证号"), place) in known


def test_the_truth_has_every_role(truth: Rows) -> None:
    roles = {str(one["role"]) for one in truth}
    assert {"self", "legal_representative", "man", "woman", "deceased", "head", "holder"} <= roles
    assert {"holder.1", "holder.2", "member.1", "member.2"} <= roles
    assert {one["registry"] for one in truth} == {"civil_affairs", "land", "marriage", "funeral", "low_income"}


def test_every_kind_of_dirt_occurs_in_a_county_of_the_usual_size(truth: Rows) -> None:
    found = {kind for one in truth for kind in one["dirt"]}  # type: ignore[attr-defined]
    assert found == set(USUAL)


def test_rows_about_the_protagonists_are_clean(county: County, truth: Rows) -> None:
    cast = county.cast.subjects()
    assert not [one for one in truth if one["subject"] in cast and one["dirt"]]


def test_the_nameless_dead_are_nobody(truth: Rows) -> None:
    assert {one["subject"] for one in truth if "meaning_nameless_dead" in one["dirt"]} == {None}  # type: ignore[operator]


def test_names_beyond_the_basic_plane_survive_every_door(published: Published) -> None:
    names = [str(row["姓名"]) for row in rows_of(published.civil_url, "居民花名册")]
    assert any(ord(one) > 0xFFFF for name in names for one in name)


def test_without_dirt_every_row_is_spotless(county: County, tmp_path: Path) -> None:
    clean = publish(make_county(300, 30), tmp_path, dirt=Dirt.none())
    assert not [one for one in read_truth(clean.truth) if one["dirt"]]
    numbers = [
        str(row["证件号码"]) for row in rows_of(clean.civil_url, "居民花名册") if row["证件类型"] == "居民身份证"
    ]
    assert all(len(number) == 18 for number in numbers)


def test_publishing_twice_writes_the_same_and_replaces_what_was_there(tmp_path: Path) -> None:
    small = make_county(300, 30)
    first = publish(small, tmp_path)
    before = (first.truth.read_bytes(), rows_of(first.civil_url, "居民花名册"), events_of(first))
    again = publish(small, tmp_path)
    assert (again.truth.read_bytes(), rows_of(again.civil_url, "居民花名册"), events_of(again)) == before
    assert json.loads((tmp_path / "county.json").read_text(encoding="utf-8"))["rows"] == again.rows


def test_progress_is_told_up_to_the_last_resident(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    publish(make_county(2100, 20), tmp_path, progress=lambda done, whole: told.append((done, whole)))
    assert told[-1] == (2100, 2100)
    assert len(told) == 2


def test_a_dirt_profile_names_only_known_kinds_and_shares() -> None:
    assert Dirt().with_rates(id_masked=0.5).rate("id_masked") == 0.5
    assert Dirt().scaled(1000).rate("id_masked") == 1
    for rates in ({"id_purple": 0.1}, {"id_masked": 2.0}):
        with pytest.raises(Malformed, match=r"simulator\.unknown-dirt"):
            Dirt(rates)


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> tuple[Published, Published, County]:
    county = make_county(1500, 120)
    later = evolve(county, date(2026, 12, 20))
    return publish(county, tmp_path_factory.mktemp("now")), publish(later, tmp_path_factory.mktemp("later")), later


def test_a_later_state_changes_only_what_happened(states: tuple[Published, Published, County]) -> None:
    now, later, county = states
    for url, table in (("civil_url", "居民花名册"), ("land_url", "QLR"), ("civil_url", "SOM_ORGAN")):
        before = {str(row) for row in rows_of(getattr(now, url), table)}
        after = {str(row) for row in rows_of(getattr(later, url), table)}
        assert 0 < len(before ^ after) < 0.06 * len(before), table
    assert county.village(0).changes


def test_a_transfer_leaves_the_old_right_as_history_beside_the_new_holder(
    states: tuple[Published, Published, County],
) -> None:
    now, later, _ = states
    before = {row["YWH"]: row["QSZT"] for row in rows_of(now.land_url, "FDCQ")}
    after = {row["YWH"]: row["QSZT"] for row in rows_of(later.land_url, "FDCQ")}
    assert [one for one, status in before.items() if status == "1" and after.get(one) == "2"]
    assert set(after) - set(before)


def test_new_deaths_corrections_and_reversals_come_as_files_of_their_own(
    states: tuple[Published, Published, County],
) -> None:
    now, later, _ = states
    for path in now.funeral_folder.glob("*.csv"):
        assert (later.funeral_folder / path.name).read_bytes() == path.read_bytes()
    delta = lines_of(later.funeral_folder / "火化登记-20261220.csv", "gb18030")[1:]
    known = {line[0] for line in lines_of(now.funeral_folder / "火化登记-历年.csv", "gb18030")}
    known |= {line[0] for line in lines_of(now.funeral_folder / "火化登记-上年.csv", "utf-8-sig")}
    known |= {str(line[0]) for line in sheet_of(now.funeral_folder / "火化登记-本年.xlsx")}
    assert {line[0] in known for line in delta} == {True, False}
    police = lines_of(later.funeral_folder / "死亡注销名单-20261220.csv", "gb18030")
    assert "1" in {line[CANCELLATION_COLUMNS.index("cxbz")] for line in police[1:]}


def test_a_household_that_left_aid_is_missing_from_the_next_workbook(
    states: tuple[Published, Published, County],
) -> None:
    now, later, _ = states
    november = {row[4] for row in sheet_of(now.low_income_workbooks[-1])[4:-1]}
    december = {row[4] for row in sheet_of(later.low_income_workbooks[-1])[4:-1]}
    assert later.low_income_workbooks[-1].name == "低保发放名册-2026-12.xlsx"
    assert november - december


def test_owners_correct_some_of_the_unusable_rows(states: tuple[Published, Published, County]) -> None:
    now, later, _ = states
    nameless = [sum(not row["姓名"] for row in rows_of(one.civil_url, "居民花名册")) for one in (now, later)]
    before, after = (
        {str(one["key"]) for one in read_truth(p.truth) if "date_impossible" in one["dirt"]} for p in (now, later)
    )  # type: ignore[operator]
    assert nameless[1] <= nameless[0]
    assert before - after


def test_registries_can_be_written_into_a_postgresql(server: URL, tmp_path: Path) -> None:
    made = ensure_database(server, "simulated_registries").set(drivername="postgresql")
    url = made.render_as_string(hide_password=False)
    small = make_county(300, 30)
    local, remote = publish(small, tmp_path / "a"), publish(small, tmp_path / "b", civil_url=url, land_url=url)
    assert remote.rows == local.rows
    driven = url.replace("postgresql://", "postgresql+psycopg://")
    assert rows_of(driven, "居民花名册")[0]["姓名"] == rows_of(local.civil_url, "居民花名册")[0]["姓名"]
