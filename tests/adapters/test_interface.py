"""The signed, paged interface: renewed secrets, retries, changing pages, and a reading that goes on where it ended."""

import contextlib
import itertools
import json
import math
import random
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.conformance.trial import sample
from adapters.mapping.load import load_mapping
from adapters.sources.pages import Reading
from hub.errors import HubError, Malformed, Refused, Unavailable
from hub.kernel.clock import SystemClock
from tests.support.adapter_runs import hub_for, run
from tests.support.signed_interface import Answer, Interface, rows_of, running, said


def events(count: int, *, per_second: int = 1) -> list[dict[str, Any]]:
    [sheet] = sample("marriage")
    first = rows_of(sheet.headers, sheet.rows)[0]
    return [
        first
        | {
            "ID": f"E{place:05}",
            "updated_at": f"2026-01-01 {place // per_second // 60:02}:{place // per_second % 60:02}:00",
        }
        for place in range(count)
    ]


def pushed(interface: Interface, **options: Any) -> tuple[Any, Any]:
    hub = hub_for("marriage")
    with running(interface) as address:
        report = run(hub, "marriage", f"{address}/events?rid=r&sid=s&appkey=key", **options)
    return hub, report


def test_every_page_is_read_once_signed() -> None:
    hub, report = pushed(Interface({"/events": events(350)}))
    assert len(hub.live("marriage", "events")) == report.read == 350


def test_a_secret_that_changes_under_way_is_renewed_once() -> None:
    interface = Interface({"/events": events(250)})

    def rotate(page: int) -> None:
        interface.secret = f"s-{page}"

    interface.after_page = rotate
    hub, _ = pushed(interface)
    assert len(hub.live("marriage", "events")) == 250


def test_two_adapters_that_make_each_others_secret_invalid_both_read_everything() -> None:
    interface = Interface({"/events": events(250)})
    overtakes = itertools.cycle((False, True, True, True))

    def overtaken(path: str, _query: dict[str, str]) -> None:
        if path == "/events" and next(overtakes):
            interface.secret += "+"

    interface.misbehave = overtaken
    hub, _ = pushed(interface)
    assert len(hub.live("marriage", "events")) == 250


def test_a_wrong_appkey_is_refused_with_advice() -> None:
    with pytest.raises(Refused) as refused:
        pushed(Interface({"/events": events(1)}, appkey="other"))
    assert refused.value.code == "adapters.source-refused"


def test_busy_broken_and_foreign_answers_are_tried_again() -> None:
    answers: list[Any] = [
        said({}, 500),
        said({}, 429, retry_after="0"),
        (200, {"content-type": "text/html"}, b"<html>"),
        said({"code": "500"}),
        said({"code": "200", "data": None}),
        said([]),
    ]

    def misbehave(path: str, _query: dict[str, str]) -> Any:
        return answers.pop() if path == "/events" and answers else None

    hub, _ = pushed(Interface({"/events": events(30)}, misbehave=misbehave))
    assert len(hub.live("marriage", "events")) == 30


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig"])
def test_answers_of_servers_that_write_no_plain_utf_8_are_read(encoding: str) -> None:
    rows = [events(1)[0] | {"NAME_MAN": "𠮷䶮"}]

    def in_other_bytes(path: str, query: dict[str, str]) -> Any:
        page = [] if query.get("start", "0") != "0" else rows
        body = json.dumps({"code": "200", "total": 1, "data": page}, ensure_ascii=False).encode(encoding)
        return (200, {"content-type": "application/json"}, body) if path == "/events" else None

    hub, _ = pushed(Interface({"/events": rows}, misbehave=in_other_bytes))
    assert [one["man"]["name"] for one in hub.claims("marriage", "events")] == ["𠮷䶮"]


def nested(page: list[dict[str, Any]], total: int) -> Answer:
    return said({"code": "200", "msg": None, "data": {"records": page or None, "total": total, "size": 100}})


