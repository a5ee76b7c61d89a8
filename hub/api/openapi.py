"""What the OpenAPI description says about refusals: the media type, the members and examples for each call."""

import json
from pathlib import Path
from typing import Any, Final

from hub.api.oauth import TOKEN_ADDRESS, token_members
from hub.api.problems import MEDIA_TYPE, problem_of, status_of
from hub.errors import Broken, Conflict, HubError, Malformed, Missing, Refused, Unavailable

PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "detail_zh"],
    "properties": {
        "type": {"type": "string", "description": "urn:hub:problem:CODE"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence: what is wrong and what to do."},
        "code": {"type": "string", "description": "Stable; programs decide by it."},
        "detail_zh": {"type": "string"},
        "error": {"type": "string", "description": "Where tokens are asked for: RFC 6749 §5.2."},
        "error_description": {"type": "string", "description": "Beside `error`: `detail` in plain ASCII."},
    },
    "additionalProperties": True,
}

SENTENCES: Final[dict[str, list[list[str]]]] = json.loads(
    Path(__file__).with_name("refusals.json").read_text(encoding="utf-8")
)
"""By code: family, English and Chinese of each sentence that the program gives under it. Written from the source by
``python -m tests.docs.errors --write``, as docs/errors.md is."""
EVERYWHERE: Final = ("api.wrong-fields", "storage.database-away")
WITH_BODY: Final = ("api.body-too-large", "api.content-type", "api.content-encoding")
WITH_TOKEN: Final = ("parties.no-token", "api.bad-token", "parties.scope-missing")
_FAMILIES: Final = {
    "malformed": Malformed,
    "refused": Refused,
    "missing": Missing,
    "conflict": Conflict,
    "unavailable": Unavailable,
    "broken": Broken,
}


def refusals(*listed: str | HubError, token: bool = True) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a call: what holds everywhere, and ``listed``.

    A code stands for the sentence that the program gives under it; ``"code: part of it"`` for that one of several,
    ``"family code"`` where the program tells the sentence inside another refusal.
    """
    by_status: dict[int | str, dict[str, Any]] = {}
    for each in (*EVERYWHERE, *(WITH_TOKEN if token else ()), *listed):
        fault = each if isinstance(each, HubError) else _fault(each)
        _tell(by_status, status_of(fault), fault)
    return dict(sorted(by_status.items(), key=lambda item: str(item[0])))


def _tell(responses: dict[Any, dict[str, Any]], status: int | str, fault: HubError) -> None:
    members = problem_of(fault)
    entry = responses.setdefault(status, _response(members["title"]))
    entry["content"][MEDIA_TYPE]["examples"].setdefault(fault.code, {"summary": fault.en, "value": members})


def _as_oauth(responses: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The refusals of the token's address under the statuses, with the members and in the media types of OAuth 2.0."""
    made = {status: each for status, each in responses.items() if MEDIA_TYPE not in each.get("content", {})}
    for each in responses.values():
        for code, shown in each.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}).items():
            members = token_members(shown["value"])
            entry = made.setdefault(str(members["status"]), _response(members["title"]))
            entry["content"][MEDIA_TYPE]["examples"][code] = {**shown, "value": members}
            entry["content"]["application/json"] = entry["content"][MEDIA_TYPE]
    return dict(sorted(made.items()))


def _fault(line: str) -> HubError:
    head, _, part = line.partition(": ")
    family, _, code = head.rpartition(" ")
    own, en, zh = next((each for each in SENTENCES.get(code, ()) if part in each[1]), (family, part, ""))
    return _FAMILIES[family or own](code, en, zh)


def _response(title: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": title, "content": {MEDIA_TYPE: {"schema": schema, "examples": {}}}}


def with_problem_schema(description: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI description with one schema of refusals, what every body may meet, and not the framework's 422."""
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM_SCHEMA
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, operations in description.get("paths", {}).items():
        for operation in operations.values():
            operation.get("responses", {}).pop("422", None)
            for fault in map(_fault, WITH_BODY) if "requestBody" in operation else ():
                _tell(operation["responses"], str(status_of(fault)), fault)
            if path == TOKEN_ADDRESS:
                operation["responses"] = _as_oauth(operation["responses"])
    _close_keys(description)
    return description


def _close_keys(part: Any) -> None:
    """Where keys have a form, others are refused; a schema that says nothing of those would allow them."""
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _close_keys(each)
    if isinstance(part, dict) and "patternProperties" in part:
        part.setdefault("additionalProperties", False)
