"""Node processes of one log, to be started and killed, whose acknowledgements go to files."""

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from hub.audit.service import Log
from hub.audit.store import LogStore
from hub.storage.database import Database

ROOT = Path(__file__).parents[2]


class Nodes:
    """Node processes whose acknowledgements go to files; all are killed when the block ends."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self.newest = 0
        self.running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_fault: object) -> None:
        while self.running:
            self.kill(0)

    def start(self) -> None:
        self.newest += 1
        with (self._folder / f"acknowledged-{self.newest}").open("wb") as out:
            command = [sys.executable, "-m", "tests.support.log_node", self._url, str(self._folder)]
            self.running.append(subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL))  # noqa: S603

    def kill(self, number: int) -> None:
        node = self.running.pop(number)
        node.kill()
        node.wait()

    def kill_at_random(self, cycles: int, chance: random.Random) -> None:
        """Two nodes run; one of them is killed at a random moment and another started, ``cycles`` times."""
        self.start()
        self.start()
        self.wait_for_more(60)
        for _ in range(cycles):
            time.sleep(chance.uniform(0.05, 0.4))
            self.kill(chance.randrange(2))
            self.start()
            self.wait_for_more(60)
        while self.running:
            self.kill(0)

    def acknowledged(self, of: int | None = None) -> list[tuple[int, str]]:
        """The entries that a node said it has a receipt for, with their index; of all nodes, or of one."""
        found = []
        for file in self._files(of):
            for line in file.read_text().splitlines():
                index, _, entry_id = line.partition(" ")
                if len(entry_id) == len("ent_") + 26:
                    found.append((int(index), entry_id))
        return found

    def _files(self, of: int | None) -> list[Path]:
        return sorted(self._folder.glob("acknowledged-*" if of is None else f"acknowledged-{of}"))

    def _written(self, of: int | None) -> int:
        return sum(file.stat().st_size for file in self._files(of))

    def wait_for_more(self, seconds: float, of: int | None = None) -> float:
        """How long it took until another entry was acknowledged."""
        before, start = self._written(of), time.monotonic()
        while self._written(of) <= before:
            if time.monotonic() - start > seconds:
                raise TimeoutError(f"no receipt within {seconds} s")
            time.sleep(0.02)
        return time.monotonic() - start


def check_acknowledged(nodes: Nodes, database: Database, log: Log) -> int:
    """How many entries were acknowledged; none is missing, none doubled, each is where its receipt said."""
    log.start()
    deadline = time.monotonic() + 30
    while not log.is_sequencing and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)
    log.stop()
    acknowledged = nodes.acknowledged()
    assert len({entry_id for _, entry_id in acknowledged}) == len(acknowledged)
    assert len({index for index, _ in acknowledged}) == len(acknowledged)
    with database.reading() as session:
        indexes = LogStore(session, log.origin).indexes([entry_id for _, entry_id in acknowledged])
    assert indexes == {entry_id: index for index, entry_id in acknowledged}
    return len(acknowledged)
