"""Training 参数估计: how often each level occurs between records of one subject and of two, without labels.

What an equal valid number with an agreeing name joins is taken for one subject: from those pairs every other field
learns. Two records drawn at random are taken for two subjects. How often numbers and phones agree by chance is counted,
not drawn: a sample would never see it. A level that neither kind of pair ever stands on stays untrained, and a model
with such a level is not published.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from hub.errors import Refused
from hub.identity.bulk import sql
from hub.identity.bulk.opening import Connection, open_file
from hub.identity.bulk.reading import read_traits
from hub.identity.bulk.resolving import Options, Resolving, connected
from hub.identity.compare import MISSING
from hub.identity.modelfile import Model, parse_model
from hub.identity.rules import NUMBER_FIELDS

_RANDOM_PAIRS: Final = 2_000_000
_FEWEST: Final = 20
"""A level seen less often among the pairs of one subject has its share taken from the model that was."""

_FLOOR: Final = 1e-9
_SEEDS: Final = ("number-and-name", "number-and-birth-date", "number-and-name-but-one-character", "code-and-name")
_COUNTED: Final = ("exact",)


@dataclass(frozen=True, slots=True)
class Trained:
    """A model file's new text, on how many pairs it rests, and which levels no pair stood on."""

    text: str
    pairs_of_one: int
    pairs_of_two: int
    untrained: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Aim:
    """What the trained model is to be called, and which levels (``field:level``) may stay as they were."""

    version: str
    kept: frozenset[str] = frozenset()


def train_file(path: Path, text: str, options: Options, aim: Aim) -> Trained:
    """The model in ``text`` with its levels estimated on the records of a file.

    Raises:
        Malformed: a file or a model that cannot be read.
        Refused: a level stayed untrained that may not; the fact ``untrained`` names each.
    """
    model = parse_model(text)
    with connected(options) as con:
        read_traits(open_file(con, path), model, options.today, options.region_names)
        found = _trained(con, model, json.loads(text), aim)
    if found.untrained:
        raise Refused(
            "identity.level-untrained",
            "No pair stands on some levels; give more records, or say that those levels may stay as they were.",
            "部分比较层级无样本，无法发布；请增加数据，或声明这些层级保留原值。",
            untrained=list(found.untrained),
        )
    parse_model(found.text)
    return found


def _trained(con: Connection, model: Model, raw: dict[str, Any], aim: Aim) -> Trained:
    Resolving(con, model).run()
    seeds = ", ".join(f"'{each}'" for each in _SEEDS)
    one = _shares(con, model, f"SELECT a, b FROM scored WHERE method IN ({seeds})")
    _draw(con)
    two = _shares(con, model, "SELECT a, b FROM drawn")
    untrained: list[str] = []
    for entry in raw["fields"]:
        field, levels = entry["field"], entry["levels"]
        if field in NUMBER_FIELDS:
            _fix_chance(con, field, levels)
            continue
        untrained += _learn(field, levels, one[field], two[field])
        if entry["comparison"] in _COUNTED:
            _fix_chance(con, field, levels)
    same, apart = (sum(next(iter(each.values())).values()) for each in (one, two))
    raw |= {"version": aim.version, "trained": {"pairs_of_one": same, "pairs_of_two": apart, "from": model.version}}
    missing = tuple(name for name in untrained if name not in aim.kept)
    return Trained(json.dumps(raw, ensure_ascii=False, indent=1) + "\n", same, apart, missing)


def _learn(
    field: str, levels: dict[str, dict[str, float]], one: Mapping[str, int], two: Mapping[str, int]
) -> list[str]:
    """The levels of the field on which no pair stands; all others have their shares afterwards."""
    untrained = []
    for name, before in list(levels.items()):
        same, apart = one.get(name, 0), two.get(name, 0)
        if not same and not apart and name != MISSING:
            untrained.append(f"{field}:{name}")
        levels[name] = _level(before, (same, one), (apart, two))
    return untrained


def _draw(con: Connection) -> None:
    """Table ``drawn``: pairs of records at random, the same for the same records."""
    numbers = con.execute("SELECT n FROM traits ORDER BY n").fetchnumpy()["n"]
    chance = np.random.default_rng(len(numbers))
    size = min(_RANDOM_PAIRS, 20 * len(numbers))
    left, right = (chance.choice(numbers, size) for _ in range(2))
    different = left != right
    con.register("incoming", {"a": left[different], "b": right[different]})
    con.execute("CREATE OR REPLACE TEMP TABLE drawn AS SELECT a, b FROM incoming")
    con.unregister("incoming")


def _shares(con: Connection, model: Model, pairs: str) -> dict[str, dict[str, int]]:
    """How many of the pairs stand on each level of each field."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE levelled AS SELECT {sql.levels(model)} FROM ({pairs}) p"
        " JOIN traits l ON l.n = p.a JOIN traits r ON r.n = p.b"
    )
    return {
        each.field: dict(con.execute(f'SELECT "{each.field}", count(*) FROM levelled GROUP BY 1').fetchall())
        for each in model.comparisons
    }


def _level(
    before: Mapping[str, float], one: tuple[int, Mapping[str, int]], two: tuple[int, Mapping[str, int]]
) -> dict[str, float]:
    """The shares of a level among pairs where nothing is missing; what is too rare to tell stays as it was."""
    same, apart = (_share(*each) for each in (one, two))
    return {
        "m": same if one[0] >= _FEWEST else before["m"],
        "u": apart if two[0] >= _FEWEST else before["u"],
    }


def _share(count: int, all_levels: Mapping[str, int]) -> float:
    known = sum(number for level, number in all_levels.items() if level != MISSING)
    return float(f"{min(max(count / known if known else 0.0, _FLOOR), 1.0):.4g}")


def _fix_chance(con: Connection, field: str, levels: dict[str, dict[str, float]]) -> None:
    """Chance agreement as the sum of squared shares of every value, less what one subject's own records agree."""
    rows = con.execute(
        "SELECT sum(c * (c - 1)), sum(c) FROM (SELECT count(DISTINCT a.root) AS c FROM traits t"
        f' JOIN assigned a USING (n) WHERE t."{field}" <> \'\' GROUP BY t."{field}")'
    ).fetchall()
    agreeing, total = rows[0]
    if total and total > 1:
        share = max(float(agreeing) / (float(total) * (float(total) - 1)), 1 / float(total) ** 2)
        levels["equal"]["u"] = float(f"{max(share, _FLOOR):.4g}")
