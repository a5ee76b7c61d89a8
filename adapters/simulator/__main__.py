"""Makes a simulated county 模拟县 and writes its registries, or serves its marriage registry.

``python -m adapters.simulator --out DIR`` · ``python -m adapters.simulator marriage --from DIR --port 8090``
"""

import argparse
import sys
import time
from datetime import date
from pathlib import Path

from adapters.simulator import marriage
from adapters.simulator.county import DEFAULT_ON, DEFAULT_SEED, County, make_county
from adapters.simulator.dirt import Dirt
from adapters.simulator.evolve import evolve
from adapters.simulator.registries import Shape, publish
from hub.errors import HubError


def main(arguments: list[str] | None = None) -> int:
    """Run one of the two commands; what was written goes to standard output, progress to standard error."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["marriage"]:
        marriage.main(arguments[1:])
        return 0
    chosen = _parser().parse_args(arguments)
    try:
        _publish(chosen)
    except HubError as refused:
        print(refused, file=sys.stderr)  # noqa: T201  # a command's own output
        return 2
    return 0


def _publish(chosen: argparse.Namespace) -> None:
    started = time.monotonic()
    county = make_county(chosen.residents, chosen.organisations, seed=chosen.seed, on=chosen.on)
    published = publish(
        _evolved(county, chosen.day),
        chosen.out,
        civil_url=chosen.civil_url,
        land_url=chosen.land_url,
        dirt=Dirt().scaled(chosen.dirt),
        shape=Shape(months=chosen.months, roster_file=chosen.roster_file),
        progress=_progress if sys.stderr.isatty() else None,
    )
    for export, rows in published.rows.items():
        print(f"{export:>14} {rows:>9,}")  # noqa: T201  # 〃
    print(f"{published.directory} in {time.monotonic() - started:.1f} s")  # noqa: T201  # 〃


def _evolved(county: County, days: list[date]) -> County:
    for day in sorted(days):
        county = evolve(county, day)
    return county


def _progress(done: int, residents: int) -> None:
    print(f"\r{done:,} of {residents:,} residents", end="" if done < residents else "\n", file=sys.stderr)  # noqa: T201  # 〃


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="adapters.simulator", description=__doc__)
    parser.add_argument("--residents", type=int, default=3000)
    parser.add_argument("--organisations", type=int, default=200)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--out", type=Path, required=True, help="directory for files, SQLite databases and the truth")
    parser.add_argument("--civil-url", default="", help="SQLAlchemy URL for civil affairs; SQLite otherwise")
    parser.add_argument("--land-url", default="", help="SQLAlchemy URL for land; SQLite otherwise")
    parser.add_argument("--on", type=date.fromisoformat, default=DEFAULT_ON, help="day of the first state")
    parser.add_argument("--day", type=date.fromisoformat, action="append", default=[], help="a later state; repeatable")
    parser.add_argument("--dirt", type=float, default=1.0, help="factor on the usual dirt; 0 for none")
    parser.add_argument("--months", type=int, default=2, help="low-income workbooks to write")
    parser.add_argument("--roster-file", choices=("csv", "xlsx"), help="also write the roster as a file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
