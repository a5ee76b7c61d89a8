"""What happens on the way of a batch, with real adapters, a served hub and a PostgreSQL of its own: nothing is lost."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.agent import export_run
from adapters.agent.model import PushReport
from adapters.agent.push import Options, push
from adapters.sources.patience import Patience
from hub.storage.database import Database
from hub.storage.embedded import address_of, embedded_server, ensure_database
from hub.storage.migrate import migrate
from tests.support.adapter_runs import lines
from tests.support.running import Running, running

DEATHS = ["DEAD_ID", "NAME", "ID_CARD", "DEATH_DATE"]
PATIENT = Patience(attempts=80, first_seconds=0.1, longest_seconds=0.5)
GONE_SECONDS = 2.0
KEY = bytes(32)


@dataclass
class Site:
    """A served hub and the server under it, which can be stopped."""

    up: Running
    place: Path
    server: ExitStack

    def stop_database(self) -> None:
        """No process of the database runs."""
        self.server.close()

    def start_database(self) -> None:
        """The same database answers at the same address."""
        self.server.enter_context(embedded_server(self.place, durable=True))

    def push(self, folder: Path, *, patience: Patience = PATIENT) -> PushReport:
        """The funeral registry's adapter, once."""
        signer = self.up.cabinet.signer_of("dept:funeral")
        options = Options(patience=patience)
        return push("funeral", folder, hub_url=self.up.url, signer=signer, record_key=KEY, options=options)

    def kept(self) -> dict[str, int]:
        """How much of everything stands."""
        queries = {
            "records": "SELECT count(DISTINCT record) FROM evidence",
            "evidence": "SELECT count(*) FROM evidence",
            "links": "SELECT count(*) FROM evidence_link",
            "mentions": "SELECT count(*) FROM identity_mention",
            "gaps": "SELECT max(sequence) - count(*) FROM batch WHERE registry_id = 'funeral'",
        }
        with self.up.hub.database.reading() as session:
            return {name: session.execute(text(query)).scalar_one() for name, query in queries.items()}


@pytest.fixture
def site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="hub-outage-", ignore_cleanup_errors=True) as root, ExitStack() as server:
        place = Path(root) / "server"
        url = server.enter_context(embedded_server(place, durable=True))
        address = address_of(ensure_database(url, "outage"))
        database = Database(address)
        migrate(database)
        database.close()
        with running(address, Path(root) / "hub") as up:
            yield Site(up, place, server)


def deaths(folder: Path, count: int, *, start: int = 0) -> Path:
    folder.mkdir()
    rows = [[f"D{start + place}", f"张{'甲乙丙丁戊'[place % 5]}", "无", "2026-01-02"] for place in range(count)]
    lines(folder / "f.csv", [DEATHS, *rows])
    return folder


def test_a_database_gone_for_a_while_loses_and_doubles_nothing(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_run, "LINES_PER_BATCH", 20)
    source = deaths(tmp_path / "a", 300)
    reports: list[PushReport] = []
    adapter = threading.Thread(target=lambda: reports.append(site.push(source)))
    adapter.start()
    while site.up.hub.intake.cursor("funeral").sequence < 3:
        time.sleep(0.01)
    site.stop_database()
    time.sleep(GONE_SECONDS)
    assert adapter.is_alive()
    assert not site.up.hub.database.is_ready()
    site.start_database()
    adapter.join(60)
    assert reports[0].accepted == 300
    assert site.kept() == {"records": 300, "evidence": 300, "links": 300, "mentions": 300, "gaps": 0}
    assert site.push(source).accepted == 0


def test_an_adapter_that_gives_up_goes_on_next_time(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_run, "LINES_PER_BATCH", 20)
    source = deaths(tmp_path / "a", 600)
    faults: list[BaseException] = []

    def impatient() -> None:
        try:
            site.push(source, patience=Patience(attempts=2, first_seconds=0.01, longest_seconds=0.01))
        except BaseException as fault:  # noqa: BLE001 - told by the test's own thread
            faults.append(fault)

    adapter = threading.Thread(target=impatient)
    adapter.start()
    while site.up.hub.intake.cursor("funeral").sequence < 2:
        time.sleep(0.01)
    site.stop_database()
    adapter.join(120)
    site.start_database()
    assert [getattr(fault, "code", fault) for fault in faults] == ["adapters.hub-away"]
    site.push(source)
    assert site.kept() == {"records": 600, "evidence": 600, "links": 600, "mentions": 600, "gaps": 0}


def test_two_adapters_of_one_registry_at_once_lose_and_double_nothing(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_run, "LINES_PER_BATCH", 15)
    folders = [deaths(tmp_path / "a", 90), deaths(tmp_path / "b", 90, start=1000)]
    reports: list[PushReport] = []
    threads = [threading.Thread(target=lambda folder=folder: reports.append(site.push(folder))) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(report.accepted for report in reports) == [90, 90]
    assert site.kept() == {"records": 180, "evidence": 180, "links": 180, "mentions": 180, "gaps": 0}
