"""The marriage registry's 婚姻登记 interface: signed and paged, shaped like the national platform's, with its bad days.

``GET|POST /sysapi/auth/refreshappsecret?appkey=…`` gives a secret that is valid to midnight in Asia/Shanghai. The data
lies at ``Access.path``: ``start`` counts from 0, the order is (``updated_at``, ``ID``), ``updated_since`` is inclusive.
"""

import argparse
import asyncio
import base64
import hmac
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from adapters.simulator.faults import Faults, Schedule
from adapters.simulator.marriage_rows import EventStore
from hub.kernel.clock import LOCAL

SECRET_PATH: Final = "/sysapi/auth/refreshappsecret"  # noqa: S105  # a path
SKEW_SECONDS: Final = 300
MOST_AT_ONCE: Final = 1000


@dataclass(frozen=True)
class Access:
    """What a department is given to use the interface; invented here."""

    appkey: str = "qingxi-demo-key"
    rid: str = "qingxi-hub"
    sid: str = "marriage-events"
    path: str = "/gateway/marriage/events"

    def url(self, base: str) -> str:
        """The address that an adapter is given: the path under ``base`` with these credentials."""
        return f"{base}{self.path}?{urlencode({'appkey': self.appkey, 'rid': self.rid, 'sid': self.sid})}"


@dataclass(frozen=True)
class _Answer(Exception):  # an answer that ends the request early
    status: int
    message: str
    retry_after_seconds: int = 0

    def response(self) -> JSONResponse:
        headers = {"Retry-After": str(self.retry_after_seconds)} if self.retry_after_seconds else None
        return JSONResponse({"code": str(self.status), "msg": self.message}, self.status, headers)


class _Interface:
    """One running interface: its store, its secret of the day, its schedule of faults."""

    def __init__(self, store: EventStore, faults: Faults, access: Access, now: Callable[[], float]) -> None:
        self._store, self._faults, self._access, self._now = store, faults, access, now
        self._schedule = Schedule(faults)
        self._renewals = 0

    async def secret(self, request: Request) -> JSONResponse:
        """Hand out the secret of the day."""
        try:
            await self._suffer()
            self._check_appkey(request.query_params.get("appkey"))
        except _Answer as refused:
            return refused.response()
        issued = {"secret": self._secret(), "secretEndTime": int(self._midnight().timestamp() * 1000)}
        return JSONResponse({"code": "200", "msg": "成功", "data": issued})

    async def events(self, request: Request) -> JSONResponse:
        """Serve one page."""
        try:
            await self._suffer()
            self._check_sender(request.headers)
            start, limit, since = _wanted(request.query_params)
        except _Answer as refused:
            return refused.response()
        body = {"code": "200", "total": self._store.total(since), "data": self._store.page(start, limit, since)}
        renewed, shifted = self._schedule.page_served()
        self._renewals += renewed
        if shifted and start:
            self._store.touch(self._schedule.place_before(start))
        return JSONResponse(body)

    async def _suffer(self) -> None:
        fault = self._schedule.fault()
        if fault == "busy":
            raise _Answer(429, "请求过于频繁", self._faults.retry_after_seconds)
        if fault == "broken":
            raise _Answer(500, "系统内部错误")
        if fault == "hang":
            await asyncio.sleep(self._faults.hang_seconds)
            raise _Answer(503, "服务超时")

    def _check_appkey(self, appkey: str | None) -> None:
        if appkey != self._access.appkey:
            raise _Answer(403, "appkey无效")

    def _check_sender(self, headers: Mapping[str, str]) -> None:
        rid, sid = headers.get("gjgxjhpt_rid", ""), headers.get("gjgxjhpt_sid", "")
        rtime, sign = headers.get("gjgxjhpt_rtime", ""), headers.get("gjgxjhpt_sign", "")
        if (rid, sid) != (self._access.rid, self._access.sid):
            raise _Answer(403, "无权访问该服务")
        if not rtime.isascii() or not rtime.isdigit():
            raise _Answer(400, "gjgxjhpt_rtime应为毫秒时间戳")
        if abs(int(rtime) / 1000 - self._now()) > SKEW_SECONDS:
            raise _Answer(403, "请求时间与服务器时间相差过大")
        if not hmac.compare_digest(signature(self._secret(), sid, rid, rtime).encode(), sign.encode()):
            raise _Answer(401, "签名错误或密钥已失效")

    def _secret(self) -> str:
        text = f"{self._access.appkey}|{self._local().date()}|{self._renewals}"
        return hmac.new(b"invented registry", text.encode(), "sha256").hexdigest()

    def _local(self) -> datetime:
        return datetime.fromtimestamp(self._now(), LOCAL)

    def _midnight(self) -> datetime:
        return datetime.combine(self._local().date() + timedelta(days=1), datetime.min.time(), LOCAL)


