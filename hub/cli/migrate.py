"""`hub migrate`: the database's shape is what this program expects; `hub serve` does the same when it starts."""

from typing import Annotated

import typer

from hub.cli.roof import current_settings
from hub.cli.telling import print_json, say
from hub.storage.database import Database
from hub.storage.migrate import migrate as bring_up_to_date

app = typer.Typer()


@app.command()
def migrate(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Bring the database at HUB_DATABASE_URL up to date, one node at a time. 升级数据库结构."""
    database = Database(current_settings().database_url)
    try:
        revision = bring_up_to_date(database)
    finally:
        database.close()
    if as_json:
        print_json({"revision": revision})
    else:
        say(f"The database has revision {revision}.", f"数据库版本为 {revision}。")
