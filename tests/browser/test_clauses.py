"""What a clause of a standard says of one byte or another: `hub verify` and the page, run in Node, both do it."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from hub.exchange.bundle import spoken_claims
from hub.exchange.verify import verify_bundle
from hub.proof.encoding import b64url, b64url_decode, base64_text
from tests.browser.test_node import CONSOLE, JUDGE
from tests.crosscheck import bundles
from tests.crosscheck.programs import missing

WHO = bundles.cast()
GOOD, POLICY = bundles.bundle(WHO), bundles.policy(WHO)
ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group of Ed25519: RFC 8032 §5.1.7 takes no second spelling of a signature's S."""


def verdicts(told: list[dict[str, Any]]) -> list[bool]:
    """Whether each bundle verifies; the two verifiers refuse at the same step."""
    node = shutil.which("node") or missing("node")
    script = "\n".join((CONSOLE / name).read_text(encoding="utf-8") for name in ("strict.js", "forms.js", "verify.js"))
    words = [str(node), "-e", script + JUDGE]
    answer = subprocess.run(words, input=json.dumps([POLICY, *told]), capture_output=True, check=True, text=True)  # noqa: S603 - our own scripts
    failed = [verify_bundle(json.dumps(each).encode(), POLICY).failed for each in told]
    assert json.loads(answer.stdout) == [step and step.number for step in failed]
    return [step is None for step in failed]


def request(head: Mapping[str, Any] | bytes = b"", said: bytes = b"", tail: str = "", front: str = "") -> str:
    """The request with more or other in its header, other claims, or something around it; signed as it then is."""
    own, claims, _ = GOOD["request"].split(".")
    header = head or b64url_decode(own)
    if isinstance(head, Mapping):
        told = json.loads(b64url_decode(own)) | head
        header = json.dumps({name: value for name, value in told.items() if value is not ...}).encode()
    text = f"{b64url(header)}.{b64url(said) if said else claims}"
    return front + f"{text}.{b64url(WHO.consumer.sign(text.encode()))}" + tail


HEADER, CLAIMS = (b64url_decode(part) for part in GOOD["request"].split(".")[:2])
MESSAGE, SIGNATURE = GOOD["request"].rsplit(".", 1)
_S = int.from_bytes(b64url_decode(SIGNATURE)[32:], "little") + ORDER
REQUESTS: dict[str, tuple[str, bool]] = {
    "as it is": (request(), True),
    "RFC 9864 §3.1: EdDSA names the same": (request({"alg": "EdDSA"}), True),
    "RFC 7515 §4.2: who knows no member ignores it": (request({"x-more": 1, "jku": "http://127.0.0.1/"}), True),
    "RFC 8725 §3.1: none": (request({"alg": "none"}), False),
    "RFC 8725 §3.1: a secret for a public key": (request({"alg": "HS256"}), False),
    "RFC 7515 §4.1.1: alg is there": (request({"alg": ...}), False),
    "RFC 7515 §4.1.1: case counts": (request({"alg": "ed25519"}), False),
    "RFC 7515 §4.1.11: crit is not empty": (request({"crit": []}), False),
    "RFC 7515 §4.1.11: nor of registered names": (request({"crit": ["alg"]}), False),
    "RFC 7797 §6: b64 stands in crit": (request({"b64": False}), False),
    "RFC 7797: b64, and in crit": (request({"b64": False, "crit": ["b64"]}), False),
    "RFC 7515 §4: header names differ": (request(HEADER[:-1] + b',"alg":"Ed25519"}'), False),
    "RFC 7519 §4: claim names differ": (request(said=CLAIMS[:-1] + b',"iss":"svc:window"}'), False),
    "RFC 7515 §5.2: UTF-8 without a mark": (request(b"\xef\xbb\xbf" + HEADER), False),
    "RFC 7515 §5.2: an object": (request(b"[]"), False),
    "RFC 7515 §2: no padding": (request(tail="="), False),
    "RFC 7515 §2: no white space before": (request(front=" "), False),
    "RFC 7515 §2: no line end": (request(tail="\n"), False),
    "RFC 7515 §7.1: three parts": (request(tail="."), False),
    "RFC 7515 app. F: nothing detached": (f"{MESSAGE.split('.')[0]}..{SIGNATURE}", False),
    "RFC 8032 §5.1.7: S below the order": (
        f"{MESSAGE}.{b64url(b64url_decode(SIGNATURE)[:32] + _S.to_bytes(32, 'little'))}", False,
    ),
    "RFC 8725 §3.11: typ is explicit": (request({"typ": "JWT"}), False),
    "RFC 8725 §3.10: kid is a text": (request({"kid": 7}), False),
    "design §3: no fractions": (request(said=CLAIMS[:-1] + b',"nbf":1.0}'), False),
    "design §3: aud is a text": (request(said=CLAIMS.replace(b'"hub:example"', b'["hub:example"]')), False),
}  # fmt: skip


