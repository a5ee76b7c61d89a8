import pytest

from hub.kernel.codes import (
    marriage_certificate,
    normal_real_estate_certificate,
    normal_real_estate_unit,
    real_estate_certificate_key,
)


@pytest.mark.parametrize(
    "text",
    [
        "320684 413219 GB00029 F00010002",
        "320684413219GB00029F00010002",
        "３２０６８４ 413219 ＧＢ00029 f00010002",
        "32O684 413219 GB00O29 F0001OOO2",
        "320684-413219-GB00029-F00010002",
    ],
)
def test_a_real_estate_unit_is_one_however_it_is_printed(text: str) -> None:
    assert normal_real_estate_unit(text) == "320684413219GB00029F00010002"


@pytest.mark.parametrize("text", ["", "无", "320684413219GB00029F0001000", "320684413219XB00029F00010002", "3" * 28])
def test_another_form_is_no_real_estate_unit(text: str) -> None:
    assert normal_real_estate_unit(text) is None


def test_a_real_estate_certificate_is_one_however_its_brackets_are_typed() -> None:
    want = "苏(2017)海门市不动产权第0000183号"
    for text in (
        want,
        "苏（2017）海门市不动产权第0000183号",
        "苏 (2017) 海门市不动产权第 0000183 号",
        "苏〔2017〕海门市不动产权第0000183",
    ):
        assert normal_real_estate_certificate(text) == want


def test_padding_of_the_serial_does_not_part_holder_and_right() -> None:
    keys = {
        real_estate_certificate_key(f"苏(2017)海门市不动产权第{serial}号")
        for serial in ("000183", "0000183", "00000183")
    }
    assert len(keys) == 1
    assert real_estate_certificate_key("183") == real_estate_certificate_key("0000183")


def test_brackets_and_a_word_that_offices_leave_out_do_not_part_holder_and_right() -> None:
    texts = (
        "苏(2017)海门市不动产权第0000183号",
        "苏2017海门市不动产权第0000183号",
        "苏〔2017〕海门市不动产权证第183号",
    )
    assert len({real_estate_certificate_key(text) for text in texts}) == 1


def test_certificates_before_2015_keep_their_form() -> None:
    assert normal_real_estate_certificate("房权证海字第 12345 号") == "房权证海字第12345号"
    assert normal_real_estate_certificate("海国用(2008)第0123号") == "海国用(2008)第0123号"


def test_a_marriage_certificate_states_event_office_and_year() -> None:
    found = marriage_certificate(" J330106-2012-001234 ")
    assert found is not None
    assert (found.value, found.event, found.is_reissue, found.office_region, found.year, found.serial) == (
        "J330106-2012-001234", "marriage", False, "330106", 2012, "001234",
    )  # fmt: skip
    reissue = marriage_certificate("BL330106-2020-000007")
    assert reissue is not None
    assert (reissue.event, reissue.is_reissue) == ("divorce", True)


def test_an_older_marriage_certificate_is_kept_as_text() -> None:
    found = marriage_certificate("〔1998〕杭西结字第 123 号")
    assert found is not None
    assert (found.value, found.event) == ("(1998)杭西结字第123号", None)
    assert marriage_certificate("  ") is None
