"""`hub verify`: a bundle is checked offline against a trust policy, step by step; nothing is asked of any hub."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.files import content_of
from hub.cli.policies import policy_in
from hub.cli.telling import print_json
from hub.errors import Refused
from hub.exchange.verify import BUNDLE_BYTES, verify_bundle

app = typer.Typer(add_completion=False)


@app.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="The bundle, as a hub or a consumer hands it out.")],
    policy: Annotated[Path, typer.Option(help="Trust policy: whose keys, which log, how many witnesses.")],
    authority_key: Annotated[
        Path | None, typer.Option(help="The authority's public key (JWK), when the policy is a signed one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the checklist as JSON.")] = False,
) -> None:
    """Check a bundle offline; exit code 3 names the step that failed 离线核验."""
    made = verify_bundle(content_of(bundle, most_bytes=BUNDLE_BYTES + 1), policy_in(policy, authority_key))
    if as_json:
        print_json({"valid": made.is_valid, "steps": [asdict(step) for step in made.steps]})
    else:
        typer.echo("\n".join(made.lines()))
    if made.failed is not None:
        raise Refused(
            "cli.not-verified",
            f"The bundle does not verify: step {made.failed.number}, {made.failed.name}.",
            f"核验未通过：第 {made.failed.number} 步（{made.failed.name_zh}）。",
            step=made.failed.number,
        )
