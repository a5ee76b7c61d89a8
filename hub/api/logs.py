"""Structured logs: JSON lines with codes, counts and times; no personal data, no query string, no body, no number."""

import logging
import sys
from collections.abc import MutableMapping
from traceback import extract_tb
from typing import Any, Final

import structlog

SHOWN_FRAMES: Final = 12


def start_logging(level: str) -> None:
    """Every line of this process, also of foreign libraries, is one JSON object on standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_exception_text,
    ]
    render = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def place_of(fault: BaseException) -> dict[str, Any]:
    """Kind and place of ``fault`` without its text, which may quote what people sent."""
    frames = extract_tb(fault.__traceback__)[-SHOWN_FRAMES:]
    place = [f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    return {"fault": type(fault).__qualname__, "place": place}


def _without_exception_text(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    found = event.pop("exc_info", None)
    fault = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(fault, BaseException):
        event.update(place_of(fault))
    return event
