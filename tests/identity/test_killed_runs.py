"""Bulk runs that are killed leave nothing half done and nothing behind; the next run goes on as if there were none."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from hub.identity.bulk.resolving import Resolving
from hub.identity.service import IdentityService
from hub.identity.service.applying import Applying
from hub.kernel.clock import FixedClock
from hub.proof.sealing import Blinder, KeyRing
from hub.storage.database import Database
from tests.identity.conftest import NOW, mention
from tests.identity.people import County
from tests.identity.test_bulk import write

HUB = Path(sys.executable).with_name("hub")
SIGNALS = (signal.SIGKILL, signal.SIGTERM)
PATIENCE_SECONDS = 60


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.005)


@pytest.mark.parametrize("killed_by", SIGNALS)
def test_a_run_over_a_file_that_is_killed_leaves_neither_a_result_nor_what_records_say(
    tmp_path: Path, killed_by: signal.Signals
) -> None:
    temporary, out = tmp_path / "temporary", tmp_path / "out.csv"
    temporary.mkdir()
    path = write(tmp_path / "in.csv", [row | {"record_id": f"r{n}"} for n, row in enumerate(County(3).records(2000))])
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    command = [HUB, "identity", "resolve", path, "--out", out, "--json"]
    around = os.environ | {"TMPDIR": str(temporary)}
    with subprocess.Popen(command, env=around, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:  # noqa: S603
        until(lambda: any(temporary.glob("hub-bulk-*/held")))
        run.send_signal(killed_by)
    assert run.returncode != 0
    assert not out.exists()
    assert killed_by is signal.SIGKILL or not any(temporary.iterdir())
    subprocess.run(command, env=around, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    assert len(out.read_text(encoding="utf-8").splitlines()) > 2000
    assert {each.name for each in tmp_path.iterdir()} == {"temporary", "in.csv", "out.csv"}
    assert list(temporary.iterdir()) == []


def service(database: Database, *, review_probable: bool = False) -> IdentityService:
    """The same index for every process that has the database."""
    secret = b"k" * 32
    return IdentityService(
        database=database,
        blinder=Blinder(secret),
        keyring=KeyRing("k1", {"k1": secret}),
        clock=FixedClock(NOW),
        review_probable=review_probable,
    )


def standing_still(deed: Callable[..., Any], reached: Path, after: int) -> Callable[..., Any]:
    """``deed``, which after so many times says that it was reached, and goes no further."""
    times = iter(range(after))

    def done(*args: Any, **more: Any) -> Any:
        if next(times, None) is None:
            reached.touch()
            time.sleep(PATIENCE_SECONDS)
        return deed(*args, **more)

    return done


def propose_half(url: str, reached: Path) -> None:
    Resolving.conclude = standing_still(Resolving.conclude, reached, 0)  # type: ignore[method-assign]
    service(Database(url)).changes.propose()


def apply_half(url: str, reached: Path, change_id: str, items: int) -> None:
    Applying.done = standing_still(Applying.done, reached, items // 2)  # type: ignore[method-assign]
    service(Database(url)).changes.apply(change_id, "王芳")


@contextmanager
def killed_at_half(deed: Callable[..., None], killed_by: signal.Signals, reached: Path, *said: Any) -> Iterator[None]:
    """``deed`` in a process of its own, which is killed when it stands half-way."""
    run = get_context("spawn").Process(target=deed, args=said)
    run.start()
    try:
        until(reached.exists)
        yield
    finally:
        os.kill(run.pid or 0, killed_by)
        run.join(PATIENCE_SECONDS)
    assert run.exitcode == -killed_by


def standing(database: Database) -> Mapping[str, str]:
    with database.reading() as session:
        return {each.key: each.subject for each in service(database).export(session)}


@pytest.fixture
def filled(database: Database) -> IdentityService:
    """An index in which every probable link still waits, so that a bulk run has many to propose."""
    careful = service(database, review_probable=True)
    rows = [
        {"name": row["name"], "birth_date": row["birth_date"], "sex": row["sex"] or "1", "region_code": "330106"}
        for row in County(21).records(60)
    ]
    with database.writing() as session:
        careful.place(session, [mention(row, key=f"{place}") for place, row in enumerate([*rows, *rows])])
    return service(database)


@pytest.mark.parametrize("killed_by", SIGNALS)
def test_a_run_over_the_index_and_its_change_set_killed_half_way_change_nothing_and_can_be_had_again(
    filled: IdentityService, database: Database, database_url: str, tmp_path: Path, killed_by: signal.Signals
) -> None:
    before = standing(database)
    with killed_at_half(propose_half, killed_by, tmp_path / "one", database_url, tmp_path / "one"):
        pass
    assert filled.changes.find() == []
    proposed = filled.changes.propose()
    reached, items = tmp_path / "two", len(proposed.items)
    assert proposed.counts["join"] > 5
    with killed_at_half(apply_half, killed_by, reached, database_url, reached, proposed.change_id, items):
        assert standing(database) == before
    assert standing(database) == before
    assert [each.state for each in filled.changes.find()] == ["open"]
    assert filled.changes.apply(proposed.change_id, "王芳").skipped == ()
    assert len(set(standing(database).values())) < len(set(before.values()))
    assert filled.changes.propose().items == ()
