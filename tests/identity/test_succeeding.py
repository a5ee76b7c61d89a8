"""A row that replaces another: the same person goes on, or a steward is asked; nobody is taken for somebody else."""

from typing import Any

import pytest

from hub.errors import Conflict
from hub.identity.model import Decision, Mention, Move, Outcome, Placement
from hub.identity.service import IdentityService
from hub.kernel.clock import FixedClock
from hub.storage.database import Database
from tests.identity.conftest import ZHANG, Entries, Place, mention, number_of


def row(fields: dict[str, Any], record: str) -> Mention:
    return mention(fields, "civil_affairs", "self", record=record)


def replaced(
    identity: IdentityService, database: Database, old: str, *new: Mention, new_first: bool = False
) -> list[Placement]:
    """The export's next batch: one row is gone, others came; in either order."""
    with database.writing() as session:
        placed = identity.place(session, list(new)) if new_first else []
        identity.forget(session, [old])
        return placed or identity.place(session, list(new))


def owner(identity: IdentityService, database: Database, record: str, role: str = "self") -> str | None:
    with database.reading() as session:
        return identity.resolve(session, identity.history(session, record, role)[-1].subject_id)


@pytest.mark.parametrize("order", ["gone first", "new first"])
@pytest.mark.parametrize(
    "changed",
    [
        {"number": ZHANG["number"][:-1] + "0"},
        {"name": "张伟弦"},
        {"name": "张三", "former_names": ["张伟强"]},
        {"birth_date": "1980-06-05"},
    ],
)
def test_a_corrected_row_is_the_same_person_in_whatever_order_it_is_told(
    place: Place, identity: IdentityService, database: Database, order: str, changed: dict[str, Any]
) -> None:
    (before,) = place(row(ZHANG | changed, "old"))
    replaced(identity, database, "old", row(ZHANG, "new"), new_first=order == "new first")
    assert owner(identity, database, "new") == before.subject_id


def test_the_placement_names_the_subject_that_goes_on_and_others_follow(
    place: Place, identity: IdentityService, database: Database, moves: list[Move], entries: Entries
) -> None:
    (before,) = place(row(ZHANG, "old"))
    pairwise = identity.pairwise_id(before.subject_id or "", "svc:a")
    (placed,) = replaced(identity, database, "old", row(ZHANG | {"name": "张伟弦"}, "new"))
    assert (placed.subject_id, placed.outcome) == (before.subject_id, Outcome.LINKED)
    with database.reading() as session:
        assert identity.subject_of_pairwise(session, "svc:a", pairwise) == placed.subject_id
        line = identity.history(session, "new", "self")[-1]
    assert (line.action, line.reasons[0]) == ("moved", "row-replaced")
    assert [move.to_subject for move in moves] == [before.subject_id]
    assert entries()[-1]["action"] == "row-replaced"


@pytest.mark.parametrize(
    "changed",
    [{"name": "李小红"}, {"number": number_of("1980-05-06", 35)}, {"name": "李小红", "birth_date": "1975-01-01"}],
)
def test_a_row_that_might_tell_of_somebody_else_waits_for_a_steward(
    place: Place, identity: IdentityService, database: Database, clock: FixedClock, changed: dict[str, Any]
) -> None:
    (before,) = place(row(ZHANG, "old"))
    clock.advance(60)
    replaced(identity, database, "old", row(ZHANG | changed, "new"))
    assert owner(identity, database, "new") != before.subject_id
    with database.writing() as session:
        (review,) = identity.reviews(session)
        assert review.reasons[0] == "row-replaced"
        identity.decide(session, review.review_id, Decision.LINK, steward="王科员")
    assert owner(identity, database, "new") == before.subject_id


def test_a_row_of_another_person_that_comes_as_one_goes_is_somebody_else(
    place: Place, identity: IdentityService, database: Database
) -> None:
    (before,) = place(row(ZHANG, "old"))
    other = {"name": "王芳", "number": number_of("1990-01-01", 22), "birth_date": "1990-01-01", "phone": ZHANG["phone"]}
    (placed,) = replaced(identity, database, "old", row(other, "new"))
    assert placed.subject_id != before.subject_id
    with database.reading() as session:
        assert identity.reviews(session) == []


