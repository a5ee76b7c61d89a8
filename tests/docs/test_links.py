"""Every link inside the documents leads somewhere, and both READMEs say the same commands."""

import re

from tests.docs.examples import ROOT, documents, examples

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ANCHOR = re.compile(r'<a id="([^"]+)">|^#+ (.+)$', re.MULTILINE)
PATH = re.compile(r"`((?:hub|adapters|tests|schemas|docs|keys)/[\w./-]*)`")


def _anchors(text: str) -> set[str]:
    found = set()
    for named, heading in ANCHOR.findall(text):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        found.add(named or slug)
    return found


def test_every_link_leads_somewhere() -> None:
    lost = []
    for document in documents():
        for target in LINK.findall(document.read_text(encoding="utf-8")):
            if target.startswith(("https://", "http://", "mailto:")):
                continue
            path, _, anchor = target.partition("#")
            there = (document.parent / path).resolve() if path else document
            if not there.exists() or (anchor and anchor not in _anchors(there.read_text(encoding="utf-8"))):
                lost.append(f"{document.relative_to(ROOT)}: {target}")
    assert lost == []


def test_every_path_that_a_document_names_exists() -> None:
    lost = [
        f"{document.relative_to(ROOT)}: {path}"
        for document in documents()
        for path in PATH.findall(document.read_text(encoding="utf-8"))
        if not (ROOT / path).exists()
    ]
    assert lost == []


def test_both_readmes_give_the_same_commands() -> None:
    def commands(name: str) -> list[str]:
        return [line.split("#")[0].strip() for block in examples(name, "") for line in block.splitlines()]

    assert commands("README.md") == commands("README.zh-CN.md") != []


def test_the_readme_links_ten_first_words() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        words = re.findall(r"\(docs/glossary\.md#([\w-]+)\)", (ROOT / name).read_text(encoding="utf-8"))
        assert len(words) == 10, name
