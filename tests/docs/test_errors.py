"""The page of errors says what the source says, and says it of every code that the source gives."""

import re

import pytest
from fastapi import FastAPI

from hub.api.app import ROUTERS
from hub.api.problems import MEDIA_TYPE, STATUS_OF_CODE, STATUS_OF_FAMILY
from hub.errors import Malformed
from hub.exchange.reasons import REASONS
from tests.docs.errors import FINDING, PAGE, ROOT, SENTENCES, Reader, Told, page, sentences

CODE_IN_SOURCE = re.compile(r'"((?:exchange|api|proof|intake|sharing|storage|audit|row)\.[a-z]+(?:-[a-z]+)+)"')

SAID_BY_DEPARTMENTS = {"intake.unnamed-reason"}
"""Its sentence comes with the record that a department put aside."""


@pytest.fixture(scope="module")
def told() -> list[Told]:
    return Reader().told()


def test_the_page_of_errors_is_what_the_source_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.docs.errors --write"


def test_the_interface_describes_refusals_in_the_sentences_of_the_source() -> None:
    assert SENTENCES.read_text(encoding="utf-8") == sentences(), "run: python -m tests.docs.errors --write"


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


def test_every_refusal_that_the_interface_describes_is_one_that_the_program_gives(told: list[Told]) -> None:
    """Under that status; a problem of a file names its fact apart from its room."""
    statuses = {name: status for family, status in STATUS_OF_FAMILY.items() for name in [family.family]}
    given = {(each.code, STATUS_OF_CODE.get(each.code, statuses.get(each.family))) for each in told}
    of_files = {each.code for each in told if each.family == FINDING} | _facts_of("catalogue")
    wrong = {
        (code, status)
        for code, status in _described()
        if (code, status) not in given and not (status == STATUS_OF_FAMILY[Malformed] and code in of_files)
    }
    assert wrong == set()


def _described() -> set[tuple[str, int]]:
    """Each code among the examples of the interface's description, with its status."""
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    return {
        (code, int(status))
        for operations in app.openapi()["paths"].values()
        for operation in operations.values()
        for status, response in operation["responses"].items()
        for code in response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
    }


def _facts_of(room: str) -> set[str]:
    """Its codes as they are made there: ``At.problem`` puts the room before a fact, ``unknown`` a noun behind."""
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "hub" / room).rglob("*.py"))
    facts = {each.removeprefix(f"{room}.") for each in re.findall(r'"([a-z.]+(?:[ -][a-z]+)*)"', source)}
    return {f"{room}.{prefix}{fact.replace(' ', '-')}" for fact in facts for prefix in ("", "unknown-")}
