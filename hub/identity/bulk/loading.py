"""Mentions of an index as rows of traits for a bulk run: what intake read, not read again."""

from collections.abc import Iterable, Sequence

import numpy as np

from hub.identity.bulk.frequent import silence
from hub.identity.bulk.tables import Connection
from hub.identity.compare import LIST_MARK, Traits
from hub.identity.modelfile import Model
from hub.identity.traits import sorted_sound

_CHUNK = 50_000


def load_traits(con: Connection, model: Model, rows: Iterable[tuple[str, Traits]]) -> None:
    """Table ``traits`` and view ``called`` as reading a file leaves them; ``n`` counts the rows from 0."""
    columns = ", ".join(f'"{each}" VARCHAR' for each in model.columns)
    con.execute(f"CREATE OR REPLACE TABLE traits (n BIGINT, record_id VARCHAR, sorted_sound VARCHAR, {columns})")
    con.execute("CREATE OR REPLACE TABLE formers (n BIGINT, name VARCHAR, sorted_sound VARCHAR)")
    chunk: list[tuple[str, Traits]] = []
    start = 0
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            _insert(con, model, start, chunk)
            start, chunk = start + len(chunk), []
    _insert(con, model, start, chunk)
    con.execute(
        "CREATE OR REPLACE TEMP VIEW called AS SELECT * FROM traits UNION ALL SELECT t.* REPLACE (f.name AS name,"
        " f.sorted_sound AS sorted_sound) FROM traits t JOIN formers f USING (n)"
    )
    silence(con, model)


def _insert(con: Connection, model: Model, start: int, chunk: Sequence[tuple[str, Traits]]) -> None:
    places = {column: place for place, column in enumerate(model.columns)}
    name, former = places["name"], places.get("former")
    numbers = range(start, start + len(chunk))
    values = [(record, sorted_sound(traits[name]), *traits) for record, traits in chunk]
    _append(con, "traits", ("record_id", "sorted_sound", *model.columns), numbers, values)
    if former is not None:
        others = [
            (number, each)
            for number, (_, traits) in zip(numbers, chunk, strict=True)
            for each in traits[former].split(LIST_MARK)
            if each
        ]
        called = [(each, sorted_sound(each)) for _, each in others]
        _append(con, "formers", ("name", "sorted_sound"), [number for number, _ in others], called)


def _append(
    con: Connection, table: str, columns: Sequence[str], numbers: Sequence[int], rows: Sequence[Sequence[str]]
) -> None:
    if not rows:
        return
    arrays = {column: np.array([row[at] for row in rows], dtype=object) for at, column in enumerate(columns)}
    con.register("incoming", {"n": np.array(numbers, dtype=np.int64), **arrays})
    quoted = ", ".join(f'"{each}"' for each in columns)
    con.execute(f"INSERT INTO {table} SELECT n, {quoted} FROM incoming")
    con.unregister("incoming")
