"""The page's own scripts in Node, whose engine forgives what browsers refuse: the verdict is the same."""

import json
import shutil
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.exchange.bundle import spoken_claims
from hub.exchange.verify import verify_bundle
from hub.proof.encoding import b64url, b64url_decode
from hub.proof.jws import sign_jws
from tests.crosscheck import bundles
from tests.crosscheck.programs import missing

CONSOLE = Path(__file__).parents[2] / "hub" / "console"
JUDGE = """
const read = (text) => new TextEncoder().encode(text);
const [policy, ...told] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const judged = told.map((bundle) => HubVerifier.verify(read(JSON.stringify(bundle)), read(JSON.stringify(policy))));
Promise.all(judged).then((all) => console.log(JSON.stringify(all.map(({ failed }) => failed))));
"""
Bend = Callable[[bytes], bytes]
BENT: dict[str, Bend] = {
    "as it is": lambda packed: packed,
    "a byte behind": lambda packed: packed + b"\0",
    "another list behind": lambda packed: packed + packed,
    "its own check value behind": lambda packed: packed + packed[-4:],
    "cut short": lambda packed: packed[:-1],
    "nothing in it": lambda _packed: zlib.compress(b""),
    "a megabyte and one": lambda _packed: zlib.compress(bytes(1024 * 1024 + 1)),
    "gzip": lambda packed: zlib.compress(zlib.decompress(packed), wbits=31),
    "bare": lambda packed: packed[2:-4],
}


def with_list(who: bundles.Cast, good: dict[str, Any], bend: Bend) -> dict[str, Any]:
    claims = spoken_claims(bundles.status_list(who, 0))
    packed = b64url(bend(b64url_decode(claims["status_list"]["lst"])))
    worse = {**claims, "status_list": {**claims["status_list"], "lst": packed}}
    token = sign_jws(worse, typ="statuslist+jwt", signer=who.land)
    return bundles.sealed({**good, "status_lists": [token]}, who.hub)


def test_what_stands_behind_a_packed_status_list_is_refused_as_elsewhere() -> None:
    node = shutil.which("node") or missing("node")
    who = bundles.cast()
    policy, good = bundles.policy(who), bundles.bundle(who)
    told = [with_list(who, good, bend) for bend in BENT.values()]
    script = "\n".join((CONSOLE / name).read_text(encoding="utf-8") for name in ("strict.js", "forms.js", "verify.js"))
    words = [str(node), "-e", script + JUDGE]
    answer = subprocess.run(words, input=json.dumps([policy, *told]), capture_output=True, check=True, text=True)  # noqa: S603 - our own scripts
    ours = [None if (failed := verify_bundle(each, policy).failed) is None else failed.number for each in told]
    assert dict(zip(BENT, json.loads(answer.stdout), strict=True)) == dict(zip(BENT, ours, strict=True))
    assert ours == [None] + [12] * (len(BENT) - 1)
