"""From the batches that departments push to a subject's history: numbers, names, deaths and organisations change."""

from collections.abc import Iterator
from typing import Any

import pytest

from hub.kernel.codes import credit_code_check, organisation_code_check
from tests.api.stewards_world import Desk, flat, resident, stewards_desk
from tests.support.databases import Databases


@pytest.fixture(scope="module")
def desk(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One hub for all tests here; each brings people of its own."""
    with databases.lent() as url, stewards_desk(url, tmp_path_factory.mktemp("histories")) as ready:
        yield ready


def subject(desk: Desk, person: dict[str, Any], kind: str = "resident") -> str:
    number = person.get("number") or person["credit_code"]
    found = desk.subject_of(number, person["name"], kind)
    assert found is not None
    return found


def said(desk: Desk, subject_id: str, field: str) -> list[tuple[Any, str]]:
    """What was said in that field, the oldest first, with whether it stands."""
    return [(each["fields"].get(field), each["status"]) for each in desk.history(subject_id)]


def test_a_roster_row_whose_number_was_mistyped_is_corrected_and_its_subject_goes_on(desk: Desk) -> None:
    right = resident("张伟强", "1980-05-06", 301)
    wrong = right | {
        "number": right["number"][:-1] + ("0" if right["number"][-1] != "0" else "1"),
        "number_valid": False,
    }
    desk.tell("civil_affairs", "residents", {"row-301-wrong": wrong})
    desk.tell("land", "rights", {"flat-301": flat(right, 301)})
    before = subject(desk, right)
    desk.tell("civil_affairs", "residents", {"row-301-right": right}, gone=["row-301-wrong"])
    assert subject(desk, right) == before
    assert said(desk, before, "number") == [
        (wrong["number"], "withdrawn"), (right["number"], "valid"), (right["number"], "valid")
    ]  # fmt: skip


def test_a_record_whose_number_its_registry_corrects_stays_with_its_subject(desk: Desk) -> None:
    old, new = (resident("李建华", "1979-03-04", sequence) for sequence in (303, 305))
    event = {"event": "marriage", "event_on": "2005-05-01", "certificate": "J330106-2005-000303"}
    woman = {"name": "韩雪梅", "birth_date": "1982-02-03"}
    desk.tell("marriage", "events", {"m303": {**event, "man": old, "woman": woman}})
    before = subject(desk, old)
    desk.tell("marriage", "events", {"m303": {**event, "man": new, "woman": woman}})
    assert subject(desk, new) == before
    assert said(desk, before, "number") == [(old["number"], "superseded"), (new["number"], "valid")]


def test_a_number_upgraded_from_fifteen_digits_to_eighteen_is_the_same_person(desk: Desk) -> None:
    new = resident("王国栋", "1968-07-08", 307, phone="13800001307")
    old = new | {"number": new["number"][:6] + new["number"][8:17]}
    desk.tell("civil_affairs", "residents", {"row-307-15": old})
    before = desk.subject_of(old["number"], "王国栋")
    desk.tell("civil_affairs", "residents", {"row-307-18": new}, gone=["row-307-15"])
    assert desk.subject_of(new["number"], "王国栋") == before == desk.subject_of(old["number"], "王国栋")
    assert said(desk, str(before), "number") == [(old["number"], "withdrawn"), (new["number"], "valid")]


def test_a_reissued_number_waits_for_a_steward_and_then_continues_the_subject(desk: Desk) -> None:
    old, new = (resident("赵淑珍", "1958-09-10", sequence, phone="13800001309") for sequence in (309, 311))
    desk.tell("civil_affairs", "residents", {"row-309-old": old})
    before = subject(desk, old)
    desk.tell("civil_affairs", "residents", {"row-309-new": new}, gone=["row-309-old"])
    (item,) = desk.reviews(name="赵淑珍")
    desk.decide(item["id"], "link", "换发号码")
    assert subject(desk, new) == before
    assert said(desk, before, "number") == [(old["number"], "withdrawn"), (new["number"], "valid")]


def test_a_changed_name_waits_for_a_steward_and_then_both_names_are_history(desk: Desk) -> None:
    old = resident("孙招娣", "1988-11-12", 313)
    new = old | {"name": "孙若兰"}
    desk.tell("civil_affairs", "residents", {"row-313-old": old})
    before = subject(desk, old)
    desk.tell("civil_affairs", "residents", {"row-313-new": new}, gone=["row-313-old"])
    (item,) = desk.reviews(name="孙若兰")
    desk.decide(item["id"], "link", "改名")
    assert subject(desk, new) == before
    assert said(desk, before, "name") == [("孙招娣", "withdrawn"), ("孙若兰", "valid")]


def test_a_name_stated_with_its_former_one_needs_no_steward(desk: Desk) -> None:
    old = resident("周来弟", "1990-01-12", 315)
    new = old | {"name": "周思齐", "former_names": ["周来弟"]}
    desk.tell("civil_affairs", "residents", {"row-315-old": old})
    before = subject(desk, old)
    desk.tell("civil_affairs", "residents", {"row-315-new": new}, gone=["row-315-old"])
    assert subject(desk, new) == before
    assert desk.reviews(name="周思齐") == []


def test_a_death_and_its_reversal_are_history_and_the_subject_lives_again(desk: Desk) -> None:
    person = resident("吴德海", "1949-10-01", 317, sex="1")
    desk.tell("civil_affairs", "residents", {"row-317": person})
    before = subject(desk, person)
    funeral = {name: person[name] for name in ("name", "number", "number_valid", "document_kind", "birth_date")}
    desk.tell("funeral", "funerals", {"dead-317": {**funeral, "is_nameless": False, "died_on": "2026-03-01"}})
    golden = {each["field"]: each for each in desk.call("GET", f"/v1/identity/subjects/{before}")["golden"]}
    assert golden["died_on"]["value"] == "2026-03-01"
    police = {"name": person["name"], "number": person["number"], "number_valid": True, "died_on": "2026-03-01"}
    desk.tell("funeral", "cancellations", {"police-317": {**police, "is_reversed": True}})
    golden = {each["field"]: each for each in desk.call("GET", f"/v1/identity/subjects/{before}")["golden"]}
    assert "died_on" not in golden
    told = {each["export"]: each for each in desk.history(before)}
    assert (told["funerals"]["status"], told["funerals"]["reason"]) == ("reversed", "death-taken-back")
    assert told["funerals"]["ended_at"]
    assert told["cancellations"]["fields"]["is_reversed"] is True
    assert subject(desk, person) == before


def organisation(name: str, serial: str, **more: Any) -> dict[str, Any]:
    """A social organisation under a valid credit code."""
    body = organisation_code_check(f"MJ{serial}"[:8])
    code = f"51330106MJ{serial}"[:16] + body
    return {
        "name": name,
        "credit_code": code + credit_code_check(code),
        "kind": "association",
        "registered_status": "active",
        **more,
    }


def test_an_organisation_that_is_cancelled_keeps_its_subject_and_says_when_and_why(desk: Desk) -> None:
    body = organisation("杭州市茶叶协会", "900001")
    desk.tell("civil_affairs", "organisations", {"org-1": body})
    before = subject(desk, body, "legal_person")
    ended = body | {"registered_status": "cancelled", "cancelled_on": "2026-06-30", "cancel_reason": "合并"}
    desk.tell("civil_affairs", "organisations", {"org-1": ended})
    assert subject(desk, body, "legal_person") == before
    assert said(desk, before, "registered_status") == [("active", "superseded"), ("cancelled", "valid")]
    assert said(desk, before, "cancel_reason")[-1] == ("合并", "valid")


def test_organisations_that_merge_or_split_are_never_one_subject(desk: Desk) -> None:
    one, other = organisation("杭州市丝绸协会", "900002"), organisation("杭州市绸缎协会", "900003")
    desk.tell("civil_affairs", "organisations", {"org-2": one, "org-3": other})
    before = [subject(desk, each, "legal_person") for each in (one, other)]
    united = organisation("杭州市丝绸绸缎协会", "900004")
    ended = {"registered_status": "cancelled", "cancelled_on": "2026-06-30", "cancel_reason": "合并"}
    desk.tell("civil_affairs", "organisations", {"org-2": one | ended, "org-3": other | ended, "org-4": united})
    after = subject(desk, united, "legal_person")
    assert len({*before, after}) == 3
    for each in before:
        assert said(desk, each, "registered_status")[-1] == ("cancelled", "valid")
    halves = [organisation("杭州市丝绸行业协会", "900005"), organisation("杭州市绸缎行业协会", "900006")]
    desk.tell(
        "civil_affairs",
        "organisations",
        {"org-4": united | ended | {"cancel_reason": "分立"}, "org-5": halves[0], "org-6": halves[1]},
    )
    assert len({after, *(subject(desk, each, "legal_person") for each in halves)}) == 3


def test_an_organisation_code_that_became_a_credit_code_is_the_same_body(desk: Desk) -> None:
    new = organisation("杭州市竹编协会", "900007")
    old = {name: value for name, value in new.items() if name != "credit_code"} | {
        "organisation_code": new["credit_code"][8:17]
    }
    desk.tell("civil_affairs", "organisations", {"org-7": old})
    desk.tell("civil_affairs", "organisations", {"org-7": new})
    now = subject(desk, new, "legal_person")
    assert said(desk, now, "credit_code") == [(None, "superseded"), (new["credit_code"], "valid")]
