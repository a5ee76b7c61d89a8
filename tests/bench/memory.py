"""How much memory the hub holds when a county's roster comes in: at 3,000 residents, and at 300,000 when asked.

``python -m tests.bench.memory [--large | --residents N] [--one-batch]``. ``--one-batch`` sends the roster as a single
batch, where an adapter would send many. The processes that verify for the server are told apart from it.
"""

import argparse
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from adapters.agent import export_run
from adapters.agent.references import LINES_PER_BATCH
from tests.bench.report import Figure, tell
from tests.bench.stage import remove
from tests.bench.town import Town, opened, pushed_one, served, settled

SMALL, LARGE = 3_000, 300_000
MOST_MIB = 300


def main() -> int:
    """Measures and tells; 1 when a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} residents too: takes minutes")
    parser.add_argument("--residents", type=int, help="so many residents instead")
    parser.add_argument("--one-batch", action="store_true", help="the whole roster as one batch")
    chosen = parser.parse_args()
    sizes = (chosen.residents,) if chosen.residents else (SMALL, LARGE) if chosen.large else (SMALL,)
    figures = [figure for residents in sizes for figure in _measured(residents, one_batch=chosen.one_batch)]
    return 0 if tell("memory: of the server while a roster comes in", figures) else 1


def _measured(residents: int, *, one_batch: bool) -> list[Figure]:
    root = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    lines = 2 * residents if one_batch else LINES_PER_BATCH
    try:
        source = settled(root, residents).civil_url
        with opened(root / "town") as town, served(town, workers=1) as up:
            idle = _resident_mib(up.pid)
            with _watched(up) as readings, patch.object(export_run, "LINES_PER_BATCH", lines):
                report = pushed_one(up, "civil_affairs", source)
    finally:
        remove(root)
    name = f"{residents:,} residents"
    batches = f"{report.total('batches')} batches, {report.seconds:.0f} s"
    return [
        Figure(f"{name}: idle server", idle, "MiB"),
        Figure(f"{name}: peak while taking in", max(own for own, _ in readings), "MiB", MOST_MIB, is_limit=True),
        Figure(f"{name}: its verifiers beside it", max(others for _, others in readings), "MiB"),
        Figure(f"{name}: taken in", report.accepted, "records", note=batches),
    ]


@contextmanager
def _watched(town: Town) -> Iterator[list[tuple[float, float]]]:
    """Readings of the memory of server and verifiers, some ten a second, until the block ends."""
    readings = [_read(town.pid)]
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.1):
            readings.append(_read(town.pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield readings
    finally:
        is_over.set()
        thread.join()


def _read(pid: int) -> tuple[float, float]:
    children = Path(f"/proc/{pid}/task").glob("*/children")
    others = [int(child) for place in children for child in place.read_text(encoding="ascii").split()]
    return _resident_mib(pid), sum(map(_resident_mib, others))


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
