"""The peer to beat: Splink 5 on DuckDB with levels made for resident numbers and Chinese names, one process.

``python peer_splink.py NORMALISED.parquet OUT.parquet`` trains, predicts and clusters; OUT holds record_id and
cluster. The input is already normalised (name_key, pinyin_key, sorted_key, number, number_valid, …), so Splink's figure
does not include reading dirty columns, while ours does. The chance agreement of numbers and phones is fixed
analytically, because random pairs hardly ever show it and Splink would fall back to its built-in default.
"""

import json
import sys
import time
import warnings
from typing import Any

warnings.filterwarnings("ignore")

import duckdb  # noqa: E402
import splink.comparison_level_library as cll  # noqa: E402
import splink.comparison_library as cl  # noqa: E402
from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: E402

THRESHOLD = 0.9
NUMBER_EQUAL = "number_valid_l AND number_valid_r AND number_l = number_r"
NUMBER_OTHER = "number_valid_l AND number_valid_r AND number_l <> number_r"
NUMBER_NEAR = "damerau_levenshtein(number_l, number_r) <= 2"
NAME_NEAR = (
    "substr(name_key_l, 1, 1) = substr(name_key_r, 1, 1) AND damerau_levenshtein(name_key_l, name_key_r) = 1"
    " AND length(name_key_l) > 1 AND length(name_key_r) > 1"
)


def chance(con: duckdb.DuckDBPyConnection, column: str) -> float:
    """The probability that two random records agree on ``column``: the sum of squared shares."""
    row = con.execute(
        f"SELECT sum(n * n) / (sum(n) * sum(n)) FROM (SELECT count(*)::DOUBLE n FROM people"
        f" WHERE {column} IS NOT NULL GROUP BY {column})"
    ).fetchall()
    return float(row[0][0])


def level(sql: str, **options: Any) -> Any:
    """One comparison level."""
    return cll.CustomLevel(sql).configure(**options) if options else cll.CustomLevel(sql)


def settings(con: duckdb.DuckDBPyConnection) -> SettingsCreator:
    """The model, untrained but for the chance agreement of numbers and phones."""
    number = chance(con, "number")
    number_levels = [
        cll.NullLevel("number"),
        level(NUMBER_EQUAL, u_probability=number, fix_u_probability=True),
        level(NUMBER_OTHER),
        level(NUMBER_NEAR, u_probability=number * 40, fix_u_probability=True),
        cll.ElseLevel(),
    ]
    phone_levels = [
        cll.NullLevel("phone"),
        level("phone_l = phone_r", u_probability=chance(con, "phone"), fix_u_probability=True),
        cll.ElseLevel(),
    ]
    name_levels = [
        cll.NullLevel("name_key"),
        cll.ExactMatchLevel("name_key"),
        level("pinyin_key_l = pinyin_key_r"),
        level("sorted_key_l = sorted_key_r"),
        level(NAME_NEAR),
        cll.ElseLevel(),
    ]
    birth_levels = [
        cll.NullLevel("birth_date"),
        cll.ExactMatchLevel("birth_date"),
        level("damerau_levenshtein(birth_date_l, birth_date_r) <= 1"),
        level("substr(birth_date_l, 1, 4) = substr(birth_date_r, 1, 4)"),
        cll.ElseLevel(),
    ]
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[
            cl.CustomComparison(number_levels, output_column_name="number"),
            cl.CustomComparison(name_levels, output_column_name="name"),
            cl.CustomComparison(birth_levels, output_column_name="birth"),
            cl.CustomComparison(phone_levels, output_column_name="phone"),
            cl.ExactMatch("sex"),
            cl.ExactMatch("address"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("number"),
            block_on("name_key", "birth_date"),
            block_on("pinyin_key", "birth_date"),
            block_on("name_key", "phone"),
            block_on("birth_date", "phone"),
            block_on("name_key", "address"),
        ],
        retain_matching_columns=False,
    )


def main(source: str, out: str) -> dict[str, float]:
    """Seconds by step; ``out`` holds the clusters afterwards."""
    started = time.perf_counter()
    seconds: dict[str, float] = {}

    def lap(step: str) -> None:
        seconds[step] = round(time.perf_counter() - started - sum(seconds.values()), 2)

    con = duckdb.connect()
    con.execute(f"CREATE TABLE people AS SELECT * FROM '{source}'")
    linker = Linker(DuckDBAPI(con).register("people"), settings(con), log_level=None)
    lap("load")
    linker.training.estimate_probability_two_random_records_match(
        [block_on("number", "name_key"), block_on("name_key", "birth_date", "sex")], recall=0.8
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    lap("u")
    for rule in (block_on("number"), block_on("name_key", "birth_date"), block_on("phone", "sex")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=0.1)
    lap("EM")
    predicted = linker.inference.predict(threshold_match_probability=0.5)
    lap("predict")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, THRESHOLD)
    con.execute(f"COPY (SELECT record_id, cluster_id FROM {clusters.physical_name}) TO '{out}' (FORMAT parquet)")
    lap("cluster")
    seconds["whole"] = round(time.perf_counter() - started, 2)
    return seconds


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:3])))  # noqa: T201 - the caller reads it
