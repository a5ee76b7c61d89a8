"""A record that changes under its key tells of the same subject still, and of what it said before."""

from typing import Any

import pytest
from sqlalchemy import text

from hub.identity.model import Found, IdentityQuery, Mention, Outcome, Placement
from hub.identity.service import IdentityService
from hub.kernel.clock import FixedClock
from hub.kernel.codes import parse_identifier
from hub.storage.database import Database
from tests.identity.conftest import ZHANG, Place, mention, number_of

DAY = 86_400
CORRECTED = ZHANG | {"number": number_of("1980-05-06", 51)}
CREDIT, CODE, REGISTERED = "51330106MJ9000014W", "MJ9000014", "110108000000016"


@pytest.fixture
def change(identity: IdentityService, database: Database, clock: FixedClock) -> Place:
    """The next version of a record, a month later."""

    def changed(later: Mention) -> list[Placement]:
        clock.advance(30 * DAY)
        with database.writing() as session:
            identity.forget(session, [later.record], replaced=True)
            return identity.place(session, [later])

    return changed


def test_a_number_that_one_record_corrects_is_the_same_persons_where_others_state_the_old_one(
    place: Place, change: Place, identity: IdentityService, database: Database
) -> None:
    (first,) = place(mention(ZHANG, record="a"))
    place(mention(ZHANG, "land", record="b"))
    (again,) = change(mention(CORRECTED, record="a"))
    assert (again.subject_id, again.outcome) == (first.subject_id, Outcome.LINKED)
    later = place(mention(ZHANG, "funeral", record="c"), mention(CORRECTED, "funeral", record="d"))
    assert {each.subject_id for each in later} == {first.subject_id}
    with database.reading() as session:
        for number in (ZHANG["number"], CORRECTED["number"]):
            answer = identity.subject_for(session, IdentityQuery("resident", number, ZHANG["name"]))
            assert answer == Found(first.subject_id or "")
    assert identity.changes.propose().items == ()


def test_the_old_number_finds_its_holder_when_nobody_states_it_any_more(
    place: Place, change: Place, identity: IdentityService
) -> None:
    (first,) = place(mention(ZHANG, record="a"))
    change(mention(CORRECTED, record="a"))
    change(mention(CORRECTED | {"phone": "13900001111"}, record="a"))
    assert sum(portion.rekeyed for portion in identity.rekeying.portions()) == 0
    (old,) = place(mention(ZHANG, "land", record="b"))
    assert (old.subject_id, old.reasons[0]) == (first.subject_id, "states-both-numbers")
    (stranger,) = place(mention(ZHANG | {"name": "李小红"}, "funeral", record="c"))
    assert stranger.subject_id != first.subject_id


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(CORRECTED | {"birth_date": "1980-06-05"}, id="another birth date"),
        pytest.param(CORRECTED | {"birth_date": None, "number": number_of("1991-02-03", 51)}, id="of another day"),
    ],
)
def test_another_number_with_another_birth_date_is_asked_about(
    place: Place, change: Place, now: dict[str, Any]
) -> None:
    (first,) = place(mention(ZHANG, record="a"))
    place(mention(ZHANG, "land", record="b"))
    (again,) = change(mention(now, record="a"))
    assert again.subject_id != first.subject_id
    assert (again.outcome, again.reasons) == (Outcome.REVIEW, ("states-another-number",))


def test_a_number_typed_from_somebody_elses_papers_leaves_no_trace_once_it_is_corrected(
    place: Place, change: Place
) -> None:
    (holder,) = place(mention(ZHANG))
    wrong = {"name": "周大明", "birth_date": "1975-01-01", "number": ZHANG["number"]}
    (waits,) = place(mention(wrong, "land", record="a"))
    assert waits.outcome is Outcome.REVIEW
    change(mention(wrong | {"number": number_of("1975-01-01", 33)}, "land", record="a"))
    (again,) = place(mention(ZHANG, "funeral"))
    assert (again.subject_id, again.outcome) == (holder.subject_id, Outcome.LINKED)
    (same_name,) = place(mention({"name": "周大明", "number": ZHANG["number"]}, "low_income"))
    assert same_name.outcome is Outcome.REVIEW


def organisation(name: str, registry: str = "land", *, record: str, **codes: str) -> Mention:
    exports = {"land": ("rights", "holder"), "civil_affairs": ("organisations", "self")}
    export, role = exports[registry]
    return mention({"name": name, **codes}, registry, role, export=export, kind="legal_person", record=record)


def test_an_organisation_renamed_and_given_a_credit_code_keeps_what_stands_under_its_old_codes(
    place: Place, change: Place, identity: IdentityService, database: Database
) -> None:
    old, new = "青溪县茶叶行业协会", "青溪县茶产业协会"
    (first,) = place(
        organisation(old, "civil_affairs", record="o", organisation_code=CODE, registration_number=REGISTERED)
    )
    for record, number in (("l1", REGISTERED), ("l2", CODE)):
        (linked,) = place(organisation(old, record=record, number=number))
        assert linked.subject_id == first.subject_id
    (again,) = change(organisation(new, "civil_affairs", record="o", credit_code=CREDIT))
    assert again.subject_id == first.subject_id
    with database.reading() as session:
        assert {each.subject for each in identity.export(session)} == {first.subject_id}
        assert identity.reviews(session) == []
    later = place(organisation(new, record="l3", number=CREDIT), organisation(old, record="l4", number=REGISTERED))
    assert {each.subject_id for each in later} == {first.subject_id}
    assert identity.changes.propose().items == ()


def test_the_codes_of_these_tests_are_valid() -> None:
    found = [parse_identifier(each, hint) for each, hint in ((CREDIT, "001"), (CODE, "099"), (REGISTERED, "099"))]
    assert all(each is not None and each.valid for each in found)


def test_a_record_whose_earlier_version_was_erased_comes_again_as_a_new_one(
    place: Place, identity: IdentityService, database: Database
) -> None:
    place(mention(ZHANG, record="a"))
    with database.writing() as session:
        identity.forget(session, ["a"])
        session.execute(text("UPDATE identity_mention SET sealed = '', traits = ''"))
    (again,) = place(mention(ZHANG, record="a"))
    assert again.outcome is Outcome.NEW