def test_rows_deeper_in_an_answer_are_read_from_the_place_that_the_mapping_names(tmp_path: Path) -> None:
    rows = events(3)
    interface = Interface({})

    def answer(path: str, query: dict[str, str]) -> Answer | None:
        page = rows[int(query.get("start", "0")) :]
        return nested(page, len(page)) if path == "/events" else None

    interface.misbehave = answer
    with pytest.raises(Malformed, match=r"rows: data\.records"):
        pushed(interface)
    assert [path for path, _ in interface.calls].count("/events") == 1  # asking again would not help
    path = tmp_path / "m.yaml"
    path.write_text("version: 1\nregistry: marriage\nextends: default\nsources: {rest: {rows: data.records}}\n")
    hub, report = pushed(interface, mapping=load_mapping(path, "marriage"))
    assert len(hub.live("marriage", "events")) == report.read == 3


def test_not_a_number_in_an_answer_is_a_value_that_is_missing() -> None:
    interface = Interface({"/events": [event | {"DEGREE_MAN": math.nan} for event in events(2)]})
    hub, report = pushed(interface)
    assert (report.accepted, report.unusable) == (2, 0)
    assert all("education" not in event["man"] for event in hub.claims("marriage", "events"))


def test_what_was_heard_instead_of_a_page_is_told() -> None:
    page = (200, {"content-type": "text/html"}, b"<html>login</html>")
    with pytest.raises(Unavailable, match="an answer that is not JSON"):
        pushed(Interface({}, misbehave=lambda path, _query: page if path == "/events" else None))


def test_an_interface_that_has_moved_is_told_with_its_new_address_and_no_parameter() -> None:
    moved = (302, {"location": "https://new.test/v2/events?rid=r"}, b"")
    with pytest.raises(Refused, match=r"https://new\.test/v2/events: write"):
        pushed(Interface({}, misbehave=lambda path, _query: moved if path == "/events" else None))


def test_an_interface_without_signatures_is_read_when_the_mapping_says_so() -> None:
    from dataclasses import replace

    from adapters.mapping.load import default_mapping

    mapping = default_mapping("marriage")
    mapping = replace(mapping, rest=replace(mapping.rest, signed=False, page_size=7))
    interface = Interface({"/events": events(20)})
    interface._is_signed = lambda _headers: True  # type: ignore[method-assign]
    hub, _ = pushed(interface, mapping=mapping)
    assert len(hub.live("marriage", "events")) == 20
    assert not [path for path, _ in interface.calls if "refresh" in path]


