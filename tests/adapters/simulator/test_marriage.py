import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from adapters.simulator.__main__ import main
from adapters.simulator.county import make_county
from adapters.simulator.faults import Faults, Schedule
from adapters.simulator.marriage import MOST_AT_ONCE, SECRET_PATH, SKEW_SECONDS, Access, app, running, signature
from adapters.simulator.marriage_rows import EventStore
from adapters.simulator.registries import Published, publish


class Client:
    """Asks an application without a port between."""

    def __init__(self, application: FastAPI) -> None:
        self._transport = httpx.ASGITransport(application)

    def get(self, path: str, **asked: Any) -> httpx.Response:
        return asyncio.run(self._ask("GET", path, asked))

    def post(self, path: str, **asked: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, asked))

    async def _ask(self, method: str, path: str, asked: dict[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport, base_url="http://registry") as client:
            return await client.request(method, path, **asked)


ACCESS = Access()
NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC).timestamp()
Page = dict[str, Any]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(make_county(400, 20), tmp_path_factory.mktemp("county"))


@pytest.fixture
def events(published: Published, tmp_path: Path) -> Iterator[EventStore]:
    copy = tmp_path / "events.sqlite"
    copy.write_bytes(published.marriage_events.read_bytes())
    store = EventStore(copy)
    yield store
    store.close()


def client_of(events: EventStore, faults: Faults | None = None, now: Callable[[], float] = lambda: NOON) -> Client:
    return Client(app(events, faults or Faults.none(), now=now))


def secret_of(client: Client) -> str:
    answer = client.get(SECRET_PATH, params={"appkey": ACCESS.appkey}).json()
    return str(answer["data"]["secret"])


def signed(secret: str, at: float = NOON, **changed: str) -> dict[str, str]:
    rtime = str(int(at * 1000))
    headers = {"gjgxjhpt_rid": ACCESS.rid, "gjgxjhpt_sid": ACCESS.sid, "gjgxjhpt_rtime": rtime}
    return {**headers, "gjgxjhpt_sign": signature(secret, ACCESS.sid, ACCESS.rid, rtime), **changed}


def page_of(client: Client, secret: str, **query: object) -> Page:
    answer = client.get(ACCESS.path, params=query, headers=signed(secret))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_signed_request_is_answered_with_the_page_and_the_total(events: EventStore) -> None:
    client = client_of(events)
    page = page_of(client, secret_of(client), start=3, limit=5)
    assert page["code"] == "200"
    assert page["total"] == events.total()
    assert page["data"] == events.page(3, 5)


def test_the_secret_is_valid_to_midnight_in_shanghai(events: EventStore) -> None:
    now = [NOON]
    client = client_of(events, now=lambda: now[0])
    issued = client.post(SECRET_PATH, params={"appkey": ACCESS.appkey}).json()["data"]
    assert issued["secretEndTime"] == int(datetime(2026, 11, 21, 16, 0, tzinfo=UTC).timestamp() * 1000)
    now[0] = issued["secretEndTime"] / 1000 + 1
    answer = client.get(ACCESS.path, headers=signed(issued["secret"], now[0]))
    assert (answer.status_code, answer.json()["code"]) == (401, "401")
    assert client.get(ACCESS.path, headers=signed(secret_of(client), now[0])).status_code == 200


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"gjgxjhpt_sign": "bm90IHRoaXM="}, 401),
        ({"gjgxjhpt_sign": "签名"}, 401),
        ({"gjgxjhpt_rid": "somebody-else"}, 403),
        ({"gjgxjhpt_sid": "another-service"}, 403),
        ({"gjgxjhpt_rtime": "now"}, 400),
        ({"gjgxjhpt_rtime": str(int((NOON + 1) * 1000))}, 401),
    ],
)
def test_whoever_does_not_sign_rightly_is_refused(events: EventStore, changed: dict[str, str], status: int) -> None:
    client = client_of(events)
    headers = {name: value.encode() for name, value in signed(secret_of(client), **changed).items()}
    answer = client.get(ACCESS.path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, str(status))


def test_without_headers_nothing_is_served(events: EventStore) -> None:
    assert client_of(events).get(ACCESS.path).status_code == 403


@pytest.mark.parametrize("skew", [-SKEW_SECONDS - 1, SKEW_SECONDS + 1])
def test_a_clock_that_is_minutes_off_is_refused(events: EventStore, skew: int) -> None:
    client = client_of(events)
    assert client.get(ACCESS.path, headers=signed(secret_of(client), NOON + skew)).status_code == 403
    assert client.get(ACCESS.path, headers=signed(secret_of(client), NOON + skew / 2)).status_code == 200


def test_an_unknown_appkey_gets_no_secret(events: EventStore) -> None:
    assert client_of(events).get(SECRET_PATH, params={"appkey": "guess"}).status_code == 403


