"""Whose signature under a log counts: a trust policy says it, or the log's public key as an auditor has it at hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.files import content_of
from hub.cli.policies import policy_in
from hub.errors import Malformed
from hub.exchange.trust import parse_trust_policy
from hub.proof.encoding import strict_json
from hub.proof.keys import PublicKey
from hub.proof.note import NoteVerifier
from hub.proof.policy import LogPolicy

MAX_KEY_BYTES = 16 * 1024
LogKey = Annotated[
    str | None,
    typer.Option(
        "--log-key",
        help="Instead of a policy: the log's verifier key (`hub audit vkey`), or a file that holds it or a JWK.",
    ),
]


def trusted_log(
    policy: Path | None,
    authority_key: Path | None,
    log_key: str | None,
    *,
    origin: Callable[[], str],
    own: LogPolicy | None = None,
) -> LogPolicy:
    """What the log's key says, or else the policy, or else ``own``, which an installation's own settings imply.

    Raises:
        Malformed: nothing of that is given, or it is not of its form.
    """
    if log_key is not None:
        return LogPolicy((_log_named(log_key, origin),))
    if policy is not None:
        return parse_trust_policy(policy_in(policy, authority_key)).log
    if own is None:
        raise Malformed(
            "cli.no-policy",
            "Name the trust policy that says which log key counts (--policy FILE), or that key itself (--log-key).",
            "请用 --policy 指定信任策略文件，其中写明哪把日志密钥算数；或用 --log-key 指定日志公钥。",
        )
    return own


def _log_named(told: str, origin: Callable[[], str]) -> NoteVerifier:
    """The verifier that ``told`` spells, or that the file of that name holds; a JWK is the key of the log ``origin``.

    Raises:
        Missing: no such file.
        Malformed: no public key of a log in it.
    """
    path = Path(told)
    is_spelled = "+" in told and not path.is_file()
    content = told.encode() if is_spelled else content_of(path, most_bytes=MAX_KEY_BYTES)
    try:
        if content.lstrip().startswith(b"{"):
            return NoteVerifier.of(origin(), PublicKey.from_jwk(strict_json(content)))
        return NoteVerifier.from_vkey(content.decode("utf-8").strip())
    except (Malformed, UnicodeDecodeError) as fault:
        raise _no_log_key() from fault


def check_keys(key: Path | None, *, party: str | None, log_key: str | None, policy: Path | None) -> None:
    """Returns when each key is given for what it is.

    Raises:
        Malformed: the auditor's own key without the auditor, or the log's key beside a policy that names one.
    """
    if log_key is not None and policy is not None:
        raise Malformed(
            "cli.policy-and-log-key",
            "--policy names the log's key already; give one of --policy and --log-key.",
            "--policy 已写明日志密钥；--policy 与 --log-key 只能选其一。",
        )
    if key is not None and party is None:
        raise Malformed(
            "cli.key-without-party",
            "--key is the auditor's private key (PEM) and stands beside --party. The log's own key, a verifier key "
            "line or a JWK, goes to --log-key.",
            "--key 为审计员私钥（PEM），须与 --party 同用；日志公钥（核验密钥行或 JWK）请用 --log-key。",
        )


def _no_log_key() -> Malformed:
    return Malformed(
        "cli.bad-log-key",
        "--log-key takes the log's public Ed25519 key: a verifier key line (name+id+key, as `hub audit vkey` prints "
        "it), or a file that holds that line or a public JWK.",
        "--log-key 须为日志的 Ed25519 公钥：核验密钥行（名称+编号+公钥），或含该行或公钥 JWK 的文件。",
    )
