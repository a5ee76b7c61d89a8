"""How fast the log is: ``python -m tests.bench.log [--entries N] [--seconds S] [--json FILE]``.

Every rate stands beside its floor, measured in the same run on the same machine; figures alone depend on it.
"""

import argparse
import json
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

import hub.audit.tables
from hub.audit.lastsigned import SignedFile
from hub.audit.model import Entry
from hub.audit.readers import DatabaseReader
from hub.audit.service import Log, LogParts
from hub.audit.store import AuditStore
from hub.audit.verify import verify_log
from hub.kernel.clock import SystemClock
from hub.proof.keys import FileSigner, generate_signer
from hub.proof.note import NoteSigner
from hub.proof.policy import LogPolicy
from hub.storage.database import Database
from hub.storage.embedded import embedded_server, ensure_database
from hub.storage.metadata import Row
from tests.support.log import ORIGIN, entry
from tests.support.log_nodes import Nodes

CLIENTS = 64
PROOFS = 500


@dataclass
class Bench:
    """A log on a PostgreSQL that flushes, in a folder of its own."""

    database: Database
    url: str
    folder: Path

    def __post_init__(self) -> None:
        key = self.folder / "key.pem"
        key.write_bytes(generate_signer().to_pem())
        self.signer = NoteSigner(ORIGIN, FileSigner.from_pem(key))

    def log(self) -> Log:
        return Log(self.database, LogParts(self.signer, SignedFile(self.folder / "last-signed"), SystemClock()))


@contextmanager
def bench() -> Iterator[Bench]:
    assert hub.audit.tables
    with (
        tempfile.TemporaryDirectory(prefix="bench-log-") as folder,
        embedded_server(Path(folder) / "postgres") as server,
    ):
        os.chmod(folder, 0o711)  # noqa: PTH101, S103 - the server runs as another user than root
        url = ensure_database(server, "bench").set(drivername="postgresql").render_as_string(hide_password=False)
        database = Database(url, pool_size=CLIENTS + 8)
        Row.metadata.create_all(database.engine)
        yield Bench(database, url, Path(folder))
        database.close()


def rate_of(act: Callable[[Any], None], make: Callable[[], Any], seconds: float) -> dict[str, float]:
    """What ``CLIENTS`` threads get done in ``seconds``, each with what ``make`` gives it."""
    waits: list[float] = []
    end = time.perf_counter() + seconds

    def client() -> None:
        own = make()
        while (start := time.perf_counter()) < end:
            act(own)
            waits.append(time.perf_counter() - start)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(waits, n=100)
    return {
        "per_second": round(len(waits) / (time.perf_counter() - start)),
        "p50_ms": round(cuts[49] * 1e3, 1),
        "p99_ms": round(cuts[98] * 1e3, 1),
    }


def end_to_end(house: Bench, seconds: float) -> dict[str, Any]:
    """64 clients, each: entry into the queue in a transaction of its own, then its receipt; and the floors under it."""

    def nothing() -> None:
        return None

    def commit(_own: None) -> None:
        with house.database.writing() as session:
            AuditStore(session).append(entry())

    log = house.log()

    def whole(_own: None) -> None:
        made = entry()
        with house.database.writing() as session:
            AuditStore(session).append(made)
        log.receipt_for(made.entry_id, 30)

    def connection() -> Any:
        held = house.database.engine.raw_connection()
        held.driver_connection.autocommit = True  # type: ignore[union-attr]
        return held

    insert = "INSERT INTO log_queue (entry_id, content, leaf) VALUES (%s, %s, %s)"

    def bare(held: Any) -> None:
        made = entry()
        held.driver_connection.execute(insert, (made.entry_id, made.content(), made.leaf()))

    def bare_whole(held: Any) -> None:
        made = entry()
        held.driver_connection.execute(insert, (made.entry_id, made.content(), made.leaf()))
        log.receipt_for(made.entry_id, 30)

    rows = {"floor: one driver statement a commit, no receipt": rate_of(bare, connection, seconds)}
    rows["floor: one session a commit, no receipt"] = rate_of(commit, nothing, seconds)
    with house.database.engine.begin() as cleaning:
        cleaning.execute(text("TRUNCATE log_queue"))
    log.start()
    rows["with receipt, one driver statement a commit"] = rate_of(bare_whole, connection, seconds)
    rows["with receipt, one session a commit"] = rate_of(whole, nothing, seconds)
    log.stop()
    return rows


