"""`hub keys`: keys are made, registered with proof of possession, rotated with an overlap, revoked with a reason."""

import secrets
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.files import content_of, keep_private
from hub.cli.policies import app as policies
from hub.cli.roof import new_key_in_device, opened, signer_for
from hub.cli.telling import AsJson, print_json, print_lines, report, say
from hub.errors import Broken, Malformed, Missing
from hub.kernel.clock import SystemClock
from hub.parties.model import PartyKey, RevocationReason
from hub.parties.rules import ENDORSEMENT_TYP, RECOVERY_TYP, key_statement, possession_proof
from hub.proof.encoding import b64url, strict_json
from hub.proof.keyreference import is_in_device
from hub.proof.keys import PublicKey, Signer, generate_signer

app = typer.Typer(no_args_is_help=True, help="Generate, register, rotate and revoke keys. 密钥")
app.add_typer(policies, name="policy")

KEY_HELP = "PEM file with the private key, or a key in a device: pkcs11:token=…;object=…"
KeyFile = Annotated[str, typer.Option("--key", help=KEY_HELP)]
MAX_FILE_BYTES = 65_536


@app.command()
def generate(
    out: Annotated[
        str, typer.Option("--out", help="Where the private key goes: a new file (PEM, mode 600), or pkcs11:….")
    ],
    alg: Annotated[str, typer.Option(help="Ed25519 or ES256.")] = "Ed25519",
    as_json: AsJson = False,
) -> None:
    """Make a private key; an existing one is never overwritten. 生成密钥."""
    public = new_key_in_device(out, alg) if is_in_device(out) else _new_file(Path(out), alg)
    if not as_json:
        say(f"{out} holds the private key; its id is {public.kid}.", "私钥已生成，并给出密钥标识。")
    print_json(public.to_jwk())


def _new_file(out: Path, alg: str) -> PublicKey:
    signer = generate_signer(alg)
    keep_private(out, signer.to_pem())
    return signer.public


@app.command()
def secret() -> None:
    """Print 32 random bytes in base64url, as HUB_BLIND_KEY and its like take them. 生成密钥材料."""
    typer.echo(b64url(secrets.token_bytes(32)))


