"""`hub push`: an adapter's run 推送, at the department: reads the registry, signs its records, pushes them."""

import secrets
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from adapters.agent.model import Progress as Told
from adapters.agent.model import PushReport
from adapters.agent.push import RECORD_KEY_BYTES, Options
from adapters.agent.push import push as push_registry
from hub.cli.calling import DepartmentHub, DepartmentKey, RegistryName
from hub.cli.files import content_of, keep_private
from hub.cli.roof import signer_for
from hub.cli.telling import print_json, print_lines, say
from hub.errors import Malformed
from hub.proof.encoding import b64url, b64url_decode
from hub.proof.keyreference import is_in_device

app = typer.Typer(add_completion=False)
MAX_KEY_BYTES = 4096
_MOST_NAMED = 20


@app.command()
def push(
    registry: RegistryName,
    source: Annotated[str, typer.Option(help="Database URL, HTTP address, folder or file.")],
    hub: DepartmentHub,
    key: DepartmentKey,
    mapping: Annotated[
        Path | None, typer.Option(help="Mapping file; the registry's default without it.", dir_okay=False)
    ] = None,
    record_key: Annotated[
        Path | None,
        typer.Option(
            help="File with 32 secret bytes in base64url that name records; kept beside the key and made when missing."
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Read a delta from this local time, instead of where the last run ended.")
    ] = None,
    hub_id: Annotated[str | None, typer.Option(help="The hub's id; asked from the hub without it.")] = None,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Let an export without a record withdraw everything.")
    ] = False,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Let an export with less than half of its records withdraw the rest.")
    ] = False,
    new_names: Annotated[
        bool,
        typer.Option(
            "--new-names", help="Let every record come under a new name: after the loss of the record key, once."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Everything the source holds is at the hub afterwards; run again after any fault 推送登记库."""
    signer = signer_for(key)
    chosen = Options(
        hub_id=hub_id, allow_empty=allow_empty, allow_shrink=allow_shrink, new_names=new_names, waiting=_say_waiting
    )
    with _bars() as bars:
        report = push_registry(
            registry,
            source,
            hub_url=hub,
            signer=signer,
            record_key=_record_key(record_key or _beside(key)),
            mapping=mapping,
            since=since,
            progress=_Teller(bars),
            options=chosen,
        )
    if as_json:
        print_json(report.to_json())
    else:
        _tell(report)


def _say_waiting() -> None:
    say("The hub does not answer now; this run waits and tries again.", "枢纽暂无应答，正在等待并重试。")


def _beside(key: str) -> Path:
    if is_in_device(key):
        raise Malformed(
            "cli.record-key-place",
            "For a key in a device name the file of the record key: --record-key.",
            "密钥在设备中时请用 --record-key 指定记录密钥文件。",
        )
    return Path(key).with_suffix(".record-key")


def _record_key(path: Path) -> bytes:
    if not path.exists():
        keep_private(path, (b64url(secrets.token_bytes(RECORD_KEY_BYTES)) + "\n").encode())
        say(f"{path} was made; keep it with the key.", "已生成记录密钥，请与私钥一同保管。")
    try:
        key = b64url_decode(content_of(path, most_bytes=MAX_KEY_BYTES).strip())
    except Malformed:
        key = b""
    if len(key) != RECORD_KEY_BYTES:
        raise Malformed(
            "cli.record-key",
            "The file does not hold 32 bytes in base64url.",
            "文件内容不是 32 字节的 base64url。",
            path=str(path),
        )
    return key


def _bars() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:,.0f} rows 行  {task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())


class _Teller:
    """Shows how far each stage of each export is."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[tuple[str, str], Any] = {}

    def __call__(self, told: Told) -> None:
        stage = (told.export, told.stage)
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(f"{told.export} {told.stage}", total=None, rate=0.0)
        self._bars.update(self._tasks[stage], completed=told.rows, rate=told.rate)


def _tell(report: PushReport) -> None:
    rows = [
        {
            "export": each.export,
            "read": each.read,
            "accepted": each.accepted,
            "unchanged": each.unchanged,
            "withdrawn": each.withdrawn,
            "unusable": each.unusable,
            "batches": each.batches,
        }
        for each in report.exports
    ]
    print_lines(rows, "export", "read", "accepted", "unchanged", "withdrawn", "unusable", "batches")
    reasons = [{"reason": code, "rows": count} for code, count in sorted(report.reasons.items())]
    if reasons:
        print_lines(reasons, "reason", "rows")
    back = [one for each in report.exports for one in each.unusable_rows]
    for one in back[:_MOST_NAMED]:
        say(f"{one['table']}, row {one['row']}, {one['column'] or one['code']}: {one['en']}", one["zh"])
    if len(back) > _MOST_NAMED:
        say(
            f"{len(back) - _MOST_NAMED} or more rows also go back; --json names them.",
            "另有多行退回，用 --json 全部列出。",
        )
    for name in report.missing:
        say(
            f"not in this source: {name}; what the hub holds of it stays.", "数据源中没有此类登记，枢纽已有的保持不变。"
        )
    for each in report.ignored[:_MOST_NAMED]:
        say(f"not read: {each.get('name')}: {each.get('reason')}", "未读取。")
    if len(report.ignored) > _MOST_NAMED:
        say(
            f"not read: {len(report.ignored) - _MOST_NAMED} more; --json names all of them.",
            "另有多项未读取，用 --json 全部列出。",
        )
