"""`hub audit search|flags|export-exchanges`: what an auditor looks for at a hub, over its interface, reading only."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.calling import CallingKey, CallingParty, HubAddress, calling, fetched
from hub.cli.exported import check, digest_of, keep_proof
from hub.cli.telling import AsJson, print_json, print_lines, say
from hub.client.channel import Channel
from hub.errors import Broken, Malformed

Since = Annotated[str | None, typer.Option(help="From this instant on, such as 2026-03-01T00:00:00+08:00.")]
Until = Annotated[str | None, typer.Option(help="Before this instant; without a period, the last thirty days.")]
Consumer = Annotated[str | None, typer.Option(help="Who asked, such as svc:low-income-aid.")]
Provider = Annotated[str | None, typer.Option(help="Whose evidence was released, such as dept:land.")]
Matter = Annotated[str | None, typer.Option(help="For which matter.")]
Case = Annotated[str | None, typer.Option(help="For which case, by the consumer's own number.")]
Outcome = Annotated[str | None, typer.Option(help="released, partial or refused.")]
Pairwise = Annotated[str | None, typer.Option(help="About whom, by the consumer's own id.")]
Kind = Annotated[str | None, typer.Option("--type", help="For which type of evidence or statement (its vct).")]
SHOWN = ("at", "consumer", "matter", "case", "outcome", "reason", "pairwise", "officer", "exchange")
FORMATS = ("csv", "parquet")


def add_commands(app: typer.Typer) -> None:
    """The auditor's commands are in ``app`` afterwards."""
    app.command()(search)
    app.command()(flags)
    app.command("export-exchanges")(export)
    app.command("check-export")(check)


def search(
    hub: HubAddress,
    party: CallingParty,
    key: CallingKey,
    since: Since = None,
    until: Until = None,
    consumer: Consumer = None,
    provider: Provider = None,
    matter: Matter = None,
    case: Case = None,
    outcome: Outcome = None,
    pairwise: Pairwise = None,
    kind: Kind = None,
    limit: Annotated[int, typer.Option(min=1, help="How many exchanges at most, the newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Find exchanges by consumer, provider, matter, case, period, outcome, type, pairwise id 检索数据交换."""
    asked = _asked(since=since, until=until, consumer=consumer, provider=provider, matter=matter, case=case)
    asked |= _asked(outcome=outcome, pairwise=pairwise, type=kind)
    with calling(hub, party, key) as channel:
        found = list(_found(channel, asked, limit))
    if as_json:
        print_json(found)
    else:
        print_lines(found, *SHOWN)


def _asked(**criteria: str | None) -> dict[str, str]:
    return {name: value for name, value in criteria.items() if value is not None}


def _found(channel: Channel, asked: dict[str, str], limit: int) -> Iterator[dict[str, Any]]:
    after: dict[str, str] = {}
    left = limit
    while left > 0:
        params = {**asked, **after, "limit": str(min(left, 500))}
        page = channel.told("GET", "/v1/audit/exchanges", params=params)
        yield from page["exchanges"]
        left -= len(page["exchanges"])
        if page["next"] is None:
            return
        after = {"after": page["next"]}


def flags(
    hub: HubAddress,
    party: CallingParty,
    key: CallingKey,
    since: Since = None,
    until: Until = None,
    consumer: Consumer = None,
    rules: Annotated[bool, typer.Option("--rules", help="Print the rules in force instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Unusual patterns by stated rules, each explained; what to look at, not who is guilty 异常查询提示."""
    with calling(hub, party, key) as channel:
        if rules:
            print_json(channel.told("GET", "/v1/audit/flag-rules"))
            return
        params = _asked(since=since, until=until, consumer=consumer)
        page = channel.told("GET", "/v1/audit/flags", params=params)
    if as_json:
        print_json(page)
        return
    for flag in page["flags"]:
        typer.echo(f"{flag['rule']}: {flag['consumer']} {flag['officer'] or ''} {flag['since']} – {flag['until']}")
        typer.echo(f"  {flag['en']}\n  {flag['zh']}")
        typer.echo(f"  {' '.join(flag['exchanges'])}")
    cut = " There are more; narrow the period or name a consumer." if page["is_cut"] else ""
    say(f"{len(page['flags'])} patterns flagged.{cut}", f"共提示 {len(page['flags'])} 项。")


def export(
    file: Annotated[Path, typer.Argument(help="New file; its ending says how: .csv or .parquet.")],
    hub: HubAddress,
    party: CallingParty,
    key: CallingKey,
    since: Annotated[str, typer.Option(help="From this instant on, such as 2026-03-01T00:00:00+08:00.")],
    until: Annotated[str, typer.Option(help="Before this instant.")],
    consumer: Consumer = None,
    provider: Provider = None,
    matter: Matter = None,
    case: Case = None,
    outcome: Outcome = None,
    pairwise: Pairwise = None,
    kind: Kind = None,
    as_json: AsJson = False,
) -> None:
    """Export what a search finds; the file's digest is an entry of the log 导出数据交换记录."""
    if (form := file.suffix.removeprefix(".")) not in FORMATS:
        raise Malformed(
            "cli.export-file", "Name a file that ends in .csv or .parquet.", "文件名须以 .csv 或 .parquet 结尾。"
        )
    wanted = _asked(since=since, until=until, consumer=consumer, provider=provider, matter=matter, case=case)
    wanted |= _asked(outcome=outcome, pairwise=pairwise, type=kind, format=form)
    with calling(hub, party, key) as channel:
        made = fetched(channel, f"{hub.rstrip('/')}/v1/audit/exports", wanted, file)
        digest = digest_of(file)
        if made["content-digest"] != f"sha-256=:{b64encode(digest).decode()}:":
            raise Broken(
                "cli.export-differs",
                "The file is not what the log names; export again.",
                "文件与日志所记不符；请重新导出。",
            )
        proof = keep_proof(channel, file, made["x-log-entry"])
    told = {"file": str(file), "rows": int(made["x-rows"]), "sha256": digest.hex(), "proof": str(proof)}
    told["entry"] = made["x-log-entry"]
    if as_json:
        print_json(told)
    else:
        say(f"{told['rows']} exchanges in {file}, SHA-256 {told['sha256']}, log entry {told['entry']}.", "已导出。")
