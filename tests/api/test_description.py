"""What the interface says of itself holds: a caller that keeps to it is not refused, and one that does not is."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any

import httpx
import pytest
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from hub.api.app import ROUTERS
from hub.api.problems import MEDIA_TYPE
from hub.api.strict import Wire
from tests.support.running import Running

INSTANTS = {"date", "date-time"}


@pytest.fixture(scope="module")
def description(served_hub: Running) -> Any:
    return httpx.get(f"{served_hub.url}/openapi.json").json()


def _operations(description: Any) -> Iterator[tuple[str, Any]]:
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            yield f"{method} {path}", operation


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object in the tree."""
    if isinstance(tree, dict):
        yield tree
    for each in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _parts(each)


def _read_from_callers() -> Iterator[tuple[str, TypeAdapter[Any]]]:
    """Each parameter and each field of a body, as it is read."""
    for route in chain.from_iterable(router.routes for router in ROUTERS):
        if isinstance(route, APIRoute):
            for each in get_flat_params(route.dependant):
                yield f"{route.path} {each.alias}", TypeAdapter(Annotated[each.field_info.annotation, each.field_info])
    waiting = [Wire]
    while waiting:
        wire = waiting.pop()
        waiting += wire.__subclasses__()
        for name, field in wire.model_fields.items():
            yield f"{wire.__name__} {name}", TypeAdapter(Annotated[field.annotation, field])


DATED = [
    pytest.param(adapter, id=name)
    for name, adapter in _read_from_callers()
    if any(part.get("format") in INSTANTS for part in _parts(adapter.json_schema()))
]


def test_days_and_instants_are_read_at_more_than_a_few_places() -> None:
    assert len(DATED) > 20


@pytest.mark.parametrize("written", [20260301, 0, 0.5, "20260301", "0", "1e9", True])
@pytest.mark.parametrize("adapter", DATED)
def test_a_number_is_no_day_and_no_instant(adapter: TypeAdapter[Any], written: object) -> None:
    """As seconds since 1970 it would be one, and another than the caller means."""
    with pytest.raises(ValidationError):
        adapter.validate_python(written)


def test_every_call_with_a_body_tells_what_bodies_are_refused(description: Any) -> None:
    for name, operation in _operations(description):
        if "requestBody" in operation:
            for status, code in (("413", "api.body-too-large"), ("415", "api.content-type")):
                assert code in operation["responses"][status]["content"][MEDIA_TYPE]["examples"], name


def test_the_examples_of_signed_messages_have_the_form_that_is_asked_for(description: Any) -> None:
    keys = description["components"]["schemas"]["KeyWire"]
    exchange = description["paths"]["/v1/exchange"]["post"]["requestBody"]["content"]["application/jwt"]
    for schema, shown in (
        (keys["properties"]["proof"], keys["examples"][0]["proof"]),
        (exchange["schema"], exchange["examples"]["request"]["value"]),
    ):
        assert re.fullmatch(schema["pattern"], shown)


def test_where_keys_have_a_form_others_are_said_to_be_refused(description: Any) -> None:
    formed = [part for part in _parts(description) if "patternProperties" in part]
    assert formed != []
    assert all(part["additionalProperties"] is False for part in formed)


def test_a_refused_method_is_told_every_method_that_the_address_takes(http: httpx.Client, description: Any) -> None:
    for path, operations in description["paths"].items():
        answer = http.request("TRACE", re.sub(r"\{[^}]*\}", "x", path))
        assert answer.status_code == 405, path
        assert {*answer.headers["allow"].split(", ")} >= {method.upper() for method in operations}, path


def test_the_readings_are_text_as_described(served_hub: Running, description: Any) -> None:
    answer = httpx.get(f"{served_hub.url}/metrics")
    assert [*description["paths"]["/metrics"]["get"]["responses"]["200"]["content"]] == ["text/plain"]
    assert answer.headers["content-type"].startswith("text/plain")


def test_a_key_that_a_caller_made_up_is_not_repeated(http: httpx.Client) -> None:
    answer = http.post("/v1/keys", json={"jwk": {"11010519491231002X": 1, "张三": 1}, "proof": "", "endorsement": ""})
    assert answer.json()["fields"] == ["body.jwk.*", "body.jwk.*"]
