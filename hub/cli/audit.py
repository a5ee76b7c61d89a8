"""`hub audit`: the log is re-derived from its entries, wherever they are read from, trusting public keys only."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from hub.audit.dump import DumpReader
from hub.audit.readers import DatabaseReader, DirectoryReader, HttpReader, LogReader, export_tiles
from hub.audit.refusals import no_quorum
from hub.audit.verify import Verified, verify_log
from hub.cli.auditing import add_commands
from hub.cli.files import content_of
from hub.cli.logkeys import LogKey, check_keys, trusted_log
from hub.cli.roof import built, current_settings, opened
from hub.cli.telling import AsJson, print_json, report
from hub.client.channel import Channel, Identity
from hub.errors import Malformed, Refused
from hub.proof.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from hub.proof.keys import FileSigner
from hub.proof.note import NoteSigner, NoteVerifier
from hub.proof.pkcs11 import open_signer
from hub.proof.policy import LogPolicy

app = typer.Typer(no_args_is_help=True, help="Verify the log, show its checkpoint, prove an entry. 审计日志")
add_commands(app)

MAX_FILE_BYTES = 4 * 1024 * 1024
HTTP_SECONDS = 30.0
Hub = Annotated[str | None, typer.Option(help="Read a live hub at this address instead of the database of HUB_*.")]
Tiles = Annotated[
    Path | None, typer.Option("--tiles", help="Read a folder of tiles instead.", exists=True, file_okay=False)
]
Dump = Annotated[
    Path | None, typer.Option(help="Read a database dump (pg_dump, any format) instead: no database is needed.")
]
Party = Annotated[str | None, typer.Option(help="With --hub: the auditor's party id, for the entries.")]
Key = Annotated[Path | None, typer.Option("--key", help="With --party: PEM file of its private key.", dir_okay=False)]


@app.command()
def verify(
    hub: Hub = None,
    tiles: Tiles = None,
    dump: Dump = None,
    pg_restore: Annotated[str, typer.Option(help="With --dump: the pg_restore for dumps not plain.")] = "pg_restore",
    party: Party = None,
    key: Key = None,
    policy: Annotated[
        Path | None, typer.Option(help="Trust policy; needed unless the hub of HUB_* is verified.", dir_okay=False)
    ] = None,
    authority_key: Annotated[
        Path | None, typer.Option(help="The authority's public key (JWK), when the policy is a signed one.")
    ] = None,
    log_key: LogKey = None,
    earlier: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint kept from before, such as a witness's; repeatable.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes that check entries; one for each processor without it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Re-derive the whole log; exit code 3 when anything was changed, naming what and where 核验日志."""
    check_keys(key, party=party, log_key=log_key, policy=policy)
    reading = _dumped(dump, pg_restore) if dump is not None else _reading(hub, tiles, (party, key))
    with reading as (reader, own), _bar() as progress:
        origin = partial(_origin, reader)
        trusted = trusted_log(policy, authority_key, log_key, origin=origin, own=own)
        task = progress.add_task("entries 条目", total=None)
        made = verify_log(
            reader,
            trusted,
            earlier=_signed(earlier, trusted.logs),
            progress=lambda entries: progress.update(task, completed=entries),
            processes=processes or os.cpu_count() or 1,
        )
    _tell(made, as_json=as_json)
    if not made.is_sound:
        raise Refused(
            "cli.log-not-sound",
            "The log is not what was signed; the findings say what was changed, and where.",
            "日志与已签名内容不符；改动了什么、在何处，见上列发现。",
            findings=len(made.findings),
        )


def _signed(files: list[Path] | None, logs: Sequence[NoteVerifier]) -> list[Checkpoint]:
    """Checkpoints kept from before; one that claims to be of the log must be signed by it to count against it."""
    return [
        verify_checkpoint(content_of(path, most_bytes=MAX_FILE_BYTES), logs)
        if kept.origin in {log.name for log in logs}
        else kept
        for path, kept in zip(files or [], _kept(files), strict=True)
    ]


def _kept(files: list[Path] | None) -> list[Checkpoint]:
    return [parse_checkpoint(content_of(path, most_bytes=MAX_FILE_BYTES))[1] for path in files or []]


@contextmanager
def _dumped(dump: Path, pg_restore: str) -> Iterator[tuple[LogReader, LogPolicy | None]]:
    with DumpReader(dump, pg_restore=pg_restore) as reader:
        yield reader, None


@contextmanager
def _reading(
    hub: str | None, tiles: Path | None, auditor: tuple[str | None, Path | None]
) -> Iterator[tuple[LogReader, LogPolicy | None]]:
    """The reader, and the policy that this installation's own settings imply, if they are used."""
    if tiles is not None:
        yield DirectoryReader(tiles), None
    elif hub is not None:
        with httpx.Client(timeout=HTTP_SECONDS) as client:
            yield HttpReader(f"{hub.rstrip('/')}/log", token=_token(hub, *auditor), client=client), None
    else:
        with opened() as running:
            own = LogPolicy((NoteVerifier.from_vkey(running.log_vkey),))
            yield DatabaseReader(running.database, running.log_origin), own


