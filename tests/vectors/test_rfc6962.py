"""Merkle proofs against the published vectors, those that must fail included."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Malformed
from hub.proof.merkle import (
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)

VECTORS = Path(__file__).parents[2] / ".." / "shared" / "vectors" / "rfc6962" / "testdata"


def octets(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def check(kind: str, vector: dict[str, Any]) -> None:
    proof = [octets(each) for each in vector["proof"] or []]
    if kind == "inclusion":
        place = {"index": vector["leafIdx"], "size": vector["treeSize"]}
        verify_inclusion(leaf=octets(vector["leafHash"]), proof=proof, root=octets(vector["root"]), **place)
    elif kind == "subtreeinclusion":
        place = {"index": vector["leafIdx"], "start": vector["start"], "end": vector["end"]}
        verify_subtree_inclusion(leaf=octets(vector["leafHash"]), proof=proof, root=octets(vector["root"]), **place)
    else:
        roots = {"root": octets(vector["root2"]), "proof": proof}
        if kind == "consistency":
            old_root = octets(vector["root1"])
            verify_consistency(old=vector["size1"], size=vector["size2"], old_root=old_root, **roots)
        else:
            place = {name: vector[name] for name in ("start", "end", "size")}
            verify_subtree_consistency(subtree_root=octets(vector["root1"]), **place, **roots)


@pytest.mark.parametrize("kind", ["inclusion", "consistency", "subtreeinclusion", "subtreeconsistency"])
def test_every_published_vector_is_accepted_or_refused_as_it_says(kind: str) -> None:
    files = sorted((VECTORS / kind).rglob("*.json"))
    if not files:
        pytest.skip("the RFC 6962 vectors are not beside the project (../shared/vectors/rfc6962)")
    wrong = []
    for file in files:
        vector = json.loads(file.read_text())
        try:
            check(kind, vector)
        except Malformed:
            refused = True
        else:
            refused = False
        if refused is not vector["wantErr"]:
            wrong.append(file.name)
    assert not wrong
