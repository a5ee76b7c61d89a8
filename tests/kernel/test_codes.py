"""Identifiers: every sample of the standards, each with one character changed, and every form of dirt."""

from datetime import date

import pytest

from hub.errors import Malformed
from hub.kernel.checkdigits import CREDIT_ALPHABET
from hub.kernel.codes import (
    Identifier,
    IdentifierKind,
    birth_date_in,
    contradictions,
    credit_code_check,
    is_licence_id,
    licence_id_check,
    organisation_code_check,
    organisation_code_in,
    parse_identifier,
    read_identifiers,
    region_in,
    registration_number_check,
    resident_id_check,
    sex_in,
)

RESIDENT_IDS = ["11010519491231002X", "440524188001010014"]
PERMITS = ["810000199001010019", "820000199001010029", "830000199001010039"]
CREDIT_CODES = [
    "91350100M000100Y43",
    "5133010650001234X2",
    "52330106MJ9000014R",
    "53330000500000015B",
    "54330106MJ91000159",
    "55330106MJ9200016U",
    "113301060025000178",
    "12330106470000013B",
    "91330106MA2ABCD139",
    "N2330106MF00000137",
]
LICENCES = [
    "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
    "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9",
]


def read_as(text: str, hint: str | None = None) -> Identifier:
    found = parse_identifier(text, hint)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "kind", "document_kind"),
    [
        *((number, IdentifierKind.RESIDENT_ID, "111") for number in RESIDENT_IDS),
        *((number, IdentifierKind.CREDIT_CODE, "001") for number in CREDIT_CODES),
        ("810000199001010019", IdentifierKind.RESIDENCE_PERMIT, "551"),
        ("820000199001010029", IdentifierKind.RESIDENCE_PERMIT, "551"),
        ("830000199001010039", IdentifierKind.RESIDENCE_PERMIT, "552"),
        ("911398199012310021", IdentifierKind.FOREIGN_PERMANENT, "553"),
        ("KAZ110090123105", IdentifierKind.FOREIGN_PERMANENT, "553"),
        ("H12345678", IdentifierKind.TRAVEL_PERMIT, "516"),
        ("M1234567801", IdentifierKind.TRAVEL_PERMIT, "516"),
        ("12345679", IdentifierKind.TAIWAN_PERMIT, "511"),
        ("E12345678", IdentifierKind.PASSPORT, "414"),
        ("D2143569X", IdentifierKind.ORGANISATION_CODE, "099"),
        ("M000100Y4", IdentifierKind.ORGANISATION_CODE, "099"),
        ("110108000000016", IdentifierKind.REGISTRATION_NUMBER, "099"),
    ],
)
def test_every_sample_is_valid_and_of_its_kind(text: str, kind: IdentifierKind, document_kind: str) -> None:
    found = read_as(text)
    assert (found.kind, found.value, found.valid, found.document_kind) == (kind, text, True, document_kind)


@pytest.mark.parametrize("number", [*RESIDENT_IDS, *PERMITS, "911398199012310021"])
def test_no_sample_of_mod_11_2_survives_one_changed_digit(number: str) -> None:
    for place in range(17):
        for digit in "0123456789":
            changed = number[:place] + digit + number[place + 1 :]
            found = parse_identifier(changed, "111")
            assert changed == number or found is None or found.kind is IdentifierKind.CREDIT_CODE or not found.valid


@pytest.mark.parametrize("code", CREDIT_CODES)
def test_no_credit_code_survives_one_changed_character(code: str) -> None:
    for place in range(18):
        for character in CREDIT_ALPHABET:
            changed = code[:place] + character + code[place + 1 :]
            found = parse_identifier(changed, "001")
            assert changed == code or found is None or not found.valid or found.kind is not IdentifierKind.CREDIT_CODE


@pytest.mark.parametrize("number", ["110108000000016", "D2143569X", "M000100Y4", "KAZ110090123105"])
def test_no_other_sample_survives_one_changed_digit(number: str) -> None:
    for place, old in enumerate(number):
        for digit in "0123456789" if old.isdigit() else "":
            changed = number[:place] + digit + number[place + 1 :]
            found = parse_identifier(changed, "553" if number.startswith("KAZ") else "099")
            assert changed == number or found is None or not found.valid


def test_a_failed_check_digit_is_a_flag_and_the_number_is_kept() -> None:
    found = read_as("110105194912310021")
    assert (found.kind, found.valid, found.flags) == (IdentifierKind.RESIDENT_ID, False, ("number-check-digit",))
    assert read_as("91330106MA2ABCD130", "001").flags == ("number-check-digit",)
    assert read_as("D2143569-1", "099").flags == ("number-check-digit",)


