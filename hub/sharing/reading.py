"""Grant files 共享授权文件 to checked grants; every problem at once, with file, line and remedy."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hub.catalogue.documents import Document, parse_document, refused
from hub.catalogue.model import Catalogue
from hub.catalogue.problem import Problem
from hub.catalogue.reading import shape_problems
from hub.sharing.checking import problems_of
from hub.sharing.model import Grant

PUBLISHED = Path(__file__).parent / "published" / "grants.yaml"


def read_grants(raw: bytes, name: str, catalogue: Catalogue) -> list[Grant]:
    """The grants a file gives, all of them usable with ``catalogue``.

    Raises:
        Malformed: lists every problem as ``file:line: path: fact remedy``.
    """
    document = parse_document(raw, name)
    problems = list(shape_problems(document, "grants")) or list(_problems(document, catalogue))
    if problems:
        raise refused(problems)
    return [Grant.from_json(each) for each in document.value["grants"]]


def shipped_grants(catalogue: Catalogue) -> list[Grant]:
    """The grants of the invented county."""
    return read_grants(PUBLISHED.read_bytes(), PUBLISHED.name, catalogue)


def _problems(document: Document, catalogue: Catalogue) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, each in enumerate(document.value["grants"]):
        place = (document.name, document.line_of(("grants", index)), f"grants[{index}] ({each['id']})")
        if each["id"] in seen:
            yield Problem(
                "sharing.written-twice",
                "The grant stands twice.",
                "该授权重复出现。",
                "Keep one.",
                "请只保留一个。",
                *place,
            )
        seen.add(each["id"])
        for problem in problems_of(Grant.from_json(each), catalogue):
            yield replace(problem, file=place[0], line=place[1], path=place[2])
