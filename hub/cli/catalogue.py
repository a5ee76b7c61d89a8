"""`hub catalogue`: editions of the catalogue 目录 and grants 共享授权 come in as files, checked before they count."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.api.rooms import Hub
from hub.catalogue.changes import Change
from hub.catalogue.codec import plain
from hub.catalogue.documents import parse_document
from hub.catalogue.parties import strangers_in
from hub.catalogue.reading import documents_at, published_documents, read_catalogue
from hub.catalogue.writing import form_of, written
from hub.cli.files import content_of
from hub.cli.roof import opened
from hub.cli.telling import AsJson, By, print_json, print_lines, report, say
from hub.errors import Conflict
from hub.kernel.clock import local_date
from hub.sharing.reading import read_grants, shipped_grants

app = typer.Typer(no_args_is_help=True, help="Load and show the catalogue and the grants. 目录与授权")

MAX_FILE_BYTES = 8 * 1024 * 1024
SHOWN_CHANGES = 40
EditionId = Annotated[str, typer.Argument(help="The edition's id; hub catalogue editions shows them.")]
Reason = Annotated[str, typer.Option(help="Why, as a code such as basis-unclear; who proposed it reads it.")]


@app.command()
def load(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Catalogue files or folders, or a grants file; none: what is shipped.")
    ] = None,
    effective_on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="First day it counts; today by default.")
    ] = None,
    changed_on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day of the change that it follows; 10 working days run from it."),
    ] = None,
    by: By = "operator",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check files, say what they change, and publish them 发布目录或授权."""
    with opened() as hub:
        day = effective_on.date() if effective_on else local_date(hub.clock.now())
        grants = [file for file in files or [] if _holds_grants(file)]
        others = [file for file in files or [] if file not in grants]
        told: dict[str, Any] = {}
        since = changed_on.date() if changed_on else None
        if others or not files:
            told |= _load_catalogue(hub, others, (day, since), by=by, dry_run=dry_run)
        if grants or not files:
            told["grants"] = _load_grants(hub, grants, day, by=by, dry_run=dry_run)
    if as_json:
        print_json(told)
    else:
        _tell(told, dry_run=dry_run)


def _holds_grants(file: Path) -> bool:
    if file.is_dir() or file.suffix == ".xlsx":
        return False
    return "grants" in parse_document(content_of(file, most_bytes=MAX_FILE_BYTES), file.name).value


def _load_catalogue(
    hub: Hub, places: list[Path], days: tuple[date, date | None], *, by: str, dry_run: bool
) -> dict[str, Any]:
    day, changed_on = days
    catalogue = read_catalogue(documents_at(places) if places else published_documents())
    changes = hub.catalogue.changes_of(catalogue, day)
    told: dict[str, Any] = {
        "matters": len(catalogue.matters),
        "changes": [_spelled(change) for change in changes],
        "unregistered": strangers_in(catalogue, hub.parties.party_for),
    }
    if dry_run:
        return told | {"edition": None}
    try:
        edition = hub.catalogue.propose(catalogue, effective_on=day, by=by, changed_on=changed_on).edition_id
    except Conflict as known:
        edition = str(known.facts["edition"])
    if hub.catalogue.record_of(edition).published_at is None:
        hub.catalogue.publish(edition, by=by)
    return told | {"edition": edition}


def _load_grants(hub: Hub, files: list[Path], day: date, *, by: str, dry_run: bool) -> dict[str, int]:
    catalogue = hub.catalogue.require_edition_on(day).catalogue
    contents = [(content_of(file, most_bytes=MAX_FILE_BYTES), file.name) for file in files]
    grants = [grant for raw, name in contents for grant in read_grants(raw, name, catalogue)]
    if not files:
        grants = shipped_grants(catalogue)
    changed = 0 if dry_run else hub.sharing.take_over(grants, by=by)
    return {"read": len(grants), "changed": changed}


def _spelled(change: Change) -> dict[str, str]:
    return {"path": change.path, "turn": change.turn.value}


