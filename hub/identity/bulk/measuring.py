"""Measuring 比对质量: precision, recall and F1 by pair and by cluster against labels, and what the queue yields."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hub.errors import Malformed
from hub.identity.bulk.filing import Options, connected, finished, require_writable
from hub.identity.bulk.opening import Source, kinds_in, open_file
from hub.identity.bulk.reading import read_traits
from hub.identity.bulk.resolving import Resolving
from hub.identity.bulk.tables import Connection
from hub.identity.modelfile import Model


@dataclass(frozen=True, slots=True)
class Score:
    """How much of what was said is true, how much of what is true was said, and their harmonic mean."""

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, said: float, true: float, both: float) -> "Score":
        """The score of ``both`` among ``said`` and ``true``; what says nothing says nothing wrong."""
        precision = both / said if said else 1.0
        recall = both / true if true else 1.0
        return cls(precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """The quality of one run over labelled records."""

    records: int
    unlabelled: int
    """Records without a label: they take part in the run, and nothing is said of them here."""
    by_pair: Score
    by_cluster: Score
    reviews: int
    review_share: float
    review_yield: float
    """How many of the pairs in the queue are of one subject."""
    by_method: Mapping[str, tuple[int, float]]
    """For each rule how many links it made and which share of them is true."""
    curve: Sequence[tuple[float, float, float]]
    """Threshold in bits with precision and recall of the pairs at or above it that no rule decides."""

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


def measure_file(path: Path, models: Mapping[str, Model], options: Options, *, plot: Path | None = None) -> Measured:
    """The quality of the model on records that carry their subject in a column ``truth``.

    Raises:
        Malformed: a file that cannot be read, without labels, or of several kinds; a picture that cannot be drawn.
    """
    if plot is not None:
        require_drawable(plot, path)
    with connected(options) as con:
        source = open_file(con, path)
        kinds = kinds_in(source, list(models))
        if len(kinds) != 1 or not _labelled(con, source):
            raise Malformed(
                "identity.file-without-labels",
                "Measuring needs records of one kind with a column truth that says whose each is.",
                "评估需要同一类主体且 truth 列标明归属的登记信息。",
            )
        read_traits(source, models[kinds[0]], options.today, options.region_names)
        Resolving(con, models[kinds[0]], review_probable=options.review_probable).run()
        found = measured(con)
    if plot is not None:
        draw(found, models[kinds[0]], plot)
    return found


def _labelled(con: Connection, source: Source) -> bool:
    """True when some record says whose it is; view ``labels`` has those that do."""
    con.execute(f"CREATE OR REPLACE TEMP VIEW labels AS SELECT n, {source.column('truth')} AS truth FROM raw")
    return _number(con, "SELECT count(*) FROM labels WHERE truth <> ''") > 0


def measured(con: Connection) -> Measured:
    """The quality of the run that stands in ``con``, on the records that have a label."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE labelled AS SELECT a.n, a.root, l.truth"
        " FROM assigned a JOIN labels l USING (n) WHERE l.truth <> ''"
    )
    unlabelled = _number(con, "SELECT count(*) FROM assigned") - _number(con, "SELECT count(*) FROM labelled")
    records = _number(con, "SELECT count(*) FROM labelled")
    reviews, true_reviews = con.execute(
        "SELECT count(*), coalesce(sum(CAST(x.truth = y.truth AS INT)), 0) FROM waiting w"
        " JOIN labelled x ON x.n = w.a JOIN labelled y ON y.n = w.b"
    ).fetchall()[0]
    return Measured(
        records=int(records),
        unlabelled=int(unlabelled),
        by_pair=Score.of(_pairs(con, "root"), _pairs(con, "truth"), _pairs(con, "root, truth")),
        by_cluster=Score.of(
            _number(con, "SELECT count(DISTINCT root) FROM labelled"),
            _number(con, "SELECT count(DISTINCT truth) FROM labelled"),
            _number(con, _EXACT_CLUSTERS),
        ),
        reviews=reviews,
        review_share=reviews / records if records else 0.0,
        review_yield=true_reviews / reviews if reviews else 1.0,
        by_method=_methods(con),
        curve=_curve(con),
    )


_EXACT_CLUSTERS = (
    "SELECT count(*) FROM (SELECT root, min(truth) AS truth, count(*) AS size FROM labelled GROUP BY root"
    " HAVING count(DISTINCT truth) = 1) c JOIN (SELECT truth, count(*) AS size FROM labelled GROUP BY truth) t"
    " USING (truth, size)"
)


def _number(con: Connection, query: str) -> float:
    return float(con.execute(query).fetchall()[0][0] or 0)


def _pairs(con: Connection, columns: str) -> float:
    return _number(
        con, f"SELECT sum(size * (size - 1) / 2) FROM (SELECT count(*) AS size FROM labelled GROUP BY {columns})"
    )


def _methods(con: Connection) -> dict[str, tuple[int, float]]:
    rows = con.execute(
        "SELECT s.method, count(*), avg(CAST(x.truth = y.truth AS INT)) FROM scored s JOIN labelled x ON x.n = s.a"
        " JOIN labelled y ON y.n = s.b WHERE s.outcome = 'link' GROUP BY s.method ORDER BY 2 DESC"
    ).fetchall()
    return {method: (count, share) for method, count, share in rows}


def _curve(con: Connection) -> list[tuple[float, float, float]]:
    rows = con.execute(
        "WITH b AS (SELECT floor(s.weight) AS bits, count(*) AS said, sum(CAST(x.truth = y.truth AS INT)) AS hit"
        " FROM scored s JOIN labelled x ON x.n = s.a JOIN labelled y ON y.n = s.b WHERE s.method = 'score'"
        " GROUP BY 1) SELECT bits, sum(said) OVER w, sum(hit) OVER w, sum(hit) OVER () FROM b"
        " WINDOW w AS (ORDER BY bits DESC) ORDER BY bits"
    ).fetchall()
    return [(bits, both / said, both / true if true else 1.0) for bits, said, both, true in rows]


def require_drawable(plot: Path, source: Path) -> None:
    """Raises Malformed where the picture could not be written at the end."""
    if plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise Malformed(
            "identity.plot-kind", "A picture ends in .png, .svg or .pdf.", "图片文件须以 .png、.svg 或 .pdf 结尾。"
        )
    require_writable(plot, source)


def draw(found: Measured, model: Model, path: Path) -> None:
    """A picture of the threshold choice at ``path``: precision and recall of what the weights decide, by threshold."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5))
    axes = figure.subplots()
    bits = [point[0] for point in found.curve]
    axes.plot(bits, [point[1] for point in found.curve], label="precision at or above")
    axes.plot(bits, [point[2] for point in found.curve], label="recall at or above")
    for name, threshold in (("link", model.link_bits), ("review", model.review_bits)):
        axes.axvline(threshold, linestyle="--", color="grey")
        axes.annotate(name, (threshold, 0.02))
    axes.set_xlabel("weight in bits")
    axes.set_ylim(0, 1.02)
    axes.set_title(f"{model.version}: pairs that no rule decides")
    axes.legend()
    with finished(path) as unfinished:
        figure.savefig(unfinished)
