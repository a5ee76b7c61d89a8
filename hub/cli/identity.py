"""`hub identity`: what waits for a steward 数据管理员, deciding it, the index written out, and files resolved."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.files import private_text
from hub.cli.matching import measure, resolve, train
from hub.cli.roof import opened
from hub.cli.telling import print_json, print_lines, say
from hub.identity.model import Decision, Review, Side

app = typer.Typer(no_args_is_help=True, help="Resolve, review and export identities. 主体比对")

app.command()(resolve)
app.command()(measure)
app.command()(train)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


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
def review(
    item: Annotated[str | None, typer.Argument(help="Id of a review item; none: the open ones.")] = None,
    decide: Annotated[Decision | None, typer.Option(help="The steward's word; it outranks the machine's.")] = None,
    steward: Annotated[str, typer.Option(help="Name of the steward; needed to decide.")] = "",
    note: Annotated[str, typer.Option(help="Why; kept with the decision.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List what waits for a decision, show one pair side by side, or decide it 人工复核.

    One pair is shown with what its records say, as a steward needs; the list holds no personal data.
    """
    with opened() as hub:
        if item is None:
            with hub.database.reading() as session:
                _list(
                    [_line(each) for each in hub.identity.reviews(session, limit=limit, opened=False)], as_json=as_json
                )
        elif decide is None:
            with hub.database.reading() as session:
                print_json(_whole(hub.identity.require_review(session, item)))
        else:
            if not steward:
                raise typer.BadParameter("Name the steward who decides: --steward NAME.")
            with hub.database.writing() as session:
                decided = hub.identity.decide(session, item, decide, steward=steward, note=note)
            say(f"{item}: {decided.state}.", "已记录复核决定。")


def _list(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
    else:
        print_lines(rows, "id", "weight", "left", "right", "reasons")


def _line(each: Review) -> dict[str, Any]:
    return {
        "id": each.review_id,
        "weight": round(each.weight, 1),
        "left": f"{each.left.registry}/{each.left.export}/{each.left.role}",
        "right": f"{each.right.registry}/{each.right.export}/{each.right.role}",
        "reasons": ", ".join(each.reasons),
    }


def _whole(each: Review) -> dict[str, Any]:
    return {
        "id": each.review_id,
        "state": each.state,
        "left": _side(each.left),
        "right": _side(each.right),
        "weight": each.weight,
        "weights": dict(each.weights),
        "reasons": list(each.reasons),
        "effects": dict(each.effects),
        "opened_at": each.opened_at.isoformat(),
        "model_version": each.model_version,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "subject": side.subject_id,
        "registry": side.registry,
        "export": side.export,
        "role": side.role,
        "fields": dict(side.fields),
        "mentions": side.mentions,
    }


@app.command()
def export(
    out: Annotated[
        Path, typer.Option("--out", help="JSONL: registry, key as written, row, role, subject.", dir_okay=False)
    ],
) -> None:
    """Write which record and role belongs to which subject, for an outside truth to score 导出比对结果.

    The file holds record keys as their registries write them, which are personal: only its owner can read it.
    """
    count = 0
    with opened() as hub, private_text(out) as file, hub.database.reading() as session:
        for each in hub.identity.export(session):
            file.write(json.dumps(asdict(each), ensure_ascii=False) + "\n")
            count += 1
    say(f"{count} lines written to {out}.", "已导出。")
