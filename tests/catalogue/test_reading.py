"""Catalogue files that must be refused, each with file, line, path and remedy."""

from pathlib import Path

import pytest

from hub.catalogue.codec import document_of
from hub.catalogue.documents import parse_document
from hub.catalogue.model import Catalogue
from hub.catalogue.reading import documents_at, published_documents, read_catalogue
from hub.errors import Malformed, Missing

MATTER = """\
purposes:
  test: {en: Test, zh: 测试}
legal_bases:
  - {id: law, en: Law, zh: 法律}
brought_kinds:
  - {id: paper, en: Paper, zh: 纸, media_types: [application/pdf], max_age_days: 10, purposes: [test]}
matters:
  - id: one
    version: "1"
    en: One
    zh: 一
    authority: dept:land
    consumers: [svc:one]
    purpose: test
    valid_from: 2026-01-01
    statutory_days: 10
    promised_days: 5
    roles:
      - {id: applicant, en: Applicant, zh: 申请人, subject_kind: resident, at_least: 1, at_most: 1}
    materials:
      - id: paper
        en: Paper
        zh: 纸
        basis: [law]
        brings: paper
"""


def problems(text: str, name: str = "one.yaml") -> list[str]:
    with pytest.raises(Malformed) as refusal:
        read_catalogue([parse_document(text.encode(), name)])
    found = refusal.value.facts["problems"]
    assert isinstance(found, list)
    return [str(each) for each in found]


def read(text: str) -> Catalogue:
    return read_catalogue([parse_document(text.encode(), "one.yaml")])


def test_a_small_file_is_a_catalogue() -> None:
    assert read(MATTER).matter_by_id["one"].material_for("paper") is not None


def test_a_material_without_legal_basis_is_refused_with_its_line_and_remedy() -> None:
    (found,) = problems(MATTER.replace("        basis: [law]\n", ""))
    assert found.startswith("one.yaml:21: matters[0].materials[0] (one / paper): ")
    assert "no legal basis" in found
    assert "Name the provision" in found


@pytest.mark.parametrize("text", ["", "{}", "# nothing yet\n", "matters: []\nevents: []\n"])
def test_a_file_without_an_entry_is_no_edition_that_takes_everything_away(text: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith("one.yaml: $: There is no entry at all.")
    assert "Give the whole edition" in problem


def test_an_empty_legal_basis_is_none() -> None:
    (found,) = problems(MATTER.replace("basis: [law]", "basis: []"))
    assert "no legal basis" in found


def test_the_code_of_a_single_kind_of_problem_is_its_own() -> None:
    with pytest.raises(Malformed) as refusal:
        read(MATTER.replace("        basis: [law]\n", ""))
    assert refusal.value.code == "catalogue.no-legal-basis"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("ways: [[{evidence: nothing-such, of: applicant}]]", "no evidence type “nothing-such”"),
        ("ways: [[{statement: nothing-such, of: applicant}]]", "no statement type “nothing-such”"),
        ("ways: [[{brought: nothing-such, of: applicant}]]", "no brought kind “nothing-such”"),
        ("ways: [[{result: nothing-such, of: applicant}]]", "no matter “nothing-such”"),
        ("ways: [[{brought: paper, of: nobody}]]", "no role “nobody”"),
        ("when: never-said", "no condition “never-said”"),
        ("sub_items: [never-said]", "no sub-item “never-said”"),
        ("form: part", "exactly one material leads it"),
    ],
)
def test_what_a_material_refers_to_exists(wrong: str, code: str) -> None:
    (found,) = problems(MATTER.replace("        brings: paper", f"        brings: paper\n        {wrong}"))
    assert code in found
    assert found.startswith(("one.yaml:21: matters/one/materials/", "one.yaml:20: "))


def test_every_problem_is_listed_at_once() -> None:
    text = MATTER.replace("basis: [law]", "basis: [lore]").replace("promised_days: 5", "promised_days: 50")
    assert len(problems(text)) == 2


def test_an_alias_that_could_form_a_cycle_is_refused_with_its_line() -> None:
    (found,) = problems(MATTER + "events: &all\n  - *all\n")
    assert found.startswith("one.yaml:27: ")
    assert "cycle" in found


def test_matters_that_need_each_others_result_are_a_cycle() -> None:
    licence = "    result: {en: L, zh: 证, licence_type: 11100000000013338W012}\n    roles:"
    first = MATTER.replace("        brings: paper", "        ways: [[{result: two, of: applicant}]]")
    first = first.replace("    roles:", licence)
    second = first[first.index("  - id: one") :].replace("id: one", "id: two").replace("result: two", "result: one")
    (found,) = problems(first + second)
    assert "in a cycle: one → two → one" in found or "in a cycle: two → one → two" in found


