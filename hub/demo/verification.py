"""The end of the story: the bundle verified offline by the code of `hub verify`, and one changed byte refused.

The trust policy is the authority's: two signed editions, of which the second adds the witnesses. A plain copy stands
beside it for other people's verifiers, which read JSON.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.client.approval import Person
from hub.demo.parties import OPERATOR
from hub.demo.place import Place
from hub.exchange.editions import sign_edition, verify_editions
from hub.exchange.steps import Verification
from hub.exchange.verify import verify_bundle
from hub.kernel.clock import SystemClock
from hub.proof.keys import PublicKey, Signer


def signed_policy(place: Place) -> Path:
    """Where the authority's signed editions are."""
    return place.policy.with_suffix(".signed")


def authority_key(place: Place) -> Path:
    """Where the authority's public key is, which a verifier has from the authority itself."""
    return place.root / "authority.jwk"


def keep(place: Place, bundle: Mapping[str, Any], policy: Mapping[str, Any], authority: Signer) -> None:
    """The bundle and the trust policy, plain and as signed editions, stand in their files."""
    place.policy.write_text(_spelled(policy), encoding="utf-8")
    place.bundle.write_text(_spelled(bundle), encoding="utf-8")
    authority_key(place).write_text(_spelled(authority.public.to_jwk()), encoding="utf-8")
    signed_policy(place).write_text(_editions(policy, authority), encoding="ascii")


def keep_applicant(place: Place, applicant: Person) -> None:
    """Whom the programs of the integrators' guide may ask about here stands in its file."""
    place.applicant.write_text(_spelled(applicant.wire()), encoding="utf-8")


def _editions(policy: Mapping[str, Any], authority: Signer) -> str:
    """Before there were witnesses, and since."""
    now = int(SystemClock().now().timestamp())
    unwitnessed = {**policy, "witnesses": [], "quorum": 0}
    first = sign_edition(unwitnessed, signer=authority, authority=OPERATOR, now=now)
    held = verify_editions(first.encode(), [authority.public])
    return f"{first}\n{sign_edition(policy, signer=authority, authority=OPERATOR, now=now, after=held)}\n"


def _spelled(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _policy(place: Place) -> Mapping[str, Any]:
    """The policy that counts, by the authority's signature."""
    root = PublicKey.from_jwk(json.loads(authority_key(place).read_text(encoding="utf-8")))
    return verify_editions(signed_policy(place).read_bytes(), [root]).policy


def verified(place: Place) -> Verification:
    """The checklist for the bundle as it stands in its file."""
    return verify_bundle(place.bundle.read_bytes(), _policy(place))


def verified_with_one_byte_changed(place: Place) -> Verification:
    """The checklist for the same bundle with one byte of the answer's claims changed."""
    content = bytearray(place.bundle.read_bytes())
    answer = json.loads(content)["answer"].encode()
    at = bytes(content).index(answer) + answer.index(b".") + len(answer) // 2
    content[at] = ord("A") if content[at] != ord("A") else ord("B")
    (place.root / "bundle-changed.json").write_bytes(bytes(content))
    return verify_bundle(bytes(content), _policy(place))


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
