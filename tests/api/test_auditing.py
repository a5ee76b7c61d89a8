"""Auditors read and change nothing, subjects see their own view, and only the authority orders secrecy or erasure."""

import json
import secrets
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from hub.errors import HubError, Malformed, Refused
from hub.exchange.verify_view import verify_view
from hub.parties.model import PartyKind, Scope
from hub.parties.rules import SCOPES
from tests.support.running import Running

AUDITOR, AUTHORITY, PORTAL = "aud:county-audit", "auth:data-bureau", "portal:county-services"
NOBODY = {"kind": "resident", "number": "11010519491231002X", "name": "张三"}
PERIOD = {"since": "2026-01-01T00:00:00+08:00", "until": "2026-06-01T00:00:00+08:00"}
DIGEST = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{}\" t"
LONG = {"since": "2020-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def everything(up: Running) -> list[tuple[str, int, str]]:
    """Every table with its rows and their digest; the log's own tables and used messages grow by any call."""
    with up.hub.database.reading() as session:
        tables = session.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1")
        ).scalars()
        grows = {"party_used_message", "log_queue", "log_entry", "log_head", "log_published", "log_tile"}
        return [
            (
                name,
                *session.execute(
                    text(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{name}\" t")
                ).one(),
            )
            for name in tables
            if name not in grows
        ]


def log_of(up: Running) -> list[bytes]:
    with up.hub.database.reading() as session:
        return [bytes(row) for row in session.execute(text('SELECT content FROM log_entry ORDER BY "index"')).scalars()]


def paths(up: Running) -> list[str]:
    described = httpx.get(f"{up.url}/openapi.json", timeout=30).json()["paths"]
    return sorted(described)


def filled(path: str) -> str:
    return "/".join("x" if part.startswith("{") else part for part in path.split("/"))


def test_no_method_on_any_address_lets_an_auditor_change_anything(served_hub: Running) -> None:
    before, log = everything(served_hub), log_of(served_hub)
    answered: dict[tuple[str, str], int] = {}
    with served_hub.channel(AUDITOR) as channel, httpx.Client(base_url=served_hub.url, timeout=30) as http:
        headers = {"authorization": f"Bearer {channel.access_token()}"}
        for path in paths(served_hub):
            for method in METHODS:
                body = None if method == "GET" else {"anything": 1}
                answered[method, path] = http.request(method, filled(path), headers=headers, json=body).status_code
    changing = {place: status for place, status in answered.items() if place[0] != "GET" and status < 400}
    assert changing == {}
    assert not any(status >= 500 for status in answered.values()), answered
    assert everything(served_hub) == before
    assert log_of(served_hub)[: len(log)] == log


def test_the_log_and_the_auditors_doors_take_no_method_that_changes(served_hub: Running) -> None:
    described = httpx.get(f"{served_hub.url}/openapi.json", timeout=30).json()["paths"]
    own = {path: set(methods) for path, methods in described.items() if path.startswith(("/v1/audit/", "/log/"))}
    assert own.pop("/v1/audit/exports") == {"post"}, "it adds an entry to the log, as everything that is taken out does"
    assert set().union(*own.values()) == {"get"}
    assert not any("delete" in methods or "patch" in methods for methods in described.values())


def test_no_kind_of_party_but_the_authority_may_order_and_none_but_a_portal_may_look(served_hub: Running) -> None:
    assert {kind for kind, scopes in SCOPES.items() if Scope.orders in scopes} == {PartyKind.authority}
    assert {kind for kind, scopes in SCOPES.items() if Scope.view in scopes} == {PartyKind.portal}
    order = {"consumer": "svc:low-income-aid", "case": "1", "until": "2099-01-01T00:00:00+08:00", "basis": "x"}
    erasure = {"person": NOBODY, "before": "2026-01-01T00:00:00+08:00", "basis": "x"}
    for party in (AUDITOR, PORTAL, "dept:land", "svc:low-income-aid"):
        with served_hub.channel(party) as channel:
            for path, body in (("/v1/deferrals", order), ("/v1/erasures", erasure), ("/v1/deferrals/def_0/end", None)):
                with pytest.raises((Refused, Malformed)) as refusal:
                    channel.call("POST", path, json=body)
                assert refusal.value.code in {"parties.scope-missing", "api.wrong-fields"}
    for party in (AUDITOR, AUTHORITY, "dept:land", "svc:low-income-aid"):
        with served_hub.channel(party) as channel, pytest.raises(Refused, match=r"parties\.scope-missing"):
            channel.call("POST", "/v1/subjects/accesses", json={"person": NOBODY})


def test_a_portal_shows_a_sealed_view(served_hub: Running) -> None:
    with served_hub.channel(PORTAL) as channel:
        content = channel.call("POST", "/v1/subjects/accesses", json={"person": NOBODY}).content
    hub = served_hub.hub
    policy = {
        "version": 1,
        "hub": {"id": hub.id, "jwks": [hub.signer.public.to_jwk()], "log_vkey": hub.log_vkey, "origin": hub.log_origin},
    }
    assert verify_view([content], policy).is_valid


