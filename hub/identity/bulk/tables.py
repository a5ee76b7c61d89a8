"""Rows made in Python as tables of the database, by the thousand."""

from collections.abc import Sequence

import numpy as np

from hub.identity.bulk.opening import Connection


def text_table(con: Connection, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Temporary table ``name`` of texts."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({', '.join(f'{column} VARCHAR' for column in columns)})")
    if rows:
        arrays = {column: np.array([row[at] for row in rows], dtype=object) for at, column in enumerate(columns)}
        con.register("incoming", arrays)
        con.execute(f"INSERT INTO {name} SELECT {', '.join(columns)} FROM incoming")
        con.unregister("incoming")
