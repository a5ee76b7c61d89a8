"""Hostile interfaces 恶意接口: marriage registries that hang, lie, repeat themselves or answer with something else."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from adapters.simulator.dirt import Dirt
from adapters.simulator.hostile import Expected
from adapters.simulator.marriage import SECRET_PATH, Access
from adapters.simulator.marriage_rows import event_row
from adapters.simulator.model import FEMALE, MALE, MarriageEvent, Person
from adapters.simulator.numbers import resident_number
from adapters.simulator.pen import Pen

EVENTS: Final = 250
_FIRST: Final = datetime(2026, 1, 1, 9)  # noqa: DTZ001  # the interface speaks local time
Page = Callable[[int, int, str], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class HostileInterface:
    """One interface: ``app`` makes it; ``usable`` events may go further."""

    name: str
    expected: Expected
    usable: int
    why: str
    app: Callable[[], FastAPI]


def events(count: int = EVENTS) -> list[dict[str, Any]]:
    """Flawless events of invented people, one a minute, in the interface's order."""
    return [_event(place) for place in range(count)]


def _event(place: int) -> dict[str, Any]:
    born = date(1990, 1, 1) + timedelta(days=place)
    man, woman = (
        Person(f"{sex}-{place}", f"测试{name}", sex, born, resident_number("330199", born, 980 + int(sex)))
        for sex, name in ((MALE, "甲"), (FEMALE, "乙"))
    )
    at = _FIRST + timedelta(minutes=place)
    certificate = f"J330199-2026-{place + 1:06d}"
    event = MarriageEvent(f"HOSTILE{place:04d}", "IA", certificate, at.date(), man.id, woman.id, at)
    return event_row(Pen(Dirt.none(), str(place)), event, man, woman)


@cache
def _all_events() -> tuple[dict[str, Any], ...]:
    return tuple(events())


def _true_page(start: int, limit: int, since: str) -> dict[str, Any]:
    found = [one for one in _all_events() if one["updated_at"] >= since]
    return {"code": "200", "total": len(found), "data": found[start : start + limit]}


def _interface(page: Page, secret: Mapping[str, Any] | None = None) -> FastAPI:
    """Whatever the sign, so that only the page is hostile."""
    made = FastAPI(openapi_url=None)

    async def give_secret() -> dict[str, Any]:
        return dict(secret or {"code": "200", "data": {"secret": "open", "secretEndTime": 4102444800000}})

    async def give_page(request: Request) -> Response:
        query = request.query_params
        return await page(int(query.get("start", 0)), int(query.get("limit", 100)), query.get("updated_since", ""))

    made.add_api_route(SECRET_PATH, give_secret, methods=["GET", "POST"])
    made.add_api_route(Access().path, give_page, methods=["GET"], response_model=None)
    return made


def _changed(change: Callable[[dict[str, Any], int], dict[str, Any]]) -> Callable[[], FastAPI]:
    """The true page, changed; the change knows where the page starts."""

    async def page(start: int, limit: int, since: str) -> Response:
        return Response(json.dumps(change(_true_page(start, limit, since), start)), media_type="application/json")

    return lambda: _interface(page)


def _always(answer: Callable[[], Response]) -> Callable[[], FastAPI]:
    async def page(_start: int, _limit: int, _since: str) -> Response:
        return answer()

    return lambda: _interface(page)


def _hanging(seconds: float = 3600) -> FastAPI:
    async def page(_start: int, _limit: int, _since: str) -> Response:
        await asyncio.sleep(seconds)
        return JSONResponse({})

    return _interface(page)


def _repeating() -> FastAPI:
    async def page(_start: int, limit: int, _since: str) -> Response:
        first = _true_page(0, limit, "")
        return JSONResponse({**first, "total": EVENTS})

    return _interface(page)


def _repeating_once() -> FastAPI:
    """The second page is the first again; asked once more it is right."""
    seen: list[int] = []

    async def page(start: int, limit: int, since: str) -> Response:
        seen.append(start)
        again = len(seen) == 2 and start > 0  # noqa: PLR2004  # the second page
        return JSONResponse(_true_page(0 if again else start, limit, since))

    return _interface(page)


