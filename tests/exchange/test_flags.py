"""What is unusual, by rules that are data: found at the stated numbers, not below them, and explained with them."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.errors import Malformed
from hub.exchange.detecting import NAMED, Rarity, flagged
from hub.exchange.flags import STANDARD, Flag, Look, parse_rules, rules_document, standard_rules

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Twelve o'clock in the county."""
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def look(at: datetime = NOON, **said: Any) -> Look:
    number = int(at.timestamp())
    usual = Look(f"xch_{number}", at, "svc:aid", "off_a", "sub_1", "pw_1", "C-1", ("urn:resident",), None)
    return replace(usual, **said)


def every(step: timedelta, count: int, *, since: datetime = NOON, **said: Any) -> list[Look]:
    return [look(since + number * step, **said) for number in range(count)]


def found(*looks: Iterable[Look]) -> list[Flag]:
    together = sorted(
        (each for some in looks for each in some), key=lambda each: (each.consumer, each.officer, each.at)
    )
    return list(flagged(standard_rules(), together))


def rules_hit(*looks: Iterable[Look]) -> list[str]:
    return [flag.rule for flag in found(*looks)]


def test_a_burst_is_thirty_in_ten_minutes_and_not_twenty_nine() -> None:
    assert rules_hit(every(timedelta(seconds=20), 29)) == []
    (flag,) = found(every(timedelta(seconds=20), 35))
    assert (flag.rule, flag.consumer, flag.officer, flag.pairwise) == ("burst", "svc:aid", "off_a", None)
    assert flag.count == 31, "thirty-one fit into ten minutes"
    assert len(flag.exchanges) == NAMED
    assert flag.en == "31 requests by one officer within 10 minutes; 30 or more are flagged."
    assert flag.zh == "同一经办人在 10 分钟内发起 31 次请求；达到 30 次即提示。"


def test_two_officers_are_not_one_burst() -> None:
    half = every(timedelta(seconds=20), 20)
    assert rules_hit(half, [replace(each, officer="off_b") for each in half]) == []


def test_two_bursts_with_a_pause_are_two_flags() -> None:
    assert rules_hit(every(MINUTE / 6, 30), every(MINUTE / 6, 30, since=NOON + 5 * HOUR)) == ["burst", "burst"]


@pytest.mark.parametrize(("local_hour", "hits"), [(21, []), (22, ["night"]), (3, ["night"]), (5, ["night"]), (6, [])])
def test_night_is_from_ten_to_six_in_the_county(local_hour: int, hits: list[str]) -> None:
    assert rules_hit(every(MINUTE, 3, since=NOON.replace(hour=(local_hour - 8) % 24))) == hits


def test_the_same_person_without_a_case_twice_is_flagged_under_the_consumers_own_id() -> None:
    (flag,) = found(every(DAY, 2, reason="exchange.case-unknown"))
    assert (flag.rule, flag.pairwise, flag.count) == ("no-case", "pw_1", 2)
    assert "within 30 days" in flag.en
    assert rules_hit(every(31 * DAY, 2, reason="exchange.case-unknown")) == []
    other = look(NOON + DAY, subject="sub_2", reason="exchange.case-unknown")
    assert rules_hit([look(reason="exchange.case-unknown"), other]) == []
    assert rules_hit(every(DAY, 2, reason="exchange.nothing-held")) == []
    assert rules_hit(every(DAY, 2, reason="exchange.case-unknown", subject=None)) == []


def test_the_same_person_over_many_cases_is_flagged_and_over_one_case_is_not() -> None:
    assert rules_hit(every(HOUR, 5)) == []
    cases = [replace(each, case=f"C-{number}") for number, each in enumerate(every(HOUR, 4))]
    (flag,) = found(cases)
    assert (flag.rule, flag.count) == ("many-cases", 4)
    assert rules_hit(cases[:3]) == []


def test_people_of_one_address_over_two_cases_are_flagged_and_a_family_in_one_case_is_not() -> None:
    home = frozenset({b"home"})
    family = [replace(each, subject=f"sub_{n}", addresses=home) for n, each in enumerate(every(HOUR, 4))]
    assert rules_hit(family) == []
    spread = [replace(each, case=f"C-{n % 2}") for n, each in enumerate(family)]
    (flag,) = found(spread)
    assert (flag.rule, flag.count) == ("one-address", 4)
    assert "4 people of one address, in 2 different cases, within 7 days" in flag.en
    apart = [replace(each, addresses=frozenset({str(n).encode()})) for n, each in enumerate(spread)]
    assert rules_hit(apart) == []


def test_a_type_that_a_consumer_hardly_ever_asked_for_is_flagged_against_its_own_past() -> None:
    rule = next(each for each in standard_rules() if each.measure == "rarity")
    before = {("svc:aid", "urn:resident"): 997, ("svc:aid", "urn:bank"): 3, ("svc:new", "urn:bank"): 5}
    rarity = Rarity(rule, before, since=NOON)
    looks = [
        look(NOON - HOUR, types=("urn:bank",)),
        look(),
        look(NOON + HOUR, types=("urn:bank", "urn:resident")),
        look(consumer="svc:new", types=("urn:bank",)),
    ]
    assert list(rarity.watch(looks)) == looks
    (flag,) = rarity.flags()
    assert (flag.consumer, flag.type, flag.officer, flag.count) == ("svc:aid", "urn:bank", None, 1)
    assert "3 of the consumer's 1000 requests in the 90 days before" in flag.en


def test_memory_lets_go_of_people_whose_window_is_over() -> None:
    crowd = (
        look(NOON + number * HOUR, subject=f"sub_{number}", reason="exchange.case-unknown") for number in range(12_000)
    )
    rule = next(each for each in standard_rules() if each.id == "no-case")
    assert list(flagged([rule], crowd)) == []


def test_the_rules_in_force_are_told_as_their_file_states_them() -> None:
    assert rules_document(standard_rules()) == json.loads(STANDARD.read_bytes())


@pytest.mark.parametrize(
    "change",
    [
        {"measure": "guilt"},
        {"per": []},
        {"per": ["name"]},
        {"at_least": 0},
        {"at_least": "3"},
        {"at_least": True},
        {"within_minutes": -1},
        {"en": "{unknown}"},
        {"zh": ""},
        {"query": "DELETE"},
        {"reasons": "all"},
    ],
)
def test_a_wrong_rule_is_named(change: dict[str, Any]) -> None:
    rules = json.loads(STANDARD.read_bytes())
    rules["rules"][0] |= change
    with pytest.raises(Malformed, match=r"exchange\.flag-rules") as refusal:
        parse_rules(json.dumps(rules, ensure_ascii=False).encode())
    assert refusal.value.facts["rule"] == "burst"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"version":2,"rules":[]}', b'{"version":1,"rules":[7]}'])
def test_what_is_no_file_of_rules_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        parse_rules(content)
