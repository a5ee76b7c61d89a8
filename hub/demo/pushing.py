"""The five departments push: simulated registries behind their own doors, one adapter each, over HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress, TaskID

from adapters.agent.model import Progress as Told
from adapters.agent.model import PushReport
from adapters.agent.push import Options, push
from adapters.simulator import marriage
from adapters.simulator.county import County
from adapters.simulator.faults import Faults
from adapters.simulator.registries import Published, publish
from hub.demo.figures import RegistryFigures
from hub.demo.parties import DEPARTMENTS, HUB_ID
from hub.demo.stage import Stage


@contextmanager
def registries_of(county: County, stage: Stage, progress: Callable[[int, int], None]) -> Iterator[dict[str, str]]:
    """The address of each registry, by its name; the marriage interface is up until the block ends."""
    published = publish(county, stage.place.registries, progress=progress)
    application = marriage.app(published.marriage_events, Faults.none())
    with marriage.running(application) as address:
        yield _addresses(published, address)


def _addresses(published: Published, marriage_address: str) -> dict[str, str]:
    access = marriage.Access()
    query = f"rid={access.rid}&sid={access.sid}&appkey={access.appkey}"
    return {
        "civil_affairs": published.civil_url,
        "land": published.land_url,
        "marriage": f"{marriage_address}{access.path}?{query}",
        "funeral": str(published.funeral_folder),
        "low_income": str(published.low_income_workbooks[0].parent),
    }


def push_all(stage: Stage, addresses: dict[str, str], bars: Progress) -> dict[str, PushReport]:
    """What became of each registry, one adapter after the other."""
    reports = {}
    for department in DEPARTMENTS:
        name = str(department.registry)
        task = bars.add_task(f"{name}  {department.name_zh}", total=None)
        reports[name] = push(
            name,
            addresses[name],
            hub_url=stage.url,
            signer=stage.cabinet.signer_of(department.id),
            record_key=stage.cabinet.record_key_of(department.id),
            progress=_Teller(bars, task),
            options=Options(hub_id=HUB_ID),
        )
        bars.update(task, total=reports[name].read, completed=reports[name].read)
    return reports


class _Teller:
    """Moves one bar by the rows read of every export."""

    def __init__(self, bars: Progress, task: TaskID) -> None:
        self._bars = bars
        self._task = task
        self._rows: dict[tuple[str, str], int] = {}

    def __call__(self, told: Told) -> None:
        if told.stage == "read":
            self._rows[told.export, told.stage] = told.rows
            self._bars.update(self._task, completed=sum(self._rows.values()))


def figures_of(report: PushReport) -> RegistryFigures:
    """The report of one adapter as figures."""
    return RegistryFigures(
        read=report.read,
        accepted=report.accepted,
        unchanged=report.total("unchanged"),
        corrected=report.total("corrected"),
        withdrawn=report.withdrawn,
        quarantined=report.total("quarantined"),
        quarantined_by_reason=dict(sorted(report.reasons.items())),
        seconds=round(report.seconds, 3),
    )
