"""An export 导出 is checked years later and without the hub: beside it lies the proof that the log names its digest.

The proof is the receipt of the log entry (C2SP tlog-proof) with the entry itself as its ``extra`` line.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hub.audit.rules import parse_entry
from hub.cli.files import content_of, keep_private
from hub.cli.logkeys import LogKey, check_keys, trusted_log
from hub.cli.telling import AsJson, print_json, say
from hub.client.channel import Channel
from hub.errors import Missing, Refused
from hub.proof.encoding import b64url
from hub.proof.policy import LogPolicy
from hub.proof.tiles import WIDTH, Tile, parse_entries, tile_width
from hub.proof.tlogproof import TlogProof, parse_tlog_proof, verify_tlog_proof

MAX_PROOF_BYTES: Final = 1024 * 1024


def proof_beside(file: Path) -> Path:
    """Where the proof of an export lies."""
    return file.with_name(f"{file.name}.proof")


def keep_proof(channel: Channel, file: Path, entry_id: str) -> Path:
    """The proof of the export in ``file`` lies beside it: the receipt of its log entry, and the entry.

    Raises:
        Conflict: there is one already.
        HubError: the hub's refusal.
    """
    proof = parse_tlog_proof(channel.call("GET", f"/log/receipt/{entry_id}", token=False).content)
    bundle = proof.index // WIDTH
    tile = Tile(None, bundle, tile_width(0, bundle, proof.checkpoint.size))
    entries = parse_entries(channel.call("GET", f"/log/{tile.path()}").content)
    keep_private(proof_beside(file), str(replace(proof, extra=entries[proof.index % WIDTH])).encode())
    return proof_beside(file)


def check(
    file: Annotated[Path, typer.Argument(help="The export, .csv or .parquet, with its .proof beside it.")],
    policy: Annotated[Path | None, typer.Option(help="Trust policy that names the log's key.", dir_okay=False)] = None,
    authority_key: Annotated[
        Path | None, typer.Option(help="The authority's public key (JWK), when the policy is a signed one.")
    ] = None,
    log_key: LogKey = None,
    receipt: Annotated[
        Path | None, typer.Option(help="A later receipt (`hub audit prove`), such as one with more cosignatures.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check an export against the log, without the hub; exit code 3 when it was changed 核对导出文件."""
    check_keys(None, party=None, log_key=log_key, policy=policy)
    beside = parse_tlog_proof(content_of(proof_beside(file), most_bytes=MAX_PROOF_BYTES))
    told = str(beside) if receipt is None else content_of(receipt, most_bytes=MAX_PROOF_BYTES)
    trusted = trusted_log(policy, authority_key, log_key, origin=lambda: beside.checkpoint.origin)
    proof, entry = _verified(told, beside.extra or b"", trusted)
    _require_named(entry, digest_of(file))
    if as_json:
        print_json({"index": proof.index, "entry": entry})
        return
    said = {name: value for name, value in entry["search"].items() if value is not False}
    say(f"The log names this file at index {proof.index}.", f"日志第 {proof.index} 条载有本文件摘要。")
    say(f"Taken by {entry['by']}, {entry['rows']} exchanges; searched for {said}.", f"导出方 {entry['by']}。")


def _verified(told: str | bytes, entry: bytes, trusted: LogPolicy) -> tuple[TlogProof, dict[str, Any]]:
    """The receipt, and what its entry says."""
    proof = verify_tlog_proof(told, entry=entry, policy=trusted)
    return proof, parse_entry(entry)


def _require_named(entry: dict[str, Any], digest: bytes) -> None:
    if entry.get("event") != "exported" or entry.get("digest") != b64url(digest):
        raise Refused(
            "cli.export-changed",
            "The log names another file in this entry: this one was changed, or the proof is another export's.",
            "该日志条目所载并非本文件：文件已被更改，或证明属于另一次导出。",
        )


def digest_of(file: Path) -> bytes:
    """SHA-256 of the file.

    Raises:
        Missing: it cannot be read.
    """
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").digest()
    except OSError:
        raise Missing("cli.no-such-file", "The file cannot be read.", "文件无法读取。", path=str(file)) from None
