"""The project's JSON Schemas as the adapters read them: what a mapping file may say, what evidence must look like."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator

from hub.errors import Missing

ROOT = Path(__file__).parents[1] / "schemas"


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema ``name``, such as ``evidence/resident`` or ``adapters/mapping``.

    Raises:
        Missing: no such file.
    """
    path = ROOT / f"{name}.json"
    if not path.is_file():
        raise Missing(
            "adapters.schema-missing",
            f"There is no schema {name}; name one that exists.",
            f"没有名为 {name} 的模式；请指定已有的模式。",
            schema=name,
        )
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@cache
def validator(name: str) -> Draft202012Validator:
    """The validator of the schema ``name``, built once."""
    return Draft202012Validator(schema(name), validate_formats=False)


def validator_of(part: dict[str, Any]) -> Draft202012Validator:
    """The validator of one property of a schema."""
    return Draft202012Validator(part, validate_formats=False)


def evidence_type_identifier(evidence: str) -> str:
    """The ``vct`` of an evidence type: ``urn:hub:evidence:<type>:1``."""
    return str(schema(f"evidence/{evidence}")["x-vct"])
