"""The columns the peer compares, made with our own kernel so that both sides see the same normal forms."""

from pathlib import Path

import duckdb

from hub.kernel.codes import parse_identifier
from hub.kernel.names import name_key, normal_person_name, pinyin_key


def _name_row(name: str) -> tuple[str, str, str, str]:
    kept = normal_person_name(name).name
    key = name_key(kept)
    return name, key, pinyin_key(kept), "".join(sorted(key))


def _number_row(number: str) -> tuple[str, str | None, bool]:
    read = parse_identifier(number)
    return number, read.value if read else None, bool(read and read.valid)


def normalise(source: Path, out: Path) -> Path:
    """``out`` (Parquet) holds ``source`` with normal names and numbers afterwards; empty texts become NULL."""
    con = duckdb.connect()
    con.execute(f"CREATE TABLE raw AS SELECT * FROM '{source}'")
    _table(con, "names (name VARCHAR, name_key VARCHAR, pinyin_key VARCHAR, sorted_key VARCHAR)", "name", _name_row)
    _table(con, "numbers (id_number VARCHAR, number VARCHAR, number_valid BOOLEAN)", "id_number", _number_row)
    con.execute(
        "COPY (SELECT record_id, source, name_key, pinyin_key, sorted_key, number, number_valid, region_code,"
        " nullif(birth_date, '') birth_date, nullif(sex, '0') sex, nullif(phone, '') phone, address, person"
        f" FROM raw JOIN names USING (name) JOIN numbers USING (id_number)) TO '{out}' (FORMAT parquet)"
    )
    con.close()
    return out


def _table(con: duckdb.DuckDBPyConnection, shape: str, column: str, row: object) -> None:
    import numpy as np

    values = [value for (value,) in con.execute(f"SELECT DISTINCT {column} FROM raw").fetchall()]
    made = list(zip(*(row(value) for value in values), strict=True))  # type: ignore[operator]
    table, fields = shape.split(" ", 1)
    names = [one.split()[0] for one in fields.strip("()").split(", ")]
    con.register("made", {name: np.array(part, dtype=object) for name, part in zip(names, made, strict=True)})
    con.execute(f"CREATE TABLE {shape}")
    con.execute(f"INSERT INTO {table} SELECT * FROM made")
    con.unregister("made")
