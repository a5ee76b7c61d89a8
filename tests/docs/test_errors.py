"""The page of errors says what the source says, and says it of every code that the source gives."""

import re

import pytest

from hub.exchange.reasons import REASONS
from tests.docs.errors import PAGE, ROOT, Reader, Told, page

CODE_IN_SOURCE = re.compile(r'"((?:exchange|api|proof|intake|sharing|storage|audit|row)\.[a-z]+(?:-[a-z]+)+)"')

SAID_BY_DEPARTMENTS = {"intake.unnamed-reason"}
"""Its sentence comes with the record that a department put aside."""


@pytest.fixture(scope="module")
def told() -> list[Told]:
    return Reader().told()


def test_the_page_of_errors_is_what_the_source_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.docs.errors --write"


def test_every_code_in_the_source_has_a_sentence(told: list[Told]) -> None:
    sources = [path.read_text(encoding="utf-8") for room in ("hub", "adapters") for path in (ROOT / room).rglob("*.py")]
    given = {code for source in sources for code in CODE_IN_SOURCE.findall(source)}
    assert given - {each.code for each in told} - SAID_BY_DEPARTMENTS == set()


def test_every_refusal_says_it_in_both_languages(told: list[Told]) -> None:
    spoken = {each.code for each in told if each.zh}
    assert {each.code for each in told if not each.zh} - spoken == set()


def test_every_reason_of_an_answer_is_one_that_an_answer_gives() -> None:
    rooms = [ROOT / "hub" / "exchange" / "service", ROOT / "hub" / "exchange" / "rules.py"]
    files = [file for room in rooms for file in (room.rglob("*.py") if room.is_dir() else [room])]
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    assert [code for code in REASONS if f'"{code}"' not in source] == []
