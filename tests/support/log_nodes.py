"""Node processes of one log, to be started and killed, whose acknowledgements go to files."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Nodes:
    """Node processes whose acknowledgements go to files."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._count = 0
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self._count += 1
        with (self._folder / f"acknowledged-{self._count}").open("wb") as out:
            command = [sys.executable, "-m", "tests.support.log_node", self._url, str(self._folder)]
            self.running.append(subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL))  # noqa: S603

    def kill(self, number: int) -> None:
        node = self.running.pop(number)
        node.kill()
        node.wait()

    def acknowledged(self) -> list[tuple[int, str]]:
        found = []
        for file in sorted(self._folder.glob("acknowledged-*")):
            for line in file.read_text().splitlines():
                index, _, entry_id = line.partition(" ")
                if len(entry_id) == len("ent_") + 26:
                    found.append((int(index), entry_id))
        return found

    def wait_for_more(self, seconds: float) -> float:
        """How long it took until another entry was acknowledged."""
        before, start = len(self.acknowledged()), time.monotonic()
        while len(self.acknowledged()) <= before:
            if time.monotonic() - start > seconds:
                raise TimeoutError(f"no receipt within {seconds} s")
            time.sleep(0.02)
        return time.monotonic() - start
