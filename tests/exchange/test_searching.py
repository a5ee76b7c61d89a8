"""Auditors find every exchange by what they may know of it, and learn nobody's name or number."""

import csv
import hashlib
import io
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import duckdb
import pytest
from sqlalchemy import text

from hub.audit.rules import parse_entry
from hub.errors import Malformed
from hub.exchange.searching import COLUMNS, Search, search_for
from hub.kernel.clock import FixedClock
from tests.exchange.world import AID, LAND, LI, MATTER, RESIDENT, ZHANG, World

LI_ASKED = {"kind": "resident", "number": LI["number"], "name": LI["name"]}


def search(world: World, *, since: datetime | None = None, until: datetime | None = None, **criteria: str) -> Search:
    return search_for((since, until), world.hub.clock.now() + timedelta(seconds=1), **criteria)


def found(world: World, **criteria: Any) -> list[dict[str, Any]]:
    return [each.line() for each in world.hub.search.page(search(world, **criteria)).found]


@pytest.fixture
def asked(world: World, clock: FixedClock) -> World:
    """Three requests by two officers, an hour apart: a release, a refusal without a case, a release of land."""
    world.open_case("2026-0002", LI)
    world.ask((RESIDENT, ["name"]))
    clock.advance(3600)
    world.ask(case="2026-9999", officer="李科员")
    clock.advance(3600)
    world.ask((LAND, ["unit"]), subject=LI_ASKED, case="2026-0002")
    return world


def test_each_criterion_finds_what_it_names(asked: World) -> None:
    third, second, first = found(asked)
    assert [each["case"] for each in (first, second, third)] == ["2026-0001", "2026-9999", "2026-0002"]
    assert found(asked, consumer=AID) == [third, second, first]
    assert found(asked, consumer="svc:other") == []
    assert found(asked, provider="dept:land") == [third]
    assert found(asked, provider="dept:civil-affairs") == [first]
    assert found(asked, matter=MATTER) == [third, second, first]
    assert found(asked, case="2026-9999") == [second]
    assert found(asked, outcome="refused") == [second]
    assert found(asked, type=LAND) == [third]
    assert found(asked, pairwise=first["pairwise"]) == [first]
    assert found(asked, outcome="released", provider="dept:land", consumer=AID) == [third]


def test_a_period_begins_with_its_first_instant_and_ends_before_its_last(asked: World) -> None:
    third, second, first = asked.hub.search.page(search(asked)).found
    assert found(asked, since=first.at, until=third.at) == [second.line(), first.line()]


def test_one_officer_has_one_pseudonym_and_no_name(asked: World) -> None:
    third, second, first = found(asked)
    assert first["officer"] == third["officer"] != second["officer"]
    assert first["officer"].startswith("off_")


def test_an_auditor_sees_no_name_no_number_and_no_id_that_joins_two_consumers(asked: World) -> None:
    told = json.dumps(found(asked), ensure_ascii=False)
    for personal in (
        ZHANG["name"],
        ZHANG["number"],
        LI["name"],
        LI["number"],
        "王科员",
        "李科员",
        "13800000000",
        "某路",
    ):
        assert personal not in told
    assert "sub_" not in told


def test_pages_follow_one_another_without_loss_even_at_one_instant(world: World) -> None:
    for _ in range(5):
        world.ask((RESIDENT, ["name"]))
    seen, after = [], None
    while True:
        page = world.hub.search.page(search(world), after=after, limit=2)
        seen += [each.exchange for each in page.found]
        if (after := page.next) is None:
            break
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize("after", ["", "x", "AAAA", "eHh4fHhjaF8x", "MjAyNi0wMS0wMXx4Y2hfMQ", "é"])
def test_a_place_that_no_page_named_is_malformed(world: World, after: str) -> None:
    with pytest.raises(Malformed):
        world.hub.search.page(search(world), after=after)


def test_a_search_is_bounded(world: World) -> None:
    now = world.hub.clock.now()
    with pytest.raises(Malformed, match=r"exchange\.search-too-wide"):
        search(world, since=now - timedelta(days=400))
    assert search(world, since=now - timedelta(days=4000), case="C-1").case == "C-1"
    with pytest.raises(Malformed, match=r"exchange\.search-period"):
        search(world, since=now + timedelta(days=400))
    with pytest.raises(Malformed, match=r"exchange\.search-period"):
        search(world, since=datetime(2026, 1, 1))  # noqa: DTZ001 - the point
    with pytest.raises(Malformed, match=r"exchange\.search-outcome"):
        search(world, outcome="lost")
    with pytest.raises(Malformed, match=r"exchange\.search-too-wide"):
        world.hub.search.flags(search(world, since=now - timedelta(days=400), case="C-1"))
    for limit in (0, 501):
        with pytest.raises(Malformed, match=r"exchange\.search-limit"):
            world.hub.search.page(search(world), limit=limit)


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("consumer = 'x' AND at > now()", "ix_exchange_consumer_exchange_at"),
        ("matter = 'x' AND at > now()", "ix_exchange_matter_exchange_at"),
        ("case_ref = 'x'", "ix_exchange_case_ref"),
        ("pairwise = 'x'", "ix_exchange_pairwise"),
        ("providers @> ARRAY['x']", "ix_exchange_providers"),
    ],
)
def test_a_search_walks_an_index(bare: World, condition: str, index: str) -> None:
    with bare.hub.database.writing() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        session.execute(text("ALTER TABLE exchange DROP CONSTRAINT uq_exchange_consumer_jti"))
        plan = "\n".join(session.execute(text(f"EXPLAIN SELECT 1 FROM exchange WHERE {condition}")).scalars())
    assert index in plan


