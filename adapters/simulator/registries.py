"""Publishes a county: its five registries 登记库, each behind its own kind of door, and the truth about every row."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from sqlalchemy import Connection

from adapters.simulator.books import Book, CsvBook, WorkbookBook
from adapters.simulator.civil_affairs import ROSTER, ROSTER_COLUMNS, CivilAffairs
from adapters.simulator.county import County
from adapters.simulator.dirt import Dirt
from adapters.simulator.funeral import Funeral
from adapters.simulator.land import Land
from adapters.simulator.low_income import LowIncome, last_months
from adapters.simulator.marriage_rows import EventStore, Marriage
from adapters.simulator.model import Village
from adapters.simulator.pen import Clerk
from adapters.simulator.truth import TruthBook
from adapters.sources.engines import open_engine

Progress = Callable[[int, int], None]
"""Told how many residents are written, of how many."""


@dataclass(frozen=True)
class Published:
    """Where the registries are, and how many rows each export has."""

    directory: Path
    civil_url: str
    land_url: str
    marriage_events: Path
    funeral_folder: Path
    low_income_workbooks: tuple[Path, ...]
    truth: Path
    rows: dict[str, int]
    roster_file: Path | None = None


@dataclass(frozen=True)
class Shape:
    """How the registries are written, apart from their dirt."""

    months: int = 2
    """Low-income workbooks: the last months up to the county's day; the latest has two header rows."""
    roster_file: Literal["csv", "xlsx"] | None = None
    """Also write the residents roster as a file."""


class _Writer(Protocol):
    def write(self, village: Village) -> None: ...
    def close(self) -> None: ...


def publish(  # noqa: PLR0913  # each registry has its own address
    county: County,
    directory: Path,
    *,
    civil_url: str = "",
    land_url: str = "",
    dirt: Dirt | None = None,
    shape: Shape | None = None,
    progress: Progress | None = None,
) -> Published:
    """Write all five registries and the truth file, in one pass over the villages, replacing what was published there.

    Without URLs the tables are SQLite files in ``directory``. Both databases commit at the end.
    """
    shape = shape or Shape()
    directory.mkdir(parents=True, exist_ok=True)
    civil_url = civil_url or f"sqlite:///{directory / 'civil_affairs.sqlite'}"
    land_url = land_url or f"sqlite:///{directory / 'land.sqlite'}"
    clerk = Clerk(dirt or Dirt(), county.seed, county.cast.subjects(), county.days)
    with ExitStack() as open_:
        truth = open_.enter_context(TruthBook(directory / "truth.jsonl"))
        roster, roster_path = _roster_file(directory, shape)
        civil = CivilAffairs(open_.enter_context(_transaction(civil_url)), clerk, truth, roster)
        land = Land(open_.enter_context(_transaction(land_url)), clerk, truth)
        events = directory / "marriage" / "events.sqlite"
        store = EventStore.create(events)
        open_.callback(store.close)
        marriage = Marriage(store, clerk, truth)
        funeral = Funeral(directory / "funeral", county.on, county.days, (clerk, truth))
        aid = _workbooks(county, directory / "low_income", (clerk, truth), shape.months)
        _write(county, [civil, land, marriage, funeral, *aid], progress)
    published = Published(
        directory=directory,
        civil_url=civil_url,
        land_url=land_url,
        marriage_events=events,
        funeral_folder=directory / "funeral",
        low_income_workbooks=tuple(one.path for one in aid),
        truth=truth.path,
        rows={
            "residents": civil.residents.rows,
            "organisations": civil.organisations.rows,
            "rights": land.rights.rows,
            "events": marriage.page.rows,
            "funeral": funeral.rows,
            "households": sum(one.page.rows for one in aid),
        },
        roster_file=roster_path,
    )
    _describe(county, published)
    return published


def _write(county: County, writers: list[_Writer], progress: Progress | None) -> None:
    done = 0
    for village in county.villages():
        for writer in writers:
            writer.write(village)
        done += len(village.people)
        if progress:
            progress(min(done, county.residents), county.residents)
    for writer in writers:
        writer.close()


@contextmanager
def _transaction(url: str) -> Iterator[Connection]:
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _roster_file(directory: Path, shape: Shape) -> tuple[Book | None, Path | None]:
    if shape.roster_file is None:
        return None, None
    path = directory / "civil_affairs" / f"{ROSTER}.{shape.roster_file}"
    path.parent.mkdir(exist_ok=True)
    if shape.roster_file == "csv":
        return CsvBook(path, ROSTER_COLUMNS, "gb18030"), path
    return WorkbookBook(path, ROSTER_COLUMNS, ROSTER), path


def _workbooks(county: County, folder: Path, tools: tuple[Clerk, TruthBook], months: int) -> list[LowIncome]:
    wanted = last_months(county.today, months)
    return [LowIncome(folder, month, tools, two_header_rows=month == wanted[-1]) for month in wanted]


def _describe(county: County, published: Published) -> None:
    facts = {
        "residents": county.residents,
        "organisations": county.organisations,
        "seed": county.seed,
        "on": county.on.isoformat(),
        "days": [day.isoformat() for day in county.days],
        "rows": published.rows,
    }
    (published.directory / "county.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
