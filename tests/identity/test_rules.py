"""The rules alone: levels of names and numbers, weights, clusters, and model files that make no sense."""

import itertools
import json
import random
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hub.errors import Malformed
from hub.identity.compare import fits, is_near, is_one_off
from hub.identity.modelfile import parse_model, standard_model
from hub.identity.rules import Matcher, Verdict, components, partition
from hub.identity.traits import (
    Context,
    address_key,
    key_maker,
    organisation_traits,
    person_traits,
    phone_key,
    valid_number_reader,
)
from tests.identity.conftest import number_of

CONTEXT = Context(date(2026, 11, 1), ("浙江省", "杭州市", "西湖区"))
RESIDENTS = Matcher(standard_model("resident"))
ORGANISATIONS = Matcher(standard_model("legal_person"))
NUMBER = number_of("1980-05-06", 11)
SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/identity/model.json").read_text(encoding="utf-8"))


def pair(one: dict[str, Any], other: dict[str, Any]) -> Verdict:
    return RESIDENTS.verdict(person_traits(one, CONTEXT), person_traits(other, CONTEXT))


def pair_of_organisations(one: dict[str, Any], other: dict[str, Any]) -> Verdict:
    return ORGANISATIONS.verdict(organisation_traits(one, CONTEXT), organisation_traits(other, CONTEXT))


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("张伟强", "张伟强", "equal"),
        ("张伟", "张伟", "equal_common"),
        ("阿卜杜拉·买买提", "阿卜杜拉•买买提", "equal_rare"),
        ("张伟强", "章玮强", "sound"),
        ("張偉強", "张伟强", "equal"),
        ("张强伟", "张伟强", "permuted"),
        ("张?强", "张䶮强", "wildcard"),
        ("张伟强*", "张伟强", "wildcard"),
        ("张伟*", "张伟强", "wildcard"),
        ("张*", "张伟强", "different"),
        ("张伟强2", "张伟强", "equal"),
        ("张伟强2", "张伟明", "one_off"),
        ("张伟强", "张伟明", "one_off"),
        ("张伟", "张伟强", "one_off"),
        ("古丽娜尔", "古丽娜尔吐尔逊", "one_off"),
        ("吐尔逊", "古丽娜尔吐尔逊", "different"),
        ("欧阳", "欧阳修文", "different"),
        ("张伟", "李伟", "different"),
        ("张伟", "张玲玲", "different"),
        ("", "张伟", "missing"),
    ],
)
def test_names_are_compared_on_levels_made_for_short_names(one: str, other: str, level: str) -> None:
    for left, right in ((one, other), (other, one)):
        assert pair({"name": left}, {"name": right}).levels["name"] == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("11010519491231002X", "11010519491231002X", "equal"),
        ("11010519491231002X", "440524188001010014", "different"),
        ("11010519491231002X", "110105194912310021", "near"),
        ("11010519491231002X", "1101051949123102", "near"),
        ("110105194912310021", "110105194912310021", "equal_invalid"),
        ("110105194912310021", "330106198005060019", "other"),
        ("330105200910158000", "330105200910158027", "missing"),
        ("330105200910158000", "330105200910148001", "near"),
        ("11010519491231002X", "E12345678", "missing"),
        ("11010519491231002X", "", "missing"),
        ("11010519491231002X", "110105********002X", "visible"),
        ("11010519491231002X", "1101**********002X", "visible"),
        ("11010519491231002X", "110105＊＊＊＊＊＊＊＊002x", "visible"),
        ("11010519491231002X", "1101051949####002X", "visible"),
        ("110105********002X", "1101051949****002X", "visible"),
        ("11010519491231002X", "110105********0021", "different"),
        ("11010519491231002X", "330106********002X", "different"),
        ("110105********002X", "110105********0038", "different"),
        ("110105194912310021", "110105********002X", "other"),
        ("11010519491231002X", "110105194912******", "missing"),
        ("11010519491231002X", "***************02X", "missing"),
    ],
)
def test_numbers_are_compared_on_their_levels(one: str, other: str, level: str) -> None:
    assert pair({"number": one}, {"number": other}).levels["number"] == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("1980-05-06", "1980-05-06", "equal"),
        ("1980-05-06", "1980-06-05", "near"),
        ("1980-05-06", "1980-05-08", "near"),
        ("1980-05-06", "1990-06-07", "different"),
        ("1980-05-06", None, "missing"),
    ],
)
def test_birth_dates_are_near_when_turned_or_one_digit_off(one: str, other: str | None, level: str) -> None:
    assert pair({"birth_date": one}, {"birth_date": other}).levels["birth"] == level