def exported(world: World, kind: str) -> tuple[bytes, dict[str, Any]]:
    made = world.hub.search.export(search(world), kind, by="aud:county-audit")
    content = b"".join(made.portions())
    with world.hub.database.reading() as session:
        row = session.execute(text("SELECT content FROM log_entry WHERE entry_id = :id"), {"id": made.entry_id})
        entry = parse_entry(bytes(row.scalar_one()))
    assert (made.rows, made.size, made.digest) == (3, len(content), hashlib.sha256(content).digest())
    return content, entry


def test_an_export_in_csv_holds_every_line_and_its_digest_is_in_the_log(asked: World) -> None:
    content, entry = exported(asked, "csv")
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["case"] for row in rows] == ["2026-0001", "2026-9999", "2026-0002"]
    assert (entry["event"], entry["by"], entry["rows"], entry["format"]) == ("exported", "aud:county-audit", 3, "csv")
    assert len(entry["digest"]) == 43


def test_an_export_in_parquet_says_the_same_with_types(asked: World, tmp_path: Any) -> None:
    content, entry = exported(asked, "parquet")
    (tmp_path / "x.parquet").write_bytes(content)
    with duckdb.connect() as engine:
        rows = engine.execute(f"SELECT \"case\", types, providers, pairwise FROM '{tmp_path}/x.parquet'").fetchall()
    assert [row[0] for row in rows] == ["2026-0001", "2026-9999", "2026-0002"]
    assert rows[0][1:3] == ([RESIDENT], ["dept:civil-affairs"])
    assert rows[1][2] is None
    assert entry["format"] == "parquet"


@pytest.mark.parametrize("case", ['=HYPERLINK("http://x")', "  =1+1", "＝1＋1", "@x", "－1"])
def test_a_case_number_that_a_table_program_would_compute_is_defused(world: World, case: str) -> None:
    world.ask(case=case)
    made = world.hub.search.export(search(world), "csv", by="aud:county-audit")
    (row,) = csv.DictReader(io.StringIO(b"".join(made.portions()).decode()))
    assert row["case"] == f"'{case}"


@pytest.mark.parametrize("value", ["低保", "11010519491231002X", "13800138000", "é"])
def test_the_log_tells_of_an_export_by_what_is_no_code_only_that_it_was_taken(world: World, value: str) -> None:
    for name in ("consumer", "provider", "matter", "type"):
        told = search(world, **{name: value}).told()
        assert told[f"one_{name}"] is True
        assert value not in told.values()
    made = world.hub.search.export(search(world, matter=value), "csv", by="aud:county-audit")
    assert b"".join(made.portions()).decode().splitlines() == [",".join(COLUMNS)]


def test_flags_come_from_what_really_happened(world: World, clock: FixedClock) -> None:
    clock.advance(15 * 3600)  # two in the morning in the county
    for number in range(3):
        world.ask(case=f"none-{number}")
    flags = {flag.rule: flag for flag in world.hub.search.flags(search(world)).flags}
    assert set(flags) == {"night", "no-case"}
    assert flags["no-case"].count == 3
    told = json.dumps([flag.line() for flag in flags.values()], ensure_ascii=False)
    assert ZHANG["number"] not in told
    assert "sub_" not in told


def test_a_search_from_the_first_instant_to_the_last_finds_everything(asked: World) -> None:
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    last = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-14)))
    assert len(found(asked, since=first, until=last, case="2026-0001")) == 1
    with pytest.raises(Malformed, match=r"exchange\.search-period"):
        search(asked, until=first)


def test_what_began_before_the_period_and_went_on_in_it_is_flagged_whole(world: World, clock: FixedClock) -> None:
    world.ask(case="none-0")
    clock.advance(3600)
    between = clock.now()
    clock.advance(3600)
    world.ask(case="none-1")
    (flag,) = world.hub.search.flags(search(world, since=between)).flags
    assert (flag.rule, flag.count) == ("no-case", 2)
    assert flag.since < between < flag.until
    clock.advance(3600)
    assert world.hub.search.flags(search(world, since=clock.now())).flags == ()


def test_people_of_one_address_are_told_without_the_address_being_kept_anywhere(
    world: World, clock: FixedClock
) -> None:
    third = {"name": "张小三", "number": "110105198001010010", "document_kind": "111", "number_valid": True}
    homes = [{**each, "residence_address": "某县某路1号"} for each in (ZHANG, LI, third)]
    clock.advance(60)
    world.push("civil_affairs", "residents", *homes)
    for number, each in enumerate(homes):
        person = {"kind": "resident", "number": each["number"], "name": each["name"]}
        world.ask(subject=person, case=f"case-{number}")
    flags = [flag for flag in world.hub.search.flags(search(world)).flags if flag.rule == "one-address"]
    assert [flag.count for flag in flags] == [3]
    assert "某路" not in json.dumps([flag.line() for flag in flags], ensure_ascii=False)
