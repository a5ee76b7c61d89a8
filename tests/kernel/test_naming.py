"""A number that somebody chose for a case may not be, or hold, a person's."""

from datetime import date

import pytest

from hub.kernel.codes import resident_id_check
from hub.kernel.naming import names_somebody

TODAY = date(2026, 11, 22)
ZHANG = "11010519491231002X"


@pytest.mark.parametrize(
    "text",
    [
        ZHANG,
        f"2026-{ZHANG}",
        f"{ZHANG}-1",
        "110105 19491231 002x",
        "110105-19491231-002X",
        "１１０１０５１９４９１２３１００２Ｘ",
        "11010519491231002Х",
        f"低保〔2026〕{ZHANG}号",
        "9911010519491231002X99",
        "810000199001010019",
    ],
)
def test_a_sound_resident_number_is_found_however_it_is_spelt(text: str) -> None:
    assert names_somebody(text, TODAY)


@pytest.mark.parametrize(
    "text",
    ["2026-0001", "青低保〔2026〕第12号", "110105194912310021", "AJ20261122000123", "1.2.156.3005.2.111", "", "X" * 64],
)
def test_an_ordinary_case_number_names_nobody(text: str) -> None:
    assert not names_somebody(text, TODAY)


def test_region_day_and_serial_of_a_case_are_no_number_whatever_their_last_digit() -> None:
    serials = [f"330102{day}{serial:03}" for day in ("20261122", "20260105") for serial in range(200)]
    assert not any(names_somebody(each + resident_id_check(each), TODAY) for each in serials)


def test_names_and_numbers_of_those_it_is_about_are_found() -> None:
    assert names_somebody("张三-低保", TODAY, ["张三"])
    assert names_somebody("张 三 2026", TODAY, ["张三"])
    assert names_somebody("P-E1234567-1", TODAY, ["E1234567"])
    assert not names_somebody("2026-0001", TODAY, ["张三", "E1234567", ""])
    assert not names_somebody("LINAN-2026-1", TODAY, ["Li"])
