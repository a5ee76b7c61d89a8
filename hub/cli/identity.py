"""`hub identity`: for stewards 数据管理员 and auditors; the index counted and written out, files resolved."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hub.cli import changes
from hub.cli.belonging import findings, history, known, owner
from hub.cli.files import private_text
from hub.cli.matching import measure, resolve, train
from hub.cli.rekeying import rekey
from hub.cli.reviewing import join, recalled, review, split
from hub.cli.roof import opened
from hub.cli.telling import AsJson, print_json, print_lines, report

app = typer.Typer(no_args_is_help=True, help="Resolve, review and export identities. 主体比对")

app.command()(resolve)
app.command()(measure)
app.command()(train)
app.command()(review)
app.command()(join)
app.command()(split)
app.command()(recalled)
app.command()(owner)
app.command()(history)
app.command()(known)
app.command()(findings)
app.command()(rekey)
app.add_typer(changes.app, name="changes")


@app.command()
def figures(as_json: AsJson = False) -> None:
    """Subjects, mentions and review items counted 统计."""
    with opened() as hub, hub.database.reading() as session:
        told = {"index": hub.identity.figures(session), "reviews": hub.identity.review_counts(session)}
    if as_json:
        print_json(told)
    else:
        rows = [{"what": name, "count": count} for part in told.values() for name, count in part.items()]
        print_lines(rows, "what", "count")


@app.command()
def export(
    out: Annotated[
        Path, typer.Option("--out", help="JSONL: registry, key as written, row, role, subject.", dir_okay=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Write which record and role belongs to which subject, for an outside truth to score 导出比对结果.

    The file holds record keys as their registries write them, which are personal: only its owner can read it.
    """
    count = 0
    with opened() as hub, private_text(out) as file, hub.database.reading() as session:
        for each in hub.identity.export(session):
            file.write(json.dumps(asdict(each), ensure_ascii=False) + "\n")
            count += 1
    report({"file": str(out), "lines": count}, f"{count} lines written to {out}.", "已导出。", as_json=as_json)