def test_a_birth_date_that_only_the_number_states_does_not_corroborate_the_number() -> None:
    number = number_of("1980-05-06", 11)
    assert pair({"number": number, "birth_date": "1980-05-06"}, {"number": number}).levels["birth"] == "missing"
    assert pair({"birth_date": "1980-05-06"}, {"number": number}).levels["birth"] == "equal"


@pytest.mark.parametrize(
    ("born", "level", "outcome"),
    [("1980-05-06", "missing", "link"), ("1980-05-16", "missing", "link"), ("2006-11-23", "different", "review")],
)
def test_a_birth_date_far_from_the_one_in_its_own_number_speaks_against_the_number(
    born: str, level: str, outcome: str
) -> None:
    father = {"number": number_of("1980-05-06", 11), "name": "张建国"}
    son = father | {"name": "张建军", "birth_date": born}
    for found in (pair(father, son), pair(son, father)):
        assert (found.levels["birth"], found.outcome) == (level, outcome)


def test_of_dependent_fields_only_the_strongest_counts() -> None:
    said = {"name": "张伟强", "phone": "13800001111", "residence_address": "文三路1号2幢301室"}
    weights = pair(said, dict(said)).weights
    assert [weights["phone"] > 0, weights["address"]] == [True, 0.0]


def test_a_verdict_is_the_same_from_both_sides() -> None:
    chance = random.Random(7)  # noqa: S311  # made-up people
    values: dict[str, list[Any]] = {
        "name": ["张伟", "张玮", "张伟强", "张强伟", "张?", "李四", ""],
        "birth_date": ["1980-05-06", "1980-06-05", "1990-01-01", None],
        "number": [
            number_of("1980-05-06", 11),
            number_of("1980-05-06", 35),
            number_of("1980-05-06", 11)[:-1] + "0",
            "",
        ],
        "phone": ["13800001111", "13800002222", ""],
        "residence_address": ["文三路1号2幢301室", "西湖区文三路1号2幢301室", ""],
    }
    for _ in range(2000):
        one, other = ({field: chance.choice(each) for field, each in values.items()} for _ in range(2))
        there, back = pair(one, other), pair(other, one)
        assert (there.levels, there.weight, there.outcome) == (back.levels, back.weight, back.outcome)


def test_two_valid_numbers_that_differ_never_link() -> None:
    for fields in itertools.product(["张伟强", "李四"], ["1980-05-06", None], ["13800001111", ""]):
        said = dict(zip(("name", "birth_date", "phone"), fields, strict=True))
        verdict = pair(said | {"number": number_of("1980-05-06", 11)}, said | {"number": number_of("1980-05-06", 35)})
        assert verdict.outcome in ("review", "apart")


CODE, OTHER_CODE = "91330106MA2ABCD139", "91350100M000100Y43"
FULL = "杭州某某科技有限公司"
MAIN = {"name": FULL, "credit_code": CODE}
CHESS, PHONE = {"name": "象棋协会"}, {"phone": "0571-8800112"}
REGISTERED = {"registration_number": "110108000000016"}


HERE = {"phone": "057188001122", "address": "文三路1号"}
ELSEWHERE = {"phone": "057188009999", "address": "教工路7号"}


