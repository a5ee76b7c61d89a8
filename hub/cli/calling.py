"""How a command calls a hub over HTTP as one party, with that party's own key."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer

from hub.cli.files import keep_private
from hub.cli.roof import signer_for
from hub.client.channel import Channel, Identity, fault_in
from hub.errors import Malformed, Unavailable
from hub.proof.encoding import strict_json

TIMEOUT_SECONDS: Final = 600.0
HubAddress = Annotated[str, typer.Option("--hub", help="Address of the hub.")]
RegistryName = Annotated[str, typer.Argument(help="civil_affairs, land, marriage, funeral or low_income.")]
DepartmentHub = Annotated[str, typer.Option("--hub", help="Address of the hub.", envvar="HUB_URL")]
DepartmentKey = Annotated[
    str,
    typer.Option(
        "--key",
        help="PEM file with the department's private key, or pkcs11:token=…;object=….",
        envvar="HUB_ADAPTER_KEY",
    ),
]
CallingParty = Annotated[str, typer.Option("--party", help="The party that calls, such as aud:county-audit.")]
CallingKey = Annotated[str, typer.Option("--key", help="PEM file with its private key, or pkcs11:token=…;object=…")]


@contextmanager
def calling(hub: str, party: str, key: str, *, patience_seconds: float = 30.0) -> Iterator[Channel]:
    """A channel to the hub for that party."""
    signer = signer_for(key)
    with Channel(hub, Identity(party, signer, ""), patience_seconds=patience_seconds) as plain:
        hub_id = plain.hub_named_there()
    with Channel(hub, Identity(party, signer, hub_id), patience_seconds=patience_seconds) as channel:
        yield channel


def fetched(channel: Channel, address: str, wanted: Mapping[str, Any], file: Path) -> Mapping[str, str]:
    """The headers of the answer, whose body stands in the new ``file``; nothing is left of one that broke off.

    Raises:
        Conflict: a file of that name exists.
        HubError: the refusal.
    """
    keep_private(file, b"")
    try:
        headers = {"authorization": f"Bearer {channel.access_token()}"}
        with httpx.stream("POST", address, json=dict(wanted), headers=headers, timeout=TIMEOUT_SECONDS) as answer:
            _require_success(answer)
            with file.open("wb") as content:
                for portion in answer.iter_raw():
                    content.write(portion)
            return dict(answer.headers)
    except httpx.TransportError:
        file.unlink()
        raise Unavailable(
            "cli.broken-off", "The hub's answer broke off; try again.", "枢纽的应答中断，请重试。"
        ) from None
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _require_success(answer: httpx.Response) -> None:
    if not answer.is_success:
        answer.read()
        raise fault_in(answer)


def object_in(content: bytes) -> dict[str, Any]:
    """The JSON object in a file's ``content``.

    Raises:
        Malformed: it holds something else.
    """
    told = strict_json(content)
    if not isinstance(told, dict):
        raise Malformed("cli.not-an-object", "The file holds no JSON object.", "文件内容不是 JSON 对象。")
    return told
