"""`hub identity owner`, `history`, `known` and `findings`: whose a record was, a subject over time, contradictions."""

from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Final

import typer

from hub.cli.roof import opened
from hub.cli.telling import AsJson, print_json, print_lines, say
from hub.errors import Missing
from hub.identity.model import LinkEntry
from hub.kernel.clock import LOCAL

CLI: Final = "cli"


def owner(
    record: Annotated[str, typer.Argument(help="The record's opaque reference.")],
    role: Annotated[str, typer.Option(help="The role in it.")] = "self",
    on: Annotated[datetime | None, typer.Option(help="The day (its end, in the county) or instant; none: now.")] = None,
    as_json: AsJson = False,
) -> None:
    """Whose a record was on a day, and why 历史归属."""
    with opened() as hub:
        at = _end(on) if on else hub.clock.now()
        with hub.database.reading() as session:
            found = hub.identity.whose(session, record, role, at)
    if found is None:
        raise Missing(
            "identity.nobodys",
            "The record was not here at that time, or had been withdrawn.",
            "当时枢纽没有这条登记信息，或已被撤回。",
        )
    lines = [_line(found.line), *(_line(each) for each in found.because)]
    if as_json:
        told = {"subject": found.line.subject_id, "answered_by": found.answered_by}
        print_json({**told, "line": lines[0], "because": lines[1:]})
    else:
        say(f"{found.line.subject_id}, answered for by {found.answered_by} today.")
        print_lines(lines, "at", "action", "subject_id", "from_subject", "method", "actor", "reasons")


def history(
    subject: Annotated[str, typer.Argument(help="Any id that the subject ever had.")], as_json: AsJson = False
) -> None:
    """A subject over time: what its registries said, and how its records came to it 历史沿革.

    What people's records say is shown; that it was read stands in the log.
    """
    with opened() as hub, hub.database.writing() as session:
        answering, aliases = hub.identity.require_subject(session, subject)
        said = [_told(asdict(each)) for each in hub.chronicle.of(session, aliases)]
        links = [_line(each) for each in hub.identity.history_of_subject(session, answering, opened=True)]
        hub.identity.note_subject_reading(session, answering, reader=CLI)
    if as_json:
        print_json({"subject": answering, "aliases": aliases, "said": said, "links": links})
    else:
        print_lines(said, "said_at", "ended_at", "registry", "role", "status", "reason", "fields")
        print_lines(links, "at", "action", "subject_id", "from_subject", "method", "actor", "reasons", "note")


def known(
    subject: Annotated[str, typer.Argument(help="Any id that the subject ever had.")], as_json: AsJson = False
) -> None:
    """What is best known of a subject, field by field, from where and since when 主数据."""
    with opened() as hub, hub.database.writing() as session:
        answering, aliases = hub.identity.require_subject(session, subject)
        golden = [_told(asdict(each)) for each in hub.identity.golden(session, answering)]
        hub.identity.note_subject_reading(session, answering, reader=CLI)
    if as_json:
        print_json({"subject": answering, "aliases": aliases, "golden": golden})
    else:
        print_lines(golden, "field", "value", "registry", "export", "as_of", "others")


def findings(
    registry: Annotated[str, typer.Argument(help="The registry whose records are looked through.")],
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
    after: Annotated[str, typer.Option(help="Go on where a page ended.")] = "",
    as_json: AsJson = False,
) -> None:
    """Where a registry's records are contradicted, as its owner may know it 数据质量问题."""
    with opened() as hub, hub.database.reading() as session:
        found, place = hub.identity.findings(session, registry.replace("-", "_"), after=after, limit=limit)
    rows = [_told({**asdict(each), **asdict(each.found)}, without=("found", "place")) for each in found]
    if as_json:
        print_json({"findings": rows, "next": place})
    else:
        print_lines(rows, "code", "export", "key", "role", "field", "value", "against")
        if place:
            say(f"More: --after {place}", "还有更多。")


def _end(on: datetime) -> datetime:
    """The instant itself, or the end of the day when only a day was given."""
    if on.tzinfo is not None:
        return on
    is_day = on.time() == time()
    return (on + timedelta(days=1) if is_day else on).replace(tzinfo=LOCAL)


def _line(each: LinkEntry) -> dict[str, Any]:
    return _told(asdict(each)) | {"reasons": ", ".join(each.reasons)}


def _told(members: dict[str, Any], without: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in members.items()
        if name not in without
    }
