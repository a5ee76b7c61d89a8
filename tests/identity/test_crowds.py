"""Keys that more records share than can be compared two by two: nobody is lost, nobody mixed, the work is bounded."""

import random
from collections.abc import Mapping, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from hub.identity.bulk.crowds import pairs_within
from hub.identity.bulk.filing import resolve_file
from hub.identity.bulk.resolving import Resolved
from tests.identity.conftest import number_of
from tests.identity.test_bulk import MODELS, OPTIONS, groups, people, write

NUMBER = number_of("1980-05-06", 11)
ZHANG = {"name": "张伟强", "birth_date": "1980-05-06", "sex": "1", "region_code": "330106", "source": "benefits"}
Rows = Sequence[Mapping[str, Any]]


def resolved(tmp_path: Path, rows: Rows) -> tuple[set[frozenset[str]], Resolved]:
    """The subjects of the rows, which stand in the file in some order, and the figures of the run."""
    numbered = [row | {"record_id": f"r{place}"} for place, row in enumerate(rows)]
    random.Random(len(rows)).shuffle(numbered)  # noqa: S311  # an order
    out = tmp_path / "out.parquet"
    figures = resolve_file(write(tmp_path / "in.csv", numbered), out, MODELS, OPTIONS)["resident"]
    return groups(duckdb.execute(f"SELECT record_id, subject FROM '{out}'").fetchall()), figures


def everybody(rows: Rows, start: int = 0) -> frozenset[str]:
    return frozenset(f"r{place}" for place in range(start, start + len(rows)))


def test_thousands_of_copies_are_one_subject_and_whoever_says_a_little_else_is_found_among_them(tmp_path: Path) -> None:
    copies = [ZHANG | {"id_number": NUMBER, "phone": "13800001111"}] * 3000
    others = [ZHANG | {"phone": "13800001111", "id_number": ""}, ZHANG | {"name": "张玮强", "id_number": NUMBER}]
    found, figures = resolved(tmp_path, [*copies, *others])
    assert found == {everybody([*copies, *others])}
    assert figures.pairs < 3 * len(copies)


def test_a_thousand_payments_to_one_number_are_one_subject_though_no_two_say_the_same(tmp_path: Path) -> None:
    rows = [
        ZHANG | {"id_number": NUMBER, "name": name, "phone": f"138{place:08}", "address": f"文三路{place}号2幢301室"}
        for place, name in enumerate(["张伟强", "张 伟 强", "張偉強", "张玮强", "张伟"] * 200)
    ]
    found, figures = resolved(tmp_path, rows)
    assert found == {everybody(rows)}
    assert figures.pairs <= 25 * len(rows)


def test_a_number_typed_for_thirty_people_finds_each_and_joins_no_two(tmp_path: Path) -> None:
    made = {row["truth"]: {"name": row["name"], "birth_date": row["birth_date"]} for row in people(40, seed=8)}
    distinct = list(made.values())[:30]
    rows = [row | {"id_number": NUMBER, "phone": f"13{n:09}"} for row in distinct for n in range(40)]
    found, figures = resolved(tmp_path, rows)
    assert found == {everybody(rows[:40], 40 * place) for place in range(len(distinct))}
    assert figures.reviews <= len(list(combinations(distinct, 2)))


def test_copies_without_a_number_that_a_roster_holds_as_many_stay_as_many(tmp_path: Path) -> None:
    listed = ZHANG | {"source": "civil_affairs/residents", "phone": "13800001111"}
    found, figures = resolved(tmp_path, [listed] * 300)
    assert len(found) == 300
    assert figures.reviews < 300


@pytest.mark.parametrize("number", ["", NUMBER])
def test_a_registry_full_of_one_phone_and_one_number_finds_everybody_by_name_and_birth_date(
    tmp_path: Path, number: str
) -> None:
    names = product("王李张刘陈杨黄赵", "伟芳娜敏静丽强", "磊军洋勇艳")
    once = [
        {"name": "".join(name), "birth_date": f"19{60 + place % 39}-0{1 + place % 9}-1{place % 10}"}
        for place, name in enumerate(names)
    ]
    rows = [row | {"id_number": number, "phone": "13800001111", "region_code": "330106", "sex": "1"} for row in once]
    found, _ = resolved(tmp_path, [*rows, *rows])
    assert all(len({int(each[1:]) % len(rows) for each in group}) == 1 for group in found)
    assert sum(len(group) == 2 for group in found) > 0.9 * len(rows)


def test_under_every_digest_whoever_stands_together_is_paired_unless_too_many_do() -> None:
    digests, records = np.array([1, 1, 1, 2, 2, 2, 2, 3], dtype=np.uint64), np.arange(8, dtype=np.uint64)
    packed = pairs_within(digests, records, 3, 8)
    assert sorted((int(pair) >> 8, int(pair) & 255) for pair in packed) == [(0, 1), (0, 2), (1, 2)]
    packed = pairs_within(digests[3:], records[3:], 3, 8, reach=2)
    assert sorted((int(pair) >> 8, int(pair) & 255) for pair in packed) == [(3, 4), (3, 5), (4, 5), (4, 6), (5, 6)]