def drain(house: Bench, count: int) -> float:
    """Entries per second from a full queue into the signed log."""
    step = 20_000
    insert = (
        "INSERT INTO log_queue (entry_id, content, leaf) SELECT * FROM unnest(%s::text[], %s::bytea[], %s::bytea[])"
    )
    last = ""
    for first in range(0, count, step):
        made = [
            Entry("exchange", {"outcome": "released", "number": first + at}) for at in range(min(step, count - first))
        ]
        with house.database.engine.begin() as filling:
            columns = (
                [each.entry_id for each in made],
                [each.content() for each in made],
                [each.leaf() for each in made],
            )
            filling.exec_driver_sql(insert, columns)
        last = made[-1].entry_id
    log = house.log()
    start = time.perf_counter()
    log.start()
    log.receipt_for(last, 3_600)
    elapsed = time.perf_counter() - start
    log.stop()
    return round(count / elapsed)


def verification(house: Bench) -> dict[str, float]:
    start = time.perf_counter()
    verified = verify_log(DatabaseReader(house.database, ORIGIN), LogPolicy((house.signer.verifier,)))
    elapsed = time.perf_counter() - start
    if not verified.is_sound:
        raise SystemExit("\n".join(verified.lines()))
    return {"entries": verified.size, "per_second": round(verified.size / elapsed)}


def proofs(house: Bench, size: int) -> dict[str, float]:
    log = house.log()
    chance = random.Random(1)  # noqa: S311 - indexes, not secrets
    waits = []
    for _ in range(PROOFS):
        index = chance.randrange(size)
        start = time.perf_counter()
        log.prove(index)
        waits.append(time.perf_counter() - start)
    cuts = statistics.quantiles(waits, n=100)
    return {"p50_ms": round(cuts[49] * 1e3, 2), "p99_ms": round(cuts[98] * 1e3, 2)}


def takeover(house: Bench, cycles: int) -> dict[str, float]:
    """Seconds from kill -9 of the older of two nodes to the next receipt of the other."""
    nodes = Nodes(house.url, house.folder)
    waits = []
    nodes.start()
    nodes.wait_for_more(60)
    try:
        for _ in range(cycles):
            nodes.start()
            time.sleep(3)
            nodes.kill(0)
            waits.append(nodes.wait_for_more(30))
    finally:
        while nodes.running:
            nodes.kill(0)
    return {"cycles": cycles, "p50_s": round(statistics.median(waits), 2), "worst_s": round(max(waits), 2)}


def table(figures: dict[str, Any]) -> None:
    for name, values in figures.items():
        print(f"\n{name}")  # noqa: T201 - the bench prints
        rows = values if isinstance(values, dict) else {"": values}
        for row, value in rows.items():
            shown = "  ".join(f"{key} {each}" for key, each in value.items()) if isinstance(value, dict) else value
            print(f"  {row:52} {shown}")  # noqa: T201 - the bench prints


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--entries", type=int, default=100_000)
    reading.add_argument("--seconds", type=float, default=5.0)
    reading.add_argument("--kills", type=int, default=3)
    reading.add_argument("--json", type=Path)
    options = reading.parse_args()
    figures: dict[str, Any] = {}
    with bench() as house:
        figures[f"entries per second, {CLIENTS} clients"] = end_to_end(house, options.seconds)
        figures[f"entries per second from a full queue of {options.entries}"] = drain(house, options.entries)
        figures["verification of the live log"] = checked = verification(house)
        figures["one proof"] = proofs(house, int(checked["entries"]))
        figures["kill -9 of a node to the next receipt"] = takeover(house, options.kills)
    table(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
