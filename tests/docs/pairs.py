"""One guide in two languages 中英文指南: what has to be the same in both, section by section."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.examples import FENCE, ROOT

GUIDES = ROOT / "docs" / "guides"
CHINESE = ".zh-CN.md"
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
ROW = re.compile(r"^\|", re.MULTILINE)
ITEM = re.compile(r"^(?:-|\d+\.) ", re.MULTILINE)
INDENTED_FENCE = re.compile(r"^ +```.*?^ +```$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"(?:^|\s+)(?:#|//) .*$", re.MULTILINE)
ANCHOR = re.compile(r'^<a id="[^"]*"></a>\n', re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """What stands under one heading and is the same in every language."""

    level: str
    blocks: list[tuple[str, str]]
    spans: frozenset[str]
    links: list[str]
    rows: int
    items: int


def guides() -> list[tuple[Path, Path]]:
    """Each guide in English with the path of the Chinese one."""
    english = sorted(path for path in GUIDES.glob("*.md") if not path.name.endswith(CHINESE))
    return [(path, chinese_of(path)) for path in english]


def chinese_of(path: Path) -> Path:
    """Where the Chinese guide to the English one at ``path`` lies."""
    return path.with_name(path.stem + CHINESE)


def differences(english: str, chinese: str) -> list[str]:
    """Where two languages of one guide differ in what is not language; empty when nowhere."""
    ours, theirs = sections(english), sections(chinese)
    if [each.level for each in ours] != [each.level for each in theirs]:
        return ["headings"]
    return [
        f"section {number}, {name}: {here} / {there}"
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True))
        for name, here, there in _compared(one, other)
        if here != there
    ]


def sections(guide: str) -> list[Section]:
    """The sections of ``guide`` in order; headings inside fenced blocks are none."""
    blocks: list[tuple[str, str]] = []

    def put_aside(body: str, language: str) -> str:
        blocks.append((language, _without_comments(body)))
        return f"\N{NULL}{len(blocks) - 1}\N{NULL}"

    text = FENCE.sub(lambda found: put_aside(found[2], found[1]), guide)
    text = INDENTED_FENCE.sub(lambda found: put_aside(found[0], ""), ANCHOR.sub("", text))
    starts = [found.start() for found in HEADING.finditer(text)]
    parts = [text[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
    return [
        Section(
            level=part.split(" ", 1)[0],
            blocks=[blocks[int(number)] for number in re.findall("\N{NULL}([0-9]+)\N{NULL}", part)],
            spans=frozenset(" ".join(span.split()) for span in SPAN.findall(part)),
            links=sorted(link.replace(CHINESE, ".md") for link in LINK.findall(part)),
            rows=len(ROW.findall(part)),
            items=len(ITEM.findall(part)),
        )
        for part in parts
    ]


def _compared(one: Section, other: Section) -> Iterator[tuple[str, object, object]]:
    yield "blocks", *_unlike(one.blocks, other.blocks)
    yield "code", sorted(one.spans - other.spans), sorted(other.spans - one.spans)
    yield "links", one.links, other.links
    yield "table rows", one.rows, other.rows
    yield "list items", one.items, other.items


def _unlike(ours: list[tuple[str, str]], theirs: list[tuple[str, str]]) -> tuple[object, object]:
    """Both lists, cut down to the lines that only one of them has where they have equally many blocks."""
    if len(ours) != len(theirs) or ours == theirs:
        return len(ours), len(theirs)
    here, there = ([line for block in blocks for line in "\n".join(block).splitlines()] for blocks in (ours, theirs))
    return [line for line in here if line not in there], [line for line in there if line not in here] or "another order"


def _without_comments(body: str) -> str:
    return "\n".join(COMMENT.sub("", line) for line in body.splitlines())
