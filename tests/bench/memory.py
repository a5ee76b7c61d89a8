"""How much memory the hub holds when a county's roster comes in: at 3,000 residents, and at 300,000 when asked.

``python -m tests.bench.memory [--large]``
"""

import argparse
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.report import Figure, tell
from tests.bench.town import Town, opened, pushed_one, served, settled

SMALL, LARGE = 3_000, 300_000
MOST_MIB = 300


def main() -> int:
    """Measures and tells; 1 when a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} residents too: takes minutes")
    sizes = (SMALL, LARGE) if parser.parse_args().large else (SMALL,)
    figures = [figure for residents in sizes for figure in _measured(residents)]
    return 0 if tell("memory: of the server while a roster comes in", figures) else 1


def _measured(residents: int) -> list[Figure]:
    root = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    try:
        source = settled(root, residents).civil_url
        with opened(root / "town") as town, served(town, workers=1) as up:
            idle = _resident_mib(up.pid)
            with _watched(up) as peak:
                report = pushed_one(up, "civil_affairs", source)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    name = f"{residents:,} residents"
    return [
        Figure(f"{name}: idle server", idle, "MiB"),
        Figure(f"{name}: peak while taking in", max(peak), "MiB", MOST_MIB, is_limit=True),
        Figure(f"{name}: taken in", report.accepted, "records", note=f"{report.seconds:.0f} s"),
    ]


@contextmanager
def _watched(town: Town) -> Iterator[list[float]]:
    """Readings of the server's memory, some ten a second, until the block ends."""
    readings = [_resident_mib(town.pid)]
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.1):
            readings.append(_resident_mib(town.pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield readings
    finally:
        is_over.set()
        thread.join()


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
