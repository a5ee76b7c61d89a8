"""`hub quarantine`: the rows that wait for their owner 问题数据: where each stands, why, and what to do."""

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.agent.hub_client import HubClient
from adapters.agent.push import require_mapping
from adapters.agent.rows import PLACE
from hub.cli.calling import DepartmentHub, DepartmentKey, RegistryName
from hub.cli.roof import signer_for
from hub.cli.telling import print_json, print_lines, say

app = typer.Typer(add_completion=False)


@app.command()
def quarantine(
    registry: RegistryName,
    hub: DepartmentHub,
    key: DepartmentKey,
    mapping: Annotated[
        Path | None, typer.Option(help="Mapping file, when it names another department.", dir_okay=False)
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the rows as JSON with what they hold, which is personal.")
    ] = False,
) -> None:
    """List what was put aside; a row leaves when the next push brings it corrected 查看问题数据."""
    known = require_mapping(registry, mapping)
    with closing(HubClient(hub, party=known.department, signer=signer_for(key))) as client:
        rows = list(client.quarantine(known.registry))
    if as_json:
        print_json(rows)
        return
    print_lines([_told(row) for row in rows], "export", "table", "row", "column", "code", "why", "why_zh")
    say(f"{len(rows)} rows wait for their owner.", "待更正。")


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """The row's place and reason without what it holds."""
    raw = row["raw"] if isinstance(row["raw"], dict) else {}
    known = {name: row[name] for name in ("export", "row", "column", "code")}
    return {**known, "table": raw.get(PLACE), "why": row["en"], "why_zh": row["zh"]}