def test_a_request_is_read_as_the_clauses_of_jose_say() -> None:
    evidence = bundles.parts(WHO)["evidence"]
    told = [
        bundles.bundle_of(WHO, token, bundles.answered(WHO, token, evidence)) for token, _accepted in REQUESTS.values()
    ]
    assert dict(zip(REQUESTS, verdicts(told), strict=True)) == {name: holds for name, (_, holds) in REQUESTS.items()}


RECEIPT: str = GOOD["receipt"]
LINES = RECEIPT.split("\n")
BY_LOG = next(line for line in LINES if line.startswith("— hub.example"))
UNKNOWN = f"— other.example {base64_text(b'abcd' + bytes(2428))}\n"
RECEIPTS: dict[str, tuple[str, bool]] = {
    "tlog-proof: extra data may stand there": (RECEIPT.replace("@v1\n", "@v1\nextra eA==\n"), True),
    "tlog-proof: once": (RECEIPT.replace("@v1\n", "@v1\nextra eA==\nextra eA==\n"), False),
    "tlog-proof: before the index": (RECEIPT.replace("index 5\n", "index 5\nextra eA==\n"), False),
    "tlog-proof: of this version": (RECEIPT.replace("@v1", "@v2"), False),
    "tlog-proof: an index without zeros in front": (RECEIPT.replace("index 5", "index 05"), False),
    "tlog-proof: without a sign": (RECEIPT.replace("index 5", "index +5"), False),
    "tlog-proof: of the entry": (RECEIPT.replace("index 5", "index 6"), False),
    "RFC 6962 §2.1.1: every hash": ("\n".join([*LINES[:2], *LINES[3:]]), False),
    "RFC 6962 §2.1.1: and no other": ("\n".join([*LINES[:3], *LINES[2:]]), False),
    "RFC 6962 §2.1.1: in order": ("\n".join([*LINES[:2], LINES[3], LINES[2], *LINES[4:]]), False),
    "signed-note: unknown signatures are ignored": (RECEIPT + 13 * UNKNOWN, True),
    "signed-note: a key id under another name is unknown": (RECEIPT + BY_LOG.replace("hub.", "a.") + "\n", True),
    "signed-note: ends in a line end": (RECEIPT[:-1], False),
    "signed-note: no further line end": (RECEIPT + "\n", False),
    "signed-note: an em dash": (RECEIPT.replace("— ", "- "), False),
    "signed-note: no control characters": (RECEIPT.replace("\n", "\r\n"), False),
    "tlog-checkpoint: signed by the log": (RECEIPT.replace(BY_LOG + "\n", ""), False),
    "tlog-checkpoint: a size without zeros in front": (RECEIPT.replace("\n10\n", "\n010\n"), False),
    "tlog-checkpoint: extensions are signed": (RECEIPT.replace("\n\n— ", "\nmore\n\n— ", 1), False),
    "tlog-cosignature: the quorum's": (
        "\n".join(line for line in LINES if not line.startswith("— witness")), False,
    ),
}  # fmt: skip


def test_a_receipt_is_read_as_the_clauses_of_c2sp_say() -> None:
    told = [bundles.sealed({**GOOD, "receipt": receipt}, WHO.hub) for receipt, _accepted in RECEIPTS.values()]
    assert dict(zip(RECEIPTS, verdicts(told), strict=True)) == {name: holds for name, (_, holds) in RECEIPTS.items()}


def test_parts_of_two_good_bundles_make_no_third() -> None:
    other = bundles.bundle(WHO)
    mixed = [
        bundles.sealed({**GOOD, **{name: other[name] for name in together}}, WHO.hub)
        for together in (("request",), ("answer",), ("entry",), ("receipt",), ("entry", "receipt"))
    ]
    told = [GOOD, other, *mixed, {**GOOD, "seal": other["seal"]}, {**mixed[0], "seal": other["seal"]}]
    assert verdicts(told) == [True, True] + [False] * (len(told) - 2)


def test_one_piece_of_evidence_may_be_shown_for_each_role_that_its_subject_has() -> None:
    right = {**bundles.RIGHT, "holders": [{"name": "张三"}, {"name": "張三"}]}
    token = bundles.evidence(WHO.land, "dept:land", bundles.RIGHT_TYPE, right)
    shown = [bundles.presented(token, WHO.land, ["unit"]) for _ in range(2)]
    told = spoken_claims(GOOD["answer"])["evidence"]

    def shown_as(*roles: str) -> dict[str, Any]:
        lines = [{**told[0], "role": role, "presentation": each} for role, each in zip(roles, shown, strict=True)]
        answer = bundles.answered(WHO, GOOD["request"], [], evidence=[*lines, told[1]])
        return bundles.bundle_of(WHO, GOOD["request"], answer)

    asked = [shown_as("holder.1", "holder.2"), shown_as("payee.1", "payee.2"), shown_as("holder.1", "holder.1")]
    assert verdicts(asked) == [True, True, False]
