"""`hub parties`: who takes part 参与方; an operator puts an institution and its first key on record."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.api.rooms import Hub
from hub.cli.files import content_of
from hub.cli.roof import opened
from hub.cli.telling import AsJson, By, print_json, print_lines, report
from hub.errors import Malformed
from hub.parties.model import Party, PartyKind
from hub.proof.encoding import strict_json

app = typer.Typer(no_args_is_help=True, help="Departments, consumers and auditors. 参与方")

MAX_FILE_BYTES = 4 * 1024 * 1024
Id = Annotated[str, typer.Argument(help="Its id; hub parties list shows them.")]


@app.command()
def add(
    party: Annotated[str, typer.Argument(help="Id, such as dept:land, svc:low-income-aid, aud:county.")],
    kind: Annotated[PartyKind, typer.Option(help="What it is to the hub.")],
    name: Annotated[str, typer.Option(help="Its name in English.")],
    name_zh: Annotated[str, typer.Option(help="Its name in Chinese.")],
    registry: Annotated[str | None, typer.Option(help="The registry it answers for, such as land.")] = None,
    jwk: Annotated[Path | None, typer.Option(help="JSON file with its public key (JWK).")] = None,
    as_json: AsJson = False,
) -> None:
    """Put an institution on record, with its first public key when given. 登记参与方."""
    key = None if jwk is None else strict_json(content_of(jwk, most_bytes=MAX_FILE_BYTES))
    with opened() as hub:
        kid = _keep(hub, Party(party, name, name_zh, kind, registry), key)
    report({"party": party, "kid": kid}, f"{party} is on record.", "已登记。", as_json=as_json)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="JSON list of {id, kind, name, name_zh, registry?, jwk?}.")],
    as_json: AsJson = False,
) -> None:
    """Put many institutions on record. 批量登记参与方."""
    listed = _listed(content_of(file, most_bytes=MAX_FILE_BYTES))
    with opened() as hub:
        for party, jwk in listed:
            _keep(hub, party, jwk)
    report(
        {"parties": [party.id for party, _ in listed]},
        f"{len(listed)} parties are on record.",
        f"已登记 {len(listed)} 个参与方。",
        as_json=as_json,
    )


def _listed(content: bytes) -> list[tuple[Party, Any]]:
    try:
        return [
            (
                Party(
                    str(each["id"]),
                    str(each["name"]),
                    str(each["name_zh"]),
                    PartyKind(each["kind"]),
                    each.get("registry"),
                ),
                each.get("jwk"),
            )
            for each in strict_json(content)
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Malformed(
            "cli.parties-file",
            "The file is not a JSON list of {id, kind, name, name_zh, registry?, jwk?}.",
            "文件不是 {id, kind, name, name_zh, registry?, jwk?} 的 JSON 列表。",
            kinds=[kind.value for kind in PartyKind],
        ) from None


def _keep(hub: Hub, party: Party, jwk: Any) -> str | None:
    """The id of its key, when one is given."""
    hub.party_service.register_party(party)
    return None if jwk is None else hub.parties.register(party, jwk).kid


@app.command()
def suspend(
    party: Id,
    reason: Annotated[str, typer.Option(help="Why, as a code such as other-purpose; kept in the log.")],
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """Take nothing more that it signs, and none of its tokens, until it is resumed. 暂停参与方."""
    with opened() as hub:
        hub.party_service.suspend(party, reason, by=by)
    report({"party": party, "is_active": False}, f"{party} is suspended.", "参与方已暂停。", as_json=as_json)


@app.command()
def resume(
    party: Id,
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """Let it take part again, with the keys it has. 恢复参与方."""
    with opened() as hub:
        hub.party_service.resume(party, by=by)
    report({"party": party, "is_active": True}, f"{party} takes part again.", "参与方已恢复。", as_json=as_json)


@app.command("list")
def find(as_json: AsJson = False) -> None:
    """Everyone on record. 列出参与方."""
    with opened() as hub:
        rows = [
            {
                "id": party.id,
                "kind": party.kind.value,
                "registry": party.registry,
                "is_active": party.is_active,
                "keys": len(hub.parties.find_keys(party.id)),
                "name": party.name,
                "name_zh": party.name_zh,
            }
            for party in hub.parties.find_parties()
        ]
    if as_json:
        print_json(rows)
    else:
        print_lines(rows, "id", "kind", "registry", "is_active", "keys", "name", "name_zh")
