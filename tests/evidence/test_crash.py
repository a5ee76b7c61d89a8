import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from hub.evidence.service import IntakeService
from hub.parties.directory import PartyDirectory
from hub.storage.database import Database
from tests.evidence.pushing import Department
from tests.evidence.test_intake import LI, ZHANG


def counted(database: Database) -> dict[str, int]:
    tables = ("evidence", "evidence_link", "batch", "log_queue")
    with database.reading() as session:
        return {name: session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables}


def die(*_told: object) -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


@pytest.mark.parametrize("when", ["once the last line is read", "once everything is written"])
def test_a_hub_killed_between_last_line_and_commit_keeps_nothing_and_takes_the_batch_next_time(
    intake: IntakeService, civil: Department, database: Database, database_url: str, when: str
) -> None:
    batch = civil.batch([civil.line(f"r{number}", ZHANG) for number in range(1_500)] + [civil.line("li", LI)])
    deadly = {"append": die} if when == "once everything is written" else {}

    def until_killed() -> Iterator[bytes]:
        yield batch
        if not deadly:
            die()

    before = counted(database)
    child = os.fork()
    if child == 0:
        own = Database(database_url)
        directory = PartyDirectory(own, clock=intake.clock)
        replace(intake, database=own, directory=directory, **deadly).accept("civil_affairs", until_killed())
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert counted(database) == before
    assert intake.accept("civil_affairs", [batch]).accepted == 1_501
    added = {name: number - before[name] for name, number in counted(database).items()}
    assert added == {"evidence": 1_501, "evidence_link": 1_501, "batch": 1, "log_queue": 1}
    assert intake.accept("civil_affairs", [batch]).duplicate
