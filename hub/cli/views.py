"""`hub view`: a portal opens a subject's view, the authority defers or erases, and anyone verifies a view offline."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.calling import CallingKey, CallingParty, HubAddress, calling, object_in
from hub.cli.files import content_of, keep_private
from hub.cli.policies import policy_in
from hub.cli.telling import AsJson, print_json, print_lines, report, say
from hub.errors import Refused
from hub.exchange.verify_view import VIEW_BYTES, verify_view

app = typer.Typer(no_args_is_help=True, help="The subject's view: open, verify, defer, erase. 查询记录")

MAX_PERSON_BYTES = 4_096
PERSON_HELP = "JSON file with {kind, number, name, birth_date?}, or - for standard input; never an argument."
PersonFile = Annotated[str, typer.Option("--person", help=PERSON_HELP)]


@app.command("open")
def look(
    hub: HubAddress,
    party: CallingParty,
    key: CallingKey,
    person: PersonFile,
    out: Annotated[Path | None, typer.Option(help="New file for the view, readable by its owner alone.")] = None,
) -> None:
    """Open the view of somebody whom the portal has identified 打开查询记录."""
    wanted = {"person": _person(person)}
    with calling(hub, party, key) as channel:
        view = channel.call("POST", "/v1/subjects/accesses", json=wanted).content
    if out is None:
        sys.stdout.write(view.decode() + "\n")
    else:
        keep_private(out, view)
        say(f"The view is in {out}; `hub view verify` checks it.", "查询记录已保存，可用 hub view verify 核验。")


def _person(file: str) -> dict[str, Any]:
    content = (
        sys.stdin.buffer.read(MAX_PERSON_BYTES + 1)
        if file == "-"
        else content_of(Path(file), most_bytes=MAX_PERSON_BYTES)
    )
    return object_in(content)


@app.command()
def verify(
    views: Annotated[list[Path], typer.Argument(help="The view, or all its pages in any order.")],
    policy: Annotated[Path, typer.Option(help="Trust policy: whose keys, which log, how many witnesses.")],
    authority_key: Annotated[
        Path | None, typer.Option(help="The authority's public key (JWK), when the policy is a signed one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check offline that no line is missing, changed or made up; exit code 3 names the step that failed 离线核验."""
    documents = [content_of(path, most_bytes=VIEW_BYTES + 1) for path in views]
    made = verify_view(documents, policy_in(policy, authority_key))
    if as_json:
        print_json({"valid": made.is_valid, "steps": [asdict(step) for step in made.steps]})
    else:
        typer.echo("\n".join(made.lines()))
    if made.failed is not None:
        raise Refused(
            "cli.view-not-verified",
            f"The view does not verify: step {made.failed.number}, {made.failed.name}.",
            f"核验未通过：第 {made.failed.number} 步（{made.failed.name_zh}）。",
            step=made.failed.number,
        )


@app.command()
def defer(
    hub: HubAddress,
    party: CallingParty,
    key: CallingKey,
    consumer: Annotated[str, typer.Option(help="Who asks, such as svc:low-income-aid.")],
    case: Annotated[str, typer.Option(help="The case under inspection, by the consumer's own number.")],
    until: Annotated[str, typer.Option(help="When secrecy ends by itself, such as 2026-06-01T00:00:00+08:00.")],
    basis: Annotated[str, typer.Option(help="The provision or decision that orders it; kept sealed.")],
    as_json: AsJson = False,
) -> None:
    """The authority keeps a case's exchanges out of their subjects' view for a time; again extends it 延迟告知."""
    wanted = {"consumer": consumer, "case": case, "until": until, "basis": basis}
    with calling(hub, party, key) as channel:
        made = channel.told("POST", "/v1/deferrals", json=wanted)
    count = made["exchanges"]
    said = f"{made['deferral']}: {consumer}, case {case}, until {made['until']}; logged. Exchanges so far: {count}."
    said_zh = f"已登记延迟告知；该办件现有查询 {count} 次。"
    if not count:
        said += " If the case was asked for already, its number is another: end this order and give that."
        said_zh += "如该办件已有查询，则办件号有误，请终止本决定并重新登记。"
    report(made, said, said_zh, as_json=as_json)


@app.command("end-deferral")
def end(
    deferral: Annotated[str, typer.Argument(help="Id of the order (def_…).")],
    hub: HubAddress,
    party: CallingParty,
    key: CallingKey,
    as_json: AsJson = False,
) -> None:
    """The secrecy of that order's case ends now 终止延迟告知."""
    with calling(hub, party, key) as channel:
        made = channel.told("POST", f"/v1/deferrals/{deferral}/end")
    report(made, f"The secrecy of case {made['case']} is over.", "延迟告知已终止。", as_json=as_json)


@app.command()
def deferrals(hub: HubAddress, party: CallingParty, key: CallingKey, as_json: AsJson = False) -> None:
    """Every order, for auditors and the authority 列出延迟告知."""
    with calling(hub, party, key) as channel:
        found = channel.told("GET", "/v1/audit/deferrals")
    if as_json:
        print_json(found)
    else:
        print_lines(found, "deferral", "consumer", "case", "until", "ordered_by", "ended_at")


@app.command()
def erase(
    hub: HubAddress,
    party: CallingParty,
    key: CallingKey,
    before: Annotated[str, typer.Option(help="What is older than this instant, such as 2023-01-01T00:00:00+08:00.")],
    basis: Annotated[str, typer.Option(help="The provision or decision that orders it; kept sealed.")],
    person: Annotated[str | None, typer.Option("--person", help=PERSON_HELP)] = None,
    exchange: Annotated[str | None, typer.Option(help="Or the subject of this exchange (xch_…).")] = None,
    as_json: AsJson = False,
) -> None:
    """The authority has a subject's payloads and salts erased; the log stays whole, the view says so 依法删除."""
    wanted: dict[str, Any] = {"before": before, "basis": basis}
    wanted |= {"person": _person(person)} if person else {}
    wanted |= {"exchange": exchange} if exchange else {}
    with calling(hub, party, key) as channel:
        made = channel.told("POST", "/v1/erasures", json=wanted)
    said = f"Erased: {made['exchanges']} exchanges, {made['evidence']} pieces of evidence."
    report(made, said, "已依法删除。", as_json=as_json)
