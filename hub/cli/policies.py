"""`hub keys policy`: the authority signs editions of the trust policy 信任策略; everybody checks them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.files import content_of
from hub.cli.roof import signer_for
from hub.cli.telling import AsJson, print_json, report, say
from hub.errors import Malformed
from hub.exchange.editions import (
    POLICY_BYTES,
    Edition,
    follow,
    is_signed,
    require_same_history,
    sign_edition,
    verify_editions,
)
from hub.kernel.clock import SystemClock
from hub.proof.encoding import strict_json
from hub.proof.keys import PublicKey

app = typer.Typer(no_args_is_help=True, help="Sign, show and check trust policies. 信任策略")
MOST_BYTES = 4 * POLICY_BYTES
AuthorityKey = Annotated[
    list[Path], typer.Option("--authority-key", help="The authority's public key (JWK); may stand several times.")
]
SignedFile = Annotated[Path, typer.Argument(help="Signed editions, one a line, the oldest first.")]


def policy_in(path: Path, authority_key: Path | None) -> bytes | Mapping[str, Any]:
    """The trust policy in a file: a plain one as it is, a signed one verified with the authority's key.

    Raises:
        Malformed: it is signed and no key is given, or the other way round.
    """
    content = content_of(path, most_bytes=MOST_BYTES)
    if is_signed(content) != (authority_key is not None):
        raise Malformed(
            "cli.authority-key",
            "A signed policy is checked with --authority-key; a plain one is taken as it is, without.",
            "签署的信任策略须以 --authority-key 核验；未签署的则不需要。",
        )
    return content if authority_key is None else verify_editions(content, _keys([authority_key])).policy


@app.command()
def sign(
    policy: Annotated[Path, typer.Argument(help="The plain policy (JSON).")],
    key: Annotated[str, typer.Option(help="The authority's private key, file or pkcs11:….")],
    authority: Annotated[str, typer.Option(help="The authority, such as auth:data-bureau.")],
    after: Annotated[Path | None, typer.Option(help="The signed editions so far; none for the first.")] = None,
    authority_key: AuthorityKey = [],  # noqa: B006 - typer copies it
    next_key: Annotated[
        list[Path],
        typer.Option("--next-key", help="A public key (JWK) that may sign the next edition; this key without it."),
    ] = [],  # noqa: B006 - typer copies it
) -> None:
    """Sign the next edition; prints all editions, ready to be handed out. 签署信任策略."""
    signer = signer_for(key)
    before = b"" if after is None else content_of(after, most_bytes=MOST_BYTES)
    last = verify_editions(before, _keys(authority_key)) if before else None
    plain: Any = strict_json(content_of(policy, most_bytes=POLICY_BYTES))
    now = int(SystemClock().now().timestamp())
    token = sign_edition(plain, signer=signer, authority=authority, now=now, after=last, next_keys=_keys(next_key))
    if last is not None:
        follow(last, token.encode("ascii"))
    typer.echo(before.decode("ascii").strip() + ("\n" if before else "") + token)


@app.command()
def show(file: SignedFile, authority_key: AuthorityKey, as_json: AsJson = False) -> None:
    """Check the editions and print the policy that counts. 显示现行策略."""
    edition = _checked(file, authority_key)
    if as_json:
        print_json(_told(edition) | {"policy": edition.policy})
        return
    say(f"Edition {edition.number} of {edition.authority}, {edition.digest}.", f"第 {edition.number} 版。")
    print_json(edition.policy)


@app.command()
def check(
    file: SignedFile,
    authority_key: AuthorityKey,
    held: Annotated[Path | None, typer.Option(help="The editions held so far; an older file is refused.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check that every edition follows the one before, and what is held already. 核验策略各版."""
    new = _checked(file, authority_key)
    if held is not None:
        content = content_of(file, most_bytes=MOST_BYTES)
        require_same_history(content, _keys(authority_key), _checked(held, authority_key))
    said = f"Edition {new.number} of {new.authority} counts."
    report(_told(new), said, f"现行第 {new.number} 版。", as_json=as_json)


def _told(edition: Edition) -> dict[str, Any]:
    return {"edition": edition.number, "authority": edition.authority, "digest": edition.digest}


def _checked(file: Path, authority_key: list[Path]) -> Edition:
    return verify_editions(content_of(file, most_bytes=MOST_BYTES), _keys(authority_key))


def _keys(paths: list[Path]) -> list[PublicKey]:
    told: list[Any] = [strict_json(content_of(path, most_bytes=POLICY_BYTES)) for path in paths]
    return [PublicKey.from_jwk(jwk) for jwk in told]
