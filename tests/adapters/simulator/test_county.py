from collections import Counter
from datetime import date

import pytest

from adapters.simulator.county import County, make_county
from adapters.simulator.evolve import evolve
from adapters.simulator.model import Village
from hub.errors import Malformed
from hub.kernel.checkdigits import credit_code_check, resident_id_check


@pytest.fixture(scope="module")
def county() -> County:
    return make_county(2400, 120)


@pytest.fixture(scope="module")
def villages(county: County) -> list[Village]:
    return list(county.villages())


def test_the_same_seed_makes_the_same_county(county: County, villages: list[Village]) -> None:
    assert list(make_county(2400, 120).villages()) == villages
    assert make_county(2400, 120).cast == county.cast


def test_another_seed_makes_another_county(villages: list[Village]) -> None:
    other = next(make_county(2400, 120, seed=7).villages())
    assert [one.name for one in other.people.values()] != [one.name for one in villages[0].people.values()]


def test_a_county_has_about_the_residents_and_organisations_asked_for(villages: list[Village]) -> None:
    assert 2400 <= sum(len(one.people) for one in villages) <= 2420
    assert 120 <= sum(len(one.organisations) for one in villages) <= 130


def test_no_two_residents_share_a_number_and_every_resident_number_checks(villages: list[Village]) -> None:
    people = [one for village in villages for one in village.people.values()]
    numbers = [one.number for one in people] + [one.former_number for one in people if one.former_number]
    assert len(set(numbers)) == len(numbers)
    for person in people:
        if person.document_kind == "111":
            assert resident_id_check(person.number[:17]) == person.number[17]
            assert person.number[6:14] == f"{person.born:%Y%m%d}"
            assert int(person.number[16]) % 2 == int(person.sex) % 2


def test_no_two_organisations_share_a_code_and_every_code_checks(villages: list[Village]) -> None:
    codes = [one.credit_code for village in villages for one in village.organisations.values()]
    assert len(set(codes)) == len(codes)
    assert all(credit_code_check(code[:17]) == code[17] for code in codes)


def test_everybody_lives_in_one_household(villages: list[Village]) -> None:
    for village in villages:
        housed = Counter(person for household in village.households for person, _ in household.members)
        assert housed.keys() == village.people.keys()
        assert set(housed.values()) == {1}


def test_nobody_marries_as_a_minor_or_after_death_and_nobody_dies_before_birth(villages: list[Village]) -> None:
    for village in villages:
        for event in village.marriages:
            for one in (event.man, event.woman):
                assert village.people[one].age_on(event.on) >= 20
                assert one not in village.deaths or village.deaths[one].on > event.on
        assert all(death.on > village.people[death.person].born for death in village.deaths.values())


def test_the_county_has_twins_divorces_second_marriages_and_history_of_land(villages: list[Village]) -> None:
    kinds = Counter(event.kind for village in villages for event in village.marriages)
    assert kinds["IA"] > kinds["IB"] > 0 < kinds["IC"]
    weddings = Counter(event.man for village in villages for event in village.marriages if event.kind == "IA")
    assert max(weddings.values()) == 2
    assert any(not right.current for village in villages for right in village.rights)
    births = Counter((one.household, one.born) for one in villages[0].people.values())
    assert max(births.values()) == 2


def test_the_widowed_applicant_is_registered_married_to_a_dead_man(county: County, villages: list[Village]) -> None:
    cast, village = county.cast, villages[0]
    him = cast.applicants_late_husband
    assert village.spouses()[cast.applicant.id] == him.id
    assert not village.is_alive(him.id)
    assert village.deaths[him.id].in_funeral
    assert cast.applicant.household == cast.applicants_household.index
    assert cast.applicants_home.holders == (cast.applicant.id,)


def test_the_association_has_ten_founding_units_and_an_office_of_its_first(county: County) -> None:
    cast = county.cast
    assert len(cast.founding_units) == len(cast.founding_persons) == 10
    assert sum(unit.is_social for unit in cast.founding_units) == 9
    assert [unit.representative for unit in cast.founding_units] == [one.id for one in cast.founding_persons]
    assert cast.association_office.holders == (cast.founding_units[0].id,)


def test_the_protagonists_own_and_represent_nothing_beyond_their_story(county: County, villages: list[Village]) -> None:
    cast, village = county.cast, villages[0]
    representatives = {one.representative for one in village.organisations.values()}
    assert cast.association_representative.id not in representatives
    held = Counter(holder for right in village.rights for holder in right.holders)
    assert held[cast.applicant.id] == held[cast.testator.id] == 1
    assert held[cast.closing_association.id] == 0
    assert cast.closing_association.status == "正常"


def test_the_ambiguous_share_name_and_birth_date_but_no_number(county: County) -> None:
    first, second = county.cast.ambiguous
    assert (first.name, first.born) == (second.name, second.born)
    assert first.number != second.number


def test_the_protagonists_are_the_same_whatever_the_size_of_the_county(county: County) -> None:
    assert make_county(60, 0).cast == county.cast == make_county(9000, 500).cast


def test_a_county_too_small_for_its_cast_is_refused() -> None:
    with pytest.raises(Malformed, match=r"simulator\.county-too-small"):
        make_county(5)


def test_a_later_state_has_every_kind_of_change_and_leaves_the_protagonists_alone(county: County) -> None:
    later = evolve(county, date(2026, 11, 20))
    village = later.village(0)
    assert {change.kind for change in village.changes} == {
        "marriage",
        "divorce",
        "death",
        "death-reversed",
        "death-corrected",
        "land-transfer",
        "number-corrected",
        "moved",
        "left-low-income",
        "birth",
        "organisation-cancelled",
    }
    assert not county.cast.subjects().intersection(one for change in village.changes for one in change.subjects)
    assert later.cast == county.cast


def test_a_later_state_is_the_same_each_time_and_builds_on_the_one_before(county: County) -> None:
    first = evolve(county, date(2026, 11, 20))
    second = evolve(first, date(2026, 12, 20))
    assert second.village(0) == second.village(0)
    earlier = first.village(0).changes
    assert second.village(0).changes[: len(earlier)] == earlier


def test_time_does_not_run_backwards(county: County) -> None:
    with pytest.raises(Malformed, match=r"simulator\.day-not-later"):
        evolve(county, county.on)
