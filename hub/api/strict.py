"""What callers send is read strictly: JSON without doubled key, NUL, lone surrogate or depth; no unknown parameter."""

from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, get_args, get_origin

from fastapi import Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

from hub.errors import Malformed, Refused
from hub.proof.jws import strict_json


class Wire(BaseModel):
    """The base of what callers send: an unknown field is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=4096)


def example(**members: Any) -> ConfigDict:
    """The configuration of a wire model whose description shows ``members`` as its example."""
    return ConfigDict(json_schema_extra={"examples": [members]})


class View(BaseModel):
    """The base of what the hub answers: every field is always there."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class _StrictRequest(Request):
    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = strict_json(await self.body(), floats=True)
        return self._json


class StrictRoute(APIRoute):
    """A route whose JSON bodies are read by the same parser as signed messages, and which knows its parameters."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, given a request that parses strictly."""
        answer = super().get_route_handler()
        wants_json = self.body_field is not None
        fields = [each for each in get_flat_params(self.dependant) if isinstance(each.field_info, params.Query)]
        known = {each.alias: _is_list(each.field_info.annotation) for each in fields}

        async def strictly(request: Request) -> Response:
            _require_known(request, known)
            if wants_json:
                require_content_type(request, "application/json")
            return await answer(_StrictRequest(request.scope, request.receive))

        return strictly


def _is_list(annotation: Any) -> bool:
    return any(get_origin(each) is list for each in (annotation, *get_args(annotation)))


def _require_known(request: Request, known: Mapping[str, bool]) -> None:
    """A criterion misspelt, or given twice where one counts, must not widen a search without a word."""
    asked = Counter(name for name, _ in request.query_params.multi_items())
    if any(name not in known or (times > 1 and not known[name]) for name, times in asked.items()):
        raise Malformed(
            "api.unknown-parameter",
            "The address carries a parameter that is unknown here, or one twice; see `known`.",
            "地址中有未知或重复的查询参数；可用参数见 known。",
            known=sorted(known),
        )


def require_content_type(request: Request, *allowed: str, packed: bool = False) -> None:
    """Returns when the body is of one of the ``allowed`` media types, and as it is, or ``packed`` with gzip.

    Raises:
        Refused: ``api.content-type``, ``api.content-encoding``.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in allowed:
        raise Refused(
            "api.content-type",
            f"Send the body as {' or '.join(allowed)}.",
            f"请求体的类型须为 {' 或 '.join(allowed)}。",
            allowed=list(allowed),
        )
    encoding = request.headers.get("content-encoding", "").strip().lower() or "identity"
    if encoding != "identity" and not (packed and encoding == "gzip"):
        raise _other_encoding(packed=packed)


def _other_encoding(*, packed: bool) -> Refused:
    if packed:
        return Refused("api.content-encoding", "Send the body plain or with gzip.", "请求体只接受不压缩或 gzip 压缩。")
    return Refused("api.content-encoding", "Send the body plain; it is not unpacked here.", "请求体不得压缩。")


async def message_in(request: Request, *allowed: str) -> bytes:
    """The signed message that is the body."""
    require_content_type(request, *allowed)
    return (await request.body()).strip(b"\r\n")
