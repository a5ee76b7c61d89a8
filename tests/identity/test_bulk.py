"""The same model over a whole file: the same levels, weights and verdicts as at intake, and the same subjects."""

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from hub.errors import Malformed, Unavailable
from hub.identity.bulk import sql
from hub.identity.bulk.filing import Options, resolve_file
from hub.identity.bulk.opening import open_file
from hub.identity.bulk.reading import read_traits
from hub.identity.bulk.resolving import Resolving
from hub.identity.bulk.roots import roots_of
from hub.identity.model import Mention
from hub.identity.modelfile import standard_model
from hub.identity.rules import Matcher, components
from hub.identity.service import IdentityService
from hub.identity.traits import PERSON_COLUMNS, Context, organisation_traits, person_traits
from hub.kernel.checkdigits import resident_id_check
from hub.storage.database import Database
from tests.identity.conftest import number_of
from tests.identity.people import County

TODAY = date(2026, 11, 1)
OPTIONS = Options(TODAY)
MODELS = {"resident": standard_model("resident"), "legal_person": standard_model("legal_person")}


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, sorted({name for row in rows for name in row}))
        writer.writeheader()
        writer.writerows(rows)
    return path


def people(count: int, seed: int = 1) -> list[dict[str, Any]]:
    return list(County(seed).records(count))


def fields_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "number": row.get("id_number", "")}


def groups(pairs: Iterable[tuple[str, str | None]]) -> set[frozenset[str]]:
    found: dict[str | None, set[str]] = {}
    for record, subject in pairs:
        found.setdefault(subject, set()).add(record)
    return {frozenset(each) for each in found.values()}


def subjects_in(out: Path) -> set[frozenset[str]]:
    with out.open(encoding="utf-8") as file:
        return groups((row["record_id"], row["subject"]) for row in csv.DictReader(file))


# fmt: off
DIRTY: list[dict[str, Any]] = [
    {"name": "张 三(张小三)", "id_number": "'11010519491231002x", "birth_date": "1949年12月31日",
     "phone": "+86 138-0000-1111"},
    {"name": "張三", "id_number": "110105491231002", "birth_date": "19491231", "address": "北京市朝阳区某路1号2栋-301"},
    {"name": "阿卜杜拉•买买提", "id_number": "E12345678", "birth_date": "1900-01-01", "sex": "男"},
    {"name": "无", "id_number": "330106********0028", "birth_date": "2999-01-01", "phone": "00000000000", "sex": "M"},
    {"name": "张?", "id_number": "１１０１０５１９４９１２３１００２Ｘ", "birth_date": "41000",
     "address": "某路1号2幢301室"},
    {"name": "", "id_number": "", "birth_date": "gestern", "phone": "1381111", "address": "无"},
    {"name": "单雄信", "id_number": "330106194912310000", "birth_date": "1949/12/31", "region_code": "330106003"},
    {"name": "李四", "id_number": "33010619800506****", "phone": "013800001111", "region_code": "西湖区", "sex": "2.0"},
]
# fmt: on


def test_columns_are_read_as_at_intake(tmp_path: Path) -> None:
    rows = [dict.fromkeys(("name", "id_number", "birth_date", "sex", "region_code", "phone", "address"), "") | row
            for row in [*people(1500), *DIRTY]]  # fmt: skip
    for place, row in enumerate(rows):
        row |= {"record_id": f"r{place}"}
    con = duckdb.connect()
    model = MODELS["resident"]
    read_traits(open_file(con, write(tmp_path / "in.csv", rows)), model, TODAY)
    columns = ", ".join(f'"{each}"' for each in model.columns)
    found = {row[0]: row[1:] for row in con.execute(f"SELECT record_id, {columns} FROM traits").fetchall()}
    clean = len(rows) - len(DIRTY)
    for row in rows[:clean]:
        assert found[row["record_id"]] == person_traits(fields_of(row), Context(TODAY)), row
    dirty = [dict(zip(model.columns, found[row["record_id"]], strict=True)) for row in rows[clean:]]
    assert [each["number"] for each in dirty[:2]] == ["11010519491231002X"] * 2
    assert [each["birth"] for each in dirty] == ["1949-12-31"] * 2 + ["", "", "2012-04-01", "", "1949-12-31", ""]
    assert dirty[0]["former"] == "张小三"
    assert dirty[0]["name"] == dirty[1]["name"] == "张三"
    assert [each["phone"] for each in dirty] == ["13800001111", "", "", "", "", "1381111", "", "13800001111"]
    assert dirty[1]["address"] == dirty[4]["address"].replace("室", "") == "某路1-2-301"
    assert [each["sex"] for each in dirty[2:4]] == ["1", "1"]
    assert [(each["born"], each["region"]) for each in dirty[6:]] == [("1949-12-31", "330106"), ("1980-05-06", "")]
    assert dirty[7]["sex"] == "2"
    con.close()