@pytest.mark.parametrize(
    ("one", "other", "outcome", "method"),
    [
        (
            MAIN,
            {"name": "某某科技（杭州）有限责任公司", "number": CODE, "document_kind": "099"},
            "link",
            "code-and-name",
        ),
        (MAIN, {"name": FULL, "organisation_code": "MA2ABCD13"}, "link", "organisation-code-and-name"),
        (
            CHESS | {"organisation_code": "E51234001"},  # nine characters that could as well be a passport's
            CHESS | {"number": "E51234001", "document_kind": "999"},
            "link",
            "organisation-code-and-name",
        ),
        (MAIN, {"name": FULL}, "link", "full-name"),
        (MAIN | HERE, {"name": FULL} | ELSEWHERE, "review", "full-name-elsewhere"),
        ({"name": FULL, "credit_code": "9I33O1O6MA2ABCDI39"}, MAIN, "link", "code-and-name"),
        (MAIN, {"name": "某某科技", "credit_code": CODE}, "link", "code-and-name"),
        (MAIN, {"name": "杭州另一家商贸有限公司", "credit_code": CODE}, "review", "code-without-name"),
        (MAIN, {"name": FULL, "credit_code": OTHER_CODE}, "review", "valid-codes-differ-name-equal"),
        (CHESS | {"credit_code": CODE}, CHESS | {"credit_code": OTHER_CODE}, "apart", "valid-codes-differ"),
        (CHESS | REGISTERED, CHESS | REGISTERED, "link", "registration-number-and-name"),
        (
            CHESS | {"phone": "0571-8800112"},
            {"name": "杭州市象棋协会", "phone": "05718800112"},
            "link",
            "name-and-premises",
        ),
        (
            MAIN | HERE | {"legal_representative": {"name": "张三"}},
            {"name": FULL, "legal_representative": {"name": "李四"}} | HERE,
            "link",
            "name-and-premises",
        ),
        ({"name": "杭州市象棋协会"}, {"name": "杭州市围棋协会"}, "apart", "name-differs"),
    ],
)
def test_organisations_link_by_code_and_name_and_never_by_code_alone(
    one: dict[str, Any], other: dict[str, Any], outcome: str, method: str
) -> None:
    verdict = pair_of_organisations(one, other)
    assert (verdict.outcome, verdict.method) == (outcome, method)


def test_what_nothing_speaks_against_is_not_apart_for_want_of_anything_to_compare() -> None:
    name = {"name": "张伟强"}
    assert pair(name, name).outcome == "open"
    assert pair(name | {"sex": "1"}, name | {"sex": "2"}).outcome == "apart"
    assert pair_of_organisations({"name": "杭州市象棋协会"}, {"name": "象棋协会"}).outcome == "open"


@pytest.mark.parametrize("name", ["张?强", "张*", "张某", "张某某"])
def test_a_name_that_fits_either_twin_is_no_reason_to_link_within_a_household(name: str) -> None:
    twins = {"birth_date": "1980-05-06", "sex": "1", "phone": "13800001111", "address": "文三路1号2幢301室"}
    assert pair(twins | {"name": name}, twins | {"name": name}).outcome == "review"
    whole = "张伟强" if len(name) > 2 else "张伟"
    assert pair(twins | {"name": name}, twins | {"name": whole}).outcome == "review"


@pytest.mark.parametrize("name", ["婴儿", "女婴", "新生儿", "王芳之子", "王芳之女2", "王芳之次女", "某某", "？"])
def test_who_has_no_name_yet_is_named_by_nothing(name: str) -> None:
    born = {"birth_date": "2020-02-03", "sex": "1", "region_code": "330106", "phone": "13800001111"}
    assert person_traits({"name": name}, CONTEXT)[0] == ""
    assert pair(born | {"name": name}, born | {"name": name}).outcome == "review"


@pytest.mark.parametrize("name", ["王羲之", "陈新生", "王婴", "李之子昂", "孙之俊"])
def test_names_of_such_characters_name_somebody(name: str) -> None:
    assert person_traits({"name": name}, CONTEXT)[0]


def test_a_branch_is_not_its_main_organisation() -> None:
    main = {"name": "杭州市象棋协会", "credit_code": CODE, "is_branch": False}
    branch = {"name": "杭州市象棋协会少年分会", "credit_code": CODE, "is_branch": True}
    assert pair_of_organisations(main, branch).method == "branch-and-main"
    assert pair_of_organisations(main, branch).outcome == "review"


def test_addresses_and_phones_are_one_however_written() -> None:
    assert address_key("浙江省杭州市西湖区文三路1号2幢3单元401室") == address_key("文三路 1号2栋-3-401")
    assert phone_key("+86 138-0000-1111") == phone_key("13800001111") == "13800001111"
    assert phone_key("00000000000") == phone_key("无") == phone_key("12") == ""


