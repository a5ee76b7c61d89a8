"""`hub demo`: everything on this machine, embedded, on an invented county; ends in a verified bundle, then serves."""

import signal
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hub.api.logs import start_logging
from hub.cli.exits import INTERRUPTED
from hub.cli.roof import built_from
from hub.cli.telling import print_json
from hub.demo.show import Narrator
from hub.demo.stage import Stage
from hub.demo.story import Wish, tell

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the story instead of serving.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write what happened as figures; - prints them.", dir_okay=False)
    ] = None,
    residents: Annotated[int, typer.Option(min=60, help="Residents of the invented county.")] = 3000,
    organisations: Annotated[int, typer.Option(min=0, help="Organisations of the invented county.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed makes the same county.")] = 20251,
    directory: Annotated[Path, typer.Option(help="Where keys, registries, bundle and figures go.")] = Path("var/demo"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the hub; 0 takes any free one.")] = 8080,
) -> None:
    """Five simulated registries in, one verified bundle out; then serve until stopped 演示全流程."""
    start_logging("warning")
    narrator = Narrator()
    to_screen = json_file is not None and str(json_file) == "-"
    wish = Wish(directory, residents, organisations, seed, port, None if to_screen else json_file)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        figures = tell(wish, narrator, built_from, _nothing if once else _Serving(narrator))
    except KeyboardInterrupt:
        narrator.say("Stopped; everything that was started is down.", "已停止，启动的服务均已关闭。")
        raise typer.Exit(INTERRUPTED) from None
    if to_screen:
        print_json(asdict(figures))


def _nothing(_stage: Stage) -> None:
    """The demo ends."""


class _Serving:
    """Keeps everything up until the keyboard interrupts."""

    def __init__(self, narrator: Narrator) -> None:
        self._narrator = narrator

    def __call__(self, stage: Stage) -> None:
        self._narrator.say(
            f"Serving at {stage.url} (interface description: {stage.url}/openapi.json, verifier: {stage.url}/verify/). "
            "Ctrl-C ends.",
            "服务中，按 Ctrl-C 结束。",
        )
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
