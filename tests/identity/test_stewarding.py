"""Stewards decide, undo and are never overruled; every state of the past can be told."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hub.errors import Conflict, Malformed, Missing
from hub.identity.model import Decision, Move, Outcome, Placement, Review
from hub.identity.modelfile import standard_model
from hub.identity.service import IdentityService
from hub.kernel.clock import FixedClock
from hub.storage.database import Database
from tests.identity.conftest import ZHANG, Entries, Make, Place, mention, number_of

LI: dict[str, Any] = {"name": "李四", "number": ZHANG["number"], "birth_date": "1975-01-01"}


def waiting(identity: IdentityService, database: Database) -> list[Review]:
    with database.reading() as session:
        return identity.reviews(session)


def owners(identity: IdentityService, database: Database, *records: str) -> list[str]:
    with database.reading() as session:
        return [identity.history(session, record, "man")[-1].subject_id for record in records]


@pytest.fixture
def doubt(place: Place) -> tuple[Placement, Placement]:
    """Two records of one number whose names and birth dates disagree."""
    first, second = place(mention(ZHANG, record="a"), mention(LI, record="b"))
    return first, second


def test_a_review_item_shows_both_sides_and_why(
    doubt: tuple[Placement, Placement], identity: IdentityService, database: Database
) -> None:
    (review,) = waiting(identity, database)
    assert {review.left.fields["name"], review.right.fields["name"]} == {"张伟强", "李四"}
    assert {review.left.subject_id, review.right.subject_id} == {each.subject_id for each in doubt}
    assert review.reasons[0] == "number-without-agreement"
    assert review.weights["number"] > 0 > review.weights["name"]
    assert set(review.effects) == {"link", "different", "unsure"}


def test_linking_makes_one_subject_whose_every_id_still_answers(
    doubt: tuple[Placement, Placement],
    identity: IdentityService,
    database: Database,
    moves: list[Move],
    entries: Entries,
) -> None:
    first, second = (each.subject_id or "" for each in doubt)
    pairwise = identity.pairwise_id(second, "svc:window")
    (review,) = waiting(identity, database)
    with database.writing() as session:
        decided = identity.decide(session, review.review_id, Decision.LINK, steward="王科员", note="查证为曾用名")
    assert (decided.state, decided.steward, decided.note) == ("link", "王科员", "查证为曾用名")
    survivor = min(first, second)
    with database.reading() as session:
        assert identity.resolve(session, first) == identity.resolve(session, second) == survivor
        assert identity.subject_of_pairwise(session, "svc:window", pairwise) == survivor
        assert identity.aliases(session, survivor) == sorted([first, second])
        assert identity.reviews(session) == []
    assert [(move.from_subject, move.to_subject) for move in moves] == [(max(first, second), survivor)]
    assert entries()[-1]["kind"] == "review"
    assert "王科员" not in str(entries()[-1])


def test_what_was_called_different_is_never_joined_automatically(
    place: Place, identity: IdentityService, database: Database
) -> None:
    first, second = place(
        mention(ZHANG, "civil_affairs", "self", record="a"),
        mention(ZHANG | {"phone": "13900002222"}, "civil_affairs", "self", record="b"),
    )
    (review,) = waiting(identity, database)
    with database.writing() as session:
        identity.decide(session, review.review_id, Decision.DIFFERENT, steward="王科员")
    (third,) = place(mention(ZHANG, "land", "holder"))
    assert third.outcome is Outcome.REVIEW
    assert set(third.reasons) == {"fits-two-kept-apart"}
    assert third.subject_id not in (first.subject_id, second.subject_id)
    with database.reading() as session:
        assert identity.resolve(session, first.subject_id or "") == first.subject_id
        assert identity.resolve(session, second.subject_id or "") == second.subject_id


def test_a_decision_survives_the_record_being_withdrawn_and_sent_again(
    doubt: tuple[Placement, Placement], identity: IdentityService, database: Database, place: Place
) -> None:
    (review,) = waiting(identity, database)
    with database.writing() as session:
        identity.decide(session, review.review_id, Decision.LINK, steward="王科员")
    for _ in range(2):
        with database.writing() as session:
            identity.forget(session, ["b"])
        (again,) = place(mention(LI, record="b"))
        assert again.outcome is Outcome.LINKED
        assert again.subject_id == min(each.subject_id or "" for each in doubt)


def test_cannot_tell_changes_nothing_and_is_not_asked_again(
    doubt: tuple[Placement, Placement], identity: IdentityService, database: Database, place: Place
) -> None:
    (review,) = waiting(identity, database)
    with database.writing() as session:
        identity.decide(session, review.review_id, Decision.UNSURE, steward="王科员")
        identity.forget(session, ["b"])
    place(mention(LI, record="b"))
    assert waiting(identity, database) == []


def test_linking_through_a_third_what_was_called_different_is_refused(
    place: Place, identity: IdentityService, database: Database, clock: FixedClock
) -> None:
    place(
        mention(ZHANG, record="a"),
        mention({"name": "李四", "birth_date": "1975-01-01"}, record="b"),
    )
    clock.advance(60)
    place(mention({"name": "王五", "birth_date": "1966-06-06"}, record="c"))
    a, b, c = (("a", "man"), ("b", "man"), ("c", "man"))
    with database.writing() as session:
        identity.join(session, a, b, steward="王科员")
        one, other = identity.split(session, a, b, steward="赵科长", note="误并")
        assert one != other
        assert identity.join(session, a, c, steward="王科员") == one
    with pytest.raises(Conflict) as caught, database.writing() as session:
        identity.join(session, b, c, steward="王科员")
    assert caught.value.code == "identity.kept-apart"
    assert owners(identity, database, "a", "b", "c") == [one, other, one]


def test_two_stewards_at_once_decide_once(
    doubt: tuple[Placement, Placement], identity: IdentityService, database: Database
) -> None:
    (review,) = waiting(identity, database)
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def decide(steward: str, decision: Decision) -> None:
        barrier.wait()
        try:
            with database.writing() as session:
                identity.decide(session, review.review_id, decision, steward=steward)
            outcomes.append("done")
        except Conflict as refusal:
            outcomes.append(refusal.code)

    threads = [
        threading.Thread(target=decide, args=each)
        for each in (("甲", Decision.LINK), ("乙", Decision.DIFFERENT))
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "identity.decided-already"]


def test_a_split_restores_what_was_there_and_keeps_it_apart(
    doubt: tuple[Placement, Placement], identity: IdentityService, database: Database, place: Place, moves: list[Move]
) -> None:
    place(mention(ZHANG, "land", record="a2"), mention(LI, "land", record="b2"))
    before = owners(identity, database, "a", "a2", "b", "b2")
    assert before[0] == before[1] != before[2] == before[3]
    review = waiting(identity, database)[0]
    with database.writing() as session:
        identity.decide(session, review.review_id, Decision.LINK, steward="王科员")
    assert len(set(owners(identity, database, "a", "a2", "b", "b2"))) == 1
    moves.clear()
    with database.writing() as session:
        one, other = identity.split(session, ("a", "man"), ("b", "man"), steward="赵科长", note="误并")
    assert owners(identity, database, "a", "a2", "b", "b2") == before
    assert [one, other] == [before[0], before[2]]
    assert {(move.record, move.to_subject) for move in moves} in (
        {("b", before[2]), ("b2", before[2])},
        {("a", before[0]), ("a2", before[0])},
    )
    with database.reading() as session:
        assert [identity.resolve(session, each) for each in (one, other)] == [one, other]
        assert identity.history(session, "b", "man")[-1].actor in ("赵科长", "hub")
    place(mention(ZHANG, record="a3"))
    assert owners(identity, database, "a", "b") == [one, other]


def test_a_wrong_automatic_link_can_be_undone(place: Place, identity: IdentityService, database: Database) -> None:
    place(mention(ZHANG, record="a"))
    place(mention(ZHANG, "land", record="b"))
    place(mention(ZHANG, "land", record="c"))
    with database.writing() as session:
        one, other = identity.split(session, ("a", "man"), ("b", "man"), steward="赵科长")
    assert one != other
    assert owners(identity, database, "a", "b") == [one, other]
    with database.writing() as session:
        identity.forget(session, ["b"])
    place(mention(ZHANG, "land", record="b"))
    assert owners(identity, database, "a", "b") == [one, other]


def test_whose_a_record_was_on_a_day_and_why(
    doubt: tuple[Placement, Placement], identity: IdentityService, database: Database, clock: FixedClock
) -> None:
    first, second = (each.subject_id or "" for each in doubt)
    loser = "b" if first < second else "a"
    day_of_placing = clock.now()
    clock.advance(days=10)
    (review,) = waiting(identity, database)
    with database.writing() as session:
        identity.decide(session, review.review_id, Decision.LINK, steward="王科员")
    clock.advance(days=10)
    with database.writing() as session:
        identity.forget(session, [loser])
    with database.reading() as session:
        assert identity.owner_at(session, loser, "man", day_of_placing - timedelta(days=1)) is None
        then = identity.owner_at(session, loser, "man", day_of_placing + timedelta(days=1))
        later = identity.owner_at(session, loser, "man", day_of_placing + timedelta(days=11))
        assert then is not None
        assert later is not None
        assert (then.subject_id, then.actor) == (max(first, second), "hub")
        assert (later.subject_id, later.actor) == (min(first, second), "王科员")
        assert identity.owner_at(session, loser, "man", clock.now()) is None
        actions = [line.action for line in identity.history_of_subject(session, min(first, second))]
    assert {"new", "moved", "gone"} <= set(actions)


def test_decisions_are_signed_and_about_something(
    doubt: tuple[Placement, Placement], identity: IdentityService, database: Database
) -> None:
    (review,) = waiting(identity, database)
    with database.writing() as session:
        for unsigned in ("", " ", "李科员\n", "李\u202e科员", "李" * 301):
            with pytest.raises(Malformed):
                identity.decide(session, review.review_id, Decision.LINK, steward=unsigned)
        with pytest.raises(Malformed):
            identity.decide(session, review.review_id, Decision.LINK, steward="王科员", note="无" * 1001)
        with pytest.raises(Missing):
            identity.decide(session, "rev_nothing", Decision.LINK, steward="王科员")
        with pytest.raises(Conflict):
            identity.split(session, ("a", "man"), ("b", "man"), steward="王科员")
        with pytest.raises(Missing):
            identity.split(session, ("a", "man"), ("nothing", "man"), steward="王科员")


def test_the_queue_is_read_page_by_page(place: Place, identity: IdentityService, database: Database) -> None:
    for number in range(5):
        fields = {"name": "张伟强", "number": number_of(f"198{number}-05-06", 101)}
        place(mention(fields), mention(fields | {"name": "李四", "birth_date": "1975-01-01"}))
    with database.reading() as session:
        seen: list[str] = []
        while page := identity.reviews(session, limit=2, after=seen[-1] if seen else ""):
            seen += [review.review_id for review in page]
        assert identity.review_counts(session) == {"open": len(seen)}
    assert len(seen) == len(set(seen)) == 5


@pytest.fixture
def three(place: Place, clock: FixedClock) -> list[str]:
    """The subjects of records a, b and c, in order of age; nothing speaks for their being one."""
    found = []
    for record, name in (("a", "李四"), ("b", "王五"), ("c", "赵六")):
        (placed,) = place(mention({"name": name, "birth_date": f"197{len(found)}-01-01"}, record=record))
        found.append(placed.subject_id or "")
        clock.advance(60)
    return found


def join(identity: IdentityService, database: Database, one: str, other: str) -> str:
    with database.writing() as session:
        return identity.join(session, (one, "man"), (other, "man"), steward="王科员")


def test_a_chain_of_merges_is_undone_link_by_link_and_every_id_answers_for_its_own(
    three: list[str], identity: IdentityService, database: Database
) -> None:
    a, b, c = three
    assert join(identity, database, "b", "c") == b
    assert join(identity, database, "a", "b") == a
    pairwise = {each: identity.pairwise_id(each, "svc:window") for each in three}
    with database.writing() as session:
        assert identity.split(session, ("b", "man"), ("c", "man"), steward="赵科长") == (a, c)
        assert [identity.resolve(session, each) for each in three] == [a, a, c]
    with database.writing() as session:
        assert identity.split(session, ("a", "man"), ("b", "man"), steward="赵科长") == (a, b)
        assert [identity.resolve(session, each) for each in three] == three
        assert [identity.subject_of_pairwise(session, "svc:window", pairwise[each]) for each in three] == three


def test_splitting_off_one_that_others_were_merged_into_takes_them_along(
    three: list[str], identity: IdentityService, database: Database
) -> None:
    a, b, _ = three
    join(identity, database, "b", "c")
    join(identity, database, "a", "b")
    with database.writing() as session:
        assert identity.split(session, ("a", "man"), ("c", "man"), steward="赵科长") == (a, b)
        assert [identity.resolve(session, each) for each in three] == [a, b, b]
    assert owners(identity, database, "a", "b", "c") == [a, b, b]


def test_an_alias_of_the_side_that_stays_is_not_led_astray(
    three: list[str], identity: IdentityService, database: Database
) -> None:
    """c was merged into b and b into a; when b alone leaves, whoever asks for c is answered by a."""
    a, b, _ = three
    join(identity, database, "b", "c")
    join(identity, database, "a", "c")
    with database.writing() as session:
        identity.split(session, ("b", "man"), ("c", "man"), steward="赵科长")
        assert [identity.resolve(session, each) for each in three] == [a, b, a]
    assert owners(identity, database, "a", "b", "c") == [a, b, a]


def test_a_younger_word_takes_back_the_older_one_that_held_the_two_together(
    three: list[str], identity: IdentityService, database: Database, place: Place
) -> None:
    a, _, c = three
    join(identity, database, "a", "b")
    join(identity, database, "b", "c")
    with database.writing() as session:
        identity.split(session, ("a", "man"), ("c", "man"), steward="赵科长", note="误并")
    for record in ("b", "c"):
        with database.writing() as session:
            identity.forget(session, [record], replaced=True)
        names = {"b": "王五", "c": "赵六"}
        place(mention({"name": names[record], "birth_date": f"197{'abc'.index(record)}-01-01"}, record=record))
    assert owners(identity, database, "a", "b", "c") == [a, a, c]


def test_what_each_choice_would_do_is_what_it_does(
    doubt: tuple[Placement, Placement], identity: IdentityService, database: Database, moves: list[Move]
) -> None:
    (review,) = waiting(identity, database)
    pairwise = identity.pairwise_id(max(each.subject_id or "" for each in doubt), "svc:window")
    with database.reading() as session:
        link, different, unsure = identity.outlook(session, review.review_id)
    assert (different.moves, unsure.moves, different.refusal) == ((), (), None)
    assert [each.pairwise for each in link.pairwise] == [pairwise]
    with database.writing() as session:
        identity.decide(session, review.review_id, Decision.LINK, steward="王科员")
    assert list(link.moves) == moves
    moves.clear()
    with database.reading() as session:
        _, apart, _ = identity.outlook(session, review.review_id)
    with database.writing() as session:
        identity.split(session, ("a", "man"), ("b", "man"), steward="赵科长")
    assert list(apart.moves) == moves
    with database.reading() as session:
        closed, _, _ = identity.outlook(session, review.review_id)
    assert closed.refusal is not None
    assert closed.refusal.code == "identity.kept-apart"


def test_decisions_outlive_the_model(
    doubt: tuple[Placement, Placement], identity: IdentityService, database: Database, make: Make, place: Place
) -> None:
    """Another edition of the model, under another switch, finds what stewards decided in force."""
    (review,) = waiting(identity, database)
    with database.writing() as session:
        identity.decide(session, review.review_id, Decision.LINK, steward="王科员")
    retrained = {
        kind: replace(model, version=f"{model.version}-retrained", link_bits=99.0, review_bits=98.0)
        for kind, model in ((name, standard_model(name)) for name in ("resident", "legal_person"))
    }
    later = make(models=retrained, review_probable=True)
    with database.writing() as session:
        later.forget(session, ["b"], replaced=True)
    (again,) = place(mention(LI, record="b"), by=later)
    assert (again.outcome, again.subject_id) == (Outcome.LINKED, min(each.subject_id or "" for each in doubt))


def test_two_that_were_called_different_are_not_asked_about_again_with_every_new_record(
    doubt: tuple[Placement, Placement], identity: IdentityService, database: Database, place: Place
) -> None:
    (review,) = waiting(identity, database)
    with database.writing() as session:
        identity.decide(session, review.review_id, Decision.DIFFERENT, steward="王科员")
    first, second = place(mention(ZHANG, "land", record="c"), mention(LI, "land", record="d"))
    assert [first.subject_id, second.subject_id] == [each.subject_id for each in doubt]
    assert waiting(identity, database) == []


def test_a_record_that_fits_two_who_were_called_different_is_asked_about_and_one_answer_settles_it(
    place: Place, identity: IdentityService, database: Database, clock: FixedClock
) -> None:
    place(mention(ZHANG, record="a"))
    place(mention(ZHANG, "land", record="b"))
    clock.advance(60)
    with database.writing() as session:
        one, other = identity.split(session, ("a", "man"), ("b", "man"), steward="王科员", note="重号")
    clock.advance(60)
    (third,) = place(mention(ZHANG, "funeral", record="c"))
    assert third.subject_id not in (one, other)
    items = waiting(identity, database)
    assert {each.left.record + each.right.record for each in items} <= {"ac", "ca", "bc", "cb"}
    assert len(items) == 2
    (asked,) = (each for each in items if "a" in (each.left.record, each.right.record))
    with database.writing() as session:
        identity.decide(session, asked.review_id, Decision.LINK, steward="王科员")
    assert owners(identity, database, "a", "b", "c") == [one, other, one]
    assert waiting(identity, database) == []
    with database.writing() as session:
        identity.forget(session, ["c"], replaced=True)
    place(mention(ZHANG | {"phone": "13911112222"}, "funeral", record="c"))
    assert owners(identity, database, "c") == [one]


def test_a_stewards_word_holds_for_a_record_that_fits_another_number_as_well(
    place: Place, identity: IdentityService, database: Database
) -> None:
    plain = {name: ZHANG[name] for name in ("name", "birth_date", "sex", "phone")}
    place(mention(plain | {"number": ZHANG["number"]}, record="a"))
    place(mention(plain | {"number": number_of("1980-05-06", 35)}, "land", record="b"))
    (between,) = place(mention(plain, "funeral", record="c"))
    assert between.outcome is Outcome.REVIEW
    with database.writing() as session:
        mine = identity.join(session, ("c", "man"), ("b", "man"), steward="王科员")
        identity.forget(session, ["c"], replaced=True)
    (again,) = place(mention(plain | {"region_code": "330106"}, "funeral", record="c"))
    assert (again.subject_id, owners(identity, database, "b")) == (mine, [mine])


def test_what_was_called_different_waits_under_no_other_pair_of_the_two(
    place: Place, identity: IdentityService, database: Database
) -> None:
    place(mention(ZHANG, record="a"), mention(ZHANG, "land", record="a2"))
    place(mention(LI, record="b"), mention(LI, "land", record="b2"))
    place(mention(ZHANG, "funeral", record="a3"))
    first, *others = waiting(identity, database)
    assert others
    with database.writing() as session:
        identity.decide(session, first.review_id, Decision.DIFFERENT, steward="王科员")
    assert waiting(identity, database) == []


def test_only_who_says_so_takes_a_word_back_and_only_the_word_about_these_two(
    place: Place, identity: IdentityService, database: Database, clock: FixedClock
) -> None:
    place(mention(ZHANG, record="a"))
    clock.advance(60)
    place(mention(ZHANG, "land", record="b"))
    place(mention(ZHANG, "land", record="c"))
    clock.advance(60)
    with database.writing() as session:
        one, other = identity.split(session, ("a", "man"), ("b", "man"), steward="王科员")
    with pytest.raises(Conflict) as caught, database.writing() as session:
        identity.join(session, ("a", "man"), ("b", "man"), steward="李科员")
    assert caught.value.code == "identity.kept-apart"
    with pytest.raises(Conflict), database.writing() as session:
        identity.join(session, ("c", "man"), ("b", "man"), steward="李科员", overrule=True)
    for _ in range(2):
        with database.writing() as session:
            assert identity.join(session, ("a", "man"), ("b", "man"), steward="李科员", overrule=True) == one
        assert owners(identity, database, "a", "b", "c") == [one, one, one]
        with database.writing() as session:
            assert identity.split(session, ("b", "man"), ("a", "man"), steward="李科员") == (other, one)
        assert owners(identity, database, "a", "b", "c") == [one, other, one]


def test_a_note_is_told_with_the_subjects_history_and_stands_nowhere_in_clear(
    doubt: tuple[Placement, Placement], identity: IdentityService, database: Database
) -> None:
    with database.writing() as session:
        subject = identity.join(session, ("a", "man"), ("b", "man"), steward="王科员", note="户口簿见第17号卷")
    with database.reading() as session:
        lines = identity.history_of_subject(session, subject, opened=True)
        assert {line.note for line in lines if line.action == "decided"} == {"户口簿见第17号卷"}
        assert {line.note for line in lines if line.actor == "hub"} == {""}
        assert {line.note for line in identity.history_of_subject(session, subject)} == {""}
        (kept,) = session.execute(text("SELECT note FROM identity_verdict")).scalars()
    assert "户口簿".encode() not in kept


def test_a_withdrawn_record_is_nobodys_though_its_subject_is_joined_to_another(
    place: Place, identity: IdentityService, database: Database, clock: FixedClock
) -> None:
    place(mention(ZHANG, record="a"))
    clock.advance(60)
    other = {"name": "李小红", "number": number_of("1991-02-03", 22), "birth_date": "1991-02-03"}
    place(mention(other, record="b"), mention(other, record="gone"))
    with database.writing() as session:
        identity.forget(session, ["gone"])
        clock.advance(60)
        identity.join(session, ("a", "man"), ("b", "man"), steward="李平")
    with database.reading() as session:
        assert identity.owner_at(session, "gone", "man", clock.now()) is None
        assert identity.owner_at(session, "a", "man", clock.now()) is not None
