"""Records that say little: what phone and house still tell, and what a number that a spreadsheet rounded does not."""

import json
from typing import Any

import pytest

from hub.evidence.rules import named_in, shape_of
from hub.identity.model import Outcome
from hub.kernel.codes import resident_id_check
from tests.architecture.modules import ROOT
from tests.identity.conftest import ZHANG, Place, mention, number_of

HOME = {"phone": "13800001111", "residence_address": "文三路1号2幢301室"}
WANG = {"name": "王芳", "sex": "2", "birth_date": "1980-05-06", "number": number_of("1980-05-06", 24), **HOME}


def rounded(number: str) -> str:
    """A number of the same day whose last three digits are 000 and which is sound all the same."""
    bodies = (f"{number[:14]}{digit}00" for digit in range(10))
    return next(f"{body}0" for body in bodies if resident_id_check(body) == "0")


@pytest.mark.parametrize("known", [HOME, {"residence_address": HOME["residence_address"]}])
def test_a_sound_number_that_a_spreadsheet_may_have_rounded_is_no_second_person(
    place: Place, known: dict[str, Any]
) -> None:
    damaged = rounded(str(ZHANG["number"]))
    whole = damaged[:15] + "13"
    man = {"name": "张伟强", "birth_date": "1980-05-06", **HOME}
    first, second = place(
        mention(man | {"number": whole + resident_id_check(whole)}),
        mention({"name": "张伟强", "number": damaged, "sex": "1", **known}, "land", "holder"),
    )
    assert (second.outcome, second.subject_id) == (Outcome.LINKED, first.subject_id)


def test_two_rows_of_one_number_that_ends_in_000_are_one_person_and_other_names_are_not(place: Place) -> None:
    damaged = rounded(str(ZHANG["number"]))
    said = {"name": "张伟强", "birth_date": "1980-05-06", "number": damaged}
    first, same, other = place(
        mention(said), mention(said, "land", "holder"), mention(said | {"name": "李小红"}, "funeral", "deceased")
    )
    assert same.subject_id == first.subject_id
    assert other.subject_id != first.subject_id


def test_a_frequent_name_with_phone_and_house_is_the_same_person_and_with_one_of_them_a_question(place: Place) -> None:
    first, both = place(mention(WANG), mention({"name": "王芳", **HOME}, "land", "holder"))
    (phone,) = place(mention({"name": "王芳", "phone": HOME["phone"]}, "land", "holder"))
    (house,) = place(mention({"name": "王芳", "residence_address": HOME["residence_address"]}, "low_income", "head"))
    assert (both.outcome, both.subject_id) == (Outcome.LINKED, first.subject_id)
    assert [(each.outcome, each.subject_id == first.subject_id) for each in (phone, house)] == [
        (Outcome.REVIEW, False)
    ] * 2


def test_where_a_family_lives_tells_of_its_dead(place: Place) -> None:
    dead = {"name": "王芳", "birth_date": "1980-05-06", "family_address": HOME["residence_address"]}
    first, second = place(mention(WANG), mention(dead, "funeral", "deceased"))
    assert second.subject_id == first.subject_id


def test_where_a_household_lives_is_said_of_each_of_its_members() -> None:
    schema = json.loads((ROOT / "schemas/evidence/low-income-household.json").read_text(encoding="utf-8"))
    form = {"head": {"name": "张三"}, "members": [{"name": "李四"}, {"name": "张五"}], "residence_address": "司城村3组"}
    named = list(named_in(shape_of(schema), form))
    assert [(each.role, each.fields["residence_address"]) for each in named] == [
        (role, "司城村3组") for role in ("head", "member.1", "member.2")
    ]


def test_a_number_that_a_spreadsheet_rounded_speaks_against_whoever_has_other_digits_before(place: Place) -> None:
    """What the spreadsheet keeps, it keeps as it was: a stranger of the same name and birth date is not linked."""
    man = {"name": "张伟强", "birth_date": "1980-05-06", "sex": "1"}
    whole = number_of("1980-05-06", 113)
    kept, elsewhere = (
        whole[:15] + "000",
        ("522301" if not whole.startswith("522301") else "520102") + whole[6:15] + "000",
    )
    (first,) = place(mention(man | {"number": whole}))
    (same, other) = place(
        mention(man | {"number_written": kept}, "land", "holder"),
        mention(man | {"number_written": elsewhere}, "marriage", "man"),
    )
    assert same.subject_id == first.subject_id
    assert other.subject_id != first.subject_id


def test_nobody_has_a_resident_id_and_a_residence_permit_of_other_numbers(place: Place) -> None:
    """Both are a citizen's one number: that of the permit is a number of the same kind with region codes of its own."""
    man = {"name": "吕兴峰", "birth_date": "1980-05-06", "sex": "1"}
    permit = "830000" + number_of("1980-05-06", 113)[6:17]
    (first,) = place(mention(man | {"number": number_of("1980-05-06", 113)}))
    (other,) = place(
        mention(man | {"number": permit + resident_id_check(permit), "document_kind": "552"}, "land", "holder")
    )
    assert other.subject_id != first.subject_id
