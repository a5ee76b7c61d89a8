"""`hub supplies` against a served hub: what waits is listed, answered out of a register, or left open with a reason."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_owed import COMPANY, MARKET, cancellation, licence_item, market
from tests.cli.conftest import Ran, Run, run
from tests.support.office import Office, office

__all__ = ["market", "office", "run"]
HEADER = "名称,统一社会信用代码,登记状态,成立日期"
ROW = "某有限公司,91350100M000100Y43,存续,2012年1月1日"


@pytest.fixture
def waiting(market: Office) -> tuple[str, str]:
    """A case that waits for a business licence, and its question."""
    with market.up.hub.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE evidence SET status = 'withdrawn' WHERE type = 'business-licence'")
        session.connection().exec_driver_sql("DELETE FROM sharing_owed WHERE kind = 'supply'")
    case = cancellation(market)["case"]["id"]
    (asked,) = market.post("svc:entity-cancellation", f"/v1/cases/{case}/materials/licence/supplies")
    return case, asked["id"]


def supplied(market: Office, run: Run, *more: object) -> Ran:
    key = market.up.cabinet.path_of(MARKET)
    return run("supplies", "--hub", market.up.url, "--party", MARKET, "--key", key, *more)


def register(place: Path, *rows: str, header: str = HEADER) -> Path:
    file = place / "licences.csv"
    file.write_text("\n".join((header, *rows)) + "\n", encoding="gb18030")
    return file


def test_what_waits_is_listed_without_numbers_and_names(market: Office, run: Run, waiting: tuple[str, str]) -> None:
    told = supplied(market, run)
    assert (told.code, waiting[1] in told.out, COMPANY["number"] in told.out) == (0, True, False)
    (asked,) = supplied(market, run, "--json").json
    assert asked["subject"]["number"] == COMPANY["number"]


def test_a_register_with_chinese_columns_answers_and_the_checklist_turns_to_held(
    market: Office, run: Run, waiting: tuple[str, str], tmp_path: Path
) -> None:
    other = "别的公司,91330106MA2ABCD139,注销,2015-03-02"
    told = supplied(market, run, "--source", register(tmp_path, other, ROW), "--json")
    assert (told.code, told.json) == (0, {"supplied": 1, "nothing_found": 0, "left_open": {}})
    item = licence_item(market, waiting[0])
    assert (item["state"], item["sources"][0]["provider"]) == ("held", MARKET)
    assert supplied(market, run, "--source", tmp_path, "--json").json["supplied"] == 0, "answered once"


def test_nothing_found_makes_the_material_one_to_bring(
    market: Office, run: Run, waiting: tuple[str, str], tmp_path: Path
) -> None:
    source = register(tmp_path, "别的公司,91330106MA2ABCD139,注销,2015-03-02")
    assert supplied(market, run, "--source", source, "--json").json["nothing_found"] == 1
    assert licence_item(market, waiting[0])["state"] == "to_bring"


@pytest.mark.parametrize(
    "wrong",
    [
        ("another-name", [ROW.replace("某有限公司", "另一公司")]),
        ("several-rows", [ROW, ROW.replace("存续", "注销")]),
        ("unusable-row", [ROW.replace("存续", "不知道")]),
    ],
)
def test_what_the_register_cannot_say_stays_open(
    market: Office, run: Run, waiting: tuple[str, str], tmp_path: Path, wrong: tuple[str, Sequence[str]]
) -> None:
    why, rows = wrong
    told = supplied(market, run, "--source", register(tmp_path, *rows), "--json")
    assert told.code == 5
    assert told.json == {"supplied": 0, "nothing_found": 0, "left_open": {waiting[1]: why}}
    assert licence_item(market, waiting[0])["state"] == "obtainable"


def test_columns_with_names_of_their_own_are_named(
    market: Office, run: Run, waiting: tuple[str, str], tmp_path: Path
) -> None:
    source = register(tmp_path, ROW, header="qymc,shxydm,djzt,clrq")
    assert supplied(market, run, "--source", source).code == 4, "no table has the columns"
    named = [f"--column={each}" for each in ("name=qymc", "credit_code=shxydm", "registered_status=djzt")]
    assert supplied(market, run, "--source", source, *named, "--json").json["supplied"] == 1
    assert licence_item(market, waiting[0])["state"] == "held"


@pytest.mark.parametrize("wrong", [("nonsense", 2), ("colour=ys", 4), ("=x", 2)])
def test_a_column_that_means_nothing_is_refused(
    market: Office, run: Run, waiting: tuple[str, str], tmp_path: Path, wrong: tuple[str, int]
) -> None:
    column, code = wrong
    told = supplied(market, run, "--source", register(tmp_path, ROW), "--column", column)
    assert told.code == code
    assert licence_item(market, waiting[0])["state"] == "obtainable"


def test_a_department_is_not_told_what_another_is_asked(market: Office, run: Run, waiting: tuple[str, str]) -> None:
    key = market.up.cabinet.path_of("dept:land")
    other: Any = run("supplies", "--hub", market.up.url, "--party", "dept:land", "--key", key, "--json").json
    assert other == []
    assert run("supplies", "--hub", market.up.url, "--party", MARKET, "--key", key).code == 2, "signed by another"
