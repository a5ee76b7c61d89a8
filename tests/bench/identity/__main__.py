"""``make bench-identity``: our bulk matching beside Splink on the same invented residents, each as a whole process."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec

import duckdb
from rich.console import Console
from rich.table import Table

from tests.bench.identity.normalise import normalise
from tests.bench.identity.people import generate

P = ParamSpec("P")
HERE = Path(__file__).parent
MODELS = Path("hub/identity/models")
HUB = str(Path(sys.executable).with_name("hub"))


def apart(deed: Callable[P, Path], *args: P.args, **kwargs: P.kwargs) -> Path:
    """The file that ``deed`` makes in a process of its own: what this one holds counts in the peak of its children."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(deed, *args, **kwargs).result()


def timed(words: list[str]) -> dict[str, float]:
    """Wall seconds, processor seconds and peak memory (MiB) of one process that must succeed."""
    started = time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        message = f"{words[0]} ended with {process.returncode}"
        raise RuntimeError(message)
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mib": round(used.ru_maxrss / 1024),
    }


def scored(truth: Path, found: Path, subject: str) -> dict[str, float]:
    """Precision, recall and F1 by pair of the subjects in ``found`` against the column ``truth``."""
    con = duckdb.connect()
    con.execute(
        f"CREATE TABLE c AS SELECT f.{subject} s, t.truth p FROM '{found}' f JOIN '{truth}' t USING (record_id)"
    )

    def pairs(columns: str) -> float:
        query = f"SELECT coalesce(sum(n * (n - 1) / 2), 0) FROM (SELECT count(*) n FROM c GROUP BY {columns})"
        return float(con.execute(query).fetchall()[0][0])

    said, true, both = pairs("s"), pairs("p"), pairs("s, p")
    con.close()
    return {
        "precision": round(both / said, 5) if said else 1.0,
        "recall": round(both / true, 5) if true else 1.0,
        "f1": round(2 * both / (said + true), 5) if said + true else 1.0,
    }


def measured(records: Path, *more: str) -> dict[str, float]:
    """What `hub identity measure` says: pairs joined automatically, and the review queue."""
    words = [HUB, "identity", "measure", str(records), *more, "--json"]
    told = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    pair = {name: round(value, 5) for name, value in told["by_pair"].items()}
    return pair | {"review_share": round(told["review_share"], 5), "review_yield": round(told["review_yield"], 3)}


def residents(told: argparse.Namespace, place: Path) -> dict[str, dict[str, float]]:
    """Ours and the peer's figures on invented residents; the peer's time leaves out reading dirty columns."""
    made = apart(generate, place / "made.parquet", records=told.records, seed=told.seed)
    raw, ours, theirs = place / "raw.parquet", place / "ours.parquet", place / "theirs.parquet"
    duckdb.execute(f"COPY (SELECT * EXCLUDE (person), person AS truth FROM '{made}') TO '{raw}' (FORMAT parquet)")
    figures = {
        "hub": timed([HUB, "identity", "resolve", str(raw), "--out", str(ours)]) | scored(raw, ours, "subject"),
        "hub, automatic links and queue": measured(raw),
    }
    if not told.alone:
        normal = apart(normalise, made, place / "normal.parquet")
        peer = timed([sys.executable, str(HERE / "peer_splink.py"), str(normal), str(theirs)])
        figures["Splink"] = peer | scored(raw, theirs, "cluster_id")
    return figures


def febrl(place: Path) -> dict[str, dict[str, float]]:
    """FEBRL 4, with and without its number, beside recordlinkage; Splink's published figures are .9991 and .9923."""
    peer = subprocess.run(  # noqa: S603
        [sys.executable, str(HERE / "peer_febrl.py"), str(place)], check=True, capture_output=True, text=True
    )
    model = ("--model", str(MODELS / "febrl.json"))
    return {
        "FEBRL4, hub": measured(place / "febrl4.csv", *model),
        "FEBRL4 without number, hub": measured(place / "febrl4_without_number.csv", *model),
        "FEBRL4, recordlinkage": json.loads(peer.stdout.splitlines()[-1]),
    }


def main() -> int:
    """Prints the table and writes the figures."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--records", type=int, default=1_000_000)
    asked.add_argument("--seed", type=int, default=2026)
    asked.add_argument("--alone", action="store_true", help="leave Splink out")
    asked.add_argument("--latency", action="store_true", help="also one record against a million, at intake (minutes)")
    asked.add_argument("--json", type=Path, default=Path("var/bench/identity.json"))
    told = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = residents(told, Path(folder)) | febrl(Path(folder))
    columns = list(dict.fromkeys(name for row in figures.values() for name in row))
    table = Table("", *columns, title=f"{told.records:,} residents, seed {told.seed}")
    for name, row in figures.items():
        table.add_row(name, *(str(row.get(column, "")) for column in columns))
    Console(width=160).print(table)
    told.json.parent.mkdir(parents=True, exist_ok=True)
    told.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    if told.latency:
        subprocess.run([sys.executable, "-m", "tests.bench.latency"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
