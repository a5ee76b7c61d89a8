"""Funeral 殡葬: cremation files in three shapes, the police cancellation list 死亡注销名单, later deltas of both."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from adapters.simulator.books import Book, CsvBook, WorkbookBook
from adapters.simulator.model import Death, Person, Village
from adapters.simulator.pen import Clerk, Pen
from adapters.simulator.place import COUNTY, home_address, village_name
from adapters.simulator.truth import TruthBook, TruthPage

REGISTRY: Final = "funeral"
FUNERAL_COLUMNS: Final = [
    "DEAD_ID",
    "IF_NAMELESS",
    "NAME",
    "SEX",
    "CARD_TYPE",
    "ID_CARD",
    "BIRTHDAY",
    "AGE",
    "NATION",
    "FOLK",
    "FAMILY_ADD",
    "DEATH_DATE",
    "DEATH_PLACE",
    "DEATH_CAUSE",
    "DEATH_CERT_ORG",
    "START_TIME",
    "END_TIME",
    "ASHES_GO",
    "ORGAN_ID",
    "NOTE",
]
CANCELLATION_COLUMNS: Final = ["xm", "xb", "yhzgx", "swrq", "gmsfhm", "pcs", "jcwh", "swzmbh", "swzxlb", "cxbz", "hzxm"]
OLD_FILE, LAST_YEARS_FILE, THIS_YEARS_FILE = "火化登记-历年.csv", "火化登记-上年.csv", "火化登记-本年.xlsx"
CANCELLATION_FILE: Final = "死亡注销名单.csv"

_BYTE_ORDER_MARK: Final = "utf-8-sig"
_CHINESE: Final = "gb18030"
_YEAR: Final = timedelta(days=365)


class Funeral:
    """Writes the folder; what became known after the first state goes into files of its own, one for each day."""

    def __init__(self, folder: Path, on: date, days: Sequence[date], tools: tuple[Clerk, TruthBook]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._on, self._days = on, tuple(days)
        self._clerk, truth = tools
        self._pages: dict[str, tuple[Book, TruthPage]] = {}
        for name in (OLD_FILE, *(f"火化登记-{day:%Y%m%d}.csv" for day in days)):
            self._open(truth, name, CsvBook(folder / name, FUNERAL_COLUMNS, _CHINESE), "funerals")
        last_years = CsvBook(folder / LAST_YEARS_FILE, FUNERAL_COLUMNS, _BYTE_ORDER_MARK)
        self._open(truth, LAST_YEARS_FILE, last_years, "funerals")
        this_years = WorkbookBook(folder / THIS_YEARS_FILE, FUNERAL_COLUMNS, "火化登记")
        self._open(truth, THIS_YEARS_FILE, this_years, "funerals")
        for name in (CANCELLATION_FILE, *(f"死亡注销名单-{day:%Y%m%d}.csv" for day in days)):
            self._open(truth, name, CsvBook(folder / name, CANCELLATION_COLUMNS, _CHINESE), "cancellations")

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files, in the order in which they came."""
        return tuple(self._pages)

    @property
    def rows(self) -> int:
        """How many rows are written."""
        return sum(page.rows for _, page in self._pages.values())

    def write(self, village: Village) -> None:
        """Write a village's deaths."""
        for death in village.deaths.values():
            person = village.people[death.person]
            if death.in_funeral:
                self._funeral(village, death, person)
            if death.in_police:
                self._cancellation(village, death, person)

    def close(self) -> None:
        """Finish every file."""
        for book, _ in self._pages.values():
            book.close()

    def _open(self, truth: TruthBook, name: str, book: Book, export: str) -> None:
        self._pages[name] = book, truth.page(REGISTRY, export, name)

    def _funeral(self, village: Village, death: Death, person: Person) -> None:
        before = _before_correction(death)
        file = f"火化登记-{death.known_on:%Y%m%d}.csv" if death.known_on else self._file_of(before.on)
        self._add_funeral(file, village, before, person)
        if death.corrected_on:
            self._add_funeral(f"火化登记-{death.corrected_on:%Y%m%d}.csv", village, death, person)

    def _file_of(self, on: date) -> str:
        if on > self._on - _YEAR:
            return THIS_YEARS_FILE
        return LAST_YEARS_FILE if on > self._on - 2 * _YEAR else OLD_FILE

    def _add_funeral(self, file: str, village: Village, death: Death, person: Person) -> None:
        book, page = self._pages[file]
        address = home_address(village.index, person.household)
        native = file == THIS_YEARS_FILE
        row, dirt = self._clerk.write(
            f"funeral|{death.id}|{death.on}",
            (person.id,),
            lambda pen: _funeral_row(pen, death, person, address, native=native),
        )
        book.add(row)
        page.row((row["DEAD_ID"],), [("deceased", person.id)], dirt)
        nameless, dirt = self._clerk.write(f"nameless|{death.id}", (person.id,), lambda pen: _nameless_row(pen, death))
        if nameless and not death.known_on and not death.corrected_on:
            book.add(nameless)
            page.row((nameless["DEAD_ID"],), [("deceased", None)], dirt)

    def _cancellation(self, village: Village, death: Death, person: Person) -> None:
        name = f"死亡注销名单-{death.known_on:%Y%m%d}.csv" if death.known_on else CANCELLATION_FILE
        self._add_cancellation(name, village, _before_correction(death), person, reversed_=False)
        if death.reversed_on:
            later = death.reversed_on in self._days
            name = f"死亡注销名单-{death.reversed_on:%Y%m%d}.csv" if later else CANCELLATION_FILE
            self._add_cancellation(name, village, death, person, reversed_=True)

    def _add_cancellation(self, name: str, village: Village, death: Death, person: Person, *, reversed_: bool) -> None:
        book, page = self._pages[name]
        household = village.households[person.household]
        relation = next(relation for one, relation in household.members if one == person.id)
        head = village.people[household.head].name
        row, dirt = self._clerk.write(
            f"cancellation|{death.id}",
            (person.id,),
            lambda pen: _cancellation_row(pen, death, person, (relation, head, village.index)),
        )
        row["cxbz"] = "1" if reversed_ else "0"
        book.add(row)
        page.row((row["gmsfhm"], row["xm"], row["swrq"], row["cxbz"]), [("deceased", person.id)], dirt)


