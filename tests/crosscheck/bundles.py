"""A bundle 核验包 and its trust policy made by hand from the formats alone, for verifiers that know nothing else."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from hub.proof.checkpoint import Checkpoint, sign_checkpoint
from hub.proof.jws import b64url, canonical_json, sign_jws
from hub.proof.keys import FileSigner, generate_signer
from hub.proof.merkle import inclusion_proof, leaf_hash, node_hash, range_root
from hub.proof.note import Ed25519Cosigner, MlDsaCosigner, NoteSigner
from hub.proof.sdjwt import issue_sd_jwt, verify_sd_jwt
from hub.proof.tlogproof import TlogProof

NOW = 1_790_000_000
BEGAN = "2026-01-01T00:00:00Z"
ORIGIN = "hub.example/log"
HUB = "hub:example"
OTHERS = [f'{{"v":1,"id":"ent_{n}","kind":"batch"}}'.encode() for n in range(9)]


@dataclass(frozen=True)
class Cast:
    """Everyone who signs, with keys of this test alone; departments use either algorithm."""

    consumer: FileSigner
    hub: FileSigner
    land: FileSigner
    marriage: FileSigner
    log: NoteSigner
    witness: Ed25519Cosigner
    quantum_witness: MlDsaCosigner


def cast() -> Cast:
    return Cast(
        consumer=generate_signer(),
        hub=generate_signer(),
        land=generate_signer("ES256"),
        marriage=generate_signer(),
        log=NoteSigner(ORIGIN, generate_signer()),
        witness=Ed25519Cosigner("witness.audit.example", generate_signer()),
        quantum_witness=MlDsaCosigner("witness.archive.example", secrets.token_bytes(32)),
    )


def evidence(signer: FileSigner, issuer: str, kind: str, claims: dict[str, Any]) -> str:
    clear = {"iss": issuer, "vct": f"urn:hub:evidence:{kind}:1", "iat": NOW - 9000, "jti": secrets.token_urlsafe(12)}
    return issue_sd_jwt(clear, claims, signer=signer)


def presented(token: str, signer: FileSigner, paths: list[str]) -> str:
    return verify_sd_jwt(token, key_for=lambda _kid, _iss: signer.public).present(paths)


RIGHT = {
    "unit": "320684413219GB00029F00010002",
    "location": "某路 8 号𠮷",
    "holders": [{"name": "张三", "share": "1/2"}],
}
EVENT = {"event": "marriage", "event_on": "2012-10-12", "man": {"name": "张三"}, "woman": {"name": "李四"}}


def parts(who: Cast) -> dict[str, Any]:
    """Request, answer and entry of one exchange."""
    request = sign_jws(
        {
            "iss": "svc:window", "aud": HUB, "iat": NOW - 2, "exp": NOW + 50, "jti": secrets.token_urlsafe(12),
            "subject": {"pairwise": "pw_x"}, "matter": "low-income-aid", "case": "2026-0001", "basis": "order-649:11",
            "officer": "o-7", "wanted": [
                {"type": "real-estate-right", "claims": ["unit", "holders.*.name"]},
                {"type": "marriage-event", "claims": ["event", "event_on", "man.name"]},
            ],
        },
        typ="evidence-request+jwt", signer=who.consumer,
    )  # fmt: skip
    right = presented(evidence(who.land, "dept:land", "real-estate-right", RIGHT), who.land, ["unit", "holders.0.name"])
    event = presented(evidence(who.marriage, "dept:marriage", "marriage-event", EVENT), who.marriage, ["event_on"])
    return {"request": request, "evidence": [right, event]}


def answered(who: Cast, request: str, released: list[str], **changed: Any) -> str:
    """The hub's answer to ``request``."""
    kinds = [("real-estate-right", "dept:land"), ("marriage-event", "dept:marriage")]
    items = [
        {"type": kind, "outcome": "released", "reason": None, "provider": issuer, "presentation": presentation}
        for (kind, issuer), presentation in zip(kinds, released, strict=False)
    ]
    claims = {
        "iss": HUB, "aud": "svc:window", "iat": NOW, "jti": secrets.token_urlsafe(12), "exchange": "xch_1",
        "request_digest": digest_of(request), "outcome": "released", "reason": None, "subject": "pw_x",
        "case": "2026-0001", "evidence": items,
    }  # fmt: skip
    return sign_jws({**claims, **changed}, typ="evidence-answer+jwt", signer=who.hub)


def receipt(who: Cast, entry: bytes) -> str:
    """The proof of ``entry`` as the sixth of ten, in a checkpoint that two witnesses cosigned."""
    leaves = [leaf_hash(each) for each in [*OTHERS[:5], entry, *OTHERS[5:]]]

    def subtree(start: int, end: int) -> bytes:
        middle = (start + end) // 2
        return leaves[start] if end - start == 1 else node_hash(subtree(start, middle), subtree(middle, end))

    size = len(leaves)
    note = sign_checkpoint(Checkpoint(ORIGIN, size, range_root(subtree, 0, size)), who.log)
    cosigned = [each.cosign(note.text, NOW + 1) for each in (who.witness, who.quantum_witness)]
    return str(TlogProof(5, tuple(inclusion_proof(subtree, 5, size)), note.with_signatures(cosigned)))


def spelled(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def digest_of(message: str) -> str:
    return b64url(hashlib.sha256(message.encode()).digest())


def entry_of(request: str, answer: str) -> bytes:
    """What the log holds about the exchange."""
    digests = {"request": digest_of(request), "answer": digest_of(answer)}
    return canonical_json({"v": 1, "id": "ent_x", "kind": "exchange", "consumer": "svc:window", **digests})


def bundle(who: Cast) -> dict[str, Any]:
    """One whole bundle that verifies."""
    made = parts(who)
    answer = answered(who, made["request"], made["evidence"])
    return bundle_of(who, made["request"], answer)


def bundle_of(who: Cast, request: str, answer: str) -> dict[str, Any]:
    """The bundle of this request and this answer, logged as they are."""
    entry = entry_of(request, answer)
    signers = {"svc:window": who.consumer, HUB: who.hub, "dept:land": who.land, "dept:marriage": who.marriage}
    return {
        "version": 1,
        "request": request,
        "answer": answer,
        "entry": b64url(entry),
        "salt": b64url(bytes(32)),
        "receipt": receipt(who, entry),
        "keys": [
            {
                "party": party,
                "jwk": signer.public.to_jwk(),
                "from": "2026-01-01T00:00:00Z",
                "until": None,
                "revoked": None,
            }
            for party, signer in signers.items()
        ],
        "status_lists": [],
    }


def policy(who: Cast) -> dict[str, Any]:
    """The trust policy that verifies it."""
    parties = {"svc:window": who.consumer, "dept:land": who.land, "dept:marriage": who.marriage}
    return {
        "version": 1,
        "hub": {"id": HUB, "jwks": [who.hub.public.to_jwk()], "log_vkey": who.log.verifier.vkey, "origin": ORIGIN},
        "parties": {party: {"jwks": [signer.public.to_jwk()]} for party, signer in parties.items()},
        "witnesses": [who.witness.verifier.vkey, who.quantum_witness.verifier.vkey],
        "quorum": 1,
    }
