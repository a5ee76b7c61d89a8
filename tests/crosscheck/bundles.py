"""A bundle 核验包 and its trust policy made by hand from the formats alone, for verifiers that know nothing else."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from hub.audit.model import Entry
from hub.audit.rules import commit
from hub.errors import Malformed
from hub.exchange.bundle import spoken_claims
from hub.exchange.views import items_text, items_told
from hub.proof.checkpoint import Checkpoint, sign_checkpoint
from hub.proof.encoding import b64url_decode
from hub.proof.jws import b64url, canonical_json, sign_jws
from hub.proof.keys import FileSigner, generate_signer
from hub.proof.merkle import Subtree, inclusion_proof, leaf_hash, node_hash, range_root
from hub.proof.note import Ed25519Cosigner, MlDsaCosigner, NoteSigner
from hub.proof.sdjwt import issue_sd_jwt, verify_sd_jwt
from hub.proof.statuslist import StatusArray, sign_status_list
from hub.proof.tlogproof import TlogProof

NOW = 1_790_000_000
BEGAN = NOW - 9_000_000
SALT = bytes(range(32))
LIST = "https://hub.example/status/land/1"
RIGHT_TYPE = "urn:hub:evidence:real-estate-right:1"
EVENT_TYPE = "urn:hub:evidence:marriage-event:1"
RESIDENT_TYPE = "urn:hub:evidence:resident:1"
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


def evidence(signer: FileSigner, issuer: str, vct: str, claims: dict[str, Any]) -> str:
    clear: dict[str, Any] = {"iss": issuer, "vct": vct, "iat": NOW - 9000, "jti": secrets.token_urlsafe(12)}
    clear["status"] = {"status_list": {"uri": LIST, "idx": 9}}
    return issue_sd_jwt(clear, claims, signer=signer)


def presented(token: str, signer: FileSigner, paths: list[str]) -> str:
    return verify_sd_jwt(token, key_for=lambda _kid, _iss: signer.public).present(paths)


RIGHT = {
    "unit": "320684413219GB00029F00010002",
    "location": "某路 8 号𠮷",
    "holders": [{"name": "张三", "share": "1/2"}],
}
EVENT = {"event": "marriage", "event_on": "2012-10-12", "man": {"name": "张三"}, "woman": {"name": "李四"}}


def asked(
    who: Cast, *, types: tuple[str, str] = (RIGHT_TYPE, EVENT_TYPE), patterns: list[str] | None = None, **claims: Any
) -> str:
    """The request for two types, with those patterns for the first or with other ``claims`` if so said."""
    said = {
        "iss": "svc:window", "aud": HUB, "iat": NOW - 2, "exp": NOW + 50, "jti": secrets.token_urlsafe(12),
        "subject": {"pairwise": "pw_x"}, "matter": "low-income-aid", "case": "2026-0001", "basis": "order-649:11",
        "officer": "o-7", "wanted": [
            {"type": types[0], "claims": patterns or ["unit", "self.name"]},
            {"type": types[1], "claims": ["event", "event_on", "self.name"]},
        ],
    }  # fmt: skip
    return sign_jws(said | claims, typ="evidence-request+jwt", signer=who.consumer)


def parts(who: Cast) -> dict[str, Any]:
    """Request, answer and entry of one exchange."""
    request = asked(who)
    right = presented(evidence(who.land, "dept:land", RIGHT_TYPE, RIGHT), who.land, ["unit", "holders.0.name"])
    event = presented(
        evidence(who.marriage, "dept:marriage", EVENT_TYPE, EVENT), who.marriage, ["event_on", "man.name"]
    )
    return {"request": request, "evidence": [right, event]}


def answered(who: Cast, request: str, released: list[str], **changed: Any) -> str:
    """The hub's answer to ``request``."""
    kinds = [(RIGHT_TYPE, "dept:land", "holder.1"), (EVENT_TYPE, "dept:marriage", "man")]
    items = [
        {
            "type": kind, "outcome": "released", "reason": None, "provider": issuer, "presentation": presentation,
            "as_of": NOW - 9000, "role": role,
        }
        for (kind, issuer, role), presentation in zip(kinds, released, strict=False)
    ]  # fmt: skip
    claims = {
        "iss": HUB, "aud": "svc:window", "iat": NOW, "jti": secrets.token_urlsafe(12), "exchange": "xch_1",
        "request_digest": digest_of(request), "outcome": "released", "reason": None, "subject": "pw_x",
        "case": "2026-0001", "evidence": items,
    }  # fmt: skip
    return sign_jws({**claims, **changed}, typ="evidence-answer+jwt", signer=who.hub)


def receipt(who: Cast, entry: bytes) -> str:
    """The proof of ``entry`` as the sixth of ten, in a checkpoint that two witnesses cosigned."""
    return receipt_in(who, [*OTHERS[:5], entry, *OTHERS[5:]])


def receipt_in(who: Cast, log: list[bytes]) -> str:
    """The proof of the sixth of the entries."""
    subtree, size = tree_of(log), len(log)
    note = sign_checkpoint(Checkpoint(ORIGIN, size, range_root(subtree, 0, size)), who.log)
    cosigned = [each.cosign(note.text, NOW + 1) for each in (who.witness, who.quantum_witness)]
    return str(TlogProof(5, tuple(inclusion_proof(subtree, 5, size)), note.with_signatures(cosigned)))


