import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import get_context

import pytest
from sqlalchemy import text

from hub.evidence.service import IntakeService
from hub.kernel.clock import FixedClock
from hub.storage.database import Database
from tests.evidence.conftest import NOW, ByNumber, intake_over, new_vault
from tests.evidence.pushing import Department
from tests.evidence.test_intake import LI, ZHANG

PATIENCE_SECONDS = 60
LINE_READ = "once the last line is read"
ALL_WRITTEN = "once everything is written"


def counted(database: Database) -> dict[str, int]:
    tables = ("evidence", "evidence_link", "batch", "log_queue")
    with database.reading() as session:
        return {name: session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables}


def die(*_told: object) -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def accept_and_die(url: str, batch: bytes, when: str) -> None:
    """A hub of its own takes the batch in, and is killed on the way."""
    intake = intake_over(Database(url), FixedClock(NOW), ByNumber(), new_vault())
    if when == ALL_WRITTEN:
        intake = replace(intake, append=die)

    def lines() -> Iterator[bytes]:
        yield batch
        if when == LINE_READ:
            die()

    intake.accept("civil_affairs", lines())


@pytest.mark.parametrize("when", [LINE_READ, ALL_WRITTEN])
def test_a_hub_killed_between_last_line_and_commit_keeps_nothing_and_takes_the_batch_next_time(
    intake: IntakeService, civil: Department, database: Database, database_url: str, when: str
) -> None:
    batch = civil.batch([civil.line(f"r{number}", ZHANG) for number in range(1_500)] + [civil.line("li", LI)])
    before = counted(database)
    hub = get_context("spawn").Process(target=accept_and_die, args=(database_url, batch, when))
    hub.start()
    hub.join(PATIENCE_SECONDS)
    assert hub.exitcode == -signal.SIGKILL
    assert counted(database) == before
    assert intake.accept("civil_affairs", [batch]).accepted == 1_501
    added = {name: number - before[name] for name, number in counted(database).items()}
    assert added == {"evidence": 1_501, "evidence_link": 1_501, "batch": 1, "log_queue": 1}
    assert intake.accept("civil_affairs", [batch]).duplicate