@pytest.mark.parametrize(
    "written", ["013800001111", "13800001111.0", "13800001111/0571-88001234", "无、13800001111", "Tel:13800001111"]
)
def test_a_phone_is_the_first_that_rings(written: str) -> None:
    assert phone_key(written) == "13800001111"


@pytest.mark.parametrize("written", ["138****1111", "1.38E+10", "1.3800001E+10", "13800001111转801", "138####1111"])
def test_a_phone_that_does_not_show_all_its_digits_is_none(written: str) -> None:
    assert phone_key(written) == ""


@pytest.mark.parametrize("written", ["西湖区", "浙江省杭州市西湖区", "33 01 06", "33"])
def test_a_region_that_is_no_code_differs_from_none(written: str) -> None:
    assert "region" not in pair({"region_code": written}, {"region_code": "330106"}).weights
    assert "region" not in pair_of_organisations({"region_code": written}, {"region_code": "330106"}).weights


@pytest.mark.parametrize(
    "written", ["330106198005060000", "33010619800506****", "330106198005061***", "33010619800506##13"]
)
def test_a_number_whose_end_is_lost_still_tells_the_birth_date(written: str) -> None:
    known = {"name": "张伟强", "number": number_of("1980-05-06", 11), "residence_address": "文三路1号2幢301室"}
    said = {"name": "张伟强", "residence_address": "文三路1号2幢301室"}
    assert pair(known, said | {"number": written}).method == "name-birth-date-and-household"
    assert pair(known, said | {"number_written": written}).levels["birth"] == "equal"
    assert pair(known, said | {"number": "33010619809906****"}).levels["birth"] == "missing"


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("后陈村28号", "后陈村28号", "equal"),
        ("浙江省杭州市西湖区后陈村28号", "后陈村28号", "equal"),
        ("转塘街道后陈村28号", "后陈村28号", "near"),
        ("后陈村28号", "后陈村128号", "different"),
        ("后陈村", "后陈村", "vague"),
        ("三组28号", "三组28号", "vague"),
        ("28号", "后陈村28号", "different"),
    ],
)
def test_a_house_is_a_number_in_a_place_that_has_a_name(one: str, other: str, level: str) -> None:
    for left, right in ((one, other), (other, one)):
        assert pair({"address": left}, {"address": right}).levels["address"] == level


def test_keys_are_made_for_every_name_and_relative_and_for_nothing_missing() -> None:
    model = standard_model("resident")
    keys = key_maker(model.columns, model.keys)
    said = {"name": "张伟强", "former_names": ["张三"], "birth_date": "1980-05-06", "head_number": NUMBER}
    made = keys(person_traits(said, CONTEXT, kin=(number_of("1990-01-02", 22),)))
    assert len(made) == 2 + 4
    assert keys(person_traits({"birth_date": "1980-05-06"}, CONTEXT)) == []


@pytest.mark.parametrize("remark", ["无", "党员", "大"])
def test_what_stands_in_brackets_behind_both_names_makes_nobody_one(remark: str) -> None:
    """Twins of one house, and a number typed twice: 王芳芳(党员) and 王莉莉(党员) were never called the same."""
    one = {"name": "王芳芳", "former_names": [remark], "birth_date": "1990-05-06", "phone": "13800001111"}
    other = one | {"name": "王莉莉"}
    assert pair(one, other).outcome != "link"
    assert pair(one | {"number": NUMBER}, other | {"number": NUMBER}).outcome == "review"


def test_who_is_called_today_what_the_other_was_called_is_one() -> None:
    one = {"name": "王芳芳", "former_names": ["王小妹", "王二妹"], "number": NUMBER}
    for name in ("王小妹", "王二妹"):
        for found in (pair(one, {"name": name, "number": NUMBER}), pair({"name": name, "number": NUMBER}, one)):
            assert (found.levels["name"], found.outcome) == ("former", "link")


NOBODYS = (
    "无",
    "/",
    "\\N",
    "111111111111111111",
    "330106000000000000",
    "330106198005060000",
    "330106********0114",
    "1",
)


