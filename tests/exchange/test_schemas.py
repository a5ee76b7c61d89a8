import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hub.proof.encoding import b64url_decode
from hub.proof.jws import strict_json
from tests.exchange.world import RESIDENT, World

SCHEMAS = Path(__file__).parents[2] / "schemas" / "exchange"


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))


def claims(jws: str) -> Any:
    return strict_json(b64url_decode(jws.split(".")[1]))


@pytest.mark.parametrize("file", sorted(SCHEMAS.glob("*.json")), ids=lambda file: file.stem)
def test_every_published_schema_is_a_schema(file: Path) -> None:
    Draft202012Validator.check_schema(json.loads(file.read_text(encoding="utf-8")))


def test_messages_of_an_exchange_satisfy_their_schemas(world: World) -> None:
    request = world.request((RESIDENT, ["name", "phone"]), ("urn:hub:evidence:none:1", ["*"]))
    exchanged = world.hub.exchange.exchange(request)
    validator("evidence-request").validate(claims(request))
    validator("evidence-answer").validate(claims(exchanged.answer_jws))
    validator("bundle").validate(world.hub.exchange.bundle(exchanged.exchange_id))
    validator("trust-policy").validate(world.policy())
    refusal = world.hub.exchange.exchange(world.request(case="none"))
    validator("evidence-answer").validate(claims(refusal.answer_jws))


def test_what_a_department_pushes_satisfies_the_schemas(world: World) -> None:
    department = world.chains["low_income"]
    batch = department.batch([department.line("key", {"name": "x"})], mode="full", present=1)
    manifest, line, _ = batch.split(b"\n")
    validator("batch-manifest").validate(claims(manifest.decode()))
    validator("batch-line").validate(json.loads(line))
    validator("batch-line").validate({"withdrawn": "a" * 43, "reason": "gone"})
    unusable = {"code": "adapter.name-missing", "column": None, "en": "", "zh": ""}
    validator("batch-line").validate({"unusable": unusable, "row": 1, "record": None, "raw": {"姓名": ""}})