def _tell(told: dict[str, Any], *, dry_run: bool) -> None:
    if "edition" in told:
        for change in told["changes"][:SHOWN_CHANGES]:
            say(f"  {change['turn']:8} {change['path']}")
        if len(told["changes"]) > SHOWN_CHANGES:
            say(f"  … and {len(told['changes']) - SHOWN_CHANGES} more", "等")
        number = len(told["changes"])
        say(f"{number} changes" + (", none made." if dry_run else f"; edition {told['edition']} is published."))
    if told.get("unregistered"):
        names = ", ".join(told["unregistered"])
        say(
            f"Not on record here, and so providing and deciding nothing yet: {names}.", "目录所列、但尚未登记的参与方。"
        )
    if "grants" in told:
        say(f"{told['grants']['read']} grants read, {told['grants']['changed']} new or different.", "授权已载入。")


@app.command()
def editions(as_json: AsJson = False) -> None:
    """Every edition, the newest proposal first, and what became of it 列出目录版本."""
    with opened() as hub:
        records = hub.catalogue.records()
    rows = [
        {
            "edition": each.edition_id,
            "effective_on": each.effective_on.isoformat(),
            "proposed_at": each.proposed_at.isoformat(),
            "proposed_by": each.proposed_by,
            "standing": each.closed_as or ("published" if each.published_at else "waiting"),
            "decided_at": each.decided_at and each.decided_at.isoformat(),
            "decided_by": each.published_by or each.closed_by,
            "reason": each.reason,
        }
        for each in records
    ]
    print_json(rows) if as_json else print_lines(rows, *(rows[0] if rows else ("edition",)))


@app.command()
def decline(edition: EditionId, reason: Reason, by: By = "operator", as_json: AsJson = False) -> None:
    """The authority does not publish it; the time for its review ends 不予发布."""
    with opened() as hub:
        hub.catalogue.decline(edition, reason, by=by)
    report({"edition": edition, "change": "declined"}, f"{edition} is declined.", "该版本不予发布。", as_json=as_json)


@app.command()
def withdraw(edition: EditionId, reason: Reason, by: By = "operator", as_json: AsJson = False) -> None:
    """Who proposed it, named by --by, takes it back 撤回."""
    with opened() as hub:
        hub.catalogue.withdraw(edition, reason, by=by)
    report({"edition": edition, "change": "withdrawn"}, f"{edition} is withdrawn.", "该版本已撤回。", as_json=as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to write; the suffix .yaml, .json or .xlsx decides the form.")],
    as_json: AsJson = False,
) -> None:
    """Write out the catalogue in force, to be changed and loaded again 导出目录."""
    form = form_of(file.suffix)
    with opened() as hub:
        catalogue = hub.catalogue.require_edition_on(local_date(hub.clock.now())).catalogue
    file.write_bytes(written(catalogue, form))
    told = {"file": str(file), "matters": len(catalogue.matters)}
    report(told, f"{len(catalogue.matters)} matters written to {file.name}.", "目录已导出。", as_json=as_json)


@app.command()
def show(
    matter: Annotated[str | None, typer.Argument(help="Id of one matter; none: the list.")] = None,
    as_json: AsJson = False,
) -> None:
    """What can be applied for, or one matter with its materials 事项与材料."""
    with opened() as hub:
        today = local_date(hub.clock.now())
        if matter:
            found = plain(hub.catalogue.matter(matter, today))
            print_json(found) if as_json else _show_matter(found)
            return
        matters = hub.catalogue.require_edition_on(today).catalogue.matters
    rows = [
        {"id": each.id, "version": each.version, "materials": len(each.materials), "zh": each.names.zh}
        for each in matters
    ]
    print_json(rows) if as_json else print_lines(rows, "id", "version", "materials", "zh")


def _show_matter(matter: dict[str, Any]) -> None:
    say(f"{matter['id']} {matter['version']}: {matter['en']}", matter["zh"])
    rows = [
        {"material": each["id"], "ways": len(each.get("ways", [])), "when": each.get("when"), "zh": each["zh"]}
        for each in matter["materials"]
    ]
    print_lines(rows, "material", "ways", "when", "zh")


@app.command()
def replaceable(as_json: AsJson = False) -> None:
    """Materials that some registry could already replace: what could be cut next 可减材料."""
    with opened() as hub:
        found = hub.cases.supervision.work_list()
    rows = [
        {
            "matter": each.matter,
            "material": each.material,
            "cases_per_year": each.cases_per_year,
            "by": ", ".join(each.by),
        }
        for each in found
    ]
    print_json(rows) if as_json else print_lines(rows, "matter", "material", "cases_per_year", "by")