@pytest.mark.parametrize(
    "dirty",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "11010519491231002Х",
        "11010519491231002*",
        " 11010519491231002X\t",
        "110105 19491231 002X",
        "'11010519491231002X",
        "‘11010519491231002X’",
        "110105-19491231-002X",
        "1101051949123１002X\u3000",
        "\ufeff11010519491231002X",
        "身份证:11010519491231002X",
        "11010519491231002X(本人)",
        "11010519491231002X?",
        "ID:11010519491231002X",
        "No.11010519491231002X",
        "110105491231002.00",
        "110105491231002",
        "110105491231002.0",
        "11O105491231OO2",
        "11O1O519491231002X",
    ],
)
def test_dirt_does_not_change_whose_number_it_is(dirty: str) -> None:
    found = read_as(dirty)
    assert (found.value, found.valid) == ("11010519491231002X", True)


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("", None),
        ("  ", None),
        ("无", "number-placeholder"),
        ("不详", "number-placeholder"),
        ("\\N", "number-placeholder"),
        ("000000000000000000", "number-placeholder"),
        ("111111111111111111", "number-placeholder"),
        ("123456789012345678", "number-placeholder"),
        ("3.30106E+17", "number-in-scientific-notation"),
        ("3.30106e17", "number-in-scientific-notation"),
        ("330106194912310000", "number-rounded-by-spreadsheet"),
        ("330106********0028", "number-masked"),
        ("**************0028", "number-masked"),
        ("330106XXXXXXXX0028", "number-masked"),
        ("330106????????0028", "number-masked"),
        ("33010619491231？？？？", "number-masked"),
        ("330106--------0028", "number-masked"),
        ("330106________0028", "number-masked"),
        ("330106○○○○○○○○0028", "number-masked"),
    ],
)
def test_a_cell_without_a_usable_number_gives_none_and_says_why(text: str, flag: str | None) -> None:
    assert parse_identifier(text) is None
    assert read_identifiers(text).flags == ((flag,) if flag else ())


@pytest.mark.parametrize("separator", ["、", ",", "，", ";", "；", "/", " ", "\n", "", " / "])
def test_two_numbers_in_a_cell_are_both_read_and_neither_is_chosen(separator: str) -> None:
    cell = separator.join(RESIDENT_IDS)
    reading = read_identifiers(cell)
    assert [one.value for one in reading.identifiers] == RESIDENT_IDS
    assert reading.flags == ("number-several-in-cell",)
    assert parse_identifier(cell) is None


def test_the_same_number_written_twice_is_one() -> None:
    assert read_as("11010519491231002X/110105491231002").value == "11010519491231002X"
    assert read_as("11010519491231002X、无").value == "11010519491231002X"


def test_o_and_i_in_a_credit_code_are_zero_and_one() -> None:
    found = read_as("9135O1OOM000IOOY43")
    assert (found.value, found.valid, found.flags) == ("91350100M000100Y43", True, ("number-letter-for-digit",))


def test_fifteen_digits_become_eighteen_and_say_so() -> None:
    found = read_as("110105491231002", "111")
    assert (found.value, found.flags) == ("11010519491231002X", ("number-15-digits",))
    assert read_as("110105001231998").flags == ("number-15-digits", "number-century-uncertain")


def test_fifteen_digits_are_a_registration_number_where_the_source_says_organisation() -> None:
    both = next(
        f"{body}{registration_number_check(body)}" for body in (f"1101054912310{n}" for n in "0123456789")
    )  # reads as a birth on 1949-12-31 and passes MOD 11,10
    assert read_as(both, "111").kind is IdentifierKind.RESIDENT_ID
    assert read_as(both, "001").kind is IdentifierKind.REGISTRATION_NUMBER
    assert read_as(both, "099").kind is IdentifierKind.REGISTRATION_NUMBER


def test_the_form_overrules_what_the_source_calls_it() -> None:
    found = read_as("91350100M000100Y43", "111")
    assert found.kind is IdentifierKind.CREDIT_CODE
    assert "number-contradicts-document-kind" in found.flags
    for land_kind in ("001", "099"):
        assert read_as("91350100M000100Y43", land_kind).flags == ()