def test_numbers_of_every_length_and_form_are_read_as_at_intake(tmp_path: Path) -> None:
    """SQL reads what is written in digits alone; here it meets lost, doubled and wrong ones, fillers and permits."""
    chance = random.Random(11)  # noqa: S311  # made-up numbers
    numbers = [str(digit) * length for digit in range(10) for length in (11, 12, 15, 17, 18)]
    numbers += [
        "123456789012345678",
        "12345678901234567",
        "110105194912310000",
        "11010519491231002x",
        "440524188001010014",
    ]
    heads = ("330106", "110105", "810000", "830000", "911398", "990101", "020101", "710101", "11010X")
    for place in range(3000):
        year, month, day = chance.randrange(1800, 2150), chance.randrange(14), chance.randrange(33)
        body = f"{chance.choice(heads)}{year}{month:02}{day:02}{chance.choice((0, 1, 2, 500, 996)):03}"
        whole = body + (resident_id_check(body) if body.isdigit() and place % 2 else chance.choice("0123456789X"))
        short = whole[:6] + whole[8:17]
        numbers.append(chance.choice((whole, whole, short, whole[: chance.randrange(8, 20)], whole + "7", short + "X")))
    rows = [{"record_id": f"r{place}", "name": "张三", "id_number": each} for place, each in enumerate(numbers)]
    con = duckdb.connect()
    read_traits(open_file(con, write(tmp_path / "in.csv", rows)), replace(MODELS["resident"], key_cap=10_000), TODAY)
    found = dict(con.execute("SELECT n, (number, number_state, born, sex) FROM traits").fetchall())
    for place, row in enumerate(rows):
        _, _, _, _, born, sex, number, state, *_ = person_traits(fields_of(row), Context(TODAY))
        assert found[place] == (number, state, born, sex), row
    con.close()


def test_relatives_in_a_file_are_read_as_at_intake(tmp_path: Path) -> None:
    """Two of one name whose heads of household are both 无 are no household."""
    written = [
        "无",
        "/",
        "\\N",
        "111111111111111111",
        "330106000000000000",
        "",
        "440524188001010014",
        "110105491231002",
    ]
    rows = [
        {"record_id": f"{place}-{copy}", "name": f"王芳{'甲乙丙丁戊己庚辛'[place]}", "head_number": each}
        for place, each in enumerate(written)
        for copy in range(2)
    ]
    con = duckdb.connect()
    read_traits(open_file(con, write(tmp_path / "in.csv", rows)), MODELS["resident"], TODAY)
    found = dict(con.execute("SELECT record_id, kin FROM traits").fetchall())
    for row in rows:
        assert found[row["record_id"]] == person_traits(row, Context(TODAY))[PERSON_COLUMNS.index("kin")], row
    con.close()
    out = tmp_path / "out.csv"
    resolve_file(tmp_path / "in.csv", out, MODELS, OPTIONS)
    assert {frozenset({"6-0", "6-1"}), frozenset({"7-0", "7-1"})} == {
        each for each in subjects_in(out) if len(each) > 1
    }


def test_a_column_of_earlier_names_is_read_as_names_are(tmp_path: Path) -> None:
    told = (
        ("王芳芳", "无"),
        ("王莉莉", "无"),
        ("赵小敏", "趙大敏"),
        ("赵大敏", ""),
        ("钱多多", "曾用名：钱少少、钱中"),
        ("钱 中", "不详"),
    )
    rows = [
        {"record_id": str(place), "name": name, "former_names": former, "birth_date": f"1990-05-0{place // 2 + 1}"}
        | {"phone": f"1380000111{place // 2}"}
        for place, (name, former) in enumerate(told)
    ]
    out = tmp_path / "out.csv"
    resolve_file(write(tmp_path / "in.csv", rows), out, MODELS, OPTIONS)
    assert subjects_in(out) == {frozenset(each) for each in ("0", "1", "23", "45")}


