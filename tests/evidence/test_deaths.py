from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from hub.evidence.rules import Death, reversed_deaths
from hub.evidence.service import IntakeService
from hub.storage.database import Database
from tests.evidence.pushing import Department, withdrawn
from tests.evidence.test_intake import pushed

NUMBER = "440524188001010014"
DEATH = {"name": "李四", "number": NUMBER, "document_kind": "111", "died_on": "2026-03-01"}


def cremated(**changed: Any) -> dict[str, Any]:
    return {**DEATH, "is_nameless": False, **changed}


def cancelled(**changed: Any) -> dict[str, Any]:
    return {**DEATH, "is_reversed": False, **changed}


@pytest.fixture
def home(department: Callable[[str, str], Department]) -> Department:
    return department("funeral", "funerals")


@pytest.fixture
def police(home: Department, department: Callable[[str, str], Department]) -> Department:
    return department("funeral", "cancellations")


def through(intake: IntakeService, first: Department, second: Department, lines: list[Any]) -> None:
    """Both exports of the funeral registry share one chain."""
    first.sequence, first.previous = max((first.sequence, first.previous), (second.sequence, second.previous))
    pushed(intake, first, lines)


def statuses(database: Database) -> list[tuple[str, str]]:
    query = "SELECT type, status FROM evidence WHERE NOT tells_reversal ORDER BY type, status"
    with database.reading() as session:
        return [(row[0], row[1]) for row in session.execute(text(query)).all()]


def test_a_reversal_takes_back_the_death_of_another_file(
    intake: IntakeService, home: Department, police: Department, database: Database
) -> None:
    through(intake, home, police, [home.line("f1", cremated())])
    through(intake, police, home, [police.line("p1", cancelled(is_reversed=True))])
    assert statuses(database) == [("funeral", "reversed")]


def test_a_reversal_reaches_thirty_days_and_a_later_death_stands(
    intake: IntakeService, home: Department, police: Department, database: Database
) -> None:
    through(intake, police, home, [police.line("p1", cancelled(is_reversed=True))])
    lines = [home.line("f1", cremated(died_on="2026-03-31")), home.line("f2", cremated(died_on="2026-04-01"))]
    through(intake, home, police, lines)
    assert statuses(database) == [("funeral", "reversed"), ("funeral", "valid")]


def test_a_flag_flipped_on_the_old_row_takes_the_death_back(
    intake: IntakeService, home: Department, police: Department, database: Database
) -> None:
    through(intake, police, home, [police.line("p1", cancelled())])
    through(intake, home, police, [home.line("f1", cremated())])
    through(intake, police, home, [police.line("p1", cancelled(is_reversed=True))])
    assert statuses(database) == [("funeral", "reversed"), ("household-cancellation", "superseded")]


def test_a_reversal_that_is_withdrawn_lets_the_death_stand_again(
    intake: IntakeService, home: Department, police: Department, database: Database
) -> None:
    through(intake, home, police, [home.line("f1", cremated())])
    through(intake, police, home, [police.line("p1", cancelled(is_reversed=True))])
    through(intake, police, home, [withdrawn("p1")])
    assert statuses(database) == [("funeral", "valid")]


@pytest.mark.parametrize("day", ["9999-12-20", "0000-01-01"])
def test_a_reversal_of_a_day_that_is_none_holds_up_no_batch(
    intake: IntakeService, home: Department, police: Department, database: Database, day: str
) -> None:
    through(intake, home, police, [home.line("f1", cremated())])
    through(intake, police, home, [police.line("p1", cancelled(is_reversed=True, died_on=day))])
    assert statuses(database) == [("funeral", "valid")]


def test_a_reversal_of_somebody_else_changes_nothing(
    intake: IntakeService, home: Department, police: Department, database: Database
) -> None:
    through(intake, home, police, [home.line("f1", cremated())])
    other = cancelled(is_reversed=True, number="11010519491231002X", name="张三")
    through(intake, police, home, [police.line("p1", other)])
    assert statuses(database) == [("funeral", "valid")]


def test_a_nameless_body_belongs_to_nobody(intake: IntakeService, home: Department, database: Database) -> None:
    nameless = {"is_nameless": True, "died_on": "2026-03-01"}
    pushed(intake, home, [home.line("f1", nameless)])
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM evidence_link")).scalar() == 0
    assert statuses(database) == [("funeral", "valid")]


DAYS = st.dates(date(2026, 1, 1), date(2026, 4, 1))


@given(st.lists(st.builds(Death, st.uuids().map(str), DAYS, st.booleans())))
def test_what_is_taken_back_does_not_depend_on_the_order_in_which_it_is_told(deaths: list[Death]) -> None:
    assert reversed_deaths(deaths) == reversed_deaths(reversed(deaths))
    assert not {death.evidence_id for death in deaths if death.is_reversal} & reversed_deaths(deaths)


def test_without_a_reversal_every_death_stands() -> None:
    assert reversed_deaths([Death("a", date(2026, 3, 1)), Death("b", date(2026, 3, 2))]) == frozenset()
