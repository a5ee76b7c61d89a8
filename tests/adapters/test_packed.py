"""Several people in one cell, in the ways in which clerks write them."""

import json

import pytest

from adapters.mapping.load import default_mapping
from adapters.standard.holders import unpack_holders
from adapters.standard.packed import unpack_members
from adapters.standard.unusable import UnusableRow

MAN, WOMAN = "11010519491231002X", "440524188001010014"
RELATIONS = default_mapping("low_income").codes["relation"]


@pytest.mark.parametrize(
    "cell",
    [
        f"张三（户主，{MAN}）、李四（妻，{WOMAN}）",
        f"张三(户主/{MAN})李四(妻/{WOMAN})",
        f"[张三,户主,{MAN}],[李四,妻,{WOMAN}]",
        f"张三 户主 {MAN} 李四 妻 {WOMAN}",
        f"户主张三{MAN}、妻子李四{WOMAN}",
        f"户主 张三 {MAN}\n妻 李四 {WOMAN}",
        f"共2人：张三（户主）{MAN}；李四（妻）{WOMAN}",
        f"张三 户主 {MAN[:6]} {MAN[6:14]} {MAN[14:]}；李四 妻 {WOMAN}",
        f"{MAN} 张三 户主；{WOMAN} 李四 妻",
        f"张三户主{MAN}、李四妻子{WOMAN}",
        json.dumps([{"name": "张三", "gx": "户主", "id": MAN}, {"name": "李四", "gx": "妻", "id": WOMAN, "x": None}]),
        json.dumps([["张三", "户主", MAN], ["李四", "妻", int(WOMAN)]]),
        json.dumps({"人口": None, "成员": [f"张三 户主 {MAN}", f"李四 妻 {WOMAN}"]}),
    ],
)
def test_every_way_of_writing_members_gives_name_relation_and_number(cell: str) -> None:
    members, is_clear = unpack_members(cell, RELATIONS)
    told = [(one.get("name"), one.get("relation"), one.get("number")) for one in members]
    assert told == [("张三", "02", MAN), ("李四", "12", WOMAN)]
    assert is_clear


def test_members_without_a_separator_are_told_apart_by_their_numbers() -> None:
    members, _ = unpack_members(f"张三{MAN}李四{WOMAN}", RELATIONS)
    assert [(one["name"], one["number"]) for one in members] == [("张三", MAN), ("李四", WOMAN)]


def test_a_word_for_nothing_is_no_part_of_a_name() -> None:
    members, _ = unpack_members(f"李四(妻){WOMAN}；张小三(子)无", RELATIONS)
    assert [(one["name"], "number" in one) for one in members] == [("李四", True), ("张小三", False)]


def test_a_remark_behind_the_number_is_kept_out_of_the_name_and_told() -> None:
    members, is_clear = unpack_members(f"李四 {WOMAN} 残疾；张三 {MAN}", RELATIONS)
    assert [one["name"] for one in members] == ["李四", "张三"]
    assert not is_clear


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        ("张三、李四", f"{MAN}{WOMAN}"),
        ("张三 李四", f"{MAN} {WOMAN}"),
        ("张三和李四", f"{MAN}、{WOMAN}"),
        ("张三；李四", f"{MAN}，{WOMAN}"),
    ],
)
def test_owners_and_their_numbers_are_paired_however_they_are_joined(names: str, numbers: str) -> None:
    holders = unpack_holders({"name": names, "number": numbers}, "111")
    assert [(one["name"], one["number"]) for one in holders] == [("张三", MAN), ("李四", WOMAN)]


@pytest.mark.parametrize(
    "cell",
    [
        f"张三（{MAN}） 李四（{WOMAN}）",
        f"张三({MAN})李四({WOMAN})",
        f"张三{MAN}李四{WOMAN}",
        f"张三：{MAN} 李四：{WOMAN}",
        f"{MAN}张三 {WOMAN}李四",
        f"张三（{MAN}），李四（{WOMAN}），",
    ],
)
def test_owners_parted_by_their_numbers_alone_are_never_one(cell: str) -> None:
    holders = unpack_holders({"name": cell, "number": ""}, "111")
    assert [(one["name"], one["number"]) for one in holders] == [("张三", MAN), ("李四", WOMAN)]


def test_owners_parted_by_masked_numbers_are_never_one() -> None:
    holders = unpack_holders({"name": "张三(110105********002X)李四(440524********0014)", "number": ""}, "111")
    assert [one["name"] for one in holders] == ["张三", "李四"]
    assert all("number-masked" in one["quality"] for one in holders)


def test_two_numbers_behind_one_name_are_one_owner() -> None:
    holders = unpack_holders({"name": f"张三（{MAN}/110105491231002）", "number": ""}, "111")
    assert [(one["name"], one["number"]) for one in holders] == [("张三", MAN)]


def test_a_blank_within_one_owner_name_makes_no_second_owner() -> None:
    assert [one["name"] for one in unpack_holders({"name": "张 三", "number": MAN}, "111")] == ["张三"]
    assert [one["name"] for one in unpack_holders({"name": "张  三丰", "number": f"{MAN}/{WOMAN}"}, "111")] == [
        "张三丰"
    ]


