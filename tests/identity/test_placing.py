"""Whose is each mention: guarded rules, guards that object, and what happens when records change."""

from typing import Any

import pytest

from hub.identity.model import Found, IdentityQuery, Move, NoneFound, Outcome
from hub.identity.service import IdentityService
from hub.kernel.clock import FixedClock
from hub.storage.database import Database
from tests.identity.conftest import ZHANG, Entries, Make, Place, mention, number_of, subjects


def without(*names: str, **changed: Any) -> dict[str, Any]:
    return {name: value for name, value in ZHANG.items() if name not in names} | changed


def test_the_same_number_and_name_from_two_registries_are_one_subject(place: Place) -> None:
    first, second = place(mention(ZHANG), mention(without("birth_date"), "land", "holder"))
    assert (first.outcome, second.outcome) == (Outcome.NEW, Outcome.LINKED)
    assert first.subject_id == second.subject_id
    assert second.reasons[0] == "number-and-name"


def test_a_later_chunk_finds_what_an_earlier_one_placed(place: Place) -> None:
    (first,) = place(mention(ZHANG))
    (second,) = place(mention(ZHANG, "funeral", "deceased"))
    assert first.subject_id == second.subject_id


def test_a_record_is_placed_in_three_statements_whoever_is_there(
    place: Place, sent: list[str], entries: Entries
) -> None:
    """The lock, one look for everybody and all that they say, and what is kept with its entry of the log."""
    place(mention({"name": "王五"}))
    for fields in (ZHANG, ZHANG, without("birth_date"), {"name": "李四", "phone": ZHANG["phone"]}):
        sent.clear()
        place(mention(fields))
        assert len(sent) == 3
    told = [(each["kind"], each.get("new"), each.get("linked")) for each in entries()]
    assert told == [("link", 1, None), ("link", 1, None), ("link", None, 1), ("link", None, 1), ("link", 1, None)]


@pytest.mark.parametrize(
    "fields",
    [
        without("birth_date", name="张玮强"),
        without("birth_date", name="張偉強"),
        without("birth_date", name="强伟张"),
        without("birth_date", name="张?强"),
        without("birth_date", name="张伟\ue000"),
        without("birth_date", name="张三", former_names=["张伟强"]),
        without("birth_date", name="张伟弦"),
        without("birth_date", number=ZHANG["number"].lower()),
        without("number", "phone"),
        without("number", "residence_address"),
        without("phone", "residence_address", number=ZHANG["number"][:-1] + "0"),
        without("phone", "residence_address", number=ZHANG["number"][:10] + "33" + ZHANG["number"][12:]),
    ],
)
def test_these_are_the_same_person(place: Place, fields: dict[str, Any]) -> None:
    first, second = subjects(place(mention(ZHANG), mention(fields)))
    assert first == second


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (without(name="李四"), "number-without-agreement"),
        (without("birth_date", "phone", "residence_address", name="李四"), "number-without-agreement"),
        (without(name="李四", birth_date="1975-01-01"), "number-without-agreement"),
        (without(number=number_of("1980-05-06", 35)), "valid-numbers-differ-all-else-agrees"),
        (without("number", name="张伟明"), "twin-or-typing-error"),
        (without("number", name="张伟"), "twin-or-typing-error"),
    ],
)
def test_these_wait_for_a_steward(place: Place, fields: dict[str, Any], reason: str) -> None:
    first, second = place(mention(ZHANG), mention(fields))
    assert second.outcome is Outcome.REVIEW
    assert first.subject_id != second.subject_id
    assert second.reasons == (reason,)


@pytest.mark.parametrize(
    "fields",
    [
        without("phone", "residence_address", number=number_of("1980-05-06", 35)),
        without("number", "phone", "residence_address", name="李四"),
        without("number", "birth_date", name="李四"),
        without("number", "birth_date", "region_code", "phone", "residence_address"),
    ],
)
def test_these_are_somebody_else_without_a_question(place: Place, fields: dict[str, Any]) -> None:
    first, second = place(mention(ZHANG), mention(fields))
    assert second.outcome is Outcome.NEW
    assert first.subject_id != second.subject_id