def _redirected() -> Response:
    return RedirectResponse("http://192.0.2.1/gateway")


def _huge() -> Response:
    return Response(b'{"code":"200","data":"' + b"x" * 60_000_000, media_type="application/json")


def _said(text: str, kind: str = "application/json") -> Callable[[], Response]:
    return lambda: Response(text, media_type=kind)


def _spoilt(place: int, **cells: object) -> Callable[[dict[str, Any], int], dict[str, Any]]:
    def change(page: dict[str, Any], _start: int) -> dict[str, Any]:
        wanted = f"HOSTILE{place:04d}"
        return {**page, "data": [one | cells if one["ID"] == wanted else one for one in page["data"]]}

    return change


_PAGE: Final = "<html><title>系统维护</title><body>系统维护中，请稍后再试</body></html>"
_TWICE: Final = '{"code":"200","total":1,"total":2,"data":[],"data":[{"ID":"A"}]}'
_DEEP: Final = '{"code":"200","total":1,"data":' + "[" * 100_000 + "]" * 100_000 + "}"
_HALF: Final = json.dumps(_true_page(0, 50, ""))[:-200]


async def _never(_start: int, _limit: int, _since: str) -> Response:
    return JSONResponse({"code": "401"}, 401)


def _refused(name: str, why: str, app: Callable[[], FastAPI]) -> HostileInterface:
    return HostileInterface(name, Expected.REFUSED, 0, why, app)


def _less_one(name: str, why: str, **cells: object) -> HostileInterface:
    return HostileInterface(name, Expected.KEPT_BACK, EVENTS - 1, why, _changed(_spoilt(3, **cells)))


def _read(name: str, why: str, app: Callable[[], FastAPI]) -> HostileInterface:
    return HostileInterface(name, Expected.READ, EVENTS, why, app)


def _lied(**said: object) -> Callable[[], FastAPI]:
    return _changed(lambda page, _: {**page, **said})


def _failing(status: int, **headers: str) -> Callable[[], FastAPI]:
    return _always(lambda: JSONResponse({"code": str(status)}, status, headers))


INTERFACES: Final = (
    _refused("hangs", "never answers", _hanging),
    _refused("page-of-html", "a maintenance page with status 200", _always(_said(_PAGE, "text/html"))),
    _refused("always-busy", "429 for ever, try again in an hour", _failing(429, **{"Retry-After": "3600"})),
    _refused("always-broken", "500 for ever", _failing(500)),
    _refused("always-unsigned", "401 whatever the sign", _failing(401)),
    _refused("refuses-with-200", "status 200, code 500 in the body", _always(_said('{"code":"500","msg":"错误"}'))),
    _refused("elsewhere", "sends the signed request to another host", _always(_redirected)),
    _refused("no-secret", "the secret is missing", lambda: _interface(_never, {"code": "200", "data": {}})),
    _refused("cut-json", "half an answer", _always(_said(_HALF))),
    _refused("names-twice", "duplicate JSON names", _always(_said(_TWICE))),
    _refused("deep", "a hundred thousand brackets", _always(_said(_DEEP))),
    _refused("huge", "60 MB for one page", _always(_huge)),
    _refused("nothing", "data is null though total is not", _lied(data=None)),
    _refused("not-a-list", "data is an object", _lied(data={"ID": "A"})),
    _refused("total-too-large", "promises more than there is", _lied(total=9999)),
    _refused("repeats-for-ever", "the first page whatever was asked", _repeating),
    _read("total-too-small", "promises less than there is", _lied(total=10)),
    _read("repeats-once", "one page comes twice", _repeating_once),
    _less_one("no-id", "an event without ID", ID=None),
    _less_one("not-an-event", "an event whose date is an object", OP_DATE={"on": 1}),
    _less_one("unknown-kind", "an operation that no table knows", OP_TYPE="ZZ"),
    _less_one("lone-surrogate", "half a character in a name", NAME_MAN="测\ud83d试"),
)
