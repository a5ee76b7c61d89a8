"""What stewards decided holds for ever: whatever arrives, changes, is replaced, looked up anew or resolved in bulk."""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hub.errors import Conflict
from hub.identity.model import Decision, Mention
from hub.identity.modelfile import standard_model
from hub.identity.service import IdentityService
from hub.kernel.clock import FixedClock
from hub.storage.database import Database
from tests.identity.conftest import ZHANG, Make, Place, mention, number_of

STEWARD = "王科员"
NUMBERS = [number_of("1980-05-06", sequence) for sequence in (11, 35)]
_OF_TWO_NUMBERS = {"steward", "states-both-numbers", "same-record", "row-replaced"}
"""Who may say that one person has two valid numbers: a steward, or a registry of its own record."""

Role = tuple[str, str]


def said_by(chance: random.Random) -> dict[str, Any]:
    """What a record says of somebody of one house, whose people are called nearly the same."""
    return {
        "name": chance.choice(("张伟强", "张伟强", "张伟明", "张伟")),
        "birth_date": chance.choice(("1980-05-06", "1980-05-06", "1980-06-05", None)),
        "number": chance.choice((*NUMBERS, None, None, None)),
        "phone": chance.choice(("13800001111", "13800001111", None)),
        "residence_address": chance.choice(("文三路1号2幢301室", None)),
        "sex": "1",
    }


