"""Regions 行政区划 (GB/T 2260) with the years in which each code was valid and the code that took its place."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Final

from hub.errors import Malformed

_COLUMNS: Final = ("code", "name", "first_year", "last_year", "successor")
_COUNTY_DIGITS: Final = 6
_FALSE_NAMES: Final = frozenset(("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"))


@dataclass(frozen=True, slots=True)
class Region:
    """One code with one name for a span of years; None means since, or until, no year on record."""

    code: str
    name: str
    first_year: int | None = None
    last_year: int | None = None
    successor: str | None = None

    def is_valid_in(self, year: int) -> bool:
        """True when the code was in force at some time of ``year``."""
        return (self.first_year or 0) <= year <= (self.last_year or 9999)


class Regions:
    """A table of regions; longer codes (township, village) are answered by their county."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self._spans: dict[str, list[Region]] = {}
        for region in regions:
            self._spans.setdefault(region.code, []).append(region)

    @classmethod
    def parse(cls, text: str) -> "Regions":
        """The table in tab-separated ``text`` with the columns code, name, first_year, last_year, successor.

        Raises:
            Malformed: naming the first line that is not of this form.
        """
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        if not lines or tuple(lines[0].split("\t")) != _COLUMNS:
            raise _wrong_line(1)
        return cls(_region(line.split("\t"), number) for number, line in enumerate(lines[1:], start=2))

    def region_for(self, code: str, year: int | None = None) -> Region | None:
        """The region that the code's county digits name: in ``year``, else the latest."""
        spans = self._spans.get(code[:_COUNTY_DIGITS], [])
        if year is None:
            return spans[-1] if spans else None
        return next((span for span in reversed(spans) if span.is_valid_in(year)), None)

    def is_known(self, code: str) -> bool:
        """True when the code was in force at any time; people born before a code existed carry it too."""
        return code[:_COUNTY_DIGITS] in self._spans

    def code_named(self, text: str) -> str | None:
        """The code of the one county that ``text`` names: 浙江省杭州市西湖区, 杭州市西湖区 or 册亨县.

        A name that no county in force has may be that of one abolished, 海门市; its code stays valid.
        """
        return self._by_name.get(text)

    @cached_property
    def _by_name(self) -> dict[str, str | None]:
        """Every name of a county with what may stand in front of it; None for a name that two of them have."""
        abolished: list[str] = []
        in_force: list[str] = []
        for code, spans in self._spans.items():
            if not code.endswith("00") and spans[-1].name not in _FALSE_NAMES:
                (in_force if spans[-1].last_year is None else abolished).append(code)
        return self._names_of_all(abolished) | self._names_of_all(in_force)

    def _names_of_all(self, codes: Iterable[str]) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for code in codes:
            names = self.names_of(code)
            for name in {names[0] + names[-1], *("".join(names[start:]) for start in range(len(names)))}:
                found[name] = self._later(found[name], code) if name in found else code
        return found

    def _later(self, one: str | None, other: str) -> str | None:
        """Of two codes for one name the one that succeeded the other; None when they are two counties."""
        if one is None:
            return None
        successors = {code: region.successor for code in (one, other) if (region := self.region_for(code))}
        return other if successors.get(one) == other else one if successors.get(other) == one else None

    def names_of(self, code: str) -> tuple[str, ...]:
        """The names from the province down to the region itself, without the empty ones such as 市辖区."""
        county = code[:_COUNTY_DIGITS]
        levels = dict.fromkeys((county[:2] + "0000", county[:4] + "00", county))
        found = [region.name for level in levels if (region := self.region_for(level))]
        return tuple(name for name in dict.fromkeys(found) if name not in _FALSE_NAMES)

    def is_within(self, code: str, wider: str) -> bool:
        """True when ``code`` lies in ``wider``: 330106 in 330100 and in 330000."""
        return code.startswith(wider.rstrip("0").ljust(len(wider.rstrip("0")) + len(wider.rstrip("0")) % 2, "0"))


def _region(cells: list[str], line: int) -> Region:
    if len(cells) != len(_COLUMNS) or not (cells[0].isdigit() and cells[1]):
        raise _wrong_line(line)
    try:
        first, last = (int(cell) if cell else None for cell in cells[2:4])
    except ValueError as fault:
        raise _wrong_line(line) from fault
    return Region(cells[0], cells[1], first, last, cells[4] or None)


def _wrong_line(line: int) -> Malformed:
    return Malformed(
        "kernel.region-table",
        "A line of the table of regions has another form.",
        "行政区划表中有一行格式不符。",
        line=line,
    )


@lru_cache(maxsize=1)
def standard_regions() -> Regions:
    """The table that comes with the hub."""
    return Regions.parse(files("hub.kernel").joinpath("regions.tsv").read_text(encoding="utf-8"))
