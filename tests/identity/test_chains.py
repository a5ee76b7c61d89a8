"""Chains without a number: what they come to is the same in whatever order the records stand in the file."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hub.identity.bulk.filing import resolve_file
from tests.identity.test_bulk import MODELS, OPTIONS, groups, write

Rows = Sequence[Mapping[str, Any]]


def household(chance: random.Random) -> list[dict[str, Any]]:
    """Ten records without a number about people of one house who are nearly called the same: kin, twins, namesakes."""
    surname, given = chance.choice("王李张"), chance.choice(("伟强", "秀英", "海涛"))
    names = [surname + given, surname + given[0] + chance.choice("华明军"), surname + given[::-1], surname + given[0]]
    births = ["1980-05-06", "1980-06-05", "1981-05-06", "1980-05-16", "1952-11-23", "1980-01-01", ""]
    choices = {
        "name": names,
        "birth_date": births,
        "sex": ["1", "2", "1", ""],
        "phone": ["1380000", "1390000", ""],
        "address": ["文三路1号2幢301室", "文三路9号1幢502室", ""],
        "region_code": ["330106", "330102", ""],
    }
    return [
        {field: chance.choice(values) for field, values in choices.items()}
        | {"source": chance.choice(("civil_affairs/residents", "elsewhere", "elsewhere"))}
        for _ in range(10)
    ]


def at_once(tmp_path: Path, rows: Rows) -> list[list[str]]:
    """The subjects, each as what its records say: of two that say the very same either may be a subject's."""
    out = tmp_path / "out.parquet"
    resolve_file(write(tmp_path / "in.csv", rows), out, MODELS, OPTIONS)
    said = {row["record_id"]: str([row[each] for each in sorted(row) if each != "record_id"]) for row in rows}
    found = groups(duckdb.execute(f"SELECT record_id, subject FROM '{out}'").fetchall())
    return sorted(sorted(said[record] for record in group) for group in found)


@pytest.mark.parametrize("seed", range(3))
def test_a_file_in_any_order_comes_to_the_same_subjects(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # made-up people
    rows = [
        row | {"record_id": f"r{house}-{place}", "region_code": f"33{house:04}" if row["region_code"] else ""}
        | {each: f"{row[each]}{house}" for each in ("phone", "address") if row[each]}
        for house in range(300)
        for place, row in enumerate(household(chance))
    ]  # fmt: skip
    expected = at_once(tmp_path, rows)
    assert sum(len(group) > 2 for group in expected) > 20
    for _ in range(2):
        chance.shuffle(rows)
        assert at_once(tmp_path, rows) == expected