class Town:
    """An index under work, and what stewards have said in it that nobody took back."""

    def __init__(self, make: Make, database: Database, clock: FixedClock, chance: random.Random) -> None:
        retrained = standard_model("resident")
        self._hubs = [make(), make(review_probable=True), make(models={
            "resident": replace(retrained, version="residents-retrained", link_bits=retrained.link_bits - 4),
            "legal_person": standard_model("legal_person"),
        })]  # fmt: skip
        self._database = database
        self._clock = clock
        self._chance = chance
        self._records: dict[str, Mention] = {}
        self._count = 0
        self.apart: set[frozenset[Role]] = set()
        self.given: set[str] = set()
        self.story: list[str] = []

    @property
    def hub(self) -> IdentityService:
        """One of the hubs at work on the database; they differ in their model, or in how careful they are."""
        return self._chance.choice(self._hubs)

    def step(self) -> None:
        """Something happens."""
        self._clock.advance(60)
        deeds: list[Callable[[], str]] = [
            self._arrive, self._arrive, self._change, self._replace, self._decide, self._decide, self._split,
            self._join, self._bulk, self._rekey,
        ]  # fmt: skip
        deed = self._chance.choice(deeds)
        self.story.append(f"{deed.__name__}: {deed()}")

    def _new(self) -> Mention:
        self._count += 1
        registry, role = self._chance.choice((("civil_affairs", "self"), ("marriage", "man"), ("land", "holder")))
        return mention(said_by(self._chance), registry, role, record=f"r{self._count}")

    def _arrive(self) -> str:
        said = [self._new() for _ in range(self._chance.choice((1, 1, 3)))]
        with self._database.writing() as session:
            self.hub.place(session, said)
        self._records |= {each.record: each for each in said}
        return " ".join(f"{each.record} {each.registry} {each.fields}" for each in said)

    def _some(self, count: int) -> list[Mention]:
        return self._chance.sample(sorted(self._records.values(), key=lambda each: each.record), count)

    def _change(self) -> str:
        if not self._records:
            return "nothing"
        (old,) = self._some(1)
        new = replace(old, fields=said_by(self._chance))
        with self._database.writing() as session:
            hub = self.hub
            hub.forget(session, [old.record], replaced=True)
            hub.place(session, [new])
        self._records[old.record] = new
        return f"{new.record} {new.fields}"

    def _replace(self) -> str:
        """A row goes and one that says the same comes, in either order."""
        if not self._records:
            return "nothing"
        (old,) = self._some(1)
        self._count += 1
        new = replace(old, record=f"r{self._count}")
        deeds: list[Callable[[IdentityService, Any], object]] = [
            lambda hub, session: hub.forget(session, [old.record]),
            lambda hub, session: hub.place(session, [new]),
        ]
        first = self._chance.choice((True, False))
        with self._database.writing() as session:
            hub = self.hub
            for deed in deeds if first else reversed(deeds):
                deed(hub, session)
        del self._records[old.record]
        self._records[new.record] = new
        for pair in [pair for pair in self.apart if (old.record, old.role) in pair]:
            self.apart.add(pair - {(old.record, old.role)} | {(new.record, new.role)})
        return f"{old.record} by {new.record}, {'gone first' if first else 'come first'}"

    def _decide(self) -> str:
        with self._database.writing() as session:
            found = self.hub.reviews(session)
            if not found:
                return "nothing"
            review = self._chance.choice(found)
            pair = frozenset((each.record, each.role) for each in (review.left, review.right))
            assert len(pair) > 1, self.told("a record is asked about beside itself")
            decision = self._chance.choice((Decision.DIFFERENT, Decision.DIFFERENT, Decision.LINK, Decision.UNSURE))
            try:
                self.hub.decide(session, review.review_id, decision, steward=STEWARD)
            except Conflict as refused:
                return f"{sorted(pair)} {decision} refused: {refused.code}"
        if decision is Decision.DIFFERENT:
            self.apart.add(pair)
        return f"{sorted(pair)} {decision}"

    def _two(self) -> tuple[Role, Role]:
        one, other = self._some(2)
        return (one.record, one.role), (other.record, other.role)

    def _split(self) -> str:
        if len(self._records) < 2:
            return "nothing"
        one, other = self._two()
        with self._database.writing() as session:
            try:
                self.hub.split(session, one, other, steward=STEWARD)
            except Conflict as refused:
                return f"{one} {other} refused: {refused.code}"
        self.apart.add(frozenset((one, other)))
        return f"{one} {other}"

    def _join(self) -> str:
        """Two are joined and, when nobody objects to that, parted: what was there before is there again."""
        if len(self._records) < 2:
            return "nothing"
        one, other = self._two()
        before = self.subjects()
        with self._database.writing() as session:
            try:
                self.hub.join(session, one, other, steward=STEWARD)
            except Conflict as refused:
                return f"{one} {other} refused: {refused.code}"
        if before[one] == before[other]:
            return f"{one} {other} were one"
        with self._database.writing() as session:
            self.hub.split(session, one, other, steward=STEWARD)
        assert self.subjects() == before, self.told(f"joined and split {one} {other}")
        self.apart.add(frozenset((one, other)))
        return f"{one} {other}, and split"

    def _bulk(self) -> str:
        hub = self.hub
        made = hub.changes.propose()
        if self._chance.random() < 0.5:
            self._arrive()
        done = hub.changes.apply(made.change_id, STEWARD)
        return f"{made.counts}, skipped {[item['why'] for item in done.skipped]}"

    def _rekey(self) -> str:
        return str(sum(portion.rekeyed for portion in self._hubs[0].rekeying.portions()))

    def subjects(self) -> dict[Role, str]:
        """Whose each living record is."""
        with self._database.reading() as session:
            found = {}
            for each in self._records.values():
                line = self._hubs[0].owner_at(session, each.record, each.role, self._clock.now())
                assert line is not None
                found[each.record, each.role] = line.subject_id
            return found

    def told(self, what: str) -> str:
        """What happened, step by step, for whoever looks why it did."""
        return "\n".join([*self.story, what])

    def require_promises(self) -> None:
        """Nobody who was called different is one; ids never die; everybody answers for their own records."""
        subjects = self.subjects()
        for pair in self.apart:
            one, other = pair
            if one in subjects and other in subjects:
                assert subjects[one] != subjects[other], self.told(f"{one} and {other} are one")
        self.given |= set(subjects.values())
        with self._database.reading() as session:
            hub = self._hubs[0]
            numbers: dict[str, set[str]] = defaultdict(set)
            for each in self._records.values():
                numbers[subjects[each.record, each.role]].add(each.fields["number"] or "")
            for subject_id in (each for each, held in numbers.items() if len(held - {""}) > 1):
                methods = {line.method for line in hub.history_of_subject(session, subject_id)}
                assert methods & _OF_TWO_NUMBERS, self.told(f"two numbers in one: {methods}")
            answering = self._hubs[0].survivors(session, sorted(self.given))
            exported = {each.subject for each in self._hubs[0].export(session)}
        assert answering.keys() == self.given, self.told("an id died")
        assert exported == set(subjects.values()), self.told("the log says otherwise than the index")
        assert all(answering[each] == each for each in exported), self.told("a redirected id still holds records")


@pytest.mark.parametrize("seed", range(4))
def test_no_deed_of_any_hub_undoes_a_stewards_word(
    make: Make, database: Database, clock: FixedClock, seed: int
) -> None:
    town = Town(make, database, clock, random.Random(seed))  # noqa: S311  # made-up deeds
    for _ in range(25):
        town.step()
        town.require_promises()


WITHOUT = {key: value for key, value in ZHANG.items() if key != "number"}


