"""`hub keys`: keys are made, registered with proof of possession, rotated with an overlap, revoked with a reason."""

import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.files import keep_private
from hub.cli.roof import opened
from hub.cli.telling import print_json, print_lines, say
from hub.errors import Malformed
from hub.kernel.clock import SystemClock
from hub.parties.model import PartyKey
from hub.parties.rules import possession_proof
from hub.proof.encoding import b64url
from hub.proof.keys import FileSigner, generate_signer

app = typer.Typer(no_args_is_help=True, help="Generate, register, rotate and revoke keys. 密钥")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
KeyFile = Annotated[Path, typer.Option("--key", help="PEM file with the private key.", exists=True, dir_okay=False)]


@app.command()
def generate(
    out: Annotated[Path, typer.Option("--out", help="Where the private key goes (PEM, mode 600).")],
    alg: Annotated[str, typer.Option(help="Ed25519 or ES256.")] = "Ed25519",
    as_json: AsJson = False,
) -> None:
    """Make a private key; an existing file is never overwritten. 生成密钥."""
    signer = generate_signer(alg)
    keep_private(out, signer.to_pem())
    if as_json:
        print_json(signer.public.to_jwk())
    else:
        say(f"{out} holds the private key; its id is {signer.public.kid}.", "私钥已写入，公钥见下。")
        print_json(signer.public.to_jwk())


@app.command()
def secret() -> None:
    """Print 32 random bytes in base64url, as HUB_BLIND_KEY and its like take them. 生成密钥材料."""
    typer.echo(b64url(secrets.token_bytes(32)))


@app.command()
def register(
    party: Annotated[str, typer.Option(help="The party that the key belongs to, such as dept:land.")],
    key: KeyFile,
    hub: Annotated[str | None, typer.Option(help="Address of the hub; without it, the hub of HUB_* is used.")] = None,
    hub_id: Annotated[str | None, typer.Option(help="The hub's id; read from the hub when not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Register a further key of a known party, proving that its private part is at hand. 登记公钥."""
    signer = FileSigner.from_pem(key)
    kid = _register_there(hub, hub_id, party, signer) if hub else _register_here(party, signer)
    if as_json:
        print_json({"party": party, "kid": kid})
    else:
        say(f"The key {kid} of {party} is on record.", "公钥已登记。")


def _proof(signer: FileSigner, party: str, audience: str) -> str:
    now = SystemClock().now()
    return possession_proof(signer, party=party, audience=audience, now=now, jti=secrets.token_urlsafe(18))


def _register_there(hub: str, hub_id: str | None, party: str, signer: FileSigner) -> str:
    from hub.client.channel import Channel, Identity

    with Channel(hub, Identity(party, signer, hub_id or "")) as channel:
        audience = hub_id or str(channel.call("GET", "/.well-known/hub", token=False).json()["id"])
        wanted = {"jwk": signer.public.to_jwk(), "proof": _proof(signer, party, audience)}
        return str(channel.call("POST", "/v1/keys", token=False, json=wanted).json()["kid"])


def _register_here(party: str, signer: FileSigner) -> str:
    with opened() as running:
        proof = _proof(signer, party, running.id)
        return running.party_service.register_key(signer.public.to_jwk(), proof).kid


@app.command()
def rotate(
    party: Annotated[str, typer.Argument(help="The party, such as dept:land.")],
    old: Annotated[str, typer.Option(help="Id (kid) of the key that ends.")],
    key: Annotated[Path, typer.Option(help="PEM file of the new private key.", exists=True, dir_okay=False)],
    overlap_days: Annotated[int, typer.Option(min=0, max=366, help="Days in which both keys count.")] = 7,
) -> None:
    """Register a new key and let the old one end after an overlap. 更换密钥."""
    signer = FileSigner.from_pem(key)
    with opened() as running:
        kid = running.party_service.register_key(signer.public.to_jwk(), _proof(signer, party, running.id)).kid
        until = SystemClock().now() + timedelta(days=overlap_days)
        running.party_service.retire_key(party, old, until)
    say(f"{kid} counts from now; {old} counts until {until:%Y-%m-%d %H:%M} UTC.", "新旧密钥在重叠期内均有效。")


@app.command()
def revoke(
    party: Annotated[str, typer.Argument(help="The party, such as dept:land.")],
    kid: Annotated[str, typer.Argument(help="Id of the key.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept with the key.")],
    compromised_since: Annotated[
        str | None, typer.Option(help="ISO 8601 with offset: what it signed from then on does not count either.")
    ] = None,
) -> None:
    """End a key now. 吊销密钥."""
    with opened() as running:
        running.party_service.revoke_key(party, kid, reason, compromised_since=_instant(compromised_since))
    say(f"{kid} of {party} counts no more.", "该密钥已吊销。")


def _instant(text: str | None) -> datetime | None:
    try:
        instant = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if text is not None and (instant is None or instant.tzinfo is None):
        raise Malformed(
            "cli.instant",
            "Give an instant as ISO 8601 with its offset, such as 2026-03-01T08:00:00+08:00.",
            "请按 ISO 8601 给出带时区的时刻，如 2026-03-01T08:00:00+08:00。",
        )
    return instant


@app.command("list")
def find(party: Annotated[str | None, typer.Argument(help="Only this party.")] = None, as_json: AsJson = False) -> None:
    """Every key on record and the time in which it counts. 列出公钥."""
    with opened() as running:
        names = [party] if party else [each.id for each in running.parties.find_parties()]
        rows = [_line(key) for name in names for key in running.parties.find_keys(name)]
    if as_json:
        print_json(rows)
    else:
        print_lines(rows, "party", "kid", "alg", "valid_from", "valid_until", "revoked_at")


def _line(key: PartyKey) -> dict[str, Any]:
    instants = {
        "valid_from": key.valid_from,
        "valid_until": key.valid_until,
        "revoked_at": key.revoked_at,
        "compromised_since": key.compromised_since,
    }
    spelled = {name: at.isoformat(timespec="seconds") if at else None for name, at in instants.items()}
    return {"party": key.party, "kid": key.public.kid, "alg": key.public.alg, **spelled}