def _token(hub: str, party: str | None, key: Path | None) -> str | None:
    if party is None or key is None:
        return None
    signer = FileSigner.from_pem(content_of(key, most_bytes=MAX_FILE_BYTES))
    with Channel(hub, Identity(party, signer, "")) as plain:
        hub_id = plain.hub_named_there()
    with Channel(hub, Identity(party, signer, hub_id)) as channel:
        return channel.access_token()


def _origin(reader: LogReader) -> str:
    return parse_checkpoint(reader.checkpoint())[1].origin


def _bar() -> Progress:
    columns = (TextColumn("{task.description} {task.completed:,.0f}"), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _tell(made: Verified, *, as_json: bool) -> None:
    if as_json:
        findings = [asdict(finding) for finding in made.findings]
        told = {
            "origin": made.origin,
            "size": made.size,
            "cosigned": made.cosigned,
            "root": made.root.hex(),
            "sound": made.is_sound,
        }
        print_json(told | {"steps": list(made.steps), "findings": findings})
        return
    typer.echo(f"{made.origin}: {made.size} entries, root {made.root.hex()}")
    for line in made.lines():
        typer.echo(line)


@app.command()
def checkpoint(
    witnessed: Annotated[bool, typer.Option("--witnessed", help="The newest that the quorum cosigned.")] = False,
    hub: Hub = None,
) -> None:
    """Print the newest signed checkpoint 检查点."""
    if hub is not None:
        with _there(hub) as reader:
            note = reader.witnessed_checkpoint() if witnessed else reader.checkpoint()
            if note is None:
                raise no_quorum()
            typer.echo(note.decode(), nl=False)
        return
    with opened() as running:
        typer.echo(running.log.checkpoint(is_witnessed=witnessed), nl=False)


@app.command()
def prove(
    entry: Annotated[str, typer.Argument(help="Id (ent_…) or index of the entry.")],
    witnessed: Annotated[
        bool, typer.Option("--witnessed", help="Under a checkpoint that the quorum cosigned.")
    ] = False,
    content: Annotated[bool, typer.Option("--content", help="Print the entry instead of its proof.")] = False,
    hub: Hub = None,
) -> None:
    """Print the receipt of an entry, or the entry 回执."""
    place: str | int = int(entry) if entry.isdecimal() else entry
    if hub is not None:
        _only_receipts(witnessed=witnessed, content=content)
        with _there(hub) as reader:
            typer.echo(reader.receipt(place).decode(), nl=False)
        return
    with opened() as running:
        if content:
            typer.echo(running.log.entry_at(running.log.prove(place).index).decode())
        else:
            typer.echo(running.log.prove(place, is_witnessed=witnessed).proof_text, nl=False)


def _only_receipts(*, witnessed: bool, content: bool) -> None:
    if witnessed or content:
        raise Malformed(
            "cli.only-receipts",
            "A live hub gives a cosigned receipt where it has one; --witnessed and --content need its database, "
            "and entries come with `hub audit export`.",
            "运行中的枢纽在已有共签时给出共签的回执；--witnessed 与 --content 需要数据库，"
            "条目请用 hub audit export 取得。",
        )


@contextmanager
def _there(hub: str) -> Iterator[HttpReader]:
    with httpx.Client(timeout=HTTP_SECONDS) as client:
        yield HttpReader(f"{hub.rstrip('/')}/log", client=client)


@app.command()
def vkey() -> None:
    """Print the log's verifier key, as trust policies and witnesses name it 日志核验密钥."""
    settings = current_settings()  # the hub as a whole may be broken: the key is not
    typer.echo(NoteSigner(settings.log_origin, open_signer(settings.log_key, settings.device)).verifier.vkey)


@app.command("adopt")
def take_over(
    earlier: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint of this log kept elsewhere, such as by a node; repeatable.")
    ] = None,
    without_witnesses: Annotated[
        bool, typer.Option("--without-witnesses", help="This log has no witnesses to ask.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let this new node sign on from what other nodes published, if nothing speaks against it 接续日志."""
    with opened() as running:
        made = running.log.adopt(_kept(earlier), is_alone=without_witnesses)
    told = {"origin": made.origin, "size": made.size, "root": made.root.hex()}
    said = f"This node signs on from {made.size} entries of {made.origin}."
    report(told, said, "本节点将由此接续签名。", as_json=as_json)


@app.command()
def reopen(as_json: AsJson = False) -> None:
    """Begin a new log, named by HUB_LOG_ORIGIN, with what is left of one that cannot go on 另立日志."""
    with closing(built()) as running:
        made = running.reopen_log()
        origin = running.log_origin
    report(
        {"origin": origin, "after": made.after, "size": made.size},
        f"{origin} begins with {made.size} entries of {made.after}, which has ended. Start the hub, and tell "
        "authority, auditors and witnesses the new name and key.",
        "新日志已由原日志余下的条目建立，原日志就此终止。请启动枢纽，并将新名称和公钥告知主管部门、审计员和见证方。",
        as_json=as_json,
    )


@app.command()
def export(
    directory: Annotated[Path, typer.Argument(help="Folder that holds the log as C2SP tiles afterwards.")],
    hub: Hub = None,
    party: Party = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Copy the log as tiles, for an auditor's own disk; run again, it grows 导出日志."""
    with _reading(hub, None, (party, key)) as (reader, _own):
        size, files = export_tiles(reader, directory)
    told = {"directory": str(directory), "size": size, "files": files}
    report(told, f"{files} files written to {directory}.", "日志已导出。", as_json=as_json)