def test_one_registry_that_holds_two_people_of_one_number_is_asked_about(place: Place) -> None:
    row = mention(ZHANG, "civil_affairs", "self")
    other = mention(ZHANG | {"phone": "13900002222"}, "civil_affairs", "self")
    third = mention(ZHANG, "marriage")
    first, second, linked = place(row, other, third)
    assert second.outcome is Outcome.REVIEW
    assert second.reasons == ("one-registry-holds-both",)
    assert first.subject_id != second.subject_id
    assert linked.subject_id in (first.subject_id, second.subject_id)


def test_a_row_that_a_registry_exports_twice_is_one_person(place: Place) -> None:
    first, second = subjects(place(mention(ZHANG, "civil_affairs", "self"), mention(ZHANG, "civil_affairs", "self")))
    assert first == second


def test_twins_of_one_household_stay_two(place: Place) -> None:
    twin = ZHANG | {"name": "张伟明", "number": number_of("1980-05-06", 13)}
    first, second = place(mention(ZHANG), mention(twin))
    assert (second.outcome, first.subject_id == second.subject_id) == (Outcome.NEW, False)


def test_a_nameless_deceased_is_never_matched(place: Place) -> None:
    nameless = {"is_nameless": True, "sex": "1", "died_on": "2026-01-01"}
    first, second = place(mention(nameless, "funeral", "deceased"), mention(nameless, "funeral", "deceased"))
    assert first.subject_id != second.subject_id
    assert {first.outcome, second.outcome} == {Outcome.NEW}


def test_a_legal_representative_by_name_alone_is_a_hint(place: Place) -> None:
    hint, _ = place(mention({"name": "张伟强"}, "civil_affairs", "legal_representative"), mention(ZHANG))
    assert (hint.subject_id, hint.outcome) == (None, Outcome.HINT)
    with_number, subject = place(
        mention({"name": "张伟强", "number": ZHANG["number"]}, "civil_affairs", "legal_representative"), mention(ZHANG)
    )
    assert with_number.subject_id == subject.subject_id


def test_household_members_are_found_by_name_and_head_of_household(place: Place) -> None:
    wife = {"name": "李小红", "number": number_of("1982-01-02", 22), "head_number": ZHANG["number"], "sex": "2"}
    first, second = place(
        mention(wife, "civil_affairs", "self"),
        mention({"name": "李小红"}, "low_income", "member.2", kin=(ZHANG["number"],)),
    )
    assert first.subject_id == second.subject_id
    assert second.reasons[0] == "name-and-kin"


def test_a_mention_that_touches_two_numbers_stands_alone_in_whatever_order_they_come(
    make: Make, place: Place, database: Database
) -> None:
    common = {"name": "张伟强", "birth_date": "1980-05-06", "phone": "13800001111"}
    one = common | {"number": number_of("1980-05-06", 11)}
    other = common | {"number": number_of("1980-05-06", 35)}
    for order in ((common, one, other), (one, common, other), (one, other, common)):
        mentions = [mention(fields) for fields in order]
        with database.writing() as session:
            session.connection().exec_driver_sql("TRUNCATE identity_mention, identity_key, identity_subject")
        by = make()
        for each in mentions:
            place(each, by=by)
        with database.reading() as session:
            placed = {each.role + str(each.row): each.subject for each in by.export(session)}
            owners = [by.history(session, each.record, each.role)[-1].subject_id for each in mentions]
        assert placed
        assert len(set(owners)) == 3


