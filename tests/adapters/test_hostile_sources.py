"""Hostile sources: a clear error, or rows kept back; never a wrong value, and nothing is taken for gone."""

from pathlib import Path

import pytest

from adapters.simulator.hostile import FILES, TABLES, Expected, HostileSource
from adapters.simulator.hostile_interfaces import INTERFACES, HostileInterface
from adapters.simulator.marriage import Access, running
from adapters.sources.patience import Patience
from hub.errors import HubError
from tests.support.adapter_runs import hub_for, run

HASTE = Patience(attempts=2, first_seconds=0.01, longest_asked_seconds=2)


def pushed(registry: str, export: str, source: str | Path) -> int | HubError:
    """How many records are live after a run, or why it ended."""
    hub = hub_for(registry)
    try:
        report = run(hub, registry, source, patience=HASTE)
    except HubError as refused:
        return refused
    assert all(each.is_complete for each in report.exports)
    return len(hub.live(registry, export))


def judge(outcome: int | HubError, expected: Expected, usable: int) -> None:
    if isinstance(outcome, HubError):
        assert outcome.code.startswith("adapters.")
        assert outcome.zh
        assert expected is not Expected.READ, outcome
    elif expected is Expected.READ:
        assert outcome == usable
    else:
        assert outcome <= usable
        assert expected is Expected.KEPT_BACK


@pytest.mark.parametrize("hostile", [*FILES, *TABLES], ids=lambda one: one.name)
def test_a_hostile_file_or_table(hostile: HostileSource, tmp_path: Path) -> None:
    judge(pushed(hostile.registry, hostile.export, hostile.write(tmp_path)), hostile.expected, hostile.usable)


@pytest.mark.parametrize("hostile", INTERFACES, ids=lambda one: one.name)
def test_a_hostile_interface(hostile: HostileInterface) -> None:
    access = Access()
    with running(hostile.app()) as address:
        asked = f"appkey={access.appkey}&rid={access.rid}&sid={access.sid}&timeout_seconds=1"
        outcome = pushed("marriage", "events", f"{address}{access.path}?{asked}")
    judge(outcome, hostile.expected, hostile.usable)
