"""`hub identity rekey`: what an older hub placed is found as what is placed today 重建检索键."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hub.cli.roof import opened
from hub.cli.telling import AsJson, print_json, say
from hub.errors import Broken


def rekey(
    after: Annotated[str, typer.Option(help="Go on where an interrupted run ended.")] = "", as_json: AsJson = False
) -> None:
    """Look every record up by what this hub and its models ask for; nobody moves, and intake goes on 重建检索键.

    Whom records belong with that find each other now is proposed by `hub identity changes propose`.
    """
    read = rekeyed = damaged = 0
    place = after
    with opened() as hub, _bar() as bar:
        rekeying = hub.identity.rekeying
        task = bar.add_task("rekey 重建", total=rekeying.count(after))
        try:
            for done in rekeying.portions(after):
                read, rekeyed, damaged = read + done.read, rekeyed + done.rekeyed, damaged + done.damaged
                place = done.place
                bar.update(task, completed=read)
        except BaseException:
            say(f"Ended early; go on with: hub identity rekey --after {place}", "已中断，可用上述命令继续。")
            raise
    if as_json:
        print_json({"read": read, "rekeyed": rekeyed, "damaged": damaged, "place": place})
    else:
        say(f"{rekeyed:,} of {read:,} records are looked up by other keys now.", "检索键已重建。")
    if damaged:
        raise Broken(
            "identity.records-damaged",
            "Records do not open in their place and keep their old keys; restore them from a backup.",
            "部分登记信息无法解封，保留原检索键；请从备份恢复。",
            records=damaged,
        )


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
