"""`hub identity resolve|measure|train`: files of identities into subjects, and how good a model is at it 批量比对."""

import signal
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.telling import AsJson, print_json, print_lines, say
from hub.errors import Malformed
from hub.identity.bulk.filing import Options, finished, require_writable, resolve_file
from hub.identity.bulk.measuring import measure_file
from hub.identity.bulk.training import Aim, train_file
from hub.identity.modelfile import STANDARD, Model, parse_model, standard_model
from hub.kernel.clock import SystemClock, local_date


class Executor(StrEnum):
    """What resolves a file: one machine, or a cluster."""

    DUCKDB = "duckdb"
    SPARK = "spark"


class Trainer(StrEnum):
    """What estimates a model's weights."""

    HUB = "hub"
    SPLINK = "splink"


Records = Annotated[
    Path,
    typer.Argument(help="Parquet or CSV of identities; at least the column record_id.", exists=True, dir_okay=False),
]
ModelFile = Annotated[
    Path | None, typer.Option("--model", help="Model file; the ones that come with the hub without it.")
]
Memory = Annotated[
    str, typer.Option(help="What may be held in memory, as 4GB; the rest goes to a private temporary folder.")
]
Careful = Annotated[bool, typer.Option("--review-probable", help="Make every probabilistic link a review item.")]


def _models(file: Path | None) -> Mapping[str, Model]:
    if file is None:
        return {kind: standard_model(kind) for kind in STANDARD}
    model = parse_model(_text(file))
    return {model.kind: model}


def _text(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        raise Malformed("identity.model-unreadable", "The model file cannot be read.", "无法读取模型文件。") from fault


def _end_when_told() -> None:
    """Whoever stops the run, as a terminal or a service manager does, finds nothing of it left behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _options(*, review_probable: bool = False, memory: str) -> Options:
    return Options(today=local_date(SystemClock().now()), review_probable=review_probable, memory=memory)


def resolve(
    file: Records,
    out: Annotated[Path, typer.Option("--out", help=".parquet or .csv: record_id, subject, probability, reasons.")],
    model: ModelFile = None,
    review_probable: Careful = False,
    memory: Memory = "4GB",
    executor: Annotated[Executor, typer.Option(help="Where the work is done.")] = Executor.DUCKDB,
    spark_master: Annotated[
        str | None, typer.Option(help="Where Spark runs, as spark://head:7077; as it is configured here without it.")
    ] = None,
    spark_conf: Annotated[
        list[str] | None, typer.Option(help="A setting of Spark, name=value; as often as there are settings.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Resolve a file of identities into subjects, without a running hub 批量比对."""
    _end_when_told()
    if out.suffix.lower() not in {".parquet", ".csv"}:
        raise typer.BadParameter("--out must end in .parquet or .csv.")
    models, options = _models(model), _options(review_probable=review_probable, memory=memory)
    if executor is Executor.SPARK:
        from hub.identity.bulk.spark import cluster_at, resolve_on_spark

        settings = dict(_setting(each) for each in spark_conf or ())
        found = resolve_on_spark(file, out, models, options, cluster_at(spark_master, settings))
    else:
        found = dict(resolve_file(file, out, models, options))
    if not found:
        raise Malformed(
            "identity.no-such-kind",
            "The file holds no identities of the kind that the model matches.",
            "文件中没有模型可比对的主体。",
        )
    if as_json:
        print_json({kind: asdict(each) for kind, each in found.items()})
        return
    print_lines(
        [{"kind": kind, **asdict(each)} for kind, each in found.items()],
        "kind",
        "records",
        "subjects",
        "pairs",
        "links",
        "reviews",
    )
    say(f"Subjects written to {out}.", "已写出主体。")


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name.startswith("spark.") and equals):
        raise typer.BadParameter("--spark-conf takes name=value, as spark.executor.memory=8g.")
    return name, value


def measure(
    file: Records,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the choice of threshold (.svg, .png).")] = None,
    model: ModelFile = None,
    review_probable: Careful = False,
    memory: Memory = "4GB",
    as_json: AsJson = False,
) -> None:
    """Precision, recall, F1 and the review queue against the column truth of a file 评估."""
    _end_when_told()
    found = measure_file(file, _models(model), _options(review_probable=review_probable, memory=memory), plot=plot)
    if as_json:
        print_json(found.as_json())
        return
    rows = [{"by": name, **asdict(score)} for name, score in (("pair", found.by_pair), ("cluster", found.by_cluster))]
    print_lines([{key: _short(value) for key, value in row.items()} for row in rows], "by", *list(rows[0])[1:])
    without = f" ({found.unlabelled} more without a label)" if found.unlabelled else ""
    true = f", {found.review_yield:.0%} of them one subject" if found.reviews else ""
    queue = f"{found.reviews} review items ({found.review_share:.2%} of the records){true}"
    say(
        f"{found.records} records{without}; {queue}.",
        "待复核项及其中为同一主体的比例如上。",
    )


def _short(value: object) -> object:
    return f"{value:.5f}" if isinstance(value, float) else value


def train(
    file: Records,
    out: Annotated[Path, typer.Option("--out", help="The trained model file.", dir_okay=False)],
    version: Annotated[str, typer.Option(help="What the new model is called.")],
    model: ModelFile = None,
    kept: Annotated[list[str] | None, typer.Option("--keep", help="field:level that may stay as it was.")] = None,
    trainer: Annotated[Trainer, typer.Option(help="Who estimates; splink needs the extra train.")] = Trainer.HUB,
    memory: Memory = "4GB",
    as_json: AsJson = False,
) -> None:
    """Estimate a model's weights on records without labels; a level without pairs is refused 训练."""
    _end_when_told()
    if model is None:
        raise typer.BadParameter("Name the model file to train: --model FILE.")
    text = _text(model).decode("utf-8", "replace")
    require_writable(out, model)
    aim = Aim(version, frozenset(kept or ()), by_splink=trainer is Trainer.SPLINK)
    found = train_file(file, text, _options(memory=memory), aim)
    with finished(out) as unfinished:
        unfinished.write_text(found.text, encoding="utf-8")
    told = {
        "model": str(out),
        "version": version,
        "pairs_of_one": found.pairs_of_one,
        "pairs_of_two": found.pairs_of_two,
    }
    if as_json:
        print_json(told)
    else:
        say(f"{out}: trained on {found.pairs_of_one} pairs of one subject.", "模型已训练。")
