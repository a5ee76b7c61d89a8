"""Catalogue files 目录文件 to one checked catalogue; every problem at once, each with its file, line and remedy."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.catalogue.codec import SECTIONS, catalogue_from
from hub.catalogue.documents import Document, parse_document, path_text, refused
from hub.catalogue.model import Catalogue
from hub.catalogue.problem import Problem
from hub.catalogue.rules import no_basis, problems_of
from hub.catalogue.schemas import claims_of, form_named, has_evidence_schema, schema_named
from hub.catalogue.workbook import parse_workbook
from hub.errors import Missing

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

PUBLISHED = Path(__file__).parent / "published"
SUFFIXES = frozenset({".yaml", ".yml", ".json", ".xlsx"})
_SAYS_HOW = (
    "It says neither how it is satisfied nor that the applicant brings it.",
    "既未写明如何免提交，也未写明由申请人提交。",
)
_SAYS_NOTHING = Problem(
    "catalogue.says-nothing",
    "There is no entry at all.",
    "其中没有任何条目。",
    "Give the whole edition: what it leaves out is gone when it takes effect.",
    "请给出完整的目录版本；版本生效后，未写入的内容即不再有效。",
    path="$",
)


def published_documents(directory: Path = PUBLISHED) -> list[Document]:
    """The catalogue files shipped in, or put into, ``directory``; grants stand in their own file and are left out."""
    return documents_at([directory])


def documents_at(places: Iterable[Path]) -> list[Document]:
    """The documents in files and folders.

    Raises:
        Missing: nothing there.
        Malformed: unreadable; see ``parse_document``.
    """
    found: list[Document] = []
    for place in places:
        files = sorted(each for each in place.glob("*") if each.suffix in SUFFIXES) if place.is_dir() else [place]
        for each in files:
            if not each.is_file():
                raise Missing(
                    "catalogue.no-file",
                    f"There is no file {each.name}; check the path.",
                    f"没有文件 {each.name}；请检查路径。",
                )
            parse = parse_workbook if each.suffix == ".xlsx" else parse_document
            document = parse(each.read_bytes(), each.name)
            if "grants" not in document.value:
                found.append(document)
    if not found:
        raise Missing(
            "catalogue.no-file",
            "No catalogue file is there; give a .yaml, .json or .xlsx file.",
            "没有目录文件；请给出 .yaml、.json 或 .xlsx 文件。",
        )
    return found


def read_catalogue(documents: Sequence[Document]) -> Catalogue:
    """One usable catalogue out of all ``documents``.

    Raises:
        Malformed: lists every problem as ``file:line: path: fact remedy``.
    """
    shape = [problem for document in documents for problem in shape_problems(document, "catalogue")]
    if shape:
        raise refused(shape)
    catalogue = catalogue_from(merged(documents))
    if catalogue == Catalogue():
        raise refused([dataclasses.replace(_SAYS_NOTHING, file=documents[0].name)])
    problems = [_located(problem, documents) for problem in problems_of(catalogue, schema_claims, form_named)]
    if problems:
        raise refused(problems)
    return catalogue


def schema_claims(name: str) -> Mapping[str, bool] | None:
    """Claim paths of a published evidence schema, None when there is none."""
    return claims_of(name) if has_evidence_schema(name) else None


def merged(documents: Sequence[Document]) -> dict[str, Any]:
    """All sections of all documents, in order."""
    whole: dict[str, Any] = {section: [] for section in SECTIONS}
    purposes: dict[str, Any] = {}
    for document in documents:
        purposes |= document.value.get("purposes") or {}
        for section in SECTIONS:
            whole[section] += document.value.get(section) or []
    return {"purposes": purposes, **whole}


def shape_problems(document: Document, schema: str) -> Iterator[Problem]:
    """Where ``document`` departs from ``schemas/catalogue/<schema>.json``."""
    from jsonschema import Draft202012Validator, FormatChecker  # loaded only where a catalogue is checked

    validator = Draft202012Validator(schema_named("catalogue", schema), format_checker=FormatChecker())
    for error in sorted(
        validator.iter_errors(dict(document.value)), key=lambda each: list(map(str, each.absolute_path))
    ):
        yield _shape_problem(error, document)


def _shape_problem(error: "ValidationError", document: Document) -> Problem:
    path = tuple(error.absolute_path)
    if _lacks_basis(error):
        found = no_basis(_named_path(path, document))
    else:
        found = Problem("catalogue.wrong-shape", *_sentences(error), *_remedies(error))
    return dataclasses.replace(found, file=document.name, line=document.line_of(path), path=_named_path(path, document))


def _lacks_basis(error: "ValidationError") -> bool:
    if error.validator == "required":
        return "'basis'" in error.message
    return error.validator == "minItems" and list(error.absolute_path)[-1:] == ["basis"]


def _sentences(error: "ValidationError") -> tuple[str, str]:
    if error.validator == "anyOf":
        return _SAYS_HOW
    text = error.message if len(error.message) < 200 else f"{error.message[:197]}…"  # noqa: PLR2004
    chinese = {
        "required": "缺少必填字段",
        "additionalProperties": "有未知字段",
        "enum": "取值不在可选范围内",
        "type": "值的类型不符",
        "pattern": "值的格式不符",
        "format": "值的格式不符",
        "minimum": "数值过小",
        "maximum": "数值过大",
        "minItems": "列表内容不足",
        "maxItems": "列表内容过多",
        "uniqueItems": "列表内容重复",
    }.get(str(error.validator), "不符合目录文件格式")
    return f"{text}.", f"{chinese}（{text}）。"


def _remedies(error: "ValidationError") -> tuple[str, str]:
    schema: Any = error.schema
    match error.validator:
        case "required":
            return "Add it.", "请补充。"
        case "additionalProperties":
            known = sorted(schema.get("properties", {}))
            return f"Use only: {', '.join(known)}.", f"只可使用：{'、'.join(known)}。"
        case "enum":
            values = [str(each) for each in schema["enum"]]
            return f"Use one of: {', '.join(values)}.", f"请选用：{'、'.join(values)}。"
        case "anyOf":
            return (
                "Add “ways”, “brings”, “form” or “only_applicant: true”.",
                "请补充“ways”“brings”“form”或“only_applicant: true”。",
            )
        case _:
            wanted = f"{error.validator}: {_short(error.validator_value)}"
            return f"See schemas/catalogue ({wanted}).", f"请参照 schemas/catalogue（{wanted}）。"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) < 80 else f"{text[:77]}…"  # noqa: PLR2004


def _named_path(path: Sequence[str | int], document: Document) -> str:
    """The cell or ``matters[3].materials[0]`` with ids beside the positions, so that people find it."""
    names: list[str] = []
    value: Any = document.value
    for step in path:
        value = value[step]
        if isinstance(value, Mapping) and isinstance(value.get("id", value.get("name")), str):
            names.append(str(value.get("id", value.get("name"))))
    text = " ".join(filter(None, (document.cell_of(tuple(path)), path_text(tuple(path)))))
    return f"{text} ({' / '.join(names)})" if names else text


def _located(problem: Problem, documents: Sequence[Document]) -> Problem:
    """``problem`` with the file and line where the thing it speaks of is written last."""
    for document in reversed(documents):
        path = _find(problem.path.split("/"), document.value)
        if path:
            shown = f"{document.cell_of(path)} {problem.path}".strip()
            return dataclasses.replace(problem, file=document.name, line=document.line_of(path), path=shown)
    return dataclasses.replace(problem, file=documents[0].name)


def _find(steps: Sequence[str], value: Any) -> tuple[str | int, ...]:
    found: list[str | int] = []
    for step in steps:
        if isinstance(value, Mapping) and step in value:
            found.append(step)
            value = value[step]
        elif isinstance(value, list):
            places = [index for index, each in enumerate(value) if step in {each.get("id"), each.get("name")}]
            if not places:
                break
            found.append(places[-1])
            value = value[places[-1]]
        else:
            return ()
    return tuple(found) if len(found) > 1 else ()
