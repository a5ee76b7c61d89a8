"""Look-up keys made anew: what an older hub placed is found again; nobody moves, and a second run changes nothing."""

import pytest
from sqlalchemy import text

from hub.errors import Malformed
from hub.identity.service import IdentityService
from hub.storage.database import Database
from tests.identity.conftest import ZHANG, Entries, Make, Place, mention, number_of


def _forget_keys(database: Database) -> None:
    """As an index of before has it: found by the number alone."""
    with database.writing() as session:
        session.execute(
            text("UPDATE identity_mention SET keys = substring(keys FROM 1 FOR 16) WHERE length(keys) > 16")
        )
        session.execute(
            text(
                "DELETE FROM identity_key k USING identity_mention m"
                " WHERE m.mention_id = k.mention_id AND k.key <> m.keys"
            )
        )


def _keys(database: Database) -> set[tuple[bytes, bytes]]:
    with database.reading() as session:
        return {
            (bytes(key), bytes(mine)) for key, mine in session.execute(text("SELECT key, mention_id FROM identity_key"))
        }


def test_records_of_before_are_found_by_phone_and_address_again(
    place: Place, identity: IdentityService, database: Database, entries: Entries
) -> None:
    (first,) = place(mention(ZHANG, kin=(number_of("1950-01-01", 22),)))
    complete = _keys(database)
    _forget_keys(database)
    assert _keys(database) < complete
    done = list(identity.rekeying.portions())
    assert [(each.read, each.rekeyed, each.damaged) for each in done] == [(1, 1, 0)]
    assert _keys(database) == complete
    assert entries()[-1]["action"] == "rekeyed"
    assert entries()[-1]["mentions"] == 1
    (found,) = place(mention(ZHANG | {"number": None, "birth_date": None}))
    assert found.subject_id == first.subject_id


def test_rekeying_twice_changes_nothing_the_second_time(place: Place, identity: IdentityService) -> None:
    place(mention(ZHANG), mention(ZHANG | {"other_numbers": [number_of("1980-05-06", 35)]}, "land", "holder"))
    assert sum(each.rekeyed for each in identity.rekeying.portions()) == 0


def test_rekeying_goes_on_from_where_it_ended(place: Place, identity: IdentityService) -> None:
    place(*(mention(ZHANG, "land", "holder") for _ in range(3)))
    (whole,) = identity.rekeying.portions()
    assert (whole.read, identity.rekeying.count()) == (3, 3)
    assert list(identity.rekeying.portions(whole.place)) == []
    assert identity.rekeying.count(whole.place) == 0
    with pytest.raises(Malformed):
        list(identity.rekeying.portions("somewhere"))


def test_a_record_that_does_not_open_keeps_its_keys_and_stops_nobody(
    place: Place, identity: IdentityService, database: Database
) -> None:
    place(mention(ZHANG, record="a"), mention({"name": "李四", "phone": "13900001111"}, record="b"))
    _forget_keys(database)
    with database.writing() as session:
        session.execute(
            text("UPDATE identity_mention SET sealed = overlay(sealed placing '\\x00' from 40) WHERE record = 'a'")
        )
    (done,) = identity.rekeying.portions()
    assert (done.read, done.damaged) == (2, 1)


def test_a_record_withdrawn_meanwhile_gets_no_keys(
    place: Place, make: Make, identity: IdentityService, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(mention(ZHANG, record="a"))
    _forget_keys(database)
    rekeying = identity.rekeying
    anew = type(rekeying)._anew

    def withdrawn_first(self: object, drafting: object, kept: object) -> object:
        made = anew(self, drafting, kept)  # type: ignore[arg-type]
        with database.writing() as session:
            make().forget(session, ["a"])
        return made

    monkeypatch.setattr(type(rekeying), "_anew", withdrawn_first)
    assert [each.rekeyed for each in rekeying.portions()] == [0]
    assert _keys(database) == set()
