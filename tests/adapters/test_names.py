"""Records keep their names: under other ones each would be held twice, and what ended would stay in force."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.agent import export_run
from adapters.mapping.load import default_mapping
from hub.errors import Refused
from tests.support.adapter_runs import hub_for, lines, run
from tests.support.fake_hub import FakeHub, Stopped

OTHER = b"another-record-key-of-32-bytes.."
ROSTER = ["姓名", "证件号码", "出生日期", "户籍地址"]
DEAD = ["逝者编号", "姓名", "死亡日期", "骨灰去向"]


def people(count: int) -> list[list[str]]:
    return [[f"张{'甲乙丙丁戊己'[place]}", f"无{place}", "1966-05-14", f"桃源村{place}号"] for place in range(count)]


def dead(count: int) -> list[list[str]]:
    return [[f"D{place}", f"李{'甲乙丙丁戊己'[place]}", "2026-05-14", "寄存"] for place in range(count)]


@pytest.fixture(params=[("civil_affairs", "residents", ROSTER, people), ("funeral", "funerals", DEAD, dead)])
def pushed(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[FakeHub, str, str, Path]:
    """A full export and a delta, each with six records at the hub."""
    registry, export, header, rows = request.param
    lines(tmp_path / "r.csv", [header, *rows(6)])
    hub = hub_for(registry)
    run(hub, registry, tmp_path)
    return hub, registry, export, tmp_path


def test_another_record_key_is_refused_before_anything_is_sent(pushed: tuple[FakeHub, str, str, Path]) -> None:
    hub, registry, export, folder = pushed
    before = dict(hub.live(registry, export))
    for options in ({}, {"new_names": True, "since": "2026-01-01"}):
        with pytest.raises(Refused) as refused:
            run(hub, registry, folder, record_key=OTHER, **options)
        assert refused.value.code == "adapters.other-names"
    assert hub.live(registry, export) == before
    assert run(hub, registry, folder).accepted == 0


def test_other_key_columns_are_other_names(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [DEAD, *dead(3)])
    hub, mapping = hub_for("funeral"), default_mapping("funeral")
    run(hub, "funeral", tmp_path)
    funerals = replace(mapping.exports["funerals"], key=("DEAD_ID", "NAME"))
    with pytest.raises(Refused) as refused:
        run(hub, "funeral", tmp_path, mapping=replace(mapping, exports={**mapping.exports, "funerals": funerals}))
    assert refused.value.facts == {"export": "funerals"}


def test_new_names_are_given_when_that_is_meant(pushed: tuple[FakeHub, str, str, Path]) -> None:
    hub, registry, export, folder = pushed
    before = set(hub.live(registry, export))
    report = run(hub, registry, folder, record_key=OTHER, new_names=True)
    assert (report.accepted, report.withdrawn) == (6, 6)
    after = set(hub.live(registry, export))
    assert len(after) == 6
    assert not after & before
    again = run(hub, registry, folder, record_key=OTHER)
    assert (again.accepted, again.withdrawn) == (0, 0)


def test_new_names_that_were_given_half_way_are_asked_for_again(
    pushed: tuple[FakeHub, str, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, registry, export, folder = pushed
    monkeypatch.setattr(export_run, "LINES_PER_BATCH", 2)
    accepted: list[int] = []

    def stop_after_two(_manifest: object) -> None:
        accepted.append(1)
        if len(accepted) > 2:
            raise Stopped

    hub.on_batch = stop_after_two
    with pytest.raises(Stopped):
        run(hub, registry, folder, record_key=OTHER, new_names=True)
    hub.on_batch = lambda _manifest: None
    with pytest.raises(Refused):
        run(hub, registry, folder, record_key=OTHER)
    run(hub, registry, folder, record_key=OTHER, new_names=True)
    assert len(hub.live(registry, export)) == 6
    assert run(hub, registry, folder, record_key=OTHER).accepted == 0