def tree_of(log: list[bytes]) -> Subtree:
    leaves = [*map(leaf_hash, log)]

    def subtree(start: int, end: int) -> bytes:
        middle = (start + end) // 2
        return leaves[start] if end - start == 1 else node_hash(subtree(start, middle), subtree(middle, end))

    return subtree


def spelled(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def digest_of(message: str) -> str:
    return b64url(hashlib.sha256(message.encode()).digest())


def entry_of(request: str, answer: str, **codes: Any) -> bytes:
    """What the log holds about the exchange: digests, codes, and commitments under the bundle's salt."""
    return Entry(
        "exchange",
        {
            "consumer": "svc:window", "matter": "low-income-aid", "outcome": "released", "exchange": "xch_1",
            "request": digest_of(request), "answer": digest_of(answer), "subject": commit(SALT, "pw_x"),
            "case": commit(SALT, "2026-0001"), "basis": commit(SALT, "order-649:11"), "officer": commit(SALT, "o-7"),
            "shown": commit(SALT, shown_in(answer)), **codes,
        },
        SALT,
    ).content()  # fmt: skip


def shown_in(answer: str) -> str:
    """What an answer shows, as the log commits to it; nothing for an answer that nobody can read."""
    try:
        return items_text(items_told(spoken_claims(answer)["evidence"]))
    except (Malformed, AttributeError, KeyError, TypeError):
        return ""


def bundle(who: Cast) -> dict[str, Any]:
    """One whole bundle that verifies."""
    made = parts(who)
    answer = answered(who, made["request"], made["evidence"])
    return bundle_of(who, made["request"], answer)


def bundle_of(who: Cast, request: str, answer: str) -> dict[str, Any]:
    """The bundle of this request and this answer, logged as they are."""
    entry = entry_of(request, answer)
    signers = {"svc:window": who.consumer, HUB: who.hub, "dept:land": who.land, "dept:marriage": who.marriage}
    content = {
        "version": 1,
        "request": request,
        "answer": answer,
        "entry": b64url(entry),
        "salt": b64url(SALT),
        "receipt": receipt(who, entry),
        "keys": [
            {
                "party": party,
                "jwk": signer.public.to_jwk(),
                "from": BEGAN,
                "until": None,
                "revoked": None,
            }
            for party, signer in signers.items()
        ],
        "status_lists": [],
    }
    return sealed(content, who.hub)


def sealed(content: dict[str, Any], signer: FileSigner) -> dict[str, Any]:
    """The bundle under the seal of ``signer`` as the hub."""
    bare = {name: value for name, value in content.items() if name != "seal"}
    claims = {"iss": HUB, "iat": NOW + 5, "digest": b64url(hashlib.sha256(canonical_json(bare)).digest())}
    return {**bare, "seal": sign_jws(claims, typ="bundle-seal+jwt", signer=signer)}


def with_list(who: Cast, whole: dict[str, Any], token: str, index: int = 2) -> dict[str, Any]:
    """The bundle of today with a status list whose digest the log of ten holds at ``index``."""
    claims = {"department": "dept:land", "digest": digest_of(token)}
    entry = Entry("status", claims, entry_id="ent_list").content()
    log = [*OTHERS[:5], b64url_decode(whole["entry"]), *OTHERS[5:]]
    log[index] = entry
    path = [b64url(each) for each in inclusion_proof(tree_of(log), index, len(log))]
    lists = [{"token": token, "entry": b64url(entry), "index": index, "path": path}]
    return sealed({**whole, "version": 2, "receipt": receipt_in(who, log), "status_lists": lists}, who.hub)


def status_list(who: Cast, status: int) -> str:
    """The land department's list, on which the evidence it issued has ``status``."""
    statuses = StatusArray.of_size(64)
    statuses[9] = status
    times = (NOW - 30, NOW + 3600, 300)
    return sign_status_list(statuses, uri=LIST, issuer="dept:land", signer=who.land, times=times)


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


def asked_by_number(who: Cast, shown: dict[str, Any], *paths: str, role: str = "self") -> dict[str, Any]:
    """A bundle whose request names 张三 by number, and whose answer, truly logged, shows a resident who says that."""
    asked = {
        "iss": "svc:window", "aud": HUB, "iat": NOW - 2, "exp": NOW + 50, "jti": "jti-of-test",
        "subject": {"kind": "resident", "number": "11010519491231002x", "name": "張三"}, "matter": "low-income-aid",
        "case": "2026-0001", "basis": "order-649:11", "officer": "o-7",
        "wanted": [{"type": RESIDENT_TYPE, "claims": list(paths)}],
    }  # fmt: skip
    request = sign_jws(asked, typ="evidence-request+jwt", signer=who.consumer)
    clear = {"iss": "dept:land", "vct": RESIDENT_TYPE, "iat": NOW - 9000, "jti": "j"}
    token = issue_sd_jwt(clear, shown, signer=who.land)
    item = {
        "type": RESIDENT_TYPE, "outcome": "released", "reason": None, "provider": "dept:land", "as_of": NOW - 9000,
        "presentation": presented(token, who.land, list(paths)), "role": role,
    }  # fmt: skip
    return bundle_of(who, request, answered(who, request, [], evidence=[item]))


def couple(who: Cast, role: str) -> dict[str, Any]:
    """A bundle that answers who asked about 张三 with a marriage of hers, and shows her as that one of the two."""
    told = {
        "man": {"name": "赵六", "number": "440524188001010014"},
        "woman": {"name": "张三", "number": "11010519491231002X"},
    }
    return asked_by_number(who, told, "man.name", "man.number", "woman.name", "woman.number", role=role)
