"""`hub grants`: what was granted and how it stands; suspended, resumed and ended on the authority's word."""

from typing import Annotated

import typer

from hub.cli.roof import opened
from hub.cli.telling import AsJson, By, print_json, print_lines, report

app = typer.Typer(no_args_is_help=True, help="List, suspend, resume and end grants. 共享授权")

Id = Annotated[str, typer.Argument(help="The grant's id; hub grants list shows them.")]
Reason = Annotated[str, typer.Option(help="Why, as a code such as other-purpose; the consumer reads it.")]


@app.command("list")
def find(
    consumer: Annotated[str | None, typer.Option(help="Only what this party was given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every grant and how it stands today 列出授权."""
    with opened() as hub:
        today = hub.sharing.today
        grants = hub.sharing.every_grant() if consumer is None else hub.sharing.grants_of(consumer)
    rows = [
        {
            "id": each.id,
            "consumer": each.consumer,
            "type": each.evidence_type,
            "matters": each.matters,
            "claims": each.claims,
            "valid_until": each.valid_until.isoformat(),
            "standing": each.standing_on(today).value,
            "reason": each.reason,
        }
        for each in grants
    ]
    if as_json:
        print_json(rows)
    else:
        print_lines(rows, "id", "consumer", "type", "valid_until", "standing", "reason")


@app.command()
def suspend(grant: Id, reason: Reason, by: By = "operator", as_json: AsJson = False) -> None:
    """Nothing more is released by it until it is resumed 暂停授权."""
    with opened() as hub:
        hub.sharing.suspend(grant, reason, by=by)
    report({"grant": grant, "change": "suspended"}, f"{grant} is suspended.", "授权已暂停。", as_json=as_json)


@app.command()
def resume(grant: Id, by: By = "operator", as_json: AsJson = False) -> None:
    """It counts again, for its period 恢复授权."""
    with opened() as hub:
        hub.sharing.resume(grant, by=by)
    report({"grant": grant, "change": "resumed"}, f"{grant} counts again.", "授权已恢复。", as_json=as_json)


@app.command()
def end(grant: Id, reason: Reason, by: By = "operator", as_json: AsJson = False) -> None:
    """It counts no more, from today and for good 终止授权."""
    with opened() as hub:
        hub.sharing.end(grant, reason, by=by)
    report({"grant": grant, "change": "ended"}, f"{grant} has ended.", "授权已终止。", as_json=as_json)
