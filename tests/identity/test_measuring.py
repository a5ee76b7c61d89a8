"""A model is measured against labels and trained without them."""

import json
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from hub.errors import Malformed, Refused
from hub.identity.bulk.filing import Options
from hub.identity.bulk.measuring import Score, measure_file
from hub.identity.bulk.training import Aim, train_file
from hub.identity.modelfile import parse_model, standard_model
from tests.identity.people import write_records

OPTIONS = Options(date(2026, 11, 1))
MODELS = {"resident": standard_model("resident")}
_RARE_LEVELS = [("address", "vague"), ("address", "near"), ("list", "same"), ("kin", "equal"), ("kin", "different"),
                ("name", "former"), ("name", "equal_rare"), ("region", "different"), ("birth", "equal_round"),
                ("birth", "year")]  # fmt: skip
TEXT = files("hub.identity").joinpath("models", "residents.json").read_text(encoding="utf-8")
RARE = frozenset(f"{field}:{level}" for field, level in _RARE_LEVELS)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("county") / "people.csv"
    write_records(path, 4000, seed=21)
    return path


def test_the_quality_of_the_standard_model_holds(county: Path, tmp_path: Path) -> None:
    plot = tmp_path / "thresholds.png"
    found = measure_file(county, MODELS, OPTIONS, plot=plot)
    assert found.by_pair.precision >= 0.9998
    assert found.by_pair.recall >= 0.97
    assert found.by_cluster.f1 >= 0.99
    assert found.review_share <= 0.005
    assert found.review_yield >= 0.4
    assert found.by_method["number-and-name"][1] == 1.0
    assert plot.read_bytes().startswith(b"\x89PNG")
    json.dumps(found.as_json())


def test_a_score_is_the_harmonic_mean_of_precision_and_recall() -> None:
    assert Score.of(10, 20, 10) == Score(1.0, 0.5, pytest.approx(2 / 3))
    assert Score.of(0, 0, 0).f1 == 1.0


@pytest.mark.parametrize(
    "content", ["record_id,name\n1,张三\n", "record_id,name,truth\n", "record_id,name,truth\n1,张三,\n"]
)
def test_measuring_needs_labels(tmp_path: Path, content: str) -> None:
    path = tmp_path / "in.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Malformed) as caught:
        measure_file(path, MODELS, OPTIONS)
    assert caught.value.code == "identity.file-without-labels"


def test_records_without_a_label_are_no_subject_of_their_own(county: Path, tmp_path: Path) -> None:
    head, *lines = county.read_text(encoding="utf-8").splitlines()[:900]
    path = tmp_path / "in.csv"
    lines = [line.rpartition(",")[0] + "," if place % 3 else line for place, line in enumerate(lines)]
    path.write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    found = measure_file(path, MODELS, OPTIONS)
    assert (found.records, found.unlabelled) == (300, 599)
    assert found.by_pair.recall > 0.9
    assert found.by_cluster.f1 > 0.9


@pytest.mark.parametrize("name", ["plot.xyz", "nowhere/plot.png"])
def test_a_picture_that_cannot_be_drawn_is_said_before_the_work(county: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(Malformed):
        measure_file(county, MODELS, OPTIONS, plot=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_trained_model_is_a_model_that_measures_as_well(county: Path) -> None:
    trained = train_file(county, TEXT, OPTIONS, Aim("residents-trained", RARE))
    model = parse_model(trained.text)
    assert model.version == "residents-trained"
    assert trained.pairs_of_one > 300
    levels = {each.field: each.levels for each in model.comparisons}
    assert levels["sex"]["equal"].u == pytest.approx(0.5, abs=0.05)
    assert levels["birth"]["equal"].m > 0.9
    assert levels["birth"]["equal"].u < 1e-3
    assert levels["phone"]["equal"].u < 1e-3
    found = measure_file(county, {"resident": model}, OPTIONS)
    assert found.by_pair.precision >= 0.9995
    assert found.by_pair.recall >= 0.97


def test_a_level_that_no_pair_stands_on_is_not_published(county: Path) -> None:
    with pytest.raises(Refused) as caught:
        train_file(county, TEXT, OPTIONS, Aim("residents-trained"))
    assert caught.value.code == "identity.level-untrained"
    assert "list:same" in caught.value.facts["untrained"]  # type: ignore[operator]
