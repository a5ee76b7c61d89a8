"""`hub witness`: a witness 见证方, run by an institution of its own on a machine of its own."""

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from hub.api.heads import bounded
from hub.api.logs import start_logging
from hub.audit.witness import Witness, WitnessStore, origin_hash
from hub.audit.witness_app import witness_app
from hub.cli.files import content_of
from hub.cli.roof import signer_for
from hub.cli.telling import say
from hub.kernel.clock import SystemClock
from hub.proof.encoding import b64url_decode
from hub.proof.note import Cosigner, Ed25519Cosigner, MlDsaCosigner, NoteVerifier

app = typer.Typer(no_args_is_help=True, help="Run a witness of the log. 见证方")

MAX_KEY_BYTES = 4096
Name = Annotated[str, typer.Option(help="The witness's name, such as witness.audit.example.")]
Key = Annotated[str, typer.Option(help="An Ed25519 key that serves this name alone: PEM file, or pkcs11:….")]
Seed = Annotated[
    Path | None,
    typer.Option(help="File with 32 secret bytes in base64url (`hub keys secret`): also cosign with ML-DSA-44."),
]


@app.command()
def serve(
    name: Name,
    key: Key,
    log: Annotated[list[str], typer.Option(help="Verifier key (vkey) of a log to follow; repeatable.")],
    directory: Annotated[Path, typer.Option(help="Folder of the witness's own small store.")] = Path("var/witness"),
    ml_dsa_seed: Seed = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port.")] = 8070,
) -> None:
    """Cosign checkpoints that only grow, until stopped 启动见证服务."""
    start_logging("info")
    logs = [NoteVerifier.from_vkey(each) for each in log]
    store = WitnessStore(directory)
    for each in logs:
        if store.newest(origin_hash(each.name)) is None:
            say(
                f"Nothing of {each.name} is kept in {directory}: it is followed from its first checkpoint. Where this "
                "key has cosigned it before, stop, and restore that folder or take a new key.",
                "此处没有该日志的任何检查点，将从头跟踪。若此密钥曾为其共签，请停止，恢复该文件夹或换用新密钥。",
            )
    witness = Witness(logs, _cosigners(name, key, ml_dsa_seed), store, SystemClock())
    uvicorn.run(witness_app(witness), host=host, port=port, **bounded())


@app.command()
def vkey(name: Name, key: Key, ml_dsa_seed: Seed = None) -> None:
    """Print the verifier keys that a trust policy names 公布核验密钥."""
    for cosigner in _cosigners(name, key, ml_dsa_seed):
        typer.echo(cosigner.verifier.vkey)


def _cosigners(name: str, key: str, seed: Path | None) -> list[Cosigner]:
    cosigners: list[Cosigner] = [Ed25519Cosigner(name, signer_for(key))]
    if seed is not None:
        cosigners.append(MlDsaCosigner(name, b64url_decode(content_of(seed, most_bytes=MAX_KEY_BYTES).strip())))
    return cosigners
