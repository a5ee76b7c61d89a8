"""Coverage-guided fuzzing of what outsiders send: ``python -m tests.proof.fuzz FOLDER -max_total_time=60``.

Whatever the bytes, a parser returns a value that spells itself back, or raises ``Malformed``; anything else, a reading
that takes seconds or fills the memory included, is a crash. Inputs that go a new way, and crashes, are kept in the
folder; further arguments are libFuzzer's.
"""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from hub.audit.rules import parse_entry
from hub.audit.witness import parse_submission
from hub.errors import Malformed
from hub.exchange.trust import parse_trust_policy
from hub.proof.encoding import b64url, b64url_decode, canonical_json, parse_canonical, strict_json
from hub.proof.jws import verify_jws
from hub.proof.keys import PublicKey, generate_signer
from hub.proof.note import NoteSigner, NoteVerifier, parse_note
from hub.proof.policy import parse_policy, policy_text
from hub.proof.sdjwt import issue_sd_jwt, parse_trusted_sd_jwt, verify_sd_jwt
from hub.proof.statuslist import StatusArray, verify_status_list
from hub.proof.tiles import encode_entries, parse_entries, parse_tile_path
from hub.proof.tlogproof import parse_tlog_proof

SIGNER = generate_signer()
POLICY = {
    "version": 1,
    "hub": {
        "id": "h",
        "jwks": [SIGNER.public.to_jwk()],
        "origin": "l",
        "log_vkey": NoteSigner("l", SIGNER).verifier.vkey,
    },
    "parties": {"d": {"jwks": [SIGNER.public.to_jwk()]}},
    "witnesses": [],
    "quorum": 0,
}


def key_for(_kid: str | None, _iss: str | None) -> PublicKey:
    return SIGNER.public


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _same(spelled: object, content: object) -> None:
    if spelled != content:
        raise AssertionError(f"read {content!r}, wrote {spelled!r}")


def _signed(typ: str, content: bytes) -> str:
    """A good signature over whatever bytes, so that what lies behind it is read too."""
    message = b64url(b'{"alg":"Ed25519","typ":"%s"}' % typ.encode()) + "." + b64url(content)
    return f"{message}.{b64url(SIGNER.sign(message.encode()))}"


def _jwk(content: bytes) -> None:
    parsed = strict_json(content)
    if isinstance(parsed, dict):
        PublicKey.from_jwk(parsed)


TARGETS: tuple[Callable[[bytes], Any], ...] = (
    lambda content: _same(b64url(b64url_decode(content)).encode(), content),
    strict_json,
    lambda content: _same(canonical_json(parse_canonical(content)), content),
    lambda content: verify_jws(content, typ="x+jwt", key_for=key_for),
    lambda content: verify_sd_jwt(content, key_for=key_for),
    parse_trusted_sd_jwt,
    lambda content: verify_sd_jwt(f"{_signed('dc+sd-jwt', content)}~", key_for=key_for),
    lambda content: verify_status_list(_signed("statuslist+jwt", content), key_for=key_for),
    _jwk,
    lambda content: _same(str(parse_note(content)), content.decode()),
    lambda content: _same(str(parse_tlog_proof(content)), content.decode()),
    lambda content: NoteVerifier.from_vkey(_text(content)),
    lambda content: _same(parse_policy(policy_text(parse_policy(content))), parse_policy(content)),
    lambda content: _same(encode_entries(parse_entries(content)), content),
    lambda content: _same(parse_tile_path(_text(content)).path(), _text(content)),
    lambda content: StatusArray.parsed({"bits": 1, "lst": _text(content)}),
    parse_entry,
    parse_submission,
    parse_trust_policy,
)


def one_input(content: bytes) -> None:
    """The first byte chooses the parser, the rest is for it."""
    if not content:
        return
    try:
        TARGETS[content[0] % len(TARGETS)](content[1:])
    except Malformed:
        return


def seeds() -> list[bytes]:
    """Something each parser accepts, for the mutations to start from."""
    token = issue_sd_jwt({"iss": "d", "vct": "v"}, {"name": "王", "man": {"age": 3}}, signer=SIGNER)
    note = "hub.example/log\n1\n" + "A" * 43 + "=\n\n— hub.example/log " + "A" * 8 + "\n"
    good = [b"AAAA", b'{"a":[1,"b"]}', b'{"a":1}', token.split("~")[0].encode(), token.encode(), token.encode()]
    listed = b'{"exp":9,"iat":1,"iss":"d","status_list":{"bits":2,"lst":"eNo76fITAAPfAgc"},"sub":"u","ttl":3}'
    good += [b'{"_sd":["x"],"a":[{"...":"y"}]}', listed, canonical_json(SIGNER.public.to_jwk()), note.encode()]
    good += [f"c2sp.org/tlog-proof@v1\nindex 0\n\n{note}".encode(), b"a+00000000+AQAA", b"quorum none\n", b"\x00\x01a"]
    good += [
        b"tile/0/x001/234.p/5",
        b"eNrbuRgAAhcBXQ",
        b'{"id":"ent_1","kind":"exchange","v":1}',
        f"old 0\n\n{note}".encode(),
        canonical_json(POLICY),
    ]
    return [bytes([number]) + content for number, content in enumerate(good)]


WORDS = (
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "~",
    ".",
    "=",
    "1e9",
    "-0",
    "_sd",
    "_sd_alg",
    "...",
    "crit",
    "b64",
    "quorum",
    "group",
)
"""What random bytes rarely hit, for the mutations to put in."""


def explore(read: Callable[[bytes], None], begin: Sequence[bytes], place: Path, arguments: Sequence[str]) -> None:
    """Leads mutations of ``begin`` by the ways that they go through what is instrumented; ends the process."""
    import atheris

    corpus, words = place / "corpus", place / "words"
    corpus.mkdir(exist_ok=True)
    for number, content in enumerate(begin):
        (corpus / f"seed-{number}").write_bytes(content)
    words.write_text("".join(f'"{word}"\n' for word in WORDS))
    ours = (f"-dict={words}", f"-artifact_prefix={place}/", "-timeout=10", "-rss_limit_mb=1024", "-max_len=4096")
    atheris.Setup([sys.argv[0], *ours, *arguments, str(corpus)], read)
    atheris.Fuzz()


def main() -> None:
    import atheris

    place, *arguments = sys.argv[1:]
    for name in [each for each in sys.modules if each.startswith("hub.")]:
        del sys.modules[name]
    with atheris.instrument_imports(include=["hub.proof", "hub.audit", "hub.exchange"]):
        instrumented = import_module("tests.proof.fuzz")
    explore(instrumented.one_input, instrumented.seeds(), Path(place), arguments)


if __name__ == "__main__":
    main()