@pytest.mark.parametrize(
    ("prefix", "kind"),
    [("H", IdentifierKind.TRAVEL_PERMIT), ("E", IdentifierKind.PASSPORT), ("EA", IdentifierKind.PASSPORT)],
)
def test_a_passport_that_passes_for_an_organisation_code_is_one_only_where_the_source_says_so(
    prefix: str, kind: IdentifierKind
) -> None:
    bodies = (f"{prefix}{number}"[:8] for number in range(5123400, 5999999))
    lucky = next(f"{body}{check}" for body in bodies if (check := organisation_code_check(body)) != "X")
    assert {read_as(lucky, hint).kind for hint in (None, "111", "999")} == {kind}
    assert {read_as(lucky, hint).kind for hint in ("001", "099")} == {IdentifierKind.ORGANISATION_CODE}
    assert read_as(f"{lucky[:8]}-{lucky[8]}").kind is IdentifierKind.ORGANISATION_CODE


def test_a_reissued_travel_permit_keeps_its_key() -> None:
    assert read_as("H1234567801").key == read_as("H1234567802").key == "H12345678"


def test_any_passport_is_read_when_the_source_says_passport() -> None:
    assert read_as("AB1234567", "414").kind is IdentifierKind.PASSPORT
    assert read_as("C01X00T47", "414").document_kind == "414"


def test_an_impossible_birth_date_or_unknown_province_is_not_valid() -> None:
    body = "11010519490230002"
    assert read_as(body + resident_id_check(body), "111").flags == ("number-birth-date-impossible",)
    body = "99010519490227002"
    assert not read_as(body + resident_id_check(body), "111").valid


def test_a_lost_or_doubled_digit_is_still_a_resident_id_that_does_not_hold() -> None:
    for text in ("1101051949123100", "11010519491231002", "110105194912311002X"):
        found = read_as(text)
        assert (found.kind, found.valid, found.flags) == (IdentifierKind.RESIDENT_ID, False, ("number-length",))


def test_a_number_states_birth_date_sex_and_region() -> None:
    found = read_as("11010519491231002X")
    assert birth_date_in(found) == date(1949, 12, 31)
    assert (sex_in(found), region_in(found)) == ("2", "110105")
    assert sex_in(read_as("440524188001010014")) == "1"
    assert birth_date_in(read_as("E12345678")) is None
    assert region_in(read_as("91350100M000100Y43")) == "350100"


def test_a_row_that_contradicts_its_number_is_flagged() -> None:
    found = read_as("11010519491231002X")
    assert contradictions(found, sex="1", birth_date=date(1949, 12, 30)) == (
        "number-contradicts-birth-date",
        "number-contradicts-sex",
    )
    assert contradictions(found, sex="9", birth_date=date(1949, 12, 31)) == ()


def test_credit_code_and_organisation_code_join_old_records_to_new() -> None:
    new, old = read_as("91350100M000100Y43"), read_as("M000100Y-4")
    assert organisation_code_in(new) == organisation_code_in(old) == "M000100Y4"
    assert organisation_code_in(read_as("110108000000016")) is None


def test_check_characters_are_made_as_the_standards_say() -> None:
    assert resident_id_check("11010519491231002") == "X"
    assert credit_code_check("91350100M000100Y4") == "3"
    assert organisation_code_check("D2143569") == "X"
    assert registration_number_check("11010800000001") == "6"
    assert licence_id_check("11100000000013338W01111430000006122244L20230000403001") == "U"
    with pytest.raises(Malformed):
        resident_id_check("1101051949123100X")
    with pytest.raises(Malformed):
        credit_code_check("9135010OM000100Y4")


@pytest.mark.parametrize("text", LICENCES)
def test_licence_ids_hold_and_break_with_one_changed_character(text: str) -> None:
    assert is_licence_id(text)
    start = len("1.2.156.3005.2.")
    for place in range(start, len(text)):
        if text[place].isdigit():
            changed = text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]
            assert not is_licence_id(changed)


@pytest.mark.parametrize("text", ["\x00", "\ud800", "٣" * 18, "²" * 18, "𝟙" * 18, "X" * 5000, "1" * 5000, "(((", "🀄"])
def test_no_text_whatever_raises(text: str) -> None:
    read_identifiers(text)
    read_identifiers(text, "111")
    parse_identifier(text, "001")


def test_the_words_of_a_number_that_is_told_in_words_belong_to_it() -> None:
    for written, value in (("南字第12345678号", "南字第12345678号"), (" 军字第０012345号", "军字第0012345号")):
        for hint in (None, "999"):
            [found] = read_identifiers(written, hint).identifiers
            assert (found.kind, found.value, found.valid) == (IdentifierKind.OTHER, value, False)
