"""Whatever stands in an address, the answer is a problem with a code, never a fault and never half an answer."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.support.running import Running

CALLERS = ("svc:low-income-aid", "dept:land", "auth:data-bureau", "aud:county-audit", "portal:county-services")
HOSTILE = ("\u0663", "-1", str(2**63), "0001-01-01", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59")
UNPAIRED = "%ED%A0%80"


def calls_that_only_read(http: httpx.Client) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for path, operations in http.get("/openapi.json").json()["paths"].items():
        if parameters := operations.get("get", {}).get("parameters"):
            yield path, parameters


def addresses(path: str, parameters: list[dict[str, Any]]) -> Iterator[str]:
    """The address with each of its parameters hostile, one at a time."""
    usual = {"registry": "land"}
    for hostile in (*(quote(each, safe="") for each in HOSTILE), UNPAIRED):
        for bent in parameters:
            filled = path
            for each in parameters:
                value = hostile if each is bent else usual.get(each["name"], "x")
                filled = filled.replace("{" + each["name"] + "}", value)
            yield f"{filled}?{bent['name']}={hostile}" if bent["in"] == "query" else filled


def opened_by(http: httpx.Client, tokens: list[str], address: str) -> dict[str, str]:
    """The headers of a caller to whom the address is open."""
    each = [{"authorization": f"Bearer {token}"} for token in tokens]
    return next((one for one in each if http.get(address, headers=one).status_code not in (401, 403)), each[0])


def test_no_address_makes_a_fault(served_hub: Running, http: httpx.Client) -> None:
    tokens = []
    for party in CALLERS:
        with served_hub.channel(party) as channel:
            tokens.append(channel.access_token())
    for path, parameters in calls_that_only_read(http):
        headers = opened_by(http, tokens, path.replace("{registry}", "land"))
        for address in addresses(path, parameters):
            assert http.get(address, headers=headers).status_code < 500, address


@pytest.mark.parametrize("address", ["/v1/cases?event=%00", "/v1/catalogue/matters/a%00b", "/healthz?x=a%00"])
def test_nul_is_refused_wherever_it_stands(http: httpx.Client, address: str) -> None:
    answer = http.get(address)
    assert (answer.status_code, answer.json()["code"]) == (400, "api.unreadable")