def _before_correction(death: Death) -> Death:
    return replace(death, on=death.on - timedelta(days=1), corrected_on=None) if death.corrected_on else death


def _funeral_row(pen: Pen, death: Death, person: Person, address: str, *, native: bool) -> dict[str, Any]:
    form = "%Y-%m-%d" if native else "%Y%m%d"
    died = death.on
    if pen.strikes("date_death_before_birth"):
        died = person.born - timedelta(days=200)
    start = datetime.combine(death.on + timedelta(days=2), time(8, 30))
    end = start + timedelta(minutes=70)
    return {
        "DEAD_ID": death.id,
        "IF_NAMELESS": "0",
        "NAME": pen.name(person),
        "SEX": pen.sex(person.sex, ("1", "2")),
        "CARD_TYPE": person.document_kind,
        "ID_CARD": pen.number(person, earlier=True),
        "BIRTHDAY": pen.birth_date(person, form),
        "AGE": person.age_on(death.on) if native else str(person.age_on(death.on)),
        "NATION": "156",
        "FOLK": pen.ethnicity(person.ethnicity),
        "FAMILY_ADD": address,
        "DEATH_DATE": pen.date(died, form),
        "DEATH_PLACE": pen.rng.choice(("医院", "家中", "养老机构", "其他")),
        "DEATH_CAUSE": death.cause,
        "DEATH_CERT_ORG": f"{COUNTY}人民医院",
        "START_TIME": start if native else f"{start:%Y-%m-%d %H:%M:%S}",
        "END_TIME": end if native else f"{end:%Y-%m-%d %H:%M:%S}",
        "ASHES_GO": pen.absent() or "公墓",
        "ORGAN_ID": "330199001",
        "NOTE": pen.note(pen.absent()),
    }


def _nameless_row(pen: Pen, death: Death) -> dict[str, Any] | None:
    if not pen.strikes("meaning_nameless_dead"):
        return None
    blank = dict.fromkeys(FUNERAL_COLUMNS, "")
    found = {
        "DEAD_ID": f"{death.id}W",
        "IF_NAMELESS": "1",
        "NAME": "无名氏",
        "SEX": "1",
        "DEATH_DATE": f"{death.on:%Y%m%d}",
    }
    return {**blank, **found, "DEATH_PLACE": "野外", "ORGAN_ID": "330199001", "NOTE": "无名遗体"}


def _cancellation_row(pen: Pen, death: Death, person: Person, rest: tuple[str, str, int]) -> dict[str, Any]:
    relation, head, village = rest
    return {
        "xm": pen.name(person),
        "xb": pen.sex(person.sex),
        "yhzgx": relation,
        "swrq": pen.date(death.on, "%Y%m%d"),
        "gmsfhm": pen.number(person, earlier=True),
        "pcs": f"{COUNTY}公安局{village_name(village)[:3]}派出所",
        "jcwh": f"{village_name(village)}村民委员会",
        "swzmbh": person.earlier_number if death.on >= date(2026, 7, 1) else f"SW{death.id}",
        "swzxlb": "死亡",
        "hzxm": head,
    }
