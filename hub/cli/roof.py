"""Where the program enters its roof: the one place of the command line that reads settings and builds the hub."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hub.cli.files import is_exposed
from hub.cli.telling import say
from hub.proof.keyreference import is_in_device
from hub.proof.keys import PublicKey, Signer
from hub.proof.pkcs11 import generate_in_device, open_signer
from hub.settings import Settings, device_from, require_own_folder, settings_from, share_metrics

if TYPE_CHECKING:
    from hub.api.rooms import Hub


def current_settings() -> Settings:
    """The settings of this process's environment."""
    return settings_from()


def settings_to_serve() -> Settings:
    """The settings of this process's environment, with a folder for the node's own state that can be written."""
    settings = settings_from()
    require_own_folder(settings)
    return settings


def built(settings: Settings | None = None) -> "Hub":
    """The hub of ``settings``, this process's own by default; who asks for it closes it."""
    from hub.bootstrap import build  # loads every room: commands that need none answer at once

    return build(settings or current_settings())


def built_from(environment: Mapping[str, str]) -> "Hub":
    """The hub that ``environment`` describes instead of this process's own."""
    return built(settings_from(environment))


def load_tables() -> None:
    """The metadata knows the tables of every room afterwards."""
    import hub.bootstrap  # noqa: F401 - it names every module that defines tables


def signer_for(reference: str) -> Signer:
    """The signer of a key file, or of a key in this machine's device (`pkcs11:token=…;object=…`).

    A file that others than its owner may read is told of: whoever reads it signs in the party's name.
    """
    if not is_in_device(reference) and is_exposed(Path(reference)):
        say(f"{reference} can be read by others; chmod 600 it.", "私钥文件可被他人读取，请改为仅所有者可读。")
    return open_signer(reference, device_from())


def new_key_in_device(reference: str, alg: str) -> PublicKey:
    """A new key is in this machine's device under that name."""
    return generate_in_device(reference, alg, device_from())


@contextmanager
def opened(settings: Settings | None = None) -> Iterator["Hub"]:
    """The hub of ``settings``, closed afterwards; its sequencer is not started.

    Raises:
        Refused: the secrets are not those under which the database was written.
    """
    hub = built(settings)
    try:
        hub.require_same()
        yield hub
    finally:
        hub.close()


@contextmanager
def metrics_shared(workers: int) -> Iterator[None]:
    """Several worker processes add up their meters in a folder that is gone afterwards; one needs none."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="hub-metrics-") as directory:
        share_metrics(Path(directory))
        yield
