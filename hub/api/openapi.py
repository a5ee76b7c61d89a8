"""What the OpenAPI description says about refusals: the media type, the members and examples for each call."""

from typing import Any, Final

from hub.api.oauth import TOKEN_ADDRESS, token_members
from hub.api.problems import MEDIA_TYPE, problem_of, status_of, too_large
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

EVERYWHERE: Final = (
    Malformed("api.wrong-fields", "Fields are missing, unknown or of another form.", "字段缺失、多余或格式不符。"),
    Unavailable(
        "storage.database-away", "The database does not answer; nothing was kept.", "数据库无应答，未保存任何内容。"
    ),
)
WITH_BODY: Final = (
    too_large(),
    Refused("api.content-type", "Send the body in one of the media types listed here.", "请求体的类型须为此处所列。"),
    Refused("api.content-encoding", "Send the body plain; it is not unpacked here.", "请求体不得压缩。"),
)
WITH_TOKEN: Final = (
    Refused("parties.no-token", "Send an access token.", "请携带访问令牌。"),
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
    by_status: dict[int | str, dict[str, Any]] = {}
    for fault in (*EVERYWHERE, *(WITH_TOKEN if token else ()), *map(_fault, listed)):
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
    head, _, sentence = line.partition(": ")
    family, code = head.split(" ")
    return _FAMILIES[family](code, sentence)


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
            for fault in WITH_BODY if "requestBody" in operation else ():
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
