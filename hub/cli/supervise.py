"""`hub supervise`: lights, liabilities and figures of supervision 电子监察, as text, JSON, CSV and pictures."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from hub.cases.pictures import figures_picture
from hub.cases.reports import TABLES, report_json, table_csv
from hub.cases.rules.supervision import Light, SupervisionReport
from hub.catalogue.model import Names
from hub.cli.roof import opened
from hub.cli.telling import AsJson, print_json, print_lines, say
from hub.kernel.clock import local_date

app = typer.Typer(add_completion=False)
FORMS = ["%Y-%m-%d"]


@app.command()
def supervise(
    first: Annotated[
        datetime | None,
        typer.Option(formats=FORMS, help="First day; 90 days before the last by default."),
    ] = None,
    last: Annotated[datetime | None, typer.Option(formats=FORMS, help="Last day; today by default.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for report.json, *.csv, figures.svg and figures.png.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Time limits kept and missed, what was collected twice, what was spared; the last 90 days by default 电子监察."""
    with opened() as hub:
        today = local_date(hub.clock.now())
        until: date = last.date() if last else today
        report = hub.cases.supervision.report(first.date() if first else until - timedelta(days=90), until)
        names = hub.catalogue.matter_names(today)
    if out is not None:
        _write(report, names, out)
    if as_json:
        print_json(json.loads(report_json(report)))
    else:
        _tell(report)


def _write(report: SupervisionReport, names: Mapping[str, Names], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(report_json(report), "utf-8")
    for name in TABLES:
        (folder / f"{name}.csv").write_text(table_csv(report, name), "utf-8-sig")
    for form in ("svg", "png"):
        (folder / f"figures.{form}").write_bytes(figures_picture(report.figures, names, form=form))


def _tell(report: SupervisionReport) -> None:
    for light in Light:
        count = sum(each.light is light for each in report.lights)
        say(f"{light.value:8} {count}")
    print_lines(
        [
            {"fault": each.fault.value, "department": each.department, "subject": each.subject, "on": str(each.on)}
            for each in report.liabilities
        ],
        "fault",
        "department",
        "subject",
        "on",
    )
    print_lines(
        [
            {"matter": each.matter, "month": each.month, "cases": each.cases, "once-only %": each.once_only_percent}
            for each in report.figures
        ],
        "matter",
        "month",
        "cases",
        "once-only %",
    )
