"""Figures as a table for people and as JSON for comparison.

Bars were set on one machine. Where its rate of something bare is known, a second bar, the ratio of the two, stands in
for the first on a machine that misses it: it says the same of any machine.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parents[2] / "var" / "bench"


@dataclass(frozen=True)
class Figure:
    """One measured value; ``bar`` is what it must at least be (``is_limit``: at most).

    ``stands_for`` names the figure in whose place this one counts where that one's bar is missed.
    """

    name: str
    value: float
    unit: str
    bar: float | None = None
    is_limit: bool = False
    note: str = ""
    stands_for: str = ""

    @property
    def is_met(self) -> bool:
        """True without a bar, and when it is reached."""
        return self.bar is None or (self.value <= self.bar if self.is_limit else self.value >= self.bar)


def tell(title: str, figures: Sequence[Figure]) -> bool:
    """The figures are on the screen and in ``var/bench``; True when every bar is met, or the one that stands for it."""
    met = {figure.name for figure in figures if figure.is_met}
    excused = {figure.stands_for for figure in figures if figure.name in met}
    table = Table(title=title, title_justify="left")
    for column, justify in (("", "left"), ("value", "right"), ("unit", "left"), ("bar", "right"), ("", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for figure in figures:
        bar = "" if figure.bar is None else f"{'≤' if figure.is_limit else '≥'} {figure.bar:,g}"
        is_needed = figure.bar is not None and figure.stands_for not in met
        mark = "" if not is_needed else "[green]met[/]" if figure.is_met else "[red]missed[/]"
        table.add_row(figure.name, _spelled(figure.value), figure.unit, bar, f"{mark} {figure.note}".strip())
    Console().print(table)
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = {"title": title, "figures": [asdict(figure) | {"is_met": figure.is_met} for figure in figures]}
    (RESULTS / f"{title.split(':', maxsplit=1)[0].replace(' ', '-')}.json").write_text(
        json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    return all(figure.is_met or figure.name in excused or figure.stands_for in met for figure in figures)


def _spelled(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