@pytest.mark.parametrize("written", NOBODYS)
def test_nobody_is_the_relative_of_a_placeholder_a_faulty_or_a_masked_number(written: str) -> None:
    said = {"name": "王芳", "head_number": written}
    assert pair(said, dict(said)).outcome != "link"
    assert pair(said, dict(said)).levels["kin"] == "missing"


def test_a_relatives_number_is_one_however_it_is_written() -> None:
    one, other = (
        {"name": "王小芳", "head_number": "11010519491231002x"},
        {"name": "王小芳", "head_number": "110105491231002"},
    )
    assert (pair(one, other).levels["kin"], pair(one, other).outcome) == ("equal", "link")


def test_one_character_off_keeps_the_surname() -> None:
    assert is_one_off("张三丰", "张丰")
    assert is_one_off("张三", "张四")
    assert not is_one_off("张三", "李三")
    assert not is_one_off("张三丰", "张四风")
    assert not is_one_off("张", "张")
    assert fits("张?", "张三")
    assert not fits("??", "张三")
    assert is_near("110105", "110150")
    assert not is_near("110105", "223305")


def test_a_cluster_never_holds_two_numbers_in_whatever_order_its_links_come() -> None:
    numbers = {1: "A", 2: "", 3: "", 4: "B", 5: "", 6: "A"}
    links = [(1, 2, 9.0), (2, 3, 8.0), (3, 4, 9.0), (4, 5, 5.0), (1, 6, 30.0), (2, 4, 7.0)]
    expected = partition(list(numbers), links, number_of=numbers.__getitem__)
    for each in expected:
        assert len({numbers[node] for node in each} - {""}) <= 1
    chance = random.Random(3)  # noqa: S311  # an order
    for _ in range(50):
        chance.shuffle(links)
        nodes = chance.sample(list(numbers), len(numbers))
        assert partition(nodes, links, number_of=numbers.__getitem__) == expected
    assert [1, 6] in expected
    assert [2] in expected


def test_what_was_called_different_stands_in_two_clusters() -> None:
    found = partition([1, 2, 3], [(1, 2, 5.0), (2, 3, 4.0)], number_of=lambda _: "", kept_apart=[(1, 3)])
    assert found == [[1, 2], [3]]


def test_components_are_what_links_connect() -> None:
    assert components([1, 2, 3, 4], [(1, 3), (3, 4)]) == [[1, 3, 4], [2]]


@pytest.mark.parametrize("name", ["residents", "organisations"])
def test_the_model_files_are_as_their_schema_says(name: str) -> None:
    text = files("hub.identity").joinpath("models", f"{name}.json").read_text(encoding="utf-8")
    jsonschema.validate(json.loads(text), SCHEMA)
    assert parse_model(text).name == name


def nonsense() -> list[tuple[str, Any]]:
    return [
        ("prior_bits", "high"),
        ("prior_bits", True),
        ("thresholds", {"link": 1, "review": 5, "fracture": 0}),
        ("thresholds", {"link": 1}),
        ("columns", ["name"]),
        ("columns", "name"),
        ("kind", "animal"),
        ("keys", [["shoe_size"]]),
        ("keys", [[]]),
        ("key_cap", 0),
        ("fields", []),
        ("fields", [{"field": "name", "comparison": "person_name", "levels": {"equal": {"m": 0.5, "u": 0.1}}}]),
        ("fields", [{"field": "name", "comparison": "taste", "levels": {}}]),
        ("fields", [{"field": "name", "comparison": "exact", "levels": {"equal": {"m": 2, "u": 0.1}}}]),
        ("fields", [{"field": "name", "comparison": "exact", "levels": {"equal": {"m": 0.5, "u": 0}}}]),
        ("rules", []),
        ("rules", [{"rule": "all", "when": {}, "then": "link"}]),
        ("rules", [{"rule": "odd", "when": {"name": ["equalish"]}, "then": "link"}]),
        ("rules", [{"rule": "odd", "when": {"name": ["equal"]}, "then": "marry"}]),
        ("rules", [{"rule": "odd", "when": {"name": ["equal"]}, "then": "link", "blocking": "very"}]),
        ("version", ""),
        ("prior_bits", 50),
        ("thresholds", {"link": -1, "review": -5, "fracture": -9}),
        ("key_cap", 1.5),
        ("keys", []),
        ("one_list_exports", ["a' OR '1'='1"]),
        ("blockng", True),
        ("rules", [{"rule": "x' OR 1=1 --", "when": {"name": ["equal"]}, "then": "link"}]),
        ("rules", [{"rule": "score", "when": {"name": ["equal"]}, "then": "link"}]),
        ("rules", [{"rule": "odd", "when": {"name": ["equal"]}, "blockng": True, "then": "review"}]),
        ("rules", [{"rule": "number-alone", "when": {"number": ["equal"]}, "then": "link"}]),
        ("rules", [{"rule": "strangers", "when": {"name": ["different"]}, "then": "link"}]),
        ("rules", [{"rule": "two-numbers", "when": {"name": ["equal"]}, "then": "link"}]),
        ("rules", [{"rule": "no-veto", "when": {"number": ["equal"], "name": ["equal"]}, "then": "link"}]),
    ]