def test_statements_that_rest_on_each_other_are_a_cycle() -> None:
    text = """
statements:
  - {name: alive, version: 1, en: A, zh: 甲, rests_on: [household], does_not_prove: {en: x, zh: x}}
  - {name: household, version: 1, en: B, zh: 乙, rests_on: [alive], does_not_prove: {en: x, zh: x}}
"""
    (found,) = problems(MATTER + text)
    assert "cycle" in found


def test_conditions_that_depend_on_themselves_are_a_cycle() -> None:
    text = MATTER.replace(
        "    materials:", "    conditions:\n      - {id: a, en: A, zh: 甲, all_of: [a]}\n    materials:"
    )
    (found,) = problems(text)
    assert "cycle" in found


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"\xff\xfe\x00", "Not UTF-8"),
        (b"matters: [", "Not YAML"),
        (b"matters: []\nmatters: []\n", "written twice"),
        (b"- a list\n", "not a mapping"),
        (b"matters: !!python/object:os.system []", "A tag"),
        (b"a: 1.5", "type float"),
        (b"a: \x00", "Not YAML"),
        (b"[" * 5000, "Not YAML"),
        (b"a: " + b"{a: " * 40 + b"1" + b"}" * 40, "too deeply"),
    ],
)
def test_bytes_that_are_no_catalogue_are_one_kind_of_refusal(raw: bytes, says: str) -> None:
    with pytest.raises(Malformed) as refusal:
        read_catalogue([parse_document(raw, "bad.yaml")])
    assert refusal.value.code in {"catalogue.unreadable", "catalogue.wrong-shape"}
    assert says in refusal.value.en or refusal.value.code == "catalogue.wrong-shape"


def test_json_is_read_too_and_a_key_written_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"purposes": {}, "purposes": {}}')
    with pytest.raises(Malformed, match="written twice"):
        documents_at([tmp_path])


def test_a_path_without_files_says_so(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        documents_at([tmp_path])
    with pytest.raises(Missing):
        documents_at([tmp_path / "nothing.yaml"])


SHARING = {
    "sharing_class: conditional": ("sharing_class: withheld", "names the law"),
    "scope: Departments with a grant for the matter 获得授权的办理部门": ('scope: ""', "names its scope"),
    "classification: internal": ("classification: state-secret", "cannot be shared"),
    "sensitive: [marital_declared]": ("sensitive: [name]", "marks as sensitive"),
    "schema: resident": ("schema: nothing-such", "no schema"),
}


@pytest.mark.parametrize("right", SHARING)
def test_sharing_terms_are_those_of_articles_13_to_15(right: str) -> None:
    wrong, says = SHARING[right]
    texts = {document.name: document for document in published_documents()}
    source = Path("hub/catalogue/published/types.yaml").read_text("utf-8")
    assert right in source
    texts["types.yaml"] = parse_document(source.replace(right, wrong, 1).encode(), "types.yaml")
    with pytest.raises(Malformed) as refusal:
        read_catalogue(list(texts.values()))
    assert says in refusal.value.en
    assert "types.yaml:" in refusal.value.en


def test_a_document_of_a_catalogue_reads_back_from_json() -> None:
    import json

    text = json.dumps(document_of(read(MATTER)), ensure_ascii=False)
    assert read_catalogue([parse_document(text.encode(), "x.json")]) == read(MATTER)


def test_every_problem_is_told_with_its_remedy_in_chinese_too() -> None:
    text = "matters:\n  - id: a\n    mood: good\n"
    with pytest.raises(Malformed) as refused:
        read_catalogue([parse_document(text.encode(), "c.yaml")])
    english, chinese = (refused.value.facts[name] for name in ("problems", "problems_zh"))
    assert len(english) == len(chinese) > 5
    assert all(line.startswith("c.yaml:") and line.endswith("。") for line in chinese)
    assert any("只可使用" in line for line in chinese)
    assert "请补充" in refused.value.zh


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("matters: 1:30", "one.yaml"),
        ("matters: " + "9" * 5000, "one.yaml"),
        ('{"matters": ' + "9" * 5000 + "}", "one.json"),
        (MATTER.replace("zh: 一", 'zh: "\\0"'), "one.yaml"),
        (MATTER.replace('version: "1"', 'version: "\\x07"'), "one.yaml"),
    ],
)
def test_values_that_no_program_reads_alike_or_no_database_keeps_are_refused(text: str, name: str) -> None:
    assert len(problems(text, name)) == 1