@pytest.mark.parametrize(
    ("cell", "shares"),
    [
        ("40%、60%", ["40%", "60%"]),
        ("1/2、1/2", ["1/2", "1/2"]),
        ("1／3；2／3", ["1/3", "2/3"]),
        ("40%/60%", ["40%", "60%"]),
        ("1/2", ["1/2", "1/2"]),
        ("各占50%", ["各占50%", "各占50%"]),
        ("二分之一", ["二分之一", "二分之一"]),
        ("", [None, None]),
        ("60%", [None, None]),
        ("1/2/1/2", [None, None]),
    ],
)
def test_a_stroke_in_a_fraction_parts_no_shares_and_nobody_holds_more_than_the_whole(
    cell: str, shares: list[str | None]
) -> None:
    holders = unpack_holders({"name": "张三、李四", "number": f"{MAN}、{WOMAN}", "share": cell}, "111")
    assert [one.get("share") for one in holders] == shares
    assert all(("share-unreadable" in one["quality"]) == bool(cell and not one.get("share")) for one in holders)


@pytest.mark.parametrize(
    "cell", ["2026-01-02", "1月2日", "46024", "2024-02-01 00:00:00", "1/0", "3/2", "120%", "0%", "￥5"]
)
def test_what_a_spreadsheet_made_of_a_fraction_is_no_share(cell: str) -> None:
    [holder] = unpack_holders({"name": "张三", "number": MAN, "share": cell}, "111")
    assert "share" not in holder
    assert holder["quality"] == ["share-unreadable"]


@pytest.mark.parametrize(
    ("cell", "share"), [("½", "1/2"), ("33.33%", "33.33%"), ("0.5", "0.5"), ("50", "50"), ("无", None)]
)
def test_a_share_alone_is_kept_as_written(cell: str, share: str | None) -> None:
    [holder] = unpack_holders({"name": "张三", "number": MAN, "share": cell}, "111")
    assert holder.get("share") == share
    assert "quality" not in holder


def test_numbers_behind_the_names_of_co_owners_are_theirs() -> None:
    for names in (
        f"张三（{MAN}）、李四（{WOMAN}）",
        f"张三{MAN},李四{WOMAN}",
        f"张三（男，{MAN}）/李四（女，{WOMAN}）",
    ):
        holders = unpack_holders({"name": names, "number": ""}, None)
        assert [(one["name"], one["number"]) for one in holders] == [("张三", MAN), ("李四", WOMAN)]


def test_an_owner_with_others_who_are_not_named_is_told_and_never_has_their_numbers() -> None:
    [holder] = unpack_holders({"name": "张三等2人", "number": MAN}, "111")
    assert (holder["name"], holder["number"], holder["quality"]) == ("张三", MAN, ["holders-not-all-named"])
    with pytest.raises(UnusableRow) as unusable:
        unpack_holders({"name": "张三等2人", "number": f"{MAN}、{WOMAN}"}, "111")
    assert unusable.value.code == "row.holders-unpaired"


@pytest.mark.parametrize(
    "cell",
    [
        f"1.张三 {MAN} 2.李四 {WOMAN}",
        f"①张三 {MAN}②李四 {WOMAN}",
        f"(1) 张三 {MAN} (2) 李四 {WOMAN}",
    ],
)
def test_numbers_of_a_list_are_no_part_of_a_name(cell: str) -> None:
    members, is_clear = unpack_members(cell, RELATIONS)
    assert [(one["name"], one["number"]) for one in members] == [("张三", MAN), ("李四", WOMAN)]
    assert is_clear


@pytest.mark.parametrize("cell", ["李四（妻）王五（子）", "妻 李四 子 王五", "妻李四 子王五", "妻：李四，子：王五"])
def test_each_of_several_names_has_the_relation_beside_it(cell: str) -> None:
    members, is_clear = unpack_members(cell, RELATIONS)
    assert [(one["name"], one["relation"]) for one in members] == [("李四", "12"), ("王五", "20")]
    assert is_clear


def test_a_relation_of_one_character_before_a_full_name_is_no_part_of_it() -> None:
    members, _ = unpack_members(f"户主张三{MAN},妻李四{WOMAN}，子涵", RELATIONS)
    assert [(one["name"], one.get("relation")) for one in members] == [("张三", "02"), ("李四", "12"), ("子涵", None)]


def test_a_relation_behind_a_name_may_be_somebody_else_and_is_told_as_unclear() -> None:
    _, is_clear = unpack_members(f"李四妻{WOMAN}", RELATIONS)
    assert not is_clear


@pytest.mark.parametrize(
    "cell", ["李四（妻，不详）", "李四（妻，身份证号不详）", "(李四,妻,无)", "李四，妻，身份证无", "李四(妻)(待补)"]
)
def test_a_member_whose_number_is_said_to_be_unknown_is_one_member(cell: str) -> None:
    members, is_clear = unpack_members(f"张三 户主 {MAN}、{cell}", RELATIONS)
    assert [(one["name"], one.get("number")) for one in members] == [("张三", MAN), ("李四", None)]
    assert is_clear
