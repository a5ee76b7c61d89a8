"""Whatever comes first: records one by one, in any order, come to the subjects that a bulk run makes of all."""

from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hub.identity.bulk.filing import resolve_file
from hub.identity.model import Mention
from hub.identity.service import IdentityService
from hub.storage.database import Database
from tests.identity.conftest import number_of
from tests.identity.test_bulk import MODELS, OPTIONS, fields_of, groups, write

Rows = Sequence[Mapping[str, Any]]
NUMBER, OTHER = number_of("1980-05-06", 11), number_of("1980-05-06", 35)
ZHANG = {"name": "张伟强", "birth_date": "1980-05-06"}

CONSTELLATIONS: Mapping[str, tuple[Rows, str]] = {
    "the number says that one of two names is new, and the phone knows the other": (
        (
            ZHANG | {"name": "张伟强(李红梅)", "id_number": NUMBER, "phone": "13800001111"},
            ZHANG | {"phone": "13800001111"},
            ZHANG | {"name": "李红梅", "id_number": NUMBER},
        ),
        "ac b",
    ),
    "somebody between two numbers": (
        (
            ZHANG | {"id_number": NUMBER, "phone": "13800001111"},
            ZHANG | {"phone": "13800001111", "address": "文三路1号2幢301室"},
            ZHANG | {"id_number": OTHER, "address": "文三路1号2幢301室"},
        ),
        "a b c",
    ),
    "somebody between two numbers, of which two records state one": (
        (
            ZHANG | {"id_number": NUMBER, "address": "文三路1号2幢301室"},
            {"name": "张伟强", "id_number": NUMBER, "phone": "13800001111"},
            ZHANG | {"phone": "13800001111", "address": "文三路1号2幢301室"},
            ZHANG | {"id_number": OTHER, "phone": "13800001111"},
        ),
        "ab c d",
    ),
}


def said_in(row: Mapping[str, Any]) -> Mention:
    name, _, former = row["name"].strip(")").partition("(")
    fields = fields_of(row) | {"name": name, "former_names": [former] if former else None}
    return Mention(row["record_id"], "file", "file", "self", "resident", fields, key=row["record_id"])


def at_once(tmp_path: Path, rows: Rows) -> set[frozenset[str]]:
    out = tmp_path / "out.parquet"
    resolve_file(write(tmp_path / "in.csv", rows), out, MODELS, OPTIONS)
    return groups(duckdb.execute(f"SELECT record_id, subject FROM '{out}'").fetchall())


@pytest.mark.parametrize("what", CONSTELLATIONS)
def test_a_few_records_in_every_order(tmp_path: Path, identity: IdentityService, database: Database, what: str) -> None:
    told, wanted = CONSTELLATIONS[what]
    rows = [row | {"record_id": chr(ord("a") + place)} for place, row in enumerate(told)]
    expected = {frozenset(group) for group in wanted.split()}
    assert at_once(tmp_path, rows) == expected
    for order in permutations(rows):
        with database.writing() as session:
            for row in order:
                identity.place(session, [said_in(row)])
            found = groups((each.key, each.subject) for each in identity.export(session))
            assert found == expected, "".join(row["record_id"] for row in order)
            session.rollback()