def signature(secret: str, sid: str, rid: str, rtime: str) -> str:
    """The header ``gjgxjhpt_sign``: base64 of HMAC-SHA256 over sid, rid, rtime, keyed with the secret's UTF-8 text."""
    return base64.b64encode(hmac.new(secret.encode(), f"{sid}{rid}{rtime}".encode(), "sha256").digest()).decode()


def app(
    events: EventStore | Path,
    faults: Faults | None = None,
    *,
    access: Access | None = None,
    now: Callable[[], float] = time.time,
) -> FastAPI:
    """The interface over published events; without ``faults`` it has the usual bad days."""
    access = access or Access()
    store = events if isinstance(events, EventStore) else EventStore(events)
    interface = _Interface(store, faults or Faults(), access, now)
    made = FastAPI(title="婚姻登记数据接口", docs_url=None, redoc_url=None, openapi_url=None)
    made.add_api_route(SECRET_PATH, interface.secret, methods=["GET", "POST"])
    made.add_api_route(access.path, interface.events, methods=["GET"])
    made.add_api_route("/healthz", _healthy, methods=["GET"])
    return made


@contextmanager
def running(application: Any, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """The address of an ASGI application served from a thread of this process until the block ends."""
    server = uvicorn.Server(uvicorn.Config(application, host=host, port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, name="simulated-registry", daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        bound = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://{host}:{bound}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def main(arguments: list[str] | None = None) -> None:
    """Serve the events of a published county until stopped."""
    parser = argparse.ArgumentParser(prog="adapters.simulator marriage", description=main.__doc__)
    parser.add_argument("--from", dest="directory", type=Path, required=True, help="where the county was published")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--seed", type=int, default=1, help="of the schedule of faults")
    parser.add_argument("--faultless", action="store_true", help="no time-outs, refusals or shifts")
    chosen = parser.parse_args(arguments)
    faults = Faults.none() if chosen.faultless else Faults(seed=chosen.seed)
    application = app(chosen.directory / "marriage" / "events.sqlite", faults)
    uvicorn.run(application, host=chosen.host, port=chosen.port, log_level="warning")


async def _healthy() -> dict[str, str]:
    return {"status": "ok"}


def _wanted(query: Mapping[str, str]) -> tuple[int, int, str]:
    start, limit, since = query.get("start", "0"), query.get("limit", "100"), query.get("updated_since", "")
    if not (start.isascii() and start.isdigit() and limit.isascii() and limit.isdigit()):
        raise _Answer(400, "start与limit应为非负整数")
    if not 1 <= int(limit) <= MOST_AT_ONCE or int(start) >= 2**31:
        raise _Answer(400, f"limit应在1至{MOST_AT_ONCE}之间")
    if since:
        try:
            datetime.strptime(since, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  # the interface speaks local time
        except ValueError:
            raise _Answer(400, "updated_since格式应为YYYY-MM-DD HH:MM:SS") from None
    return int(start), int(limit), since


if __name__ == "__main__":
    main()