def whose(hub: IdentityService, database: Database, *records: str, role: str = "man") -> list[str | None]:
    with database.reading() as session:
        return [hub.resolve(session, hub.history(session, each, role)[-1].subject_id) for each in records]


def told_apart(hub: IdentityService, database: Database, one: Role, other: Role) -> None:
    """A steward calls two that are one different."""
    with database.writing() as session:
        hub.split(session, one, other, steward=STEWARD)


def test_a_record_that_changed_is_asked_about_beside_others_of_its_subject(
    identity: IdentityService, place: Place, database: Database
) -> None:
    elder = {"name": "张伟明", "birth_date": "1952-11-23", "sex": "1", "phone": "13800001111"}
    place(mention(elder, record="a"), mention(elder, "land", "holder", record="b"))
    place(mention(ZHANG | {"phone": None}, "funeral", record="c"))
    with database.writing() as session:
        identity.forget(session, ["a"], replaced=True)
        identity.place(session, [mention(ZHANG | {"phone": None}, record="a")])
        (item,) = identity.reviews(session)
    assert {item.left.record, item.right.record} == {"a", "b"}
    assert "would-join-two-subjects" in item.reasons


def test_what_was_said_of_a_withdrawn_record_holds_for_whoever_is_left(
    identity: IdentityService, place: Place, database: Database, clock: FixedClock
) -> None:
    for record in ("a", "b"):
        place(mention(ZHANG, record=record))
    told_apart(identity, database, ("a", "man"), ("b", "man"))
    place(mention(ZHANG | {"number": None, "phone": "13900002222", "residence_address": None}, "land", record="c"))
    with database.writing() as session:
        (item, *_) = [each for each in identity.reviews(session) if "a" in (each.left.record, each.right.record)]
        identity.decide(session, item.review_id, Decision.LINK, steward=STEWARD)
        identity.forget(session, ["a"])
    clock.advance(days=30)
    (fits_both,) = place(mention(ZHANG, "funeral", record="d"))
    assert fits_both.subject_id not in whose(identity, database, "b", "c")
    assert len(set(whose(identity, database, "b", "c", "d"))) == 3
    for each in identity.changes.propose().items:
        assert each["what"] == "review", each


@pytest.mark.parametrize("number", [None, ZHANG["number"]])
def test_a_row_that_comes_before_the_one_it_replaces_goes_is_not_joined_to_whom_that_one_was_told_from(
    identity: IdentityService, place: Place, database: Database, number: str | None
) -> None:
    said = ZHANG | {"number": number}
    old, new = (mention(said, "civil_affairs", "self", record=each) for each in ("old", "new"))
    place(old, mention(said, record="b"))
    told_apart(identity, database, ("old", "self"), ("b", "man"))
    (before,) = whose(identity, database, "old", role="self")
    place(new)
    with database.writing() as session:
        identity.forget(session, ["old"])
    assert whose(identity, database, "new", role="self") == [before]
    place(replace(new, fields=said | {"phone": "13900003333"}))
    assert whose(identity, database, "new", role="self") == [before]
    assert whose(identity, database, "b") != [before]


def test_a_bulk_run_gives_nobody_to_either_of_two_who_were_called_different(
    make: Make, place: Place, database: Database
) -> None:
    careful, free = make(review_probable=True), make()
    probable = {key: WITHOUT[key] for key in ("name", "birth_date", "sex", "region_code")}
    for record in ("a", "b", "c"):
        place(mention(probable, record=record), by=careful)
    with database.writing() as session:
        careful.join(session, ("a", "man"), ("b", "man"), steward=STEWARD)
        careful.split(session, ("a", "man"), ("b", "man"), steward=STEWARD)
    assert free.changes.propose().counts["join"] == 0


def test_a_change_set_never_gives_one_subject_two_numbers_that_came_since(
    make: Make, place: Place, database: Database
) -> None:
    careful, free = make(review_probable=True), make()
    probable = {key: WITHOUT[key] for key in ("name", "birth_date", "sex", "region_code")}
    for record, phone in (("a", "13900001111"), ("b", "13900002222")):
        place(mention(probable | {"phone": phone}, record=record), by=careful)
    proposed = free.changes.propose()
    assert proposed.counts["join"] == 1
    for phone, number in (("13900001111", NUMBERS[0]), ("13900002222", NUMBERS[1])):
        place(mention(ZHANG | {"phone": phone, "number": number}, "land"), by=careful)
    applied = free.changes.apply(proposed.change_id, STEWARD)
    assert [item["why"] for item in applied.skipped] == ["subject-holds-another-number"]
    assert len(set(whose(free, database, "a", "b"))) == 2
