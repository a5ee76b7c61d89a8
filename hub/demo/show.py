"""How the demo tells its story on a terminal: headings, progress bars with rates, tables; English and 中文."""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from hub.demo.figures import RegistryFigures
from hub.exchange.steps import MARKS, Verification

PROGRAM = "hub"
SHOWN_REASONS = 6
STATES: Mapping[str, tuple[str, str]] = {
    "held": ("✔", "已有"),
    "statement": ("✔", "可证明"),
    "obtainable": ("✔", "可调取"),
    "brought_earlier": ("✔", "曾提交"),
    "delivered": ("✔", "已提交"),
    "form": ("✎", "表单"),
    "committed": ("✎", "已承诺"),
    "commitment": ("✎", "可承诺"),
    "to_sign": ("✍", "待签署"),
    "to_bring": ("✘", "需提交"),
    "gap": ("✘", "可容缺"),
    "cannot": ("✘", "无法提供"),
    "question": ("?", "待回答"),
    "not_needed": ("–", "不需要"),
}
"""How each state of a checklist is marked, and what a clerk calls it."""
EXPLAINED = frozenset({"not_needed", "question"})


class RateColumn(ProgressColumn):
    """Records per second."""

    def render(self, task: Task) -> Text:
        """The rate so far."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


class Narrator:
    """Says what happens; says nothing of people beyond the invented county's."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self._chapter = 0

    def chapter(self, en: str, zh: str) -> None:
        """A heading."""
        self._chapter += 1
        self.console.print()
        self.console.rule(f"[bold]{self._chapter}. {en}  {zh}", align="left")

    def say(self, en: str, zh: str = "") -> None:
        """A sentence."""
        self.console.print(f"{en} [dim]{zh}[/dim]" if zh else en)

    def fact(self, name: str, value: object) -> None:
        """A name and its value."""
        self.console.print(f"  [dim]{name}[/dim]  {escape(str(value))}", soft_wrap=True)

    def command(self, *words: str) -> None:
        """A command of this program, to be copied: on one line, however narrow the terminal."""
        called = sys.argv[0] if Path(sys.argv[0]).name == PROGRAM else PROGRAM
        self.console.print(shlex.join([called, *words]), markup=False, soft_wrap=True)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Bars for what takes a while."""
        columns = (
            TextColumn("{task.description}", justify="left"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            RateColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console, transient=False) as bars:
            yield bars

    def registries(self, figures: Mapping[str, RegistryFigures]) -> None:
        """What came in, and what was put aside."""
        table = _table("registry 登记库", "read 读取", "accepted 入库", "put aside 问题数据", "records/s")
        for name, each in figures.items():
            rate = f"{each.read / each.seconds:,.0f}" if each.seconds else "-"
            table.add_row(name, f"{each.read:,}", f"{each.accepted:,}", f"{each.quarantined:,}", rate)
        self.console.print(table)

    def reasons(self, figures: Mapping[str, RegistryFigures]) -> None:
        """Why records were put aside, the most frequent reasons first."""
        table = _table("registry 登记库", "put aside because 原因", "records 条数", numbers=(2,))
        for name, each in figures.items():
            ordered = sorted(each.quarantined_by_reason.items(), key=lambda item: -item[1])
            for code, count in ordered[:SHOWN_REASONS]:
                table.add_row(name, code, f"{count:,}")
        if table.row_count:
            self.console.print(table)

    def checklist(self, items: Sequence[Mapping[str, Any]]) -> None:
        """One line for each material of a case; where nothing is demanded or something is open, also why."""
        table = _table("", "material 材料", "", "state 状态", numbers=())
        for item in items:
            mark, state_zh = STATES[item["state"]]
            state = f"{item['state'].replace('_', ' ')} {state_zh}"
            table.add_row(mark, escape(item["en"]), escape(item["zh"]), state)
            if item["state"] in EXPLAINED:
                table.add_row(
                    "", f"[dim]{escape(item['reason']['en'])}[/dim]", f"[dim]{escape(item['reason']['zh'])}[/dim]", ""
                )
        self.console.print(table)

    def verification(self, path: Path, verification: Verification) -> None:
        """The numbered checklist of a bundle."""
        self.console.print(f"[bold]{escape(path.name)}[/bold]")
        for step in verification.steps:
            colour = {True: "green", False: "red", None: "dim"}[step.ok]
            told = f"[{'red' if step.ok is False else 'dim'}]{escape(step.detail)}[/]" if step.detail else ""
            name = f"{step.name} [dim]{step.name_zh}[/dim]"
            self.console.print(f"  [{colour}]{MARKS[step.ok]}[/] {step.number:2}. {name}  {told}".rstrip())


def _table(*columns: str, numbers: Sequence[int] | None = None) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2))
    right = range(1, len(columns)) if numbers is None else numbers
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place in right else "left", overflow="fold")
    return table
