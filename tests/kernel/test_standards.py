"""Identifier rules against check characters worked out here by the standards' own formulas, numbers by the hundred."""

import random
from datetime import date, timedelta

import pytest

from hub.kernel.codes import Identifier, birth_date_in, is_licence_id, parse_identifier, sex_in
from hub.kernel.regions import standard_regions

HOW_MANY = 300
DICE = random.Random(11643)  # noqa: S311 - numbers for tests
DIGITS, BASE36 = "0123456789", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BASE31 = "0123456789ABCDEFGHJKLMNPQRTUWXY"
COUNTIES = ("110105", "330106", "522327", "320684", "440524", "650104", "510202")


def gb11643(first17: str) -> str:
    """The check that makes the sum of every digit times 2 to the power of its place leave 1 when divided by 11."""
    total = sum(int(one) * 2 ** (17 - place) for place, one in enumerate(first17))
    return "0123456789X"[(1 - total) % 11]


def gb32100(first17: str) -> str:
    total = sum(BASE31.index(one) * 3**place for place, one in enumerate(first17))
    return BASE31[-total % 31]


def gb11714(first8: str) -> str:
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    rest = 11 - sum(BASE36.index(one) * weight for one, weight in zip(first8, weights, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def mod_11_10(first14: str) -> str:
    carry = 10
    for one in first14:
        carry = ((carry + int(one)) % 10 or 10) * 2 % 11
    return str((11 - carry) % 10)


def mod_37_36(text: str) -> str:
    carry = 36
    for one in text:
        carry = ((carry + BASE36.index(one)) % 36 or 36) * 2 % 37
    return BASE36[(37 - carry) % 36]


def drawn(alphabet: str, count: int) -> str:
    return "".join(DICE.choice(alphabet) for _ in range(count))


def resident_numbers() -> list[str]:
    days = (date(1900, 1, 1) + timedelta(days=DICE.randrange(45_000)) for _ in range(HOW_MANY))
    firsts = [f"{DICE.choice(COUNTIES)}{day:%Y%m%d}{DICE.randint(1, 999):03}" for day in days]
    return [number for first in firsts if not (number := first + gb11643(first)).endswith("000")]


def read(text: str, hint: str | None = None) -> Identifier:
    found = parse_identifier(text, hint)
    assert found is not None, text
    return found


@pytest.mark.parametrize("hint", [None, "111"])
def test_a_resident_number_states_holder_and_a_wrong_digit_leaves_it_a_resident_number(hint: str | None) -> None:
    for number in resident_numbers():
        found = read(number, hint)
        assert (found.kind, found.value, found.valid) == ("resident_id", number, True)
        assert birth_date_in(found) == date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        assert sex_in(found) == ("1" if int(number[16]) % 2 else "2")
        place = DICE.choice((4, 5, 14, 15, 16, 17))
        other = DICE.choice([one for one in DIGITS if one != number[place]])
        broken = read(number[:place] + other + number[place + 1 :], hint)
        assert (broken.kind, broken.valid) == ("resident_id", False), broken


def test_fifteen_digits_become_the_eighteen_they_stand_for() -> None:
    for number in resident_numbers():
        if number[6:8] == "19":
            assert read(number[:6] + number[8:17]).value == number


@pytest.mark.parametrize("hint", [None, "001", "099"])
def test_a_credit_code_holds_in_every_kind_and_breaks_with_one_character(hint: str | None) -> None:
    for kind in ["11", "12", "51", "52", "53", "54", "55", "91", "92", "93", "N1", "N2", "N3"]:
        for _ in range(HOW_MANY // 10):
            body = drawn(BASE31, 8)
            first = kind + DICE.choice(COUNTIES) + body + gb11714(body)
            code = first + gb32100(first)
            assert (read(code, hint).kind, read(code, hint).valid) == ("credit_code", True)
            assert read(code.lower().replace("0", "o").replace("1", "i"), hint).value == code
            place = DICE.randrange(8, 16)
            other = DICE.choice([one for one in BASE31 if one != code[place]])
            assert not read(code[:place] + other + code[place + 1 :], hint).valid


def test_organisation_codes_and_registration_numbers_hold() -> None:
    for _ in range(HOW_MANY):
        body = DICE.choice(DIGITS) + drawn(BASE36, 7)
        assert read(f"{body}-{gb11714(body)}", "099").value == body + gb11714(body)
        first = DICE.choice(COUNTIES) + drawn(DIGITS, 8)
        found = read(first + mod_11_10(first), "099")
        assert (found.kind, found.valid) == ("registration_number", True)


def test_licence_ids_hold_and_break_with_their_check_character() -> None:
    for _ in range(HOW_MANY):
        parts = ("11100000" + drawn(BASE36, 13), "11430000" + drawn(BASE36, 10), drawn(DIGITS, 11), "001")
        check = mod_37_36("".join(parts))
        wrong = DICE.choice([one for one in BASE36 if one != check])
        assert is_licence_id(f"1.2.156.3005.2.{'.'.join(parts)}.{check}")
        assert not is_licence_id(f"1.2.156.3005.2.{'.'.join(parts)}.{wrong}")


def test_permits_of_all_three_regions_and_new_permanent_cards_use_the_resident_check() -> None:
    for region, kind, document in (
        ("810000", "residence_permit", "551"),
        ("820000", "residence_permit", "551"),
        ("830000", "residence_permit", "552"),
        ("911398", "foreign_permanent", "553"),
    ):
        first = f"{region}19990301{DICE.randint(1, 999):03}"
        found = read(first + gb11643(first))
        assert (found.kind, found.valid, found.document_kind) == (kind, True, document)


def test_a_taiwan_permit_is_read_where_a_registry_has_one_kind_for_all_three_regions() -> None:
    assert read("12345678", "516").document_kind == "511"
    assert read("H12345678", "516").document_kind == "516"


def test_every_region_that_was_ever_in_force_is_known() -> None:
    assert all(standard_regions().is_known(county) for county in COUNTIES)
