"""Splink as trainer learns the levels that our executors run, and publishes none that it could not learn."""

import sys
from datetime import date
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Refused, Unavailable
from hub.identity.bulk import splinking, training
from hub.identity.bulk.filing import Options
from hub.identity.bulk.measuring import measure_file
from hub.identity.bulk.training import Aim, Trained, train_file
from hub.identity.modelfile import parse_model
from tests.identity.people import write_records

OPTIONS = Options(date(2026, 11, 1))
TEXT = files("hub.identity").joinpath("models", "residents.json").read_text(encoding="utf-8")
needs_splink = pytest.mark.skipif(find_spec("splink") is None, reason="the extra train brings Splink")


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("county") / "people.csv"
    write_records(path, 1500, seed=21)
    return path


@pytest.fixture(autouse=True)
def _brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few pairs are drawn, and what Splink has told of the same records is told again."""
    told: list[Any] = []

    def once(*asked: Any) -> Any:
        if not told:
            told.append(splinking.estimated(*asked))
        return told[0]

    monkeypatch.setattr(splinking, "_RANDOM_PAIRS", 5e4)
    monkeypatch.setattr(training, "estimated", once)


def trained(county: Path, *, by_splink: bool) -> Trained:
    """The trained model, once it is said that levels without pairs may stay as they were."""
    with pytest.raises(Refused) as caught:
        train_file(county, TEXT, OPTIONS, Aim("trained", by_splink=by_splink))
    assert caught.value.code == "identity.level-untrained"
    untrained = caught.value.facts["untrained"]
    assert "list:same" in untrained  # type: ignore[operator]
    kept = frozenset(untrained)  # type: ignore[arg-type]
    return train_file(county, TEXT, OPTIONS, Aim("trained", kept, by_splink=by_splink))


@needs_splink
@pytest.mark.timeout(240)
@pytest.mark.filterwarnings("ignore")
def test_both_trainers_count_what_agrees_by_chance_and_make_models_that_measure_well(county: Path) -> None:
    ours, theirs = (parse_model(trained(county, by_splink=each).text) for each in (False, True))
    for field in ("number", "phone"):
        chances = {
            each.levels["equal"].u for model in (ours, theirs) for each in model.comparisons if each.field == field
        }
        assert len(chances) == 1
    said = {each.field: each.levels for each in theirs.comparisons}
    assert said["birth"]["equal"].m > 0.9
    assert said["sex"]["equal"].u == pytest.approx(0.5, abs=0.05)
    for model in (ours, theirs):
        found = measure_file(county, {"resident": model}, OPTIONS)
        assert found.by_pair.precision >= 0.999
        assert found.by_pair.recall >= 0.97


@needs_splink
@pytest.mark.filterwarnings("ignore")
def test_records_that_share_no_key_teach_nothing(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("record_id,name\n1,张三\n2,李四\n", encoding="utf-8")
    with pytest.raises(Refused) as caught:
        train_file(path, TEXT, OPTIONS, Aim("trained", by_splink=True))
    assert caught.value.code == "identity.nothing-to-learn"


def test_without_splink_the_extra_is_named_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(Unavailable, match=r"evidence-hub\[train\]"):
        train_file(Path("nowhere.csv"), TEXT, OPTIONS, Aim("trained", by_splink=True))
