"""`hub identity review` and its kin for stewards 数据管理员: what waits, deciding it, joining and splitting records."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from hub.api.rooms import Hub
from hub.cli.roof import opened
from hub.cli.telling import AsJson, print_json, print_lines, say
from hub.exchange.service.foreseeing import Foreseen
from hub.identity.model import Decision, Review, ReviewState, Side
from hub.identity.outlook import Compared, Sought, side_by_side

Steward = Annotated[str, typer.Option(help="Name of the steward; needed to decide.")]
Note = Annotated[str, typer.Option(help="Why; kept with the decision.")]
Mention = Annotated[str, typer.Argument(metavar="RECORD/ROLE", help="A record's opaque reference and the role in it.")]


def review(
    item: Annotated[str | None, typer.Argument(help="Id of a review item; none: those that wait.")] = None,
    decide: Annotated[Decision | None, typer.Option(help="The steward's word; it outranks the machine's.")] = None,
    steward: Steward = "",
    note: Note = "",
    state: Annotated[ReviewState, typer.Option(help="List the items in this state.")] = ReviewState.OPEN,
    kind: Annotated[str | None, typer.Option(help="resident or legal_person.")] = None,
    registry: Annotated[str | None, typer.Option(help="One of the two records is of it.")] = None,
    opened_until: Annotated[datetime | None, typer.Option(help="As old as this or older.")] = None,
    least_weight: Annotated[float | None, typer.Option(help="In bits.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    after: Annotated[str, typer.Option(help="Go on after this item.")] = "",
    as_json: AsJson = False,
) -> None:
    """List what waits for a decision, show one pair side by side, or decide it 人工复核.

    One pair is shown with what its records say and what each choice would do; the list holds no personal data.
    """
    with opened() as hub:
        if item is None:
            until = opened_until.astimezone() if opened_until else None
            sought = Sought(state.value, kind, registry, None, until, least_weight)
            with hub.database.reading() as session:
                found = hub.identity.reviews(session, sought, limit=limit, after=after, opened=False)
            _list([_line(each) for each in found], as_json=as_json)
        elif decide is None:
            _show(hub, item, as_json=as_json)
        else:
            with _deciding(hub, steward) as session:
                decided = hub.identity.decide(session, item, decide, steward=steward, note=note)
            if as_json:
                print_json(_members(decided))
            else:
                say(f"{item}: {decided.state}.", "已记录复核决定。")


def join(
    one: Mention,
    other: Mention,
    steward: Steward = "",
    note: Note = "",
    overrule: Annotated[bool, typer.Option("--overrule", help="Although these two were called different.")] = False,
    as_json: AsJson = False,
) -> None:
    """Two records are one subject's from now on, whatever the machine says 归并."""
    with opened() as hub, _deciding(hub, steward) as session:
        subject = hub.identity.join(
            session, _mention(one), _mention(other), steward=steward, note=note, overrule=overrule
        )
    if as_json:
        print_json({"subject": subject})
    else:
        say(f"Both are {subject} now.", "两条登记信息已归并为同一主体。")


def split(one: Mention, other: Mention, steward: Steward = "", note: Note = "", as_json: AsJson = False) -> None:
    """Two records that were one subject's are two subjects' again, and never linked by the machine 拆分."""
    with opened() as hub, _deciding(hub, steward) as session:
        subjects = hub.identity.split(session, _mention(one), _mention(other), steward=steward, note=note)
    if as_json:
        print_json({"subjects": list(subjects)})
    else:
        say(f"They are {subjects[0]} and {subjects[1]} now.", "两条登记信息已拆分为两个主体。")


