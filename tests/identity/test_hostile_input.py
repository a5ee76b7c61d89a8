"""What comes in bad never merges anybody silently."""

from datetime import date, timedelta
from typing import Any

import pytest

from hub.identity.model import Outcome
from hub.identity.service import IdentityService
from hub.storage.database import Database
from tests.identity.conftest import ZHANG, Place, mention, number_of, subjects

GIVEN = "安邦昌达恩发刚海建凯乐明宁平强荣思泰文祥雅毅勇振志忠子春夏秋冬东西南北"


def people(count: int) -> list[dict[str, Any]]:
    """As many different people, each with a number of their own."""
    made = []
    for place in range(count):
        birth = (date(1950, 1, 1) + timedelta(days=37 * place)).isoformat()
        name = "王李张刘陈杨黄赵吴周"[place % 10] + GIVEN[place % 35] + GIVEN[place // 35 % 35]
        made.append({"name": name, "birth_date": birth, "number": number_of(birth, 100 + place % 800)})
    return made


def test_a_registry_full_of_one_number_merges_nobody_and_asks_little(
    place: Place, identity: IdentityService, database: Database
) -> None:
    number = number_of("1980-01-01", 111)
    rows = [mention(person | {"number": number}, "civil_affairs", "self") for person in people(1000)]
    placed = place(*rows)
    assert len(set(subjects(placed))) == 1000
    with database.reading() as session:
        assert identity.review_counts(session)["open"] <= 60
    assert placed[-1].reasons == ("key-too-frequent",)


@pytest.mark.parametrize(
    "number", ["000000000000000000", "111111111111111111", "无", "330106********0028", "3.30106E+17"]
)
def test_a_placeholder_is_no_number(place: Place, number: str) -> None:
    placed = place(*(mention(person | {"number": number}) for person in people(50)))
    assert len(set(subjects(placed))) == 50
    assert {each.outcome for each in placed} == {Outcome.NEW}


def test_a_thousand_records_that_share_one_phone_stay_a_thousand_people(place: Place) -> None:
    placed = place(*(mention(person | {"phone": "13800001111"}) for person in people(1000)))
    assert len(set(subjects(placed))) == 1000
    assert {each.outcome for each in placed} == {Outcome.NEW}


@pytest.mark.parametrize("name", ["", "名" * 200, "\ue000", "?", "\x00", "无名氏", "ⅷ", "𠮷" * 60, None, 7, ["张三"]])
def test_a_name_that_is_none_merges_nobody(place: Place, name: Any) -> None:
    first, second = place(
        mention({"name": name, "phone": "13800001111"}), mention({"name": name, "region_code": "330106"})
    )
    assert first.subject_id != second.subject_id


@pytest.mark.parametrize("birth", ["2999-01-01", "2026-11-02", "0001-01-01", "1980-13-45", "gestern", 19800506, None])
def test_an_impossible_birth_date_agrees_with_nothing(place: Place, birth: Any) -> None:
    said = {"name": "张伟强", "birth_date": birth, "region_code": "330106", "sex": "1"}
    first, second = place(mention(said), mention(dict(said)))
    assert first.subject_id != second.subject_id


def test_a_chain_of_likenesses_does_not_mix_two_people(place: Place) -> None:
    """Each link of the chain looks like the next; its ends are two people with numbers of their own."""
    base = {"name": "张伟强", "birth_date": "1980-05-06"}
    home, later = {"residence_address": "文三路1号2幢301室"}, {"name": "张伟强", "birth_date": "1981-05-06"}
    chain = [
        mention(base | {"number": number_of("1980-05-06", 11), "phone": "13800001111"}),
        mention(base | home | {"phone": "13800001111"}),
        mention({"name": "张伟强", "phone": "13800002222"} | home),
        mention(later | {"phone": "13800002222", "sex": "1"}),
        mention(later | {"number": number_of("1981-05-06", 35), "phone": "13800002222"}),
    ]
    placed = [place(each)[0] for each in chain]
    assert placed[0].subject_id != placed[-1].subject_id


def test_ten_records_that_match_pair_by_pair_never_hold_two_valid_numbers(
    place: Place, identity: IdentityService, database: Database
) -> None:
    base = {"name": "张伟强", "birth_date": "1980-05-06"}
    rows = [
        base | {"phone": f"1380000{place // 2:04}", "residence_address": f"文三路{(place + 1) // 2}号301室"}
        for place in range(8)
    ]
    rows.insert(0, base | {"phone": "13800000000", "number": number_of("1980-05-06", 11)})
    rows.append(base | {"residence_address": "文三路4号301室", "number": number_of("1980-05-06", 35)})
    for fields in rows:
        place(mention(fields))
    with database.reading() as session:
        held: dict[str, set[str]] = {}
        for each in identity.export(session):
            held.setdefault(each.subject, set())
        for subject in held:
            held[subject] = {value.value for value in identity.golden(session, subject) if value.field == "number"}
            others = [value.others for value in identity.golden(session, subject) if value.field == "number"]
            assert others in ([], [()])


def test_the_same_mention_twice_in_one_chunk_is_placed_once(place: Place) -> None:
    first, second = place(mention(ZHANG, record="r"), mention(ZHANG, record="r"))
    assert first == second


def test_a_chunk_of_nothing_is_nothing(place: Place) -> None:
    assert place() == []


def test_a_transaction_that_fails_keeps_nothing(identity: IdentityService, database: Database) -> None:
    def fail() -> None:
        with database.writing() as session:
            identity.place(session, [mention(ZHANG)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.reading() as session:
        assert identity.figures(session) == {"mentions": 0, "log": 0}


NAMELESS = ("", "\ue000", "？", "无名氏", "张伟", "李小红", "名" * 200)


def test_twins_of_whom_one_has_no_name_wait_for_a_steward(place: Place) -> None:
    """Whoever is born on one day and rings under one number may be two; without a name nothing says which."""
    common = {"birth_date": "1980-05-06", "phone": "13800001111"}
    placed = place(*(mention(common | {"name": name}) for name in NAMELESS))
    assert len(set(subjects(placed))) == len(NAMELESS)
    assert Outcome.LINKED not in {each.outcome for each in placed}
    assert placed[1].outcome is Outcome.REVIEW