def test_an_order_is_made_listed_for_auditors_and_ended(served_hub: Running) -> None:
    case = secrets.token_hex(4)
    order = {"consumer": "svc:low-income-aid", "case": case, "basis": "《监察法》第三十九条"}
    with served_hub.channel(AUTHORITY) as authority, served_hub.channel(AUDITOR) as auditor:
        with pytest.raises(Refused, match=r"exchange\.deferral-too-long"):
            authority.call("POST", "/v1/deferrals", json=order | {"until": "2099-01-01T00:00:00+08:00"})
        until = served_hub.hub.clock.now().replace(microsecond=0).isoformat().replace("+00:00", "Z")
        with pytest.raises(Malformed, match=r"exchange\.deferral-until"):
            authority.call("POST", "/v1/deferrals", json=order | {"until": until})
        soon = served_hub.hub.clock.now().timestamp() + 86_400
        made = authority.call("POST", "/v1/deferrals", json=order | {"until": _instant(soon)}).json()
        (listed,) = [each for each in auditor.call("GET", "/v1/audit/deferrals").json() if each["case"] == case]
        assert listed | {"exchanges": 0} == made
        assert "basis" not in listed
        ended = authority.call("POST", f"/v1/deferrals/{made['deferral']}/end").json()
        assert ended["ended_at"]


def _instant(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).isoformat()


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("/v1/audit/exchanges", {"since": "yesterday"}, "api.wrong-fields"),
    ("/v1/audit/exchanges", {"since": "2026-01-01T00:00:00"}, "api.wrong-fields"),
    ("/v1/audit/exchanges", {"limit": "0"}, "api.wrong-fields"),
    ("/v1/audit/exchanges", {"limit": "501"}, "api.wrong-fields"),
    ("/v1/audit/exchanges", {"outcome": "lost"}, "exchange.search-outcome"),
    (
        "/v1/audit/exchanges",
        {"since": "2020-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        "exchange.search-too-wide",
    ),
    (
        "/v1/audit/exchanges",
        {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        "exchange.search-period",
    ),
    ("/v1/audit/exchanges", {"after": "nonsense"}, "exchange.search-place"),
    ("/v1/audit/flags", LONG, "exchange.search-too-wide"),
    ("/v1/audit/flags", LONG | {"case": "C-1"}, "exchange.search-too-wide"),
    ("/v1/audit/exchanges", {"mater": "low-income-aid"}, "api.unknown-parameter"),
    ("/v1/audit/exchanges", {"case": ["C-1", "C-2"]}, "api.unknown-parameter"),
    ("/v1/audit/flag-rules", {"since": "2026-01-01T00:00:00Z"}, "api.unknown-parameter"),
]


@pytest.mark.parametrize(("path", "params", "code"), WRONG)
def test_a_search_that_makes_no_sense_says_what_is_wrong(
    served_hub: Running, path: str, params: dict[str, str], code: str
) -> None:
    with served_hub.channel(AUDITOR) as channel, pytest.raises(HubError) as refusal:
        channel.call("GET", path, params=params)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "value", ["'; DROP TABLE exchange; --", "%", "\u0000", "😀" * 50, "x" * 301, "svc:low-income-aid\n"]
)
def test_a_criterion_is_a_value_and_nothing_else(served_hub: Running, value: str) -> None:
    with served_hub.channel(AUDITOR) as channel:
        for criterion in ("consumer", "provider", "matter", "case", "pairwise", "type"):
            try:
                found = channel.call("GET", "/v1/audit/exchanges", params={criterion: value}).json()
            except Malformed:
                continue
            assert found == {"exchanges": [], "next": None}


def test_flags_and_their_rules_are_told(served_hub: Running) -> None:
    with served_hub.channel(AUDITOR) as channel:
        assert channel.call("GET", "/v1/audit/flags", params=PERIOD).json() == {"flags": [], "is_cut": False}
        rules = channel.call("GET", "/v1/audit/flag-rules").json()["rules"]
    assert {"burst", "night", "no-case", "many-cases", "one-address", "rare-type"} == {rule["id"] for rule in rules}


def test_an_export_names_its_digest_and_the_entry_that_holds_it(served_hub: Running) -> None:
    with served_hub.channel(AUDITOR) as channel:
        answer = channel.call("POST", "/v1/audit/exports", json={"format": "csv", **PERIOD})
        with pytest.raises(Malformed):
            channel.call("POST", "/v1/audit/exports", json={"format": "xlsx", **PERIOD})
        receipt = channel.call("GET", f"/log/receipt/{answer.headers['x-log-entry']}", token=False).text
    assert answer.headers["content-digest"].startswith("sha-256=:")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.decode().startswith("exchange,at,consumer")
    assert receipt.startswith("c2sp.org/tlog-proof@v1")


def test_a_role_that_does_not_audit_searches_nothing(served_hub: Running) -> None:
    for party in ("svc:low-income-aid", "dept:land", PORTAL):
        with served_hub.channel(party) as channel:
            for path in ("/v1/audit/exchanges", "/v1/audit/flags", "/v1/audit/flag-rules", "/v1/audit/deferrals"):
                with pytest.raises(Refused, match=r"parties\.scope-missing"):
                    channel.call("GET", path)
            with pytest.raises(Refused, match=r"parties\.scope-missing"):
                channel.call("POST", "/v1/audit/exports", json={"format": "csv", **PERIOD})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"person": {}},
        {"person": NOBODY | {"kind": "ghost"}},
        {"person": NOBODY | {"number": ""}},
        {"person": NOBODY, "after": {"x": -1}},
        {"person": NOBODY, "after": {"x": 2**40}},
        {"person": NOBODY, "extra": 1},
        {"person": NOBODY | {"birth_date": "31.12.1949"}},
    ],
)
def test_a_look_that_names_nobody_properly_is_refused_without_repeating_what_was_sent(
    served_hub: Running, body: dict[str, Any]
) -> None:
    with served_hub.channel(PORTAL) as channel, pytest.raises(Malformed, match=r"api\.wrong-fields") as refusal:
        channel.call("POST", "/v1/subjects/accesses", json=body)
    assert "张三" not in json.dumps(refusal.value.facts, ensure_ascii=False)