def test_two_rows_that_stand_side_by_side_are_two_people_still(
    place: Place, identity: IdentityService, database: Database
) -> None:
    twin = ZHANG | {"name": "张伟明", "number": number_of("1980-05-06", 13)}
    one, other = place(row(ZHANG, "one"), row(twin, "other"))
    replaced(identity, database, "one", row(ZHANG | {"phone": "13900002222"}, "one-again"))
    assert owner(identity, database, "one-again") == one.subject_id
    assert owner(identity, database, "other") == other.subject_id


def test_what_a_steward_called_different_is_not_continued(
    place: Place, identity: IdentityService, database: Database
) -> None:
    place(row(ZHANG, "a"), row(ZHANG | {"phone": "13900002222"}, "b"))
    with database.writing() as session:
        (review,) = identity.reviews(session)
        identity.decide(session, review.review_id, Decision.DIFFERENT, steward="王科员")
        identity.forget(session, ["a"])
        assert identity.reviews(session) == []
        with pytest.raises(Conflict):
            identity.join(session, ("a", "self"), ("b", "self"), steward="王科员")


@pytest.mark.parametrize("again", [["a"], ["a", "b"], ["b", "a"]])
def test_what_a_steward_called_different_stays_so_for_the_rows_that_replace_it(
    place: Place, identity: IdentityService, database: Database, again: list[str]
) -> None:
    """Both are of one name, number and birth date: nothing but the steward's word keeps them two."""
    said = {"a": ZHANG, "b": ZHANG | {"phone": "13900002222", "residence_address": "教工路7号5幢101室"}}
    before = dict(zip("ab", place(row(said["a"], "a"), row(said["b"], "b")), strict=True))
    with database.writing() as session:
        (review,) = identity.reviews(session)
        identity.decide(session, review.review_id, Decision.DIFFERENT, steward="王科员")
    with database.writing() as session:
        identity.forget(session, again)
        identity.place(session, [row(said[each], f"{each}-again") for each in again])
    for each in again:
        assert owner(identity, database, f"{each}-again") == before[each].subject_id
    assert before["a"].subject_id != before["b"].subject_id


def test_a_record_that_is_withdrawn_long_before_another_comes_is_nobodys_predecessor(
    place: Place, identity: IdentityService, database: Database, clock: FixedClock
) -> None:
    (before,) = place(row(ZHANG, "old"))
    with database.writing() as session:
        identity.forget(session, ["old"])
    clock.advance(days=30)
    (after,) = place(row(ZHANG | {"number": number_of("1980-05-06", 35)}, "new"))
    assert after.subject_id != before.subject_id
    with database.reading() as session:
        assert identity.reviews(session) == []


def test_a_whole_export_under_new_keys_keeps_every_subject(
    place: Place, identity: IdentityService, database: Database
) -> None:
    people = [
        {"name": f"张{chr(0x4E00 + at)}", "number": number_of("1980-05-06", at + 1), "birth_date": "1980-05-06"}
        for at in range(0, 600, 2)
    ]
    before = place(*(row(fields, f"october-{at}") for at, fields in enumerate(people)))
    with database.writing() as session:
        identity.forget(session, [f"october-{at}" for at in range(len(people))])
        after = identity.place(session, [row(fields, f"november-{at}") for at, fields in enumerate(people)])
    assert [each.subject_id for each in after] == [each.subject_id for each in before]


def test_two_rows_that_come_for_one_do_not_become_one_through_it(
    place: Place, identity: IdentityService, database: Database
) -> None:
    """The registry holds two people under one number from now on; that the row before was one person's says nothing."""
    (before,) = place(row(ZHANG, "old"))
    one, other = row(ZHANG | {"name": "张伟弦"}, "one"), row(ZHANG | {"phone": "13900002222"}, "other")
    replaced(identity, database, "old", one, other)
    owners = {owner(identity, database, "one"), owner(identity, database, "other")}
    assert len(owners) == 2
    assert before.subject_id in owners
    with database.reading() as session:
        assert identity.reviews(session) != []
