"""The command line `hub` 命令行: every command by name; what a command needs is loaded only when it is called."""

import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, Final, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from hub.cli.exits import exit_code_of
from hub.cli.telling import tell_fault
from hub.errors import Broken, HubError


@dataclass(frozen=True)
class Command:
    """Where a command lives and the line that `hub --help` shows for it."""

    module: str
    line: str
    is_group: bool = False


COMMANDS: Final[dict[str, Command]] = {
    "demo": Command("demo", "The main job on simulated registries, ending in a verified bundle. 演示全流程"),
    "serve": Command("serve", "Serve the HTTP interface. 启动服务"),
    "push": Command("push", "Read a registry, sign its records and push them. 推送登记库"),
    "quarantine": Command("quarantine", "What a department's pushes left aside, and why. 问题数据"),
    "supplies": Command("supplies", "What cases ask this department to supply, and its answers. 应答调取"),
    "keys": Command("keys", "Generate, register, rotate and revoke keys. 密钥", is_group=True),
    "parties": Command("parties", "Departments, consumers and auditors. 参与方", is_group=True),
    "catalogue": Command("catalogue", "Load and show the catalogue and the grants. 目录与授权", is_group=True),
    "grants": Command("grants", "List, suspend, resume and end grants. 共享授权", is_group=True),
    "audit": Command("audit", "Verify the log, show its checkpoint, prove an entry. 审计日志", is_group=True),
    "view": Command("views", "The subject's view: open, verify, defer, erase. 查询记录", is_group=True),
    "verify": Command("verify", "Verify a bundle offline against a trust policy. 离线核验"),
    "witness": Command("witness", "Run a witness of the log. 见证方", is_group=True),
    "identity": Command("identity", "Resolve, review and export identities. 主体比对", is_group=True),
    "supervise": Command("supervise", "Lights, liabilities and what the reform spared. 电子监察"),
    "migrate": Command("migrate", "Bring the database's shape up to date. 升级数据库结构"),
}


class LazyCommands(TyperGroup):
    """The commands of `COMMANDS`; listing them loads none of them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order of the table, which is the order of a newcomer's questions."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A stand-in that has the name and the line; the command itself is loaded in ``resolve_command``."""
        del ctx
        command = COMMANDS.get(cmd_name)
        return command and TyperCommand(cmd_name, help=command.line)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that ``args`` begins with, loaded now."""
        name, stand_in, rest = super().resolve_command(ctx, args)
        return name, _loaded(name) if name in COMMANDS else stand_in, rest


def _loaded(name: str) -> Any:
    command = COMMANDS[name]
    app: typer.Typer = import_module(f"hub.cli.{command.module}").app
    loaded = typer.main.get_group(app) if command.is_group else typer.main.get_command(app)
    loaded.name = name
    return loaded


app = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    add_completion=False,
    help="A data-sharing hub: evidence is signed at its source, found, sealed, and disclosed for a named case. "
    "数据共享枢纽",
    epilog="Exit codes 退出码: 0 done 完成 · 1 fault, call an operator 故障 · 2 correct the input 输入有误 · "
    "3 the answer is no 拒绝或核验未通过 · 4 no such thing 不存在 · 5 read the current state first 冲突 · "
    "6 try later 稍后重试 · 130 interrupted 已中断. Every command takes --help; `make demo` is where to begin.",
)


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 - typer gives it in its place
    if wanted:
        typer.echo(version("evidence-hub"))
        raise typer.Exit


@app.callback()
def hub(
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the program's version.")
    ] = False,
) -> None:
    """Nothing is done before a command is named; what each exit code means stands below the list."""


def main() -> None:
    """Runs the command of this process and ends it with the exit code of what happened."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except HubError as fault:
        _end_with(fault)
    except OSError as fault:
        _end_with(_of_this_machine(fault))


def _end_with(fault: HubError) -> NoReturn:
    tell_fault(fault, as_json="--json" in sys.argv and "demo" not in sys.argv[:2])
    sys.exit(exit_code_of(fault))


def _of_this_machine(fault: OSError) -> Broken:
    """A disk that is full, a folder that is not there: what the system says, and not where in the program."""
    return Broken(
        "cli.system",
        f"This machine refuses it: {fault.strerror or type(fault).__name__}. Check path, permissions and free space.",
        "本机拒绝该操作；请检查路径、权限和磁盘空间。",
        path=fault.filename and str(fault.filename),
    )
