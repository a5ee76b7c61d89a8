"""Values that too many share 高频值: a placeholder, an office's phone, a dormitory; they say nothing of anybody."""

from collections.abc import Collection, Sequence
from typing import Final

from hub.identity.bulk.tables import Connection, sorted_numbers
from hub.identity.compare import Traits
from hub.identity.modelfile import Model

NUMBERS: Final = ("number", "credit", "organisation", "registration")
SHARED: Final = (*NUMBERS, "phone", "address")


def silence(con: Connection, model: Model) -> None:
    """Table ``traits`` has nothing any longer where more names than the model's cap share a number, phone or address.

    What such a number tells, its state and a birth date, is gone with it.
    """
    for column in SHARED:
        if column in model.columns and _is_shared(con, column, model.key_cap):
            con.execute(
                f"UPDATE traits SET {_emptied(column, model)} WHERE {column} IN (SELECT {column} FROM traits WHERE"
                f" {column} IN (SELECT {column} FROM traits WHERE {column} <> '' GROUP BY {column}"
                f" HAVING count(*) > {model.key_cap}) GROUP BY {column} HAVING count(DISTINCT name) > {model.key_cap})"
            )


def _is_shared(con: Connection, column: str, cap: int) -> bool:
    """True when more records than that share some value; it costs a fifth of asking which."""
    digests = sorted_numbers(con, f"SELECT hash({column}) FROM traits WHERE {column} <> ''")
    return bool((digests[cap:] == digests[: len(digests) - cap]).any()) if len(digests) > cap else False


def silenced(columns: Sequence[str], traits: Traits, frequent: Collection[tuple[str, str]]) -> Traits:
    """The same for one record, when the values that too many share are known by column."""
    found = [(column, value) for column, value in zip(columns, traits, strict=True) if (column, value) in frequent]
    if not found:
        return traits
    said = dict(zip(columns, traits, strict=True))
    for column, _ in found:
        said |= {column: ""} | ({f"{column}_state": ""} if f"{column}_state" in said else {})
        said |= {"born": said["birth"]} if column == "number" and "born" in said else {}
    return tuple(said.values())


def _emptied(column: str, model: Model) -> str:
    emptied = [f"{column} = ''"]
    if f"{column}_state" in model.columns:
        emptied.append(f"{column}_state = ''")
    if column == "number" and "born" in model.columns:
        emptied.append("born = birth")
    return ", ".join(emptied)
