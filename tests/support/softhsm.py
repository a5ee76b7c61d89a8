"""A signing device of one test run: SoftHSM with one token, where it is installed."""

import atexit
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

MODULES = [
    Path(place, "softhsm", "libsofthsm2.so")
    for place in ("/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64")
]
MODULE = next((path for path in MODULES if path.exists()), None)
PIN = "13579"
softhsm = pytest.mark.skipif(
    MODULE is None or shutil.which("softhsm2-util") is None,
    reason="SoftHSM is not installed; Debian has it as softhsm2",
)


@cache
def token() -> str:
    """The name of a token of this process alone: its library reads where tokens lie once, when it is loaded."""
    place = Path(mkdtemp(prefix="hub-softhsm-"))
    atexit.register(shutil.rmtree, place)
    (place / "tokens").mkdir()
    (place / "conf").write_text(
        f"directories.tokendir = {place}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(place / "conf")
    new_token()
    return "county"


def new_token() -> None:
    """One more token of that name lies where tokens lie."""
    made = ["softhsm2-util", "--init-token", "--free", "--label", "county", "--pin", PIN, "--so-pin", "24680"]
    subprocess.run(made, check=True, capture_output=True)  # noqa: S603 - fixed arguments
