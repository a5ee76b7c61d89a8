"""``make bench-identity``: our bulk matching beside Splink on the same invented residents, each as a whole process."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from tests.bench.identity.normalise import normalise
from tests.bench.identity.people import generate

HERE = Path(__file__).parent
HUB = str(Path(sys.executable).with_name("hub"))


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


def main() -> int:
    """Prints the table and writes the figures; the peer's time leaves out reading dirty columns, ours does not."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--records", type=int, default=1_000_000)
    asked.add_argument("--seed", type=int, default=2026)
    asked.add_argument("--json", type=Path, default=Path("var/bench/identity.json"))
    told = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        made = generate(place / "made.parquet", records=told.records, seed=told.seed)
        raw, normal = place / "raw.parquet", normalise(made, place / "normal.parquet")
        duckdb.execute(f"COPY (SELECT * EXCLUDE (person), person AS truth FROM '{made}') TO '{raw}' (FORMAT parquet)")
        ours, theirs = place / "ours.parquet", place / "theirs.parquet"
        figures = {
            "hub": timed([HUB, "identity", "resolve", str(raw), "--out", str(ours)]) | scored(raw, ours, "subject"),
            "splink": timed([sys.executable, str(HERE / "peer_splink.py"), str(normal), str(theirs)])
            | scored(raw, theirs, "cluster_id"),
        }
    table = Table("", *figures["hub"], title=f"{told.records:,} residents, seed {told.seed}")
    for name, row in figures.items():
        table.add_row(name, *map(str, row.values()))
    Console().print(table)
    told.json.parent.mkdir(parents=True, exist_ok=True)
    told.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