def test_several_relatives_in_one_cell_are_heard_each(tmp_path: Path) -> None:
    cells = ("440524188001010014、110105491231002", "11010519491231002x|无")
    rows = [{"record_id": str(place), "name": "王小芳", "kin": each} for place, each in enumerate(cells)]
    out = tmp_path / "out.csv"
    resolve_file(write(tmp_path / "in.csv", rows), out, MODELS, OPTIONS)
    assert subjects_in(out) == {frozenset({"0", "1"})}


def test_thousands_of_pairs_come_to_the_same_in_sql_and_in_python() -> None:
    chance = random.Random(5)  # noqa: S311  # made-up pairs
    for kind, traits in (("resident", _some_people(chance)), ("legal_person", _some_organisations(chance))):
        model = MODELS[kind]
        con = duckdb.connect()
        for macro in sql.MACROS:
            con.execute(macro)
        values = zip(model.columns, zip(*traits, strict=True), strict=True)
        table = {name: np.array(column, dtype=object) for name, column in values}
        others = np.array([chance.randrange(len(traits)) for _ in traits], dtype=np.int64)
        con.register("rows", {"n": np.arange(len(traits)), **table})
        con.execute("CREATE TABLE traits AS SELECT CAST(n AS VARCHAR) AS record_id, * FROM rows")
        con.register("drawn", {"a": np.arange(len(traits)), "b": others})
        con.execute("CREATE TABLE pairs AS SELECT * FROM drawn")
        Resolving(con, model)._score("pairs", "scored")
        fields = [each.field for each in model.comparisons]
        names = ", ".join(f'"{each}"' for each in fields)
        matcher = Matcher(model)
        compared = con.execute(f"SELECT a, b, method, weight, outcome, {names} FROM scored").fetchall()
        assert len(compared) == len(traits)
        for a, b, method, weight, outcome, *levels in compared:
            verdict = matcher.verdict(traits[a], traits[b])
            assert dict(zip(fields, levels, strict=True)) == verdict.levels, (traits[a], traits[b])
            assert (method, outcome) == (verdict.method, verdict.outcome)
            assert weight == pytest.approx(verdict.weight, abs=0.002)
        con.close()


def _some_people(chance: random.Random) -> list[tuple[str, ...]]:
    numbers = [
        number_of("1980-05-06", 11),
        number_of("1980-05-06", 35),
        "110105194912310021",
        "1101051949123100",
        "330106198005064000",
        "330106198005064013",
        "330106********0114",
        "3301**********0114",
        "330106********035X",
        "",
        "E12345678",
    ]
    choices: dict[str, list[Any]] = {
        "name": ["张伟", "张玮", "张伟强", "张强伟", "张?", "张?强", "张伟?", "李四", "", "欧阳修", "欧阳秀", "张",
                 "阿卜杜拉买买提", "阿卜杜拉买提", "阿卜杜拉", "阿卜"],
        "former_names": [None, ["李四"], ["张三", "张伟"]],
        "birth_date": ["1980-05-06", "1980-06-05", "1980-05-08", "1990-01-01", None],
        "sex": ["1", "2", "0", None],
        "number": numbers,
        "phone": ["13800001111", "13800002222", None],
        "region_code": ["330106", "330102", "110105", None],
        "residence_address": ["文三路1号2幢301室", "西湖区文三路1号2幢301室", "文三村", "某某文三路1-2-301",
                              "后陈村8号", "前后陈村8号", "三组8号", "8号", None],
        "head_number": [numbers[0], None],
    }  # fmt: skip
    return [
        person_traits(
            {field: chance.choice(each) for field, each in choices.items()},
            Context(TODAY),
            listed=chance.choice(("", "civil_affairs/residents")),
            kin=chance.choice(((), (numbers[1],), (numbers[0], numbers[1]))),
        )
        for _ in range(4000)
    ]


