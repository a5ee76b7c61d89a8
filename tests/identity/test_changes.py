"""A bulk run over the index proposes only what differs; applied or thrown away as one, while intake goes on."""

from typing import Any

import pytest

from hub.errors import Conflict, Malformed, Missing
from hub.identity.model import Decision, Move
from hub.identity.modelfile import standard_model
from hub.identity.service import IdentityService
from hub.storage.database import Database
from tests.identity.conftest import ZHANG, Entries, Make, Place, mention, number_of, subjects
from tests.identity.people import County

OTHER = {"name": "王小明", "birth_date": "1970-03-04", "number": number_of("1970-03-04", 11)}
WITHOUT = {key: value for key, value in ZHANG.items() if key != "number"}


@pytest.fixture
def doubtful(make: Make) -> IdentityService:
    """The same index while every probable link is a review."""
    return make(review_probable=True)


def _people(count: int) -> list[dict[str, Any]]:
    rows = County(11).records(count)
    return [{**row, "number": row["id_number"], "residence_address": row["address"]} for row in rows]


def test_an_index_that_intake_built_needs_no_change(identity: IdentityService, place: Place) -> None:
    place(*(mention(fields) for fields in _people(300)))
    assert identity.changes.propose().counts == {"join": 0, "split": 0, "review": 0}


def test_what_a_bulk_run_would_join_is_shown_applied_and_logged(
    make: Make, place: Place, moves: list[Move], entries: Entries, database: Database
) -> None:
    careful, free = make(review_probable=True), make()
    probable = {key: WITHOUT[key] for key in ("name", "birth_date", "sex", "region_code")}
    first, second = (place(mention(probable), by=careful)[0].subject_id for _ in range(2))
    place(mention(OTHER), by=careful)
    assert first != second
    proposed = free.changes.propose()
    assert [item["what"] for item in proposed.items] == ["join"]
    assert set(proposed.items[0]["subjects"]) == {first, second}
    with database.reading() as session:
        assert free.resolve(session, second or "") == second
    applied = free.changes.apply(proposed.change_id, "王芳")
    assert (applied.state, applied.steward, applied.skipped) == ("applied", "王芳", ())
    with database.reading() as session:
        assert free.resolve(session, first or "") == free.resolve(session, second or "")
    assert {move.to_subject for move in moves} <= {first, second}
    assert entries()[-1]["action"] == "changes-applied"
    assert free.changes.propose().items == ()


def test_a_change_set_thrown_away_changes_nothing_and_is_decided_once(make: Make, place: Place) -> None:
    careful, free = make(review_probable=True), make()
    for _ in range(2):
        place(mention({key: WITHOUT[key] for key in ("name", "birth_date", "sex", "region_code")}), by=careful)
    proposed = free.changes.propose()
    assert free.changes.discard(proposed.change_id, "王芳").state == "discarded"
    with pytest.raises(Conflict):
        free.changes.apply(proposed.change_id, "王芳")
    with pytest.raises(Missing):
        free.changes.apply("chg_none", "王芳")
    with pytest.raises(Malformed):
        free.changes.apply(proposed.change_id, " ")
    assert len(free.changes.propose().items) == 1
    assert sorted(each.state for each in free.changes.find()) == ["discarded", "open"]


def test_what_intake_changed_since_is_skipped_with_its_reason(make: Make, place: Place, database: Database) -> None:
    careful, free = make(review_probable=True), make()
    probable = {key: WITHOUT[key] for key in ("name", "birth_date", "sex", "region_code")}
    for record in ("a", "b"):
        place(mention(probable, record=record), by=careful)
    proposed = free.changes.propose()
    place(mention(OTHER, record="b"), by=careful)
    applied = free.changes.apply(proposed.change_id, "王芳")
    assert [item["why"] for item in applied.skipped] == ["record-changed"]
    again = free.changes.propose()
    place(mention(probable, record="c"), by=careful)
    with database.writing() as session:
        free.forget(session, ["c"])
    assert again.items == ()


def test_a_stewards_word_outranks_the_run(make: Make, place: Place, database: Database) -> None:
    careful, free = make(review_probable=True), make()
    probable = {key: WITHOUT[key] for key in ("name", "birth_date", "sex", "region_code")}
    for record in ("a", "b"):
        place(mention(probable, record=record), by=careful)
    with database.writing() as session:
        review = careful.reviews(session)[0]
        careful.decide(session, review.review_id, Decision.DIFFERENT, steward="李平")
    assert free.changes.propose().items == ()
    place(mention(OTHER, record="c"), by=careful)
    with database.writing() as session:
        careful.join(session, ("a", "man"), ("c", "man"), steward="李平")
    assert free.changes.propose().items == ()


def test_two_subjects_called_different_by_one_pair_are_not_asked_about_by_another(
    identity: IdentityService, place: Place, database: Database
) -> None:
    place(mention(ZHANG, record="a"), mention(ZHANG | {"name": "李四"}, record="b"))
    with database.writing() as session:
        (review,) = identity.reviews(session)
        identity.decide(session, review.review_id, Decision.DIFFERENT, steward="李平")
    place(mention(ZHANG, "land", "holder"), mention(ZHANG | {"name": "李四"}, "land", "holder"))
    assert identity.changes.propose().items == ()


def test_a_stricter_model_proposes_to_split_what_a_looser_one_joined(
    make: Make, place: Place, database: Database
) -> None:
    strict = make(review_probable=True)
    probable = {key: WITHOUT[key] for key in ("name", "birth_date", "sex", "region_code")}
    first, second = (place(mention(probable, record=record))[0].subject_id for record in ("a", "b"))
    assert first == second
    proposed = strict.changes.propose()
    assert sorted(item["what"] for item in proposed.items) == ["split"]
    strict.changes.apply(proposed.change_id, "王芳")
    with database.reading() as session:
        now = {each.key or place: each.subject for place, each in enumerate(strict.export(session))}
    assert len(set(now.values())) == 2
    after = strict.changes.propose()
    assert [item["what"] for item in after.items] == ["review"]
    strict.changes.apply(after.change_id, "王芳")
    with database.reading() as session:
        assert strict.review_counts(session) == {"open": 1}
    assert standard_model("resident").version in proposed.models


def test_a_run_that_dies_while_it_applies_leaves_nothing_half_done(
    make: Make, place: Place, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    careful, free = make(review_probable=True), make()
    probable = {key: WITHOUT[key] for key in ("name", "birth_date", "sex", "region_code")}
    placed = [
        place(mention(probable | {"name": name}), by=careful) for name in ("张伟强", "张伟强", "李小明", "李小明")
    ]
    proposed = free.changes.propose()
    assert proposed.counts["join"] == 2
    done = 0

    def die(*_: object) -> None:
        nonlocal done
        done += 1
        if done > 1:
            raise ZeroDivisionError

    monkeypatch.setattr(free.changes, "_parts", free.changes._parts.__class__(
        **{name: getattr(free.changes._parts, name) for name in free.changes._parts.__slots__} | {"follow": die}
    ))  # fmt: skip
    with pytest.raises(ZeroDivisionError):
        free.changes.apply(proposed.change_id, "王芳")
    with database.reading() as session:
        ids = list(map(subjects, placed))
        assert [free.resolve(session, each[0] or "") for each in ids] == [each[0] for each in ids]
    assert free.changes.require(proposed.change_id).state == "open"
