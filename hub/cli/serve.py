"""`hub serve`: the HTTP interface over one hub, by one process or several."""

import gc
from typing import TYPE_CHECKING, Annotated, Final

import typer
from starlette.types import ASGIApp

from hub.api.app import application
from hub.api.heads import bounded
from hub.api.logs import start_logging
from hub.api.workers import end_with_parent
from hub.api.workers import serve as serve_by
from hub.cli.roof import built, current_settings, metrics_shared, opened, settings_to_serve
from hub.storage.database import Database
from hub.storage.migrate import migrate

if TYPE_CHECKING:
    from hub.api.rooms import Hub

GARBAGE_OBJECTS: Final = 20_000
"""New objects between two collections of the youngest; an exchange makes some hundreds that die by themselves."""

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; HUB_HOST by default.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; HUB_PORT by default.", min=0, max=65535)] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; HUB_WORKERS by default.", min=1, max=256)] = None,
) -> None:
    """Serve until stopped; every process of every node may serve the same database. 启动服务."""
    settings = settings_to_serve()
    start_logging(settings.log_level)
    database = Database(settings.database_url)
    migrate(database)
    database.close()
    with opened(settings) as own:
        own.party_service.introduce(own.signer.public)
    number = workers or settings.workers
    with metrics_shared(number):
        choices = {
            "app": "hub.cli.serve:worker",
            "factory": True,
            "host": host or settings.host,
            "port": settings.port if port is None else port,
            "timeout_graceful_shutdown": 20,
            **bounded(),
        }
        serve_by(choices, workers=number)


def worker() -> ASGIApp:
    """The application of one worker process."""
    end_with_parent()
    settings = current_settings()
    start_logging(settings.log_level)
    return application(_built_to_stay, settings.limits, several_processes=settings.metrics_dir is not None)


def _built_to_stay() -> "Hub":
    """The hub of this process, whose parts the collector of garbage never looks at again: they live as long as it does.

    Measured: a twentieth of an exchange's processor time went into walking over what was built at the start.
    """
    hub = built()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)
    return hub