@pytest.mark.parametrize(("part", "value"), nonsense())
def test_a_model_file_edited_into_nonsense_is_refused_with_the_place(part: str, value: Any) -> None:
    raw = json.loads(files("hub.identity").joinpath("models", "residents.json").read_text(encoding="utf-8"))
    with pytest.raises(Malformed) as caught:
        parse_model(json.dumps(raw | {part: value}))
    assert part in str(caught.value.facts["place"])


VETO = {"rule": "valid-numbers-differ", "when": {"number": ["different"]}, "then": "apart"}
ALONE: list[dict[str, Any]] = [
    {"when": {"name": ["equal", "equal_rare"]}},
    {"when": {"birth": ["equal"]}},
    {"when": {"name": ["equal"], "sex": ["equal"], "region": ["equal"]}},
    {"when": {"name": ["equal"]}, "any": [{"phone": ["equal"]}, {"sex": ["equal"]}]},
    {"when": {"name": ["equal"], "number": ["missing", "other"]}},
    {"when": {"name": ["equal"], "address": ["equal", "missing"]}},
]


@pytest.mark.parametrize("rule", ALONE)
def test_a_rule_that_links_where_one_field_alone_agrees_is_refused(rule: dict[str, Any]) -> None:
    raw = json.loads(files("hub.identity").joinpath("models", "residents.json").read_text(encoding="utf-8"))
    with pytest.raises(Malformed) as caught:
        parse_model(json.dumps(raw | {"rules": [VETO, {"rule": "odd", "then": "link"} | rule]}))
    assert caught.value.facts["place"] == "rules.odd"


def test_a_rule_on_part_of_an_organisations_name_alone_is_refused() -> None:
    raw = json.loads(files("hub.identity").joinpath("models", "organisations.json").read_text(encoding="utf-8"))
    raw["rules"].insert(0, {"rule": "odd", "when": {"name": ["contains"], "credit": ["missing"]}, "then": "link"})
    with pytest.raises(Malformed) as caught:
        parse_model(json.dumps(raw))
    assert caught.value.facts["place"] == "rules.odd"


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        ({"prior_bits": -2.0}, "fields.name"),
        ({"prior_bits": 0}, "fields.name"),
        ({"version": "residents\n6"}, "model.version"),
        ({"version": "x" * 61}, "model.version"),
    ],
)
def test_a_prior_at_which_one_field_would_link_and_a_name_that_no_log_line_holds_are_refused(
    edit: dict[str, Any], place: str
) -> None:
    raw = json.loads(files("hub.identity").joinpath("models", "residents.json").read_text(encoding="utf-8"))
    with pytest.raises(Malformed) as caught:
        parse_model(json.dumps(raw | edit))
    assert caught.value.facts["place"] == place


def test_a_name_that_differs_never_speaks_for_one_subject() -> None:
    raw = json.loads(files("hub.identity").joinpath("models", "residents.json").read_text(encoding="utf-8"))
    levels = raw["fields"][1]["levels"]
    levels["equal"], levels["different"] = levels["different"], levels["equal"]
    with pytest.raises(Malformed) as caught:
        parse_model(json.dumps(raw))
    assert caught.value.facts["place"] == "fields.name"