@pytest.mark.parametrize("per_second", [1, 5, 400])
@pytest.mark.parametrize("seed", range(3))
def test_rows_that_change_while_pages_are_read_are_never_lost(seed: int, per_second: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    interface = Interface({"/events": events(160, per_second=per_second)}, most=17)
    rows = interface.paths["/events"]
    stamp = iter(range(10_000))

    def touch(_page: int) -> None:
        if chance.random() < 0.6:
            row = chance.choice(rows)
            row["updated_at"] = f"2026-01-02 00:{next(stamp) // 60:02}:{next(stamp) % 60:02}"
            row["OP_DATE"] = "2020-02-02"

    interface.after_page = touch
    hub, _ = pushed(interface)
    assert len(hub.live("marriage", "events")) == 160
    told = {claims["source"]["key"]: claims["event_on"] for claims in hub.claims("marriage", "events")}
    stale = [row["ID"] for row in rows if row["updated_at"] < "2026-01-02" and told[row["ID"]] == "2020-02-02"]
    assert stale == []


def stamped(*seconds: str) -> list[dict[str, Any]]:
    return [events(1)[0] | {"ID": f"S{second}", "updated_at": second} for second in seconds]


def test_the_next_run_reads_on_from_a_day_before_the_last_second() -> None:
    interface = Interface({"/events": stamped("2026-01-01 10:00:00", "2026-01-03 09:00:00", "2026-01-03 10:00:00")})
    hub = hub_for("marriage")
    with running(interface) as address:
        source = f"{address}/events?rid=r&sid=s&appkey=key"
        run(hub, "marriage", source)
        interface.paths["/events"] += stamped("2026-01-03 11:00:00", "2026-01-02 10:30:00")
        interface.calls.clear()
        report = run(hub, "marriage", source)
    assert (report.read, report.accepted) == (4, 2)
    asked = [query.get("updated_since") for path, query in interface.calls if path == "/events"]
    assert "2026-01-02 10:00:00" in asked


def test_a_row_dated_in_the_future_does_not_end_the_reading_of_all_others() -> None:
    interface = Interface({"/events": stamped("2026-01-01 10:00:00", "2099-12-31 23:59:59")})
    hub = hub_for("marriage")
    with running(interface) as address:
        source = f"{address}/events?rid=r&sid=s&appkey=key"
        run(hub, "marriage", source)
        interface.paths["/events"] += stamped(SystemClock().now().strftime("%Y-%m-%d %H:%M:%S"))
        assert run(hub, "marriage", source).accepted == 1
    assert len(hub.live("marriage", "events")) == 3


def test_an_operator_may_read_again_from_an_earlier_time() -> None:
    interface = Interface({"/events": events(50)})
    hub = hub_for("marriage")
    with running(interface) as address:
        source = f"{address}/events?rid=r&sid=s&appkey=key"
        run(hub, "marriage", source)
        report = run(hub, "marriage", source, since="2026-01-01 00:40:00")
    assert (report.read, report.accepted) == (10, 0)


def test_an_interface_that_ignores_the_time_asked_for_is_read_page_by_page() -> None:
    hub, _ = pushed(Interface({"/events": events(230, per_second=3)}, honours_since=False))
    assert len(hub.live("marriage", "events")) == 230


def test_a_full_export_behind_an_interface_withdraws_what_is_gone_and_not_what_is_damaged() -> None:
    from dataclasses import replace

    from adapters.mapping.load import default_mapping

    sheets = {sheet.name: sheet for sheet in sample("civil_affairs")}
    rows = rows_of(sheets["residents"].headers, sheets["residents"].rows)
    interface = Interface({"/r": rows}, most=3)
    mapping = default_mapping("civil_affairs")
    residents = mapping.exports["residents"]
    part = replace(residents.parts[""], path="/r")
    mapping = replace(mapping, exports={"residents": replace(residents, parts={"": part})})
    hub = hub_for("civil_affairs")
    with running(interface) as address:
        first = run(hub, "civil_affairs", f"{address}?rid=r&sid=s&appkey=key", mapping=mapping)
        rows.pop(0)
        second = run(hub, "civil_affairs", f"{address}?rid=r&sid=s&appkey=key", mapping=mapping)
        address_column = next(name for name in rows[0] if "ADDR" in name.upper() or "地址" in name)
        rows[0][address_column] = "桃源\ud800村"
        third = run(hub, "civil_affairs", f"{address}?rid=r&sid=s&appkey=key", mapping=mapping)
    assert (first.accepted, second.withdrawn, second.accepted) == (7, 1, 0)
    assert (third.reasons["row.broken-text"], third.withdrawn) == (1, 0)
    assert len(hub.live("civil_affairs", "residents")) == 6


def paged(rows: list[dict[str, Any]], most: int = 10) -> Callable[[int, str | None], tuple[list[Any], int]]:
    def fetch(start: int, since: str | None) -> tuple[list[Any], int]:
        chosen = [row for row in rows if row["at"] >= (since or "")]
        return chosen[start : start + most], len(chosen)

    return fetch


def at(row: Any) -> str:
    return str(row["at"])


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 100])
@pytest.mark.parametrize("per_second", [1, 3, 10, 1000])
def test_pages_of_any_fill_are_read_whole(count: int, per_second: int) -> None:
    rows = [{"id": place, "at": f"{place // per_second:04}"} for place in range(count)]
    assert list(Reading(paged(rows), at).rows()) == rows


