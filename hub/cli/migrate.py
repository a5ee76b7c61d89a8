"""`hub migrate`: the database's shape is what this program expects; `hub serve` does the same when it starts."""

from typing import Annotated

import typer

from hub.cli.roof import current_settings, load_tables
from hub.cli.telling import AsJson, print_json, say
from hub.storage.database import Database
from hub.storage.metadata import Row
from hub.storage.migrate import migrate as bring_up_to_date
from hub.storage.migrate import newest_revision, write_revision

app = typer.Typer(add_completion=False)


@app.command()
def migrate(
    write: Annotated[
        str | None,
        typer.Option(help="For developers: write the next migration, from what the database has to what tables say."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring the database at HUB_DATABASE_URL up to date, one node at a time 升级数据库结构."""
    database = Database(current_settings().database_url)
    try:
        revision = bring_up_to_date(database)
        if write is not None:
            load_tables()
            revision = f"{int(newest_revision() or '0') + 1:04d}"
            write_revision(database, Row.metadata, write, revision)
    finally:
        database.close()
    if as_json:
        print_json({"revision": revision})
    else:
        say(f"The newest revision is {revision}.", f"最新数据库版本为 {revision}。")
