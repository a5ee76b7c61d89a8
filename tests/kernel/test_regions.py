import pytest

from hub.errors import Malformed
from hub.kernel.regions import Region, Regions, standard_regions


def test_an_abolished_county_stays_known_and_names_its_successor() -> None:
    regions = standard_regions()
    assert regions.is_known("110103")
    assert regions.region_for("110103", 2005) == Region("110103", "崇文区", None, 2009)
    assert regions.region_for("110103", 2015) is None
    assert regions.region_for("330184") == Region("330184", "余杭市", 1995, 2000, "330110")


def test_a_region_is_told_from_the_province_down() -> None:
    regions = standard_regions()
    assert regions.names_of("110105") == ("北京市", "朝阳区")
    assert regions.names_of("330106003") == ("浙江省", "杭州市", "西湖区")
    assert regions.names_of("999999") == ()
    assert not regions.is_known("999999")


def test_a_county_lies_within_its_prefecture_and_province() -> None:
    regions = standard_regions()
    assert regions.is_within("330106", "330100")
    assert regions.is_within("330106", "330000")
    assert regions.is_within("330106003", "330106")
    assert not regions.is_within("330106", "320000")


def test_a_county_can_load_its_own_table() -> None:
    regions = Regions.parse(
        "code\tname\tfirst_year\tlast_year\tsuccessor\n990101\t某区\t2001\t2010\t990102\n990102\t某市\t2011\t\t\n"
    )
    assert regions.code_named("某市") == "990102"


@pytest.mark.parametrize("line", ["x\ty\t\t\t", "110000\t北京", "110000\t北京\tsoon\t\t"])
def test_a_wrong_line_is_named(line: str) -> None:
    with pytest.raises(Malformed) as caught:
        Regions.parse("code\tname\tfirst_year\tlast_year\tsuccessor\n110000\t北京市\t\t\t\n" + line)
    assert caught.value.facts == {"line": 3}
    with pytest.raises(Malformed):
        Regions.parse("")


def test_a_county_is_found_by_its_name_when_only_one_has_it() -> None:
    regions = standard_regions()
    for name in ("贵州省黔西南布依族苗族自治州册亨县", "贵州省册亨县", "册亨县"):
        assert regions.code_named(name) == "522327"
    assert regions.code_named("杭州市西湖区") == "330106"
    assert regions.code_named("西湖区") is None
    assert regions.code_named("某县") is None


def test_a_county_of_the_past_has_its_code_and_a_prefecture_is_no_county() -> None:
    regions = standard_regions()
    assert regions.code_named("海门市") == regions.code_named("江苏省南通市海门市") == "320684"
    assert regions.code_named("海门区") == "320614"
    assert regions.code_named("南通市") is None