def recalled(
    consumer: Annotated[str | None, typer.Option(help="Only what this consumer was shown.")] = None,
    waiting: Annotated[bool, typer.Option(help="Only what the consumer has not acknowledged.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    after: Annotated[str, typer.Option(help="Go on after this notice.")] = "",
    as_json: AsJson = False,
) -> None:
    """List what was released under links that proved wrong, and whether its consumers know 误披露清单."""
    with opened() as hub:
        found = hub.recalling.recalls(consumer=consumer, waiting=waiting, after=after, limit=limit)
    rows = [
        {**asdict(each), "found_at": each.found_at.isoformat(), "acknowledged_at": _instant(each.acknowledged_at)}
        for each in found
    ]
    if as_json:
        print_json(rows)
    else:
        told = [row | {"types": ", ".join(sorted({item["type"] for item in row["items"]}))} for row in rows]
        print_lines(told, "notice_id", "consumer", "exchange_id", "types", "found_at", "acknowledged_at")


@contextmanager
def _deciding(hub: Hub, steward: str) -> Iterator[Any]:
    if not steward:
        raise typer.BadParameter("Name the steward who decides: --steward NAME.")
    with hub.database.writing() as session:
        yield session


def _mention(text: str) -> tuple[str, str]:
    record, slash, role = text.rpartition("/")
    if not slash or not record or not role:
        raise typer.BadParameter("Give the record's reference and the role in it as RECORD/ROLE.")
    return record, role


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _list(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
    else:
        print_lines(rows, "id", "weight", "left", "right", "reasons")


def _line(each: Review) -> dict[str, Any]:
    return {
        "id": each.review_id,
        "weight": round(each.weight, 1),
        "left": f"{each.left.registry}/{each.left.export}/{each.left.role}",
        "right": f"{each.right.registry}/{each.right.export}/{each.right.role}",
        "reasons": ", ".join(each.reasons),
        "opened_at": each.opened_at.isoformat(),
    }


def _show(hub: Hub, item: str, *, as_json: bool) -> None:
    with hub.database.writing() as session:
        found = hub.identity.require_review(session, item)
        foreseen = hub.foresight.foresee(session, item)
        hub.identity.note_reading(session, [item], reader="cli")
    if as_json:
        print_json(_whole(found, foreseen))
        return
    say(f"{found.review_id}: {found.state}, {found.weight:.1f} bits", " ".join(found.reasons[:1]))
    print_lines([_compared(each) for each in side_by_side(found)], "field", "left", "right", "level", "weight")
    print_lines(
        [_choice(each) for each in foreseen], "choice", "mentions", "evidence", "cases", "pairwise", "closed by"
    )


def _compared(each: Compared) -> dict[str, Any]:
    sides = {
        name: " ".join(str(value) for value in side.values())
        for name, side in (("left", each.left), ("right", each.right))
    }
    return {"field": each.field, **sides, "level": each.level, "weight": f"{each.weight:+.1f}"}


def _choice(each: Foreseen) -> dict[str, Any]:
    outlook = each.outlook
    return {
        "choice": outlook.decision.value,
        "mentions": len(outlook.moves),
        "evidence": len(each.evidence),
        "cases": len(each.cases),
        "pairwise": len(outlook.pairwise),
        "closed by": outlook.refusal.code if outlook.refusal else None,
    }


def _whole(each: Review, foreseen: list[Foreseen]) -> dict[str, Any]:
    return {**_members(each), "outlook": [_outlook(one) for one in foreseen]}


def _members(each: Review) -> dict[str, Any]:
    return {
        "id": each.review_id,
        "state": each.state,
        "left": _side(each.left),
        "right": _side(each.right),
        "compared": [asdict(field) for field in side_by_side(each)],
        "weight": each.weight,
        "weights": dict(each.weights),
        "reasons": list(each.reasons),
        "effects": dict(each.effects),
        "opened_at": each.opened_at.isoformat(),
        "model_version": each.model_version,
        "steward": each.steward,
        "decided_at": _instant(each.decided_at),
        "note": each.note,
    }


def _outlook(each: Foreseen) -> dict[str, Any]:
    return {
        **_choice(each),
        "subjects": list(each.outlook.subjects),
        "redirects": dict(each.outlook.redirects),
        "evidence_moving": [asdict(piece) for piece in each.evidence],
        "cases_changing": [asdict(case) for case in each.cases],
        "pairwise_changing": [asdict(one) for one in each.outlook.pairwise],
        "released": each.released,
        "overrules": each.outlook.overrules,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "subject": side.subject_id,
        "registry": side.registry,
        "export": side.export,
        "record": side.record,
        "role": side.role,
        "as_of": side.as_of,
        "fields": dict(side.fields),
        "mentions": side.mentions,
    }
