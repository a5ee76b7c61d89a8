"""`hub supplies`: what cases ask this department to supply 调取, and the answers out of its own register."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Annotated, Any

import typer

from adapters.agent.hub_client import HubClient
from adapters.agent.registers import Register
from adapters.agent.requests import Answered, Subject, answer_supplies
from hub.cli.calling import DepartmentHub, DepartmentKey
from hub.cli.roof import signer_for
from hub.cli.telling import AsJson, print_json, print_lines, say
from hub.errors import Conflict, Malformed
from hub.proof.keys import Signer

app = typer.Typer(add_completion=False)


@app.command()
def supplies(
    hub: DepartmentHub,
    party: Annotated[str, typer.Option(help="The department, such as dept:market-supervision.")],
    key: DepartmentKey,
    source: Annotated[
        str | None,
        typer.Option(help="The register: database URL, HTTP address, folder or file. Without it nothing is answered."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="A claim's column where the register names it otherwise: credit_code=社会信用代码."),
    ] = None,
    hub_id: Annotated[str | None, typer.Option(help="The hub's id; asked from the hub without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what waits for this department, or answer it from --source; what cannot be told stays open 应答调取请求."""
    signer = signer_for(key)
    with closing(HubClient(hub, party=party, signer=signer, hub_id=hub_id)) as client:
        if source is None:
            _list(client.supplies(), as_json=as_json)
            return
        answered = _answered(client, signer, source, _columns(column or []))
        _tell(answered, as_json=as_json)


def _answered(client: HubClient, signer: Signer, source: str, columns: Mapping[str, str]) -> Answered:
    wishes = client.supplies()
    if not wishes:
        return Answered(0, 0)
    asked = [(each["type"], Subject(**each["subject"])) for each in wishes]
    find = Register(source, {kind for kind, _ in asked}, columns).find(asked)
    return answer_supplies(client, find, department=client.party, signer=signer, wishes=wishes)


def _columns(named: Sequence[str]) -> dict[str, str]:
    if not all(claim and name for claim, _, name in (each.partition("=") for each in named)):
        raise Malformed("cli.bad-column", "Give --column as CLAIM=COLUMN.", "请以 数据项=列名 指定列。")
    return dict(each.split("=", 1) for each in named)


def _list(wishes: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Without the numbers and names unless as JSON: a screen is seen by others."""
    if as_json:
        print_json(list(wishes))
        return
    print_lines(wishes, "id", "type", "consumer", "raised_on", "days")
    say(f"{len(wishes)} to answer; give --source to answer them.", "以上待答复；用 --source 指定登记簿即可答复。")


def _tell(answered: Answered, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(answered))
    else:
        print_lines(
            [{"supplied": answered.supplied, "nothing found": answered.nothing_found}], "supplied", "nothing found"
        )
        print_lines([{"left open": each, "why": why} for each, why in answered.left_open.items()], "left open", "why")
    if answered.left_open:
        raise Conflict(
            "adapters.left-open",
            "Some questions stay open; look at them in the register and run again.",
            "部分请求未能答复；请核对登记簿后再次运行。",
            questions=len(answered.left_open),
        )
