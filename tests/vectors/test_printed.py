"""What the standards print, word for word: RFC 8037, RFC 9901, certificate transparency, C2SP signed notes."""

import json

import pytest

from hub.errors import Malformed
from hub.proof.encoding import b64url, b64url_decode, canonical_json
from hub.proof.keys import PublicKey
from hub.proof.merkle import Frontier, leaf_hash
from hub.proof.note import NoteVerifier, parse_note, verify_note
from hub.proof.sdjwt.disclosures import digests_of

RFC_8037_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
RFC_8037_JWS = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
RFC_9901_DISCLOSURES = [
    (
        "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0",
        "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0",
    ),
    ("WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIlVTIl0", "pFndjkZ_VCzmyTa6UjlZo3dh-ko8aIKQc9DlGzhaVYo"),
]
CT_ENTRIES = (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)  # fmt: skip
CT_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""


def test_the_signature_that_rfc_8037_prints_verifies_and_no_other_message_does() -> None:
    key = PublicKey.from_jwk(RFC_8037_KEY)
    signed, _, signature = RFC_8037_JWS.rpartition(".")
    key.verify(b64url_decode(signature), signed.encode())
    with pytest.raises(Malformed):
        key.verify(b64url_decode(signature), signed.upper().encode())


@pytest.mark.parametrize(("disclosure", "digest"), RFC_9901_DISCLOSURES)
def test_disclosures_that_rfc_9901_prints_have_the_digests_that_it_prints(disclosure: str, digest: str) -> None:
    assert b64url(b64url_decode(disclosure)) == disclosure
    assert digests_of([disclosure.encode()]) == [digest]


def test_the_trees_of_certificate_transparency_have_the_published_roots() -> None:
    frontier, roots = Frontier(), []
    for entry in CT_ENTRIES:
        frontier.append(leaf_hash(bytes.fromhex(entry)))
        roots.append(frontier.root().hex())
    assert tuple(roots) == CT_ROOTS


def test_the_note_that_others_signed_verifies_and_a_changed_one_does_not() -> None:
    verifier = NoteVerifier.from_vkey(GO_VKEY)
    assert verify_note(parse_note(GO_NOTE), [verifier])
    with pytest.raises(Malformed):
        verify_note(parse_note(GO_NOTE.replace("answer", "answers")), [verifier])


def test_members_stand_in_the_order_that_rfc_8785_prints() -> None:
    printed = {"\u20ac": "Euro Sign", "\r": "Carriage Return", "1": "One", "\u0080": "Control", "\u00f6": "Latin"}
    spelled = canonical_json(printed)
    assert [*json.loads(spelled)] == ["\r", "1", "\u0080", "\u00f6", "\u20ac"]
    assert spelled.startswith(b'{"\\r":')
