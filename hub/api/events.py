"""One event 一件事 over HTTP: one request opens every part, each consumer sees its own part only 并联审批."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Request
from pydantic import Field, StringConstraints

from hub.api.access import CaseCaller, TheHub
from hub.api.case_wires import Id, People, people_in
from hub.api.openapi import refusals
from hub.api.strict import StrictRoute, View, Wire
from hub.api.work import work
from hub.cases.service.events import EventOpening, Together, ToHandIn
from hub.cases.service.opening import Opened

router = APIRouter(prefix="/v1/events", tags=["cases"], route_class=StrictRoute)

NUMBER: Final = r"^[A-Za-z0-9._-]{1,30}$"
Number = Annotated[str, Path(pattern=NUMBER, description="The number under which this service took the event in.")]
GivenAnswers = dict[Id, Annotated[str, StringConstraints(max_length=200)]]
EXAMPLE: Final[dict[str, Any]] = {
    "hardship": {
        "summary": "Low-income aid and a funeral subsidy, applied for together",
        "value": {
            "event": "hardship",
            "number": "E-2026-0001",
            "people": {
                "applicant": [{"kind": "resident", "number": "11010519491231002X", "name": "张三"}],
                "deceased": [{"kind": "resident", "number": "440524188001010014", "name": "李四"}],
            },
            "answers": {"low-income-aid": {"condition:renting": "no"}},
        },
    }
}


class EventWire(Wire):
    """An event to open: everybody once, and what differs from matter to matter."""

    event: Id
    number: Annotated[str, StringConstraints(pattern=NUMBER, max_length=30)]
    people: People
    sub_items: Annotated[
        dict[Id, Annotated[str, StringConstraints(max_length=80)]],
        Field(default_factory=dict, description="By matter."),
    ]
    answers: Annotated[dict[Id, GivenAnswers], Field(default_factory=dict, description="By matter, then by question.")]
    mandate: Annotated[str, StringConstraints(max_length=80)] = ""

    def opening(self) -> EventOpening:
        """The same for the services."""
        return EventOpening(
            event=self.event,
            number=self.number,
            people=people_in(self.people),
            sub_items=self.sub_items,
            answers={matter: tuple(answers.items()) for matter, answers in self.answers.items()},
            mandate_id=self.mandate,
        )


class PartView(View):
    """One part as the service that took the event in sees it: how it stands, nothing of what it rests on."""

    number: str
    matter: str
    consumer: str
    state: str
    due_on: date | None
    asked: int
    spared: int


class ToHandInView(View):
    """Something to hand in once; `materials` names every material it serves, as MATTER/MATERIAL."""

    kind: str
    en: str
    zh: str
    materials: list[str]


class EventView(View):
    """All parts of an event; `query_codes` by matter, for the applicant, only in the answer that opens it."""

    number: str
    parts: list[PartView]
    to_hand_in: list[ToHandInView]
    query_codes: dict[str, str]


@router.post(
    "",
    summary="Open every part of an event",
    status_code=201,
    responses=refusals(
        "catalogue.no-event",
        "cases.unknown-role",
        "cases.not-in-event",
        "cases.not-your-event",
        "cases.mandate-does-not-cover",
        "cases.number-in-use",
    ),
)
async def open_event(
    wanted: Annotated[EventWire, Body(openapi_examples=EXAMPLE)], request: Request, hub: TheHub, caller: CaseCaller
) -> EventView:
    """One case for each matter of the event, opened for the service that decides it, under NUMBER/MATTER.

    That service finds its part in `GET /v1/cases`; this one sees states and what is left to hand in, and no evidence.
    The same request again goes on where a failure left it.
    """
    lead = caller.party.id

    def deed() -> EventView:
        opened = hub.cases.events.open(lead, wanted.opening())
        return _view(hub.cases.events.together(lead, wanted.number), opened)

    return await work(request, deed)


@router.get(
    "/{number}",
    summary="How all parts of an event stand",
    responses=refusals("cases.no-such-event"),
)
async def one_event(number: Number, request: Request, hub: TheHub, caller: CaseCaller) -> EventView:
    """For the service that took it in: states, due dates, and each kind of paper that is still asked for, once."""
    return _view(await work(request, hub.cases.events.together, caller.party.id, number))


def _view(together: Together, opened: Iterable[Opened] = ()) -> EventView:
    return EventView(
        number=together.number,
        parts=[
            PartView(
                number=case.number,
                matter=case.matter,
                consumer=case.consumer,
                state=case.state,
                due_on=case.due.on,
                asked=asked,
                spared=spared,
            )
            for case, asked, spared in together.parts
        ],
        to_hand_in=[_to_hand_in(each) for each in together.to_hand_in],
        query_codes={each.case.matter: each.query_code for each in opened},
    )


def _to_hand_in(each: ToHandIn) -> ToHandInView:
    return ToHandInView(kind=each.kind, en=each.names.en, zh=each.names.zh, materials=list(each.materials))
