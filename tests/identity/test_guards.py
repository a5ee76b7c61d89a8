"""Guards: what keeps two people apart however much speaks for one, and what a doubtful record never moves."""

from typing import Any

import pytest

from hub.identity.model import Outcome
from hub.identity.service import IdentityService
from hub.storage.database import Database
from tests.identity.conftest import ZHANG, Make, Place, mention, number_of


def subject_count(identity: IdentityService, database: Database) -> int:
    with database.reading() as session:
        return identity.figures(session).get("resident", 0)


def test_with_the_switch_on_no_link_is_made_by_weight_and_rules_link_still(make: Make, place: Place) -> None:
    cautious = make(review_probable=True)
    assert cautious.review_probable
    plain = {name: ZHANG[name] for name in ("name", "birth_date", "sex", "region_code")}
    by_rule, first = place(mention(ZHANG), mention(ZHANG, "land", "holder"), by=cautious)
    (by_weight,) = place(mention(plain, "funeral", "deceased"), by=cautious)
    assert by_rule.subject_id == first.subject_id
    assert by_weight.outcome is Outcome.REVIEW
    assert by_weight.subject_id != first.subject_id


@pytest.mark.parametrize("same", [("phone",), ("phone", "residence_address"), ("phone", "residence_address", "sex")])
def test_twins_of_one_household_are_two_with_and_without_numbers(
    place: Place, identity: IdentityService, database: Database, same: tuple[str, ...]
) -> None:
    twin = {name: ZHANG[name] for name in ("birth_date", *same)} | {"name": "张伟明"}
    place(mention(ZHANG), mention(twin | {"number": number_of("1980-05-06", 13)}))
    (third,) = place(mention(twin))
    assert subject_count(identity, database) >= 2
    (fourth,) = place(mention({name: ZHANG[name] for name in ("name", "birth_date", *same)}))
    assert third.subject_id != fourth.subject_id


def test_a_households_phone_joins_nobody(place: Place, identity: IdentityService, database: Database) -> None:
    home = {"phone": "13800001111", "residence_address": "文三路1号2幢301室"}
    names = ("张伟强", "李小红", "张晓明", "张建国", "王桂芳")
    people = [{"name": name, "birth_date": f"19{50 + 7 * at}-05-06"} for at, name in enumerate(names)]
    placed = place(*(mention(home | person) for person in people))
    assert len({each.subject_id for each in placed}) == len(names)
    assert {each.outcome for each in placed} == {Outcome.NEW}


def test_a_subject_never_holds_two_valid_numbers(place: Place, identity: IdentityService, database: Database) -> None:
    one, other = ZHANG, ZHANG | {"number": number_of("1980-05-06", 35)}
    bridge = {name: ZHANG[name] for name in ("name", "birth_date", "phone", "residence_address", "sex")}
    for fields in (one, bridge, other, bridge, one, other):
        place(mention(fields))
    numbers: dict[str, set[Any]] = {}
    with database.reading() as session:
        for subject in {each.subject for each in identity.export(session)}:
            stated = [each for each in identity.golden(session, subject) if each.field == "number"]
            numbers[subject] = {value for each in stated for value in (each.value, *(said for _, said in each.others))}
    assert all(len(found) <= 1 for found in numbers.values())
    assert len([found for found in numbers.values() if found]) == 2


def test_a_record_that_says_less_than_before_stays_where_it_was(
    place: Place, identity: IdentityService, database: Database
) -> None:
    """Hysteresis: what joined is not torn apart by evidence that would be too weak to join."""
    (first,) = place(mention(ZHANG, "civil_affairs", "self", record="a"))
    place(mention(ZHANG, "land", "holder", record="b"))
    weaker = {"name": ZHANG["name"], "region_code": ZHANG["region_code"]}
    with database.writing() as session:
        identity.forget(session, ["b"], replaced=True)
        (again,) = identity.place(session, [mention(weaker, "land", "holder", record="b")])
    assert again.subject_id == first.subject_id
    (stranger,) = place(mention(weaker, "land", "holder", record="c"))
    assert stranger.subject_id != first.subject_id


def test_a_record_that_now_contradicts_leaves(place: Place, identity: IdentityService, database: Database) -> None:
    (first,) = place(mention(ZHANG, "civil_affairs", "self", record="a"))
    place(mention(ZHANG, "land", "holder", record="b"))
    other = {"name": "李小红", "number": number_of("1991-02-03", 22), "birth_date": "1991-02-03"}
    with database.writing() as session:
        identity.forget(session, ["b"], replaced=True)
        (left,) = identity.place(session, [mention(other, "land", "holder", record="b")])
    assert left.subject_id != first.subject_id


def test_a_phone_of_a_hundred_people_says_nothing(place: Place, identity: IdentityService, database: Database) -> None:
    """A village office's number on every form."""
    for at in range(120):
        fields = {"name": f"张{chr(0x4E00 + at)}", "birth_date": f"19{50 + at % 50}-0{1 + at % 9}-1{at % 9}"}
        place(mention(fields | {"phone": "057188880000"}))
    assert subject_count(identity, database) == 120
    with database.reading() as session:
        assert len(identity.reviews(session)) == 0


@pytest.mark.parametrize(("circumstance", "value"), [("phone", "057188880000"), ("address", "莫干山路100号3幢201室")])
def test_what_an_office_writes_on_every_form_is_no_household(
    place: Place, identity: IdentityService, circumstance: str, value: str
) -> None:
    """One record after the other decides as a bulk run does: what too many share says nothing, of old records too."""
    known = {"name": "王伟", "birth_date": "1980-05-06", circumstance: value}
    (first,) = place(mention(known))
    (second,) = place(mention(known))
    assert (second.outcome, second.subject_id) == (Outcome.LINKED, first.subject_id)
    for at in range(45):
        birth = f"19{50 + at}-0{1 + at % 9}-{10 + at % 18}"
        place(mention({"name": f"李{chr(0x4E00 + 97 * at)}", "birth_date": birth, circumstance: value}))
    (third,) = place(mention(known))
    assert (third.outcome, third.reasons) == (Outcome.REVIEW, ("score",))
    (other,) = place(mention(known | {circumstance: value.replace("0", "9")}))
    assert other.outcome is Outcome.REVIEW
    (undone,) = (item for item in identity.changes.propose().items if item["what"] != "review")
    assert (undone["what"], undone["subjects"]) == ("split", [first.subject_id, first.subject_id])