def test_a_mention_between_two_subjects_makes_them_one_and_the_older_answers(
    place: Place, identity: IdentityService, database: Database, moves: list[Move], clock: FixedClock
) -> None:
    (older,) = place(mention(without("number", "phone"), "land", "holder"))
    clock.advance(60)
    by_phone = without("number", "birth_date", "residence_address", "region_code")
    (younger,) = place(mention(by_phone, "low_income", "head", record="younger"))
    assert older.subject_id != younger.subject_id
    (between,) = place(mention(ZHANG))
    assert between.subject_id == older.subject_id
    with database.reading() as session:
        assert identity.resolve(session, younger.subject_id or "") == older.subject_id
    assert [(move.record, move.to_subject) for move in moves] == [("younger", older.subject_id)]


def test_probable_links_become_reviews_when_the_hub_says_so(make: Make, place: Place) -> None:
    cautious = make(review_probable=True)
    fields = without("number", "phone", "residence_address")
    first, second = place(mention(ZHANG), mention(fields), by=cautious)
    assert (second.outcome, second.reasons) == (Outcome.REVIEW, ("score",))
    assert first.subject_id != second.subject_id


def test_a_probable_link_is_made_by_weight(place: Place) -> None:
    first, second = place(mention(ZHANG), mention(without("number", "phone", "residence_address")))
    assert first.subject_id == second.subject_id
    assert second.reasons[0] == "score"


def test_a_changed_record_stays_with_its_subject(place: Place, identity: IdentityService, database: Database) -> None:
    (first,) = place(mention(ZHANG, record="r1"))
    corrected = number_of("1980-05-06", 51)
    with database.writing() as session:
        identity.forget(session, ["r1"])
        (second,) = identity.place(session, [mention(without("phone", number=corrected), record="r1")])
    assert first.subject_id == second.subject_id
    with database.reading() as session:
        answer = identity.subject_for(session, IdentityQuery("resident", corrected, "张伟强"))
    assert answer == Found(first.subject_id or "")


def test_a_record_that_now_tells_of_somebody_else_goes_to_somebody_else(
    place: Place, identity: IdentityService, database: Database
) -> None:
    (first,) = place(mention(ZHANG, record="r1"))
    other = {"name": "王芳", "number": number_of("1990-01-01", 22), "birth_date": "1990-01-01"}
    with database.writing() as session:
        identity.forget(session, ["r1"])
        (second,) = identity.place(session, [mention(other, record="r1")])
    assert first.subject_id != second.subject_id


def test_a_withdrawn_record_is_found_no_more_but_its_subject_lives(
    place: Place, identity: IdentityService, database: Database
) -> None:
    (first,) = place(mention(ZHANG, record="r1"))
    query = IdentityQuery("resident", ZHANG["number"], "张伟强")
    with database.writing() as session:
        identity.forget(session, ["r1"])
        assert identity.subject_for(session, query) != Found(first.subject_id or "")
        assert identity.resolve(session, first.subject_id or "") == first.subject_id
    (again,) = place(mention(ZHANG, record="r1"))
    assert again.subject_id == first.subject_id


def test_each_chunk_is_an_entry_that_names_nobody(place: Place, entries: Entries) -> None:
    place(mention(ZHANG), mention(ZHANG, "land", "holder"))
    (entry,) = entries()
    assert (entry["kind"], entry["new"], entry["linked"]) == ("link", 1, 1)
    assert ZHANG["number"] not in str(entry)


def test_no_personal_value_stands_in_any_table_in_clear(place: Place, database: Database) -> None:
    place(mention(ZHANG), mention(without(name="李四", birth_date="1975-01-01")))
    tables = ("subject", "mention", "key", "link", "review")
    with database.reading() as session:
        for table in tables:
            rows = session.connection().exec_driver_sql(f"SELECT t::text FROM identity_{table} t").scalars()
            text = "\n".join(rows)
            for value in (ZHANG["name"], ZHANG["number"], ZHANG["phone"], "1980-05-06", "文三路"):
                assert value not in text
                assert value.encode().hex() not in text


def _both(birth: str = "1980-05-06") -> dict[str, Any]:
    """A row that states the corrected and the former number, with a birth date of its own."""
    return {"name": "张伟强", "number": number_of(birth, 51), "other_numbers": [ZHANG["number"]]}


