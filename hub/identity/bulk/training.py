"""Training 参数估计: how often each level occurs between records of one subject and of two, without labels.

Of the hub's own trainer: what an equal valid number with an agreeing name joins is taken for one subject, and from
those pairs every other field learns; two records drawn at random are taken for two subjects. How often numbers and
phones agree by chance is counted, not drawn: a sample would never see it. A level that neither kind of pair ever stands
on stays untrained, and a model with such a level is not published. Splink (the extra ``train``) is the other trainer,
for the same levels.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from hub.errors import Refused
from hub.identity.bulk import sql
from hub.identity.bulk.filing import Options, connected
from hub.identity.bulk.opening import open_file
from hub.identity.bulk.reading import read_traits
from hub.identity.bulk.resolving import Resolving
from hub.identity.bulk.splinking import estimated, splink_version
from hub.identity.bulk.tables import Connection
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
    by_splink: bool = False


def train_file(path: Path, text: str, options: Options, aim: Aim) -> Trained:
    """The model in ``text`` with its levels estimated on the records of a file.

    Raises:
        Malformed: a file or a model that cannot be read.
        Refused: a level stayed untrained that may not; the fact ``untrained`` names each.
        Unavailable: Splink is asked for and not installed, or there is too little room.
    """
    model = parse_model(text)
    trainer = splink_version() if aim.by_splink else "hub"
    with connected(options) as con:
        read_traits(open_file(con, path), model, options.today, options.region_names)
        found = _trained(con, model, json.loads(text), aim, trainer)
    if found.untrained:
        raise Refused(
            "identity.level-untrained",
            "No pair stands on some levels; give more records, or say that those levels may stay as they were.",
            "有些等级没有任何一对记录可供参考；请增加数据，或声明这些等级保留原值。",
            untrained=list(found.untrained),
        )
    parse_model(found.text)
    return found


def _trained(con: Connection, model: Model, raw: dict[str, Any], aim: Aim, trainer: str) -> Trained:
    Resolving(con, model).run()
    learnt = _by_splink(con, model, raw) if aim.by_splink else _by_hub(con, model, raw)
    told = {"by": trainer, "pairs_of_one": learnt.pairs_of_one, "pairs_of_two": learnt.pairs_of_two}
    raw |= {"version": aim.version, "trained": told | {"from": model.version}}
    missing = tuple(name for name in learnt.untrained if name not in aim.kept)
    return replace(learnt, text=json.dumps(raw, ensure_ascii=False, indent=1) + "\n", untrained=missing)


def _by_hub(con: Connection, model: Model, raw: dict[str, Any]) -> Trained:
    """The levels of ``raw`` learnt from pairs that a number joins and from pairs drawn."""
    seeds = ", ".join(f"'{each}'" for each in _SEEDS)
    one = _shares(con, model, f"SELECT a, b FROM scored WHERE method IN ({seeds})")
    _draw(con)
    two = _shares(con, model, "SELECT a, b FROM drawn")
    untrained: list[str] = []
    for entry in raw["fields"]:
        field, levels = entry["field"], entry["levels"]
        if field not in NUMBER_FIELDS:
            untrained += _learn(field, levels, one[field], two[field])
        if _is_counted(entry):
            levels["equal"]["u"] = _chance(con, field, levels["equal"]["u"])
    same, apart = (sum(next(iter(each.values())).values()) for each in (one, two))
    return Trained("", same, apart, tuple(untrained))


def _by_splink(con: Connection, model: Model, raw: dict[str, Any]) -> Trained:
    """The same learnt by Splink; of numbers and what is counted the chance agreement is given to it."""
    fixed: dict[tuple[str, str], float] = {}
    for entry in raw["fields"]:
        field, levels = entry["field"], entry["levels"]
        agreeing = _SELDOM_BY_CHANCE.intersection(levels) if field in NUMBER_FIELDS else set()
        fixed |= {(field, name): levels[name]["u"] for name in agreeing}
        if _is_counted(entry):
            fixed[field, "equal"] = _chance(con, field, levels["equal"]["u"])
    same, every = _pairs_of_one(con)
    untrained: list[str] = []
    for field, levels in estimated(con, model, fixed, same / every if every else 0.0).items():
        entry = next(each for each in raw["fields"] if each["field"] == field)
        for name, (m, u) in levels.items():
            chance = fixed.get((field, name), u)
            if m is None or chance is None:
                untrained.append(f"{field}:{name}")
            before = entry["levels"][name]
            entry["levels"][name] = {
                "m": before["m"] if m is None else _rounded(m),
                "u": before["u"] if chance is None else _rounded(chance),
            }
    return Trained("", same, every - same, tuple(untrained))


_SELDOM_BY_CHANCE: Final = frozenset(("equal", "equal_invalid", "near", "visible"))
"""Levels of a number that no sample of pairs would show between two subjects."""


def _is_counted(entry: Mapping[str, Any]) -> bool:
    return entry["field"] in NUMBER_FIELDS or entry["comparison"] in _COUNTED


def _pairs_of_one(con: Connection) -> tuple[int, int]:
    """How many pairs of records are of one subject as things stand, and how many there are."""
    row = con.execute(
        "SELECT coalesce(sum(size * (size - 1) // 2), 0), sum(size) FROM"
        " (SELECT count(*) AS size FROM assigned GROUP BY root)"
    ).fetchall()[0]
    records = int(row[1] or 0)
    return int(row[0]), records * (records - 1) // 2


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
    return _rounded(count / known if known else 0.0)


def _rounded(share: float) -> float:
    return float(f"{min(max(share, _FLOOR), 1.0):.4g}")


def _chance(con: Connection, field: str, before: float) -> float:
    """Chance agreement as the sum of squared shares of every value, less what one subject's own records agree."""
    rows = con.execute(
        "SELECT sum(c * (c - 1)), sum(c) FROM (SELECT count(DISTINCT a.root) AS c FROM traits t"
        f' JOIN assigned a USING (n) WHERE t."{field}" <> \'\' GROUP BY t."{field}")'
    ).fetchall()
    agreeing, total = rows[0]
    if not total or total < 2:  # noqa: PLR2004  # two values can agree
        return before
    return _rounded(max(float(agreeing) / (float(total) * (float(total) - 1)), 1 / float(total) ** 2))