def _some_organisations(chance: random.Random) -> list[tuple[str, ...]]:
    choices: dict[str, list[Any]] = {
        "name": ["杭州某某科技有限公司", "某某科技有限责任公司", "某某科技", "象棋协会", "杭州市象棋协会", "",
                 "杭州市象棋协会分会", "某某科枝有限公司", "宁波市象棋协会", "文新街道第一幼儿园", "文新街道第二幼儿园",
                 "文新街道第一幼儿院", "文新街道第一幼儿园(杭州)"],
        "credit_code": ["91330106MA2ABCD139", "91330106MA2ABCD130", "91350100M000100Y43", None],
        "organisation_code": ["MA2ABCD13", "M000100Y-4", None],
        "registration_number": ["110108000000016", None],
        "legal_representative": [{"name": "张三"}, {"name": "李四"}, None],
        "phone": ["05718800112", "13800001111", None],
        "address": ["文三路1号", "西湖区文三路1号", None],
        "is_branch": [True, False, None],
    }  # fmt: skip
    context = Context(TODAY, ("浙江省", "杭州市", "宁波市", "西湖区"))
    return [
        organisation_traits(
            {field: chance.choice(each) for field, each in choices.items()},
            context,
            listed=chance.choice(("", "civil_affairs/organisations")),
        )
        for _ in range(3000)
    ]


def test_records_one_by_one_in_any_order_come_to_the_same_subjects_as_all_at_once(
    tmp_path: Path, identity: IdentityService, database: Database
) -> None:
    rows = people(600, seed=3)
    out = tmp_path / "out.csv"
    resolve_file(write(tmp_path / "in.csv", rows), out, MODELS, OPTIONS)
    with out.open(encoding="utf-8") as file:
        at_once = groups((row["record_id"], row["subject"]) for row in csv.DictReader(file))
    random.Random(9).shuffle(rows)  # noqa: S311  # an order
    with database.writing() as session:
        for row in rows:
            mention = Mention(
                row["record_id"], "file", "file", "self", "resident", fields_of(row), key=row["record_id"]
            )
            identity.place(session, [mention])
    with database.reading() as session:
        one_by_one = groups((each.key, each.subject) for each in identity.export(session))
    assert one_by_one == at_once


def test_a_file_becomes_subjects_with_probability_and_reason(tmp_path: Path) -> None:
    rows = people(3000, seed=2)
    truth = {row["record_id"]: row["truth"] for row in rows}
    out = tmp_path / "out.parquet"
    figures = resolve_file(write(tmp_path / "in.csv", rows), out, MODELS, OPTIONS)
    assert figures["resident"].records == len(rows)
    con = duckdb.connect()
    found = con.execute(f"SELECT record_id, subject, probability, reasons FROM '{out}'").fetchall()
    con.close()
    assert all(0 < row[2] <= 1 for row in found)
    assert {row[3] for row in found} >= {"number-and-name", "no-candidate"}
    mixed = [each for each in groups((row[0], row[1]) for row in found) if len({truth[record] for record in each}) > 1]
    assert mixed == []
    together = sum(len(each) - 1 for each in groups((row[0], row[1]) for row in found))
    assert together >= 0.95 * (len(rows) - 3000)
    assert figures["resident"].reviews <= 0.005 * len(rows)


def test_organisations_of_a_file_are_resolved_beside_people(tmp_path: Path) -> None:
    code = "91330106MA2ABCD139"
    rows = [
        {"record_id": "a", "kind": "legal_person", "name": "杭州某某科技有限公司", "credit_code": code},
        {"record_id": "b", "kind": "legal_person", "name": "某某科技（杭州）有限公司", "credit_code": code},
        {"record_id": "c", "kind": "legal_person", "name": "杭州市象棋协会", "credit_code": ""},
        {"record_id": "d", "kind": "resident", "name": "张伟强", "id_number": number_of("1980-05-06", 11)},
        {"record_id": "e", "kind": "resident", "name": "张伟强", "id_number": number_of("1980-05-06", 11).lower()},
    ]
    path, out = write(tmp_path / "in.csv", rows), tmp_path / "out.csv"
    resolve_file(path, out, MODELS, Options(TODAY, region_names=("杭州市",)))
    found = subjects_in(out)
    assert found == {frozenset("ab"), frozenset("c"), frozenset("de")}


