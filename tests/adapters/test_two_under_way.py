"""Two batches under way: what is sent next reckons with what is on its way, and what a source gave is waited for."""

import time
from pathlib import Path

import pytest

from adapters.agent import export_run
from hub.errors import Unavailable
from tests.support.adapter_runs import hub_for, lines, run
from tests.support.signed_interface import Answer, Interface, rows_of, running, said

FUNERALS = ["DEAD_ID", "NAME", "ID_CARD", "DEATH_DATE", "DEATH_PLACE"]


def deaths(count: int, place: str) -> list[list[str]]:
    return [[f"D{number}", "张伟", "无", "2026-01-02", place] for number in range(count)]


def test_a_correction_taken_back_in_the_same_run_ends_as_it_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_run, "LINES_PER_BATCH", 10)
    monkeypatch.setattr(export_run, "_WORTH_ASKING", 5)
    hub = hub_for("funeral")
    lines(tmp_path / "20260101.csv", [FUNERALS, *deaths(20, "家")])
    run(hub, "funeral", tmp_path)
    lines(tmp_path / "20260102.csv", [FUNERALS, *deaths(10, "医院")])
    lines(tmp_path / "20260103.csv", [FUNERALS, *deaths(10, "家")])
    run(hub, "funeral", tmp_path)
    assert {claims["death_place"] for claims in hub.claims("funeral", "funerals")} == {"家"}


def test_what_an_interface_gave_before_it_failed_is_at_the_hub_when_the_run_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_run, "LINES_PER_BATCH", 10)
    hub = hub_for("funeral")
    hub.on_batch = lambda _manifest: time.sleep(0.1)
    rows = [{**row, "updated_at": "2026-01-03 08:00:00"} for row in rows_of(FUNERALS, deaths(35, "家"))]

    def fails_late(_path: str, query: dict[str, str]) -> Answer | None:
        return said({"code": "500"}, 500) if int(query.get("start", 0)) > 10 else None

    with running(Interface({"/deaths": rows}, most=25, misbehave=fails_late)) as address:
        with pytest.raises(Unavailable):
            run(hub, "funeral", f"{address}/deaths?rid=r&sid=s&appkey=key")
        assert len(hub.live("funeral", "funerals")) == 25
