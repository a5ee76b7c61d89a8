"""Stewards, owners, consumers and auditors over HTTP: what waits, what a choice would do, undoing it, who is told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from hub.audit.readers import DatabaseReader
from hub.errors import Conflict, Malformed, Missing, Refused
from tests.api.stewards_world import AID, AUDITOR, FUNERAL_SUBSIDY, STEWARD, Desk, flat, resident, stewards_desk
from tests.exchange.world import LAND, RESIDENT
from tests.support.databases import Databases


@pytest.fixture(scope="module")
def desk(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One hub for all tests here; each brings people of its own."""
    with databases.lent() as url, stewards_desk(url, tmp_path_factory.mktemp("stewards")) as ready:
        yield ready


def doubt(desk: Desk, name: str, other: str, sequence: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A review item about two names under one number, and the first one's roster line."""
    person = resident(name, "1980-05-06", sequence)
    desk.world.push("civil_affairs", "residents", person)
    desk.world.push("land", "rights", flat(person | {"name": other}, sequence))
    (item,) = desk.reviews(name=name)
    return item, person


def test_an_item_shows_both_sides_field_by_field_and_what_each_choice_would_do(desk: Desk) -> None:
    item, person = doubt(desk, "张伟强", "李淑芬", 101)
    desk.world.open_case("S-101", person)
    desk.up.hub.identity.pairwise_id(item["left"]["subject"], AID)
    desk.up.hub.identity.pairwise_id(item["right"]["subject"], AID)
    answer = desk.channels[STEWARD].call("GET", f"/v1/identity/reviews/{item['id']}")
    assert answer.headers["cache-control"] == "no-store"
    shown = answer.json()
    name = next(each for each in shown["compared"] if each["field"] == "name")
    assert {name["left"]["name"], name["right"]["name"]} == {"张伟强", "李淑芬"}
    assert name["weight"] == shown["weights"]["name"] < 0
    link, different, unsure = shown["outlook"]
    assert [link["decision"], different["decision"], unsure["decision"]] == ["link", "different", "unsure"]
    assert link["counts"] == {"mentions": 1, "evidence": 1, "cases": 1, "pairwise": 1}
    (case_line,) = link["cases"]
    assert (case_line["number"], case_line["consumer"]) == ("S-101", AID)
    assert (case_line["gains"], case_line["loses"]) == (["real-estate-right"], [])
    assert different["counts"]["mentions"] == unsure["counts"]["mentions"] == 0
    assert sorted(different["subjects"]) == sorted([item["left"]["subject"], item["right"]["subject"]])


def test_what_was_foreseen_is_what_happens(desk: Desk) -> None:
    item, person = doubt(desk, "陈建国", "赵秀英", 103)
    link = desk.call("GET", f"/v1/identity/reviews/{item['id']}")["outlook"][0]
    desk.decide(item["id"], "link", "查证为曾用名")
    (survivor,) = link["subjects"]
    for subject in (item["left"]["subject"], item["right"]["subject"]):
        assert desk.call("GET", f"/v1/identity/subjects/{subject}")["subject"] == survivor
    moved = link["evidence"][0]
    found = desk.call("GET", f"/v1/identity/subjects/{survivor}/history")
    assert {each["type"] for each in found["said"]} == {"resident", "real-estate-right"}
    assert moved["to_subject"] == survivor
    back = desk.call("GET", f"/v1/identity/reviews/{item['id']}")["outlook"][1]
    assert back["counts"]["evidence"] == 1
    assert set(back["subjects"]) == {item["left"]["subject"], item["right"]["subject"]}
    assert person["number"]


def test_the_queue_is_filtered_and_read_page_by_page(desk: Desk) -> None:
    for sequence in (105, 107, 109):
        doubt(desk, f"周文{'甲乙丙'[(sequence - 105) // 2]}", "孙桂英", sequence)
    ids = [each["id"] for each in desk.reviews(registry="land")]
    pages: list[str] = []
    while page := desk.call(
        "GET", "/v1/identity/reviews", params={"limit": 2, "registry": "land", "after": pages[-1] if pages else ""}
    ):
        pages += [each["id"] for each in page]
    assert pages == ids
    assert len(ids) >= 3
    assert desk.reviews(registry="marriage") == desk.reviews(kind="legal_person") == []
    now = datetime.now(UTC)
    assert desk.reviews(opened_until=(now - timedelta(days=1)).isoformat()) == []
    assert [each["id"] for each in desk.reviews(opened_from=(now - timedelta(days=1)).isoformat())] == [
        each["id"] for each in desk.reviews()
    ]
    heaviest = max(desk.reviews(), key=lambda each: each["weight"])["weight"]
    assert {each["weight"] for each in desk.reviews(least_weight=heaviest)} == {heaviest}
    assert desk.reviews(most_weight=-1000) == []
    codes = desk.call("GET", "/v1/identity/reviews", params={"codes": True})
    assert {str(each["left"]["fields"]) for each in codes} == {"{}"}


@pytest.mark.parametrize(
    "query",
    [
        {"state": "none"},
        {"limit": 0},
        {"limit": 501},
        {"opened_from": "2026-01-01T00:00:00"},
        {"least_weight": "x"},
        {"most_weight": "nan"},
        {"least_weight": "inf"},
        {"registry": "a\0b"},
        {"after": "rev_\0"},
    ],
)
def test_a_filter_that_makes_no_sense_is_malformed(desk: Desk, query: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        desk.call("GET", "/v1/identity/reviews", params=query)


def test_of_two_stewards_at_once_the_second_is_told_what_the_first_decided(desk: Desk) -> None:
    item, _ = doubt(desk, "钱学森", "吴桂兰", 111)
    outcomes: dict[str, Any] = {}
    barrier = Barrier(2)

    def decide(decision: str) -> None:
        barrier.wait()
        try:
            outcomes[decision] = desk.decide(item["id"], decision)["state"]
        except Conflict as refusal:
            outcomes[decision] = refusal

    threads = [Thread(target=decide, args=(decision,)) for decision in ("link", "different")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (first,) = [made for made in outcomes.values() if isinstance(made, str)]
    (refusal,) = [made for made in outcomes.values() if not isinstance(made, str)]
    assert refusal.code == "identity.decided-already"
    assert (refusal.facts["decision"], refusal.facts["review"]) == (first, item["id"])


def test_linking_across_a_cannot_link_is_refused_and_the_cannot_link_named(desk: Desk) -> None:
    item, person = doubt(desk, "郑和平", "冯玉梅", 113)
    desk.world.push("low_income", "households", {
        "month": "2026-10", "certificate": "C113", "category": "urban",
        "head": {"name": "郑和平", "number": person["number"], "document_kind": "111", "number_valid": True},
        "members": [],
    })  # fmt: skip
    at = desk.mentions(person["number"])
    desk.decide(item["id"], "different", "查证不是同一人")
    with pytest.raises(Conflict) as refusal:
        desk.pair("/v1/identity/joins", at["low_income/head"], at["land/holder"])
    told = refusal.value
    outlook = desk.call("GET", f"/v1/identity/reviews/{item['id']}")["outlook"][0]
    assert outlook["refusal"]["code"] == told.code
    assert told.code == "identity.kept-apart"
    assert told.facts["review"] == item["id"]
    named = zip(told.facts["registries"], told.facts["records"], told.facts["roles"], strict=True)
    assert {(registry, (record, role)) for registry, record, role in named} == {
        ("civil_affairs", at["civil_affairs/self"]), ("land", at["land/holder"])
    }  # fmt: skip
    one, other = ({"record": at[place][0], "role": at[place][1]} for place in ("civil_affairs/self", "land/holder"))
    named_by = {"one": one, "other": other, "steward": "李科员", "note": "户口簿"}
    with pytest.raises(Malformed):
        desk.call("POST", "/v1/identity/joins", json=named_by | {"overrule": "yes"})
    subject = desk.call("POST", "/v1/identity/joins", json=named_by | {"overrule": True})["subject"]
    lines = desk.call("GET", f"/v1/identity/subjects/{subject}/history")["links"]
    assert {line["note"] for line in lines if line["action"] == "decided"} == {"户口簿"}


def test_whose_a_record_was_on_a_day_and_why(desk: Desk) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    item, person = doubt(desk, "曹国华", "蔡美玲", 117)
    record, role = desk.mentions(person["number"])["land/holder"]
    apart = datetime.now(UTC)
    desk.decide(item["id"], "link")
    joined = datetime.now(UTC)
    at = desk.mentions(person["number"])
    ids = {item["left"]["subject"], item["right"]["subject"]}
    assert set(desk.pair("/v1/identity/splits", at["civil_affairs/self"], at["land/holder"])["subjects"]) == ids

    def owner(at_instant: datetime) -> Any:
        return desk.call(
            "POST", "/v1/identity/owner", json={"record": record, "role": role, "at": at_instant.isoformat()}
        )

    alone, one, again = owner(apart), owner(joined), owner(datetime.now(UTC))
    assert alone["subject"] == again["subject"]
    assert {alone["subject"], one["subject"]} <= ids
    assert alone["line"]["action"] == "new"
    if one["subject"] != alone["subject"]:  # the older of the two answers; the other's record moved
        assert [each["action"] for each in one["because"]] == ["decided"]
        assert [each["action"] for each in again["because"]] == ["undone"]
        assert one["because"][0]["actor"] == f"{STEWARD}/李科员"
    lines = desk.call("POST", "/v1/identity/history", json={"record": record, "role": role})
    assert lines[0]["action"] == "new"
    with pytest.raises(Missing):
        owner(before)
    with pytest.raises(Malformed):
        desk.call("POST", "/v1/identity/owner", json={"record": record, "role": role, "at": "2026-01-01"})


def test_a_consumer_reads_and_acknowledges_that_it_was_shown_a_strangers_evidence(desk: Desk) -> None:
    item, person = doubt(desk, "魏长青", "蒋秀珍", 119)
    desk.decide(item["id"], "link")
    desk.world.grant(LAND, "unit", "location")
    desk.world.grant(RESIDENT, "name")
    desk.world.open_case("S-119", person)
    desk.world.ask(
        (RESIDENT, ["name"]), (LAND, ["unit"]), case="S-119",
        subject={"kind": "resident", "number": person["number"], "name": person["name"]},
    )  # fmt: skip
    at = desk.mentions(person["number"])
    desk.pair("/v1/identity/splits", at["civil_affairs/self"], at["land/holder"])
    (notice,) = desk.call("GET", "/v1/notices", by=AID)
    assert (notice["case"], [each["type"] for each in notice["items"]]) == ("S-119", [LAND])
    assert desk.call("GET", "/v1/notices", by=FUNERAL_SUBSIDY) == []
    with pytest.raises(Missing):
        desk.call("POST", f"/v1/notices/{notice['id']}/acknowledgement", by=FUNERAL_SUBSIDY)
    (recall,) = desk.call("GET", "/v1/recalls", by=AUDITOR)
    assert (recall["consumer"], recall["acknowledged_at"]) == (AID, None)
    assert {recall["meant_subject"], recall["owner_subject"]} == {item["left"]["subject"], item["right"]["subject"]}
    known = desk.call("POST", f"/v1/notices/{notice['id']}/acknowledgement", by=AID)
    assert known["acknowledged_at"]
    assert desk.call("GET", "/v1/notices", by=AID) == []
    assert [each["id"] for each in desk.call("GET", "/v1/notices", by=AID, params={"all": True})] == [notice["id"]]
    assert desk.call("GET", "/v1/recalls", by=AUDITOR, params={"waiting": True}) == []
    for by in (AID, "dept:land"):
        with pytest.raises(Refused):
            desk.call("GET", "/v1/recalls", by=by)


def test_an_owner_reads_what_contradicts_its_records_and_nothing_that_others_say(desk: Desk) -> None:
    person = resident("罗建军", "1980-05-06", 121, sex="1")
    desk.world.push("civil_affairs", "residents", person)
    desk.world.push("marriage", "events", {
        "event": "marriage", "event_on": "2005-05-01", "certificate": "J330106-2005-000121",
        "man": {**{k: person[k] for k in ("number", "document_kind", "number_valid")}, "name": "罗建军",
                "birth_date": "1980-05-16"},
        "woman": {"name": "韩雪梅", "birth_date": "1982-02-03"},
    })  # fmt: skip

    def found(by: str, registry: str) -> list[dict[str, Any]]:
        page = desk.call("GET", f"/v1/registries/{registry}/findings", by=by, params={"limit": 500})
        assert page["next"] == ""
        return [each for each in page["findings"] if each["field"] == "birth_date"]

    (theirs,) = found("dept:marriage", "marriage")
    assert (theirs["code"], theirs["value"], theirs["against"]) == ("contradicted-by-authority", "1980-05-16", 1)
    assert theirs["role"] == "man"
    assert "1980-05-06" not in str(theirs)
    assert "civil" not in str(theirs)
    (ours,) = found("dept:civil-affairs", "civil_affairs")
    assert (ours["code"], ours["value"]) == ("others-disagree", "1980-05-06")
    for by in ("dept:land", STEWARD, AID):
        with pytest.raises(Refused):
            desk.call("GET", "/v1/registries/marriage/findings", by=by)
    with pytest.raises(Malformed):
        desk.call("GET", "/v1/registries/marriage/findings", by="dept:marriage", params={"after": "zz"})


def test_what_is_best_known_says_from_where_since_when_and_who_says_otherwise(desk: Desk) -> None:
    item, person = doubt(desk, "梁玉龙", "宋玉凤", 123)
    desk.decide(item["id"], "link")
    known = desk.call("GET", f"/v1/identity/subjects/{item['left']['subject']}")
    name = next(each for each in known["golden"] if each["field"] == "name")
    assert (name["value"], name["registry"], name["authority"]) == (person["name"], "civil_affairs", 0)
    assert name["others"] == [{"registry": "land", "value": "宋玉凤"}]
    assert len(known["aliases"]) == 2
    with pytest.raises(Missing):
        desk.call("GET", f"/v1/identity/subjects/sub_{'0' * 26}")


def test_nobody_but_the_authority_sees_what_waits(desk: Desk) -> None:
    for by in (AID, AUDITOR, "dept:land"):
        for path in ("/v1/identity/reviews", "/v1/identity/figures", f"/v1/identity/subjects/sub_{'0' * 26}"):
            with pytest.raises(Refused):
                desk.call("GET", path, by=by)


def test_who_was_shown_people_stands_in_the_log_and_names_nobody(desk: Desk) -> None:
    item, _ = doubt(desk, "邓小平凡", "许多多", 125)
    desk.call("GET", f"/v1/identity/reviews/{item['id']}")
    desk.decide(item["id"], "unsure", "材料不足")
    hub = desk.up.hub
    reader = DatabaseReader(hub.database, hub.log_origin)
    with hub.database.reading() as session:
        waiting = session.connection().exec_driver_sql("SELECT content FROM log_queue").scalars().all()
    lines = b"".join([*(bundle.content for bundle in reader.bundles(10_000)), *(bytes(each) for each in waiting)])
    assert b"reviews-read" in lines
    assert item["id"].encode() in lines
    for text_ in ("邓小平凡", "许多多", "李科员", "材料不足"):
        assert text_.encode() not in lines


def test_a_pair_of_one_or_of_what_is_not_there_is_refused(desk: Desk) -> None:
    item, person = doubt(desk, "傅大年", "邹金莲", 129)
    at = desk.mentions(person["number"])
    one, other = at["civil_affairs/self"], at["land/holder"]
    for path in ("/v1/identity/joins", "/v1/identity/splits"):
        with pytest.raises(Malformed):
            desk.pair(path, one, one)
        for missing in (("nothing", "self"), (other[0], "self")):
            with pytest.raises(Missing):
                desk.pair(path, one, missing)
    with pytest.raises(Conflict):
        desk.pair("/v1/identity/splits", one, other)
    assert desk.pair("/v1/identity/joins", one, other)["subject"] in (item["left"]["subject"], item["right"]["subject"])
    (moot,) = [each for each in desk.reviews(state="moot") if each["id"] == item["id"]]
    with pytest.raises(Conflict) as refusal:
        desk.decide(moot["id"], "different")
    assert refusal.value.facts["decision"] == "moot"


@pytest.mark.parametrize(
    ("by", "path", "query"),
    [
        (AID, "/v1/notices", {"after": "x\0"}),
        (AUDITOR, "/v1/recalls", {"consumer": "x\0"}),
        ("dept:land", "/v1/registries/land/findings", {"after": "\0"}),
    ],
)
def test_a_page_from_nowhere_is_malformed(desk: Desk, by: str, path: str, query: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        desk.call("GET", path, by=by, params=query)


def test_a_steward_who_is_not_named_decides_nothing(desk: Desk) -> None:
    item, _ = doubt(desk, "彭家声", "潘金玉", 127)
    for word in (
        {"decision": "link", "steward": " "},
        {"decision": "maybe", "steward": "李科员"},
        {"decision": "link"},
    ):
        with pytest.raises(Malformed):
            desk.call("POST", f"/v1/identity/reviews/{item['id']}/decision", json=word)
    with pytest.raises(Missing):
        desk.decide(f"rev_{'0' * 26}", "link")
    (still,) = desk.reviews(name="彭家声")
    assert still["state"] == "open"
