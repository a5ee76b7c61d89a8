"""Splink as trainer (the extra ``train``): the levels of a model as Splink's, estimated by its EM.

Its levels are our own SQL, so what it learns is about the very levels that will be executed. Each key of the model
blocks one session, from which every field outside that key learns; chance agreement comes from pairs drawn at random.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.errors import Refused, Unavailable
from hub.identity.bulk import sql
from hub.identity.bulk.tables import Connection
from hub.identity.compare import COMPARISONS, MISSING
from hub.identity.modelfile import Comparison, Model

Estimate = tuple[float | None, float | None]
"""How often a level occurs between records of one subject and of two; None where no pair told."""

_RANDOM_PAIRS: Final = 5e5
_RECORDS_OF_A_SESSION: Final = 200_000
_FEWEST_PAIRS: Final = 20
_SIDED: Final = re.compile(r"\b([lr])\.(\w+)")


def splink_version() -> str:
    """The trainer's name and version.

    Raises:
        Unavailable: it is not installed.
    """
    try:
        import splink
    except ImportError as fault:
        raise Unavailable(
            "identity.no-splink",
            "Splink is not installed: it comes with the extra train (pip install 'evidence-hub[train]').",
            "未安装 Splink：请安装 train 组件（pip install 'evidence-hub[train]'）。",
        ) from fault
    return f"splink {splink.__version__}"


def estimated(
    con: Connection, model: Model, fixed: Mapping[tuple[str, str], float], share: float
) -> dict[str, dict[str, Estimate]]:
    """By field and level what Splink estimates on table ``traits``.

    Args:
        con: the run's database.
        model: whose levels.
        fixed: by field and level the chance agreement that is known and not to be drawn.
        share: of all pairs of records how many are of one subject.

    Raises:
        Refused: hardly any key of the model holds two records together, so nothing can be learnt.
    """
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    columns = ", ".join(f'nullif("{column}", \'\') AS "{column}"' for column in (*model.columns, "sorted_sound"))
    con.execute(f"CREATE OR REPLACE TABLE learnt AS SELECT n, {columns} FROM traits")
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="n",
        probability_two_random_records_match=min(max(share, 1e-12), 0.5),
        comparisons=[_comparison(con, each, fixed) for each in model.comparisons],
        blocking_rules_to_generate_predictions=[block_on(*parts) for parts in model.keys],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    sessions = _sessions(con, model)
    linker = Linker(DuckDBAPI(con).register("learnt"), settings, log_level=None)
    linker.training.estimate_u_using_random_sampling(max_pairs=_RANDOM_PAIRS, seed=1, num_chunks=1)
    for parts, share_of_records in sessions:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*parts), record_sample_proportion=share_of_records
        )
    return _told(linker.misc.save_model_to_json(), model)


def _comparison(con: Connection, comparison: Comparison, fixed: Mapping[tuple[str, str], float]) -> Any:
    """The field with a level of Splink's for each of ours; the last takes what is left."""
    import splink.comparison_level_library as levels
    import splink.comparison_library as comparisons

    level_of = _macro(con, comparison)
    *named, last = COMPARISONS[comparison.comparison].levels
    made = [levels.CustomLevel(f"{level_of} = '{MISSING}'").configure(is_null_level=True, label_for_charts=MISSING)]
    for name in named:
        known = fixed.get((comparison.field, name))
        chance = {} if known is None else {"u_probability": known, "fix_u_probability": True}
        made.append(levels.CustomLevel(f"{level_of} = '{name}'").configure(label_for_charts=name, **chance))
    made.append(levels.ElseLevel().configure(label_for_charts=last))
    return comparisons.CustomComparison(made, output_column_name=comparison.field)


def _macro(con: Connection, comparison: Comparison) -> str:
    """A call, in Splink's names of the two sides, of a macro that gives the level of the field."""
    expression = sql.level(comparison)
    columns = sorted(set(_SIDED.findall(expression)))
    wanted = ", ".join(f"{side}_{column}" for side, column in columns)
    name = f"level_of_{comparison.field}"
    body = _SIDED.sub(lambda found: "_".join(found.groups()), expression)
    con.execute(f"CREATE OR REPLACE MACRO {name}({wanted}) AS {body}")
    return f"{name}({', '.join(f'coalesce({column}_{side}, {_NOTHING})' for side, column in columns)})"


_NOTHING: Final = "''"


def _sessions(con: Connection, model: Model) -> list[tuple[Sequence[str], float]]:
    """The keys under which pairs stand, and the share of the records that will do; one without would spoil Splink."""
    share = min(1.0, _RECORDS_OF_A_SESSION / max(_number(con, "SELECT count(*) FROM learnt"), 1))
    telling = [parts for parts in model.keys if _number(con, _pairs_under(parts)) * share >= _FEWEST_PAIRS]
    if not telling:
        raise Refused(
            "identity.nothing-to-learn",
            "Hardly any two records share a key of the model, so nothing can be learnt from them; give more records.",
            "几乎没有登记信息共享模型的检索键，无法训练；请提供更多数据。",
        )
    return [(parts, share) for parts in telling]


def _pairs_under(parts: Sequence[str]) -> str:
    there = " AND ".join(f'"{part}" IS NOT NULL' for part in parts)
    columns = ", ".join(f'"{part}"' for part in parts)
    return (
        "SELECT coalesce(sum(size * (size - 1) // 2), 0) FROM"
        f" (SELECT count(*) AS size FROM learnt WHERE {there} GROUP BY {columns})"
    )


def _number(con: Connection, query: str) -> int:
    return int(con.execute(query).fetchall()[0][0])


def _told(settings: Mapping[str, Any], model: Model) -> dict[str, dict[str, Estimate]]:
    told = {each["output_column_name"]: each["comparison_levels"] for each in settings["comparisons"]}
    return {
        each.field: {
            level["label_for_charts"]: (level.get("m_probability"), level.get("u_probability"))
            for level in told[each.field]
            if not level.get("is_null_level")
        }
        for each in model.comparisons
    }
