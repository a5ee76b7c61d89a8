"""Every refusal as RFC 9457 problem+json, with a stable code and a sentence in English and in Chinese 中文."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from hub.api.oauth import BEARER, TOKEN_ADDRESS, challenge_of, media_type_for, token_members
from hub.errors import Broken, Conflict, HubError, Malformed, Missing, Refused, Unavailable

MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 2

STATUS_OF_FAMILY: Final[dict[type[HubError], int]] = {
    Malformed: 400,
    Refused: 403,
    Missing: 404,
    Conflict: 409,
    Unavailable: 503,
    Broken: 500,
}
STATUS_OF_CODE: Final[dict[str, int]] = {
    "parties.no-token": 401,
    "api.bad-token": 401,
    "api.no-such-method": 405,
    "api.body-too-large": 413,
    "api.head-too-large": 431,
    "api.content-type": 415,
    "api.content-encoding": 415,
    "api.busy": 503,
}
TITLES: Final[dict[str, str]] = {
    "malformed": "The input cannot be used",
    "refused": "Not allowed",
    "missing": "Not here",
    "conflict": "Contradicts what is kept",
    "unavailable": "Not available now",
    "broken": "A fault of the hub",
}
SHOWN_FIELDS: Final = 20
NAME_OF_FIELD: Final = re.compile(r"\[key\]|[a-z](?:[a-z_:.-]|[0-9]{1,3}(?![0-9])){0,79}", re.ASCII)
"""No number of a person's papers is one of these."""


def status_of(fault: HubError) -> int:
    """The HTTP status of a fault: its code's own, or its family's."""
    if (status := STATUS_OF_CODE.get(fault.code)) is not None:
        return status
    return next((status for family, status in STATUS_OF_FAMILY.items() if isinstance(fault, family)), 500)


def problem_of(fault: HubError) -> dict[str, Any]:
    """The members of the problem: the facts first, so that none of them can hide a member of RFC 9457."""
    return {
        **fault.facts,
        "type": f"urn:hub:problem:{fault.code}",
        "title": TITLES[fault.family],
        "status": status_of(fault),
        "detail": fault.en,
        "code": fault.code,
        "detail_zh": fault.zh,
    }


def problem_response(fault: HubError, asked: Scope, *, headers: Mapping[str, str] | None = None) -> Response:
    """The response that tells the caller who ``asked`` about ``fault``."""
    members, kind = problem_of(fault), MEDIA_TYPE
    if asked["path"] == TOKEN_ADDRESS:
        members, kind = token_members(members), media_type_for(Headers(scope=asked).get("accept"), MEDIA_TYPE)
    extra = dict(headers or {})
    challenge = challenge_of(fault)
    if challenge or members["status"] == HTTPStatus.UNAUTHORIZED:
        extra["www-authenticate"] = challenge or BEARER
    if members["status"] == HTTPStatus.SERVICE_UNAVAILABLE:
        extra.setdefault("retry-after", str(RETRY_SECONDS))
    return Response(orjson.dumps(members), status_code=members["status"], media_type=kind, headers=extra)


def fault_of(exception: BaseException) -> HubError:
    """What happened, as one of the six families, whatever raised it; a fault's own text never leaves the hub."""
    if isinstance(exception, HubError):
        return exception
    if isinstance(exception, RequestValidationError):
        return _wrong_fields(exception)
    if isinstance(exception, HTTPException):
        return _framework_fault(exception)
    return Broken(
        "api.fault",
        "The hub failed on this request; nothing of it was kept. The operator finds it under the request's number.",
        "枢纽处理该请求时出错，未保存任何内容；运维人员可凭请求编号查找。",
    )


def _wrong_fields(exception: RequestValidationError) -> HubError:
    """Names the fields and never their values: those may be personal."""
    errors = exception.errors()
    if any(error["type"] == "json_invalid" for error in errors):
        return Malformed("api.not-json", "The body is not JSON.", "请求体不是 JSON。")
    fields = [".".join(_shown(step) for step in error["loc"]) for error in errors[:SHOWN_FIELDS]]
    return Malformed(
        "api.wrong-fields",
        "Fields are missing, unknown or of another form; see `fields` and `wrong`.",
        "字段缺失、多余或格式不符，见 fields 与 wrong。",
        fields=fields,
        wrong=[str(error["type"]) for error in errors[:SHOWN_FIELDS]],
    )


def _shown(step: int | str) -> str:
    """A step of the way to a field; a caller's own key is told only where it reads as the name of a field or an id."""
    text = str(step)
    return text if isinstance(step, int) or NAME_OF_FIELD.fullmatch(text) else "*"


def _framework_fault(exception: HTTPException) -> HubError:
    if isinstance(exception.__cause__, HubError):
        return exception.__cause__
    match exception.status_code:
        case 404:
            return Missing("api.no-such-path", "The hub has no such address.", "枢纽没有这个地址。")
        case 405:
            return Refused("api.no-such-method", "The address does not take this method.", "该地址不支持此方法。")
        case 413:
            return too_large()
        case 503:
            return Unavailable("api.busy", "The hub is busy; try again shortly.", "枢纽繁忙，请稍后重试。")
    return Malformed("api.unreadable", "The request's body or form cannot be read.", "请求体或表单无法读取。")


def too_large(limit: int | None = None) -> Malformed:
    """The body holds more than this call takes."""
    facts = {} if limit is None else {"limit_bytes": limit}
    return Malformed(
        "api.body-too-large", "The body is larger than this call takes.", "请求体超过本接口的上限。", **facts
    )


async def answer_fault(request: Request, exception: Exception) -> Response:
    """The one exception handler of the application."""
    fault = fault_of(exception)
    request.state.problem_code = fault.code
    headers = dict(getattr(exception, "headers", None) or {})
    if "Allow" in headers:  # the framework names the methods of one of the address's routes
        headers["Allow"] = ", ".join(_methods_at(request))
    return problem_response(fault, request.scope, headers=headers)


def _methods_at(request: Request) -> list[str]:
    routes = [each for each in request.app.router.routes if each.matches(request.scope)[0] is not Match.NONE]
    named = {method for each in routes for method in getattr(each, "methods", None) or ()}
    return sorted(named | {"HEAD"} if "GET" in named else named)
