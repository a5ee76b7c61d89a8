"""What callers write as text, read as it is meant: days, instants, and messages that somebody signed."""

import re
from datetime import date
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}.*", re.ASCII)


def _as_day(given: Any) -> Any:
    return _written(given, _DAY, "day-as-YYYY-MM-DD")


def _as_instant(given: Any) -> Any:
    return _written(given, _INSTANT, "instant-with-offset")


def _written(given: Any, form: re.Pattern[str], wrong: Any) -> Any:
    """A number would be taken for seconds since 1970, so that 20260301 were a day of that year."""
    if (isinstance(given, str) and form.fullmatch(given) is None) or isinstance(given, int | float):
        raise PydanticCustomError(wrong, "not written as it should be")
    return given


Day = Annotated[date, BeforeValidator(_as_day)]
Instant = Annotated[AwareDatetime, BeforeValidator(_as_instant)]
"""With its offset; in an address a `+` is written `%2B`."""

BASE64URL: Final = "[A-Za-z0-9_-]+"
JWS_PATTERN: Final = rf"^{BASE64URL}\.{BASE64URL}\.{BASE64URL}$"
"""Said in the description and not checked here: the reader of such messages says more precisely what is wrong."""

Jws = Annotated[str, Field(json_schema_extra={"pattern": JWS_PATTERN})]


def jws_schema(description: str) -> dict[str, Any]:
    """The schema of a body or form field that is a JWS."""
    return {"type": "string", "pattern": JWS_PATTERN, "description": description}


def jws_example(header: str) -> str:
    """A message of the right form under that header, too short for a signature."""
    return f"{header}.eyJpc3MiOiJzdmM6bG93LWluY29tZS1haWQifQ.c2lnbmF0dXJl"