@pytest.mark.parametrize("order", [1, -1])
def test_a_row_that_states_an_old_and_a_new_number_links_both(
    place: Place, identity: IdentityService, database: Database, order: int
) -> None:
    old = {"name": "张伟强", "number": ZHANG["number"], "sex": "1"}
    rows = [mention(old), mention(_both(), "civil_affairs", "self")]
    first, second = (place(each)[0] for each in rows[::order])
    assert first.subject_id == second.subject_id
    assert second.reasons[0] == "states-both-numbers"
    with database.reading() as session:
        for number in (ZHANG["number"], _both()["number"]):
            assert identity.subject_for(session, IdentityQuery("resident", number, "张伟强")) == Found(
                first.subject_id or ""
            )
    assert identity.changes.propose().items == ()


def test_a_number_stated_beside_anothers_name_links_nobody(place: Place) -> None:
    """A couple in one cell: the second number is the wife's."""
    wife = {"name": "李小红", "number": number_of("1982-01-02", 22)}
    couple = ZHANG | {"other_numbers": [wife["number"], "110101********1234", 7, "无"]}
    first, second = place(mention(wife), mention(couple))
    assert first.subject_id != second.subject_id
    assert second.outcome is not Outcome.LINKED
    (again,) = place(mention(wife | {"birth_date": "1982-01-02"}, "land", "holder"))
    assert again.subject_id == first.subject_id


def test_a_row_with_the_numbers_of_two_subjects_never_makes_them_one(place: Place) -> None:
    old = {"name": "张伟强", "number": ZHANG["number"]}
    new = {"name": "张伟强", "number": _both()["number"]}
    first, second, third = place(mention(old), mention(new), mention(_both()))
    assert first.subject_id != second.subject_id
    assert third.subject_id in (first.subject_id, second.subject_id)


def test_a_withdrawn_record_follows_its_subject_and_comes_back_to_whoever_answers(
    place: Place, identity: IdentityService, database: Database, clock: FixedClock
) -> None:
    (older,) = place(mention(without("number", "phone"), "land", "holder"))
    clock.advance(60)
    by_phone = without("number", "birth_date", "residence_address", "region_code")
    for record in ("gone", "stays"):
        place(mention(by_phone, "low_income", "head", record=record))
    with database.writing() as session:
        identity.forget(session, ["gone"])
    clock.advance(60)
    place(mention(ZHANG))
    with database.reading() as session:
        assert identity.owner_at(session, "stays", "head", clock.now()).subject_id == older.subject_id  # type: ignore[union-attr]
        assert identity.owner_at(session, "gone", "head", clock.now()) is None
    (back,) = place(mention({"name": ZHANG["name"], "sex": "1"}, "low_income", "head", record="gone"))
    assert (back.subject_id, back.reasons[0]) == (older.subject_id, "same-record")
    with database.reading() as session:
        living = {each.subject for each in identity.export(session)}
    assert living == {older.subject_id}


def test_a_masked_number_joins_beside_the_birth_date_and_a_query_with_it_finds_nobody(
    place: Place, identity: IdentityService, database: Database
) -> None:
    number = ZHANG["number"]
    masked = f"{number[:4]}**********{number[14:]}"
    common = {"name": "张伟", "birth_date": "1980-05-06"}
    (first,) = place(mention(common | {"number": number}))
    (again,) = place(mention(common | {"number_written": masked}, "low_income", "head"))
    assert (again.subject_id, again.reasons[:2]) == (first.subject_id, ("visible-digits-and-name", "number:visible"))
    (other,) = place(mention(common | {"number_written": masked[:14] + "9999"}, "low_income", "head"))
    assert other.subject_id != first.subject_id
    with database.reading() as session:
        assert isinstance(identity.subject_for(session, IdentityQuery("resident", masked, "张伟")), NoneFound)