def test_rows_without_a_time_are_read_by_count_and_looked_at_twice() -> None:
    rows = [{"id": place, "at": ""} for place in range(95)]
    asked: list[int] = []
    fetch = paged(rows)

    def counting(start: int, since: str | None) -> tuple[list[Any], int]:
        asked.append(start)
        return fetch(start, since)

    assert list(Reading(counting, at).rows()) == rows
    assert asked.count(0) == 2


def test_one_page_for_every_question_ends_in_a_clear_error() -> None:
    rows = [{"id": place, "at": "1"} for place in range(10)]
    with pytest.raises(Unavailable) as refused:
        list(Reading(lambda _start, _since: (rows, 10_000), at).rows())
    assert refused.value.code == "adapters.source-repeats"


def test_a_total_that_promises_more_is_not_believed_to_be_all() -> None:
    rows = [{"id": place, "at": "1"} for place in range(5)]
    with pytest.raises(HubError) as refused:
        list(Reading(lambda start, _since: (rows[start : start + 10], 9999), at).rows())
    assert refused.value.code == "adapters.source-short"
    assert json.dumps(refused.value.facts) == '{"promised": 9999, "given": 5}'


def test_a_secret_refused_inside_an_answer_with_status_200_is_renewed_once() -> None:
    refusals = [said({"code": "401", "msg": "sign"})]

    def misbehave(path: str, _query: dict[str, str]) -> Any:
        return refusals.pop() if path == "/events" and refusals else None

    interface = Interface({"/events": events(30)}, misbehave=misbehave)
    hub, _ = pushed(interface)
    assert len(hub.live("marriage", "events")) == 30
    assert sum(path.endswith("refreshappsecret") for path, _ in interface.calls) == 2
    refusals.extend([said({"code": "401"})] * 99)
    with pytest.raises(Refused, match="check rid, sid and appkey"):
        pushed(interface)


def test_a_field_that_the_first_page_lacks_is_read_under_whatever_spelling_it_comes() -> None:
    rows = [{name.lower(): value for name, value in row.items()} for row in events(30)]
    for row in rows[:20]:
        del row["cert_num_woman"]
    hub, _ = pushed(Interface({"/events": rows}, most=10))
    numbers = ["number" in claims["woman"] for claims in hub.claims("marriage", "events")]
    assert numbers.count(True) == 10


def test_an_interface_of_another_registry_is_refused_and_not_put_aside_row_by_row() -> None:
    with pytest.raises(HubError) as refused:
        pushed(Interface({"/events": [{"姓名": "张伟", "证件号码": "无"}]}))
    assert refused.value.code == "adapters.nothing-recognised"


def test_a_time_to_read_from_that_is_none_is_refused_before_anything_is_read() -> None:
    interface = Interface({"/events": events(30)})
    with pytest.raises(HubError) as refused:
        pushed(interface, since="yesterday")
    assert (refused.value.code, interface.calls) == ("adapters.since", [])
    _, report = pushed(interface, since="2026年1月2日")
    assert (report.read, interface.calls[-1][1]["updated_since"]) == (0, "2026-01-02 00:00:00")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://", "adapters.source-address"),
        ("https://host:port/events", "adapters.source-address"),
        ("http://127.0.0.1:1/events?timeout_seconds=soon", "adapters.source-timeout"),
        ("http://127.0.0.1:1/events?timeout_seconds=-1", "adapters.source-timeout"),
        ("http://127.0.0.1:1/events", "adapters.source-away"),
    ],
)
def test_an_address_that_cannot_be_called_is_said_to_be_one(address: str, code: str) -> None:
    with pytest.raises(HubError) as refused:
        run(hub_for("marriage"), "marriage", address)
    assert refused.value.code == code


def test_an_answer_that_drips_without_an_end_is_given_up() -> None:
    def drip(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
            while True:
                connection.sendall(b" ")
                time.sleep(0.02)

    def serve(door: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(door.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=serve, args=(door,), daemon=True).start()
        address = f"http://127.0.0.1:{door.getsockname()[1]}/events?timeout_seconds=0.1"
        with pytest.raises(Unavailable, match="does not end"):
            run(hub_for("marriage"), "marriage", address)
