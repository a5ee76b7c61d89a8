"""Electronic supervision 电子监察 over HTTP: lights, liabilities, figures of the reform, and its work list."""

from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from hub.api.access import AuditCaller, CatalogueCaller, TheHub
from hub.api.openapi import refusals
from hub.api.rooms import Hub
from hub.api.strict import StrictRoute, View
from hub.api.work import work
from hub.api.written import Day
from hub.cases.pictures import figures_picture
from hub.cases.reports import table_csv
from hub.cases.rules.supervision import Fault, Light, Limit, Lit, SupervisionReport
from hub.errors import Malformed
from hub.kernel.clock import local_date

router = APIRouter(prefix="/v1/supervision", tags=["supervision"], route_class=StrictRoute)

USUAL_DAYS: Final = 90
MOST_DAYS: Final = 1100
First = Annotated[Day | None, Query(description="First day; 90 days before the last when left out.")]
Last = Annotated[Day | None, Query(description="Last day; today when left out.")]
Department = Annotated[
    str, Query(max_length=80, description="Only time limits and liabilities of this department; all when left out.")
]
PERIOD: Final = "supervision.bad-period"


class Table(StrEnum):
    """A part of the report as a table."""

    lights = "lights"
    liabilities = "liabilities"
    figures = "figures"


class Picture(StrEnum):
    """The form of a plot."""

    svg = "svg"
    png = "png"


class LightView(View):
    """One time limit: whose, for what, by when, and how it stands (red is over, yellow is near)."""

    limit: Limit
    subject: Annotated[str, Field(description="The hub's id of the case, objection, application or edition.")]
    department: str
    started_on: date
    due_on: date | None
    done_on: date | None
    light: Light
    workdays_left: int | None


class LiabilityView(View):
    """Something that Order 809 articles 39–42 hold a department liable for, and what shows it."""

    fault: Fault
    department: str
    subject: str
    on: date
    workdays_late: int | None
    material: str
    held_as: str


class FiguresView(View):
    """What one matter's cases of one month demanded, spared and took."""

    matter: str
    month: str
    cases: int
    demanded: int
    spared: int
    asked: int
    once_only_percent: int
    visits_spared: int
    decided: int
    average_workdays_tenths: int | None


class ReplaceableView(View):
    """A material still brought although some registry could supply it, and how many cases a year it would spare."""

    matter: str
    material: str
    kind: str
    by: list[str]
    cases_per_year: int


class ReportView(View):
    """Everything the supervising authority looks at, for a period."""

    first: date
    last: date
    counts: Annotated[dict[str, dict[Light, int]], Field(description="Lights by department.")]
    lights: list[LightView]
    liabilities: list[LiabilityView]
    figures: list[FiguresView]
    replaceable: list[ReplaceableView]


@router.get("", summary="The supervision report", responses=refusals(PERIOD))
async def report(
    request: Request,
    hub: TheHub,
    _caller: AuditCaller,
    first: First = None,
    last: Last = None,
    department: Department = "",
) -> ReportView:
    """Lights of what is open or began in the period, each late answer and each repeated collection by name, figures."""
    made = await work(request, _report, hub, (first, last), department)
    return ReportView(
        first=made.first,
        last=made.last,
        counts=_counts(made),
        lights=[_light(each) for each in made.lights],
        liabilities=[LiabilityView.model_validate(each) for each in made.liabilities],
        figures=[FiguresView.model_validate(each) for each in made.figures],
        replaceable=[ReplaceableView.model_validate(each) for each in made.replaceable],
    )


@router.get(
    "/{table}.csv",
    summary="One part of the report as CSV",
    response_class=Response,
    responses={200: {"description": "UTF-8 with BOM", "content": {"text/csv": {}}}, **refusals(PERIOD)},
)
async def table(
    table: Annotated[Table, Path()],
    request: Request,
    hub: TheHub,
    _caller: AuditCaller,
    first: First = None,
    last: Last = None,
    department: Department = "",
) -> Response:
    """With a byte-order mark, so that spreadsheets read it as UTF-8."""
    made = await work(request, _report, hub, (first, last), department)
    return Response(table_csv(made, table.value).encode("utf-8-sig"), media_type="text/csv")


@router.get(
    "/figures.{form}",
    summary="The figures of the reform as a plot",
    response_class=Response,
    responses={
        200: {"description": "SVG or PNG", "content": {"image/svg+xml": {}, "image/png": {}}},
        **refusals(PERIOD),
    },
)
async def picture(
    form: Annotated[Picture, Path()],
    request: Request,
    hub: TheHub,
    _caller: AuditCaller,
    first: First = None,
    last: Last = None,
) -> Response:
    """Share of once-only 免提交 by month, a line for each matter, above the materials asked and spared.

    The SVG speaks both languages, the PNG English alone where the hub's machine has no Chinese font.
    """
    made = await work(request, _report, hub, (first, last), "")
    names = await work(request, hub.catalogue.matter_names, local_date(hub.clock.now()))
    drawn = await work(request, figures_picture, made.figures, names, form=form.value)
    return Response(drawn, media_type="image/svg+xml" if form is Picture.svg else "image/png")


@router.get("/replaceable", summary="The reform's work list: what could be cut next", responses=refusals())
async def replaceable(request: Request, hub: TheHub, _caller: CatalogueCaller) -> list[ReplaceableView]:
    """Materials that some registry could already replace, most cases a year first.

    Cases are counted over the last year once there are four weeks to count; before that, and for a matter without any,
    the catalogue's own estimate stands.
    """
    found = await work(request, hub.cases.supervision.work_list)
    return [ReplaceableView.model_validate(each) for each in found]


def _report(hub: Hub, period: tuple[date | None, date | None], department: str) -> SupervisionReport:
    last = period[1] or local_date(hub.clock.now())
    first = period[0] or date.fromordinal(max(1, last.toordinal() - USUAL_DAYS))
    if not 0 <= (last - first).days <= MOST_DAYS:
        raise Malformed(
            "supervision.bad-period",
            "The period is reversed or longer than three years; give its first and last day.",
            "统计期间起止颠倒或超过三年；请给出首日和末日。",
        )
    made = hub.cases.supervision.report(first, last)
    if not department:
        return made
    lights = tuple(each for each in made.lights if each.timer.department == department)
    liabilities = tuple(each for each in made.liabilities if each.department == department)
    return replace(made, lights=lights, liabilities=liabilities)


def _counts(made: SupervisionReport) -> dict[str, dict[Light, int]]:
    counts: dict[str, dict[Light, int]] = {}
    for each in made.lights:
        of_one = counts.setdefault(each.timer.department, dict.fromkeys(Light, 0))
        of_one[each.light] += 1
    return counts


def _light(each: Lit) -> LightView:
    timer = each.timer
    return LightView(
        limit=timer.limit,
        subject=timer.subject,
        department=timer.department,
        started_on=timer.started_on,
        due_on=timer.due_on,
        done_on=timer.done_on,
        light=each.light,
        workdays_left=each.workdays_left,
    )
