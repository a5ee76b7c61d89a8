"""`hub identity changes`: what a bulk run over the index would change, to be seen, applied or thrown away 变更集."""

from typing import Annotated, Any

import typer

from hub.cli.roof import opened
from hub.cli.telling import AsJson, print_json, print_lines, say
from hub.identity.service.changes import ChangeSet

app = typer.Typer(no_args_is_help=True, help="Bulk runs over the index, as change sets. 批量比对变更集")

ChangeId = Annotated[str, typer.Argument(metavar="ID", help="Id of the change set.")]
Steward = Annotated[str, typer.Option(help="Name of the steward who answers for it.")]


@app.command()
def propose(as_json: AsJson = False) -> None:
    """Resolve the whole index anew and keep what would differ as a change set; nothing is changed 生成变更集."""
    with opened() as hub:
        made = hub.identity.changes.propose()
    _tell(made, as_json=as_json)


@app.command("list")
def find(as_json: AsJson = False) -> None:
    """The change sets, the youngest first 变更集列表."""
    with opened() as hub:
        found = hub.identity.changes.find()
    rows = [_line(each) for each in found]
    if as_json:
        print_json(rows)
    else:
        print_lines(rows, "id", "state", "join", "split", "review", "skipped", "proposed_at", "steward")


@app.command()
def show(change_id: ChangeId, as_json: AsJson = False) -> None:
    """Every item of a change set: which subjects would be joined, split or asked about, and why 查看变更集."""
    with opened() as hub:
        found = hub.identity.changes.require(change_id)
    if as_json:
        print_json(_line(found) | {"items": found.items, "skipped": found.skipped})
        return
    why = {tuple(item["pair"]): item["why"] for item in found.skipped}
    rows = [
        {
            "what": item["what"],
            "left": item["subjects"][0],
            "right": item["subjects"][1],
            "method": item["method"],
            "weight": round(item["weight"], 1),
            "skipped": why.get(tuple(item["pair"]), ""),
        }
        for item in found.items
    ]
    print_lines(rows, "what", "left", "right", "method", "weight", "skipped")


@app.command("apply")
def apply_changes(change_id: ChangeId, steward: Steward, as_json: AsJson = False) -> None:
    """Do all of it in one transaction; what has changed since it was proposed is skipped 应用变更集."""
    with opened() as hub:
        done = hub.identity.changes.apply(change_id, steward)
    _tell(done, as_json=as_json)


@app.command()
def discard(change_id: ChangeId, steward: Steward, as_json: AsJson = False) -> None:
    """Throw the change set away; the index stays as it is 放弃变更集."""
    with opened() as hub:
        gone = hub.identity.changes.discard(change_id, steward)
    _tell(gone, as_json=as_json)


def _line(each: ChangeSet) -> dict[str, Any]:
    return {
        "id": each.change_id,
        "state": each.state,
        **each.counts,
        "skipped": len(each.skipped),
        "models": list(each.models),
        "proposed_at": each.proposed_at.isoformat(),
        "decided_at": each.decided_at.isoformat() if each.decided_at else None,
        "steward": each.steward,
    }


def _tell(each: ChangeSet, *, as_json: bool) -> None:
    if as_json:
        print_json(_line(each))
        return
    print_lines([_line(each)], "id", "state", "join", "split", "review", "skipped")
    say(f"See it with: hub identity changes show {each.change_id}", "可用上述命令查看明细。")