@app.command()
def register(
    party: Annotated[str, typer.Option(help="The party that the key belongs to, such as dept:land.")],
    key: KeyFile,
    endorsed_by: Annotated[
        str | None, typer.Option(help="With --hub: a key that the party has on record, file or pkcs11:….")
    ] = None,
    hub: Annotated[str | None, typer.Option(help="Address of the hub; without it, the hub of HUB_* is used.")] = None,
    hub_id: Annotated[str | None, typer.Option(help="The hub's id; read from the hub when not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Register a further key of a known party, proving that its private part is at hand. 登记公钥."""
    signer = signer_for(key)
    if hub is None:
        kid = _register_here(party, signer)
    else:
        kid = _register_there((hub, hub_id), party, signer, _endorser(endorsed_by))
    report({"party": party, "kid": kid}, f"The key {kid} of {party} is on record.", "公钥已登记。", as_json=as_json)


def _endorser(reference: str | None) -> Signer:
    if reference is None:
        raise Malformed(
            "cli.no-endorsement",
            "Over the network a key that the party has on record vouches for the new one: --endorsed-by.",
            "通过网络登记新密钥，须由该参与方已登记的密钥作保：--endorsed-by。",
        )
    return signer_for(reference)


def _jti() -> str:
    return secrets.token_urlsafe(18)


def _proof(signer: Signer, party: str, audience: str) -> str:
    return possession_proof(signer, party=party, audience=audience, now=SystemClock().now(), jti=_jti())


def _register_there(where: tuple[str, str | None], party: str, signer: Signer, endorser: Signer) -> str:
    from hub.client.channel import Channel, Identity

    hub, hub_id = where
    with Channel(hub, Identity(party, endorser, hub_id or "")) as channel:
        audience = hub_id or channel.hub_named_there()
        vouched = key_statement(
            endorser,
            signer.public,
            typ=ENDORSEMENT_TYP,
            party=party,
            by=party,
            audience=audience,
            now=SystemClock().now(),
            jti=_jti(),
        )
        wanted = {
            "jwk": signer.public.to_jwk(),
            "proof": _proof(signer, party, audience),
            "endorsement": vouched,
        }
        return str(channel.told("POST", "/v1/keys", token=False, json=wanted)["kid"])


def _register_here(party: str, signer: Signer) -> str:
    with opened() as running:
        proof = _proof(signer, party, running.id)
        return running.party_service.register_key(signer.public.to_jwk(), proof).kid


@app.command()
def rotate(
    party: Annotated[str, typer.Argument(help="The party, such as dept:land.")],
    old: Annotated[str, typer.Option(help="Id (kid) of the key that ends.")],
    key: KeyFile,
    overlap_days: Annotated[int, typer.Option(min=0, max=366, help="Days in which both keys count.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Register a new key and let the old one end after an overlap. 更换密钥."""
    signer, overlap = signer_for(key), timedelta(days=overlap_days)
    with opened() as running:
        proof = _proof(signer, party, running.id)
        kid = running.party_service.rotate_key(old, signer.public.to_jwk(), proof, overlap=overlap).kid
    report(
        {"party": party, "kid": kid, "old": old, "overlap_days": overlap_days},
        f"{kid} counts from now; {old} counts for {overlap_days} days more.",
        "新旧密钥在重叠期内均有效。",
        as_json=as_json,
    )


@app.command()
def approve(
    party: Annotated[str, typer.Argument(help="The party that lost its key.")],
    jwk: Annotated[Path, typer.Option(help="JSON file with the party's new public key.", dir_okay=False)],
    key: KeyFile,
    authority: Annotated[str, typer.Option(help="The authority that signs, such as auth:data-bureau.")],
    hub_id: Annotated[str, typer.Option(help="The id of the hub that is to take the key.")],
) -> None:
    """The authority approves the recovery of a lost key; prints what `hub keys recover` takes. 批准恢复密钥."""
    told = strict_json(content_of(jwk, most_bytes=MAX_FILE_BYTES))
    public = PublicKey.from_jwk(told)
    told = key_statement(
        signer_for(key),
        public,
        typ=RECOVERY_TYP,
        party=party,
        by=authority,
        audience=hub_id,
        now=SystemClock().now(),
        jti=_jti(),
    )
    typer.echo(told)


@app.command()
def recover(
    party: Annotated[str, typer.Argument(help="The party that lost its key.")],
    key: KeyFile,
    approval: Annotated[Path, typer.Option(help="File with the authority's approval.", dir_okay=False)],
    as_json: AsJson = False,
) -> None:
    """Register a new key in place of lost ones, which end now, with the authority's approval. 恢复密钥."""
    signer = signer_for(key)
    approved = content_of(approval, most_bytes=MAX_FILE_BYTES).decode("ascii", "replace").strip()
    with opened() as running:
        proof = _proof(signer, party, running.id)
        kid = running.party_service.recover_key(signer.public.to_jwk(), proof, approved).kid
    report(
        {"party": party, "kid": kid},
        f"{kid} counts from now; the lost keys of {party} ended.",
        "新密钥生效，丢失的密钥已终止。",
        as_json=as_json,
    )


@app.command()
def revoke(
    party: Annotated[str, typer.Argument(help="The party, such as dept:land.")],
    kid: Annotated[str, typer.Argument(help="Id of the key.")],
    reason: Annotated[RevocationReason, typer.Option(help="Why; it is kept with the key and logged.")],
    compromised_since: Annotated[
        str | None, typer.Option(help="ISO 8601 with offset: what it signed from then on does not count either.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """End a key now. 吊销密钥."""
    since = _instant(compromised_since)
    with opened() as running:
        running.party_service.revoke_key(party, kid, reason.value, compromised_since=since)
    told = {"party": party, "kid": kid, "reason": reason.value, "compromised_since": since and since.isoformat()}
    report(told, f"{kid} of {party} counts no more.", "该密钥已吊销。", as_json=as_json)


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


@app.command()
def reseal(
    check: Annotated[bool, typer.Option("--check", help="Only count what stands under which key.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring everything sealed at rest under the first key of HUB_SEAL_KEYS, while the hub serves 轮换密封密钥."""
    with opened() as running:
        service = running.resealing
        done = 0
        if not check:
            done = sum(portion.resealed for portion in service.reseal())
        counted, current = service.counted(), service.keyring.current_id
    keys = sum(counted.values(), Counter[str]())
    if as_json:
        print_json({"resealed": done, "current": current, "keys": dict(keys), "columns": counted})
    else:
        print_lines([{"key": key, "rows": rows} for key, rows in sorted(keys.items())], "key", "rows")
    if lost := sorted(keys.keys() - service.keyring.check_values.keys()):
        raise Broken(
            "cli.seal-key-missing",
            "What stands under the keys named here opens nowhere: they are not in HUB_SEAL_KEYS. Add them again, on "
            "every node.",
            "以所列密钥密封的内容无法解封：HUB_SEAL_KEYS 中没有这些密钥。请在每个节点上补回。",
            keys=lost,
        )
    if not as_json:
        _tell_needed(sorted(keys.keys() - {current}), current)


def _tell_needed(old: list[str], current: str) -> None:
    if old:
        say(
            f"Still needed: {', '.join(old)}; keep them and run this again.",
            "上列旧密钥仍有内容，请保留并再次运行。",
        )
    else:
        say(
            f"Everything is under {current}; no other key is needed any longer.",
            "全部内容已在当前密钥之下，不再需要其他密钥。",
        )


@app.command("list")
def find(party: Annotated[str | None, typer.Argument(help="Only this party.")] = None, as_json: AsJson = False) -> None:
    """Every key on record and the time in which it counts. 列出公钥."""
    with opened() as running:
        if party is not None and running.parties.party_for(party) is None:
            raise Missing("parties.unknown", "No party with this id is registered here.", "此处未登记该参与方。")
        names = [party] if party else [each.id for each in running.parties.find_parties()]
        rows = [_line(key) for name in names for key in running.parties.find_keys(name)]
    if as_json:
        print_json(rows)
    else:
        print_lines(rows, "party", "kid", "alg", "valid_from", "valid_until", "revoked_at", "reason")


def _line(key: PartyKey) -> dict[str, Any]:
    instants = {
        "valid_from": key.valid_from,
        "valid_until": key.valid_until,
        "revoked_at": key.revoked_at,
        "compromised_since": key.compromised_since,
    }
    spelled = {name: at.isoformat(timespec="seconds") if at else None for name, at in instants.items()}
    return {"party": key.party, "kid": key.public.kid, "alg": key.public.alg, **spelled, "reason": key.revoked_reason}