def test_organisations_may_leave_out_the_region_that_their_records_lie_in(tmp_path: Path) -> None:
    shared = {"kind": "法人", "legal_representative": "李四", "phone": "057188001122"}
    rows = [
        shared | {"record_id": "a", "name": "杭州某某科技有限公司", "region_code": "330106"},
        shared | {"record_id": "b", "name": "某某科技（杭州）有限公司", "region_code": ""},
        {"record_id": "c", "kind": "法人", "name": "宁波某某科技有限公司", "credit_code": "91330200MA2ABCD13K"},
    ]
    out = tmp_path / "out.csv"
    resolve_file(write(tmp_path / "in.csv", rows), out, MODELS, OPTIONS)
    found = subjects_in(out)
    assert found == {frozenset("ab"), frozenset("c")}


def test_an_organisation_is_found_by_its_address_beside_records_that_only_name_it(tmp_path: Path) -> None:
    address = {"kind": "法人", "address": "瓶窑街288号"}
    rows = [
        address | {"record_id": "a", "name": "杭州隆顺幼儿园"},
        address | {"record_id": "b", "name": "浙江省杭州隆顺幼儿园", "credit_code": "52330106MJ9000014R"},
        {"record_id": "c", "kind": "法人", "name": "隆顺(杭州)幼儿园", "organisation_code": "MJ900001-4"},
    ]
    out = tmp_path / "out.csv"
    resolve_file(write(tmp_path / "in.csv", rows), out, MODELS, OPTIONS)
    found = subjects_in(out)
    assert found == {frozenset("abc")}


def test_two_people_mixed_by_a_chain_come_apart(tmp_path: Path) -> None:
    common = {"name": "张伟强", "birth_date": "1980-05-06", "phone": "13800001111"}
    rows = [
        common | {"record_id": "a", "id_number": number_of("1980-05-06", 11)},
        common | {"record_id": "b", "id_number": ""},
        common | {"record_id": "c", "id_number": number_of("1980-05-06", 35)},
    ]
    out = tmp_path / "out.csv"
    figures = resolve_file(write(tmp_path / "in.csv", rows), out, MODELS, OPTIONS)
    found = subjects_in(out)
    assert found == {frozenset("a"), frozenset("b"), frozenset("c")}
    assert (figures["resident"].torn_clusters, figures["resident"].reviews) == (1, 3)


def test_a_phone_shared_by_thousands_makes_no_pairs(tmp_path: Path) -> None:
    rows = [row | {"phone": "13800001111", "id_number": ""} for row in people(2000, seed=4)]
    figures = resolve_file(write(tmp_path / "in.csv", rows), None, MODELS, OPTIONS)
    assert figures["resident"].pairs < len(rows)


@pytest.mark.parametrize(
    ("name", "content"),
    [("in.txt", "record_id\n1\n"), ("in.csv", "name\n张三\n"), ("in.parquet", "nonsense"), ("missing.csv", None)],
)
def test_a_file_that_holds_no_records_is_malformed(tmp_path: Path, name: str, content: str | None) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(Malformed):
        resolve_file(path, None, MODELS, OPTIONS)


def test_links_in_any_order_lead_to_the_least_record_they_connect() -> None:
    chance = random.Random(7)  # noqa: S311  # made-up links
    for size in (0, 1, 40, 400):
        links = [(chance.randrange(300), chance.randrange(300, 600)) for _ in range(size)]
        links += [(number, number + 1) for number in range(700, 700 + size)]  # one long chain
        chance.shuffle(links)
        ends = np.array(links, dtype=np.int64).reshape(-1, 2)
        found = roots_of(ends[:, 0], ends[:, 1])
        wanted = {
            node: group[0] for group in components(sorted({n for pair in links for n in pair}), links) for node in group
        }
        assert dict(zip(found.nodes.tolist(), found.roots.tolist(), strict=True)) == wanted


def test_a_run_that_finds_too_little_memory_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    path, out = write(tmp_path / "in.csv", people(300)), tmp_path / "out.csv"
    for memory, family in (("viel", Malformed), ("1MB", Unavailable)):
        with pytest.raises(family):
            resolve_file(path, out, MODELS, Options(TODAY, memory=memory))
    assert list(tmp_path.iterdir()) == [path]