def test_levels_turned_round_and_members_that_stand_twice_are_refused() -> None:
    text = files("hub.identity").joinpath("models", "residents.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    for level in raw["fields"][1]["levels"].values():
        level["m"], level["u"] = level["u"], level["m"]
    for edited, place in ((json.dumps(raw), "fields.name"), (text.rstrip()[:-1] + ', "rules": []}', "rules")):
        with pytest.raises(Malformed) as caught:
            parse_model(edited)
        assert caught.value.facts["place"] == place


def test_a_model_file_that_is_no_json_is_refused() -> None:
    for text in ("", "{", "[]", "null", '"x"', "\x00", "[" * 100_000):
        with pytest.raises(Malformed):
            parse_model(text)


CHAIR = {"legal_representative": "王伟"}


@pytest.mark.parametrize(
    ("one", "other", "outcome"),
    [
        ({"name": "杭州市老年协会"} | CHAIR, {"name": "宁波市老年协会"} | CHAIR, "open"),
        ({"name": "老年协会", "region_code": "330106"} | CHAIR, {"name": "老年协会"} | CHAIR, "review"),
        (
            {"name": "老年协会", "region_code": "330106"} | CHAIR,
            {"name": "老年协会", "region_code": "330109"} | CHAIR,
            "review",
        ),
        (
            {"name": "老年协会", "region_code": "330106"} | CHAIR,
            {"name": "老年协会", "region_code": "330106"} | CHAIR,
            "link",
        ),
        (
            {"name": "文新街道第一幼儿园", "credit_code": CODE},
            {"name": "文新街道第二幼儿园", "credit_code": CODE},
            "review",
        ),
        ({"name": "第一小学", "credit_code": CODE}, {"name": "第一小学家长委员会", "credit_code": CODE}, "review"),
        ({"name": FULL, "is_branch": True}, {"name": FULL, "is_branch": False}, "open"),
        (
            {"name": "某某科技甲部", "credit_code": CODE, "is_branch": True},
            {"name": "某某科技乙部", "credit_code": CODE, "is_branch": False},
            "review",
        ),
    ],
)
def test_organisations_of_two_regions_counted_ones_and_parts_are_never_linked_silently(
    one: dict[str, Any], other: dict[str, Any], outcome: str
) -> None:
    assert pair_of_organisations(one, other).outcome == outcome
    assert pair_of_organisations(other, one).outcome == outcome


VISIBLE = {"name": "张伟强", "number": f"{NUMBER[:6]}********{NUMBER[14:]}"}


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"birth_date": "1980-05-06"}, "link"),
        ({"phone": "13800001111"}, "link"),
        ({"name": "张强伟", "phone": "13800001111"}, "link"),
        ({}, "review"),
        ({"birth_date": "1952-11-23", "phone": "13800001111"}, "review"),
        ({"name": "李红梅", "phone": "13800001111"}, "apart"),
        ({"number": f"{VISIBLE['number'][:17]}0", "phone": "13800001111"}, "apart"),
    ],
)
def test_visible_digits_link_only_beside_a_name_and_something_else_and_part_where_they_differ(
    more: dict[str, Any], outcome: str
) -> None:
    whole = {"name": "张伟强", "number": NUMBER, "birth_date": "1980-05-06", "phone": "13800001111"}
    assert pair(VISIBLE | more, whole).outcome == outcome


def test_nobody_is_looked_up_by_a_masked_number() -> None:
    model = standard_model("resident")
    traits = person_traits(VISIBLE, CONTEXT)
    assert not [text for text in key_maker(model.columns, model.keys)(traits) if "*" in text]
    assert not valid_number_reader(model.columns)(traits)


def test_a_model_of_before_is_told_which_level_it_lacks() -> None:
    raw = json.loads(files("hub.identity").joinpath("models", "residents.json").read_text(encoding="utf-8"))
    del raw["fields"][0]["levels"]["visible"]
    with pytest.raises(Malformed) as refused:
        parse_model(json.dumps(raw))
    assert refused.value.facts["place"] == "model.fields.0.levels.visible"
