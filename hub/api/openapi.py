"""What the OpenAPI description says about refusals: the media type, the members and examples for each call."""

from typing import Any, Final

from hub.api.problems import MEDIA_TYPE, STATUS_OF_CODE, STATUS_OF_FAMILY, problem_of
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
    },
    "additionalProperties": True,
}

EVERYWHERE: Final = (
    Malformed("api.wrong-fields", "Fields are missing, unknown or of another form.", "字段缺失、多余或格式不符。"),
    Unavailable(
        "storage.database-away", "The database does not answer; nothing was kept.", "数据库无应答，未保存任何内容。"
    ),
)
WITH_TOKEN: Final = (
    Missing("parties.no-token", "Send an access token.", "请携带访问令牌。"),
    Refused("api.bad-token", "The access token is not one of this hub or has expired.", "访问令牌无效或已过期。"),
    Refused("parties.scope-missing", "The access token does not open this.", "访问令牌不含所需权限。"),
)
_FAMILIES: Final = {
    "malformed": Malformed,
    "refused": Refused,
    "missing": Missing,
    "conflict": Conflict,
    "unavailable": Unavailable,
    "broken": Broken,
}


def refusals(*listed: str, token: bool = True) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a call: what holds everywhere, and ``listed`` as "family code: sentence"."""
    faults = [*(EVERYWHERE), *(WITH_TOKEN if token else ()), *(_fault(line) for line in listed)]
    by_status: dict[int | str, dict[str, Any]] = {}
    for fault in faults:
        members = problem_of(fault)
        entry = by_status.setdefault(members["status"], _response(members["title"]))
        entry["content"][MEDIA_TYPE]["examples"][fault.code] = {"summary": fault.en, "value": members}
    return dict(sorted(by_status.items(), key=lambda item: str(item[0])))


def _fault(line: str) -> HubError:
    head, _, sentence = line.partition(": ")
    family, code = head.split(" ")
    return _FAMILIES[family](code, sentence)


def _response(title: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": title, "content": {MEDIA_TYPE: {"schema": schema, "examples": {}}}}


def with_problem_schema(description: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI description with the one schema of refusals, and without the framework's own 422."""
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM_SCHEMA
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in description.get("paths", {}).values():
        for operation in operations.values():
            operation.get("responses", {}).pop("422", None)
    return description


__all__ = ["STATUS_OF_CODE", "STATUS_OF_FAMILY", "refusals", "with_problem_schema"]