@pytest.mark.parametrize(
    "query",
    [{"start": "-1"}, {"limit": "0"}, {"limit": str(MOST_AT_ONCE + 1)}, {"start": "x"}, {"updated_since": "yesterday"}],
)
def test_a_page_that_makes_no_sense_is_refused(events: EventStore, query: dict[str, str]) -> None:
    client = client_of(events)
    assert client.get(ACCESS.path, params=query, headers=signed(secret_of(client))).status_code == 400


def test_updated_since_is_inclusive(events: EventStore) -> None:
    client = client_of(events)
    secret = secret_of(client)
    last = page_of(client, secret, start=events.total() - 1)["data"][0]["updated_at"]
    since = page_of(client, secret, updated_since=last)
    assert {row["updated_at"] for row in since["data"]} == {last}
    assert since["total"] == len(since["data"]) >= 1


def test_beyond_the_end_lies_an_empty_page(events: EventStore) -> None:
    client = client_of(events)
    assert page_of(client, secret_of(client), start=100_000)["data"] == []


def test_a_secret_renewed_under_way_refuses_the_next_page_until_it_is_fetched_again(events: EventStore) -> None:
    client = client_of(events, Faults(busy=0, broken=0, hang=0, rotate_every=2, shift_every=0))
    secret = secret_of(client)
    statuses = [client.get(ACCESS.path, headers=signed(secret)).status_code for _ in range(3)]
    assert statuses == [200, 200, 401]
    assert client.get(ACCESS.path, headers=signed(secret_of(client))).status_code == 200


def test_a_correction_under_way_moves_a_served_event_to_the_end_and_the_others_forward(events: EventStore) -> None:
    client = client_of(events, Faults(busy=0, broken=0, hang=0, rotate_every=0, shift_every=2))
    secret = secret_of(client)
    total = events.total()
    before = [row["ID"] for row in events.page(0, total)]
    served = [row["ID"] for start in (0, 20) for row in page_of(client, secret, start=start, limit=20)["data"]]
    after = [row["ID"] for row in events.page(0, total)]
    assert served == before[:40]
    assert after[-1] in served
    assert after[39] == before[40]
    assert sorted(after) == sorted(before)


def test_faults_answer_as_the_platform_does(events: EventStore) -> None:
    busy = client_of(events, Faults(busy=1, broken=0, hang=0)).get(SECRET_PATH)
    assert (busy.status_code, busy.headers["Retry-After"]) == (429, "1")
    assert client_of(events, Faults(busy=0, broken=1, hang=0)).get(SECRET_PATH).status_code == 500
    started = time.monotonic()
    hung = client_of(events, Faults(busy=0, broken=0, hang=1, hang_seconds=0.2)).get(SECRET_PATH)
    assert hung.status_code == 503
    assert time.monotonic() - started >= 0.2


def test_the_schedule_of_faults_is_the_same_for_a_seed_and_never_strikes_twice_in_a_row() -> None:
    def schedule(seed: int) -> list[str | None]:
        made = Schedule(Faults(seed=seed, busy=0.3, broken=0.3, hang=0.1))
        return [made.fault() for _ in range(200)]

    assert schedule(1) == schedule(1) != schedule(2)
    assert set(schedule(1)) == {None, "busy", "broken", "hang"}
    assert all(one is None or following is None for one, following in zip(schedule(1), schedule(1)[1:], strict=False))


def test_the_interface_runs_on_a_real_port(events: EventStore) -> None:
    with running(app(events, Faults.none())) as address:
        answer = httpx.get(f"{address}{SECRET_PATH}", params={"appkey": ACCESS.appkey})
        secret = answer.json()["data"]["secret"]
        page = httpx.get(f"{address}{ACCESS.path}", headers=signed(secret, time.time()), params={"limit": 1})
    assert page.json()["total"] == events.total()


def test_the_command_line_makes_a_county_and_serves_its_marriages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = ["--residents", "120", "--organisations", "12"]
    assert main([*size, "--out", str(tmp_path), "--day", "2026-11-20"]) == 0
    assert "residents" in capsys.readouterr().out
    command = [sys.executable, "-m", "adapters.simulator"]
    port = _free_port()
    with subprocess.Popen(  # noqa: S603  # 〃
        [*command, "marriage", "--from", str(tmp_path), "--port", str(port), "--faultless"]
    ) as server:
        try:
            assert _answers(f"http://127.0.0.1:{port}/healthz")
        finally:
            server.terminate()


def test_the_command_line_says_what_is_wrong_with_a_county(tmp_path: Path) -> None:
    assert main(["--residents", "3", "--out", str(tmp_path)]) == 2


def _free_port() -> int:
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _answers(url: str) -> bool:
    for _ in range(100):
        try:
            return httpx.get(url).status_code == 200
        except httpx.TransportError:
            time.sleep(0.1)
    return False
