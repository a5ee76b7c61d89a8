"""Every command that a document tells a reader to type exists, with the options it names."""

import re
import shlex
from typing import Any

import pytest

from tests.docs.commands import commands, unknown_options
from tests.docs.examples import ROOT, documents, examples

HAN = re.compile(r"[\u4e00-\u9fff]")
SHELL = ("", "sh", "bash", "console", "shell")


def _lines() -> list[tuple[str, str]]:
    found = []
    for document in documents():
        name = document.relative_to(ROOT).as_posix()
        for language in SHELL:
            for block in examples(name, language):
                joined = block.replace("\\\n", " ")
                found += [(name, line.strip().removeprefix("$ ")) for line in joined.splitlines() if line.strip()]
    return found


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return []
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    return words


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_every_make_task_exists() -> None:
    named = {(name, words[1]) for name, line in _lines() if (words := _words(line))[:1] == ["make"] and len(words) > 1}
    assert named != set()
    assert {(name, task) for name, task in named if task not in _targets()} == set()


def _hub_lines() -> list[tuple[str, list[str]]]:
    called = [(name, _words(line)) for name, line in _lines()]
    return [(name, words[1:]) for name, words in called if words and re.fullmatch(r"(\.venv/bin/)?hub", words[0])]


@pytest.mark.parametrize(("name", "words"), [pytest.param(*each, id=" ".join(each[1])[:60]) for each in _hub_lines()])
def test_every_hub_command_exists(name: str, words: list[str]) -> None:
    assert unknown_options(words) == set(), name


@pytest.mark.parametrize(("words", "command"), [pytest.param(*each, id=" ".join(each[0])) for each in commands()])
def test_every_command_and_each_of_its_options_says_what_it_is_for(words: tuple[str, ...], command: Any) -> None:
    assert HAN.search(command.help or ""), f"{words} says nothing in Chinese"
    assert [each.name for each in command.params if not getattr(each, "help", None)] == []
