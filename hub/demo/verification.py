"""The end of the story: the bundle verified offline by the code of `hub verify`, and one changed byte refused."""

import json
from collections.abc import Mapping
from typing import Any

from hub.demo.place import Place
from hub.exchange.verify import Verification, verify_bundle


def keep(place: Place, bundle: Mapping[str, Any], policy: Mapping[str, Any]) -> None:
    """The bundle and the trust policy stand in their files."""
    place.policy.write_text(json.dumps(policy, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    place.bundle.write_text(json.dumps(bundle, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def verified(place: Place) -> Verification:
    """The checklist for the bundle as it stands in its file."""
    return verify_bundle(place.bundle.read_bytes(), place.policy.read_bytes())


def verified_with_one_byte_changed(place: Place) -> Verification:
    """The checklist for the same bundle with one byte of the answer's claims changed."""
    content = bytearray(place.bundle.read_bytes())
    answer = json.loads(content)["answer"].encode()
    at = bytes(content).index(answer) + answer.index(b".") + len(answer) // 2
    content[at] = ord("A") if content[at] != ord("A") else ord("B")
    (place.root / "bundle-changed.json").write_bytes(bytes(content))
    return verify_bundle(bytes(content), place.policy.read_bytes())


def figures_of(sound: Verification, changed: Verification) -> dict[str, Any]:
    """Both results as figures."""
    failed = changed.failed
    return {
        "bundle": {"valid": sound.is_valid, "steps": len(sound.steps)},
        "one_byte_changed": {
            "valid": changed.is_valid,
            "failed_step": failed.number if failed else None,
            "failed_name": failed.name if failed else None,
        },
    }
