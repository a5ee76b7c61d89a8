import time

import pytest
from pypinyin import Style, lazy_pinyin

from hub.kernel.names import (
    _SYLLABLES,
    name_key,
    normal_organisation_name,
    normal_person_name,
    organisation_key,
    pinyin_key,
)


@pytest.mark.parametrize(
    "written", ["张三", "张 三", "张\u3000三", " 张三\t", "张三(已故)", "张三（户主）", "张\u200b三"]
)
def test_spaces_and_remarks_are_no_part_of_a_name(written: str) -> None:
    found = normal_person_name(written)
    assert (found.written, found.name, found.former, found.wildcard) == (written, "张三", (), False)


@pytest.mark.parametrize("name", ["JOSÉ GARCÍA", "Nguyễn Thị Hà", "АННА ИВАНОВА", "JOHN SMITH"])
def test_the_words_of_a_name_in_an_alphabet_stay_apart(name: str) -> None:
    assert normal_person_name(name.replace(" ", "  ")).name == name


@pytest.mark.parametrize(
    "written",
    [
        "张三(张小三)",
        "张三（曾用名：张小三）",
        "张三[原名张小三]",
        "张三 曾用名:张小三",
        "张三〔张小三〕",
        "张三(张小三",
    ],
)
def test_a_former_name_stands_beside_the_name(written: str) -> None:
    found = normal_person_name(written)
    assert (found.name, found.former) == ("张三", ("张小三",))


@pytest.mark.parametrize("written", ["张三(无)", "张三（曾用名：无）", "张三 曾用名：无", "张三(原名不详)"])
def test_who_had_no_former_name_has_none(written: str) -> None:
    found = normal_person_name(written)
    assert (found.name, found.former) == ("张三", ())


@pytest.mark.parametrize("dot", "·•‧・．.･∙")
def test_every_dot_of_a_minority_name_is_the_prescribed_one_and_none_in_the_key(dot: str) -> None:
    found = normal_person_name(f"阿卜杜拉{dot}买买提")
    assert found.name == "阿卜杜拉·买买提"
    assert name_key(found.name) == name_key("阿卜杜拉买买提") == "阿卜杜拉买买提"


def test_traditional_forms_are_folded_in_keys_and_never_in_the_name_that_is_kept() -> None:
    assert normal_person_name("鍾樑").name == "鍾樑"
    assert name_key("鍾樑") == name_key("钟梁") == "钟梁"


def test_a_character_beyond_the_basic_plane_is_one_character() -> None:
    found = normal_person_name("\U00020bb7野家")
    assert (found.name, found.wildcard) == ("\U00020bb7野家", False)
    assert len(name_key("\U00020bb7野家")) == 3


@pytest.mark.parametrize("written", ["张\ue000", "张?", "张？", "张*", "张□", "张yan", "张⿰王玉", "张\ufffd"])
def test_a_character_that_could_not_be_written_is_a_wildcard(written: str) -> None:
    found = normal_person_name(written)
    assert found.wildcard
    assert name_key(found.name) == "张?"


def test_a_name_of_wildcards_alone_is_like_nobodys() -> None:
    assert normal_person_name("\ue000").name == "\ue000"


@pytest.mark.parametrize("written", ["", " ", "无", "不详", "无名氏", "\\N", "-", "．", "()", "null"])
def test_a_cell_that_names_nobody_gives_no_name(written: str) -> None:
    assert normal_person_name(written).name == ""


def test_the_table_of_readings_gives_what_pypinyin_reads() -> None:
    characters = [*map(chr, range(0x3400, 0xA000)), *map(chr, range(0x20000, 0x20100)), *"〇兙欸嗯呒女绿嘸ABz"]
    for character in characters:
        read = lazy_pinyin(character, style=Style.NORMAL, errors="default")
        assert _SYLLABLES[character] == (read[0] if read else character).lower()


def test_pinyin_is_read_character_by_character() -> None:
    assert pinyin_key("张伟") == pinyin_key("章玮") == "zhang wei"
    assert pinyin_key("䶮") == "yan"
    assert pinyin_key("张?") == "zhang ?"
    assert pinyin_key("Smith John") == "smithjohn"


@pytest.mark.parametrize("text", ["\x00", "\ud800", "名" * 5000, "(" * 300, "\u202e张三", "张" + "\u0301" * 50])
def test_no_text_whatever_raises(text: str) -> None:
    pinyin_key(normal_person_name(text).name)
    organisation_key(normal_organisation_name(text), ("杭州市",))


REGIONS = ("浙江省", "杭州市", "西湖区")


@pytest.mark.parametrize(
    "written",
    [
        "杭州某某科技有限责任公司",
        "某某科技(杭州)有限公司",
        "某某 科技（杭州市）有限公司",
        "浙江省杭州市某某科技有限公司",
        "某某科技有限公司",
        "“某某”科技有限公司",
        "某某科技（杭州西湖）有限公司",
        "某某科技(浙江省杭州市西湖区)有限公司",
        "某某科技有限公司（原杭州某某网络有限公司）",
        "某某科技有限公司（曾用名：杭州某某网络有限公司）",
        "某某科技有限公司(已注销)",
    ],
)
def test_region_brackets_and_legal_form_do_not_part_an_organisation_from_itself(written: str) -> None:
    assert organisation_key(written, REGIONS) == "某某科技有限公司"


def test_an_organisation_name_is_kept_with_full_brackets_and_in_its_own_characters() -> None:
    assert normal_organisation_name(" 某某科技 (杭州)有限公司") == "某某科技（杭州）有限公司"
    assert normal_organisation_name("鍾氏宗親會") == "鍾氏宗親會"
    assert normal_organisation_name("无") == ""


def test_a_region_is_not_stripped_where_nothing_would_remain() -> None:
    assert organisation_key("杭州市", REGIONS) == "杭州市"
    assert organisation_key("杭州象棋协会", ()) == "杭州象棋协会"


@pytest.mark.parametrize("name", ["某某种业（原种场）", "某某（集团）有限公司", "某某科技（宁波）有限公司", "某某（）"])
def test_brackets_that_tell_organisations_apart_stay(name: str) -> None:
    assert organisation_key(name, REGIONS) == name.translate(str.maketrans("", "", "（）"))


def test_keys_of_a_name_take_microseconds() -> None:
    started = time.perf_counter()
    for _ in range(2000):
        pinyin_key(normal_person_name("张伟强").name)
    assert (time.perf_counter() - started) / 2000 < 100e-6  # measured about 8; the rest is room for a busy machine
